/* Making pictures fit a model: channels, then the cut to the aspect ratio, then the size, in the order of
 * Keras's image_dataset_from_directory. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/files.h"

/* The middle of the picture that has the aspect ratio wanted, computed as Keras's smart_resize does: floor of
 * the quotients in double. */
static stria_status crop_to_ratio(stria_picture *picture, stria_context *context, int64_t height,
                                  int64_t width, stria_error *err)
{
    int64_t rows = (int64_t)((double)(picture->width * height) / (double)width);
    int64_t columns = (int64_t)((double)(picture->height * width) / (double)height);
    rows = rows < picture->height ? rows : picture->height;
    columns = columns < picture->width ? columns : picture->width;
    rows = rows > 0 ? rows : 1;
    columns = columns > 0 ? columns : 1;
    if (rows == picture->height && columns == picture->width)
        return STRIA_OK;
    return stria_picture_crop(picture, context, (picture->height - rows) / 2, (picture->width - columns) / 2,
                              rows, columns, err);
}

stria_status stria_picture_fit(stria_picture *picture, stria_context *context, const stria_preprocessing *fit,
                               stria_error *err)
{
    if (fit->channels > 0 && picture->channels != fit->channels)
        STRIA_TRY(stria_picture_convert(picture, context, fit->channels, err));
    if (fit->height == 0)
        return STRIA_OK;
    if (fit->crop)
        STRIA_TRY(crop_to_ratio(picture, context, fit->height, fit->width, err));
    if (picture->height == fit->height && picture->width == fit->width)
        return STRIA_OK;
    return stria_picture_resize(picture, context, fit->height, fit->width,
                                fit->resize[0] != '\0' ? fit->resize : "bilinear", err);
}

stria_status stria_preprocessing_complete(stria_preprocessing *fit, const stria_model *model,
                                          stria_error *err)
{
    const char *text = stria_model_metadata(model, "preprocessing");
    const stria_shape *input = stria_model_input_shape(model, 0);
    stria_preprocessing own = {.scale = 1};
    if (text != NULL) {
        const stria_status status = stria_preprocessing_read(&own, text, err);
        if (status != STRIA_OK)
            return stria_fail_in(err, status, "the model's ");
    }
    if (input != NULL && input->rank == 3) {
        if (input->sizes[0] != STRIA_ANY_SIZE && input->sizes[1] != STRIA_ANY_SIZE) {
            own.height = input->sizes[0];
            own.width = input->sizes[1];
        }
        if (input->sizes[2] >= 1 && input->sizes[2] <= 4)
            own.channels = input->sizes[2];
    }
    if (fit->height == 0) {
        fit->height = own.height;
        fit->width = own.width;
    }
    if (fit->channels == 0)
        fit->channels = own.channels;
    if (fit->resize[0] == '\0')
        memcpy(fit->resize, own.resize, sizeof fit->resize);
    fit->crop = fit->crop || own.crop;
    return STRIA_OK;
}

void stria_preprocessing_write(const stria_preprocessing *preprocessing, char *text, size_t size)
{
    char number[32];
    int length =
        stria_format(text, size, "scale=%s", stria_double_text(preprocessing->scale, number, sizeof number));
    if (preprocessing->height > 0)
        length += stria_format(text + length, size - (size_t)length, " size=%lldx%lld resize=%s%s",
                               (long long)preprocessing->height, (long long)preprocessing->width,
                               preprocessing->resize, preprocessing->crop ? " crop=yes" : "");
    if (preprocessing->channels > 0)
        stria_format(text + length, size - (size_t)length, " channels=%lld",
                     (long long)preprocessing->channels);
}

stria_status stria_preprocessing_to_keep(char **text, const stria_model *model, const stria_dataset *data,
                                         stria_error *err)
{
    char written[sizeof data->preprocessing];
    const char *kept = stria_preprocessing_for(model, data);
    if (data->files != NULL) {
        stria_preprocessing read;
        STRIA_TRY(stria_preprocessing_read(&read, kept, err));
        const double scale = read.scale;
        read = data->files->fit;
        read.scale = scale;
        stria_preprocessing_write(&read, written, sizeof written);
        kept = written;
    }
    *text = stria_copy_text(&data->context->allocator, kept, strlen(kept));
    return *text != NULL ? STRIA_OK : stria_fail_memory(err, strlen(kept) + 1);
}
