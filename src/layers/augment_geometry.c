/* Augmentations that move pixels: flips, rotation, zoom, translation, shear, perspective. */
#include <math.h>

#include "base/error.h"
#include "layers/augment.h"
#include "layers/kinds.h"
#include "layers/random.h"

#define TWO_PI 6.283185307179586476925

#define PAIR(name, member, otherwise, low, high, help)                                                       \
    STRIA_AUGMENT_NUMBER_PAIR(name, member, otherwise, low, high, help)

#define WARP_ARGUMENTS(fill)                                                                                 \
    {"fill_mode",                                                                                            \
     STRIA_ARG_WORD,                                                                                         \
     offsetof(stria_augment_config, fill_mode),                                                              \
     fill,                                                                                                   \
     0,                                                                                                      \
     0,                                                                                                      \
     STRIA_FILL_MODES,                                                                                       \
     "what lies outside the picture"},                                                                       \
        {"interpolation",                                                                                    \
         STRIA_ARG_WORD,                                                                                     \
         offsetof(stria_augment_config, interpolation),                                                      \
         "bilinear",                                                                                         \
         0,                                                                                                  \
         0,                                                                                                  \
         STRIA_WARP_SAMPLINGS,                                                                               \
         "nearest pixel, or mixed from four"},                                                               \
        {"fill_value",                                                                                       \
         STRIA_ARG_NUMBER,                                                                                   \
         offsetof(stria_augment_config, fill_value),                                                         \
         "0",                                                                                                \
         0,                                                                                                  \
         0,                                                                                                  \
         NULL,                                                                                               \
         "what fill_mode=constant fills with"},                                                              \
        STRIA_SEED_ARGUMENT(stria_augment_config)

static stria_augment warp_of(const stria_augment_config *c, const double map[8])
{
    stria_augment a = {.kind = STRIA_AUGMENT_WARP,
                       .warp = {.fill_mode = (stria_fill_mode)c->fill_mode,
                                .sampling = (stria_warp_sampling)c->interpolation,
                                .fill_value = (float)c->fill_value}};
    for (int i = 0; i < 8; i++)
        a.warp.map[i] = (float)map[i];
    return a;
}

/* What most kinds of this file have: bind and shape. */
#define AUGMENTATION(kind, draw_function)                                                                    \
    static const stria_augmentation kind = {.draw = draw_function, .kernel = #kind};                         \
    static void bind_##kind(stria_layer_call *call, stria_layer_needs *needs)                                \
    {                                                                                                        \
        stria_augment_bind(call, needs, &kind, 1);                                                           \
    }                                                                                                        \
    static stria_status shape_##kind(const void *settings, const stria_shape *inputs, size_t input_count,    \
                                     stria_layer_facts *facts, stria_error *err)                             \
    {                                                                                                        \
        (void)input_count;                                                                                   \
        return stria_augment_shape(settings, &inputs[0], "random_" #kind, 0, facts, err);                    \
    }

#define KIND_TABLE(kind, list)                                                                               \
    .config_size = sizeof(stria_augment_config), .arguments = (list),                                        \
    .argument_count = sizeof(list) / sizeof(list)[0], .min_inputs = 1, .max_inputs = 1,                      \
    .state_size = sizeof(stria_augment_state), .shape = shape_##kind, .bind = bind_##kind,                   \
    .forward = stria_augment_run, .backward = stria_augment_run_back

/* ---- Flip ---- */

static const stria_argument flip_arguments[] = {
    {"mode", STRIA_ARG_WORD, offsetof(stria_augment_config, mode), "horizontal_and_vertical", 0, 0,
     "horizontal vertical horizontal_and_vertical", "which way; the last turns by half a circle"},
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

/* One draw for both ways, as Keras. */
static size_t draw_flip(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    if (stria_augment_uniform(draw, first, 0, 1) > 0.5)
        return 0;
    const int mode = draw->config->mode;
    list[0] = (stria_augment){.kind = STRIA_AUGMENT_FLIP, .horizontal = mode != 1, .vertical = mode != 0};
    return 1;
}

AUGMENTATION(flip, draw_flip)

const stria_layer_kind stria_kind_random_flip = {
    .name = "random_flip",
    .aliases = "",
    .keras_class = "RandomFlip",
    .title = "Turns half of the pictures round while training.",
    .formula = "y[i,j] = x[H-1-i, W-1-j] with probability 1/2 (or one axis alone, by mode), else x",
    .example = "random_flip horizontal",
    KIND_TABLE(flip, flip_arguments),
};

/* ---- Rotation ---- */

static const stria_argument rotation_arguments[] = {
    PAIR("factor", factor, NULL, -1, 1,
         "share of a full turn, + counter-clockwise: f for -f to f, or two numbers"),
    WARP_ARGUMENTS("reflect"),
};

size_t stria_draw_rotation(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const double angle = TWO_PI * stria_augment_factor(draw, first, &draw->config->factor, -1);
    const double x = ((double)draw->size.width - 1) / 2, y = ((double)draw->size.height - 1) / 2;
    const double c = cos(angle), s = sin(angle);
    list[0] = warp_of(draw->config, (const double[8]){c, -s, x - x * c + y * s, s, c, y - x * s - y * c});
    return 1;
}

AUGMENTATION(rotation, stria_draw_rotation)

const stria_layer_kind stria_kind_random_rotation = {
    .name = "random_rotation",
    .aliases = "",
    .keras_class = "RandomRotation",
    .title = "Rotates pictures about their middle while training.",
    .formula =
        "y = x rotated by 2 pi * f counter-clockwise, f uniform in the factor's bounds for each picture",
    .example = "random_rotation 0.1",
    KIND_TABLE(rotation, rotation_arguments),
};

/* ---- Zoom ---- */

static const stria_argument zoom_arguments[] = {
    PAIR("height_factor", factor, NULL, -0.999999, 1, "of rows, + out, - in: f for -f to f, or two numbers"),
    PAIR("width_factor", second, "", -0.999999, 1, "of columns; left out: as the rows"),
    WARP_ARGUMENTS("reflect"),
};

static size_t draw_zoom(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double rows = 1 + stria_augment_factor(draw, first, &c->factor, -1);
    const double columns =
        c->second.count > 0 ? 1 + stria_augment_factor(draw, first + 1, &c->second, -1) : rows;
    const double x = ((double)draw->size.width - 1) / 2, y = ((double)draw->size.height - 1) / 2;
    list[0] = warp_of(c, (const double[8]){columns, 0, x * (1 - columns), 0, rows, y * (1 - rows)});
    return 1;
}

AUGMENTATION(zoom, draw_zoom)

const stria_layer_kind stria_kind_random_zoom = {
    .name = "random_zoom",
    .aliases = "",
    .keras_class = "RandomZoom",
    .title = "Zooms pictures about their middle while training.",
    .formula =
        "y at distance d from the middle is x at distance d * (1 + f), f uniform in the factor's bounds",
    .example = "random_zoom 0.2",
    KIND_TABLE(zoom, zoom_arguments),
};

/* ---- Translation ---- */

static const stria_argument translation_arguments[] = {
    PAIR("height_factor", factor, NULL, -1, 1, "share of the height, + down: f for -f to f, or two numbers"),
    PAIR("width_factor", second, NULL, -1, 1, "share of the width, + right: f for -f to f, or two numbers"),
    WARP_ARGUMENTS("reflect"),
};

size_t stria_draw_translation(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double down = stria_augment_factor(draw, first, &c->factor, -1) * (double)draw->size.height;
    const double right = stria_augment_factor(draw, first + 1, &c->second, -1) * (double)draw->size.width;
    list[0] = warp_of(c, (const double[8]){1, 0, -right, 0, 1, -down});
    return 1;
}

AUGMENTATION(translation, stria_draw_translation)

const stria_layer_kind stria_kind_random_translation = {
    .name = "random_translation",
    .aliases = "",
    .keras_class = "RandomTranslation",
    .title = "Shifts pictures while training.",
    .formula = "y[i,j] = x[i - f * H, j - g * W], f and g uniform in the factors' bounds for each picture",
    .example = "random_translation 0.1 0.1",
    KIND_TABLE(translation, translation_arguments),
};

/* ---- Shear ---- */

static const stria_argument shear_arguments[] = {
    PAIR("x_factor", factor, "0", 0, 1, "columns per row: f for -f to f, or two numbers, each way"),
    PAIR("y_factor", second, "0", 0, 1, "rows per column, the same"),
    {"interpolation", STRIA_ARG_WORD, offsetof(stria_augment_config, interpolation), "bilinear", 0, 0,
     STRIA_WARP_SAMPLINGS, "nearest pixel, or mixed from four"},
    {"fill_mode", STRIA_ARG_WORD, offsetof(stria_augment_config, fill_mode), "reflect", 0, 0,
     STRIA_FILL_MODES, "what lies outside the picture"},
    {"fill_value", STRIA_ARG_NUMBER, offsetof(stria_augment_config, fill_value), "0", 0, 0, NULL,
     "what fill_mode=constant fills with"},
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

size_t stria_draw_shear(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double way = stria_augment_uniform(draw, first, 0, 1) > 0.5 ? -1 : 1;
    const double columns = way * stria_augment_factor(draw, first + 1, &c->factor, -1);
    const double rows = way * stria_augment_factor(draw, first + 2, &c->second, -1);
    list[0] = warp_of(c, (const double[8]){1, columns, 0, rows, 1, 0});
    return 1;
}

AUGMENTATION(shear, stria_draw_shear)

const stria_layer_kind stria_kind_random_shear = {
    .name = "random_shear",
    .aliases = "",
    .keras_class = "RandomShear",
    .title = "Slants pictures while training.",
    .formula =
        "y[i,j] = x[i + g * j, j + f * i], f and g uniform in the factors' bounds, both with one random sign",
    .example = "random_shear 0.2",
    KIND_TABLE(shear, shear_arguments),
};

/* ---- Perspective ---- */

static const stria_argument perspective_arguments[] = {
    PAIR("factor", factor, "1", 0, 1,
         "bounds of the probability that a picture is changed: f for 0 to f, or two"),
    {"scale", STRIA_ARG_NUMBER, offsetof(stria_augment_config, scale), "1", 0, 1, NULL,
     "how far corners move: up to half of this share of their place"},
    {"interpolation", STRIA_ARG_WORD, offsetof(stria_augment_config, interpolation), "bilinear", 0, 0,
     STRIA_WARP_SAMPLINGS, "nearest pixel, or mixed from four"},
    {"fill_value", STRIA_ARG_NUMBER, offsetof(stria_augment_config, fill_value), "0", 0, 0, NULL,
     "what lies outside the picture"},
    STRIA_SEED_ARGUMENT(stria_augment_config),
};

/* Solves a * u = b for eight unknowns by elimination, the largest pivot first; the result is in b. */
static bool solve_eight(double a[8][8], double b[8])
{
    for (int k = 0; k < 8; k++) {
        int pivot = k;
        for (int r = k + 1; r < 8; r++)
            if (fabs(a[r][k]) > fabs(a[pivot][k]))
                pivot = r;
        if (fabs(a[pivot][k]) < 1e-9)
            return false;
        for (int c = 0; c < 8; c++) {
            const double kept = a[k][c];
            a[k][c] = a[pivot][c];
            a[pivot][c] = kept;
        }
        const double kept = b[k];
        b[k] = b[pivot];
        b[pivot] = kept;
        for (int r = 0; r < 8; r++) {
            if (r == k)
                continue;
            const double times = a[r][k] / a[k][k];
            for (int c = k; c < 8; c++)
                a[r][c] -= times * a[k][c];
            b[r] -= times * b[k];
        }
    }
    for (int k = 0; k < 8; k++)
        b[k] /= a[k][k];
    return true;
}

/* The map that takes the moved corners back to the picture's own: u (x, y, 1) over (m6 x + m7 y + 1). Four
 * corners give eight linear equations. */
static size_t draw_perspective(const stria_augment_draw *draw, unsigned first, stria_augment *list)
{
    const stria_augment_config *c = draw->config;
    const double probability = stria_augment_factor(draw, first, &c->factor, 0);
    if (!(stria_augment_uniform(draw, first + 1, 0, 1) < probability))
        return 0;
    double a[8][8] = {{0}}, map[8];
    for (unsigned k = 0; k < 4; k++) {
        const double x = k % 2 == 0 ? 0 : (double)draw->size.width - 1;
        const double y = k < 2 ? 0 : (double)draw->size.height - 1;
        const double to_x = x + x * stria_augment_uniform(draw, first + 2 + 2 * k, -0.5, 0.5) * c->scale;
        const double to_y = y + y * stria_augment_uniform(draw, first + 3 + 2 * k, -0.5, 0.5) * c->scale;
        double *u = a[2 * k], *v = a[2 * k + 1];
        u[0] = v[3] = to_x;
        u[1] = v[4] = to_y;
        u[2] = v[5] = 1;
        u[6] = -x * to_x;
        u[7] = -x * to_y;
        v[6] = -y * to_x;
        v[7] = -y * to_y;
        map[2 * k] = x;
        map[2 * k + 1] = y;
    }
    /* A picture of one row or column has no perspective. */
    if (!solve_eight(a, map))
        return 0;
    list[0] = warp_of(c, map);
    list[0].warp.fill_mode = STRIA_FILL_CONSTANT;
    return 1;
}

AUGMENTATION(perspective, draw_perspective)

const stria_layer_kind stria_kind_random_perspective = {
    .name = "random_perspective",
    .aliases = "",
    .keras_class = "RandomPerspective",
    .title = "Shows pictures as planes in space while training.",
    .formula = "the corners (0, 0), (W-1, 0), (0, H-1), (W-1, H-1) go to their place times 1 + scale * u,\n"
               "u uniform in -1/2 ... 1/2; what lies between follows by the homography of the four",
    .example = "random_perspective 1 scale=0.3",
    KIND_TABLE(perspective, perspective_arguments),
};
