/* Occlusion (Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014): the
 * probability of the class, less what is left of it when a patch of the picture is hidden, for every place of
 * the patch. */
#include <string.h>

#include "base/error.h"
#include "inspect/attribution.h"

/* Where a patch may be along one axis: a step apart, the last at the end. */
typedef struct places {
    size_t in, patch, stride, count;
} places;

static places places_of(size_t in, size_t patch, size_t stride)
{
    places p = {in, patch < in ? patch : in, stride, 1};
    p.count += (in - p.patch + stride - 1) / stride;
    return p;
}

static size_t place_at(const places *p, size_t index)
{
    const size_t start = index * p->stride;
    return start + p->patch <= p->in ? start : p->in - p->patch;
}

typedef struct occlusion {
    places rows, columns;
    float *fill; /* [channels] */
} occlusion;

static stria_status settle(stria_subject *subject, const stria_attribution_options *options,
                           stria_attribution *result, occlusion *o, stria_error *err)
{
    const size_t longer = subject->height > subject->width ? subject->height : subject->width;
    const int64_t patch = options->patch > 0 ? options->patch : (int64_t)((longer + 7) / 8);
    const int64_t stride = options->stride > 0 ? options->stride : (patch + 1) / 2;
    if ((uint64_t)patch > longer)
        return stria_fail(err, STRIA_ERROR_VALUE, "a patch of %lld is larger than the picture of %zux%zu",
                          (long long)patch, subject->height, subject->width);
    if (stride > patch)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "stride %lld is above the patch of %lld: pixels between them would be left out",
                          (long long)stride, (long long)patch);
    result->patch = patch;
    result->stride = stride;
    o->rows = places_of(subject->height, (size_t)patch, (size_t)stride);
    o->columns = places_of(subject->width, (size_t)patch, (size_t)stride);
    STRIA_TRY(stria_subject_floats(subject, subject->channels, 1, &o->fill, err));
    const size_t pixels = subject->height * subject->width;
    for (size_t c = 0; c < subject->channels; c++) {
        double sum = 0;
        for (size_t p = 0; p < pixels; p++)
            sum += (double)subject->x[p * subject->channels + c];
        o->fill[c] = (float)(options->fill != NULL ? *options->fill : sum / (double)pixels);
    }
    return STRIA_OK;
}

/* A copy of the picture without the patch at place `place`. */
static void hide(const stria_subject *subject, const occlusion *o, size_t place, float *picture)
{
    const size_t top = place_at(&o->rows, place / o->columns.count);
    const size_t left = place_at(&o->columns, place % o->columns.count);
    memcpy(picture, subject->x, subject->elements * sizeof *picture);
    for (size_t i = top; i < top + o->rows.patch; i++)
        for (size_t j = left; j < left + o->columns.patch; j++)
            memcpy(picture + (i * subject->width + j) * subject->channels, o->fill,
                   subject->channels * sizeof *picture);
}

/* The mean of the patches that hide a pixel: `sum` [pixels] and how many. */
static void spread(const stria_subject *subject, const occlusion *o, stria_attribution *result, double *sum,
                   double *count)
{
    for (size_t place = 0; place < o->rows.count * o->columns.count; place++) {
        const size_t top = place_at(&o->rows, place / o->columns.count);
        const size_t left = place_at(&o->columns, place % o->columns.count);
        for (size_t i = top; i < top + o->rows.patch; i++)
            for (size_t j = left; j < left + o->columns.patch; j++) {
                sum[i * subject->width + j] += (double)result->map[place];
                count[i * subject->width + j] += 1;
            }
    }
    for (size_t p = 0; p < subject->height * subject->width; p++)
        result->full[p] = (float)(sum[p] / count[p]);
}

stria_status stria_attribute_occlusion(stria_subject *subject, const stria_attribution_options *options,
                                       stria_attribution *result, stria_error *err)
{
    occlusion o;
    float *pictures;
    double *sums, *counts;
    const size_t pixels = subject->height * subject->width;
    STRIA_TRY(settle(subject, options, result, &o, err));
    STRIA_TRY(stria_attribution_maps(subject, result, o.rows.count, o.columns.count, err));
    STRIA_TRY(stria_subject_floats(subject, subject->elements, subject->batch, &pictures, err));
    STRIA_TRY(stria_subject_doubles(subject, pixels, &sums, err));
    STRIA_TRY(stria_subject_doubles(subject, pixels, &counts, err));
    const size_t total = o.rows.count * o.columns.count;
    for (size_t first = 0; first < total; first += subject->batch) {
        const size_t count = total - first < subject->batch ? total - first : subject->batch;
        for (size_t n = 0; n < count; n++)
            hide(subject, &o, first + n, pictures + n * subject->elements);
        STRIA_TRY(stria_subject_run(subject, pictures, count, err));
        for (size_t n = 0; n < count; n++)
            result->map[first + n] = (float)(result->probability - stria_subject_probability(subject, n));
    }
    spread(subject, &o, result, sums, counts);
    return STRIA_OK;
}
