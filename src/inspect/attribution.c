/* The ways of attribution: what each is called, the settings they share, and which function computes them. */
#include "inspect/attribution.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

#define MOST_AT_A_TIME 4096

/* A method: what its plan has to give, and the function that fills the maps. */
typedef struct method {
    const char *name, *title;
    bool differentiates, one_at_a_time, is_signed;
    stria_status (*compute)(stria_subject *subject, const stria_attribution_options *options,
                            stria_attribution *result, stria_error *err);
} method;

static const method methods[] = {
    {"gradcam", "which places of a layer's maps speak for the class (Selvaraju et al., 2017)", true, true,
     false, stria_attribute_gradcam},
    {"saliency", "how steep the score is in each pixel (Simonyan et al., 2013)", true, true, false,
     stria_attribute_saliency},
    {"gradient-input", "each pixel times the slope of the score in it", true, true, true,
     stria_attribute_gradient_input},
    {"smoothgrad", "saliency of the mean gradient of noisy copies (Smilkov et al., 2017)", true, false, false,
     stria_attribute_smoothgrad},
    {"integrated-gradients",
     "each pixel's part of the score, summed on the way from an empty picture (Sundararajan "
     "et al., 2017)",
     true, false, true, stria_attribute_integrated},
    {"occlusion", "how much the probability drops when a patch is hidden (Zeiler and Fergus, 2014)", false,
     false, true, stria_attribute_occlusion},
};

#define METHOD_COUNT (sizeof methods / sizeof methods[0])

const char *stria_attribution_name(size_t index)
{
    return index < METHOD_COUNT ? methods[index].name : NULL;
}

const char *stria_attribution_title(size_t index)
{
    return index < METHOD_COUNT ? methods[index].title : NULL;
}

static stria_status find_method(const char *name, const method **found, stria_error *err)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (name == NULL || strcmp(methods[i].name, name) == 0) {
            *found = &methods[i];
            return STRIA_OK;
        }
    return stria_fail(err, STRIA_ERROR_VALUE,
                      "there is no method '%.80s'; there are gradcam, saliency, gradient-input, smoothgrad, "
                      "integrated-gradients and occlusion",
                      name);
}

/* The defaults, and what is out of range. */
static stria_status settle(stria_attribution_options *options, stria_error *err)
{
    if (options->samples < 0 || options->samples > 1000000)
        return stria_fail(err, STRIA_ERROR_VALUE, "samples %lld is not from 1 to 1,000,000",
                          (long long)options->samples);
    if (!(options->noise >= 0) || !isfinite(options->noise))
        return stria_fail(err, STRIA_ERROR_VALUE, "noise %g is not a share of the range, 0 or above",
                          options->noise);
    if (options->batch < 0 || options->batch > MOST_AT_A_TIME)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch %lld is not from 1 to %d", (long long)options->batch,
                          MOST_AT_A_TIME);
    if (options->patch < 0 || options->stride < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "patch %lld and stride %lld cannot be below 1",
                          (long long)options->patch, (long long)options->stride);
    if (options->fill != NULL && !isfinite(*options->fill))
        return stria_fail(err, STRIA_ERROR_VALUE, "fill is not a finite number");
    options->samples = options->samples == 0 ? 50 : options->samples;
    options->noise = options->noise > 0 ? options->noise : 0.15;
    options->batch = options->batch == 0 ? 16 : options->batch;
    return STRIA_OK;
}

stria_status stria_attribution_maps(stria_subject *subject, stria_attribution *result, size_t height,
                                    size_t width, stria_error *err)
{
    const stria_allocator *allocator = &subject->model->context->allocator;
    result->map_height = (int64_t)height;
    result->map_width = (int64_t)width;
    result->map = stria_allocate_floats(allocator, height * width);
    result->full = stria_allocate_floats(allocator, subject->height * subject->width);
    if (result->map == NULL || result->full == NULL)
        return stria_fail_memory(err, (height * width + subject->height * subject->width) * sizeof(float));
    return STRIA_OK;
}

static stria_status compute(stria_subject *subject, const method *chosen, const stria_shape *shape,
                            const stria_attribution_options *options, stria_attribution *result,
                            stria_error *err)
{
    stria_model *model = subject->model;
    const stria_kernels *kernels = model->context->kernels;
    stria_plan_options plan = {.mode = chosen->differentiates ? STRIA_MODE_GRADIENTS : STRIA_MODE_INFERENCE,
                               .input_gradients = 1};
    if (chosen->compute == stria_attribute_gradcam) {
        STRIA_TRY(stria_gradcam_layer(subject, options->layer, &result->layer, err));
        plan.keep = &result->layer;
        plan.keep_count = 1;
        plan.input_gradients = 0;
    }
    subject->batch = chosen->one_at_a_time ? 1 : (size_t)options->batch;
    STRIA_TRY(
        stria_subject_start(subject, shape, &plan, options->probabilities != 0, options->target_class, err));
    result->class_index = subject->class_index;
    if (stria_model_class_count(model) == subject->classes)
        result->class_name = stria_model_class_name(model, subject->class_index);
    result->score = stria_subject_score(subject, 0);
    result->probability = stria_subject_probability(subject, 0);
    result->height = (int64_t)subject->height;
    result->width = (int64_t)subject->width;
    STRIA_TRY(chosen->compute(subject, options, result, err));
    if (!kernels->reduce.all_finite(result->map, (size_t)(result->map_height * result->map_width), NULL))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the output is finite, but its gradient holds a NaN or an infinity");
    return STRIA_OK;
}

stria_status stria_attribution_compute(stria_attribution *result, stria_model *model, const float *x,
                                       const stria_shape *shape, const stria_attribution_options *given,
                                       stria_error *err)
{
    stria_attribution_options options;
    const method *chosen = NULL;
    stria_subject subject;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_attribution_options", err));
    STRIA_TRY(find_method(options.method, &chosen, err));
    STRIA_TRY(settle(&options, err));
    STRIA_TRY(stria_subject_open(&subject, model, x, shape, err));
    *result = (stria_attribution){.method = chosen->name, .layer = "", .is_signed = chosen->is_signed};
    const stria_status status = compute(&subject, chosen, shape, &options, result, err);
    stria_subject_close(&subject);
    if (status != STRIA_OK)
        stria_attribution_free(result, model->context);
    return status;
}

void stria_attribution_free(stria_attribution *result, stria_context *context)
{
    stria_release(&context->allocator, result->map);
    stria_release(&context->allocator, result->full);
    *result = (stria_attribution){0};
}
