/* The options of every layer kind and the functions that add one; see stria/build.h for what they share.
 * Made by scripts/make_build_header.c from the layers' argument tables. */
#ifndef STRIA_BUILD_LAYERS_H
#define STRIA_BUILD_LAYERS_H

#include <stria/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A function of each number; its name alone is a line too, as in 'tanh'. In model text: activation gelu */
typedef struct stria_activation_options {
    const char *name; /* NULL: named after its kind */
    const char *activation; /* name of the function; must be given */
} stria_activation_options;

static inline stria_status stria_add_activation(stria_model *model, const char *inputs,
    const stria_activation_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "activation", inputs, options, sizeof *options, err);
}

/* The averages of as many bins as asked for, of nearly equal sizes. In model text: adaptive_avgpool1d 4 */
typedef struct stria_adaptive_avgpool1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_avgpool1d_options;

static inline stria_status stria_add_adaptive_avgpool1d(stria_model *model, const char *inputs,
    const stria_adaptive_avgpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_avgpool1d", inputs, options, sizeof *options, err);
}

/* The averages of as many bins as asked for, of nearly equal sizes. In model text: adaptive_avgpool2d 7x5 */
typedef struct stria_adaptive_avgpool2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_avgpool2d_options;

static inline stria_status stria_add_adaptive_avgpool2d(stria_model *model, const char *inputs,
    const stria_adaptive_avgpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_avgpool2d", inputs, options, sizeof *options, err);
}

/* The averages of as many bins as asked for, of nearly equal sizes. In model text: adaptive_avgpool3d 4 */
typedef struct stria_adaptive_avgpool3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_avgpool3d_options;

static inline stria_status stria_add_adaptive_avgpool3d(stria_model *model, const char *inputs,
    const stria_adaptive_avgpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_avgpool3d", inputs, options, sizeof *options, err);
}

/* The largest values of as many bins as asked for, of nearly equal sizes. In model text: adaptive_maxpool1d 4 */
typedef struct stria_adaptive_maxpool1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_maxpool1d_options;

static inline stria_status stria_add_adaptive_maxpool1d(stria_model *model, const char *inputs,
    const stria_adaptive_maxpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_maxpool1d", inputs, options, sizeof *options, err);
}

/* The largest values of as many bins as asked for, of nearly equal sizes. In model text: adaptive_maxpool2d 7x5 */
typedef struct stria_adaptive_maxpool2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_maxpool2d_options;

static inline stria_status stria_add_adaptive_maxpool2d(stria_model *model, const char *inputs,
    const stria_adaptive_maxpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_maxpool2d", inputs, options, sizeof *options, err);
}

/* The largest values of as many bins as asked for, of nearly equal sizes. In model text: adaptive_maxpool3d 4 */
typedef struct stria_adaptive_maxpool3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t output_size[3]; /* sizes of the output as in 7x5; one number for all axes; must be given */
} stria_adaptive_maxpool3d_options;

static inline stria_status stria_add_adaptive_maxpool3d(stria_model *model, const char *inputs,
    const stria_adaptive_maxpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "adaptive_maxpool3d", inputs, options, sizeof *options, err);
}

/* The sum of its inputs. In model text: add(stem, x) */
typedef struct stria_add_options {
    const char *name; /* NULL: named after its kind */
} stria_add_options;

static inline stria_status stria_add_add(stria_model *model, const char *inputs,
    const stria_add_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "add", inputs, options, sizeof *options, err);
}

/* Dropout that keeps mean 0 and variance 1, for networks of selu. In model text: alpha_dropout 0.1 */
typedef struct stria_alpha_dropout_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* share of the numbers to drop; must be given */
    /* sizes of the draws for one sample: 1 where all along an axis share one, else the input's or ? */
    stria_shape noise_shape;
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_alpha_dropout_options;

static inline stria_status stria_add_alpha_dropout(stria_model *model, const char *inputs,
    const stria_alpha_dropout_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "alpha_dropout", inputs, options, sizeof *options, err);
}

/* Stretches each channel over the whole value range, in training and inference. In model text: auto_contrast */
typedef struct stria_auto_contrast_options {
    const char *name; /* NULL: named after its kind */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
} stria_auto_contrast_options;

static inline stria_status stria_add_auto_contrast(stria_model *model, const char *inputs,
    const stria_auto_contrast_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "auto_contrast", inputs, options, sizeof *options, err);
}

/* The mean of its inputs. In model text: average(a, b) */
typedef struct stria_average_options {
    const char *name; /* NULL: named after its kind */
} stria_average_options;

static inline stria_status stria_add_average(stria_model *model, const char *inputs,
    const stria_average_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "average", inputs, options, sizeof *options, err);
}

/* The average of each window. In model text: avgpool1d 2 */
typedef struct stria_avgpool1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; must be given */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_avgpool1d_options;

static inline stria_status stria_add_avgpool1d(stria_model *model, const char *inputs,
    const stria_avgpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "avgpool1d", inputs, options, sizeof *options, err);
}

/* The average of each window. In model text: avgpool2d 2 */
typedef struct stria_avgpool2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; must be given */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_avgpool2d_options;

static inline stria_status stria_add_avgpool2d(stria_model *model, const char *inputs,
    const stria_avgpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "avgpool2d", inputs, options, sizeof *options, err);
}

/* The average of each window. In model text: avgpool3d 2 */
typedef struct stria_avgpool3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; must be given */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_avgpool3d_options;

static inline stria_status stria_add_avgpool3d(stria_model *model, const char *inputs,
    const stria_avgpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "avgpool3d", inputs, options, sizeof *options, err);
}

/* Mean 0 and deviation 1 for each channel, then a learned factor and offset. In model text: batchnorm */
typedef struct stria_batchnorm_options {
    const char *name; /* NULL: named after its kind */
    double momentum; /* share of the old value that moving statistics keep at each step; default 0.99 */
    double epsilon; /* added to the variance; default 0.001 */
    stria_yes_no center; /* learn an offset beta; default yes */
    stria_yes_no scale; /* learn a factor gamma; default yes */
    const char *beta_initializer; /* first values of beta; default zeros */
    const char *beta_regularizer; /* penalty on beta, part of the loss */
    const char *beta_constraint; /* limit of beta, applied after every step */
    const char *gamma_initializer; /* first values of gamma; default ones */
    const char *gamma_regularizer; /* penalty on gamma, part of the loss */
    const char *gamma_constraint; /* limit of gamma, applied after every step */
    int64_t axis; /* of the channels: the last; default -1 */
} stria_batchnorm_options;

static inline stria_status stria_add_batchnorm(stria_model *model, const char *inputs,
    const stria_batchnorm_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "batchnorm", inputs, options, sizeof *options, err);
}

/* The blurring cells of the neocognitron (as of 1988; Keras has no such layer). In model text: c_cells 5 strides=2 */
typedef struct stria_c_cells_options {
    const char *name; /* NULL: named after its kind */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    double alpha; /* the sum that gives half of the largest response; default 0.5 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default same */
    double decay; /* how the fixed weights fall with each pixel from the centre of the window; default 0.9 */
} stria_c_cells_options;

static inline stria_status stria_add_c_cells(stria_model *model, const char *inputs,
    const stria_c_cells_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "c_cells", inputs, options, sizeof *options, err);
}

/* The middle of a picture; smaller ones are cut to the proportions and enlarged. In model text: center_crop 20 20 */
typedef struct stria_center_crop_options {
    const char *name; /* NULL: named after its kind */
    int64_t height; /* rows of the output; must be given */
    int64_t width; /* columns of the output; must be given */
} stria_center_crop_options;

static inline stria_status stria_add_center_crop(stria_model *model, const char *inputs,
    const stria_center_crop_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "center_crop", inputs, options, sizeof *options, err);
}

/* Its inputs side by side along one axis. In model text: concat(a, b) */
typedef struct stria_concat_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis; /* along which they are joined; 1 is the first after the batch; default -1 */
} stria_concat_options;

static inline stria_status stria_add_concat(stria_model *model, const char *inputs,
    const stria_concat_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "concat", inputs, options, sizeof *options, err);
}

/* Convolution of signals with learned kernels. In model text: conv1d 16 3 padding=causal relu */
typedef struct stria_conv1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* length of the window; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    /* zeros around the input: valid (none), same, or numbers; default valid; of: valid same causal */
    const char *padding;
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    int64_t groups; /* independent parts that channels and filters are split into; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
    /* true convolution: the kernel's last tap comes first (Keras has no such thing); default no */
    stria_yes_no flip_kernel;
} stria_conv1d_options;

static inline stria_status stria_add_conv1d(stria_model *model, const char *inputs,
    const stria_conv1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv1d", inputs, options, sizeof *options, err);
}

/* Transposed convolution of signals: from few numbers to many. In model text: conv1d_transpose 8 3 strides=2 same */
typedef struct stria_conv1d_transpose_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* length of the window; must be given */
    int64_t strides[3]; /* how far the outputs of neighbouring inputs lie apart; default 1 */
    const char *padding; /* outputs left out at the sides: valid (none), same, or numbers; default valid */
    int64_t output_padding[3]; /* outputs added at the end, fewer than the stride; left out: see outputs */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_conv1d_transpose_options;

static inline stria_status stria_add_conv1d_transpose(stria_model *model, const char *inputs,
    const stria_conv1d_transpose_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv1d_transpose", inputs, options, sizeof *options, err);
}

/* Convolution of pictures with learned kernels. In model text: conv2d 8 5 strides=3 relu */
typedef struct stria_conv2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    int64_t groups; /* independent parts that channels and filters are split into; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
    /* true convolution: the kernel's last tap comes first (Keras has no such thing); default no */
    stria_yes_no flip_kernel;
} stria_conv2d_options;

static inline stria_status stria_add_conv2d(stria_model *model, const char *inputs,
    const stria_conv2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv2d", inputs, options, sizeof *options, err);
}

/* Transposed convolution of pictures: from small maps to large. In model text: conv2d_transpose 8 3 strides=2 same */
typedef struct stria_conv2d_transpose_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the outputs of neighbouring inputs lie apart; default 1 */
    const char *padding; /* outputs left out at the sides: valid (none), same, or numbers; default valid */
    int64_t output_padding[3]; /* outputs added at the end, fewer than the stride; left out: see outputs */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_conv2d_transpose_options;

static inline stria_status stria_add_conv2d_transpose(stria_model *model, const char *inputs,
    const stria_conv2d_transpose_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv2d_transpose", inputs, options, sizeof *options, err);
}

/* Convolution of volumes with learned kernels. In model text: conv3d 8 3 same relu */
typedef struct stria_conv3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* planes x rows x columns of the window; one number for all; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    int64_t groups; /* independent parts that channels and filters are split into; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
    /* true convolution: the kernel's last tap comes first (Keras has no such thing); default no */
    stria_yes_no flip_kernel;
} stria_conv3d_options;

static inline stria_status stria_add_conv3d(stria_model *model, const char *inputs,
    const stria_conv3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv3d", inputs, options, sizeof *options, err);
}

/* Transposed convolution of volumes: from small maps to large. In model text: conv3d_transpose 4 2 strides=2 */
typedef struct stria_conv3d_transpose_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* planes x rows x columns of the window; one number for all; must be given */
    int64_t strides[3]; /* how far the outputs of neighbouring inputs lie apart; default 1 */
    const char *padding; /* outputs left out at the sides: valid (none), same, or numbers; default valid */
    int64_t output_padding[3]; /* outputs added at the end, fewer than the stride; left out: see outputs */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_conv3d_transpose_options;

static inline stria_status stria_add_conv3d_transpose(stria_model *model, const char *inputs,
    const stria_conv3d_transpose_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "conv3d_transpose", inputs, options, sizeof *options, err);
}

/* A signal without its ends. In model text: cropping1d 1x2 */
typedef struct stria_cropping1d_options {
    const char *name; /* NULL: named after its kind */
    /* numbers to cut off: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 1 */
    const char *cropping;
} stria_cropping1d_options;

static inline stria_status stria_add_cropping1d(stria_model *model, const char *inputs,
    const stria_cropping1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "cropping1d", inputs, options, sizeof *options, err);
}

/* A picture without its border. In model text: cropping2d 0,1,0,1 */
typedef struct stria_cropping2d_options {
    const char *name; /* NULL: named after its kind */
    /* numbers to cut off: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 0 */
    const char *cropping;
} stria_cropping2d_options;

static inline stria_status stria_add_cropping2d(stria_model *model, const char *inputs,
    const stria_cropping2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "cropping2d", inputs, options, sizeof *options, err);
}

/* A volume without its border. In model text: cropping3d 1 */
typedef struct stria_cropping3d_options {
    const char *name; /* NULL: named after its kind */
    /* numbers to cut off: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 1 */
    const char *cropping;
} stria_cropping3d_options;

static inline stria_status stria_add_cropping3d(stria_model *model, const char *inputs,
    const stria_cropping3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "cropping3d", inputs, options, sizeof *options, err);
}

/* Puts a box of another picture of the batch into each, and mixes their targets, while training. In model text: cutmix */
typedef struct stria_cutmix_options {
    const char *name; /* NULL: named after its kind */
    /* bounds of alpha of the beta distribution of the weights: f for 0 to f, or two numbers; default 1 */
    const char *factor;
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_cutmix_options;

static inline stria_status stria_add_cutmix(stria_model *model, const char *inputs,
    const stria_cutmix_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "cutmix", inputs, options, sizeof *options, err);
}

/* Every output is a weighted sum of all inputs. In model text: dense 120 tanh */
typedef struct stria_dense_options {
    const char *name; /* NULL: named after its kind */
    int64_t units; /* number of outputs; must be given */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_dense_options;

static inline stria_status stria_add_dense(stria_model *model, const char *inputs,
    const stria_dense_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "dense", inputs, options, sizeof *options, err);
}

/* The largest, smallest or average value of neighbouring channels (Keras has no such layer). In model text: depth_pool 2 */
typedef struct stria_depth_pool_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size; /* channels of a group; divides the channels of the input; default 2 */
    const char *function; /* what is taken of each group; default max; of: max average min */
} stria_depth_pool_options;

static inline stria_status stria_add_depth_pool(stria_model *model, const char *inputs,
    const stria_depth_pool_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "depth_pool", inputs, options, sizeof *options, err);
}

/* Convolution of each channel of a signal by itself. In model text: depthwise_conv1d 3 same */
typedef struct stria_depthwise_conv1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t kernel_size[3]; /* length of the window; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t depth_multiplier; /* filters of each channel; default 1 */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *depthwise_initializer; /* first values of the kernel; default glorot_uniform */
    const char *depthwise_regularizer; /* penalty on the kernel, part of the loss */
    const char *depthwise_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_depthwise_conv1d_options;

static inline stria_status stria_add_depthwise_conv1d(stria_model *model, const char *inputs,
    const stria_depthwise_conv1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "depthwise_conv1d", inputs, options, sizeof *options, err);
}

/* Convolution of each channel by itself. In model text: depthwise_conv2d 3 2 same relu6 */
typedef struct stria_depthwise_conv2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t depth_multiplier; /* filters of each channel; default 1 */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *depthwise_initializer; /* first values of the kernel; default glorot_uniform */
    const char *depthwise_regularizer; /* penalty on the kernel, part of the loss */
    const char *depthwise_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_depthwise_conv2d_options;

static inline stria_status stria_add_depthwise_conv2d(stria_model *model, const char *inputs,
    const stria_depthwise_conv2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "depthwise_conv2d", inputs, options, sizeof *options, err);
}

/* Sums of products of two inputs along an axis of each. In model text: dot(a, b) -1 normalize */
typedef struct stria_dot_options {
    const char *name; /* NULL: named after its kind */
    /* along which products are summed: one for both inputs, or one of each, as in 1,2; must be given */
    int64_t axes[3];
    stria_yes_no normalize; /* bring what lies along the axes to length 1 first: cosines; default no */
} stria_dot_options;

static inline stria_status stria_add_dot(stria_model *model, const char *inputs,
    const stria_dot_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "dot", inputs, options, sizeof *options, err);
}

/* Drops a random share of the numbers while training. In model text: dropout 0.5 */
typedef struct stria_dropout_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* share of the numbers to drop; must be given */
    /* sizes of the draws for one sample: 1 where all along an axis share one, else the input's or ? */
    stria_shape noise_shape;
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_dropout_options;

static inline stria_status stria_add_dropout(stria_model *model, const char *inputs,
    const stria_dropout_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "dropout", inputs, options, sizeof *options, err);
}

/* Exponential below zero (Clevert et al., 2015). In model text: elu */
typedef struct stria_elu_options {
    const char *name; /* NULL: named after its kind */
    double alpha; /* how far below 0 it goes; default 1 */
} stria_elu_options;

static inline stria_status stria_add_elu(stria_model *model, const char *inputs,
    const stria_elu_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "elu", inputs, options, sizeof *options, err);
}

/* A learned row of numbers for each index. In model text: embedding 1000 16 */
typedef struct stria_embedding_options {
    const char *name; /* NULL: named after its kind */
    int64_t input_dim; /* how many things there are; indices go from 0 to input_dim - 1; must be given */
    int64_t output_dim; /* numbers for each of them; must be given */
    const char *embeddings_initializer; /* how the rows start; default random_uniform */
    const char *embeddings_regularizer; /* added to the loss for the rows; default none */
    const char *embeddings_constraint; /* what the rows are held to after each step; default none */
    const char *mask_zero; /* Keras's masks are not known here; default no; of: no */
} stria_embedding_options;

static inline stria_status stria_add_embedding(stria_model *model, const char *inputs,
    const stria_embedding_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "embedding", inputs, options, sizeof *options, err);
}

/* Makes the grey values of each channel equally frequent while training; no gradient passes. In model text: equalization */
typedef struct stria_equalization_options {
    const char *name; /* NULL: named after its kind */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t bins; /* grey values that are told apart; default 256 */
} stria_equalization_options;

static inline stria_status stria_add_equalization(stria_model *model, const char *inputs,
    const stria_equalization_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "equalization", inputs, options, sizeof *options, err);
}

/* All numbers of a sample in one row, channels fastest. In model text: flatten */
typedef struct stria_flatten_options {
    const char *name; /* NULL: named after its kind */
} stria_flatten_options;

static inline stria_status stria_add_flatten(stria_model *model, const char *inputs,
    const stria_flatten_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "flatten", inputs, options, sizeof *options, err);
}

/* Multiplies by normal factors around 1 while training. In model text: gaussian_dropout 0.3 */
typedef struct stria_gaussian_dropout_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* of the dropout whose variance the factors have; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_gaussian_dropout_options;

static inline stria_status stria_add_gaussian_dropout(stria_model *model, const char *inputs,
    const stria_gaussian_dropout_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "gaussian_dropout", inputs, options, sizeof *options, err);
}

/* Adds normal noise while training. In model text: gaussian_noise 0.1 */
typedef struct stria_gaussian_noise_options {
    const char *name; /* NULL: named after its kind */
    double stddev; /* standard deviation of what is added; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_gaussian_noise_options;

static inline stria_status stria_add_gaussian_noise(stria_model *model, const char *inputs,
    const stria_gaussian_noise_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "gaussian_noise", inputs, options, sizeof *options, err);
}

/* The average of each feature map. In model text: global_avgpool1d */
typedef struct stria_global_avgpool1d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_avgpool1d_options;

static inline stria_status stria_add_global_avgpool1d(stria_model *model, const char *inputs,
    const stria_global_avgpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_avgpool1d", inputs, options, sizeof *options, err);
}

/* The average of each feature map. In model text: global_avgpool2d */
typedef struct stria_global_avgpool2d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_avgpool2d_options;

static inline stria_status stria_add_global_avgpool2d(stria_model *model, const char *inputs,
    const stria_global_avgpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_avgpool2d", inputs, options, sizeof *options, err);
}

/* The average of each feature map. In model text: global_avgpool3d */
typedef struct stria_global_avgpool3d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_avgpool3d_options;

static inline stria_status stria_add_global_avgpool3d(stria_model *model, const char *inputs,
    const stria_global_avgpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_avgpool3d", inputs, options, sizeof *options, err);
}

/* The largest value of each feature map. In model text: global_maxpool1d */
typedef struct stria_global_maxpool1d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_maxpool1d_options;

static inline stria_status stria_add_global_maxpool1d(stria_model *model, const char *inputs,
    const stria_global_maxpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_maxpool1d", inputs, options, sizeof *options, err);
}

/* The largest value of each feature map. In model text: global_maxpool2d */
typedef struct stria_global_maxpool2d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_maxpool2d_options;

static inline stria_status stria_add_global_maxpool2d(stria_model *model, const char *inputs,
    const stria_global_maxpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_maxpool2d", inputs, options, sizeof *options, err);
}

/* The largest value of each feature map. In model text: global_maxpool3d */
typedef struct stria_global_maxpool3d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_maxpool3d_options;

static inline stria_status stria_add_global_maxpool3d(stria_model *model, const char *inputs,
    const stria_global_maxpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_maxpool3d", inputs, options, sizeof *options, err);
}

/* The smallest value of each feature map (Keras has no such layer). In model text: global_minpool1d */
typedef struct stria_global_minpool1d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_minpool1d_options;

static inline stria_status stria_add_global_minpool1d(stria_model *model, const char *inputs,
    const stria_global_minpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_minpool1d", inputs, options, sizeof *options, err);
}

/* The smallest value of each feature map (Keras has no such layer). In model text: global_minpool2d */
typedef struct stria_global_minpool2d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_minpool2d_options;

static inline stria_status stria_add_global_minpool2d(stria_model *model, const char *inputs,
    const stria_global_minpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_minpool2d", inputs, options, sizeof *options, err);
}

/* The smallest value of each feature map (Keras has no such layer). In model text: global_minpool3d */
typedef struct stria_global_minpool3d_options {
    const char *name; /* NULL: named after its kind */
    stria_yes_no keepdims; /* keep the spatial axes, with size 1: 1x1xC instead of C; default no */
} stria_global_minpool3d_options;

static inline stria_status stria_add_global_minpool3d(stria_model *model, const char *inputs,
    const stria_global_minpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "global_minpool3d", inputs, options, sizeof *options, err);
}

/* Mean 0 and deviation 1 for each group of channels of each sample. In model text: groupnorm 8 */
typedef struct stria_groupnorm_options {
    const char *name; /* NULL: named after its kind */
    int64_t groups; /* of channels; -1 for one channel each (instance normalisation), 1 for all in one; default 32 */
    int64_t axis; /* of the channels: the last; default -1 */
    double epsilon; /* added to the variance; default 0.001 */
    stria_yes_no center; /* learn an offset beta; default yes */
    stria_yes_no scale; /* learn a factor gamma; default yes */
    const char *beta_initializer; /* first values of beta; default zeros */
    const char *beta_regularizer; /* penalty on beta, part of the loss */
    const char *beta_constraint; /* limit of beta, applied after every step */
    const char *gamma_initializer; /* first values of gamma; default ones */
    const char *gamma_regularizer; /* penalty on gamma, part of the loss */
    const char *gamma_constraint; /* limit of gamma, applied after every step */
} stria_groupnorm_options;

static inline stria_status stria_add_groupnorm(stria_model *model, const char *inputs,
    const stria_groupnorm_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "groupnorm", inputs, options, sizeof *options, err);
}

/* Where samples come in. In model text: input 28x28x1 */
typedef struct stria_input_options {
    const char *name; /* NULL: named after its kind */
    stria_shape shape; /* sizes of one sample without the batch, such as 28x28x1; ? is any size; must be given */
} stria_input_options;

static inline stria_status stria_add_input(stria_model *model, const char *inputs,
    const stria_input_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "input", inputs, options, sizeof *options, err);
}

/* A learned factor for each channel, near zero at first (ConvNeXt). In model text: layer_scale */
typedef struct stria_layer_scale_options {
    const char *name; /* NULL: named after its kind */
    double init_values; /* first value of the factors; default 1e-6 */
} stria_layer_scale_options;

static inline stria_status stria_add_layer_scale(stria_model *model, const char *inputs,
    const stria_layer_scale_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "layer_scale", inputs, options, sizeof *options, err);
}

/* Mean 0 and deviation 1 along the last axes of each sample, then a learned factor and offset. In model text: layernorm */
typedef struct stria_layernorm_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis[3]; /* the axes of a row, such as 1,2,3; -1 is the last; default -1 */
    double epsilon; /* added to the variance; default 0.001 */
    stria_yes_no center; /* learn an offset beta; default yes */
    stria_yes_no scale; /* learn a factor gamma; default yes */
    const char *beta_initializer; /* first values of beta; default zeros */
    const char *beta_regularizer; /* penalty on beta, part of the loss */
    const char *beta_constraint; /* limit of beta, applied after every step */
    const char *gamma_initializer; /* first values of gamma; default ones */
    const char *gamma_regularizer; /* penalty on gamma, part of the loss */
    const char *gamma_constraint; /* limit of gamma, applied after every step */
} stria_layernorm_options;

static inline stria_status stria_add_layernorm(stria_model *model, const char *inputs,
    const stria_layernorm_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "layernorm", inputs, options, sizeof *options, err);
}

/* A small slope below zero (as a layer 0.3, as an activation 0.2, as in Keras). In model text: leaky_relu 0.1 */
typedef struct stria_leaky_relu_options {
    const char *name; /* NULL: named after its kind */
    double negative_slope; /* slope below 0; default 0.3 */
} stria_leaky_relu_options;

static inline stria_status stria_add_leaky_relu(stria_model *model, const char *inputs,
    const stria_leaky_relu_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "leaky_relu", inputs, options, sizeof *options, err);
}

/* Each number against the squares of its neighbour channels (Keras has no such layer). In model text: lrn 2 bias=2 alpha=1e-4 beta=0.75 */
typedef struct stria_lrn_options {
    const char *name; /* NULL: named after its kind */
    int64_t depth_radius; /* channels on either side that count; default 5 */
    double bias; /* added to the sum of squares; default 1 */
    /* factor of each square; Caffe's and ONNX's alpha is this times the window, 2 * depth_radius + 1; default 1 */
    double alpha;
    double beta; /* exponent; default 0.5 */
} stria_lrn_options;

static inline stria_status stria_add_lrn(stria_model *model, const char *inputs,
    const stria_lrn_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "lrn", inputs, options, sizeof *options, err);
}

/* The largest of its inputs, number by number; of equal ones the first has the gradient. In model text: maximum(a, b) */
typedef struct stria_maximum_options {
    const char *name; /* NULL: named after its kind */
} stria_maximum_options;

static inline stria_status stria_add_maximum(stria_model *model, const char *inputs,
    const stria_maximum_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "maximum", inputs, options, sizeof *options, err);
}

/* The largest value of each window. In model text: maxpool1d 2 */
typedef struct stria_maxpool1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_maxpool1d_options;

static inline stria_status stria_add_maxpool1d(stria_model *model, const char *inputs,
    const stria_maxpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "maxpool1d", inputs, options, sizeof *options, err);
}

/* The largest value of each window. In model text: maxpool2d 2 */
typedef struct stria_maxpool2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_maxpool2d_options;

static inline stria_status stria_add_maxpool2d(stria_model *model, const char *inputs,
    const stria_maxpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "maxpool2d", inputs, options, sizeof *options, err);
}

/* The largest value of each window. In model text: maxpool3d 2 */
typedef struct stria_maxpool3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_maxpool3d_options;

static inline stria_status stria_add_maxpool3d(stria_model *model, const char *inputs,
    const stria_maxpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "maxpool3d", inputs, options, sizeof *options, err);
}

/* How loud each band of pitch is in each frame of a signal. In model text: mel_spectrogram fft_length=8 sequence_stride=4 num_mel_bins=4 */
typedef struct stria_mel_spectrogram_options {
    const char *name; /* NULL: named after its kind */
    int64_t fft_length; /* of the transform; default 2048 */
    int64_t sequence_stride; /* from one frame to the next; default 512 */
    int64_t sequence_length; /* numbers of the window; left out: fft_length */
    /* that frames are multiplied by, periodic; default hann; of: hann hamming blackman bartlett none */
    const char *window;
    double sampling_rate; /* numbers of the signal in a second; default 16000 */
    int64_t num_mel_bins; /* bands of pitch; default 128 */
    double min_freq; /* where the lowest band begins, in hertz; default 20 */
    double max_freq; /* where the highest ends; left out: half of sampling_rate */
    stria_yes_no power_to_db; /* give decibels; default yes */
    double top_db; /* decibels below the loudest that quieter ones are raised to; default 80 */
    double mag_exp; /* power of the magnitude: 1 for energy, 2 for power; default 2 */
    double min_power; /* smallest power that has decibels; default 1e-10 */
    double ref_power; /* power of 0 decibels; default 1 */
} stria_mel_spectrogram_options;

static inline stria_status stria_add_mel_spectrogram(stria_model *model, const char *inputs,
    const stria_mel_spectrogram_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "mel_spectrogram", inputs, options, sizeof *options, err);
}

/* The smallest of its inputs, number by number; of equal ones the first has the gradient. In model text: minimum(a, b) */
typedef struct stria_minimum_options {
    const char *name; /* NULL: named after its kind */
} stria_minimum_options;

static inline stria_status stria_add_minimum(stria_model *model, const char *inputs,
    const stria_minimum_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "minimum", inputs, options, sizeof *options, err);
}

/* The smallest value of each window (Keras has no such layer). In model text: minpool1d 2 */
typedef struct stria_minpool1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_minpool1d_options;

static inline stria_status stria_add_minpool1d(stria_model *model, const char *inputs,
    const stria_minpool1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "minpool1d", inputs, options, sizeof *options, err);
}

/* The smallest value of each window (Keras has no such layer). In model text: minpool2d 2 */
typedef struct stria_minpool2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_minpool2d_options;

static inline stria_status stria_add_minpool2d(stria_model *model, const char *inputs,
    const stria_minpool2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "minpool2d", inputs, options, sizeof *options, err);
}

/* The smallest value of each window (Keras has no such layer). In model text: minpool3d 2 */
typedef struct stria_minpool3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t pool_size[3]; /* sizes of the window as in 2x3; one number for all axes; default 2 */
    int64_t strides[3]; /* how far the window moves; left out: pool_size */
    const char *padding; /* valid (windows inside the input), same, or numbers; padding never counts; default valid */
} stria_minpool3d_options;

static inline stria_status stria_add_minpool3d(stria_model *model, const char *inputs,
    const stria_minpool3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "minpool3d", inputs, options, sizeof *options, err);
}

/* Mixes each sample and its target with another of the batch while training. In model text: mixup 0.2 */
typedef struct stria_mixup_options {
    const char *name; /* NULL: named after its kind */
    double alpha; /* of the beta distribution of the weights: small for hardly mixed, 1 for any; default 0.2 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_mixup_options;

static inline stria_status stria_add_mixup(stria_model *model, const char *inputs,
    const stria_mixup_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "mixup", inputs, options, sizeof *options, err);
}

/* The product of its inputs: gates, as in squeeze-and-excitation. In model text: multiply(a, b) */
typedef struct stria_multiply_options {
    const char *name; /* NULL: named after its kind */
} stria_multiply_options;

static inline stria_status stria_add_multiply(stria_model *model, const char *inputs,
    const stria_multiply_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "multiply", inputs, options, sizeof *options, err);
}

/* Mean 0 and deviation 1 by the known mean and variance of the data. In model text: normalization mean=0.5 variance=0.25 */
typedef struct stria_normalization_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis; /* of the channels: the last; default -1 */
    const char *mean; /* of each channel, or one for all; left out: a parameter, 0 at first */
    const char *variance; /* of each channel, or one for all; left out: a parameter, 1 at first */
    stria_yes_no invert; /* bring normalised numbers back; default no */
} stria_normalization_options;

static inline stria_status stria_add_normalization(stria_model *model, const char *inputs,
    const stria_normalization_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "normalization", inputs, options, sizeof *options, err);
}

/* The same numbers with the axes in another order. In model text: permute 3x1x2 */
typedef struct stria_permute_options {
    const char *name; /* NULL: named after its kind */
    /* the input's axis for each axis of the output, counted from 1 without the batch: 3x1x2; must be given */
    stria_shape dims;
} stria_permute_options;

static inline stria_status stria_add_permute(stria_model *model, const char *inputs,
    const stria_permute_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "permute", inputs, options, sizeof *options, err);
}

/* A learned slope below zero, for each position or shared along some axes. In model text: prelu shared_axes=1,2 */
typedef struct stria_prelu_options {
    const char *name; /* NULL: named after its kind */
    const char *alpha_initializer; /* first values of the slopes; default zeros */
    const char *alpha_regularizer; /* penalty on the slopes, part of the loss */
    const char *alpha_constraint; /* limit of the slopes, applied after every step */
    int64_t shared_axes[3]; /* axes along which one slope holds, such as 1,2 for one slope per channel of a picture */
} stria_prelu_options;

static inline stria_status stria_add_prelu(stria_model *model, const char *inputs,
    const stria_prelu_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "prelu", inputs, options, sizeof *options, err);
}

/* Some of eleven augmentations, chosen anew for each picture, while training (Cubuk et al., 2020). In model text: rand_augment num_ops=2 factor=0.3 */
typedef struct stria_rand_augment_options {
    const char *name; /* NULL: named after its kind */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t num_ops; /* how many augmentations each picture gets, one after the other; default 2 */
    const char *factor; /* how strong they are: f for 0 to f, or two numbers; default 0.5 */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_rand_augment_options;

static inline stria_status stria_add_rand_augment(stria_model *model, const char *inputs,
    const stria_rand_augment_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "rand_augment", inputs, options, sizeof *options, err);
}

/* Makes pictures brighter or darker while training. In model text: random_brightness 0.2 */
typedef struct stria_random_brightness_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* share of the value range that is added: f for -f to f, or two numbers; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_brightness_options;

static inline stria_status stria_add_random_brightness(stria_model *model, const char *inputs,
    const stria_random_brightness_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_brightness", inputs, options, sizeof *options, err);
}

/* Mixes pictures with their grey while training. In model text: random_color_degeneration 0,0.5 */
typedef struct stria_random_color_degeneration_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* 0 as it is, 1 grey: f for -f to f, or two numbers; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_color_degeneration_options;

static inline stria_status stria_add_random_color_degeneration(stria_model *model, const char *inputs,
    const stria_random_color_degeneration_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_color_degeneration", inputs, options, sizeof *options, err);
}

/* Random brightness, contrast, saturation and hue, one after the other, while training. In model text: random_color_jitter brightness_factor=0.2 contrast_factor=0.2 */
typedef struct stria_random_color_jitter_options {
    const char *name; /* NULL: named after its kind */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    const char *brightness_factor; /* as random_brightness; left out: not at all */
    const char *contrast_factor; /* as random_contrast; left out: not at all */
    const char *saturation_factor; /* as random_saturation; left out: not at all */
    const char *hue_factor; /* as random_hue; left out: not at all */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_color_jitter_options;

static inline stria_status stria_add_random_color_jitter(stria_model *model, const char *inputs,
    const stria_random_color_jitter_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_color_jitter", inputs, options, sizeof *options, err);
}

/* Spreads or gathers each channel about its mean while training. In model text: random_contrast 0.3 */
typedef struct stria_random_contrast_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* f for 1-f to 1+f, or l,u for 1-l to 1+u; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_contrast_options;

static inline stria_status stria_add_random_contrast(stria_model *model, const char *inputs,
    const stria_random_contrast_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_contrast", inputs, options, sizeof *options, err);
}

/* A random window of each picture while training, its middle at inference. In model text: random_crop 24 24 */
typedef struct stria_random_crop_options {
    const char *name; /* NULL: named after its kind */
    int64_t height; /* rows that are kept; must be given */
    int64_t width; /* columns that are kept; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_crop_options;

static inline stria_status stria_add_random_crop(stria_model *model, const char *inputs,
    const stria_random_crop_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_crop", inputs, options, sizeof *options, err);
}

/* Fills a random box of some pictures while training (Zhong et al., AAAI 2020). In model text: random_erasing 0.5 */
typedef struct stria_random_erasing_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* bounds of the probability: f for 0 to f, or two numbers; default 1 */
    const char *scale; /* square of the box's share of each side: s for 0 to s, or two; default 0.02,0.33 */
    const char *fill_value; /* what fills the box; left out: normal noise times the largest value */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_erasing_options;

static inline stria_status stria_add_random_erasing(stria_model *model, const char *inputs,
    const stria_random_erasing_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_erasing", inputs, options, sizeof *options, err);
}

/* Turns half of the pictures round while training. In model text: random_flip horizontal */
typedef struct stria_random_flip_options {
    const char *name; /* NULL: named after its kind */
    /* which way; the last turns by half a circle; default horizontal_and_vertical; of: horizontal vertical
     * horizontal_and_vertical */
    const char *mode;
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_flip_options;

static inline stria_status stria_add_random_flip(stria_model *model, const char *inputs,
    const stria_random_flip_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_flip", inputs, options, sizeof *options, err);
}

/* Blurs some pictures while training. In model text: random_gaussian_blur 1 kernel_size=3 */
typedef struct stria_random_gaussian_blur_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* bounds of the probability: f for 0 to f, or two numbers; default 1 */
    int64_t kernel_size[3]; /* rows x columns, odd; one number for both; default 3 */
    const char *sigma; /* width of the bell in pixels: s for 0 to s, or two numbers; default 1 */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_gaussian_blur_options;

static inline stria_status stria_add_random_gaussian_blur(stria_model *model, const char *inputs,
    const stria_random_gaussian_blur_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_gaussian_blur", inputs, options, sizeof *options, err);
}

/* Makes a share of the pictures grey while training. In model text: random_grayscale 0.2 */
typedef struct stria_random_grayscale_options {
    const char *name; /* NULL: named after its kind */
    double factor; /* probability that a picture becomes grey; default 0.5 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_grayscale_options;

static inline stria_status stria_add_random_grayscale(stria_model *model, const char *inputs,
    const stria_random_grayscale_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_grayscale", inputs, options, sizeof *options, err);
}

/* Turns all hues of a picture while training. In model text: random_hue 0.1 */
typedef struct stria_random_hue_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* share of half a circle, either way: f for 0 to f, or two numbers; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_hue_options;

static inline stria_status stria_add_random_hue(stria_model *model, const char *inputs,
    const stria_random_hue_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_hue", inputs, options, sizeof *options, err);
}

/* Turns some pictures into their negatives while training. In model text: random_invert 0.5 */
typedef struct stria_random_invert_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* bounds of the probability: f for 0 to f, or two numbers; default 1 */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_invert_options;

static inline stria_status stria_add_random_invert(stria_model *model, const char *inputs,
    const stria_random_invert_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_invert", inputs, options, sizeof *options, err);
}

/* Shows pictures as planes in space while training. In model text: random_perspective 1 scale=0.3 */
typedef struct stria_random_perspective_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* bounds of the probability that a picture is changed: f for 0 to f, or two; default 1 */
    double scale; /* how far corners move: up to half of this share of their place; default 1 */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    double fill_value; /* what lies outside the picture; default 0 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_perspective_options;

static inline stria_status stria_add_random_perspective(stria_model *model, const char *inputs,
    const stria_random_perspective_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_perspective", inputs, options, sizeof *options, err);
}

/* Keeps only the upper bits of the values while training; no gradient passes. In model text: random_posterization 6 */
typedef struct stria_random_posterization_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* bits that are kept: b for 1 to b-1, or l,u for l to u-1; l,l for l; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_posterization_options;

static inline stria_status stria_add_random_posterization(stria_model *model, const char *inputs,
    const stria_random_posterization_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_posterization", inputs, options, sizeof *options, err);
}

/* Rotates pictures about their middle while training. In model text: random_rotation 0.1 */
typedef struct stria_random_rotation_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* share of a full turn, + counter-clockwise: f for -f to f, or two numbers; must be given */
    const char *fill_mode; /* what lies outside the picture; default reflect; of: reflect wrap constant nearest */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    double fill_value; /* what fill_mode=constant fills with; default 0 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_rotation_options;

static inline stria_status stria_add_random_rotation(stria_model *model, const char *inputs,
    const stria_random_rotation_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_rotation", inputs, options, sizeof *options, err);
}

/* Makes colours paler or stronger while training. In model text: random_saturation 0.4,0.6 */
typedef struct stria_random_saturation_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* 0 grey, 0.5 as it is, 1 full colours: f for 0 to f, or two numbers; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_saturation_options;

static inline stria_status stria_add_random_saturation(stria_model *model, const char *inputs,
    const stria_random_saturation_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_saturation", inputs, options, sizeof *options, err);
}

/* Makes pictures smoother or sharper while training. In model text: random_sharpness 0.3,0.7 */
typedef struct stria_random_sharpness_options {
    const char *name; /* NULL: named after its kind */
    const char *factor; /* 0 smooth, 0.5 as it is, 1 sharp: f for 0 to f, or two numbers; must be given */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_sharpness_options;

static inline stria_status stria_add_random_sharpness(stria_model *model, const char *inputs,
    const stria_random_sharpness_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_sharpness", inputs, options, sizeof *options, err);
}

/* Slants pictures while training. In model text: random_shear 0.2 */
typedef struct stria_random_shear_options {
    const char *name; /* NULL: named after its kind */
    const char *x_factor; /* columns per row: f for -f to f, or two numbers, each way; default 0 */
    const char *y_factor; /* rows per column, the same; default 0 */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    const char *fill_mode; /* what lies outside the picture; default reflect; of: reflect wrap constant nearest */
    double fill_value; /* what fill_mode=constant fills with; default 0 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_shear_options;

static inline stria_status stria_add_random_shear(stria_model *model, const char *inputs,
    const stria_random_shear_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_shear", inputs, options, sizeof *options, err);
}

/* Shifts pictures while training. In model text: random_translation 0.1 0.1 */
typedef struct stria_random_translation_options {
    const char *name; /* NULL: named after its kind */
    const char *height_factor; /* share of the height, + down: f for -f to f, or two numbers; must be given */
    const char *width_factor; /* share of the width, + right: f for -f to f, or two numbers; must be given */
    const char *fill_mode; /* what lies outside the picture; default reflect; of: reflect wrap constant nearest */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    double fill_value; /* what fill_mode=constant fills with; default 0 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_translation_options;

static inline stria_status stria_add_random_translation(stria_model *model, const char *inputs,
    const stria_random_translation_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_translation", inputs, options, sizeof *options, err);
}

/* Zooms pictures about their middle while training. In model text: random_zoom 0.2 */
typedef struct stria_random_zoom_options {
    const char *name; /* NULL: named after its kind */
    const char *height_factor; /* of rows, + out, - in: f for -f to f, or two numbers; must be given */
    const char *width_factor; /* of columns; left out: as the rows */
    const char *fill_mode; /* what lies outside the picture; default reflect; of: reflect wrap constant nearest */
    const char *interpolation; /* nearest pixel, or mixed from four; default bilinear; of: nearest bilinear */
    double fill_value; /* what fill_mode=constant fills with; default 0 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_random_zoom_options;

static inline stria_status stria_add_random_zoom(stria_model *model, const char *inputs,
    const stria_random_zoom_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "random_zoom", inputs, options, sizeof *options, err);
}

/* Nothing below zero. In model text: relu */
typedef struct stria_relu_options {
    const char *name; /* NULL: named after its kind */
    double max_value; /* where the output is cut off; left out for nowhere */
    double negative_slope; /* slope below the threshold; default 0 */
    double threshold; /* what must be passed to come through; default 0 */
} stria_relu_options;

static inline stria_status stria_add_relu(stria_model *model, const char *inputs,
    const stria_relu_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "relu", inputs, options, sizeof *options, err);
}

/* A row of features, several times. In model text: repeat_vector 3 */
typedef struct stria_repeat_vector_options {
    const char *name; /* NULL: named after its kind */
    int64_t n; /* how many times; must be given */
} stria_repeat_vector_options;

static inline stria_status stria_add_repeat_vector(stria_model *model, const char *inputs,
    const stria_repeat_vector_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "repeat_vector", inputs, options, sizeof *options, err);
}

/* Multiplies by a factor and adds an offset. In model text: rescaling 1/255 */
typedef struct stria_rescaling_options {
    const char *name; /* NULL: named after its kind */
    double scale; /* factor; may be written as 1/255; must be given */
    double offset; /* added after the factor; default 0 */
} stria_rescaling_options;

static inline stria_status stria_add_rescaling(stria_model *model, const char *inputs,
    const stria_rescaling_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "rescaling", inputs, options, sizeof *options, err);
}

/* The same numbers in the same order under another shape. In model text: reshape 16x-1 */
typedef struct stria_reshape_options {
    const char *name; /* NULL: named after its kind */
    /* sizes as in 7x7x16 without the batch; one may be -1 or ?: whatever is left; must be given */
    stria_shape target_shape;
} stria_reshape_options;

static inline stria_status stria_add_reshape(stria_model *model, const char *inputs,
    const stria_reshape_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "reshape", inputs, options, sizeof *options, err);
}

/* Pictures of another size, as Keras's Resizing; with antialias as Pillow's resize. In model text: resizing 224 224 */
typedef struct stria_resizing_options {
    const char *name; /* NULL: named after its kind */
    int64_t height; /* rows of the output; must be given */
    int64_t width; /* columns of the output; must be given */
    /* how values between pixels are found; default bilinear; of: nearest bilinear bicubic lanczos3 lanczos5 area */
    const char *interpolation;
    stria_yes_no crop_to_aspect_ratio; /* first cut the middle to the output's proportions; default no */
    stria_yes_no pad_to_aspect_ratio; /* first widen the picture to the output's proportions; default no */
    const char *fill_mode; /* what it is widened with; default constant; of: constant */
    double fill_value; /* the constant; default 0 */
    stria_yes_no antialias; /* average over all pixels that fall together when the picture shrinks; default no */
} stria_resizing_options;

static inline stria_status stria_add_resizing(stria_model *model, const char *inputs,
    const stria_resizing_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "resizing", inputs, options, sizeof *options, err);
}

/* Root mean square 1 along the last axes of each sample, then a learned factor. In model text: rmsnorm */
typedef struct stria_rmsnorm_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis[3]; /* the axes of a row, such as 1,2,3; -1 is the last; default -1 */
    double epsilon; /* added to the mean of the squares; default 1e-6 */
} stria_rmsnorm_options;

static inline stria_status stria_add_rmsnorm(stria_model *model, const char *inputs,
    const stria_rmsnorm_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "rmsnorm", inputs, options, sizeof *options, err);
}

/* The feature-extracting cells of the neocognitron (1980; Keras has no such layer). In model text: s_cells 16 5 selectivity=3 */
typedef struct stria_s_cells_options {
    const char *name; /* NULL: named after its kind */
    int64_t planes; /* number of cell planes: feature maps whose cells share their weights; must be given */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    /* r: how little a feature may differ from the learned one; it answers above a likeness of r/(1+r); default 4 */
    double selectivity;
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default same */
    double decay; /* how the fixed weights fall with each pixel from the centre of the window; default 0.9 */
    double learning_selectivity; /* r while winners take all; 0: selectivity; default 0 */
    int64_t competition; /* rows and columns around a winner in which no other cell learns; default 5 */
    const char *kernel_initializer; /* how the excitatory weights start; default glorot_uniform */
    const char *inhibition_initializer; /* how the inhibitory weights start; default zeros */
} stria_s_cells_options;

static inline stria_status stria_add_s_cells(stria_model *model, const char *inputs,
    const stria_s_cells_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "s_cells", inputs, options, sizeof *options, err);
}

/* Convolution of each channel of a signal by itself, then 1x1. In model text: separable_conv1d 16 3 same relu */
typedef struct stria_separable_conv1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* length of the window; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    int64_t depth_multiplier; /* filters of each channel; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *depthwise_initializer; /* first values of the depthwise kernel; default glorot_uniform */
    const char *depthwise_regularizer; /* penalty on the depthwise kernel, part of the loss */
    const char *depthwise_constraint; /* limit of the depthwise kernel, applied after every step */
    const char *pointwise_initializer; /* first values of the 1x1 kernel; default glorot_uniform */
    const char *pointwise_regularizer; /* penalty on the 1x1 kernel, part of the loss */
    const char *pointwise_constraint; /* limit of the 1x1 kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_separable_conv1d_options;

static inline stria_status stria_add_separable_conv1d(stria_model *model, const char *inputs,
    const stria_separable_conv1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "separable_conv1d", inputs, options, sizeof *options, err);
}

/* Convolution of each channel by itself, then 1x1 (Xception). In model text: separable_conv2d 16 3 same relu */
typedef struct stria_separable_conv2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t filters; /* number of feature maps; must be given */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    int64_t depth_multiplier; /* filters of each channel; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *depthwise_initializer; /* first values of the depthwise kernel; default glorot_uniform */
    const char *depthwise_regularizer; /* penalty on the depthwise kernel, part of the loss */
    const char *depthwise_constraint; /* limit of the depthwise kernel, applied after every step */
    const char *pointwise_initializer; /* first values of the 1x1 kernel; default glorot_uniform */
    const char *pointwise_regularizer; /* penalty on the 1x1 kernel, part of the loss */
    const char *pointwise_constraint; /* limit of the 1x1 kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_separable_conv2d_options;

static inline stria_status stria_add_separable_conv2d(stria_model *model, const char *inputs,
    const stria_separable_conv2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "separable_conv2d", inputs, options, sizeof *options, err);
}

/* Probabilities that sum to 1 over an axis, the last. In model text: softmax */
typedef struct stria_softmax_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis; /* over which they sum to 1; 1 is the first after the batch; default -1 */
} stria_softmax_options;

static inline stria_status stria_add_softmax(stria_model *model, const char *inputs,
    const stria_softmax_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "softmax", inputs, options, sizeof *options, err);
}

/* Inverts what is brighter than a threshold while training. In model text: solarization 0.1 0.5 */
typedef struct stria_solarization_options {
    const char *name; /* NULL: named after its kind */
    const char *addition_factor; /* of what is added first: f for 0 to f, or two numbers; default 0 */
    const char *threshold_factor; /* above which values are inverted: f for 0 to f, or two numbers; default 0 */
    const char *value_range; /* smallest and largest value; pictures of 0 to 1 or -1 to 1 must say so; default 0,255 */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_solarization_options;

static inline stria_status stria_add_solarization(stria_model *model, const char *inputs,
    const stria_solarization_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "solarization", inputs, options, sizeof *options, err);
}

/* Drops whole feature maps of signals while training. In model text: spatial_dropout1d 0.2 */
typedef struct stria_spatial_dropout1d_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* share of the numbers to drop; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_spatial_dropout1d_options;

static inline stria_status stria_add_spatial_dropout1d(stria_model *model, const char *inputs,
    const stria_spatial_dropout1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "spatial_dropout1d", inputs, options, sizeof *options, err);
}

/* Drops whole feature maps of pictures while training. In model text: spatial_dropout2d 0.2 */
typedef struct stria_spatial_dropout2d_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* share of the numbers to drop; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_spatial_dropout2d_options;

static inline stria_status stria_add_spatial_dropout2d(stria_model *model, const char *inputs,
    const stria_spatial_dropout2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "spatial_dropout2d", inputs, options, sizeof *options, err);
}

/* Drops whole feature maps of volumes while training. In model text: spatial_dropout3d 0.2 */
typedef struct stria_spatial_dropout3d_options {
    const char *name; /* NULL: named after its kind */
    double rate; /* share of the numbers to drop; must be given */
    int64_t seed; /* of this layer's draws; -1: the training's; default -1 */
} stria_spatial_dropout3d_options;

static inline stria_status stria_add_spatial_dropout3d(stria_model *model, const char *inputs,
    const stria_spatial_dropout3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "spatial_dropout3d", inputs, options, sizeof *options, err);
}

/* Short-time Fourier transform of a signal: the frequencies of each frame. In model text: stft_spectrogram mode=log frame_length=8 expand_dims */
typedef struct stria_stft_spectrogram_options {
    const char *name; /* NULL: named after its kind */
    /* what is given of each frequency; stft: real parts, then imaginary ones; default log; of: log magnitude psd
     * real imag angle stft */
    const char *mode;
    int64_t frame_length; /* numbers of a frame; default 256 */
    int64_t frame_step; /* from one frame to the next; left out: half of frame_length */
    int64_t fft_length; /* of the transform; left out: the power of two from frame_length on */
    const char *window; /* that frames are multiplied by; default hann; of: hann hamming blackman bartlett none */
    stria_yes_no periodic; /* whether the window would go on in the next frame; default no */
    /* divides by the root of the window's sum of squares, or by its sum; default density; of: density spectrum none */
    const char *scaling;
    const char *padding; /* valid (frames inside the signal) or same (zeros around it); default valid */
    /* give frames x frequencies x channels, not frames x (channels * frequencies); default no */
    stria_yes_no expand_dims;
} stria_stft_spectrogram_options;

static inline stria_status stria_add_stft_spectrogram(stria_model *model, const char *inputs,
    const stria_stft_spectrogram_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "stft_spectrogram", inputs, options, sizeof *options, err);
}

/* The first input without the second. In model text: subtract(a, b) */
typedef struct stria_subtract_options {
    const char *name; /* NULL: named after its kind */
} stria_subtract_options;

static inline stria_status stria_add_subtract(stria_model *model, const char *inputs,
    const stria_subtract_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "subtract", inputs, options, sizeof *options, err);
}

/* Convolution whose filters see chosen channels (LeNet-5, 1998; Keras has no such layer). In model text: table_conv2d 0.1.2,1.2.3,0.1.2.3 5 tanh */
typedef struct stria_table_conv2d_options {
    const char *name; /* NULL: named after its kind */
    const char *connections; /* the channels that each filter sees, from 0 on: lists like 0.1.2,1.2.3; must be given */
    int64_t kernel_size[3]; /* rows x columns of the window; one number for both; must be given */
    int64_t strides[3]; /* how far the window moves at each step; default 1 */
    const char *padding; /* zeros around the input: valid (none), same, or numbers; default valid */
    int64_t dilation_rate[3]; /* distance between the taps of the window; default 1 */
    const char *activation; /* function applied to every output; default linear */
    stria_yes_no use_bias; /* add one number for each channel of the output; default yes */
    const char *kernel_initializer; /* first values of the kernel; default glorot_uniform */
    const char *kernel_regularizer; /* penalty on the kernel, part of the loss */
    const char *kernel_constraint; /* limit of the kernel, applied after every step */
    const char *bias_initializer; /* first values of the bias; default zeros */
    const char *bias_regularizer; /* penalty on the bias, part of the loss */
    const char *bias_constraint; /* limit of the bias, applied after every step */
    const char *activity_regularizer; /* penalty on the outputs, divided by the batch, part of the loss */
} stria_table_conv2d_options;

static inline stria_status stria_add_table_conv2d(stria_model *model, const char *inputs,
    const stria_table_conv2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "table_conv2d", inputs, options, sizeof *options, err);
}

/* Length 1 along some axes of each sample. In model text: unitnorm */
typedef struct stria_unitnorm_options {
    const char *name; /* NULL: named after its kind */
    int64_t axis[3]; /* the axes of what gets length 1; -1 is the last; default -1 */
} stria_unitnorm_options;

static inline stria_status stria_add_unitnorm(stria_model *model, const char *inputs,
    const stria_unitnorm_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "unitnorm", inputs, options, sizeof *options, err);
}

/* Each step of a signal several times. In model text: up_sampling1d 2 */
typedef struct stria_up_sampling1d_options {
    const char *name; /* NULL: named after its kind */
    int64_t size[3]; /* factors as in 2x3; one number for all axes; default 2 */
} stria_up_sampling1d_options;

static inline stria_status stria_add_up_sampling1d(stria_model *model, const char *inputs,
    const stria_up_sampling1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "up_sampling1d", inputs, options, sizeof *options, err);
}

/* A picture enlarged by whole factors. In model text: up_sampling2d 2 */
typedef struct stria_up_sampling2d_options {
    const char *name; /* NULL: named after its kind */
    int64_t size[3]; /* factors as in 2x3; one number for all axes; default 2 */
    /* how values between pixels are found; default nearest; of: nearest bilinear bicubic lanczos3 lanczos5 area */
    const char *interpolation;
} stria_up_sampling2d_options;

static inline stria_status stria_add_up_sampling2d(stria_model *model, const char *inputs,
    const stria_up_sampling2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "up_sampling2d", inputs, options, sizeof *options, err);
}

/* A volume enlarged by whole factors. In model text: up_sampling3d 2 */
typedef struct stria_up_sampling3d_options {
    const char *name; /* NULL: named after its kind */
    int64_t size[3]; /* factors as in 2x3; one number for all axes; default 2 */
} stria_up_sampling3d_options;

static inline stria_status stria_add_up_sampling3d(stria_model *model, const char *inputs,
    const stria_up_sampling3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "up_sampling3d", inputs, options, sizeof *options, err);
}

/* Zeros before and after a signal. In model text: zero_padding1d 1x2 */
typedef struct stria_zero_padding1d_options {
    const char *name; /* NULL: named after its kind */
    const char *padding; /* zeros: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 1 */
} stria_zero_padding1d_options;

static inline stria_status stria_add_zero_padding1d(stria_model *model, const char *inputs,
    const stria_zero_padding1d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "zero_padding1d", inputs, options, sizeof *options, err);
}

/* Zeros around a picture. In model text: zero_padding2d 0,1,0,1 */
typedef struct stria_zero_padding2d_options {
    const char *name; /* NULL: named after its kind */
    const char *padding; /* zeros: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 1 */
} stria_zero_padding2d_options;

static inline stria_status stria_add_zero_padding2d(stria_model *model, const char *inputs,
    const stria_zero_padding2d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "zero_padding2d", inputs, options, sizeof *options, err);
}

/* Zeros around a volume. In model text: zero_padding3d 1 */
typedef struct stria_zero_padding3d_options {
    const char *name; /* NULL: named after its kind */
    const char *padding; /* zeros: 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each; default 1 */
} stria_zero_padding3d_options;

static inline stria_status stria_add_zero_padding3d(stria_model *model, const char *inputs,
    const stria_zero_padding3d_options *options, stria_error *err)
{
    return stria_model_add_kind(model, "zero_padding3d", inputs, options, sizeof *options, err);
}

#ifdef __cplusplus
}
#endif

#endif
