/* Receptive fields, accumulated from the input on (Araujo, Norris and Sim, "Computing receptive fields of
 * convolutional neural networks", Distill 2019). For a window of f taps, stride s and padding p over a layer
 * of field (size, stride, offset): size += (f - 1) * stride;  offset -= p * stride;  stride *= s */
#include "model/receptive_field.h"

#include <string.h>

#include "base/size.h"

/* Larger numbers are not kept: sums of a few of them fit 64 bits. */
#define LARGEST (INT64_MAX / 8)

/* One axis of a window over an axis of the layer before it; `before` is negative where a border is cut off.
 * False when the numbers grow out of bounds. */
static bool extend(int64_t window, int64_t window_stride, int64_t before, int64_t *size, int64_t *stride,
                   int64_t *offset)
{
    int64_t grown, shift;
    if (!stria_count_multiply(window - 1, *stride, &grown) || !stria_count_add(*size, grown, size) ||
        !stria_count_multiply(before < 0 ? -before : before, *stride, &shift) || *offset < -LARGEST + shift ||
        *offset > LARGEST - shift)
        return false;
    *offset -= before < 0 ? -shift : shift;
    return stria_count_multiply(*stride, window_stride, stride) && *size < LARGEST;
}

/* The smallest field that covers both. */
static void cover(const stria_receptive_field *other, stria_receptive_field *field)
{
    for (int a = 0; a < field->axes && a < other->axes; a++) {
        if (field->size[a] == 0 || other->size[a] == 0) {
            field->size[a] = 0;
            continue;
        }
        int64_t end = field->offset[a] + field->size[a], other_end = other->offset[a] + other->size[a];
        if (other->offset[a] < field->offset[a])
            field->offset[a] = other->offset[a];
        field->size[a] = (other_end > end ? other_end : end) - field->offset[a];
        if (field->size[a] >= LARGEST)
            field->size[a] = 0;
    }
}

void stria_receptive_field_of(const stria_model *model, const stria_node *node, stria_receptive_field *field)
{
    const stria_layer_facts *facts = &node->facts;
    int spatial = facts->output.rank - 1;
    *field = (stria_receptive_field){spatial < 1   ? 1
                                     : spatial > 3 ? 3
                                                   : spatial,
                                     {1, 1, 1},
                                     {1, 1, 1},
                                     {0, 0, 0}};
    if (node->input_count > 0)
        *field = model->nodes[node->inputs[0]].field;
    for (size_t i = 1; i < node->input_count; i++)
        cover(&model->nodes[node->inputs[i]].field, field);
    for (int a = 0; a < field->axes; a++) {
        int64_t window = facts->field[a] > 0 ? facts->field[a] : 1;
        int64_t stride = facts->field_stride[a] > 0 ? facts->field_stride[a] : 1;
        bool known = field->size[a] > 0 && extend(window, stride, facts->field_before[a], &field->size[a],
                                                  &field->stride[a], &field->offset[a]);
        if (facts->sees_all || !known) {
            field->size[a] = field->offset[a] = 0;
            field->stride[a] = 0;
        }
    }
}
