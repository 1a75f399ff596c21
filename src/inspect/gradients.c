/* Attribution by the gradient of the score in the picture's numbers: as it is (Simonyan, Vedaldi and
 * Zisserman, "Deep inside convolutional networks", 2013), times the number, of noisy copies (Smilkov et al.,
 * "SmoothGrad", 2017), and on the way from an empty picture (Sundararajan, Taly and Yan, "Axiomatic
 * attribution for deep networks", ICML 2017). */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "inspect/attribution.h"

/* The largest |gradient| of the channels. NaN stays NaN. */
static void fill_largest(const stria_subject *subject, const double *gradient, stria_attribution *result)
{
    for (size_t p = 0; p < subject->height * subject->width; p++) {
        double largest = 0;
        for (size_t c = 0; c < subject->channels; c++) {
            const double steep = fabs(gradient[p * subject->channels + c]);
            largest = steep > largest || steep != steep ? steep : largest;
        }
        result->map[p] = result->full[p] = (float)largest;
    }
}

/* The sum over the channels of (x - base) * gradient. */
static void fill_products(const stria_subject *subject, const double *gradient, double base,
                          stria_attribution *result)
{
    for (size_t p = 0; p < subject->height * subject->width; p++) {
        double sum = 0;
        for (size_t i = p * subject->channels; i < (p + 1) * subject->channels; i++)
            sum += ((double)subject->x[i] - base) * gradient[i];
        result->map[p] = result->full[p] = (float)sum;
    }
}

/* Adds the gradients of the `count` pictures of the last run to *gradient [elements]. */
static stria_status add_gradients(stria_subject *subject, size_t count, double *gradient, stria_error *err)
{
    STRIA_TRY(stria_subject_back(subject, err));
    const float *found = stria_plan_input_gradient(subject->plan, 0); /* [count, elements] */
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < subject->elements; i++)
            gradient[i] += (double)found[n * subject->elements + i];
    return STRIA_OK;
}

/* Maps of the picture's size, and the gradient of the picture itself, or zeros. */
static stria_status begin(stria_subject *subject, bool own, stria_attribution *result, double **gradient,
                          stria_error *err)
{
    STRIA_TRY(stria_attribution_maps(subject, result, subject->height, subject->width, err));
    STRIA_TRY(stria_subject_doubles(subject, subject->elements, gradient, err));
    return own ? add_gradients(subject, 1, *gradient, err) : STRIA_OK;
}

stria_status stria_attribute_saliency(stria_subject *subject, const stria_attribution_options *options,
                                      stria_attribution *result, stria_error *err)
{
    (void)options;
    double *gradient;
    STRIA_TRY(begin(subject, true, result, &gradient, err));
    fill_largest(subject, gradient, result);
    return STRIA_OK;
}

stria_status stria_attribute_gradient_input(stria_subject *subject, const stria_attribution_options *options,
                                            stria_attribution *result, stria_error *err)
{
    (void)options;
    double *gradient;
    STRIA_TRY(begin(subject, true, result, &gradient, err));
    fill_products(subject, gradient, 0, result);
    return STRIA_OK;
}

/* ---- Over several pictures made of the one ---- */

/* Writes picture `index` of those that the gradient is a mean over. */
typedef void make_fn(const stria_subject *subject, const void *how, size_t index, float *picture);

static stria_status mean_gradient(stria_subject *subject, size_t samples, make_fn *make, const void *how,
                                  double *gradient, stria_error *err)
{
    float *pictures;
    STRIA_TRY(stria_subject_floats(subject, subject->elements, subject->batch, &pictures, err));
    for (size_t first = 0; first < samples; first += subject->batch) {
        const size_t count = samples - first < subject->batch ? samples - first : subject->batch;
        for (size_t n = 0; n < count; n++)
            make(subject, how, first + n, pictures + n * subject->elements);
        STRIA_TRY(stria_subject_run(subject, pictures, count, err));
        STRIA_TRY(add_gradients(subject, count, gradient, err));
    }
    for (size_t i = 0; i < subject->elements; i++)
        gradient[i] /= (double)samples;
    return STRIA_OK;
}

typedef struct noise {
    uint64_t seed;
    double deviation;
} noise;

static void make_noisy(const stria_subject *subject, const void *how, size_t index, float *picture)
{
    const noise *n = how;
    const stria_random_key key = {.seed = n->seed, .purpose = STRIA_RANDOM_DATA, .step = index};
    for (size_t i = 0; i < subject->elements; i++)
        picture[i] = (float)((double)subject->x[i] + n->deviation * stria_random_normal(&key, i));
}

stria_status stria_attribute_smoothgrad(stria_subject *subject, const stria_attribution_options *options,
                                        stria_attribution *result, stria_error *err)
{
    double *gradient, lowest = (double)subject->x[0], highest = lowest;
    for (size_t i = 1; i < subject->elements; i++) {
        lowest = fmin(lowest, (double)subject->x[i]);
        highest = fmax(highest, (double)subject->x[i]);
    }
    const noise how = {options->seed, options->noise * (highest - lowest)};
    STRIA_TRY(begin(subject, false, result, &gradient, err));
    STRIA_TRY(mean_gradient(subject, (size_t)options->samples, make_noisy, &how, gradient, err));
    fill_largest(subject, gradient, result);
    return STRIA_OK;
}

typedef struct way_there {
    double base;
    size_t steps;
} way_there;

/* The middle of each step (the midpoint rule). */
static void make_between(const stria_subject *subject, const void *how, size_t index, float *picture)
{
    const way_there *w = how;
    const double share = ((double)index + 0.5) / (double)w->steps;
    for (size_t i = 0; i < subject->elements; i++)
        picture[i] = (float)(w->base + share * ((double)subject->x[i] - w->base));
}

stria_status stria_attribute_integrated(stria_subject *subject, const stria_attribution_options *options,
                                        stria_attribution *result, stria_error *err)
{
    const way_there how = {options->fill != NULL ? *options->fill : 0, (size_t)options->samples};
    double *gradient;
    float *empty;
    STRIA_TRY(begin(subject, false, result, &gradient, err));
    STRIA_TRY(stria_subject_floats(subject, subject->elements, 1, &empty, err));
    for (size_t i = 0; i < subject->elements; i++)
        empty[i] = (float)how.base;
    STRIA_TRY(stria_subject_run(subject, empty, 1, err));
    result->baseline_score = stria_subject_score(subject, 0);
    STRIA_TRY(mean_gradient(subject, how.steps, make_between, &how, gradient, err));
    fill_products(subject, gradient, how.base, result);
    return STRIA_OK;
}
