/* Preprocessing: how stored bytes become a model's input. It is kept as text ("scale=0.0625", and for
 * pictures that were made to fit "scale=... size=224x224 resize=bilinear channels=3") in data sets and in the
 * metadata of trained models, so that prediction treats pictures as training did. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"
#include "model/model.h"
#include "formats/quote.h"

/* "224x224"; both at least 1. */
static bool read_size(const char *text, size_t length, int64_t *height, int64_t *width)
{
    const char *cross = memchr(text, 'x', length);
    return cross != NULL && stria_text_to_integer(text, (size_t)(cross - text), height) &&
           stria_text_to_integer(cross + 1, length - (size_t)(cross + 1 - text), width) && *height > 0 &&
           *width > 0;
}

/* One "key=value". */
static bool read_word(stria_preprocessing *to, const char *word, size_t length)
{
    const char *equals = memchr(word, '=', length);
    if (equals == NULL)
        return false;
    const char *value = equals + 1;
    const size_t size = length - (size_t)(value - word);
    switch (stria_words_find("scale size resize crop channels", word, (size_t)(equals - word))) {
    case 0: /* applied in float */
        return stria_text_to_double(value, size, &to->scale) && isnormal((float)to->scale);
    case 1:
        return read_size(value, size, &to->height, &to->width);
    case 2:
        if (size == 0 || size >= sizeof to->resize)
            return false;
        memcpy(to->resize, value, size);
        to->resize[size] = '\0';
        return true;
    case 3:
        to->crop = size == 3 && memcmp(value, "yes", 3) == 0;
        return to->crop || (size == 2 && memcmp(value, "no", 2) == 0);
    case 4:
        return stria_text_to_integer(value, size, &to->channels) && to->channels >= 1 && to->channels <= 4;
    default:
        return false;
    }
}

stria_status stria_preprocessing_read(stria_preprocessing *preprocessing, const char *text, stria_error *err)
{
    stria_preprocessing read = {.scale = 1};
    for (const char *word = text; word != NULL && text[0] != '\0';) {
        const size_t length = strcspn(word, " ");
        if (!read_word(&read, word, length))
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "preprocessing '%s' is not text such as 'scale=1/255 size=224x224 resize=bilinear "
                "channels=3'",
                stria_quote(STRIA_QUOTE_BUFFER, text));
        word = word[length] == ' ' ? word + length + 1 : NULL;
    }
    *preprocessing = read;
    return STRIA_OK;
}

stria_status stria_preprocessing_scale(const char *text, double *scale, stria_error *err)
{
    stria_preprocessing read;
    STRIA_TRY(stria_preprocessing_read(&read, text, err));
    *scale = read.scale;
    return STRIA_OK;
}

void stria_dataset_set_scale(stria_dataset *data, double scale)
{
    char number[32];
    data->scale = scale;
    stria_format(data->preprocessing, sizeof data->preprocessing, "scale=%s",
                 stria_double_text(scale, number, sizeof number));
}

/* The model's own preprocessing, or `otherwise` when it has none, without the scale when it rescales itself.
 */
static const char *own_or(const stria_model *model, const char *otherwise)
{
    const char *own = stria_model_metadata(model, "preprocessing");
    if (own != NULL)
        return own;
    if (!stria_model_rescales_itself(model))
        return otherwise;
    const char *behind_scale = strchr(otherwise, ' ');
    return behind_scale != NULL ? behind_scale + 1 : "";
}

const char *stria_preprocessing_for(const stria_model *model, const stria_dataset *data)
{
    return own_or(model, data->preprocessing);
}

const char *stria_preprocessing_for_bytes(const stria_model *model)
{
    return own_or(model, "scale=1/255");
}
