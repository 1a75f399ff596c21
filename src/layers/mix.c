/* Layers that mix each picture with another of its batch while training: mixup (Zhang et al., ICLR 2018) and
 * CutMix (Yun et al., ICCV 2019). The loss mixes the targets alike; it asks the plan for partners and
 * weights, which are drawn again for it as they are for backward.
 *
 * The partner of a sample is the one a random number of places further on in the batch, the same for all:
 * batches are shuffled, so every pair is as likely, and every sample is the partner of one other. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/augment.h"
#include "layers/kinds.h"
#include "layers/random.h"

/* Blocks of four words that a sample may draw, and the block of the draw for all. */
#define SAMPLE_BLOCKS 128
#define SHARED_BLOCK  ((uint64_t)1 << 31)

typedef struct config {
    double alpha;
    stria_range factor;
    int64_t seed;
} config;

static double uniform(const stria_layer_call *call, uint64_t block, uint64_t word)
{
    return (double)stria_random_uniform(&call->random, 4 * block + word);
}

/* How far on the partners are. */
static size_t shift_of(const stria_layer_call *call)
{
    return (size_t)(uniform(call, SHARED_BLOCK, 0) * (double)call->batch);
}

static size_t partner_of(const stria_layer_call *call, size_t sample)
{
    return (sample + shift_of(call)) % call->batch;
}

/* The logarithm of a gamma-distributed number of this shape, by rejection from blocks `first` on (Marsaglia
 * and Tsang, "A simple method for generating gamma variables", 2000); shapes below 1 by one above and a power
 * of a uniform. Sixteen rejections in a row, of one in twenty, do not happen. */
static double log_gamma_draw(const stria_layer_call *call, uint64_t first, double shape)
{
    const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3.0, c = 1 / sqrt(9 * d);
    double v = 1;
    for (uint64_t attempt = 0; attempt < 16; attempt++) {
        const double x = stria_random_normal(&call->random, first + 2 * attempt);
        const double u = 1 - uniform(call, first + 2 * attempt + 1, 0);
        v = pow(fmax(1 + c * x, 1e-9), 3);
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
            break;
    }
    const double power = shape < 1 ? log(1 - uniform(call, first + 1, 1)) / shape : 0;
    return log(d * v) + power;
}

/* A number of the beta distribution with both shapes the same; of logarithms, since small shapes make tiny
 * ones. */
static double beta_draw(const stria_layer_call *call, size_t sample, double shape)
{
    const uint64_t first = (uint64_t)sample * SAMPLE_BLOCKS;
    const double a = log_gamma_draw(call, first, shape), b = log_gamma_draw(call, first + 32, shape);
    return 1 / (1 + exp(b - a));
}

static void bind_kind(stria_layer_call *call, stria_layer_needs *needs, const char *name)
{
    const config *c = call->config;
    stria_random_bind(call, c->seed, STRIA_RANDOM_AUGMENT);
    needs->view = !call->training;
    needs->backward_keeps_dy = true;
    needs->kernel = needs->view ? "" : name;
}

static size_t sample_count(const stria_layer_call *call)
{
    size_t count = 1;
    for (int a = 0; a < call->output_shape->rank; a++)
        count *= (size_t)call->output_shape->sizes[a];
    return count;
}

/* ---- mixup ---- */

static const stria_argument mixup_arguments[] = {
    {"alpha", STRIA_ARG_NUMBER, offsetof(config, alpha), "0.2", 1e-6, 1e6, NULL,
     "of the beta distribution of the weights: small for hardly mixed, 1 for any"},
    STRIA_SEED_ARGUMENT(config),
};

static void mixup_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, "mixup");
}

static void mixup_mixes(const stria_layer_call *call, size_t sample, size_t *partner, double *weight)
{
    const config *c = call->config;
    *partner = partner_of(call, sample);
    *weight = beta_draw(call, sample, c->alpha);
}

static void mixup_sample(void *job, size_t sample, size_t worker)
{
    (void)worker;
    const stria_layer_call *call = job;
    const size_t count = sample_count(call);
    size_t partner;
    double weight;
    mixup_mixes(call, sample, &partner, &weight);
    const float *x = call->inputs[0] + sample * count, *other = call->inputs[0] + partner * count;
    float *y = call->output + sample * count;
    const float own = (float)weight, others = (float)(1 - weight);
    for (size_t e = 0; e < count; e++)
        y[e] = own * x[e] + others * other[e];
}

static void mixup_forward(const stria_layer_call *call)
{
    stria_pool_run(call->pool, call->batch, mixup_sample, (void *)(uintptr_t)call);
}

/* A sample's gradient comes from its own output and from that of the one whose partner it is. */
static size_t whose_partner(const stria_layer_call *call, size_t sample)
{
    return (sample + call->batch - shift_of(call)) % call->batch;
}

static void mixup_sample_back(void *job, size_t sample, size_t worker)
{
    (void)worker;
    const stria_layer_call *call = job;
    const size_t count = sample_count(call), whose = whose_partner(call, sample);
    size_t partner;
    double weight, other_weight;
    mixup_mixes(call, sample, &partner, &weight);
    mixup_mixes(call, whose, &partner, &other_weight);
    const float *dy = call->dy + sample * count, *other = call->dy + whose * count;
    float *dx = call->dinputs[0] + sample * count;
    const float own = (float)weight, others = (float)(1 - other_weight);
    for (size_t e = 0; e < count; e++)
        dx[e] = own * dy[e] + others * other[e];
}

static void mixup_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        stria_pool_run(call->pool, call->batch, mixup_sample_back, (void *)(uintptr_t)call);
}

const stria_layer_kind stria_kind_mixup = {
    .name = "mixup",
    .aliases = "mix_up",
    .keras_class = "MixUp",
    .title = "Mixes each sample and its target with another of the batch while training.",
    .formula =
        "y[n] = w x[n] + (1 - w) x[p], the same for targets; w drawn from beta(alpha, alpha) for each n,\n"
        "p the sample a random number of places further on in the batch",
    .example = "mixup 0.2",
    .config_size = sizeof(config),
    .arguments = mixup_arguments,
    .argument_count = sizeof mixup_arguments / sizeof mixup_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = stria_same_shape,
    .bind = mixup_bind,
    .forward = mixup_forward,
    .backward = mixup_backward,
    .mixes = mixup_mixes,
};

/* ---- CutMix ---- */

static const stria_argument cutmix_arguments[] = {
    {"factor", STRIA_ARG_RANGE, offsetof(config, factor), "1", 0, 1, NULL,
     "bounds of alpha of the beta distribution of the weights: f for 0 to f, or two numbers"},
    STRIA_SEED_ARGUMENT(config),
};

/* Rows and columns that come from the partner. */
typedef struct box {
    size_t top, bottom, left, right;
} box;

static box box_of(const stria_layer_call *call, size_t sample)
{
    const config *c = call->config;
    const uint64_t own = (uint64_t)sample * SAMPLE_BLOCKS + 64; /* behind those of beta_draw */
    const stria_shape *shape = call->output_shape;
    double low, high;
    box b;
    stria_augment_bounds(&c->factor, 0, &low, &high);
    const double alpha = low + (high - low) * uniform(call, own, 0) + 1e-6;
    const double ratio = sqrt(1 - beta_draw(call, sample, alpha));
    stria_augment_side(uniform(call, own, 1), ratio, (size_t)shape->sizes[0], &b.top, &b.bottom);
    stria_augment_side(uniform(call, own, 2), ratio, (size_t)shape->sizes[1], &b.left, &b.right);
    return b;
}

/* The weight is the share of pixels that stay. */
static void cutmix_mixes(const stria_layer_call *call, size_t sample, size_t *partner, double *weight)
{
    const stria_shape *shape = call->output_shape;
    const box b = box_of(call, sample);
    *partner = partner_of(call, sample);
    *weight = 1 - (double)(b.bottom - b.top) * (double)(b.right - b.left) /
                      ((double)shape->sizes[0] * (double)shape->sizes[1]);
}

static void cutmix_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, "cutmix");
}

static stria_status cutmix_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count;
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "cutmix", err));
    facts->output = inputs[0];
    return STRIA_OK;
}

static void cutmix_sample(void *job, size_t sample, size_t worker)
{
    (void)worker;
    const stria_layer_call *call = job;
    const size_t count = sample_count(call);
    const size_t channels = (size_t)call->output_shape->sizes[2],
                 width = (size_t)call->output_shape->sizes[1];
    const box b = box_of(call, sample);
    const float *other = call->inputs[0] + partner_of(call, sample) * count;
    float *y = call->output + sample * count;
    memcpy(y, call->inputs[0] + sample * count, count * sizeof *y);
    for (size_t i = b.top; i < b.bottom; i++)
        memcpy(y + (i * width + b.left) * channels, other + (i * width + b.left) * channels,
               (b.right - b.left) * channels * sizeof *y);
}

static void cutmix_forward(const stria_layer_call *call)
{
    stria_pool_run(call->pool, call->batch, cutmix_sample, (void *)(uintptr_t)call);
}

/* Outside its own box from its own output, and inside the box of the other from the other's. */
static void cutmix_sample_back(void *job, size_t sample, size_t worker)
{
    (void)worker;
    const stria_layer_call *call = job;
    const size_t count = sample_count(call), whose = whose_partner(call, sample);
    const size_t channels = (size_t)call->output_shape->sizes[2],
                 width = (size_t)call->output_shape->sizes[1];
    const box own = box_of(call, sample), others = box_of(call, whose);
    const float *dy = call->dy + sample * count, *other = call->dy + whose * count;
    float *dx = call->dinputs[0] + sample * count;
    memcpy(dx, dy, count * sizeof *dx);
    for (size_t i = own.top; i < own.bottom; i++)
        memset(dx + (i * width + own.left) * channels, 0, (own.right - own.left) * channels * sizeof *dx);
    for (size_t i = others.top; i < others.bottom; i++)
        for (size_t e = (i * width + others.left) * channels; e < (i * width + others.right) * channels; e++)
            dx[e] += other[e];
}

static void cutmix_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        stria_pool_run(call->pool, call->batch, cutmix_sample_back, (void *)(uintptr_t)call);
}

const stria_layer_kind stria_kind_cutmix = {
    .name = "cutmix",
    .aliases = "cut_mix",
    .keras_class = "CutMix",
    .title = "Puts a box of another picture of the batch into each, and mixes their targets, while training.",
    .formula =
        "y[n] = x[p] in a box of sqrt(1 - b) of each side, else x[n]; b drawn from beta(a, a), a uniform in\n"
        "the factor's bounds, for each n; targets w t[n] + (1 - w) t[p], w the share of pixels that stay;\n"
        "p the sample a random number of places further on in the batch",
    .example = "cutmix",
    .config_size = sizeof(config),
    .arguments = cutmix_arguments,
    .argument_count = sizeof cutmix_arguments / sizeof cutmix_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = cutmix_shape,
    .bind = cutmix_bind,
    .forward = cutmix_forward,
    .backward = cutmix_backward,
    .mixes = cutmix_mixes,
};
