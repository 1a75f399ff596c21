/* Arithmetic on sizes: checked products and sums, since none may wrap silently, and small things that sizes need
 * everywhere. */
#ifndef STRIA_BASE_SIZE_H
#define STRIA_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns false, and leaves *result alone, when the result does not fit. */
static inline bool stria_size_multiply(size_t a, size_t b, size_t *result)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *result = a * b;
    return true;
}

static inline bool stria_size_add(size_t a, size_t b, size_t *result)
{
    if (a > SIZE_MAX - b)
        return false;
    *result = a + b;
    return true;
}

/* Both factors at least 0. */
static inline bool stria_count_multiply(int64_t a, int64_t b, int64_t *result)
{
    if (a < 0 || b < 0 || (b != 0 && a > INT64_MAX / b))
        return false;
    *result = a * b;
    return true;
}

static inline bool stria_count_add(int64_t a, int64_t b, int64_t *result)
{
    if (a < 0 || b < 0 || a > INT64_MAX - b)
        return false;
    *result = a + b;
    return true;
}

static inline size_t stria_size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t stria_size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline int64_t stria_count_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Pieces of at most `most` that `count` makes. */
static inline size_t stria_size_pieces(size_t count, size_t most)
{
    return count / most + (count % most != 0);
}

/* Elements of a volume. */
static inline size_t stria_size_volume(const size_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

/* Up to the next multiple of `step`, a power of two. Only for sizes known to be far from SIZE_MAX. */
static inline size_t stria_size_round_up(size_t size, size_t step)
{
    return (size + step - 1) & ~(step - 1);
}

#endif
