/* Augmentations of neighbourhoods and boxes: blur, sharpness, erasing, cropping; and RandAugment, which puts
 * others together. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/augment.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/random.h"

#define PAIR(name, member, otherwise, low, high, help)                                                       \
    STRIA_AUGMENT_NUMBER_PAIR(name, member, otherwise, low, high, help)

#define KIND_TABLE(list)                                                                                     \
    .config_size = sizeof(stria_augment_config), .arguments = (list),                                        \
    .argument_count = sizeof(list) / sizeof(list)[0], .min_inputs = 1, .max_inputs = 1,                      \
    .state_size = sizeof(stria_augment_state), .forward = stria_augment_run,                                 \
    .backward = stria_augment_run_back

/* ---- Blur ---- */

static const stria_argument blur_arguments[] = {
    PAIR("factor", factor, "1", 0, 1, "bounds of the probability: f for 0 to f, or two numbers"),
    {"kernel_size", STRIA_ARG_SIZES, offsetof(stria_augment_config, kernel), "3", 1, 1001, NULL,
     "rows x columns, odd; one number for both"},
    PAIR("sigma", second, "1", 0, 1, "width of the bell in pixels: s for 0 to s, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

static size_t draw_blur(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double probability = stria_augment_factor(draw, first, &c->factor, 0);
    const bool applied = stria_augment_uniform(draw, first + 1, 0, 1) < probability;
    list[0] = stria_augment_ranged(c, applied ? STRIA_AUGMENT_BLUR : STRIA_AUGMENT_CLIP);
    for (int a = 0; a < 2; a++) {
        list[0].kernel[a] = (size_t)c->kernel.values[a < c->kernel.count ? a : 0];
        /* Keras draws the columns' width first, and adds what keeps it above 0. */
        list[0].sigma[a] = (float)(stria_augment_factor(draw, first + 3 - (unsigned)a, &c->second, 0) + 1e-6);
    }
    return 1;
}

static const stria_augmentation blur = {.draw = draw_blur, .reads_input = true, .kernel = "blur"};

static void bind_blur(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_augment_bind(call, needs, &blur, 1);
}

static stria_status shape_blur(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const stria_augment_config *c = settings;
    for (int a = 0; a < c->kernel.count; a++)
        if (a > 1 || c->kernel.values[a] % 2 == 0)
            return stria_fail(err, STRIA_ERROR_VALUE,
                              "random_gaussian_blur: kernel_size takes one or two odd numbers, as 3 or 3x5");
    return stria_augment_shape(c, &inputs[0], "random_gaussian_blur", 0, facts, err);
}

const stria_layer_kind stria_kind_random_gaussian_blur = {
    .name = "random_gaussian_blur",
    .aliases = "",
    .keras_class = "RandomGaussianBlur",
    .title = "Blurs some pictures while training.",
    .formula =
        "y = clip(sum over u,v of w[u,v] * x[i+u, j+v]), w a Gaussian of sum 1, zeros outside the picture;\n"
        "with probability p, p uniform in the factor's bounds for each picture, else clip(x)",
    .example = "random_gaussian_blur 1 kernel_size=3",
    .shape = shape_blur,
    .bind = bind_blur,
    KIND_TABLE(blur_arguments),
};

/* ---- Sharpness ---- */

static const stria_argument sharpness_arguments[] = {
    PAIR("factor", factor, NULL, 0, 1, "0 smooth, 0.5 as it is, 1 sharp: f for 0 to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_sharpness(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_SHARPEN);
    list[0].amount = (float)(2 * stria_augment_factor(draw, first, &draw->config->factor, 0));
    return 1;
}

static const stria_augmentation sharpness = {
    .draw = stria_draw_sharpness, .reads_input = true, .kernel = "sharpness"};

static void bind_sharpness(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_augment_bind(call, needs, &sharpness, 1);
}

static stria_status shape_sharpness(const void *settings, const stria_shape *inputs, size_t input_count,
                                    stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return stria_augment_shape(settings, &inputs[0], "random_sharpness", 0, facts, err);
}

const stria_layer_kind stria_kind_random_sharpness = {
    .name = "random_sharpness",
    .aliases = "",
    .keras_class = "RandomSharpness",
    .title = "Makes pictures smoother or sharper while training.",
    .formula = "y = clip(x + (1 - 2 f) * (s - x)), s = 3x3 mean with 5/13 in the middle and 1/13 around it,\n"
               "zeros outside the picture; f uniform in the factor's bounds",
    .example = "random_sharpness 0.3,0.7",
    .shape = shape_sharpness,
    .bind = bind_sharpness,
    KIND_TABLE(sharpness_arguments),
};

/* ---- Erasing ---- */

static const stria_argument erasing_arguments[] = {
    PAIR("factor", factor, "1", 0, 1, "bounds of the probability: f for 0 to f, or two numbers"),
    PAIR("scale", second, "0.02,0.33", 0, 1, "square of the box's share of each side: s for 0 to s, or two"),
    PAIR("fill_value", fill, "", -1e30, 1e30,
         "what fills the box; left out: normal noise times the largest value"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

/* The share of one side of the box, and its place. */
static void draw_side(const stria_augment_draw *draw, unsigned first, size_t size, size_t *from, size_t *to)
{
    const double share = sqrt(stria_augment_factor(draw, first, &draw->config->second, 0));
    stria_augment_side(stria_augment_uniform(draw, first + 1, 0, 1), share, size, from, to);
}

static size_t draw_erasing(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double probability = stria_augment_factor(draw, first, &c->factor, 0);
    if (!(stria_augment_uniform(draw, first + 1, 0, 1) < probability))
        return 0;
    list[0] = stria_augment_ranged(c, STRIA_AUGMENT_ERASE);
    draw_side(draw, first + 2, draw->size.width, &list[0].left, &list[0].right);
    draw_side(draw, first + 4, draw->size.height, &list[0].top, &list[0].bottom);
    list[0].noise = c->fill.count == 0;
    list[0].fill_value = (float)c->fill.values[0];
    list[0].key = draw->key;
    list[0].key.purpose = STRIA_RANDOM_DROPOUT;
    list[0].first = draw->sample * draw->size.height * draw->size.width * draw->size.channels;
    return 1;
}

static const stria_augmentation erasing = {.draw = draw_erasing, .kernel = "erasing"};

static void bind_erasing(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_augment_bind(call, needs, &erasing, 1);
}

static stria_status shape_erasing(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const stria_augment_config *c = settings;
    if (c->fill.count > 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "random_erasing: fill_value takes one number");
    return stria_augment_shape(c, &inputs[0], "random_erasing", 0, facts, err);
}

const stria_layer_kind stria_kind_random_erasing = {
    .name = "random_erasing",
    .aliases = "",
    .keras_class = "RandomErasing",
    .title = "Fills a random box of some pictures while training (Zhong et al., AAAI 2020).",
    .formula =
        "y = clip(fill) in a box of sqrt(s) H rows and sqrt(t) W columns, s and t uniform in scale, else x;\n"
        "with probability p, p uniform in the factor's bounds for each picture",
    .example = "random_erasing 0.5",
    .shape = shape_erasing,
    .bind = bind_erasing,
    KIND_TABLE(erasing_arguments),
};

/* ---- RandAugment ---- */

static const stria_argument rand_arguments[] = {
    STRIA_AUGMENT_VALUE_RANGE,
    {"num_ops", STRIA_ARG_INTEGER, offsetof(stria_augment_config, count), "2", 1, 8, NULL,
     "how many augmentations each picture gets, one after the other"},
    PAIR("factor", factor, "0.5", 0, 1, "how strong they are: f for 0 to f, or two numbers"),
    {"interpolation", STRIA_ARG_WORD, offsetof(stria_augment_config, interpolation), "bilinear", 0, 0,
     STRIA_WARP_SAMPLINGS, "nearest pixel, or mixed from four"},
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

static size_t draw_stretch(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    (void)first;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_STRETCH);
    return 1;
}

static size_t draw_equalize(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    (void)first;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_EQUALIZE);
    list[0].bins = 256;
    return 1;
}

/* Keras keeps 1 to 8 * factor - 1 bits. */
static size_t draw_few_bits(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    stria_augment_config config = *draw->config;
    config.factor = (stria_range){1, {fmax(1, floor(8 * config.factor.values[1])), 0}};
    stria_augment_draw with = *draw;
    with.config = &config;
    return stria_draw_posterization(&with, first, list);
}

/* Words that an augmentation may draw. */
#define OPERATION_WORDS 4

static size_t draw_rand(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    static size_t (*const operations[])(const stria_augment_draw *draw, unsigned first,
                                        stria_augment *list) = {
        stria_draw_shear,
        stria_draw_translation,
        stria_draw_rotation,
        stria_draw_brightness,
        stria_draw_color_degeneration,
        stria_draw_contrast,
        stria_draw_sharpness,
        draw_few_bits,
        stria_draw_solarization,
        draw_stretch,
        draw_equalize,
    };
    const double operation_count = (double)(sizeof operations / sizeof operations[0]);
    stria_augment_config config = *draw->config;
    stria_augment_draw with = *draw;
    double low, high;
    stria_augment_bounds(&config.factor, 0, &low, &high);
    config.factor = config.second = (stria_range){2, {low, high}};
    with.config = &config;
    size_t count = 0;
    for (unsigned i = 0; i < (unsigned)config.count; i++) {
        const unsigned words = first + i * (1 + OPERATION_WORDS);
        const size_t which = (size_t)stria_augment_uniform(draw, words, 0, operation_count);
        count += operations[which](&with, words + 1, list + count);
    }
    return count;
}

static const stria_augmentation rand_augment = {
    .draw = draw_rand, .reads_input = true, .kernel = "rand augment"};

static void bind_rand(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_augment_config *c = call->config;
    stria_augment_bind(call, needs, &rand_augment, (size_t)c->count);
}

static stria_status shape_rand(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return stria_augment_shape(settings, &inputs[0], "rand_augment", 1, facts, err);
}

const stria_layer_kind stria_kind_rand_augment = {
    .name = "rand_augment",
    .aliases = "",
    .keras_class = "RandAugment",
    .title =
        "Some of eleven augmentations, chosen anew for each picture, while training (Cubuk et al., 2020).",
    .formula =
        "num_ops times one of: shear, translation, rotation, brightness, color degeneration, contrast,\n"
        "sharpness, posterization, solarization, auto contrast, equalization, each with this factor",
    .example = "rand_augment num_ops=2 factor=0.3",
    .shape = shape_rand,
    .bind = bind_rand,
    KIND_TABLE(rand_arguments),
};

/* ---- Cropping ---- */

typedef struct crop_config {
    int64_t height, width, seed;
} crop_config;

static const stria_argument crop_arguments[] = {
    {"height", STRIA_ARG_INTEGER, offsetof(crop_config, height), NULL, 1, 1 << 30, NULL,
     "rows that are kept"},
    {"width", STRIA_ARG_INTEGER, offsetof(crop_config, width), NULL, 1, 1 << 30, NULL,
     "columns that are kept"},
    STRIA_SEED_ARGUMENT(crop_config),
};

static stria_status crop_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const crop_config *c = settings;
    const stria_shape *input = &inputs[0];
    STRIA_TRY(stria_require_spatial(input, 2, "random_crop", err));
    const int64_t want[2] = {c->height, c->width};
    for (int a = 0; a < 2; a++)
        if (input->sizes[a] != STRIA_ANY_SIZE && input->sizes[a] < want[a])
            return stria_fail(
                err, STRIA_ERROR_SHAPE,
                "random_crop: %lld %s do not fit in the input's %lld; resizing before it makes room",
                (long long)want[a], a == 0 ? "rows" : "columns", (long long)input->sizes[a]);
    facts->output = (stria_shape){3, {c->height, c->width, input->sizes[2]}};
    return STRIA_OK;
}

static void crop_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const crop_config *c = call->config;
    stria_random_bind(call, c->seed, STRIA_RANDOM_AUGMENT);
    needs->kernel = "crop";
}

typedef struct crop_place {
    size_t line, kept; /* floats of a row, before and after */
    size_t start;      /* of the first kept number in the sample */
} crop_place;

/* Every place is as likely in training; the middle in inference, the odd rest below and right. */
static crop_place place_of(const stria_layer_call *call, size_t sample)
{
    const crop_config *c = call->config;
    const stria_shape *in = call->input_shapes[0];
    const size_t channels = (size_t)in->sizes[2];
    size_t from[2];
    for (size_t a = 0; a < 2; a++) {
        const int64_t rest = in->sizes[a] - (a == 0 ? c->height : c->width);
        const double share = (double)stria_random_uniform(&call->random, 2 * sample + a);
        from[a] = call->training ? (size_t)(share * (double)(rest + 1)) : (size_t)(rest / 2);
    }
    const size_t line = (size_t)in->sizes[1] * channels;
    return (crop_place){line, (size_t)c->width * channels, from[0] * line + from[1] * channels};
}

static void crop_forward(const stria_layer_call *call)
{
    const size_t rows = (size_t)call->output_shape->sizes[0];
    const size_t in = (size_t)call->input_shapes[0]->sizes[0];
    for (size_t n = 0; n < call->batch; n++) {
        const crop_place p = place_of(call, n);
        call->kernels->elementwise.copy_rows(call->inputs[0] + n * in * p.line + p.start, p.line,
                                             call->output + n * rows * p.kept, p.kept, p.kept, rows,
                                             call->pool);
    }
}

static void crop_backward(const stria_layer_call *call)
{
    const size_t rows = (size_t)call->output_shape->sizes[0];
    const size_t in = (size_t)call->input_shapes[0]->sizes[0];
    for (size_t n = 0; n < call->batch && call->dinputs[0] != NULL; n++) {
        const crop_place p = place_of(call, n);
        float *dx = call->dinputs[0] + n * in * p.line;
        memset(dx, 0, in * p.line * sizeof *dx);
        call->kernels->elementwise.copy_rows(call->dy + n * rows * p.kept, p.kept, dx + p.start, p.line,
                                             p.kept, rows, call->pool);
    }
}

const stria_layer_kind stria_kind_random_crop = {
    .name = "random_crop",
    .aliases = "",
    .keras_class = "RandomCrop",
    .title = "A random window of each picture while training, its middle at inference.",
    .formula =
        "y[i,j] = x[i + r, j + s], r and s any whole numbers that fit; at inference (H-h)/2 and (W-w)/2",
    .example = "random_crop 24 24",
    .config_size = sizeof(crop_config),
    .arguments = crop_arguments,
    .argument_count = sizeof crop_arguments / sizeof crop_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = crop_shape,
    .bind = crop_bind,
    .forward = crop_forward,
    .backward = crop_backward,
};
