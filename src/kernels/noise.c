/* Masks and noise. A mask's draws are made first, by the vectorised dropout on ones, then stretched over the
 * sample: rows of the innermost axis either read one draw each or run beside the draws. */
#include "kernels/noise.h"

/* Numbers of one task of noise: a fraction of a millisecond. */
#define NOISE_PIECE ((size_t)4096)

void stria_mask_solve(int rank, const int64_t *sizes, const int64_t *draws, stria_mask *mask)
{
    *mask = (stria_mask){.elements = 1, .draws = 1};
    bool shared[STRIA_MAX_MASK_AXES];
    for (int a = 0; a < rank; a++) {
        const size_t size = (size_t)sizes[a];
        mask->elements *= size;
        mask->draws *= (size_t)draws[a];
        if (size == 1)
            continue;
        const bool is_shared = draws[a] == 1;
        if (mask->rank > 0 && shared[mask->rank - 1] == is_shared) {
            mask->sizes[mask->rank - 1] *= size;
            continue;
        }
        shared[mask->rank] = is_shared;
        mask->sizes[mask->rank++] = size;
    }
    size_t stride = 1;
    for (int a = mask->rank; a-- > 0;) {
        mask->strides[a] = shared[a] ? 0 : stride;
        stride *= shared[a] ? 1 : mask->sizes[a];
    }
}

typedef struct mask_job {
    const stria_mask *mask;
    const stria_mask_effect *effect;
    const float *x, *draws;
    float *y;
} mask_job;

/* One sample, row by row of the innermost axis; `at` counts the outer axes like an odometer. */
static void mask_sample(void *arguments, size_t sample, size_t worker)
{
    (void)worker;
    const mask_job *job = arguments;
    const stria_mask *mask = job->mask;
    const stria_mask_effect effect = *job->effect;
    const int inner = mask->rank - 1;
    const size_t width = inner < 0 ? 1 : mask->sizes[inner], step = inner < 0 ? 0 : mask->strides[inner];
    const float *x = job->x + sample * mask->elements, *draws = job->draws + sample * mask->draws;
    float *y = job->y + sample * mask->elements;
    size_t at[STRIA_MAX_MASK_AXES] = {0};
    for (size_t row = 0; row < mask->elements / width; row++) {
        for (size_t i = 0; i < width; i++) {
            const bool kept = draws[i * step] > 0;
            y[i] = kept ? x[i] * effect.kept_factor + effect.kept_offset : effect.dropped_offset;
        }
        x += width;
        y += width;
        for (int a = inner; a-- > 0;) {
            draws += mask->strides[a];
            if (++at[a] < mask->sizes[a])
                break;
            draws -= mask->strides[a] * mask->sizes[a];
            at[a] = 0;
        }
    }
}

void stria_mask_apply(const stria_kernels *kernels, const stria_random_key *key, float rate,
                      const stria_mask *mask, const stria_mask_effect *effect, const float *x, float *y,
                      size_t batch, float *scratch, stria_pool *pool)
{
    const size_t draws = batch * mask->draws;
    for (size_t i = 0; i < draws; i++)
        scratch[i] = 1.0F;
    kernels->elementwise.dropout(key, rate, scratch, scratch, draws, pool);
    mask_job job = {mask, effect, x, scratch, y};
    stria_pool_run(pool, batch, mask_sample, &job);
}

typedef struct noise_job {
    const stria_random_key *key;
    double deviation;
    const float *x;
    float *y;
    size_t count;
} noise_job;

static size_t piece_end(const noise_job *job, size_t piece)
{
    const size_t end = (piece + 1) * NOISE_PIECE;
    return end < job->count ? end : job->count;
}

static void add_piece(void *arguments, size_t piece, size_t worker)
{
    (void)worker;
    const noise_job *job = arguments;
    for (size_t e = piece * NOISE_PIECE; e < piece_end(job, piece); e++)
        job->y[e] = (float)((double)job->x[e] + job->deviation * stria_random_normal(job->key, e));
}

static void multiply_piece(void *arguments, size_t piece, size_t worker)
{
    (void)worker;
    const noise_job *job = arguments;
    for (size_t e = piece * NOISE_PIECE; e < piece_end(job, piece); e++)
        job->y[e] = (float)((double)job->x[e] * (1.0 + job->deviation * stria_random_normal(job->key, e)));
}

void stria_noise_add(const stria_random_key *key, double deviation, const float *x, float *y, size_t count,
                     stria_pool *pool)
{
    noise_job job = {key, deviation, x, y, count};
    stria_pool_run(pool, (count + NOISE_PIECE - 1) / NOISE_PIECE, add_piece, &job);
}

void stria_noise_multiply(const stria_random_key *key, double deviation, const float *x, float *y,
                          size_t count, stria_pool *pool)
{
    noise_job job = {key, deviation, x, y, count};
    stria_pool_run(pool, (count + NOISE_PIECE - 1) / NOISE_PIECE, multiply_piece, &job);
}
