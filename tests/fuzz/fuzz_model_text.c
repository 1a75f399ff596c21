/* Fuzz target: model text. Mistakes must be well described; text without mistakes must survive being written
 * and read again. */
#include <stdlib.h>
#include <string.h>

#include <stria/model.h>

#include "fuzz/bounded_context.h"

#define LIMIT       ((size_t)32 << 20)
#define FEW_NUMBERS 4096 /* models up to this size get their parameters too */

static void check_diagnostic(const stria_diagnostic *diagnostic, void *payload)
{
    size_t *count = payload;
    ++*count;
    REQUIRE(diagnostic->line >= 1 && diagnostic->column >= 1 && diagnostic->length >= 1);
    REQUIRE(strlen(diagnostic->message) > 0);
    touch(diagnostic->source, strlen(diagnostic->source));
    REQUIRE(strcmp(diagnostic->file, "fuzz") == 0);
}

static char *text_of(const stria_model *model)
{
    size_t length = stria_model_text(model, NULL, 0);
    char *text = malloc(length + 1);
    REQUIRE(text != NULL);
    REQUIRE(stria_model_text(model, text, length + 1) == length && strlen(text) == length);
    return text;
}

/* Everything that can be asked of a model without running it. */
static void describe(const stria_model *model)
{
    for (size_t i = 0; i < stria_model_layer_count(model); i++) {
        stria_layer_info info;
        REQUIRE(stria_model_layer(model, i, &info));
        REQUIRE(stria_model_find_layer(model, info.name) == (int)i);
        for (size_t k = 0; k < info.input_count; k++)
            REQUIRE(info.inputs[k] < i);
        touch(info.text, strlen(info.text));
    }
    int64_t count = 0;
    for (size_t i = 0; i < stria_model_tensor_count(model); i++) {
        stria_tensor_info info;
        REQUIRE(stria_model_tensor(model, i, &info));
        REQUIRE(info.count > 0);
        count += info.count;
    }
    REQUIRE(count == stria_model_params(model));
    REQUIRE(stria_model_trainable_params(model) <= count);
    REQUIRE(stria_model_macs(model) >= -1);
    REQUIRE(stria_model_output_count(model) > 0);
}

static void round_trip(stria_context *context, stria_model *model)
{
    char *first = text_of(model);
    describe(model);
    if (stria_model_params(model) <= FEW_NUMBERS)
        REQUIRE(stria_model_initialize(model, 1, NULL) != STRIA_ERROR_VALUE);
    stria_model_free(model);
    stria_model *again = NULL;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = 1};
    stria_status status = stria_model_parse(&again, context, first, strlen(first), &options, &err);
    REQUIRE(status == STRIA_OK || status == STRIA_ERROR_MEMORY);
    if (status == STRIA_OK) {
        char *second = text_of(again);
        REQUIRE(strcmp(first, second) == 0);
        free(second);
    }
    stria_model_free(again);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_context *context = bounded_context_make(LIMIT);
    size_t mistakes = 0;
    stria_model *model = NULL;
    stria_error err = {0};
    const stria_parse_options options = {
        .file_name = "fuzz", .diagnostic = check_diagnostic, .payload = &mistakes, .without_parameters = 1};
    stria_status status = stria_model_parse(&model, context, (const char *)data, size, &options, &err);
    REQUIRE(status == err.code);
    if (status == STRIA_OK) {
        REQUIRE(mistakes == 0);
        round_trip(context, model);
    } else {
        REQUIRE(model == NULL && strlen(err.message) > 0);
    }
    bounded_context_free(context);
    return 0;
}
