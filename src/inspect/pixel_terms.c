/* Terms by the definition of each kind of layer: docs of the kinds (stria help conv2d) have the formulas. All
 * are seen as volumes; a dense layer is a window of one tap, global pooling a window as large as the input.
 */
#include "inspect/pixel_terms.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "model/window.h"

/* The kinds of each sort. */
static const struct {
    stria_pixel_sort sort;
    const char *kinds;
} sorts[] = {
    {STRIA_PIXEL_CONVOLUTION, "conv1d conv2d conv3d"},
    {STRIA_PIXEL_DEPTHWISE, "depthwise_conv1d depthwise_conv2d"},
    {STRIA_PIXEL_SEPARABLE, "separable_conv1d separable_conv2d"},
    {STRIA_PIXEL_TRANSPOSED, "conv1d_transpose conv2d_transpose conv3d_transpose"},
    {STRIA_PIXEL_DENSE, "dense"},
    {STRIA_PIXEL_MAXIMUM, "maxpool1d maxpool2d maxpool3d global_maxpool1d global_maxpool2d global_maxpool3d"},
    {STRIA_PIXEL_MINIMUM, "minpool1d minpool2d minpool3d global_minpool1d global_minpool2d global_minpool3d"},
    {STRIA_PIXEL_MEAN, "avgpool1d avgpool2d avgpool3d global_avgpool1d global_avgpool2d global_avgpool3d"},
};

static bool find_sort(const stria_node *node, stria_pixel_sort *sort)
{
    const char *kind = node->kind->name;
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++)
        if (stria_words_find(sorts[i].kinds, kind, strlen(kind)) >= 0) {
            *sort = sorts[i].sort;
            return true;
        }
    *sort = STRIA_PIXEL_VALUE;
    return node->kind->part == STRIA_PART_SCALING || node->kind->part == STRIA_PART_ACTIVATION;
}

/* Sizes of the axes of `shape` before the last, as the last of three. False when there are more. */
static bool spread_axes(const stria_shape *shape, int axes, int64_t sizes[3])
{
    for (int a = 0; a < 3; a++)
        sizes[a] = a < 3 - axes ? 1 : shape->sizes[a - (3 - axes)];
    return axes <= 3;
}

/* Window, steps and padding of the kinds that have them. */
static bool read_window(stria_pixel_layer *layer, const stria_shape *input, const stria_shape *output)
{
    stria_node_window window;
    const bool transposed = layer->sort == STRIA_PIXEL_TRANSPOSED;
    if (transposed ? !stria_node_transposed_between(layer->node, input, output, &window)
                   : !stria_node_window_between(layer->node, input, output, &window))
        return false;
    for (int a = 0; a < window.rank; a++) {
        const int at = a + 3 - window.rank;
        layer->window[at] = window.axes[a].kernel;
        layer->stride[at] = window.axes[a].stride;
        layer->dilation[at] = window.axes[a].dilation;
        layer->before[at] = window.axes[a].before;
    }
    return true;
}

stria_status stria_pixel_layer_open(stria_pixel_layer *layer, const stria_model *model,
                                    const stria_node *node, const stria_shape *input,
                                    const stria_shape *output, stria_error *err)
{
    *layer = (stria_pixel_layer){.model = model,
                                 .node = node,
                                 .axes = output->rank - 1,
                                 .window = {1, 1, 1},
                                 .stride = {1, 1, 1},
                                 .dilation = {1, 1, 1},
                                 .groups = 1};
    bool known = node->input_count == 1 && node->wrapper != STRIA_TIME_DISTRIBUTED && output->rank >= 1 &&
                 find_sort(node, &layer->sort) && spread_axes(input, input->rank - 1, layer->in) &&
                 spread_axes(output, layer->axes, layer->out);
    const bool whole = known && strncmp(node->kind->name, "global_", 7) == 0;
    if (whole)
        memcpy(layer->window, layer->in, sizeof layer->window);
    else if (known && layer->sort != STRIA_PIXEL_DENSE && layer->sort != STRIA_PIXEL_VALUE)
        known = read_window(layer, input, output);
    if (!known)
        return stria_fail(
            err, STRIA_ERROR_UNSUPPORTED,
            "an output of layer '%s' (%s) cannot be worked out: convolutions, dense layers, pooling, batch "
            "normalisation and activations can",
            node->name, node->kind->name);
    layer->channels = input->sizes[input->rank - 1];
    layer->maps = output->sizes[output->rank - 1];
    const stria_param_spec *kernel = stria_node_kernel(node);
    if (layer->sort == STRIA_PIXEL_SEPARABLE) {
        layer->kernel = stria_node_param(model, node, 0);
        layer->pointwise = stria_node_param(model, node, 1);
        layer->middle = node->facts.params[1].shape.sizes[layer->axes];
    } else if (kernel != NULL) {
        layer->kernel = stria_node_param(model, node, (size_t)(kernel - node->facts.params));
    }
    const int64_t *groups = stria_node_argument(node, "groups", STRIA_ARG_INTEGER);
    const bool *flipped = stria_node_argument(node, "flip_kernel", STRIA_ARG_BOOLEAN);
    layer->groups = groups != NULL ? *groups : 1;
    layer->flipped = flipped != NULL && *flipped;
    return STRIA_OK;
}

int64_t stria_pixel_channels(const stria_pixel_layer *layer)
{
    switch (layer->sort) {
    case STRIA_PIXEL_CONVOLUTION:
        return layer->channels / layer->groups;
    case STRIA_PIXEL_SEPARABLE:
        return layer->middle;
    case STRIA_PIXEL_TRANSPOSED:
    case STRIA_PIXEL_DENSE:
        return layer->channels;
    default:
        return 1;
    }
}

int64_t stria_pixel_first_channel(const stria_pixel_layer *layer, int64_t map)
{
    switch (layer->sort) {
    case STRIA_PIXEL_CONVOLUTION:
        return map / (layer->maps / layer->groups) * (layer->channels / layer->groups);
    case STRIA_PIXEL_DEPTHWISE:
        return map / (layer->maps / layer->channels);
    case STRIA_PIXEL_SEPARABLE:
    case STRIA_PIXEL_TRANSPOSED:
    case STRIA_PIXEL_DENSE:
        return 0;
    default:
        return map;
    }
}

stria_status stria_pixel_most_terms(const stria_pixel_layer *layer, size_t *count, stria_error *err)
{
    size_t most = (size_t)stria_pixel_channels(layer);
    for (int a = 0; a < 3; a++)
        if (!stria_size_multiply(most, (size_t)layer->window[a], &most))
            return stria_fail(err, STRIA_ERROR_LIMIT, "the window of layer '%s' is too large",
                              layer->node->name);
    *count = most;
    return STRIA_OK;
}

/* Number `tap` of the window, in rows of `channels` channels, as it stands in the kernel: [taps, C/groups,
 * K], depthwise [taps, C, M], transposed [taps, K, C]. */
static float weight_of(const stria_pixel_layer *layer, int64_t tap, int64_t channel, int64_t first,
                       int64_t map)
{
    const int64_t taps = layer->window[0] * layer->window[1] * layer->window[2];
    const int64_t t = layer->flipped ? taps - 1 - tap : tap;
    switch (layer->sort) {
    case STRIA_PIXEL_CONVOLUTION:
    case STRIA_PIXEL_DENSE:
        return layer->kernel[(t * stria_pixel_channels(layer) + channel - first) * layer->maps + map];
    case STRIA_PIXEL_DEPTHWISE:
        return layer->kernel[t * layer->maps + map]; /* channel * M + m is the map */
    case STRIA_PIXEL_TRANSPOSED:
        return layer->kernel[(t * layer->maps + map) * layer->channels + channel];
    default:
        return 1;
    }
}

/* Where tap `tap` of the window at `position` looks along one axis. False: a transposed window has no input
 * there. */
static bool find_place(const stria_pixel_layer *layer, int axis, int64_t position, int64_t tap,
                       int64_t *place)
{
    const int64_t reach = tap * layer->dilation[axis] - layer->before[axis];
    if (layer->sort != STRIA_PIXEL_TRANSPOSED) {
        *place = position * layer->stride[axis] + reach;
        return true;
    }
    const int64_t from = position - reach; /* = place * stride */
    *place = from / layer->stride[axis];
    return from >= 0 && from % layer->stride[axis] == 0 && *place < layer->in[axis];
}

/* One tap, through all its channels. */
static size_t add_tap(const stria_pixel_layer *layer, const int64_t place[3], const int64_t tap[3],
                      int64_t map, stria_pixel_term *terms)
{
    const int64_t first = stria_pixel_first_channel(layer, map), channels = stria_pixel_channels(layer);
    const int64_t number = (tap[0] * layer->window[1] + tap[1]) * layer->window[2] + tap[2];
    const int64_t row = ((place[0] * layer->in[1] + place[1]) * layer->in[2] + place[2]) * layer->channels;
    bool inside = true;
    for (int a = 0; a < 3; a++)
        inside = inside && place[a] >= 0 && place[a] < layer->in[a];
    for (int64_t c = first; c < first + channels; c++) {
        stria_pixel_term *term = &terms[c - first];
        *term = (stria_pixel_term){
            .channel = c, .padding = !inside, .weight = weight_of(layer, number, c, first, map)};
        memcpy(term->place, place, sizeof term->place);
        memcpy(term->tap, tap, sizeof term->tap);
        term->input = inside ? layer->x[row + c] : 0.0F;
        term->product = (double)term->input * (double)term->weight;
    }
    return (size_t)channels;
}

/* The sum of the depthwise half for channel `middle` between the halves. */
static double middle_of(const stria_pixel_layer *layer, const int64_t position[3], int64_t middle)
{
    const int64_t channel = middle / (layer->middle / layer->channels);
    int64_t tap[3], place[3], number = 0;
    double sum = 0;
    for (tap[0] = 0; tap[0] < layer->window[0]; tap[0]++)
        for (tap[1] = 0; tap[1] < layer->window[1]; tap[1]++)
            for (tap[2] = 0; tap[2] < layer->window[2]; tap[2]++, number++) {
                bool inside = true;
                for (int a = 0; a < 3; a++)
                    inside = find_place(layer, a, position[a], tap[a], &place[a]) && place[a] >= 0 &&
                             place[a] < layer->in[a] && inside;
                const int64_t at = (place[0] * layer->in[1] + place[1]) * layer->in[2] + place[2];
                if (inside)
                    sum += (double)layer->x[at * layer->channels + channel] *
                           (double)layer->kernel[number * layer->middle + middle];
            }
    return sum;
}

/* The second half of a separable layer: a product for each channel between the halves. */
static size_t find_pointwise(const stria_pixel_layer *layer, const int64_t position[3], int64_t map,
                             stria_pixel_term *terms)
{
    for (int64_t m = 0; m < layer->middle; m++) {
        const double middle = middle_of(layer, position, m);
        terms[m] = (stria_pixel_term){
            .channel = m, .input = (float)middle, .weight = layer->pointwise[m * layer->maps + map]};
        memcpy(terms[m].place, position, sizeof terms[m].place);
        terms[m].product = middle * (double)terms[m].weight;
    }
    return (size_t)layer->middle;
}

size_t stria_pixel_find_terms(const stria_pixel_layer *layer, const int64_t position[3], int64_t map,
                              stria_pixel_term *terms)
{
    size_t count = 0;
    int64_t tap[3], place[3];
    if (layer->sort == STRIA_PIXEL_SEPARABLE)
        return find_pointwise(layer, position, map, terms);
    for (tap[0] = 0; tap[0] < layer->window[0]; tap[0]++)
        for (tap[1] = 0; tap[1] < layer->window[1]; tap[1]++)
            for (tap[2] = 0; tap[2] < layer->window[2]; tap[2]++) {
                bool lands = true;
                for (int a = 0; a < 3; a++)
                    lands = find_place(layer, a, position[a], tap[a], &place[a]) && lands;
                if (lands)
                    count += add_tap(layer, place, tap, map, terms + count);
            }
    return count;
}

double stria_pixel_operate(const stria_pixel_layer *layer, const stria_pixel_term *terms, size_t count,
                           size_t *chosen, size_t *counted)
{
    double sum = 0;
    *chosen = *counted = 0;
    for (size_t i = 0; i < count; i++) {
        const double best = terms[*chosen].product, own = terms[i].product;
        sum += own;
        if (terms[i].padding)
            continue;
        if (*counted == 0 || (layer->sort == STRIA_PIXEL_MINIMUM ? own < best : own > best))
            *chosen = i;
        ++*counted;
    }
    if (layer->sort == STRIA_PIXEL_MAXIMUM || layer->sort == STRIA_PIXEL_MINIMUM)
        return terms[*chosen].product;
    return layer->sort == STRIA_PIXEL_MEAN ? sum / (double)*counted : sum;
}
