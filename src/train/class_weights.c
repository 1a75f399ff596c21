/* Weights of classes as text. Balanced ones are scikit-learn's: n / (classes * count), so that every class
 * has the same share in the loss and the mean weight of the samples is 1; a class without samples counts 1.
 */
#include "train/class_weights.h"

#include <float.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"
#include "model/model.h"

typedef struct reading {
    double *weights;
    size_t classes;
    const stria_model *model;
    const stria_dataset *data; /* NULL: classes are named as in the model */
} reading;

static const char *class_name(const reading *r, size_t index)
{
    return r->data != NULL ? stria_dataset_class_name(r->data, index)
                           : stria_model_class_name(r->model, index);
}

static stria_status balance(const reading *r, const uint32_t *order, size_t train_count, stria_error *err)
{
    const int32_t *labels = r->data != NULL ? r->data->parts[STRIA_PART_TRAIN].labels : NULL;
    if (labels == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight 'balanced' counts labels, and there are none: give the weights, as "
                          "in '2,1,1,0.5'");
    size_t present = 0;
    for (size_t c = 0; c < r->classes; c++)
        r->weights[c] = 0;
    for (size_t s = 0; s < train_count; s++)
        present += r->weights[labels[order != NULL ? order[s] : s]]++ <= 0;
    for (size_t c = 0; c < r->classes; c++)
        r->weights[c] = r->weights[c] > 0 ? (double)train_count / ((double)present * r->weights[c]) : 1;
    return STRIA_OK;
}

static stria_status read_weight(const char *text, size_t length, double *weight, stria_error *err)
{
    if (!stria_text_to_double(text, length, weight) || !(*weight >= 0 && *weight <= (double)FLT_MAX))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight '%.*s': a weight is a number of 0 or more; there are 'balanced', "
                          "'2,1,1,0.5' and 'cat=2,dog=1'",
                          length > 60 ? 60 : (int)length, text);
    return STRIA_OK;
}

/* The class of that name, or of that number; `classes` for neither. */
static size_t find_class(const reading *r, const char *name, size_t length)
{
    for (size_t c = 0; c < r->classes; c++) {
        const char *known = class_name(r, c);
        if (known != NULL && strlen(known) == length && memcmp(known, name, length) == 0)
            return c;
    }
    int64_t number;
    const bool is_number = stria_text_to_integer(name, length, &number);
    return is_number && number >= 0 && (uint64_t)number < r->classes ? (size_t)number : r->classes;
}

/* "cat=2": the weight stands behind the last sign of equality, as names may hold some. */
static stria_status read_named(const reading *r, const char *part, size_t length, stria_error *err)
{
    size_t end = length;
    while (end > 0 && part[end - 1] != '=')
        end--;
    const int shown = length > 60 ? 60 : (int)length;
    if (end == 0)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight '%.*s' names no class and others do: either all have names or none",
                          shown, part);
    const size_t class = find_class(r, part, end - 1);
    if (class == r->classes)
        return stria_fail(err, STRIA_ERROR_VALUE, "class_weight '%.*s': no class has this name%s%s%s", shown,
                          part, class_name(r, 0) != NULL ? "; the first is '" : "",
                          class_name(r, 0) != NULL ? class_name(r, 0) : "",
                          class_name(r, 0) != NULL ? "'" : "");
    return read_weight(part + end, length - end, &r->weights[class], err);
}

static stria_status read_list(const reading *r, const char *text, stria_error *err)
{
    const bool named = strchr(text, '=') != NULL;
    size_t count = 0;
    for (const char *part = text; part != NULL; count++) {
        const size_t length = strcspn(part, ",");
        if (named)
            STRIA_TRY(read_named(r, part, length, err));
        else if (count < r->classes)
            STRIA_TRY(read_weight(part, length, &r->weights[count], err));
        part = part[length] == ',' ? part + length + 1 : NULL;
    }
    if (!named && count != r->classes)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight '%.80s' has %zu number%s and there are %zu classes: one for each, or "
                          "by name, as in '%.60s=2'",
                          text, count, count == 1 ? "" : "s", r->classes,
                          class_name(r, 0) != NULL ? class_name(r, 0) : "0");
    return STRIA_OK;
}

stria_status stria_class_weights_read(double **weights, const stria_model *model, const char *text,
                                      size_t classes, const stria_dataset *data, const uint32_t *order,
                                      size_t train_count, stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    reading r = {.classes = classes, .model = model, .data = data};
    r.weights = stria_allocate_array(allocator, classes, sizeof *r.weights);
    if (r.weights == NULL)
        return stria_fail_memory(err, classes * sizeof *r.weights);
    for (size_t c = 0; c < classes; c++)
        r.weights[c] = 1;
    const stria_status status =
        strcmp(text, "balanced") == 0 ? balance(&r, order, train_count, err) : read_list(&r, text, err);
    if (status != STRIA_OK)
        stria_release(allocator, r.weights);
    else
        *weights = r.weights;
    return status;
}
