/* Up-sampling by whole factors: each position is repeated, or pictures are interpolated (kernels/resample.h).
 */
#include "base/error.h"
#include "base/size.h"
#include "kernels/arrange.h"
#include "kernels/resample.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"

typedef struct config {
    stria_sizes size;
    int interpolation; /* stria_interpolation; nearest for signals and volumes */
} config;

typedef struct state {
    stria_repeat repeat;     /* nearest */
    stria_resample resample; /* others */
} state;

#define SIZE_ARGUMENT                                                                                        \
    {                                                                                                        \
        "size", STRIA_ARG_SIZES, offsetof(config, size), "2", 1, (double)(1 << 30), NULL,                    \
            "factors as in 2x3; one number for all axes"                                                     \
    }

static const stria_argument arguments[] = {SIZE_ARGUMENT};
static const stria_argument picture_arguments[] = {
    SIZE_ARGUMENT,
    {"interpolation", STRIA_ARG_WORD, offsetof(config, interpolation), "nearest", 0, 0,
     STRIA_INTERPOLATION_WORDS, "how values between pixels are found"},
};

static stria_resample resample_of(const config *c, const stria_shape *input, const stria_shape *output)
{
    stria_resample r = {.interpolation = (stria_interpolation)c->interpolation,
                        .channels = (size_t)input->sizes[2]};
    for (int a = 0; a < 2; a++)
        r.axes[a] = (stria_resample_axis){(size_t)input->sizes[a], (size_t)output->sizes[a],
                                          (size_t)input->sizes[a], 0};
    return r;
}

static stria_status shape(const config *c, const stria_shape *input, int spatial, stria_layer_facts *facts,
                          stria_error *err)
{
    static const int64_t taps[] = {[STRIA_NEAREST] = 1,  [STRIA_BILINEAR] = 2,  [STRIA_BICUBIC] = 4,
                                   [STRIA_LANCZOS3] = 6, [STRIA_LANCZOS5] = 10, [STRIA_AREA] = 2};
    STRIA_TRY(stria_require_spatial(input, spatial, "up-sampling", err));
    facts->output = *input;
    for (int a = 0; a < spatial; a++) {
        int64_t factor;
        STRIA_TRY(stria_sizes_at(&c->size, spatial, a, "size", &factor, err));
        facts->field[a] = taps[c->interpolation];
        facts->field_before[a] = (taps[c->interpolation] - 1) / 2;
        /* Output k lies at (k + 1/2) / factor - 1/2 of the input, behind or on floor((k - shift) / factor).
         */
        const int64_t shift = c->interpolation == STRIA_NEAREST ? 0 : factor / 2;
        facts->finer[a] = factor;
        facts->finer_first[a] = -shift - (factor - 1);
        facts->finer_last[a] = -shift;
        if (input->sizes[a] != STRIA_ANY_SIZE &&
            !stria_count_multiply(input->sizes[a], factor, &facts->output.sizes[a]))
            return stria_fail(err, STRIA_ERROR_LIMIT, "%lld times %lld is more than a size can be",
                              (long long)input->sizes[a], (long long)factor);
    }
    return STRIA_OK;
}

STRIA_SPATIAL_SHAPE(shape, 1)
STRIA_SPATIAL_SHAPE(shape, 2)
STRIA_SPATIAL_SHAPE(shape, 3)

static bool repeats(const stria_layer_call *call)
{
    const config *c = call->config;
    return c->interpolation == STRIA_NEAREST;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    state *s = call->state;
    const stria_shape *input = call->input_shapes[0], *output = call->output_shape;
    int spatial = input->rank - 1;
    needs->backward_keeps_dy = true;
    if (!repeats(call)) {
        s->resample = resample_of(call->config, input, output);
        needs->packed = stria_resample_table_size(&s->resample);
        needs->scratch = stria_resample_scratch(&s->resample, stria_pool_workers(call->pool));
        needs->kernel = "resample";
        return;
    }
    s->repeat.channels = (size_t)input->sizes[spatial];
    for (int i = 0; i < 3; i++) {
        int axis = i - (3 - spatial);
        s->repeat.in[i] = axis < 0 ? 1 : (size_t)input->sizes[axis];
        s->repeat.times[i] = axis < 0 ? 1 : (size_t)(output->sizes[axis] / input->sizes[axis]);
    }
    needs->kernel = "repeat";
}

static void pack(const stria_layer_call *call)
{
    const state *s = call->state;
    if (!repeats(call))
        stria_resample_fill_table(&s->resample, call->packed);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (repeats(call))
        stria_repeat_forward(&s->repeat, call->batch, call->inputs[0], call->output, call->pool);
    else
        stria_resample_forward(&s->resample, call->packed, call->batch, call->inputs[0], call->output,
                               call->scratch, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (call->dinputs[0] == NULL)
        return;
    if (repeats(call))
        stria_repeat_backward(&s->repeat, call->batch, call->dy, call->dinputs[0], call->pool);
    else
        stria_resample_backward(&s->resample, call->packed, call->batch, call->dy, call->dinputs[0],
                                call->scratch, call->pool);
}

#define UP_SAMPLING_KIND(name_, class_, title_, formula_, spatial, arguments_)                               \
    const stria_layer_kind stria_kind_##name_ = {                                                            \
        .name = #name_,                                                                                      \
        .aliases = "",                                                                                       \
        .keras_class = class_,                                                                               \
        .onnx_operator = "Resize",                                                                           \
        .title = title_,                                                                                     \
        .formula = formula_,                                                                                 \
        .example = #name_ " 2",                                                                              \
        .config_size = sizeof(config),                                                                       \
        .arguments = arguments_,                                                                             \
        .argument_count = sizeof arguments_ / sizeof arguments_[0],                                          \
        .min_inputs = 1,                                                                                     \
        .max_inputs = 1,                                                                                     \
        .state_size = sizeof(state),                                                                         \
        .shape = shape_##spatial##d,                                                                         \
        .bind = bind,                                                                                        \
        .pack = pack,                                                                                        \
        .forward = forward,                                                                                  \
        .backward = backward,                                                                                \
    }

UP_SAMPLING_KIND(up_sampling1d, "UpSampling1D", "Each step of a signal several times.",
                 "y[i,c] = x[floor(i/size),c]", 1, arguments);
UP_SAMPLING_KIND(up_sampling2d, "UpSampling2D", "A picture enlarged by whole factors.",
                 "nearest: y[i,j,c] = x[floor(i/size),floor(j/size),c]\n"
                 "others: as resizing, with half-pixel centres",
                 2, picture_arguments);
UP_SAMPLING_KIND(up_sampling3d, "UpSampling3D", "A volume enlarged by whole factors.",
                 "y[d,i,j,c] = x[floor(d/size),floor(i/size),floor(j/size),c]", 3, arguments);
