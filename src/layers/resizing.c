/* Pictures of another size: resizing and center_crop, which resizes where the picture is too small. All of it
 * is kernels/resample.h over a stretch of each axis that the layer chooses. */
#include "base/error.h"
#include "kernels/arrange.h"
#include "kernels/resample.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    int64_t height, width;
    int interpolation; /* stria_interpolation */
    bool crop_to_aspect_ratio, pad_to_aspect_ratio, antialias;
    int fill_mode;
    double fill_value;
} config;

typedef struct crop_config {
    int64_t height, width;
} crop_config;

typedef struct state {
    bool cuts; /* center_crop of a picture that is large enough */
    stria_box box;
    stria_resample resample;
} state;

/* Larger pictures have no use, and products of two sides still fit 64 bits. */
#define LARGEST ((double)(1 << 30))

/* Up to here floats count pixels. */
#define LARGEST_EXTENT (1 << 24)

static const stria_argument arguments[] = {
    {"height", STRIA_ARG_INTEGER, offsetof(config, height), NULL, 1, LARGEST, NULL, "rows of the output"},
    {"width", STRIA_ARG_INTEGER, offsetof(config, width), NULL, 1, LARGEST, NULL, "columns of the output"},
    {"interpolation", STRIA_ARG_WORD, offsetof(config, interpolation), "bilinear", 0, 0,
     STRIA_INTERPOLATION_WORDS, "how values between pixels are found"},
    {"crop_to_aspect_ratio", STRIA_ARG_BOOLEAN, offsetof(config, crop_to_aspect_ratio), "no", 0, 0, NULL,
     "first cut the middle to the output's proportions"},
    {"pad_to_aspect_ratio", STRIA_ARG_BOOLEAN, offsetof(config, pad_to_aspect_ratio), "no", 0, 0, NULL,
     "first widen the picture to the output's proportions"},
    {"fill_mode", STRIA_ARG_WORD, offsetof(config, fill_mode), "constant", 0, 0, "constant",
     "what it is widened with"},
    {"fill_value", STRIA_ARG_NUMBER, offsetof(config, fill_value), "0", 0, 0, NULL, "the constant"},
    {"antialias", STRIA_ARG_BOOLEAN, offsetof(config, antialias), "no", 0, 0, NULL,
     "average over all pixels that fall together when the picture shrinks"},
};

static const stria_argument crop_arguments[] = {
    {"height", STRIA_ARG_INTEGER, offsetof(crop_config, height), NULL, 1, LARGEST, NULL,
     "rows of the output"},
    {"width", STRIA_ARG_INTEGER, offsetof(crop_config, width), NULL, 1, LARGEST, NULL,
     "columns of the output"},
};

static stria_status size_shape(int64_t height, int64_t width, const stria_shape *input, const char *kind,
                               stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, 2, kind, err));
    facts->output = (stria_shape){3, {height, width, input->sizes[2]}};
    return STRIA_OK;
}

static stria_resample resample_of(const config *c, const stria_shape *input)
{
    const int64_t in[2] = {input->sizes[0], input->sizes[1]}, out[2] = {c->height, c->width};
    stria_resample r = {.channels = (size_t)input->sizes[2],
                        .interpolation = (stria_interpolation)c->interpolation,
                        .antialias = c->antialias,
                        .fill = (float)c->fill_value};
    for (int a = 0; a < 2; a++) {
        r.axes[a] = (stria_resample_axis){(size_t)in[a], (size_t)out[a], (size_t)in[a], 0};
        if (c->crop_to_aspect_ratio || c->pad_to_aspect_ratio)
            r.axes[a] = stria_resample_to_aspect(in, out, a, c->pad_to_aspect_ratio);
    }
    return r;
}

/* The field is the largest number of pixels an output is made of; their distance is rounded down to whole
 * pixels. */
static void note_field(const stria_resample *r, stria_layer_facts *facts)
{
    for (int a = 0; a < 2; a++) {
        facts->field[a] = (int64_t)stria_resample_taps(r, a);
        facts->field_stride[a] = (int64_t)(r->axes[a].extent / r->axes[a].out);
        facts->field_before[a] = -r->axes[a].start;
    }
}

static bool is_open(const stria_shape *input)
{
    return input->sizes[0] == STRIA_ANY_SIZE || input->sizes[1] == STRIA_ANY_SIZE;
}

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    if (c->crop_to_aspect_ratio && c->pad_to_aspect_ratio)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other; leave one out");
    STRIA_TRY(size_shape(c->height, c->width, &inputs[0], "resizing", facts, err));
    facts->sees_all = is_open(&inputs[0]);
    if (facts->sees_all)
        return STRIA_OK;
    const stria_resample r = resample_of(c, &inputs[0]);
    for (int a = 0; a < 2; a++)
        if (r.axes[a].extent > LARGEST_EXTENT)
            return stria_fail(err, STRIA_ERROR_LIMIT,
                              "resizing: pad_to_aspect_ratio makes %zu of %zu %s, more than %d",
                              r.axes[a].extent, r.axes[a].in, a == 0 ? "rows" : "columns", LARGEST_EXTENT);
    note_field(&r, facts);
    return STRIA_OK;
}

static void bind_resample(stria_layer_call *call, stria_layer_needs *needs)
{
    const state *s = call->state;
    needs->packed = stria_resample_table_size(&s->resample);
    needs->scratch = stria_resample_scratch(&s->resample, stria_pool_workers(call->pool));
    needs->backward_keeps_dy = true;
    needs->kernel = "resample";
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    state *s = call->state;
    s->resample = resample_of(call->config, call->input_shapes[0]);
    bind_resample(call, needs);
}

/* ---- center_crop ---- */

static config crop_as_resizing(const crop_config *c)
{
    return (config){.height = c->height,
                    .width = c->width,
                    .interpolation = STRIA_BILINEAR,
                    .crop_to_aspect_ratio = true};
}

static bool cuts(const crop_config *c, const stria_shape *input)
{
    return input->sizes[0] >= c->height && input->sizes[1] >= c->width;
}

static stria_status crop_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const crop_config *c = settings;
    STRIA_TRY(size_shape(c->height, c->width, &inputs[0], "center_crop", facts, err));
    facts->sees_all = is_open(&inputs[0]);
    if (facts->sees_all)
        return STRIA_OK;
    const config as_resizing = crop_as_resizing(c);
    const stria_resample r = resample_of(&as_resizing, &inputs[0]);
    if (!cuts(c, &inputs[0]))
        note_field(&r, facts);
    for (int a = 0; a < 2 && cuts(c, &inputs[0]); a++)
        facts->field_before[a] = -((inputs[0].sizes[a] - facts->output.sizes[a]) / 2);
    return STRIA_OK;
}

static void crop_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_shape *input = call->input_shapes[0], *output = call->output_shape;
    state *s = call->state;
    s->cuts = cuts(call->config, input);
    if (!s->cuts) {
        const config as_resizing = crop_as_resizing(call->config);
        s->resample = resample_of(&as_resizing, input);
        bind_resample(call, needs);
        return;
    }
    s->box = (stria_box){
        .in = {1, (size_t)input->sizes[0], (size_t)input->sizes[1]},
        .out = {1, (size_t)output->sizes[0], (size_t)output->sizes[1]},
        .offset = {0, (input->sizes[0] - output->sizes[0]) / 2, (input->sizes[1] - output->sizes[1]) / 2},
        .channels = (size_t)input->sizes[2]};
    needs->backward_keeps_dy = true;
    needs->kernel = "crop";
}

/* ---- Running both ---- */

static void pack(const stria_layer_call *call)
{
    const state *s = call->state;
    if (!s->cuts)
        stria_resample_fill_table(&s->resample, call->packed);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (s->cuts)
        stria_box_copy(&s->box, call->batch, call->inputs[0], call->output, call->pool);
    else
        stria_resample_forward(&s->resample, call->packed, call->batch, call->inputs[0], call->output,
                               call->scratch, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const stria_box back = stria_box_reverse(&s->box);
    if (call->dinputs[0] == NULL)
        return;
    if (s->cuts)
        stria_box_copy(&back, call->batch, call->dy, call->dinputs[0], call->pool);
    else
        stria_resample_backward(&s->resample, call->packed, call->batch, call->dy, call->dinputs[0],
                                call->scratch, call->pool);
}

const stria_layer_kind stria_kind_resizing = {
    .name = "resizing",
    .aliases = "",
    .keras_class = "Resizing",
    .onnx_operator = "Resize",
    .title = "Pictures of another size, as Keras's Resizing; with antialias as Pillow's resize.",
    .formula =
        "output i lies at (i + 1/2)*H/height - 1/2 of the input (half-pixel centres)\n"
        "nearest: x[floor((i + 1/2)*H/height)]; bilinear and area: weighted by distance and by overlap\n"
        "bicubic: a = -0.5; lanczos3, lanczos5: windowed sinc; weights sum to 1 at the edges too",
    .example = "resizing 224 224",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
};

const stria_layer_kind stria_kind_center_crop = {
    .name = "center_crop",
    .aliases = "",
    .keras_class = "CenterCrop",
    .onnx_operator = "Slice",
    .title = "The middle of a picture; smaller ones are cut to the proportions and enlarged.",
    .formula = "y[i,j,c] = x[i + floor((H - height)/2), j + floor((W - width)/2), c]\n"
               "where a side is too small: resizing with crop_to_aspect_ratio, bilinear",
    .example = "center_crop 20 20",
    .config_size = sizeof(crop_config),
    .arguments = crop_arguments,
    .argument_count = sizeof crop_arguments / sizeof crop_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = crop_shape,
    .bind = crop_bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
};
