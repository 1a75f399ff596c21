/* What excites a feature map: the samples of a data set that do most, and a picture made so that it does. */
#ifndef STRIA_STIMULUS_H
#define STRIA_STIMULUS_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/shape.h>
#include <stria/sheet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far it is: `done` of `total` samples or steps. Returns 0 to go on; anything else ends with CANCELLED. */
typedef int (*stria_stimulus_fn)(int64_t done, int64_t total, void *payload);

/* ---- Found in data ---- */

/* All zero means the defaults. */
typedef struct stria_top_options {
    size_t struct_size;
    const char *layer;         /* NULL: the last convolution */
    int64_t map;
    int64_t count;             /* how many samples; 0: 9 */
    stria_part part;           /* of the data */
    const char *preprocessing; /* NULL: stria_preprocessing_for */
    int64_t batch;             /* samples at a time; 0: 64 */
    stria_stimulus_fn progress;
    void *payload;
} stria_top_options;

/* A sample and where the map is largest in it: the first such place, row by row. */
typedef struct stria_top_sample {
    uint32_t index;      /* in its part */
    int32_t label;       /* -1: the data has none */
    float value;
    int axes;            /* spatial axes of the layer's output */
    int64_t position[3]; /* in it: `axes` numbers */
    int64_t first[3], size[3]; /* what that output sees of the sample: it may begin before it and end behind it. A layer that sees
                                  everything sees the whole sample */
} stria_top_sample;

/* Strings live as long as the model. */
typedef struct stria_top {
    const char *layer;
    int64_t map;
    size_t count;              /* samples found: fewer than asked for when the data has no more */
    stria_top_sample *samples; /* the largest value first; of equals the earlier sample */
    stria_shape shape;         /* of a sample */
    float *pictures;           /* [count, shape...], as the model sees them */
    size_t looked_at;
} stria_top;

/* Looks at every sample of a part of `data`, batch by batch, and keeps those whose map is largest at some place. *top is filled on
 * success and freed by stria_top_free. Errors: MISSING (no such layer), VALUE (no such map, no samples, outputs that are not finite),
 * SHAPE, UNSUPPORTED, those of reading data, CANCELLED, LIMIT, MEMORY. */
STRIA_API stria_status stria_top_find(stria_top *top, stria_model *model, const stria_dataset *data,
                                      const stria_top_options *options, stria_error *err);

/* Lays the samples out: what the output sees of each, and the whole samples, with number, value and class; `data` may be
 * NULL. The caller owns the sheet. Errors: MEMORY, LIMIT. */
STRIA_API stria_status stria_top_sheet(const stria_top *top, stria_context *context, const stria_dataset *data,
                                       stria_sheet **sheet, stria_error *err);

/* Frees what is in it and clears the struct; a cleared struct is allowed. */
STRIA_API void stria_top_free(stria_top *top, stria_context *context);

/* ---- Made ---- */

/* All zero means the defaults.
 *
 * A picture of seeded noise climbs the gradient of the map's mean (Erhan et al., 2009), step by step: shifted a little at
 * random, x + rate * range * g / rms(g) - decay * (x - middle), now and then blurred, cut off at the range's ends. Shifts,
 * decay and blur keep it from becoming noise that excites but shows nothing (Yosinski et al., 2015). */
typedef struct stria_maximize_options {
    size_t struct_size;
    const char *layer;         /* NULL: the model's output, before a softmax or sigmoid */
    int64_t map;
    const int64_t *position;   /* the place in the map to excite, a number for each axis; NULL: all, by their mean */
    const stria_shape *shape;  /* of the picture; NULL: the model's input */
    int64_t steps;             /* 0: 200 */
    double rate;               /* 0: 0.02 */
    const double *decay;       /* NULL: 0.01 */
    const double *blur;        /* deviation in pixels, every fourth step; NULL: 0.5; 0: none */
    const int64_t *jitter;     /* the largest shift in pixels; NULL: a sixteenth of the picture, at most 8 */
    double low, high;          /* range of the picture's numbers; both 0: that of bytes as the model sees them */
    uint64_t seed;
    stria_stimulus_fn progress;
    void *payload;
} stria_maximize_options;

/* Strings live as long as the model. */
typedef struct stria_maximized {
    const char *layer;
    int64_t map;
    stria_shape shape;
    float *picture;        /* [shape...] */
    double low, high;      /* the range */
    double before, after;  /* what the map gave for the noise, and gives now */
} stria_maximized;

/* Makes a picture for a map of a model with one input. *made is filled on success and freed by stria_maximized_free.
 * Errors: MISSING (no such layer), VALUE (no such map or place, settings out of range, a gradient that is 0 or not finite), UNSUPPORTED,
 * SHAPE, CANCELLED, LIMIT, MEMORY. */
STRIA_API stria_status stria_maximize(stria_maximized *made, stria_model *model, const stria_maximize_options *options,
                                      stria_error *err);

/* The picture with its range from black to white. The caller owns the sheet. Errors: MEMORY, LIMIT. */
STRIA_API stria_status stria_maximized_sheet(const stria_maximized *made, stria_context *context, stria_sheet **sheet,
                                             stria_error *err);

/* Frees the picture and clears the struct; a cleared struct is allowed. */
STRIA_API void stria_maximized_free(stria_maximized *made, stria_context *context);

#ifdef __cplusplus
}
#endif

#endif
