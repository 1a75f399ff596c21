/* Shape rule and binding that the convolution layers share. */
#include "layers/convolution.h"

#include "base/error.h"

stria_status stria_convolution_input(const stria_shape *input, int axes, const char *kind, int64_t *channels,
                                     stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, axes, kind, err));
    return stria_require_channels(input, kind, channels, err);
}

static bool above_one(const stria_sizes *sizes)
{
    for (int i = 0; i < sizes->count; i++)
        if (sizes->values[i] > 1)
            return true;
    return false;
}

stria_status stria_convolution_steps(const stria_convolution *c, stria_error *err)
{
    if (above_one(&c->strides) && above_one(&c->dilation_rate))
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "strides and dilation_rate cannot both be above 1, as in Keras; leave one of them out");
    return STRIA_OK;
}

stria_shape stria_convolution_kernel(const stria_axis axes[3], int spatial, int64_t depth, int64_t width)
{
    stria_shape kernel = {.rank = spatial + 2};
    for (int a = 0; a < spatial; a++)
        kernel.sizes[a] = axes[a].kernel;
    kernel.sizes[spatial] = depth;
    kernel.sizes[spatial + 1] = width;
    return kernel;
}

stria_status stria_convolution_shape(const stria_convolution *c, const stria_shape *input, int64_t depth,
                                     int64_t width, int64_t filters, stria_layer_facts *facts,
                                     stria_error *err)
{
    stria_axis axes[3];
    int spatial = input->rank - 1;
    STRIA_TRY(stria_window_solve(input, &c->kernel_size, &c->strides, &c->dilation_rate, &c->padding, axes,
                                 NULL, err));
    facts->output = *input;
    facts->output.sizes[spatial] = filters;
    for (int a = 0; a < spatial; a++) {
        facts->output.sizes[a] = axes[a].out;
        facts->field[a] = (axes[a].kernel - 1) * axes[a].dilation + 1;
        facts->field_stride[a] = axes[a].stride;
        facts->field_before[a] = axes[a].before;
    }
    const stria_shape kernel = stria_convolution_kernel(axes, spatial, depth, width);
    stria_weighted_params(&c->weights, &kernel, filters, facts);
    return stria_weighted_macs(&kernel, &facts->output, &facts->macs, err);
}

void stria_convolution_state(const stria_convolution *c, const stria_shape *input, size_t filters,
                             size_t groups, stria_weighted *s)
{
    stria_axis axes[3];
    stria_window_solve(input, &c->kernel_size, &c->strides, &c->dilation_rate, &c->padding, axes,
                       &s->shape.window, NULL);
    s->shape.channels = (size_t)input->sizes[input->rank - 1];
    s->shape.filters = filters;
    s->shape.groups = groups;
    s->activation = c->weights.activation;
    s->samples = 1;
}

stria_activation stria_convolution_activation(const void *config)
{
    const stria_convolution *c = config;
    return c->weights.activation;
}
