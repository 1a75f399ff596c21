/* Convolutions and dense run on the same kernels: a dense layer is a convolution of 1x1 pictures. Parameter 0
 * is the kernel, parameter 1 the bias where there is one. */
#include "layers/weighted.h"

#include "base/error.h"
#include "base/size.h"
#include "layers/epilogue.h"
#include "tensor/shape.h"

void stria_weighted_params(const stria_weighted_config *config, const stria_shape *shape, int64_t filters,
                           stria_layer_facts *facts)
{
    facts->params[0] = stria_param("kernel", *shape, &config->kernel);
    facts->params[1] = stria_param("bias", (stria_shape){1, {filters}}, &config->bias);
    facts->param_count = config->use_bias ? 2 : 1;
    facts->activity_regularizer = config->activity_regularizer;
}

stria_status stria_weighted_macs(const stria_shape *kernel, const stria_shape *at, int64_t *macs,
                                 stria_error *err)
{
    int64_t product;
    STRIA_TRY(stria_shape_count(kernel, &product, err));
    for (int i = 0; i < at->rank - 1; i++) {
        if (at->sizes[i] == STRIA_ANY_SIZE) {
            *macs = -1;
            return STRIA_OK;
        }
    }
    for (int i = 0; i < at->rank - 1; i++)
        if (!stria_count_multiply(product, at->sizes[i], &product))
            return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    *macs = product;
    return STRIA_OK;
}

static size_t kernel_count(const stria_conv_shape *s)
{
    const size_t *taps = s->window.kernel;
    return taps[0] * taps[1] * taps[2] * (s->channels / s->groups) * s->filters;
}

/* Channels of the layer's output. */
static size_t output_channels(const stria_weighted *s)
{
    return s->transposed ? s->shape.channels : s->shape.filters;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Parts of one buffer start at multiples of a vector. */
#define PART(floats) stria_size_round_up(floats, 16)

static void bind_backward(const stria_layer_call *call, stria_weighted *s, const stria_conv_needs *floats,
                          stria_layer_needs *needs)
{
    size_t kernel_gradient = floats->kernel_gradient_scratch;
    if (s->collect != NULL) {
        s->kernel_at = PART(kernel_gradient);
        kernel_gradient = s->kernel_at + kernel_count(&s->shape);
    }
    needs->scratch = larger(needs->scratch, kernel_gradient);
    if (s->packs_backward)
        needs->scratch =
            larger(needs->scratch, s->transposed ? floats->forward_scratch : floats->input_gradient_scratch);
    needs->backward_reads_input = true;
    needs->backward_adds = true;
    needs->backward_keeps_dy = s->activation.kind == STRIA_LINEAR || call->derived;
    needs->backward_reads_output = s->activation.kind != STRIA_LINEAR && !s->saves_sum && !call->derived;
}

void stria_weighted_bind(stria_layer_call *call, stria_weighted *s, stria_layer_needs *needs)
{
    const stria_conv_kernels *conv = &call->kernels->conv;
    size_t batch = call->batch * s->samples;
    stria_conv_needs floats = {0};
    if (call->raw_output)
        s->activation = (stria_activation){.kind = STRIA_LINEAR};
    else if (call->taken.activation.kind != STRIA_LINEAR)
        s->activation = call->taken.activation;
    s->shape.algorithm = conv->choose(&s->shape, batch, call->algorithm);
    /* Backward of a transposed convolution is where its convolution runs: nothing can be kept from forward.
     */
    conv->needs(&s->shape, batch, stria_pool_workers(call->pool), call->differentiates && !s->transposed,
                &floats);
    s->packs_backward = call->differentiates && call->wants_dinput;
    s->keeps_copy = call->differentiates && floats.kept > 0;
    s->saves_sum = stria_epilogue_saves_sum(call, s->activation);
    s->sum_at = s->keeps_copy ? PART(floats.kept) + 16 : 0;
    size_t packed = s->transposed ? floats.packed_transposed : floats.packed;
    size_t packed_backward = s->transposed ? floats.packed : floats.packed_transposed;
    s->backward_at = PART(packed);
    needs->packed = s->packs_backward ? s->backward_at + packed_backward : packed;
    size_t sum = s->saves_sum ? stria_call_output_count(call) : 0;
    needs->saved = (s->saves_sum ? s->sum_at + sum : s->keeps_copy ? floats.kept : 0) * sizeof(float);
    needs->scratch = s->transposed ? floats.input_gradient_scratch : floats.forward_scratch;
    if (call->differentiates)
        bind_backward(call, s, &floats, needs);
    if (call->taken.scaling != NULL) {
        s->bias_at = PART(needs->packed);
        needs->packed = s->bias_at + output_channels(s);
    }
    if (call->taken.scaling != NULL || s->spread != NULL)
        needs->scratch = larger(needs->scratch, kernel_count(&s->shape));
    needs->kernel = conv->describe(&s->shape, batch);
}

#define FOLDED_TOGETHER 64 /* channels */

/* (sum of w * x + b) * factor + shift = sum of (w * factor) * x + (b * factor + shift): writes that kernel to
 * `folded` (which may be `kernel`) and that bias to `bias`, each number computed in double and rounded once.
 * Weights of a channel of the output are a column of the kernel, in a transposed convolution rows. */
static void fold(const stria_layer_call *call, const stria_weighted *s, const float *kernel, float *folded,
                 float *bias)
{
    const stria_taken *taken = &call->taken;
    size_t channels = output_channels(s), filters = s->shape.filters;
    size_t rows = kernel_count(&s->shape) / filters;
    for (size_t first = 0; first < channels; first += FOLDED_TOGETHER) {
        size_t count = channels - first < FOLDED_TOGETHER ? channels - first : FOLDED_TOGETHER;
        double factors[FOLDED_TOGETHER], shift;
        for (size_t k = 0; k < count; k++) {
            double own = call->params[1] != NULL ? (double)call->params[1][first + k] : 0;
            taken->scale(taken->scaling, first + k, &factors[k], &shift);
            bias[first + k] = (float)(own * factors[k] + shift);
        }
        for (size_t r = 0; r < rows && !s->transposed; r++) {
            const float *from = kernel + r * filters + first;
            float *to = folded + r * filters + first;
            for (size_t k = 0; k < count; k++)
                to[k] = (float)((double)from[k] * factors[k]);
        }
        for (size_t r = 0; r < rows && s->transposed; r++) {
            if (r % channels < first || r % channels >= first + count)
                continue;
            for (size_t k = 0; k < filters; k++)
                folded[r * filters + k] =
                    (float)((double)kernel[r * filters + k] * factors[r % channels - first]);
        }
    }
}

void stria_weighted_pack(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    const stria_conv_kernels *conv = &call->kernels->conv;
    const float *kernel = call->params[0];
    if (s->spread != NULL) {
        s->spread(call, kernel, call->scratch);
        kernel = call->scratch;
    }
    if (call->taken.scaling != NULL) {
        fold(call, s, kernel, call->scratch, call->packed + s->bias_at);
        kernel = call->scratch;
    }
    float *direct = s->transposed ? call->packed + s->backward_at : call->packed;
    float *turned = s->transposed ? call->packed : call->packed + s->backward_at;
    if (!s->transposed || s->packs_backward)
        conv->pack(&s->shape, kernel, direct, call->pool);
    if (s->transposed || s->packs_backward)
        conv->pack_transposed(&s->shape, kernel, turned, call->pool);
}

/* What one call of the kernels has in common in both directions. */
static stria_conv_call conv_call(const stria_layer_call *call, const stria_weighted *s)
{
    return (stria_conv_call){
        .shape = &s->shape,
        .batch = call->batch * s->samples,
        .kept = s->keeps_copy ? call->saved : NULL,
        .scratch = call->scratch,
        .pool = call->pool,
    };
}

static float *saved_sum(const stria_layer_call *call, const stria_weighted *s)
{
    return s->saves_sum ? (float *)call->saved + s->sum_at : NULL;
}

void stria_weighted_forward(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    stria_conv_call run = conv_call(call, s);
    float *sum = saved_sum(call, s), *result = sum != NULL ? sum : call->output;
    run.activation = stria_epilogue_fused(call, s->activation);
    run.packed = call->packed;
    run.bias = call->taken.scaling != NULL ? call->packed + s->bias_at : call->params[1];
    run.residual = call->taken.residual;
    if (s->transposed) {
        run.dy = call->inputs[0];
        run.dx = result;
        call->kernels->conv.input_gradient(&run);
    } else {
        run.x = call->inputs[0];
        run.y = result;
        call->kernels->conv.forward(&run);
    }
    stria_epilogue_forward(call, s->activation, result);
}

void stria_weighted_backward(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    if (!call->derived)
        stria_epilogue_backward(call, s->activation, saved_sum(call, s));
    stria_conv_call run = conv_call(call, s);
    run.x = s->transposed ? call->dy : call->inputs[0];
    run.dy = s->transposed ? call->inputs[0] : call->dy;
    if (call->dparams[0] != NULL) {
        run.dkernel = s->collect != NULL ? call->scratch + s->kernel_at : call->dparams[0];
        run.dbias = s->transposed ? NULL : call->dparams[1];
        call->kernels->conv.kernel_gradient(&run);
        if (s->collect != NULL)
            s->collect(call, run.dkernel, call->dparams[0]);
        if (s->transposed && call->dparams[1] != NULL)
            call->kernels->reduce.column_sums(call->dy, stria_call_output_count(call) / s->shape.channels,
                                              s->shape.channels, call->dparams[1], call->pool);
    }
    if (call->dinputs[0] == NULL)
        return;
    run.packed = call->packed + s->backward_at;
    run.residual = call->adds_dinput[0] ? call->dinputs[0] : NULL;
    if (s->transposed) {
        run.y = call->dinputs[0];
        call->kernels->conv.forward(&run);
    } else {
        run.dx = call->dinputs[0];
        call->kernels->conv.input_gradient(&run);
    }
}
