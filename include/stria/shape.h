/* Shapes of tensors. The element order is row-major, channels last: [N,H,W,C] for pictures, [N,F] for flat features. */
#ifndef STRIA_SHAPE_H
#define STRIA_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRIA_MAX_RANK 8

/* The size of a dimension that may be anything, written `?` in model text. */
#define STRIA_ANY_SIZE ((int64_t)-1)

/* Sizes of a tensor, outermost first. Shapes inside a model leave the batch out: a picture is {3, {28, 28, 1}}. */
typedef struct stria_shape {
    int rank; /* 0 to STRIA_MAX_RANK */
    int64_t sizes[STRIA_MAX_RANK];
} stria_shape;

/* Writes "28x28x1" (with "?" for any size) to `text`, cut to `size` bytes with its end, and returns `text`. Any thread. */
STRIA_API char *stria_shape_text(const stria_shape *shape, char *text, size_t size);

/* Reads what stria_shape_text writes. Errors: VALUE. Any thread. */
STRIA_API stria_status stria_shape_parse(stria_shape *shape, const char *text, stria_error *err);

/* Enough for every stria_shape_text. */
#define STRIA_SHAPE_TEXT_SIZE 192

#ifdef __cplusplus
}
#endif

#endif
