/* Steps of a plan. See bench_steps.h. */
#include "bench_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_random.h"
#include "samples.h"

static stria_status refuse_memory(stria_error *err)
{
    err->code = STRIA_ERROR_MEMORY;
    snprintf(err->message, sizeof err->message, "out of memory");
    return STRIA_ERROR_MEMORY;
}

/* Random arrays as [batch, shape...] of the named layers. */
static float **make_arrays(const cli_steps *steps, const stria_model *model, size_t count,
                           const char *(*name)(const stria_model *, size_t), uint64_t *random)
{
    float **arrays = calloc(count, sizeof *arrays);
    for (size_t i = 0; arrays != NULL && i < count; i++) {
        const stria_shape *shape = stria_plan_shape(steps->plan, name(model, i));
        arrays[i] = cli_random_floats(random, (size_t)steps->batch * cli_shape_elements(shape));
        if (arrays[i] == NULL) {
            while (i-- > 0) {
                free(arrays[i]);
            }
            free(arrays);
            return NULL;
        }
    }
    return arrays;
}

stria_status cli_steps_open(cli_steps *steps, stria_model *model, const stria_plan_options *options,
                            stria_error *err)
{
    *steps = (cli_steps){.batch = options->batch > 0 ? options->batch : 1,
                         .input_count = stria_model_input_count(model),
                         .output_count = stria_model_output_count(model)};
    const stria_status status = stria_plan_create(&steps->plan, model, options, err);
    if (status != STRIA_OK) {
        return status;
    }
    uint64_t random = 1;
    const bool trains = options->mode == STRIA_MODE_TRAINING;
    steps->count = stria_plan_step_count(steps->plan);
    steps->times = calloc(steps->count, sizeof *steps->times);
    steps->inputs = make_arrays(steps, model, steps->input_count, stria_model_input_name, &random);
    if (trains) {
        steps->gradients = make_arrays(steps, model, steps->output_count, stria_model_output_name, &random);
    }
    const bool complete =
        steps->times != NULL && steps->inputs != NULL && (!trains || steps->gradients != NULL);
    return complete ? STRIA_OK : refuse_memory(err);
}

stria_status cli_steps_run(cli_steps *steps, stria_error *err)
{
    return stria_plan_profile(steps->plan, (const float *const *)steps->inputs, steps->batch,
                              (const float *const *)steps->gradients, steps->times, err);
}

static void free_arrays(float **arrays, size_t count)
{
    for (size_t i = 0; arrays != NULL && i < count; i++) {
        free(arrays[i]);
    }
    free(arrays);
}

void cli_steps_close(cli_steps *steps)
{
    stria_plan_free(steps->plan);
    free(steps->times);
    free_arrays(steps->inputs, steps->input_count);
    free_arrays(steps->gradients, steps->output_count);
    *steps = (cli_steps){0};
}

bool cli_steps_find(const cli_steps *steps, const char *layer, bool backward, size_t *index,
                    stria_step_info *info)
{
    for (size_t i = 0; stria_plan_step(steps->plan, i, info); i++) {
        if ((info->backward != 0) == backward && *info->kernel != '\0' && strcmp(info->layer, layer) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}
