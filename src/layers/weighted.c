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
    facts->params[0] = (stria_param_spec){
        .name = "kernel", .shape = *shape, .initializer = config->kernel_initializer, .trainable = true};
    facts->params[1] = (stria_param_spec){
        .name = "bias", .shape = {1, {filters}}, .initializer = config->bias_initializer, .trainable = true};
    facts->param_count = config->use_bias ? 2 : 1;
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

void stria_weighted_bind(stria_layer_call *call, stria_weighted *s, stria_layer_needs *needs)
{
    const stria_conv_kernels *conv = &call->kernels->conv;
    size_t batch = call->batch * s->samples;
    stria_conv_needs floats = {0};
    if (call->taken.activation.kind != STRIA_LINEAR)
        s->activation = call->taken.activation;
    s->shape.algorithm = conv->choose(&s->shape, batch, call->algorithm);
    conv->needs(&s->shape, batch, stria_pool_workers(call->pool), call->training, &floats);
    s->transposes = call->training && call->wants_dinput;
    s->keeps_copy = call->training && floats.kept > 0;
    s->saves_sum = stria_epilogue_saves_sum(call, s->activation);
    /* Parts of one buffer start at multiples of a vector. */
    s->transposed_at = stria_size_round_up(floats.packed, 16);
    s->sum_at = s->keeps_copy ? stria_size_round_up(floats.kept, 16) + 16 : 0;
    needs->packed = s->transposes ? s->transposed_at + floats.packed_transposed : floats.packed;
    size_t sum = s->saves_sum ? stria_call_output_count(call) : 0;
    needs->saved = (s->saves_sum ? s->sum_at + sum : s->keeps_copy ? floats.kept : 0) * sizeof(float);
    needs->scratch = floats.forward_scratch;
    if (call->training) {
        if (needs->scratch < floats.kernel_gradient_scratch)
            needs->scratch = floats.kernel_gradient_scratch;
        if (s->transposes && needs->scratch < floats.input_gradient_scratch)
            needs->scratch = floats.input_gradient_scratch;
        needs->backward_reads_input = true;
        needs->backward_adds = true;
        needs->backward_keeps_dy = s->activation.kind == STRIA_LINEAR || call->derived;
        needs->backward_reads_output = s->activation.kind != STRIA_LINEAR && !s->saves_sum && !call->derived;
    }
    if (call->taken.scaling != NULL) {
        s->bias_at = stria_size_round_up(needs->packed, 16);
        needs->packed = s->bias_at + s->shape.filters;
        size_t kernel = kernel_count(&s->shape);
        needs->scratch = needs->scratch < kernel ? kernel : needs->scratch;
    }
    needs->kernel = conv->describe(&s->shape, batch);
}

#define FOLDED_TOGETHER 64 /* filters */

/* (sum of w * x + b) * factor + shift = sum of (w * factor) * x + (b * factor + shift): writes that kernel to
 * `kernel` and that bias to `bias`, each number computed in double and rounded once. */
static void fold(const stria_layer_call *call, const stria_conv_shape *shape, float *kernel, float *bias)
{
    const stria_taken *taken = &call->taken;
    size_t filters = shape->filters, rows = kernel_count(shape) / filters;
    for (size_t first = 0; first < filters; first += FOLDED_TOGETHER) {
        size_t count = filters - first < FOLDED_TOGETHER ? filters - first : FOLDED_TOGETHER;
        double factors[FOLDED_TOGETHER], shift;
        for (size_t k = 0; k < count; k++) {
            double own = call->params[1] != NULL ? (double)call->params[1][first + k] : 0;
            taken->scale(taken->scaling, first + k, &factors[k], &shift);
            bias[first + k] = (float)(own * factors[k] + shift);
        }
        for (size_t r = 0; r < rows; r++) {
            const float *from = call->params[0] + r * filters + first;
            float *to = kernel + r * filters + first;
            for (size_t k = 0; k < count; k++)
                to[k] = (float)((double)from[k] * factors[k]);
        }
    }
}

void stria_weighted_pack(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    const stria_conv_kernels *conv = &call->kernels->conv;
    const float *kernel = call->params[0];
    if (call->taken.scaling != NULL) {
        fold(call, &s->shape, call->scratch, call->packed + s->bias_at);
        kernel = call->scratch;
    }
    conv->pack(&s->shape, kernel, call->packed, call->pool);
    if (s->transposes)
        conv->pack_transposed(&s->shape, call->params[0], call->packed + s->transposed_at, call->pool);
}

/* What one call of the kernels has in common in both directions. */
static stria_conv_call conv_call(const stria_layer_call *call, const stria_weighted *s)
{
    return (stria_conv_call){
        .shape = &s->shape,
        .batch = call->batch * s->samples,
        .x = call->inputs[0],
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
    float *sum = saved_sum(call, s);
    run.activation = stria_epilogue_fused(call, s->activation);
    run.packed = call->packed;
    run.bias = call->taken.scaling != NULL ? call->packed + s->bias_at : call->params[1];
    run.residual = call->taken.residual;
    run.y = sum != NULL ? sum : call->output;
    call->kernels->conv.forward(&run);
    stria_epilogue_forward(call, s->activation, run.y);
}

void stria_weighted_backward(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    if (!call->derived)
        stria_epilogue_backward(call, s->activation, saved_sum(call, s));
    stria_conv_call run = conv_call(call, s);
    run.dy = call->dy;
    if (call->dparams[0] != NULL) {
        run.dkernel = call->dparams[0];
        run.dbias = call->dparams[1];
        call->kernels->conv.kernel_gradient(&run);
    }
    if (call->dinputs[0] != NULL) {
        run.packed = call->packed + s->transposed_at;
        run.dx = call->dinputs[0];
        run.residual = call->adds_dinput[0] ? run.dx : NULL;
        call->kernels->conv.input_gradient(&run);
    }
}
