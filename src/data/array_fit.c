/* Fitting an array to a model's input: dimensions of 1 that files leave out, the model's preprocessing, and
 * messages that say what to convert when sizes or channels differ. */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/text.h"
#include "data/files.h"
#include "kernels/kernels.h"

/* Whether sizes [rank] are the first `rank` of the model's input. */
static bool matches(const int64_t *sizes, int rank, const stria_shape *input)
{
    for (int d = 0; d < rank; d++) {
        if (input->sizes[d] != STRIA_ANY_SIZE && input->sizes[d] != sizes[d])
            return false;
    }
    return true;
}

/* The array's shape as samples of the input, when it is one: [N, input...], [input...], or either of them
 * without the last dimension where the input's is 1. */
static bool fitted_shape(const stria_shape *array, const stria_shape *input, stria_shape *fitted)
{
    int channel = input->rank > 1 && input->sizes[input->rank - 1] == 1;
    for (int without_channel = 0; without_channel <= channel; without_channel++) {
        int rank = input->rank - without_channel;
        int batch = array->rank - rank;
        if (batch < 0 || batch > 1 || !matches(array->sizes + batch, rank, input))
            continue;
        fitted->rank = input->rank + 1;
        fitted->sizes[0] = batch == 1 ? array->sizes[0] : 1;
        fitted->sizes[input->rank] = 1;
        memcpy(fitted->sizes + 1, array->sizes + batch, (size_t)rank * sizeof fitted->sizes[0]);
        return true;
    }
    return false;
}

/* Writes what would make pictures of the array's size and channels fit, or "" when they are no pictures. */
static char *advice(const stria_shape *array, const stria_shape *input, char *text, size_t size)
{
    text[0] = '\0';
    if (input->rank == 1 && array->rank > 1)
        stria_format(text, size, ": begin the model with the picture's size and a flatten layer");
    if (input->rank != 3 || array->rank < 2)
        return text;
    /* [H,W], [N,H,W] where the last size cannot be channels, [H,W,C], [N,H,W,C] */
    bool has_channels = array->rank >= 4 || (array->rank == 3 && array->sizes[2] <= 4);
    int64_t channels = has_channels ? array->sizes[array->rank - 1] : 1;
    const int64_t *size_of = array->sizes + array->rank - (has_channels ? 3 : 2);
    int64_t wanted = input->sizes[2];
    const char *colours = "";
    if (wanted == 1 && channels > 1)
        colours = channels == 2 ? "remove its alpha channel" : "convert it to grey without alpha";
    else if (wanted == 3 && channels != 3)
        colours = channels == 4 ? "remove its alpha channel" : "convert it to RGB";
    else if (wanted == 4 && channels != 4)
        colours = "convert it to RGB with alpha";
    char resize[64] = "";
    if (!matches(size_of, 2, input)) {
        char height[24] = "?", width[24] = "?";
        if (input->sizes[0] != STRIA_ANY_SIZE)
            stria_format(height, sizeof height, "%lld", (long long)input->sizes[0]);
        if (input->sizes[1] != STRIA_ANY_SIZE)
            stria_format(width, sizeof width, "%lld", (long long)input->sizes[1]);
        stria_format(resize, sizeof resize, "resize it to %sx%s", height, width);
    }
    if (colours[0] != '\0' || resize[0] != '\0')
        stria_format(text, size, ": %s%s%s", colours, colours[0] != '\0' && resize[0] != '\0' ? " and " : "",
                     resize);
    return text;
}

/* Bytes that were read as floats, made to fit as `fit` says, at `to` [height, width, channels] as floats. */
static stria_status fit_one(const float *from, const int64_t sizes[3], stria_context *context,
                            const stria_preprocessing *fit, float *to, stria_error *err)
{
    stria_picture picture = {0};
    STRIA_TRY(stria_picture_create(&picture, context, sizes[0], sizes[1], sizes[2], err));
    size_t count = (size_t)(sizes[0] * sizes[1] * sizes[2]);
    for (size_t i = 0; i < count; i++)
        picture.bytes[i] = (uint8_t)from[i];
    const stria_status status = stria_picture_fit(&picture, context, fit, err);
    count = (size_t)(picture.height * picture.width * picture.channels);
    for (size_t i = 0; status == STRIA_OK && i < count; i++)
        to[i] = picture.bytes[i];
    stria_picture_free(&picture, context);
    return status;
}

/* Pictures in bytes [N,H,W,C] are converted, cut and resized as those that the model was trained on. */
static stria_status fit_pictures(stria_array *array, stria_context *context, const stria_model *model,
                                 const stria_shape *input, stria_error *err)
{
    const int64_t *sizes = array->shape.sizes;
    stria_preprocessing fit = {.scale = 1};
    if (!array->from_bytes || array->shape.rank != 4 || sizes[3] > 4 || input->rank != 3)
        return STRIA_OK;
    STRIA_TRY(stria_preprocessing_complete(&fit, model, err));
    stria_shape fitted = {.rank = 4, .sizes = {sizes[0], fit.height, fit.width, fit.channels}};
    if (fit.height == 0) {
        fitted.sizes[1] = sizes[1];
        fitted.sizes[2] = sizes[2];
    }
    if (fit.channels == 0)
        fitted.sizes[3] = sizes[3];
    if (stria_shape_equal(&fitted, &array->shape))
        return STRIA_OK;
    stria_array made = {0};
    STRIA_TRY(stria_array_create(&made, context, &fitted, err));
    const size_t before = (size_t)(sizes[1] * sizes[2] * sizes[3]);
    const size_t after = (size_t)(fitted.sizes[1] * fitted.sizes[2] * fitted.sizes[3]);
    stria_status status = STRIA_OK;
    for (size_t n = 0; n < (size_t)sizes[0] && status == STRIA_OK; n++)
        status = fit_one(array->values + n * before, sizes + 1, context, &fit, made.values + n * after, err);
    if (status != STRIA_OK) {
        stria_array_free(&made, context);
        return status;
    }
    made.from_bytes = 1;
    stria_array_free(array, context);
    *array = made;
    return STRIA_OK;
}

stria_status stria_array_fit(stria_array *array, stria_context *context, const stria_model *model,
                             stria_error *err)
{
    return stria_array_fit_input(array, context, model, 0, err);
}

stria_status stria_array_fit_input(stria_array *array, stria_context *context, const stria_model *model,
                                   size_t index, stria_error *err)
{
    const stria_shape *input = stria_model_input_shape(model, index);
    if (input == NULL && index > 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the model has %zu inputs, so there is none at place %zu",
                          stria_model_input_count(model), index);
    if (input == NULL)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the model has no input: begin it with a line such as "
                          "`input 28x28x1`");
    stria_shape fitted;
    if (index == 0)
        STRIA_TRY(fit_pictures(array, context, model, input, err));
    if (!fitted_shape(&array->shape, input, &fitted)) {
        char has[STRIA_SHAPE_TEXT_SIZE], wants[STRIA_SHAPE_TEXT_SIZE], help[160];
        return stria_fail(err, STRIA_ERROR_SHAPE, "the array is %s, the model takes %s%s",
                          stria_shape_text(&array->shape, has, sizeof has),
                          stria_shape_text(input, wants, sizeof wants),
                          advice(&array->shape, input, help, sizeof help));
    }
    if (array->from_bytes) {
        const char *text = stria_preprocessing_for_bytes(model);
        double scale;
        const stria_status status = stria_preprocessing_scale(text, &scale, err);
        if (status != STRIA_OK)
            return stria_fail_in(err, status, "the model's ");
        size_t count = (size_t)stria_shape_elements(&array->shape);
        const stria_float_state before = stria_float_begin();
        context->kernels->elementwise.scale(array->values, (float)scale, 0.0F, array->values, count,
                                            context->pool);
        stria_float_end(before);
        array->from_bytes = 0;
    }
    array->shape = fitted;
    return STRIA_OK;
}
