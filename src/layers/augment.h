/* Layers that change pictures while training: what their kinds share. A kind draws, for a sample, a list of
 * augmentations (kernels/augment.h); running them, forward and backward, is the same for all. Backward draws
 * again. */
#ifndef STRIA_LAYERS_AUGMENT_H
#define STRIA_LAYERS_AUGMENT_H

#include "kernels/augment.h"
#include "layers/layer.h"

/* Most augmentations of one sample, as of rand_augment. */
#define STRIA_MAX_AUGMENTS 16

/* The arguments of all kinds; a kind's table fills those it has. */
typedef struct stria_augment_config {
    stria_range factor;                /* or height_factor, x_factor, brightness_factor, addition_factor */
    stria_range second, third, fourth; /* width_factor ...; scale, sigma */
    stria_range value_range;
    stria_range fill;   /* of random_erasing: none or one */
    stria_sizes kernel; /* of random_gaussian_blur */
    double fill_value, scale;
    int64_t count; /* num_ops, bins */
    int mode, fill_mode, interpolation;
    int64_t seed;
} stria_augment_config;

/* One sample for which a kind draws. */
typedef struct stria_augment_draw {
    const stria_augment_config *config;
    stria_picture_size size;
    stria_random_key key; /* of the layer's draws for samples */
    uint64_t sample;
} stria_augment_draw;

/* Numbers that a sample may draw. */
#define STRIA_AUGMENT_WORDS 64

/* Draw `index` (below STRIA_AUGMENT_WORDS) of the sample: uniform from low up to high. */
double stria_augment_uniform(const stria_augment_draw *draw, unsigned index, double low, double high);

/* How one kind differs from the others. */
typedef struct stria_augmentation {
    /* Fills `list`, returns how many. `first` is the first of the sample's draws to use: rand_augment and
     * random_color_jitter put kinds together. */
    size_t (*draw)(const stria_augment_draw *draw, unsigned first, stria_augment *list);
    bool reads_input;  /* its gradient depends on x */
    bool in_inference; /* active there, too */
    const char *kernel;
} stria_augmentation;

/* The state of every kind. */
typedef struct stria_augment_state {
    const stria_augmentation *kind;
    stria_picture_size size;
    size_t most; /* augmentations of a sample */
} stria_augment_state;

/* Bind for a kind that draws at most `most` for a sample. */
void stria_augment_bind(stria_layer_call *call, stria_layer_needs *needs, const stria_augmentation *kind,
                        size_t most);
void stria_augment_run(const stria_layer_call *call);
void stria_augment_run_back(const stria_layer_call *call);

/* Shape rule: a picture in, the same size out; value_range, where a kind has one, is two numbers, the first
 * below the second. `channels` that it must have: 3; 1 for 1 or 3; 0 for any. */
stria_status stria_augment_shape(const stria_augment_config *config, const stria_shape *input,
                                 const char *kind, int channels, stria_layer_facts *facts, stria_error *err);

/* The bounds that a factor means: two numbers are the bounds in any order, one number f is max(-f, floor) and
 * f. */
void stria_augment_bounds(const stria_range *factor, double floor, double *low, double *high);

/* A factor between its bounds, drawn. */
double stria_augment_factor(const stria_augment_draw *draw, unsigned index, const stria_range *factor,
                            double floor);

/* Rows (or columns) i with start <= i < start + length, of a box that takes `share` of a side of `size`;
 * `place` from 0 to 1 is where in the room that it leaves. */
void stria_augment_side(double place, double share, size_t size, size_t *from, size_t *to);

/* An augmentation with the config's value range. */
stria_augment stria_augment_ranged(const stria_augment_config *config, stria_augment_kind kind);

/* ---- Rows of argument tables ---- */

#define STRIA_AUGMENT_NUMBER_PAIR(name, member, otherwise, low, high, help)                                  \
    {                                                                                                        \
        name, STRIA_ARG_RANGE, offsetof(stria_augment_config, member), otherwise, low, high, NULL, help      \
    }
#define STRIA_AUGMENT_VALUE_RANGE                                                                            \
    STRIA_AUGMENT_NUMBER_PAIR("value_range", value_range, "0,255", -1e30, 1e30,                              \
                              "smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so")

/* ---- Augmentations that several kinds draw ---- */

size_t stria_draw_rotation(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_translation(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_shear(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_brightness(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_contrast(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_saturation(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_hue(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_color_degeneration(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_sharpness(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_posterization(const stria_augment_draw *draw, unsigned first, stria_augment *list);
size_t stria_draw_solarization(const stria_augment_draw *draw, unsigned first, stria_augment *list);

#endif
