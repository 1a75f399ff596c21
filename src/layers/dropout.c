/* Dropout (Srivastava et al., JMLR 2014), inverted: what is kept is scaled up while training, so that
 * inference is the identity. Of single numbers, of whole feature maps (Tompson et al., CVPR 2015), or as
 * noise_shape says; and alpha dropout (Klambauer et al., NIPS 2017), which keeps the mean 0 and variance 1 of
 * activations of selu. Which numbers are dropped is a function of seed, step, layer and place: backward draws
 * them again. */
#include <math.h>

#include "base/error.h"
#include "kernels/noise.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/random.h"

/* What selu tends to for large negative inputs, -alpha * scale: where dropped numbers go. */
#define SELU_FLOOR (-1.6732632423543772 * 1.0507009873554805)

typedef struct config {
    double rate;
    stria_shape noise_shape;
    int64_t seed;
} config;

typedef struct state {
    bool plain; /* a draw for every number and nothing but factors: the vectorised kernel does it all */
    stria_mask mask;
    stria_mask_effect forward, backward;
} state;

#define RATE_ARGUMENT                                                                                        \
    {                                                                                                        \
        "rate", STRIA_ARG_NUMBER, offsetof(config, rate), NULL, 0, 0.999999, NULL,                           \
            "share of the numbers to drop"                                                                   \
    }

static const stria_argument arguments[] = {
    RATE_ARGUMENT,
    {"noise_shape", STRIA_ARG_SHAPE, offsetof(config, noise_shape), "", 0, 0, NULL,
     "sizes of the draws for one sample: 1 where all along an axis share one, else the input's or ?"},
    STRIA_SEED_ARGUMENT(config),
};

static const stria_argument spatial_arguments[] = {
    RATE_ARGUMENT,
    STRIA_SEED_ARGUMENT(config),
};

/* Spatial dropout: a draw for each channel. */
static void solve_spatial(const stria_shape *input, stria_mask *mask)
{
    int64_t draws[STRIA_MAX_RANK];
    for (int a = 0; a < input->rank; a++)
        draws[a] = a == input->rank - 1 ? input->sizes[a] : 1;
    stria_mask_solve(input->rank, input->sizes, draws, mask);
}

static void solve(const config *c, const stria_shape *input, stria_mask *mask)
{
    int64_t draws[STRIA_MAX_RANK];
    for (int a = 0; a < input->rank; a++)
        draws[a] = c->noise_shape.rank > 0 && c->noise_shape.sizes[a] == 1 ? 1 : input->sizes[a];
    stria_mask_solve(input->rank, input->sizes, draws, mask);
}

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    const stria_shape *input = &inputs[0];
    if (c->noise_shape.rank > 0 && c->noise_shape.rank != input->rank)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "noise_shape has %d sizes and the input %d: it is that of one sample, without the batch",
            c->noise_shape.rank, input->rank);
    for (int a = 0; a < c->noise_shape.rank; a++) {
        const int64_t draws = c->noise_shape.sizes[a], size = input->sizes[a];
        if (draws != 1 && draws != STRIA_ANY_SIZE && size != STRIA_ANY_SIZE && draws != size)
            return stria_fail(
                err, STRIA_ERROR_SHAPE,
                "size %lld of noise_shape is neither 1 nor the input's %lld; ? takes the input's",
                (long long)draws, (long long)size);
    }
    facts->output = *input;
    return STRIA_OK;
}

static stria_status spatial_shape(int axes, const char *kind, const stria_shape *input,
                                  stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, axes, kind, err));
    facts->output = *input;
    return STRIA_OK;
}

/* What binding has in common once the mask is solved. */
static void bind_mask(stria_layer_call *call, stria_layer_needs *needs, const char *name)
{
    const config *c = call->config;
    const state *s = call->state;
    stria_random_bind(call, c->seed, STRIA_RANDOM_DROPOUT);
    needs->view = !call->training || !(c->rate > 0);
    needs->backward_in_place = true;
    needs->scratch = needs->view || s->plain ? 0 : call->batch * s->mask.draws;
    needs->kernel = needs->view ? "" : name;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    solve(c, call->input_shapes[0], &s->mask);
    s->plain = s->mask.draws == s->mask.elements;
    s->forward = s->backward = (stria_mask_effect){.kept_factor = 1.0F / (1.0F - (float)c->rate)};
    bind_mask(call, needs, "dropout");
}

static void spatial_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    solve_spatial(call->input_shapes[0], &s->mask);
    s->plain = s->mask.draws == s->mask.elements;
    s->forward = s->backward = (stria_mask_effect){.kept_factor = 1.0F / (1.0F - (float)c->rate)};
    bind_mask(call, needs, "dropout");
}

/* y = a * (kept ? x : floor) + b, where a and b bring mean and variance back to 0 and 1. */
static void alpha_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    const double a = 1.0 / sqrt((1.0 - c->rate) * (1.0 + c->rate * SELU_FLOOR * SELU_FLOOR));
    const double b = -a * SELU_FLOOR * c->rate;
    solve(c, call->input_shapes[0], &s->mask);
    s->forward = (stria_mask_effect){(float)a, (float)b, (float)(a * SELU_FLOOR + b)};
    s->backward = (stria_mask_effect){.kept_factor = (float)a};
    bind_mask(call, needs, "alpha dropout");
}

static void apply(const stria_layer_call *call, const stria_mask_effect *effect, const float *x, float *y)
{
    const config *c = call->config;
    const state *s = call->state;
    if (s->plain)
        call->kernels->elementwise.dropout(&call->random, (float)c->rate, x, y, stria_call_output_count(call),
                                           call->pool);
    else
        stria_mask_apply(call->kernels, &call->random, (float)c->rate, &s->mask, effect, x, y, call->batch,
                         call->scratch, call->pool);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    apply(call, &s->forward, call->inputs[0], call->output);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (call->dinputs[0] != NULL)
        apply(call, &s->backward, call->dy, call->dinputs[0]);
}

#define DROPOUT_TABLE(list)                                                                                  \
    .config_size = sizeof(config), .arguments = (list), .argument_count = sizeof(list) / sizeof(list)[0],    \
    .min_inputs = 1, .max_inputs = 1, .state_size = sizeof(state), .forward = forward, .backward = backward

const stria_layer_kind stria_kind_dropout = {
    .name = "dropout",
    .aliases = "",
    .keras_class = "Dropout",
    .onnx_operator = "Dropout",
    .title = "Drops a random share of the numbers while training.",
    .formula = "y = x / (1 - rate) with probability 1 - rate, else 0; at inference y = x",
    .example = "dropout 0.5",
    .shape = shape,
    .bind = bind,
    DROPOUT_TABLE(arguments),
};

const stria_layer_kind stria_kind_alpha_dropout = {
    .name = "alpha_dropout",
    .aliases = "",
    .keras_class = "AlphaDropout",
    .title = "Dropout that keeps mean 0 and variance 1, for networks of selu.",
    .formula =
        "y = a * (x with probability 1 - rate, else f) + b; at inference y = x\n"
        "f = -1.7581 (the floor of selu), a = ((1 - rate) * (1 + rate * f^2))^(-1/2), b = -a * f * rate",
    .example = "alpha_dropout 0.1",
    .shape = shape,
    .bind = alpha_bind,
    DROPOUT_TABLE(arguments),
};

/* Spatial dropout of `n` axes. */
#define SPATIAL(n, sample)                                                                                   \
    static stria_status shape_##n(const void *settings, const stria_shape *inputs, size_t input_count,       \
                                  stria_layer_facts *facts, stria_error *err)                                \
    {                                                                                                        \
        (void)settings, (void)input_count;                                                                   \
        return spatial_shape(n, "spatial_dropout" #n "d", &inputs[0], facts, err);                           \
    }                                                                                                        \
    const stria_layer_kind stria_kind_spatial_dropout##n##d = {                                              \
        .name = "spatial_dropout" #n "d",                                                                    \
        .aliases = "",                                                                                       \
        .keras_class = "SpatialDropout" #n "D",                                                              \
        .title = "Drops whole feature maps of " sample " while training.",                                   \
        .formula =                                                                                           \
            "y[..., c] = x[..., c] / (1 - rate) with probability 1 - rate for each sample and c, else 0\n"   \
            "at inference y = x",                                                                            \
        .example = "spatial_dropout" #n "d 0.2",                                                             \
        .shape = shape_##n,                                                                                  \
        .bind = spatial_bind,                                                                                \
        DROPOUT_TABLE(spatial_arguments),                                                                    \
    };

SPATIAL(1, "signals")
SPATIAL(2, "pictures")
SPATIAL(3, "volumes")
