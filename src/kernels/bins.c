/* Adaptive pooling. A task is a block of channels of one picture: bins of a picture overlap, so that the
 * gradients of a block are added by one task alone, in the order of the outputs. */
#include "kernels/bins.h"

#include <float.h>

#include "base/size.h"

/* Channels that are worked on together. */
#define BLOCK 64

typedef struct bins_job {
    stria_pool_kind kind;
    const stria_bins *bins;
    size_t channels, blocks;
    const float *from; /* x, or dy */
    float *to;         /* y, or dx */
    uint32_t *index;
    const uint32_t *winners;
} bins_job;

/* The inputs of one output. */
typedef struct bin {
    size_t first[3], end[3], count;
} bin;

static bin bin_of(const stria_bins *bins, size_t output)
{
    const size_t at[3] = {output / (bins->out[1] * bins->out[2]), output / bins->out[2] % bins->out[1],
                          output % bins->out[2]};
    bin b = {.count = 1};
    for (int a = 0; a < 3; a++) {
        b.first[a] = stria_bin_first(bins->in[a], bins->out[a], at[a]);
        b.end[a] = stria_bin_end(bins->in[a], bins->out[a], at[a]);
        b.count *= b.end[a] - b.first[a];
    }
    return b;
}

/* Goes through the positions of a bin: down the columns, then across. */
static bool next_position(const bin *b, size_t at[3])
{
    for (int a = 0; a < 3; a++) {
        if (++at[a] < b->end[a])
            return true;
        at[a] = b->first[a];
    }
    return false;
}

static size_t position_of(const stria_bins *bins, const size_t at[3])
{
    return (at[0] * bins->in[1] + at[1]) * bins->in[2] + at[2];
}

/* x at channel 0 of the block; `count` channels. */
static void largest(const bins_job *job, const bin *b, const float *x, size_t count, float *y,
                    uint32_t *index)
{
    float best[BLOCK];
    uint32_t winner[BLOCK];
    size_t at[3] = {b->first[0], b->first[1], b->first[2]};
    for (size_t c = 0; c < count; c++) {
        best[c] = -FLT_MAX;
        winner[c] = (uint32_t)position_of(job->bins, at);
    }
    do {
        size_t position = position_of(job->bins, at);
        const float *value = x + position * job->channels;
        for (size_t c = 0; c < count; c++) {
            uint32_t better = value[c] > best[c] ? UINT32_MAX : 0;
            winner[c] = (winner[c] & ~better) | ((uint32_t)position & better);
            best[c] = value[c] > best[c] ? value[c] : best[c];
        }
    } while (next_position(b, at));
    for (size_t c = 0; c < count; c++)
        y[c] = best[c];
    for (size_t c = 0; index != NULL && c < count; c++)
        index[c] = winner[c];
}

static void average(const bins_job *job, const bin *b, const float *x, size_t count, float *y)
{
    float sum[BLOCK] = {0};
    size_t at[3] = {b->first[0], b->first[1], b->first[2]};
    do {
        const float *value = x + position_of(job->bins, at) * job->channels;
        for (size_t c = 0; c < count; c++)
            sum[c] += value[c];
    } while (next_position(b, at));
    for (size_t c = 0; c < count; c++)
        y[c] = sum[c] / (float)b->count;
}

static void forward_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const bins_job *job = argument;
    size_t picture = task / job->blocks, first = task % job->blocks * BLOCK;
    size_t count = stria_size_min(job->channels - first, BLOCK), outputs = stria_size_volume(job->bins->out);
    const float *x = job->from + picture * stria_size_volume(job->bins->in) * job->channels + first;
    for (size_t o = 0; o < outputs; o++) {
        bin b = bin_of(job->bins, o);
        size_t entry = (picture * outputs + o) * job->channels + first;
        if (job->kind == STRIA_POOL_AVERAGE)
            average(job, &b, x, count, job->to + entry);
        else
            largest(job, &b, x, count, job->to + entry, job->index == NULL ? NULL : job->index + entry);
    }
}

static void backward_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const bins_job *job = argument;
    size_t picture = task / job->blocks, first = task % job->blocks * BLOCK, channels = job->channels;
    size_t count = stria_size_min(channels - first, BLOCK), outputs = stria_size_volume(job->bins->out);
    size_t inputs = stria_size_volume(job->bins->in);
    float *dx = job->to + picture * inputs * channels + first;
    for (size_t i = 0; i < inputs; i++)
        for (size_t c = 0; c < count; c++)
            dx[i * channels + c] = 0;
    for (size_t o = 0; o < outputs; o++) {
        size_t entry = (picture * outputs + o) * channels + first;
        const float *dy = job->from + entry;
        if (job->kind != STRIA_POOL_AVERAGE) {
            for (size_t c = 0; c < count; c++)
                dx[job->winners[entry + c] * channels + c] += dy[c];
            continue;
        }
        bin b = bin_of(job->bins, o);
        float share[BLOCK];
        for (size_t c = 0; c < count; c++)
            share[c] = dy[c] / (float)b.count;
        size_t at[3] = {b.first[0], b.first[1], b.first[2]};
        do {
            float *to = dx + position_of(job->bins, at) * channels;
            for (size_t c = 0; c < count; c++)
                to[c] += share[c];
        } while (next_position(&b, at));
    }
}

void stria_bins_pool(stria_pool_kind kind, const stria_bins *bins, size_t channels, size_t batch,
                     const float *x, float *y, uint32_t *index, stria_pool *pool)
{
    bins_job job = {.kind = kind,
                    .bins = bins,
                    .channels = channels,
                    .blocks = stria_size_pieces(channels, BLOCK),
                    .from = x,
                    .to = y,
                    .index = index};
    stria_pool_run(pool, batch * job.blocks, forward_task, &job);
}

void stria_bins_pool_gradient(stria_pool_kind kind, const stria_bins *bins, size_t channels, size_t batch,
                              const float *dy, const uint32_t *index, float *dx, stria_pool *pool)
{
    bins_job job = {.kind = kind,
                    .bins = bins,
                    .channels = channels,
                    .blocks = stria_size_pieces(channels, BLOCK),
                    .from = dy,
                    .to = dx,
                    .winners = index};
    stria_pool_run(pool, batch * job.blocks, backward_task, &job);
}
