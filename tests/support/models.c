/* See models.h. Ready models are described without their parameters to see how large they are. */
#include "support/models.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "support/check.h"

bool is_small_model(stria_context *context, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = 1};
    assert_ok(stria_model_parse(&model, context, text, strlen(text), &options, &err), &err);
    const stria_shape *input = stria_model_input_shape(model, 0);
    bool small = stria_model_params(model) <= 1000000;
    for (int a = 0; a < input->rank; a++)
        small = small && input->sizes[a] != STRIA_ANY_SIZE;
    stria_model_free(model);
    return small;
}

stria_model *parse_model(stria_context *context, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, context, text, strlen(text), NULL, &err), &err);
    return model;
}

stria_plan *open_plan(stria_model *model, const stria_plan_options *options)
{
    stria_plan *plan = NULL;
    stria_error err = {0};
    assert_ok(stria_plan_create(&plan, model, options, &err), &err);
    return plan;
}

float *draw_normals(uint64_t seed, size_t count)
{
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA};
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)stria_random_normal(&key, i);
    return values;
}
