/* Optimizer steps: one pass over the flat arrays, each number read and written once. Roots and quotients are
 * the processor's, which round correctly, so that every instruction set with fused multiply-add makes the
 * same bits. */
#include "kernels/families.h"
#include "kernels/cut.h"
#include "kernels/simd/vec.h"

/* Arguments of one call; each function uses those it names. */
typedef struct update_job {
    float *w, *m, *v;
    const float *g;
    float rate, momentum, epsilon, rate_decay;
    float first_share, second_kept, second_share; /* 1-beta1; rho; 1-beta2 or 1-rho */
} update_job;

/* Calls `step` for every vector of a piece, the last one with what is left: step(job, i, n). The copy of the
 * job cannot be what the stores write to, so it stays in registers. */
#define FOR_EACH_VECTOR(step)                                                                                \
    do {                                                                                                     \
        const update_job job = *(const update_job *)arguments;                                               \
        size_t i = first, end = first + count;                                                               \
        for (; i + VL <= end; i += VL)                                                                       \
            step(&job, i, VL);                                                                               \
        if (i < end)                                                                                         \
            step(&job, i, end - i);                                                                          \
    } while (0)

VEC_INLINE void plain_step(const update_job *job, size_t i, size_t n)
{
    vec_store_first(job->w + i, vec_load_first(job->w + i, n) - vec_load_first(job->g + i, n) * job->rate, n);
}

VEC_INLINE void momentum_step(const update_job *job, size_t i, size_t n)
{
    vec m = vec_load_first(job->m + i, n) * job->momentum - vec_load_first(job->g + i, n) * job->rate;
    vec_store_first(job->m + i, m, n);
    vec_store_first(job->w + i, vec_load_first(job->w + i, n) + m, n);
}

VEC_INLINE void nesterov_step(const update_job *job, size_t i, size_t n)
{
    vec step = vec_load_first(job->g + i, n) * job->rate;
    vec m = vec_load_first(job->m + i, n) * job->momentum - step;
    vec_store_first(job->m + i, m, n);
    vec_store_first(job->w + i, vec_load_first(job->w + i, n) + (m * job->momentum - step), n);
}

static void plain_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(plain_step);
}

static void momentum_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(momentum_step);
}

static void nesterov_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(nesterov_step);
}

static void sgd(float *w, float *m, const float *g, size_t count, float rate, float momentum, bool nesterov,
                stria_pool *pool)
{
    update_job job = {.w = w, .m = m, .g = g, .rate = rate, .momentum = momentum};
    run_range(pool, count, PIECE_OF_MEMORY,
              momentum == 0 ? plain_piece
              : nesterov    ? nesterov_piece
                            : momentum_piece,
              &job);
}

/* Kingma and Ba, "Adam: a method for stochastic optimization", 2015. */
VEC_INLINE void adam_step(const update_job *job, size_t i, size_t n)
{
    vec g = vec_load_first(job->g + i, n), m = vec_load_first(job->m + i, n),
        v = vec_load_first(job->v + i, n), w = vec_load_first(job->w + i, n);
    m = (g - m) * job->first_share + m;
    v = (g * g - v) * job->second_share + v;
    vec_store_first(job->m + i, m, n);
    vec_store_first(job->v + i, v, n);
    vec_store_first(job->w + i, w - m * job->rate / (vec_sqrt(v) + job->epsilon), n);
}

/* Loshchilov and Hutter, "Decoupled weight decay regularization", 2019. */
VEC_INLINE void adam_decay_step(const update_job *job, size_t i, size_t n)
{
    vec w = vec_load_first(job->w + i, n);
    vec_store_first(job->w + i, w - w * job->rate_decay, n);
    adam_step(job, i, n);
}

static void adam_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(adam_step);
}

static void adam_decay_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(adam_decay_step);
}

static void adam(float *w, float *m, float *v, const float *g, size_t count, float corrected_rate,
                 double beta1, double beta2, float epsilon, float rate_decay, stria_pool *pool)
{
    update_job job = {.w = w,
                      .m = m,
                      .v = v,
                      .g = g,
                      .rate = corrected_rate,
                      .epsilon = epsilon,
                      .rate_decay = rate_decay,
                      .first_share = (float)(1 - beta1),
                      .second_share = (float)(1 - beta2)};
    run_range(pool, count, PIECE_OF_MEMORY, rate_decay == 0 ? adam_piece : adam_decay_piece, &job);
}

/* Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012. */
VEC_INLINE vec rmsprop_direction(const update_job *job, size_t i, size_t n)
{
    vec g = vec_load_first(job->g + i, n);
    vec v = vec_load_first(job->v + i, n) * job->second_kept + g * g * job->second_share;
    vec_store_first(job->v + i, v, n);
    return g * job->rate / vec_sqrt(v + job->epsilon);
}

VEC_INLINE void rmsprop_step(const update_job *job, size_t i, size_t n)
{
    vec_store_first(job->w + i, vec_load_first(job->w + i, n) - rmsprop_direction(job, i, n), n);
}

VEC_INLINE void rmsprop_momentum_step(const update_job *job, size_t i, size_t n)
{
    vec m = vec_load_first(job->m + i, n) * job->momentum + rmsprop_direction(job, i, n);
    vec_store_first(job->m + i, m, n);
    vec_store_first(job->w + i, vec_load_first(job->w + i, n) - m, n);
}

static void rmsprop_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(rmsprop_step);
}

static void rmsprop_momentum_piece(void *arguments, size_t first, size_t count)
{
    FOR_EACH_VECTOR(rmsprop_momentum_step);
}

static void rmsprop(float *w, float *v, float *m, const float *g, size_t count, float rate, double rho,
                    float momentum, float epsilon, stria_pool *pool)
{
    update_job job = {.w = w,
                      .m = m,
                      .v = v,
                      .g = g,
                      .rate = rate,
                      .momentum = momentum,
                      .epsilon = epsilon,
                      .second_kept = (float)rho,
                      .second_share = (float)(1 - rho)};
    run_range(pool, count, PIECE_OF_MEMORY, momentum == 0 ? rmsprop_piece : rmsprop_momentum_piece, &job);
}

void STRIA_ISA(stria_update_fill)(stria_update_kernels *kernels)
{
    *kernels = (stria_update_kernels){.sgd = sgd, .adam = adam, .rmsprop = rmsprop};
}
