/* Preprocessing: how stored bytes become a model's input. It is one factor today, kept as text
 * ("scale=0.0625") in data sets and in the metadata of trained models, so that prediction treats pictures as
 * training did. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/dataset.h"

bool stria_preprocessing_scale(const char *text, double *scale)
{
    static const char key[] = "scale=";
    if (text[0] == '\0') {
        *scale = 1;
        return true;
    }
    double value;
    if (strncmp(text, key, strlen(key)) != 0 ||
        !stria_text_to_double(text + strlen(key), strlen(text + strlen(key)), &value))
        return false;
    /* The factor is applied in float. */
    if (!isnormal((float)value))
        return false;
    *scale = value;
    return true;
}

void stria_dataset_set_scale(stria_dataset *data, double scale)
{
    char number[32];
    data->scale = scale;
    stria_format(data->preprocessing, sizeof data->preprocessing, "scale=%s",
                 stria_double_text(scale, number, sizeof number));
}

/* Whether the first layer after the inputs is a rescaling. */
static bool begins_with_rescaling(const stria_model *model)
{
    stria_layer_info info;
    for (size_t i = 0; stria_model_layer(model, i, &info) == 1; i++) {
        if (strcmp(info.kind, "input") != 0)
            return strcmp(info.kind, "rescaling") == 0;
    }
    return false;
}

/* The model's own preprocessing, or `otherwise` when it has none and does not rescale itself. */
static const char *own_or(const stria_model *model, const char *otherwise)
{
    const char *own = stria_model_metadata(model, "preprocessing");
    if (own != NULL)
        return own;
    return begins_with_rescaling(model) ? "" : otherwise;
}

const char *stria_preprocessing_for(const stria_model *model, const stria_dataset *data)
{
    return own_or(model, data->preprocessing);
}

const char *stria_preprocessing_for_bytes(const stria_model *model)
{
    return own_or(model, "scale=1/255");
}
