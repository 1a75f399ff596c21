/* Convolution in plain C: the definition that every faster version is tested against. Each result is
 * literally its sum, formed in double in the documented order (taps, then channels; for kernel gradients
 * pictures, then pixels) and rounded once. The gradients are the adjoints of forward: the same triples
 * (output, tap, input), read from another side. */
#include <string.h>

#include "kernels/families.h"
#include "kernels/ref/window.h"

static size_t kernel_size(const stria_conv_shape *s)
{
    return stria_size_volume(s->window.kernel) * (s->channels / s->groups) * s->filters;
}

static void needs(const stria_conv_shape *shape, size_t batch, size_t workers, bool training,
                  stria_conv_needs *result)
{
    (void)batch, (void)workers, (void)training;
    *result = (stria_conv_needs){.packed = kernel_size(shape), .packed_transposed = kernel_size(shape)};
}

static stria_conv_algorithm choose(const stria_conv_shape *shape, size_t batch, stria_conv_algorithm wish)
{
    (void)shape, (void)batch;
    return wish == STRIA_CONV_REF ? STRIA_CONV_REF : STRIA_CONV_DIRECT;
}

static const char *describe(const stria_conv_shape *shape, size_t batch)
{
    (void)shape, (void)batch;
    return "definition plain";
}

static void pack(const stria_conv_shape *shape, const float *kernel, float *packed, stria_pool *pool)
{
    (void)pool;
    memcpy(packed, kernel, kernel_size(shape) * sizeof *kernel);
}

/* The filters at one output pixel. */
static void forward_pixel(const stria_conv_call *call, size_t n, size_t pixel)
{
    const stria_conv_shape *s = call->shape;
    const stria_window *w = &s->window;
    size_t depth = s->channels / s->groups, width = s->filters / s->groups,
           taps = stria_size_volume(w->kernel);
    const float *x = call->x + n * stria_size_volume(w->in) * s->channels;
    float *y = call->y + (n * stria_size_volume(w->out) + pixel) * s->filters;
    position o = position_at(w->out, pixel);
    for (size_t k = 0; k < s->filters; k++) {
        double sum = call->bias != NULL ? call->bias[k] : 0;
        size_t first = k / width * depth;
        for (size_t tap = 0; tap < taps; tap++) {
            position t = position_at(w->kernel, tap);
            size_t input;
            if (!input_of(w, &o, &t, &input))
                continue;
            for (size_t c = 0; c < depth; c++)
                sum += (double)x[input * s->channels + first + c] *
                       (double)call->packed[(tap * depth + c) * s->filters + k];
        }
        /* Rounded before it is added to, as when the sum is a layer of its own. The residual may be y. */
        const size_t at = (n * stria_size_volume(w->out) + pixel) * s->filters + k;
        y[k] = call->residual != NULL ? (float)sum + call->residual[at] : (float)sum;
    }
}

static void forward_task(void *job, size_t n, size_t worker)
{
    (void)worker;
    const stria_conv_call *call = job;
    for (size_t pixel = 0; pixel < stria_size_volume(call->shape->window.out); pixel++)
        forward_pixel(call, n, pixel);
}

static void activate(const stria_conv_call *call, float *sums, size_t count)
{
    stria_elementwise_kernels elementwise;
    stria_ref_elementwise_fill(&elementwise);
    if (call->activation.kind != STRIA_LINEAR)
        elementwise.activate(call->activation, sums, sums, count, call->pool);
}

static void forward(const stria_conv_call *call)
{
    const stria_conv_shape *s = call->shape;
    stria_conv_call job = *call;
    stria_pool_run(call->pool, call->batch, forward_task, &job);
    activate(call, call->y, call->batch * stria_size_volume(s->window.out) * s->filters);
}

/* dx[n,i,c] = bias[c] + sum over taps t and filters k of dy[n,o,k] * w[t,c,k], where o sees i through t. */
static void input_gradient_pixel(const stria_conv_call *call, size_t n, size_t pixel)
{
    const stria_conv_shape *s = call->shape;
    const stria_window *w = &s->window;
    size_t depth = s->channels / s->groups, width = s->filters / s->groups,
           taps = stria_size_volume(w->kernel);
    const float *dy = call->dy + n * stria_size_volume(w->out) * s->filters;
    float *dx = call->dx + (n * stria_size_volume(w->in) + pixel) * s->channels;
    position i = position_at(w->in, pixel);
    for (size_t c = 0; c < s->channels; c++) {
        double sum = call->bias != NULL ? call->bias[c] : 0;
        size_t first = c / depth * width;
        for (size_t tap = 0; tap < taps; tap++) {
            position t = position_at(w->kernel, tap);
            size_t output;
            if (!output_of(w, &i, &t, &output))
                continue;
            for (size_t k = first; k < first + width; k++)
                sum += (double)dy[output * s->filters + k] *
                       (double)call->packed[(tap * depth + c % depth) * s->filters + k];
        }
        const size_t at = (n * stria_size_volume(w->in) + pixel) * s->channels + c;
        dx[c] = call->residual != NULL ? (float)sum + call->residual[at] : (float)sum;
    }
}

static void input_gradient_task(void *job, size_t n, size_t worker)
{
    (void)worker;
    const stria_conv_call *call = job;
    for (size_t pixel = 0; pixel < stria_size_volume(call->shape->window.in); pixel++)
        input_gradient_pixel(call, n, pixel);
}

static void input_gradient(const stria_conv_call *call)
{
    const stria_conv_shape *s = call->shape;
    stria_conv_call job = *call;
    stria_pool_run(call->pool, call->batch, input_gradient_task, &job);
    activate(call, call->dx, call->batch * stria_size_volume(s->window.in) * s->channels);
}

/* dw[t,c,k] = sum over pictures n and outputs o of x[n,i,c] * dy[n,o,k], where o sees i through t. */
static float kernel_gradient_sum(const stria_conv_call *call, const position *t, size_t c, size_t k)
{
    const stria_conv_shape *s = call->shape;
    const stria_window *w = &s->window;
    size_t pixels = stria_size_volume(w->out);
    double sum = 0;
    for (size_t n = 0; n < call->batch; n++) {
        const float *x = call->x + n * stria_size_volume(w->in) * s->channels;
        const float *dy = call->dy + n * pixels * s->filters;
        for (size_t pixel = 0; pixel < pixels; pixel++) {
            position o = position_at(w->out, pixel);
            size_t input;
            if (input_of(w, &o, t, &input))
                sum += (double)x[input * s->channels + c] * (double)dy[pixel * s->filters + k];
        }
    }
    return (float)sum;
}

/* One task is a row of dkernel: tap and channel of the group. */
static void kernel_gradient_task(void *job, size_t row, size_t worker)
{
    (void)worker;
    const stria_conv_call *call = job;
    const stria_conv_shape *s = call->shape;
    size_t depth = s->channels / s->groups, width = s->filters / s->groups;
    position t = position_at(s->window.kernel, row / depth);
    for (size_t k = 0; k < s->filters; k++)
        call->dkernel[row * s->filters + k] =
            kernel_gradient_sum(call, &t, k / width * depth + row % depth, k);
}

static void kernel_gradient(const stria_conv_call *call)
{
    const stria_conv_shape *s = call->shape;
    stria_conv_call job = *call;
    stria_pool_run(call->pool, stria_size_volume(s->window.kernel) * (s->channels / s->groups),
                   kernel_gradient_task, &job);
    if (call->dbias == NULL)
        return;
    for (size_t k = 0; k < s->filters; k++) {
        double sum = 0;
        for (size_t row = 0; row < call->batch * stria_size_volume(s->window.out); row++)
            sum += (double)call->dy[row * s->filters + k];
        call->dbias[k] = (float)sum;
    }
}

void stria_ref_conv_fill(stria_conv_kernels *kernels)
{
    *kernels = (stria_conv_kernels){.choose = choose,
                                    .needs = needs,
                                    .describe = describe,
                                    .pack = pack,
                                    .pack_transposed = pack,
                                    .forward = forward,
                                    .input_gradient = input_gradient,
                                    .kernel_gradient = kernel_gradient};
}
