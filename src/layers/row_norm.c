/* Normalisation of each sample by its own numbers along some axes: layer normalisation (Ba et al., 2016), by
 * the root mean square (Zhang and Sennrich, NeurIPS 2019) and to unit length. */
#include <string.h>

#include "base/error.h"
#include "kernels/normalize.h"
#include "kernels/rows.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/params.h"
#include "tensor/shape.h"

typedef struct config {
    stria_sizes axis;
    double epsilon;
    bool center, scale;
    stria_param_config beta, gamma;
} config;

/* The sample is [outer, columns, inner], and what lies along the middle axis is a row. */
typedef struct state {
    stria_row_norm norm;
    double epsilon;
    size_t outer, columns, inner;
    int gamma, beta; /* index of the parameter, -1 for none */
} state;

#define AXES(help)                                                                                           \
    {                                                                                                        \
        "axis", STRIA_ARG_SIZES, offsetof(config, axis), "-1", -STRIA_MAX_RANK, STRIA_MAX_RANK, NULL, help   \
    }

/* The first and the last of the axes, as indices in a shape without the batch. They must be neighbours. */
static stria_status find_axes(const stria_sizes *axes, const stria_shape *shape, const char *kind, int *first,
                              int *last, stria_error *err)
{
    *first = STRIA_MAX_RANK;
    *last = -1;
    for (int i = 0; i < axes->count; i++) {
        int axis;
        STRIA_TRY(stria_find_axis(axes->values[i], shape, kind, &axis, err));
        *first = axis < *first ? axis : *first;
        *last = axis > *last ? axis : *last;
    }
    if (*last - *first + 1 == axes->count)
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                      "%s: axes must be neighbours, each named once; 'permute' brings them together", kind);
}

static stria_status shape_of(const config *c, const stria_shape *input, const char *kind,
                             stria_layer_facts *facts, stria_shape *each, stria_error *err)
{
    int first, last;
    facts->output = *input;
    STRIA_TRY(find_axes(&c->axis, input, kind, &first, &last, err));
    *each = (stria_shape){.rank = last - first + 1};
    memcpy(each->sizes, input->sizes + first, (size_t)each->rank * sizeof each->sizes[0]);
    facts->sees_all = first == 0 && input->rank > 1;
    return STRIA_OK;
}

/* Parameters are as large as a row, along the last axes. */
static stria_status require_last(const stria_shape *input, const config *c, const stria_shape *each,
                                 const char *kind, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    int first, last;
    STRIA_TRY(find_axes(&c->axis, input, kind, &first, &last, err));
    if (last != input->rank - 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "%s runs over the last axes; axis %d of %s is not among them", kind, input->rank,
                          stria_shape_text(input, text, sizeof text));
    for (int a = 0; a < each->rank; a++)
        if (each->sizes[a] == STRIA_ANY_SIZE)
            return stria_fail(err, STRIA_ERROR_SHAPE,
                              "%s has parameters for each number along its axes and needs to know how many: "
                              "its input is %s",
                              kind, stria_shape_text(input, text, sizeof text));
    return STRIA_OK;
}

static void bind_rows(stria_layer_call *call, stria_row_norm norm, double epsilon, int gamma, int beta,
                      stria_layer_needs *needs)
{
    const config *c = call->config;
    const stria_shape *shape = call->input_shapes[0];
    state *s = call->state;
    int first = 0, last = 0;
    find_axes(&c->axis, shape, "", &first, &last, NULL);
    *s = (state){
        .norm = norm, .epsilon = epsilon, .outer = 1, .columns = 1, .inner = 1, .gamma = gamma, .beta = beta};
    for (int a = 0; a < shape->rank; a++)
        *(a < first ? &s->outer : a <= last ? &s->columns : &s->inner) *= (size_t)shape->sizes[a];
    const size_t count = stria_call_output_count(call), rows = count / s->columns;
    needs->backward_in_place = true;
    needs->backward_reads_input = call->differentiates;
    needs->saved = call->differentiates ? 2 * rows * sizeof(float) : 0;
    needs->scratch = s->inner > 1 ? (call->differentiates ? 2 : 1) * count : 0;
    if (call->differentiates && gamma >= 0)
        needs->scratch = stria_rows_scale_gradient_scratch(s->columns); /* inner is 1 */
    needs->kernel = "rows";
}

static const float *param(const stria_layer_call *call, int index)
{
    return index < 0 ? NULL : call->params[index];
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    const size_t outer = s->outer * call->batch, rows = outer * s->inner;
    float *mean = call->saved, *inverse = mean != NULL ? mean + rows : NULL;
    float *y = s->inner > 1 ? call->scratch : call->output;
    const float *x = call->inputs[0];
    if (s->inner > 1) {
        stria_rows_gather(x, outer, s->columns, s->inner, y, call->pool);
        x = y;
    }
    stria_rows_normalize(s->norm, s->epsilon, x, rows, s->columns, param(call, s->gamma),
                         param(call, s->beta), y, mean, inverse, call->pool);
    if (s->inner > 1)
        stria_rows_gather(y, outer, s->inner, s->columns, call->output, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const size_t outer = s->outer * call->batch, rows = outer * s->inner;
    const float *mean = call->saved, *inverse = mean + rows, *x = call->inputs[0], *dy = call->dy;
    float *dx = call->dinputs[0];
    if (s->gamma >= 0 && call->dparams[s->gamma] != NULL)
        stria_rows_scale_gradient(x, dy, mean, inverse, rows, s->columns, call->dparams[s->gamma],
                                  call->scratch, call->pool);
    if (s->beta >= 0 && call->dparams[s->beta] != NULL)
        call->kernels->reduce.column_sums(dy, rows, s->columns, call->dparams[s->beta], call->pool);
    if (dx == NULL)
        return;
    if (s->inner > 1) {
        float *gathered = call->scratch;
        dx = gathered + rows * s->columns;
        stria_rows_gather(x, outer, s->columns, s->inner, gathered, call->pool);
        stria_rows_gather(dy, outer, s->columns, s->inner, dx, call->pool);
        x = gathered;
        dy = dx;
    }
    stria_rows_normalize_gradient(s->norm, s->epsilon, x, dy, param(call, s->gamma), mean, inverse, rows,
                                  s->columns, dx, call->pool);
    if (s->inner > 1)
        stria_rows_gather(dx, outer, s->inner, s->columns, call->dinputs[0], call->pool);
}

/* ---- layernorm ---- */

static const stria_argument layer_arguments[] = {
    AXES("the axes of a row, such as 1,2,3; -1 is the last"),
    {"epsilon", STRIA_ARG_NUMBER, offsetof(config, epsilon), "0.001", 1e-12, 1, NULL,
     "added to the variance"},
    {"center", STRIA_ARG_BOOLEAN, offsetof(config, center), "yes", 0, 0, NULL, "learn an offset beta"},
    {"scale", STRIA_ARG_BOOLEAN, offsetof(config, scale), "yes", 0, 0, NULL, "learn a factor gamma"},
    STRIA_PARAM_ARGUMENTS(config, "beta", beta, "zeros", "beta"),
    STRIA_PARAM_ARGUMENTS(config, "gamma", gamma, "ones", "gamma"),
};

static stria_status layer_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    stria_shape each;
    STRIA_TRY(shape_of(c, &inputs[0], "layernorm", facts, &each, err));
    STRIA_TRY(require_last(&inputs[0], c, &each, "layernorm", err));
    if (c->scale)
        facts->params[facts->param_count++] = stria_param("gamma", each, &c->gamma);
    if (c->center)
        facts->params[facts->param_count++] = stria_param("beta", each, &c->beta);
    return STRIA_OK;
}

static void layer_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    bind_rows(call, STRIA_ROW_LAYER, c->epsilon, c->scale ? 0 : -1, c->center ? (c->scale ? 1 : 0) : -1,
              needs);
}

const stria_layer_kind stria_kind_layernorm = {
    .name = "layernorm",
    .aliases = "layer_normalization",
    .keras_class = "LayerNormalization",
    .onnx_operator = "LayerNormalization",
    .title = "Mean 0 and deviation 1 along the last axes of each sample, then a learned factor and offset.",
    .formula = "y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance of each row",
    .example = "layernorm",
    .config_size = sizeof(config),
    .arguments = layer_arguments,
    .argument_count = sizeof layer_arguments / sizeof layer_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = layer_shape,
    .bind = layer_bind,
    .forward = forward,
    .backward = backward,
};

/* ---- rmsnorm ---- */

static const stria_argument rms_arguments[] = {
    AXES("the axes of a row, such as 1,2,3; -1 is the last"),
    {"epsilon", STRIA_ARG_NUMBER, offsetof(config, epsilon), "1e-6", 1e-12, 1, NULL,
     "added to the mean of the squares"},
};

static stria_status rms_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                              stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    stria_shape each;
    STRIA_TRY(shape_of(c, &inputs[0], "rmsnorm", facts, &each, err));
    STRIA_TRY(require_last(&inputs[0], c, &each, "rmsnorm", err));
    facts->params[0] = (stria_param_spec){"scale", each, STRIA_START_ONES, .trainable = true};
    facts->param_count = 1;
    return STRIA_OK;
}

static void rms_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    bind_rows(call, STRIA_ROW_RMS, c->epsilon, 0, -1, needs);
}

const stria_layer_kind stria_kind_rmsnorm = {
    .name = "rmsnorm",
    .aliases = "rms_normalization",
    .keras_class = "RMSNormalization",
    .onnx_operator = "RMSNormalization",
    .title = "Root mean square 1 along the last axes of each sample, then a learned factor.",
    .formula = "y = scale * x / sqrt(mean of x^2 + epsilon)",
    .example = "rmsnorm",
    .config_size = sizeof(config),
    .arguments = rms_arguments,
    .argument_count = sizeof rms_arguments / sizeof rms_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = rms_shape,
    .bind = rms_bind,
    .forward = forward,
    .backward = backward,
};

/* ---- unitnorm ---- */

static const stria_argument unit_arguments[] = {AXES("the axes of what gets length 1; -1 is the last")};

static stria_status unit_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    stria_shape each;
    return shape_of(settings, &inputs[0], "unitnorm", facts, &each, err);
}

static void unit_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_rows(call, STRIA_ROW_UNIT, 1e-12, -1, -1, needs);
}

const stria_layer_kind stria_kind_unitnorm = {
    .name = "unitnorm",
    .aliases = "unit_normalization",
    .keras_class = "UnitNormalization",
    .onnx_operator = "LpNormalization",
    .title = "Length 1 along some axes of each sample.",
    .formula = "y = x / sqrt(sum of x^2), at most 1e12 x",
    .example = "unitnorm",
    .config_size = sizeof(config),
    .arguments = unit_arguments,
    .argument_count = sizeof unit_arguments / sizeof unit_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = unit_shape,
    .bind = unit_bind,
    .forward = forward,
    .backward = backward,
};
