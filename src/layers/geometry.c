/* Padding, stride, dilation and output sizes: every window in Stria gets its numbers here, checked once, so
 * that kernels need not check again. Formulas: Dumoulin and Visin, "A guide to convolution arithmetic for
 * deep learning" (2016), with Keras's rule for "same": the smaller half of the padding goes in front. */
#include "layers/geometry.h"

#include <stdio.h>

#include "base/error.h"
#include "base/size.h"

/* Larger windows, strides and paddings than this have no use, and products of two of them still fit 64 bits.
 */
#define LARGEST_SETTING ((int64_t)1 << 30)

static stria_status check_setting(const char *axis_name, const char *what, int64_t number, int64_t least,
                                  stria_error *err)
{
    if (number < least)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: %s %lld is below %lld", axis_name, what,
                          (long long)number, (long long)least);
    if (number > LARGEST_SETTING)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: %s %lld is above %lld", axis_name, what,
                          (long long)number, (long long)LARGEST_SETTING);
    return STRIA_OK;
}

/* The sum that came out below 1, as the user would write it. */
static stria_status fail_empty(const stria_axis *axis, stria_padding_mode padding, const char *axis_name,
                               stria_error *err)
{
    int64_t extent = (axis->kernel - 1) * axis->dilation + 1, padded = axis->before + axis->after;
    char dilated[96] = "", zeros[48] = "";
    if (axis->dilation > 1)
        snprintf(dilated, sizeof dilated, " (%lld taps at distance %lld)", (long long)axis->kernel,
                 (long long)axis->dilation);
    if (padding == STRIA_PADDING_EXPLICIT)
        snprintf(zeros, sizeof zeros, " + padding %lld", (long long)padded);
    return stria_fail(
        err, STRIA_ERROR_SHAPE,
        "the window is larger than its input in %s: input %lld%s - window %lld%s + 1 = %lld; use "
        "padding=same, a smaller window or a larger input",
        axis_name, (long long)axis->in, zeros, (long long)extent, dilated,
        (long long)(axis->in + padded - extent + 1));
}

/* What the user sets of an axis. */
static stria_status check_axis(const stria_axis *axis, int64_t explicit_before, int64_t explicit_after,
                               const char *axis_name, stria_error *err)
{
    STRIA_TRY(check_setting(axis_name, "window size", axis->kernel, 1, err));
    STRIA_TRY(check_setting(axis_name, "stride", axis->stride, 1, err));
    STRIA_TRY(check_setting(axis_name, "dilation", axis->dilation, 1, err));
    STRIA_TRY(check_setting(axis_name, "padding", explicit_before, 0, err));
    return check_setting(axis_name, "padding", explicit_after, 0, err);
}

stria_status stria_axis_solve(stria_axis *axis, stria_padding_mode padding, int64_t explicit_before,
                              int64_t explicit_after, const char *axis_name, stria_error *err)
{
    STRIA_TRY(check_axis(axis, explicit_before, explicit_after, axis_name, err));
    int64_t extent = (axis->kernel - 1) * axis->dilation + 1;
    axis->before = axis->after = 0;
    if (padding == STRIA_PADDING_EXPLICIT) {
        axis->before = explicit_before;
        axis->after = explicit_after;
    }
    if (padding == STRIA_PADDING_CAUSAL)
        axis->before = extent - 1;
    if (axis->in == STRIA_ANY_SIZE) {
        axis->out = STRIA_ANY_SIZE;
        return STRIA_OK;
    }
    STRIA_TRY(check_setting(axis_name, "input size", axis->in, 1, err));
    if (padding == STRIA_PADDING_SAME) {
        axis->out = (axis->in - 1) / axis->stride + 1;
        int64_t total = (axis->out - 1) * axis->stride + extent - axis->in;
        if (total > 0) {
            axis->before = total / 2;
            axis->after = total - axis->before;
        }
        return STRIA_OK;
    }
    int64_t room = axis->in + axis->before + axis->after - extent;
    if (room < 0)
        return fail_empty(axis, padding, axis_name, err);
    axis->out = room / axis->stride + 1;
    return STRIA_OK;
}

stria_status stria_axis_transpose(stria_axis *axis, stria_padding_mode padding, int64_t explicit_before,
                                  int64_t explicit_after, int64_t output_padding, const char *axis_name,
                                  stria_error *err)
{
    STRIA_TRY(check_axis(axis, explicit_before, explicit_after, axis_name, err));
    if (output_padding >= axis->stride)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: output_padding %lld is not below the stride %lld",
                          axis_name, (long long)output_padding, (long long)axis->stride);
    int64_t extent = (axis->kernel - 1) * axis->dilation + 1;
    const bool given = output_padding >= 0;
    axis->before = padding == STRIA_PADDING_EXPLICIT ? explicit_before : 0;
    axis->after = padding == STRIA_PADDING_EXPLICIT ? explicit_after : 0;
    if (axis->out == STRIA_ANY_SIZE) {
        axis->in = STRIA_ANY_SIZE;
        return STRIA_OK;
    }
    STRIA_TRY(check_setting(axis_name, "input size", axis->out, 1, err));
    int64_t seen = (axis->out - 1) * axis->stride + extent; /* the outputs that the input reaches */
    if (padding == STRIA_PADDING_SAME) {
        axis->in = given ? seen - extent + extent % 2 + output_padding : axis->out * axis->stride;
        int64_t total = seen > axis->in ? seen - axis->in : 0;
        axis->before = total / 2;
        axis->after = total - axis->before;
    } else {
        int64_t more = padding == STRIA_PADDING_VALID && axis->stride > extent ? axis->stride - extent : 0;
        axis->in = seen - axis->before - axis->after + (given ? output_padding : more);
    }
    if (axis->in < 1)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "the output is empty in %s: (input %lld - 1) * stride %lld + window %lld - %lld left "
            "out = %lld; use less padding or a larger window",
            axis_name, (long long)axis->out, (long long)axis->stride, (long long)extent,
            (long long)(seen - axis->in), (long long)axis->in);
    return check_setting(axis_name, "output size", axis->in, 1, err);
}

stria_status stria_sizes_at(const stria_sizes *sizes, int rank, int axis, const char *what, int64_t *number,
                            stria_error *err)
{
    if (rank == 1 && sizes->count != 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s has %d sizes for 1 spatial dimension; give 1", what,
                          sizes->count);
    if (sizes->count != 1 && sizes->count != rank)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s has %d sizes for %d spatial dimensions; give 1 or %d",
                          what, sizes->count, rank, rank);
    *number = sizes->values[sizes->count == 1 ? 0 : axis];
    return STRIA_OK;
}

stria_status stria_padding_at(const stria_padding *padding, int rank, int axis, int64_t *before,
                              int64_t *after, stria_error *err)
{
    *before = *after = 0;
    if (padding->mode != STRIA_PADDING_EXPLICIT)
        return STRIA_OK;
    if (padding->count == 1)
        *before = *after = padding->values[0];
    else if (padding->count == rank)
        *before = *after = padding->values[axis];
    else if (padding->count == 2 * rank) {
        *before = padding->values[2 * axis];
        *after = padding->values[2 * axis + 1];
    } else
        return stria_fail(err, STRIA_ERROR_VALUE, "padding has %d sizes; give 1, %d or %d", padding->count,
                          rank, 2 * rank);
    return STRIA_OK;
}

/* What the lists say of one axis. */
typedef struct axis_settings {
    int64_t kernel, stride, dilation, before, after;
    const char *name;
} axis_settings;

static stria_status settings_of(int rank, int axis, const stria_sizes *kernel, const stria_sizes *strides,
                                const stria_sizes *dilation, const stria_padding *padding,
                                axis_settings *settings, stria_error *err)
{
    static const char *const names[3][3] = {{"length"}, {"height", "width"}, {"depth", "height", "width"}};
    settings->name = names[rank - 1][axis];
    STRIA_TRY(stria_sizes_at(kernel, rank, axis, "the window", &settings->kernel, err));
    STRIA_TRY(stria_sizes_at(strides, rank, axis, "strides", &settings->stride, err));
    STRIA_TRY(stria_sizes_at(dilation, rank, axis, "dilation_rate", &settings->dilation, err));
    return stria_padding_at(padding, rank, axis, &settings->before, &settings->after, err);
}

/* Nothing when a size is open. The stride of a single output moves nothing; a huge one would only cost
 * kernels that sort inputs by their remainder. */
static void fill_window(const stria_axis axes[3], int rank, stria_window *window)
{
    for (int a = 0; a < rank; a++)
        if (axes[a].in == STRIA_ANY_SIZE)
            return;
    for (int i = 0; i < 3; i++) {
        int a = i - (3 - rank);
        window->in[i] = a < 0 ? 1 : (size_t)axes[a].in;
        window->out[i] = a < 0 ? 1 : (size_t)axes[a].out;
        window->kernel[i] = a < 0 ? 1 : (size_t)axes[a].kernel;
        window->stride[i] = a < 0 ? 1 : (size_t)axes[a].stride;
        if (window->out[i] == 1)
            window->stride[i] = stria_size_min(window->stride[i], window->in[i]);
        window->dilation[i] = a < 0 ? 1 : (size_t)axes[a].dilation;
        window->before[i] = a < 0 ? 0 : (size_t)axes[a].before;
    }
}

stria_status stria_window_solve(const stria_shape *input, const stria_sizes *kernel,
                                const stria_sizes *strides, const stria_sizes *dilation,
                                const stria_padding *padding, stria_axis axes[3], stria_window *window,
                                stria_error *err)
{
    int rank = input->rank - 1;
    for (int a = 0; a < rank; a++) {
        axis_settings set;
        STRIA_TRY(settings_of(rank, a, kernel, strides, dilation, padding, &set, err));
        axes[a] = (stria_axis){
            .in = input->sizes[a], .kernel = set.kernel, .stride = set.stride, .dilation = set.dilation};
        STRIA_TRY(stria_axis_solve(&axes[a], padding->mode, set.before, set.after, set.name, err));
    }
    if (window != NULL)
        fill_window(axes, rank, window);
    return STRIA_OK;
}

stria_status stria_window_transpose(const stria_shape *input, const stria_sizes *kernel,
                                    const stria_sizes *strides, const stria_sizes *dilation,
                                    const stria_padding *padding, const stria_sizes *output_padding,
                                    stria_axis axes[3], stria_window *window, stria_error *err)
{
    int rank = input->rank - 1;
    for (int a = 0; a < rank; a++) {
        axis_settings set;
        int64_t more = -1;
        STRIA_TRY(settings_of(rank, a, kernel, strides, dilation, padding, &set, err));
        if (output_padding->count > 0)
            STRIA_TRY(stria_sizes_at(output_padding, rank, a, "output_padding", &more, err));
        axes[a] = (stria_axis){
            .out = input->sizes[a], .kernel = set.kernel, .stride = set.stride, .dilation = set.dilation};
        STRIA_TRY(stria_axis_transpose(&axes[a], padding->mode, set.before, set.after, more, set.name, err));
    }
    if (window != NULL)
        fill_window(axes, rank, window);
    return STRIA_OK;
}
