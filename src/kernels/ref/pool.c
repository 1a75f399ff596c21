/* Pooling in plain C: the definition that every faster version is tested against. An output is formed from
 * the inputs its window sees, in row-major order of the taps; an input's gradient from the outputs that see
 * it. */
#include <float.h>

#include "kernels/families.h"
#include "kernels/ref/window.h"

typedef struct pool_job {
    stria_pool_kind kind;
    const stria_window *window;
    size_t channels;
    const float *from; /* forward: x [N,D,H,W,C]; backward: dy [N,Do,Ho,Wo,C] */
    float *to;         /* forward: y [N,Do,Ho,Wo,C]; backward: dx [N,D,H,W,C] */
    void *index;       /* written by forward */
    const void *winners;
} pool_job;

static void store_index(const stria_window *w, void *index, size_t entry, size_t tap)
{
    if (stria_pool_index_size(w) == 1)
        ((uint8_t *)index)[entry] = (uint8_t)tap;
    else
        ((uint32_t *)index)[entry] = (uint32_t)tap;
}

static size_t load_index(const stria_window *w, const void *index, size_t entry)
{
    return stria_pool_index_size(w) == 1 ? ((const uint8_t *)index)[entry] : ((const uint32_t *)index)[entry];
}

/* How many real inputs output `o` sees. */
static size_t inputs_seen(const stria_window *w, const position *o)
{
    size_t seen = 0, input;
    for (size_t tap = 0; tap < stria_size_volume(w->kernel); tap++) {
        position t = position_at(w->kernel, tap);
        seen += input_of(w, o, &t, &input);
    }
    return seen;
}

/* The extreme starts at the worst finite number and only a better one replaces it: NaN never does. Until then
 * the first real tap counts as the winner. */
static float extreme(const pool_job *job, const float *x, const position *o, size_t c, size_t *winner)
{
    const stria_window *w = job->window;
    float best = job->kind == STRIA_POOL_MAX ? -FLT_MAX : FLT_MAX;
    bool seen = false;
    *winner = 0;
    for (size_t tap = 0; tap < stria_size_volume(w->kernel); tap++) {
        position t = position_at(w->kernel, tap);
        size_t input;
        if (!input_of(w, o, &t, &input))
            continue;
        float value = x[input * job->channels + c];
        bool better = job->kind == STRIA_POOL_MAX ? value > best : value < best;
        if (better)
            best = value;
        if (better || !seen)
            *winner = tap;
        seen = true;
    }
    return best;
}

/* 0 for a window of nothing but padding. */
static float average(const pool_job *job, const float *x, const position *o, size_t c)
{
    const stria_window *w = job->window;
    double sum = 0;
    for (size_t tap = 0; tap < stria_size_volume(w->kernel); tap++) {
        position t = position_at(w->kernel, tap);
        size_t input;
        if (input_of(w, o, &t, &input))
            sum += (double)x[input * job->channels + c];
    }
    size_t seen = inputs_seen(w, o);
    return seen > 0 ? (float)(sum / (double)seen) : 0;
}

/* One task is one picture. */
static void forward_task(void *argument, size_t n, size_t worker)
{
    (void)worker;
    const pool_job *job = argument;
    const stria_window *w = job->window;
    const float *x = job->from + n * stria_size_volume(w->in) * job->channels;
    for (size_t pixel = 0; pixel < stria_size_volume(w->out); pixel++) {
        position o = position_at(w->out, pixel);
        for (size_t c = 0; c < job->channels; c++) {
            size_t entry = (n * stria_size_volume(w->out) + pixel) * job->channels + c, winner;
            if (job->kind == STRIA_POOL_AVERAGE) {
                job->to[entry] = average(job, x, &o, c);
                continue;
            }
            job->to[entry] = extreme(job, x, &o, c, &winner);
            if (job->index != NULL)
                store_index(w, job->index, entry, winner);
        }
    }
}

static void forward(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch,
                    const float *x, float *y, void *index, stria_pool *pool)
{
    pool_job job = {.kind = kind, .window = window, .channels = channels, .from = x, .to = y, .index = index};
    stria_pool_run(pool, batch, forward_task, &job);
}

/* dx of one input: the shares of the outputs that see it, in the order of the taps. */
static float gradient(const pool_job *job, size_t n, const position *i, size_t c)
{
    const stria_window *w = job->window;
    double sum = 0;
    for (size_t tap = 0; tap < stria_size_volume(w->kernel); tap++) {
        position t = position_at(w->kernel, tap);
        size_t output;
        if (!output_of(w, i, &t, &output))
            continue;
        size_t entry = (n * stria_size_volume(w->out) + output) * job->channels + c;
        if (job->kind == STRIA_POOL_AVERAGE) {
            position o = position_at(w->out, output);
            sum += (double)job->from[entry] / (double)inputs_seen(w, &o);
        } else if (load_index(w, job->winners, entry) == tap) {
            sum += (double)job->from[entry];
        }
    }
    return (float)sum;
}

static void backward_task(void *argument, size_t n, size_t worker)
{
    (void)worker;
    const pool_job *job = argument;
    const stria_window *w = job->window;
    for (size_t pixel = 0; pixel < stria_size_volume(w->in); pixel++) {
        position i = position_at(w->in, pixel);
        for (size_t c = 0; c < job->channels; c++)
            job->to[(n * stria_size_volume(w->in) + pixel) * job->channels + c] = gradient(job, n, &i, c);
    }
}

static void backward(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch,
                     const float *dy, const void *index, float *dx, stria_pool *pool)
{
    pool_job job = {
        .kind = kind, .window = window, .channels = channels, .from = dy, .to = dx, .winners = index};
    stria_pool_run(pool, batch, backward_task, &job);
}

void stria_ref_pool_fill(stria_pool_kernels *kernels)
{
    *kernels = (stria_pool_kernels){.forward = forward, .backward = backward};
}
