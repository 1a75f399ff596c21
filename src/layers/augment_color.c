/* Augmentations of colours: brightness, contrast, hue, saturation and their like, and the mixture of four of
 * them. */
#include <math.h>

#include "base/error.h"
#include "layers/augment.h"
#include "layers/kinds.h"
#include "layers/random.h"

/* What Keras adds before it divides. */
#define KERAS_EPSILON 1e-7

#define PAIR(name, member, otherwise, low, high, help)                                                       \
    STRIA_AUGMENT_NUMBER_PAIR(name, member, otherwise, low, high, help)

/* Bind and shape of a kind that draws at most `most` augmentations for pictures of `channels`. */
#define AUGMENTATION(kind, named, draw_function, most, channels, always)                                     \
    static const stria_augmentation kind = {                                                                 \
        .draw = draw_function, .reads_input = true, .in_inference = always, .kernel = #kind};                \
    static void bind_##kind(stria_layer_call *call, stria_layer_needs *needs)                                \
    {                                                                                                        \
        stria_augment_bind(call, needs, &kind, most);                                                        \
    }                                                                                                        \
    static stria_status shape_##kind(const void *settings, const stria_shape *inputs, size_t input_count,    \
                                     stria_layer_facts *facts, stria_error *err)                             \
    {                                                                                                        \
        (void)input_count;                                                                                   \
        return stria_augment_shape(settings, &inputs[0], named, channels, facts, err);                       \
    }

#define KIND_TABLE(kind, list)                                                                               \
    .config_size = sizeof(stria_augment_config), .arguments = (list),                                        \
    .argument_count = sizeof(list) / sizeof(list)[0], .min_inputs = 1, .max_inputs = 1,                      \
    .state_size = sizeof(stria_augment_state), .shape = shape_##kind, .bind = bind_##kind,                   \
    .forward = stria_augment_run, .backward = stria_augment_run_back

/* ---- Brightness ---- */

static const stria_argument brightness_arguments[] = {
    PAIR("factor", factor, NULL, -1, 1,
         "share of the value range that is added: f for -f to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_brightness(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_BRIGHTNESS);
    list[0].amount =
        (float)stria_augment_factor(draw, first, &draw->config->factor, -1) * (list[0].high - list[0].low);
    return 1;
}

AUGMENTATION(brightness, "random_brightness", stria_draw_brightness, 1, 0, false)

const stria_layer_kind stria_kind_random_brightness = {
    .name = "random_brightness",
    .aliases = "",
    .keras_class = "RandomBrightness",
    .title = "Makes pictures brighter or darker while training.",
    .formula =
        "y = clip(x + f * (high - low)) to the value range low ... high, f uniform in the factor's bounds",
    .example = "random_brightness 0.2",
    KIND_TABLE(brightness, brightness_arguments),
};

/* ---- Contrast ---- */

static const stria_argument contrast_arguments[] = {
    PAIR("factor", factor, NULL, -1, 1, "f for 1-f to 1+f, or l,u for 1-l to 1+u"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

/* As Keras documents it; its code takes one number f for 1 ... 1 + f, and two as here. */
size_t stria_draw_contrast(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_range *factor = &draw->config->factor;
    double below, above;
    stria_augment_bounds(factor, 0, &below, &above);
    if (factor->count == 1)
        below = above;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_CONTRAST);
    list[0].amount = (float)stria_augment_uniform(draw, first, 1 - below, 1 + above);
    return 1;
}

AUGMENTATION(contrast, "random_contrast", stria_draw_contrast, 1, 0, false)

const stria_layer_kind stria_kind_random_contrast = {
    .name = "random_contrast",
    .aliases = "",
    .keras_class = "RandomContrast",
    .title = "Spreads or gathers each channel about its mean while training.",
    .formula = "y = clip((x - mean) * f + mean) to the value range, mean of the channel, f uniform in "
               "1-factor ... 1+factor",
    .example = "random_contrast 0.3",
    KIND_TABLE(contrast, contrast_arguments),
};

/* ---- Saturation ---- */

static const stria_argument saturation_arguments[] = {
    PAIR("factor", factor, NULL, 0, 1, "0 grey, 0.5 as it is, 1 full colours: f for 0 to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_saturation(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const double f = stria_augment_factor(draw, first, &draw->config->factor, 0);
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_SATURATION);
    list[0].amount = (float)(f / (1 - f + KERAS_EPSILON));
    return 1;
}

AUGMENTATION(saturation, "random_saturation", stria_draw_saturation, 1, 3, false)

const stria_layer_kind stria_kind_random_saturation = {
    .name = "random_saturation",
    .aliases = "",
    .keras_class = "RandomSaturation",
    .title = "Makes colours paler or stronger while training.",
    .formula =
        "the saturation (hexcone model) times f / (1 - f), at most 1; f uniform in the factor's bounds",
    .example = "random_saturation 0.4,0.6",
    KIND_TABLE(saturation, saturation_arguments),
};

/* ---- Hue ---- */

static const stria_argument hue_arguments[] = {
    PAIR("factor", factor, NULL, 0, 1, "share of half a circle, either way: f for 0 to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_hue(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const double way = stria_augment_uniform(draw, first, 0, 1) > 0.5 ? -0.5 : 0.5;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_HUE);
    list[0].amount = (float)(way * stria_augment_factor(draw, first + 1, &draw->config->factor, 0));
    return 1;
}

AUGMENTATION(hue, "random_hue", stria_draw_hue, 1, 3, false)

const stria_layer_kind stria_kind_random_hue = {
    .name = "random_hue",
    .aliases = "",
    .keras_class = "RandomHue",
    .title = "Turns all hues of a picture while training.",
    .formula = "the hue (hexcone model) moves by +-f/2 of the circle, f uniform in the factor's bounds",
    .example = "random_hue 0.1",
    KIND_TABLE(hue, hue_arguments),
};

/* ---- Towards grey ---- */

static const stria_argument degeneration_arguments[] = {
    PAIR("factor", factor, NULL, -1, 1, "0 as it is, 1 grey: f for -f to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_color_degeneration(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_GRAY);
    list[0].clips = true;
    list[0].amount = (float)stria_augment_factor(draw, first, &draw->config->factor, -1);
    return 1;
}

AUGMENTATION(degeneration, "random_color_degeneration", stria_draw_color_degeneration, 1, 1, false)

const stria_layer_kind stria_kind_random_color_degeneration = {
    .name = "random_color_degeneration",
    .aliases = "",
    .keras_class = "RandomColorDegeneration",
    .title = "Mixes pictures with their grey while training.",
    .formula =
        "y = clip(x + f * (grey - x)), grey = 0.2989 r + 0.587 g + 0.114 b, f uniform in the factor's bounds",
    .example = "random_color_degeneration 0,0.5",
    KIND_TABLE(degeneration, degeneration_arguments),
};

static const stria_argument grayscale_arguments[] = {
    {"factor", STRIA_ARG_NUMBER, offsetof(stria_augment_config, scale), "0.5", 0, 1, NULL,
     "probability that a picture becomes grey"},
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

static size_t draw_grayscale(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    list[0] = (stria_augment){.kind = STRIA_AUGMENT_GRAY, .amount = 1};
    return stria_augment_uniform(draw, first, 0, 1) < draw->config->scale;
}

AUGMENTATION(grayscale, "random_grayscale", draw_grayscale, 1, 1, false)

const stria_layer_kind stria_kind_random_grayscale = {
    .name = "random_grayscale",
    .aliases = "",
    .keras_class = "RandomGrayscale",
    .title = "Makes a share of the pictures grey while training.",
    .formula = "y = 0.2989 r + 0.587 g + 0.114 b in all channels with probability factor, else x",
    .example = "random_grayscale 0.2",
    KIND_TABLE(grayscale, grayscale_arguments),
};

/* ---- Steps and negatives ---- */

static const stria_argument invert_arguments[] = {
    PAIR("factor", factor, "1", 0, 1, "bounds of the probability: f for 0 to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

static size_t draw_invert(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const double probability = stria_augment_factor(draw, first, &draw->config->factor, 0);
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_INVERT);
    return stria_augment_uniform(draw, first + 1, 0, 1) < probability;
}

AUGMENTATION(invert, "random_invert", draw_invert, 1, 0, false)

const stria_layer_kind stria_kind_random_invert = {
    .name = "random_invert",
    .aliases = "",
    .keras_class = "RandomInvert",
    .title = "Turns some pictures into their negatives while training.",
    .formula = "y = high - x with probability p, p uniform in the factor's bounds for each picture, else x",
    .example = "random_invert 0.5",
    KIND_TABLE(invert, invert_arguments),
};

static const stria_argument posterization_arguments[] = {
    PAIR("factor", factor, NULL, 1, 8, "bits that are kept: b for 1 to b-1, or l,u for l to u-1; l,l for l"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_posterization(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    double low, high;
    stria_augment_bounds(&draw->config->factor, 1, &low, &high);
    const double bits =
        floor(stria_augment_uniform(draw, first, floor(low), fmax(floor(low) + 1, floor(high))));
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_POSTERIZE);
    list[0].amount = (float)(8 - bits);
    return 1;
}

AUGMENTATION(posterization, "random_posterization", stria_draw_posterization, 1, 0, false)

const stria_layer_kind stria_kind_random_posterization = {
    .name = "random_posterization",
    .aliases = "",
    .keras_class = "RandomPosterization",
    .title = "Keeps only the upper bits of the values while training; no gradient passes.",
    .formula = "y = the upper b of 8 bits of x, b a random integer",
    .example = "random_posterization 6",
    KIND_TABLE(posterization, posterization_arguments),
};

static const stria_argument solarization_arguments[] = {
    PAIR("addition_factor", factor, "0", 0, 1, "of what is added first: f for 0 to f, or two numbers"),
    PAIR("threshold_factor", second, "0", 0, 1,
         "above which values are inverted: f for 0 to f, or two numbers"),
    STRIA_AUGMENT_VALUE_RANGE,
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

/* Keras multiplies by 255 only the upper bound; both are shares of the range here. */
size_t stria_draw_solarization(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    list[0] = stria_augment_ranged(c, STRIA_AUGMENT_SOLARIZE);
    const double width = (double)list[0].high - (double)list[0].low;
    list[0].amount = (float)(width * stria_augment_factor(draw, first, &c->factor, 0));
    list[0].threshold =
        (float)((double)list[0].low + width * stria_augment_factor(draw, first + 1, &c->second, 0));
    return 1;
}

AUGMENTATION(solarize, "solarization", stria_draw_solarization, 1, 0, false)

const stria_layer_kind stria_kind_solarization = {
    .name = "solarization",
    .aliases = "",
    .keras_class = "Solarization",
    .title = "Inverts what is brighter than a threshold while training.",
    .formula = "v = clip(x + a * (high - low)); y = v where v < low + t * (high - low), else low + high - v",
    .example = "solarization 0.1 0.5",
    KIND_TABLE(solarize, solarization_arguments),
};

static const stria_argument auto_contrast_arguments[] = {STRIA_AUGMENT_VALUE_RANGE};

static size_t draw_auto_contrast(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    (void)first;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_STRETCH);
    return 1;
}

AUGMENTATION(stretch, "auto_contrast", draw_auto_contrast, 1, 0, true)

const stria_layer_kind stria_kind_auto_contrast = {
    .name = "auto_contrast",
    .aliases = "",
    .keras_class = "AutoContrast",
    .title = "Stretches each channel over the whole value range, in training and inference.",
    .formula = "y = (x - min) / (max - min) * (high - low) + low, min and max of the channel; x where they "
               "are equal",
    .example = "auto_contrast",
    KIND_TABLE(stretch, auto_contrast_arguments),
};

static const stria_argument equalization_arguments[] = {
    STRIA_AUGMENT_VALUE_RANGE,
    {"bins", STRIA_ARG_INTEGER, offsetof(stria_augment_config, count), "256", 2, STRIA_MAX_BINS, NULL,
     "grey values that are told apart"},
};

static size_t draw_equalization(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    (void)first;
    list[0] = stria_augment_ranged(draw->config, STRIA_AUGMENT_EQUALIZE);
    list[0].bins = (int)draw->config->count;
    return 1;
}

AUGMENTATION(equalize, "equalization", draw_equalization, 1, 0, false)

const stria_layer_kind stria_kind_equalization = {
    .name = "equalization",
    .aliases = "",
    .keras_class = "Equalization",
    .title = "Makes the grey values of each channel equally frequent while training; no gradient passes.",
    .formula = "y = (F(x) - F(min)) / (1 - F(min)) of the range in 256 steps, F the share of numbers up to x",
    .example = "equalization",
    KIND_TABLE(equalize, equalization_arguments),
};

/* ---- Four at once ---- */

static const stria_argument jitter_arguments[] = {
    STRIA_AUGMENT_VALUE_RANGE,
    PAIR("brightness_factor", factor, "", -1, 1, "as random_brightness; left out: not at all"),
    PAIR("contrast_factor", second, "", -1, 1, "as random_contrast; left out: not at all"),
    PAIR("saturation_factor", third, "", 0, 1, "as random_saturation; left out: not at all"),
    PAIR("hue_factor", fourth, "", 0, 1, "as random_hue; left out: not at all"),
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

static size_t draw_jitter(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const struct {
        const stria_range *factor;
        size_t (*draw)(const stria_augment_draw *draw, unsigned first, stria_augment *list);
    } parts[] = {{&c->factor, stria_draw_brightness},
                 {&c->second, stria_draw_contrast},
                 {&c->third, stria_draw_saturation},
                 {&c->fourth, stria_draw_hue}};
    size_t count = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (parts[i].factor->count == 0)
            continue;
        stria_augment_config of_part = *c;
        of_part.factor = *parts[i].factor;
        stria_augment_draw part = *draw;
        part.config = &of_part;
        count += parts[i].draw(&part, first + 2 * i, list + count);
    }
    return count;
}

static const stria_augmentation jitter = {.draw = draw_jitter, .reads_input = true, .kernel = "color jitter"};

static void bind_jitter(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_augment_bind(call, needs, &jitter, 4);
}

static stria_status shape_jitter(const void *settings, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const stria_augment_config *c = settings;
    return stria_augment_shape(c, &inputs[0], "random_color_jitter",
                               c->third.count + c->fourth.count > 0 ? 3 : 0, facts, err);
}

const stria_layer_kind stria_kind_random_color_jitter = {
    .name = "random_color_jitter",
    .aliases = "",
    .keras_class = "RandomColorJitter",
    .title = "Random brightness, contrast, saturation and hue, one after the other, while training.",
    .formula = "y = hue(saturation(contrast(brightness(x)))), each as the layer of its name",
    .example = "random_color_jitter brightness_factor=0.2 contrast_factor=0.2",
    KIND_TABLE(jitter, jitter_arguments),
};
