/* The two layers of the neocognitron: S-cells, which extract features by learned weights, and C-cells, which
 * let the features move a little.
 *
 * K. Fukushima, "Neocognitron: A self-organizing neural network model for a mechanism of pattern recognition
 * unaffected by shift in position", Biological Cybernetics 36 (1980): the S-cells with their inhibitory
 * cells, equations 1 to 3. The C-cells are those of K. Fukushima, "Neocognitron: A hierarchical neural
 * network capable of visual pattern recognition", Neural Networks 1 (1988), without the lateral inhibition of
 * 1980. */
#include "layers/neocognitron.h"

#include "base/error.h"
#include "base/size.h"
#include "kernels/cells.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"
#include "layers/weighted.h"
#include "tensor/shape.h"

/* Of both kinds; each has its own arguments in it. */
typedef struct config {
    int64_t planes, competition;
    stria_sizes kernel_size, strides;
    stria_padding padding;
    double selectivity, learning_selectivity, decay, alpha;
    stria_initializer kernel_initializer, inhibition_initializer;
} config;

#define LARGEST ((double)(1 << 30))

/* Windows of fixed weights are tables: no picture needs a wider one. */
#define LARGEST_WINDOW 1024

#define DECAY_ROW                                                                                            \
    {                                                                                                        \
        "decay", STRIA_ARG_NUMBER, offsetof(config, decay), "0.9", 1e-3, 1, NULL,                            \
            "how the fixed weights fall with each pixel from the centre of the window"                       \
    }

static stria_status solve(const config *c, const stria_shape *input, stria_axis axes[3], stria_window *window,
                          stria_error *err)
{
    static const stria_sizes one = {1, {1}};
    const stria_sizes *strides = c->strides.count == 0 ? &one : &c->strides;
    return stria_window_solve(input, &c->kernel_size, strides, &one, &c->padding, axes, window, err);
}

/* Output and field of a layer with `channels` feature maps. */
static stria_status shape_of(const config *c, const stria_shape *input, int64_t channels, stria_axis axes[3],
                             stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(solve(c, input, axes, NULL, err));
    facts->output = (stria_shape){3, {axes[0].out, axes[1].out, channels}};
    for (int a = 0; a < 2; a++) {
        facts->field[a] = axes[a].kernel;
        facts->field_stride[a] = axes[a].stride;
        facts->field_before[a] = axes[a].before;
    }
    return STRIA_OK;
}

/* Multiply-adds: `each` for one output pixel. */
static stria_status count_macs(int64_t each, stria_layer_facts *facts, stria_error *err)
{
    const int64_t *out = facts->output.sizes;
    int64_t pixels;
    facts->macs = -1;
    if (out[0] == STRIA_ANY_SIZE || out[1] == STRIA_ANY_SIZE || each < 0)
        return STRIA_OK;
    if (!stria_count_multiply(out[0], out[1], &pixels) || !stria_count_multiply(pixels, each, &facts->macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    return STRIA_OK;
}

static size_t pixels_of(const size_t sizes[3], size_t batch)
{
    return batch * stria_size_volume(sizes);
}

/* ---- s_cells ---- */

static const stria_argument s_arguments[] = {
    {"planes", STRIA_ARG_INTEGER, offsetof(config, planes), NULL, 1, LARGEST, NULL,
     "number of cell planes: feature maps whose cells share their weights"},
    {"kernel_size", STRIA_ARG_SIZES, offsetof(config, kernel_size), NULL, 1, LARGEST_WINDOW, NULL,
     "rows x columns of the window; one number for both"},
    {"selectivity", STRIA_ARG_NUMBER, offsetof(config, selectivity), "4", 1e-6, 1e6, NULL,
     "r: how little a feature may differ from the learned one; it answers above a likeness of r/(1+r)"},
    {"padding", STRIA_ARG_PADDING, offsetof(config, padding), "same", 0, LARGEST, NULL,
     "zeros around the input: valid (none), same, or numbers"},
    DECAY_ROW,
    {"learning_selectivity", STRIA_ARG_NUMBER, offsetof(config, learning_selectivity), "0", 0, 1e6, NULL,
     "r while winners take all; 0: selectivity"},
    {"competition", STRIA_ARG_INTEGER, offsetof(config, competition), "5", 1, LARGEST_WINDOW, NULL,
     "rows and columns around a winner in which no other cell learns"},
    {"kernel_initializer", STRIA_ARG_INITIALIZER, offsetof(config, kernel_initializer), "glorot_uniform", 0,
     0, NULL, "how the excitatory weights start"},
    {"inhibition_initializer", STRIA_ARG_INITIALIZER, offsetof(config, inhibition_initializer), "zeros", 0, 0,
     NULL, "how the inhibitory weights start"},
};

typedef struct s_state {
    stria_weighted sums; /* the excitatory sums are a convolution without bias */
    stria_cells_response cells;
    size_t weights_at; /* floats into packed, where the window's fixed weights stand */
    size_t v_at;       /* floats into saved (training) or scratch: the inhibitory cells */
    size_t power_at,
        gradient_at; /* floats into scratch: a number for each input pixel, for each output pixel */
} s_state;

static stria_status s_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                            stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels, kernel;
    stria_axis axes[3];
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "s_cells", err));
    STRIA_TRY(stria_require_channels(&inputs[0], "s_cells", &channels, err));
    if (c->competition % 2 == 0)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "competition %lld is even: a square around a winner is odd, as %lld",
                          (long long)c->competition, (long long)c->competition + 1);
    STRIA_TRY(shape_of(c, &inputs[0], c->planes, axes, facts, err));
    facts->params[0] = (stria_param_spec){
        .name = "kernel",
        .shape = {4, {axes[0].kernel, axes[1].kernel, channels, c->planes}},
        .initializer = c->kernel_initializer,
        .trainable = true,
    };
    facts->params[1] = (stria_param_spec){
        .name = "inhibition",
        .shape = {1, {c->planes}},
        .initializer = c->inhibition_initializer,
        .trainable = true,
    };
    facts->param_count = 2;
    STRIA_TRY(stria_shape_count(&facts->params[0].shape, &kernel, err));
    /* The convolution, the inhibitory cell's window, and b*v. */
    return count_macs(kernel + axes[0].kernel * axes[1].kernel + c->planes, facts, err);
}

static void s_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    s_state *s = call->state;
    stria_axis axes[3];
    stria_window *w = &s->sums.shape.window;
    solve(c, call->input_shapes[0], axes, w, NULL);
    s->sums.shape.channels = (size_t)call->input_shapes[0]->sizes[2];
    s->sums.shape.filters = (size_t)c->planes;
    s->sums.shape.groups = 1;
    s->sums.samples = 1;
    stria_weighted_bind(call, &s->sums, needs);
    s->cells.planes = (size_t)c->planes;
    s->cells.selectivity = (float)c->selectivity;

    const size_t inputs = stria_size_round_up(pixels_of(w->in, call->batch), 16);
    const size_t outputs = stria_size_round_up(pixels_of(w->out, call->batch), 16);
    s->weights_at = stria_size_round_up(needs->packed, 16);
    needs->packed = s->weights_at + stria_size_volume(w->kernel);
    s->power_at = stria_size_round_up(needs->scratch, 16);
    s->gradient_at = s->power_at + inputs;
    needs->scratch = s->gradient_at + outputs;
    s->v_at = s->gradient_at;
    if (call->differentiates) {
        s->v_at = stria_size_round_up(needs->saved / sizeof(float), 16);
        needs->saved = (s->v_at + outputs) * sizeof(float);
        needs->backward_reads_output = true;
        needs->backward_keeps_dy = false;
    }
}

/* The convolution's view of the call: it has a kernel alone. */
static stria_layer_call sums_call(const stria_layer_call *call)
{
    stria_layer_call sums = *call;
    sums.params[1] = sums.dparams[1] = NULL;
    return sums;
}

/* The inhibitory cell takes the mean square of its window by weights that sum to 1 over taps and channels. */
static void s_pack(const stria_layer_call *call)
{
    const config *c = call->config;
    const s_state *s = call->state;
    const stria_layer_call sums = sums_call(call);
    stria_weighted_pack(&sums);
    stria_cells_weights(&s->sums.shape.window, c->decay, 1.0 / (double)s->sums.shape.channels,
                        call->packed + s->weights_at);
}

static stria_cells_blur s_blur(const stria_layer_call *call)
{
    const s_state *s = call->state;
    return (stria_cells_blur){
        .window = &s->sums.shape.window,
        .weights = call->packed + s->weights_at,
        .channels = 1,
        .batch = call->batch,
    };
}

static float *inhibitory_cells(const stria_layer_call *call)
{
    const s_state *s = call->state;
    return (call->differentiates ? (float *)call->saved : call->scratch) + s->v_at;
}

static stria_cells_response response_of(const stria_layer_call *call)
{
    const s_state *s = call->state;
    stria_cells_response cells = s->cells;
    cells.rows = pixels_of(s->sums.shape.window.out, call->batch);
    cells.inhibition = call->params[1];
    cells.v = inhibitory_cells(call);
    return cells;
}

static void s_forward(const stria_layer_call *call)
{
    const s_state *s = call->state;
    const stria_window *w = &s->sums.shape.window;
    const stria_layer_call sums = sums_call(call);
    const stria_cells_blur blur = s_blur(call);
    float *power = call->scratch + s->power_at, *v = inhibitory_cells(call);
    stria_cells_power(call->inputs[0], pixels_of(w->in, call->batch), s->sums.shape.channels, power,
                      call->pool);
    stria_cells_blur_forward(&blur, power, v, call->pool);
    stria_cells_root(v, pixels_of(w->out, call->batch), call->pool);
    stria_weighted_forward(&sums);
    const stria_cells_response cells = response_of(call);
    stria_cells_respond(&cells, call->output, call->output, call->pool);
}

static void s_backward(const stria_layer_call *call)
{
    const s_state *s = call->state;
    const stria_window *w = &s->sums.shape.window;
    const stria_layer_call sums = sums_call(call);
    const stria_cells_response cells = response_of(call);
    float *dv = call->dinputs[0] != NULL ? call->scratch + s->gradient_at : NULL;
    stria_cells_respond_gradient(&cells, call->output, call->dy, call->dy, call->dparams[1], dv, call->pool);
    stria_weighted_backward(&sums);
    if (dv == NULL)
        return;
    const stria_cells_blur blur = s_blur(call);
    float *dpower = call->scratch + s->power_at;
    stria_cells_root_gradient(cells.v, dv, cells.rows, call->pool);
    stria_cells_blur_backward(&blur, dv, dpower, false, call->pool);
    stria_cells_power_gradient(call->inputs[0], dpower, pixels_of(w->in, call->batch), s->sums.shape.channels,
                               call->dinputs[0], call->pool);
}

bool stria_s_cells_read(const stria_layer_kind *kind, const void *settings, const stria_shape *input,
                        stria_s_cells *cells)
{
    const config *c = settings;
    stria_axis axes[3];
    if (kind != &stria_kind_s_cells)
        return false;
    *cells = (stria_s_cells){
        .channels = (size_t)input->sizes[2],
        .planes = (size_t)c->planes,
        .learning_selectivity = c->learning_selectivity > 0 ? c->learning_selectivity : c->selectivity,
        .decay = c->decay,
        .competition = (size_t)c->competition,
    };
    solve(c, input, axes, &cells->window, NULL);
    return true;
}

const stria_layer_kind stria_kind_s_cells = {
    .name = "s_cells",
    .aliases = "scells",
    .keras_class = "SCells",
    .title = "The feature-extracting cells of the neocognitron (1980; Keras has no such layer).",
    .formula = "u[i,j,k] = r * max(0, (1 + e) / (1 + r/(1+r) * max(0, inhibition[k]) * v) - 1)\n"
               "e = sum over rows p, columns q, channels c of x[i+p-P, j+q-P, c] * kernel[p,q,c,k]\n"
               "v = sqrt(sum over p, q, c of w[p,q] * x[i+p-P, j+q-P, c]^2)\n"
               "w falls as decay^distance from the centre and sums to 1 over p, q and c\n"
               "parameters: F*F*C*K + K; learned by winner-take-all (stria train --learn) or by gradients",
    .example = "s_cells 16 5 selectivity=3",
    .config_size = sizeof(config),
    .arguments = s_arguments,
    .argument_count = sizeof s_arguments / sizeof s_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(s_state),
    .shape = s_shape,
    .bind = s_bind,
    .pack = s_pack,
    .forward = s_forward,
    .backward = s_backward,
};

/* ---- c_cells ---- */

static const stria_argument c_arguments[] = {
    {"kernel_size", STRIA_ARG_SIZES, offsetof(config, kernel_size), NULL, 1, LARGEST_WINDOW, NULL,
     "rows x columns of the window; one number for both"},
    {"strides", STRIA_ARG_SIZES, offsetof(config, strides), "1", 1, LARGEST, NULL,
     "how far the window moves at each step"},
    {"alpha", STRIA_ARG_NUMBER, offsetof(config, alpha), "0.5", 1e-6, 1e6, NULL,
     "the sum that gives half of the largest response"},
    {"padding", STRIA_ARG_PADDING, offsetof(config, padding), "same", 0, LARGEST, NULL,
     "zeros around the input: valid (none), same, or numbers"},
    DECAY_ROW,
};

typedef struct c_state {
    stria_window window;
    size_t channels;
} c_state;

static stria_status c_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                            stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    stria_axis axes[3];
    int64_t channels = inputs[0].rank > 0 ? inputs[0].sizes[inputs[0].rank - 1] : 0, each = -1;
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "c_cells", err));
    STRIA_TRY(shape_of(c, &inputs[0], channels, axes, facts, err));
    if (channels != STRIA_ANY_SIZE && !stria_count_multiply(axes[0].kernel * axes[1].kernel, channels, &each))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    return count_macs(each, facts, err);
}

static void c_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    c_state *s = call->state;
    stria_axis axes[3];
    solve(call->config, call->input_shapes[0], axes, &s->window, NULL);
    s->channels = (size_t)call->input_shapes[0]->sizes[2];
    needs->packed = stria_size_volume(s->window.kernel);
    needs->backward_reads_output = call->differentiates;
    needs->backward_adds = true;
    needs->kernel = "blur and saturate";
}

static void c_pack(const stria_layer_call *call)
{
    const config *c = call->config;
    const c_state *s = call->state;
    stria_cells_weights(&s->window, c->decay, 1, call->packed);
}

static stria_cells_blur c_blur(const stria_layer_call *call)
{
    const c_state *s = call->state;
    return (stria_cells_blur){
        .window = &s->window, .weights = call->packed, .channels = s->channels, .batch = call->batch};
}

static void c_forward(const stria_layer_call *call)
{
    const config *c = call->config;
    const stria_cells_blur blur = c_blur(call);
    stria_cells_blur_forward(&blur, call->inputs[0], call->output, call->pool);
    stria_cells_saturate((float)c->alpha, call->output, call->output, stria_call_output_count(call),
                         call->pool);
}

static void c_backward(const stria_layer_call *call)
{
    const config *c = call->config;
    const stria_cells_blur blur = c_blur(call);
    if (call->dinputs[0] == NULL)
        return;
    stria_cells_saturate_gradient((float)c->alpha, call->output, call->dy, call->dy,
                                  stria_call_output_count(call), call->pool);
    stria_cells_blur_backward(&blur, call->dy, call->dinputs[0], call->adds_dinput[0], call->pool);
}

const stria_layer_kind stria_kind_c_cells = {
    .name = "c_cells",
    .aliases = "ccells",
    .keras_class = "CCells",
    .title = "The blurring cells of the neocognitron (as of 1988; Keras has no such layer).",
    .formula = "s[i,j,c] = sum over rows p, columns q of w[p,q] * x[i*S + p - P, j*S + q - P, c]\n"
               "y = s / (alpha + s) where s > 0, else 0\n"
               "w falls as decay^distance from the centre and sums to 1",
    .example = "c_cells 5 strides=2",
    .config_size = sizeof(config),
    .arguments = c_arguments,
    .argument_count = sizeof c_arguments / sizeof c_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(c_state),
    .shape = c_shape,
    .bind = c_bind,
    .pack = c_pack,
    .forward = c_forward,
    .backward = c_backward,
};
