/* Rules on what comes out, and on the loss that it is trained with. */
#include <string.h>

#include "model/lint.h"
#include "tensor/shape.h"

static bool is_softmax(const stria_node *node)
{
    return stria_node_activation(node).kind == STRIA_SOFTMAX;
}

/* Whether only the shape or nothing is changed by it: a softmax before it is still one behind it. */
static bool only_reshapes(const stria_node *node)
{
    static const char *const kinds[] = {"flatten", "reshape", "dropout", "permute"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (stria_lint_is(node, kinds[i]))
            return true;
    return strcmp(node->kind->name, "activation") == 0 && stria_node_activation(node).kind == STRIA_LINEAR;
}

/* The output that a node reaches through layers that only reshape: its index, or node_count. */
static size_t reshaped_output(const stria_lint *lint, size_t node)
{
    for (size_t i = node + 1; i < lint->model->node_count; i++) {
        const stria_node *next = &lint->model->nodes[i];
        if (next->input_count != 1 || next->inputs[0] != node || !only_reshapes(next))
            continue;
        if (lint->is_output[i])
            return i;
        node = i;
    }
    return lint->model->node_count;
}

/* Attention multiplies by a softmax: only what is convolved, pooled or activated again is wrong. */
void stria_lint_softmax_inside(stria_lint *lint, const stria_node *node)
{
    const size_t index = stria_lint_index(lint, node);
    if (!is_softmax(node) || lint->is_output[index])
        return;
    for (size_t i = index + 1; i < lint->model->node_count; i++) {
        const stria_node *next = &lint->model->nodes[i];
        const bool takes = next->input_count == 1 && next->inputs[0] == index;
        if (takes && (stria_lint_is_weighted(next) || strstr(next->kind->name, "pool") != NULL)) {
            stria_lint_find(lint,
                            "the softmax of '%s' goes on into '%s': its numbers are small and add up to 1",
                            node->name, next->name);
            return;
        }
    }
}

void stria_lint_softmax_hidden(stria_lint *lint, const stria_node *node)
{
    const size_t index = stria_lint_index(lint, node);
    if (!is_softmax(node) || lint->is_output[index])
        return;
    const size_t output = reshaped_output(lint, index);
    if (output < lint->model->node_count)
        stria_lint_find(
            lint,
            "the output '%s' is the softmax of '%s' in another shape: training with cross-entropy would "
            "take its probabilities for sums and apply softmax again",
            lint->model->nodes[output].name, node->name);
}

void stria_lint_softmax_alone(stria_lint *lint, const stria_node *node)
{
    const stria_shape *output = &node->facts.output;
    if (is_softmax(node) && output->rank > 0 && output->sizes[output->rank - 1] == 1)
        stria_lint_find(lint, "'%s' takes the softmax of one number: e^x/e^x = 1", node->name);
}

/* Whether the loss, written with or without arguments, has a name that begins so. */
static bool loss_is(const stria_lint *lint, const char *name)
{
    return strncmp(lint->loss + strspn(lint->loss, " "), name, strlen(name)) == 0;
}

void stria_lint_loss(stria_lint *lint, const stria_node *node)
{
    if (lint->loss == NULL || !lint->is_output[stria_lint_index(lint, node)])
        return;
    const stria_activation_kind activation = stria_node_activation(node).kind;
    const char *name = stria_activation_text((size_t)activation);
    if (strstr(lint->loss, "categorical_") != NULL && strstr(lint->loss, "crossentropy") != NULL) {
        if (activation != STRIA_SOFTMAX && activation != STRIA_LINEAR)
            stria_lint_find(lint,
                            "'%s' ends in %s, and %s takes outputs without softmax for the sums before one",
                            node->name, name, lint->loss);
    } else if (loss_is(lint, "binary_") || loss_is(lint, "bce")) {
        if (activation != STRIA_SIGMOID && activation != STRIA_LINEAR)
            stria_lint_find(lint,
                            "'%s' ends in %s, and %s takes outputs without sigmoid for the sums before one",
                            node->name, name, lint->loss);
    } else if (loss_is(lint, "kl")) {
        if (activation != STRIA_SOFTMAX && activation != STRIA_SIGMOID)
            stria_lint_find(lint, "'%s' ends in %s, and %s takes outputs for probabilities", node->name, name,
                            lint->loss);
    } else if (loss_is(lint, "hinge") || loss_is(lint, "squared_hinge")) {
        if (activation == STRIA_SOFTMAX || activation == STRIA_SIGMOID || activation == STRIA_RELU)
            stria_lint_find(lint, "'%s' ends in %s, and %s wants outputs below -1 and above 1", node->name,
                            name, lint->loss);
    } else if (activation == STRIA_SOFTMAX) {
        stria_lint_find(
            lint, "'%s' ends in softmax: with %s its gradient all but vanishes where it is wrong and sure",
            node->name, lint->loss);
    }
}

void stria_lint_sigmoid_classes(stria_lint *lint, const stria_node *node)
{
    const stria_shape *output = &node->facts.output;
    if (lint->is_output[stria_lint_index(lint, node)] && stria_node_activation(node).kind == STRIA_SIGMOID &&
        output->rank == 1 && output->sizes[0] > 1)
        stria_lint_find(lint, "the %lld outputs of '%s' are sigmoids: each says yes or no by itself",
                        (long long)output->sizes[0], node->name);
}
