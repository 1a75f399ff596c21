/* Windows of layers by the arguments that all such kinds share: kernel_size or pool_size, strides, padding
 * and dilation_rate. */
#include "model/window.h"

#include <string.h>

const void *stria_node_argument(const stria_node *node, const char *name, stria_argument_type type)
{
    for (size_t i = 0; i < node->kind->argument_count; i++) {
        const stria_argument *argument = &node->kind->arguments[i];
        if (argument->type == type && strcmp(argument->name, name) == 0)
            return (const unsigned char *)node->config + argument->offset;
    }
    return NULL;
}

stria_activation stria_node_activation(const stria_node *node)
{
    if (strcmp(node->kind->name, "softmax") == 0) /* over any axis: a step of its own for plans */
        return (stria_activation){.kind = STRIA_SOFTMAX};
    return node->kind->activation != NULL ? node->kind->activation(node->config)
                                          : (stria_activation){.kind = STRIA_LINEAR};
}

const stria_param_spec *stria_node_kernel(const stria_node *node)
{
    const stria_param_spec *found = NULL;
    for (size_t p = 0; p < node->facts.param_count; p++) {
        const stria_param_spec *param = &node->facts.params[p];
        if (strstr(param->name, "kernel") == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = param;
    }
    return found;
}

const char *stria_axis_name(int rank, int axis)
{
    static const char *const names[] = {"depth", "height", "width"};
    return rank == 1 ? "length" : names[axis + 3 - rank];
}

bool stria_node_window_of(const stria_model *model, const stria_node *node, stria_node_window *window)
{
    static const stria_sizes undilated = {1, {1}};
    const stria_sizes *kernel = stria_node_argument(node, "kernel_size", STRIA_ARG_SIZES);
    const stria_sizes *strides = stria_node_argument(node, "strides", STRIA_ARG_SIZES);
    const stria_sizes *dilation = stria_node_argument(node, "dilation_rate", STRIA_ARG_SIZES);
    const stria_padding *padding = stria_node_argument(node, "padding", STRIA_ARG_PADDING);
    const bool pools = kernel == NULL;
    if (pools)
        kernel = stria_node_argument(node, "pool_size", STRIA_ARG_SIZES);
    const bool transposed = stria_node_argument(node, "output_padding", STRIA_ARG_SIZES) != NULL;
    if (kernel == NULL || padding == NULL || node->input_count != 1 || transposed)
        return false;
    const stria_shape *input = &model->nodes[node->inputs[0]].facts.output;
    if (input->rank < 2 || input->rank > 4 || input->rank != node->facts.output.rank)
        return false;
    *window = (stria_node_window){.rank = input->rank - 1, .weighted = !pools, .padding = padding};
    if (strides == NULL || strides->count == 0)
        strides = pools ? kernel : &undilated;
    if (stria_window_solve(input, kernel, strides, dilation != NULL ? dilation : &undilated, padding,
                           window->axes, NULL, NULL) != STRIA_OK)
        return false;
    for (int a = 0; a < window->rank; a++) {
        const stria_axis *axis = &window->axes[a];
        window->extent[a] = (axis->kernel - 1) * axis->dilation + 1;
        if (axis->out != node->facts.output.sizes[a])
            return false; /* a window of another sort */
    }
    return true;
}
