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

/* The arguments that windows are made of, as they stand for a node. */
typedef struct window_arguments {
    const stria_sizes *kernel, *strides, *dilation, *output_padding;
    const stria_padding *padding;
    bool pools;
} window_arguments;

/* False when the kind does not have them. */
static bool read_arguments(const stria_node *node, window_arguments *found)
{
    static const stria_sizes ones = {1, {1}};
    *found = (window_arguments){
        .kernel = stria_node_argument(node, "kernel_size", STRIA_ARG_SIZES),
        .strides = stria_node_argument(node, "strides", STRIA_ARG_SIZES),
        .dilation = stria_node_argument(node, "dilation_rate", STRIA_ARG_SIZES),
        .output_padding = stria_node_argument(node, "output_padding", STRIA_ARG_SIZES),
        .padding = stria_node_argument(node, "padding", STRIA_ARG_PADDING),
    };
    if (found->kernel == NULL) {
        found->pools = true;
        found->kernel = stria_node_argument(node, "pool_size", STRIA_ARG_SIZES);
    }
    if (found->kernel == NULL || found->padding == NULL || node->input_count != 1)
        return false;
    if (found->strides == NULL || found->strides->count == 0)
        found->strides = found->pools ? found->kernel : &ones;
    if (found->dilation == NULL)
        found->dilation = &ones;
    return true;
}

/* What is in `window` besides the axes; false when the shapes are not those of windows. */
static bool begin_window(const stria_shape *input, const stria_shape *output,
                         const window_arguments *arguments, stria_node_window *window)
{
    if (input->rank < 2 || input->rank > 4 || input->rank != output->rank)
        return false;
    *window = (stria_node_window){
        .rank = input->rank - 1, .weighted = !arguments->pools, .padding = arguments->padding};
    return true;
}

static void find_extents(stria_node_window *window)
{
    for (int a = 0; a < window->rank; a++)
        window->extent[a] = (window->axes[a].kernel - 1) * window->axes[a].dilation + 1;
}

bool stria_node_window_between(const stria_node *node, const stria_shape *input, const stria_shape *output,
                               stria_node_window *window)
{
    window_arguments found;
    if (!read_arguments(node, &found) || found.output_padding != NULL ||
        !begin_window(input, output, &found, window) ||
        stria_window_solve(input, found.kernel, found.strides, found.dilation, found.padding, window->axes,
                           NULL, NULL) != STRIA_OK)
        return false;
    find_extents(window);
    for (int a = 0; a < window->rank; a++)
        if (window->axes[a].out != output->sizes[a])
            return false; /* a window of another sort */
    return true;
}

bool stria_node_transposed_between(const stria_node *node, const stria_shape *input,
                                   const stria_shape *output, stria_node_window *window)
{
    window_arguments found;
    if (!read_arguments(node, &found) || found.output_padding == NULL ||
        !begin_window(input, output, &found, window) ||
        stria_window_transpose(input, found.kernel, found.strides, found.dilation, found.padding,
                               found.output_padding, window->axes, NULL, NULL) != STRIA_OK)
        return false;
    find_extents(window);
    return true;
}

bool stria_node_window_of(const stria_model *model, const stria_node *node, stria_node_window *window)
{
    return node->input_count == 1 &&
           stria_node_window_between(node, &model->nodes[node->inputs[0]].facts.output, &node->facts.output,
                                     window);
}

bool stria_node_transposed_of(const stria_model *model, const stria_node *node, stria_node_window *window)
{
    return node->input_count == 1 &&
           stria_node_transposed_between(node, &model->nodes[node->inputs[0]].facts.output,
                                         &node->facts.output, window);
}
