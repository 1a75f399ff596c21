/* Ready models are described without their parameters to see how large they are. */
#include "support/ready_model.h"

#include <string.h>

#include <stria/model.h>

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
