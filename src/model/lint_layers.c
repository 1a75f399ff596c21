/* Rules on neighbouring layers and on what a layer weighs in the whole. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "base/text.h"
#include "model/lint.h"
#include "tensor/shape.h"

static bool is_linear(const stria_node *node)
{
    return stria_node_activation(node).kind == STRIA_LINEAR;
}

/* Whether a network in use computes the same sums through the layer: it moves, averages or scales numbers. */
static bool passes_linearly(const stria_node *node)
{
    static const char *const kinds[] = {"flatten",         "reshape",      "permute",  "avgpool",
                                        "global_avgpool",  "zero_padding", "cropping", "batchnorm",
                                        "rescaling",       "up_sampling",  "repeat",   "dropout",
                                        "spatial_dropout", "center_crop",  "resizing", "adaptive_avgpool"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (stria_lint_is(node, kinds[i]))
            return true;
    return stria_lint_is(node, "activation") && is_linear(node);
}

/* Extent of a layer's window along its first axis: 1 for dense. */
static int64_t extent_of(const stria_node *node)
{
    return node->facts.field[0] > 0 ? node->facts.field[0] : 1;
}

/* Two linear layers that are fewer parameters than the one they amount to, and meant so: a depthwise
 * convolution with one across the channels, and the narrow middle of a bottleneck between two 1x1
 * convolutions (MobileNetV2). */
static bool is_factorization(const stria_lint *lint, const stria_node *first, const stria_node *second)
{
    const bool depthwise = stria_lint_is(first, "depthwise") != stria_lint_is(second, "depthwise");
    if (depthwise && (extent_of(first) == 1 || extent_of(second) == 1))
        return true;
    if (strcmp(first->kind->name, "dense") == 0 || strcmp(second->kind->name, "dense") == 0 ||
        extent_of(first) != 1 || extent_of(second) != 1)
        return false;
    const stria_shape *in = &lint->model->nodes[first->inputs[0]].facts.output;
    const stria_shape *middle = &first->facts.output, *out = &second->facts.output;
    const int64_t channels = middle->sizes[middle->rank - 1];
    return channels < in->sizes[in->rank - 1] && channels < out->sizes[out->rank - 1];
}

void stria_lint_linear_stack(stria_lint *lint, const stria_node *node)
{
    if (!stria_lint_is_weighted(node))
        return;
    const stria_node *before = stria_lint_input(lint, node), *between = NULL;
    while (before != NULL && passes_linearly(before) &&
           lint->consumers[stria_lint_index(lint, before)] == 1) {
        between = before;
        before = stria_lint_input(lint, before);
    }
    if (before == NULL || !stria_lint_is_weighted(before) || !is_linear(before) ||
        lint->consumers[stria_lint_index(lint, before)] != 1 ||
        lint->is_output[stria_lint_index(lint, before)] || is_factorization(lint, before, node))
        return;
    if (between != NULL) {
        stria_lint_find(
            lint,
            "'%s' and '%s' are linear, and so is all between them: together they compute what one linear "
            "layer can",
            before->name, node->name);
        return;
    }
    stria_node_window a, b;
    int64_t reach;
    if (stria_node_window_of(lint->model, before, &a) && stria_node_window_of(lint->model, node, &b) &&
        stria_count_multiply(b.extent[0] - 1, a.axes[0].stride, &reach) &&
        stria_count_add(reach, a.extent[0], &reach))
        stria_lint_find(lint,
                        "'%s' and '%s' are linear with nothing between them: together they compute what one "
                        "convolution can, with a window of (%lld - 1)*%lld + %lld = %lld",
                        before->name, node->name, (long long)b.extent[0], (long long)a.axes[0].stride,
                        (long long)a.extent[0], (long long)reach);
    else
        stria_lint_find(lint,
                        "'%s' and '%s' are linear with nothing between them: together they compute what one "
                        "linear layer can",
                        before->name, node->name);
}

/* The node does nothing but an activation. */
static bool is_activation(const stria_node *node)
{
    return node->facts.param_count == 0 && !is_linear(node) && node->input_count == 1;
}

static const char *activation_name(const stria_node *node)
{
    return stria_activation_text((size_t)stria_node_activation(node).kind);
}

void stria_lint_two_activations(stria_lint *lint, const stria_node *node)
{
    const stria_node *before = stria_lint_input(lint, node);
    if (before != NULL && is_activation(node) && !is_linear(before))
        stria_lint_find(lint, "%s of '%s', which ends in %s already", activation_name(node), before->name,
                        activation_name(before));
}

/* Li, Chen, Hu and Yang, "Understanding the disharmony between dropout and batch normalization by variance
 * shift" (CVPR 2019): with dropout the statistics are those of a larger variance than in use. One layer
 * between does not change that. */
void stria_lint_dropout_batchnorm(stria_lint *lint, const stria_node *node)
{
    if (!stria_lint_is(node, "batchnorm"))
        return;
    int weighted = 0;
    const stria_node *before = stria_lint_input(lint, node);
    for (; before != NULL; before = stria_lint_input(lint, before)) {
        if (strstr(before->kind->name, "dropout") != NULL) {
            stria_lint_find(
                lint,
                "'%s' stands before '%s', which takes its statistics while numbers are dropped: in use the "
                "variance is another",
                before->name, node->name);
            return;
        }
        if (before->facts.param_count > 0 && (!stria_lint_is_weighted(before) || ++weighted > 1))
            return;
    }
}

void stria_lint_bias_batchnorm(stria_lint *lint, const stria_node *node)
{
    const stria_node *before = stria_lint_input(lint, node);
    if (before == NULL || !stria_lint_is(node, "batchnorm") || !stria_lint_is_weighted(before) ||
        !is_linear(before) || lint->consumers[stria_lint_index(lint, before)] != 1)
        return;
    for (size_t p = 0; p < before->facts.param_count; p++)
        if (strcmp(before->facts.params[p].name, "bias") == 0)
            stria_lint_find(
                lint,
                "the bias of '%s', %lld numbers, is taken away with the mean by '%s', which has a "
                "shift of its own",
                before->name, (long long)before->facts.params[p].shape.sizes[0], node->name);
}

/* Whether the node brings 0...255 to 0...1 or about. */
static bool scales_down(const stria_node *node)
{
    const double *scale = stria_node_argument(node, "scale", STRIA_ARG_NUMBER);
    return strcmp(node->kind->name, "rescaling") == 0 && scale != NULL && fabs(*scale) <= 1.0 / 100;
}

void stria_lint_rescaled_twice(stria_lint *lint, const stria_node *node)
{
    if (!scales_down(node))
        return;
    const stria_node *before = stria_lint_input(lint, node);
    while (before != NULL && !scales_down(before) && before->facts.param_count == 0)
        before = stria_lint_input(lint, before);
    if (before != NULL && scales_down(before))
        stria_lint_find(lint, "'%s' has scaled the picture already: what is left for '%s' is close to 0",
                        before->name, node->name);
}

void stria_lint_value_range(stria_lint *lint, const stria_node *node)
{
    const stria_range *range = stria_node_argument(node, "value_range", STRIA_ARG_RANGE);
    if (range == NULL || range->count != 2 || range->values[1] - range->values[0] < 100)
        return;
    const stria_node *before = stria_lint_input(lint, node);
    while (before != NULL && !scales_down(before) && before->facts.param_count == 0)
        before = stria_lint_input(lint, before);
    if (before != NULL && scales_down(before))
        stria_lint_find(lint, "'%s' takes values for %g ... %g, and '%s' has scaled them down", node->name,
                        range->values[0], range->values[1], before->name);
    else if (before == NULL && !stria_model_rescales_itself(lint->model))
        stria_lint_find(
            lint,
            "'%s' takes values for %g ... %g, and pictures come as 0 ... 1 to a model that does not "
            "rescale them",
            node->name, range->values[0], range->values[1]);
}

/* Windows of one number, one after the other. */
static bool keeps_all(const stria_node_window *window)
{
    for (int a = 0; a < window->rank; a++)
        if (window->extent[a] != 1 || window->axes[a].stride != 1)
            return false;
    return true;
}

void stria_lint_no_effect(stria_lint *lint, const stria_node *node)
{
    const double *rate = stria_node_argument(node, "rate", STRIA_ARG_NUMBER);
    const double *scale = stria_node_argument(node, "scale", STRIA_ARG_NUMBER);
    const double *offset = stria_node_argument(node, "offset", STRIA_ARG_NUMBER);
    stria_node_window window;
    if (strstr(node->kind->name, "dropout") != NULL && rate != NULL && !(*rate > 0))
        stria_lint_find(lint, "'%s' drops a share of 0: nothing", node->name);
    else if (strcmp(node->kind->name, "rescaling") == 0 && scale != NULL && offset != NULL &&
             !(*scale < 1 || *scale > 1) && !(*offset < 0 || *offset > 0))
        stria_lint_find(lint, "'%s' multiplies by 1 and adds 0", node->name);
    else if (stria_node_window_of(lint->model, node, &window) && !window.weighted && keeps_all(&window))
        stria_lint_find(lint, "'%s' pools windows of one number", node->name);
}

void stria_lint_unused(stria_lint *lint, const stria_node *node)
{
    if (!lint->used[stria_lint_index(lint, node)])
        stria_lint_find(lint, "no output depends on '%s'%s", node->name,
                        node->facts.param_count > 0 ? ": its parameters are never trained" : "");
}

static int64_t parameters_of(const stria_node *node)
{
    int64_t sum = 0;
    for (size_t p = 0; p < node->facts.param_count; p++)
        sum += stria_shape_elements(&node->facts.params[p].shape);
    return sum;
}

static bool has_convolution(const stria_model *model)
{
    for (size_t i = 0; i < model->node_count; i++)
        if (stria_lint_is_weighted(&model->nodes[i]) && strcmp(model->nodes[i].kind->name, "dense") != 0)
            return true;
    return false;
}

void stria_lint_dense_share(stria_lint *lint, const stria_node *node)
{
    if (strcmp(node->kind->name, "dense") != 0)
        return;
    const int64_t own = parameters_of(node), all = stria_model_params(lint->model);
    char a[32], b[32];
    if ((double)own > 0.9 * (double)all && has_convolution(lint->model))
        stria_lint_find(lint, "'%s' has %s of the %s parameters: %.1f %%", node->name,
                        stria_count_text(own, a, sizeof a), stria_count_text(all, b, sizeof b),
                        100 * (double)own / (double)all);
}

void stria_lint_wide_flatten(stria_lint *lint, const stria_node *node)
{
    const stria_node *before = stria_lint_input(lint, node);
    char a[32], b[32], c[32];
    if (strcmp(node->kind->name, "dense") != 0 || before == NULL ||
        strcmp(before->kind->name, "flatten") != 0 || before->facts.output.sizes[0] <= 16384)
        return;
    const int64_t inputs = before->facts.output.sizes[0], units = node->facts.output.sizes[0];
    stria_lint_find(lint, "'%s' puts %s numbers in a row: %s * %s of '%s' are %s weights", before->name,
                    stria_count_text(inputs, a, sizeof a), a, stria_count_text(units, b, sizeof b),
                    node->name, stria_count_text(inputs * units, c, sizeof c));
}

void stria_lint_not_finite(stria_lint *lint, const stria_node *node)
{
    for (size_t p = 0; p < node->facts.param_count; p++) {
        const stria_model_tensor_entry *tensor = &lint->model->tensors[node->first_tensor + p];
        const float *values = stria_node_param(lint->model, node, p);
        size_t bad = 0;
        for (size_t i = 0; values != NULL && i < tensor->count; i++)
            bad += isfinite(values[i]) ? 0 : 1;
        if (bad > 0)
            stria_lint_find(lint, "%zu of the %zu numbers of '%s' are NaN or infinite", bad, tensor->count,
                            tensor->name);
    }
}
