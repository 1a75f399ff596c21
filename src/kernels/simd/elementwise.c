/* Element-wise operations: loops over vectors with an explicit tail, cut into pieces for the pool. */
#include "kernels/families.h"
#include "kernels/simd/activation.h"
#include "kernels/cut.h"
#include "kernels/simd/dropout.h"

/* Arguments of one call; each function uses those it names. */
typedef struct elementwise_job {
    stria_activation activation;
    float factor, offset;
    const float *a, *b;
    float *y;
} elementwise_job;

static void activate_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    STRIA_ISA(stria_activate_block)(job->activation, job->a + first, job->y + first, count);
}

static void activate(stria_activation activation, const float *x, float *y, size_t count, stria_pool *pool)
{
    elementwise_job job = {.activation = activation, .a = x, .y = y};
    run_range(pool, count, PIECE_OF_ARITHMETIC, activate_piece, &job);
}

static void activate_gradient_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    STRIA_ISA(stria_activate_gradient_block)
    (job->activation, job->a + first, job->b + first, job->y + first, count);
}

static void activate_gradient(stria_activation activation, const float *v, const float *dy, float *dx,
                              size_t count, stria_pool *pool)
{
    elementwise_job job = {.activation = activation, .a = v, .b = dy, .y = dx};
    run_range(pool, count, PIECE_OF_ARITHMETIC, activate_gradient_piece, &job);
}

static void add_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    const float *a = job->a + first, *b = job->b + first;
    float *y = job->y + first;
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        vec_store(y + i, vec_load(a + i) + vec_load(b + i));
    vec_store_first(y + i, vec_load_first(a + i, count - i) + vec_load_first(b + i, count - i), count - i);
}

static void add(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    elementwise_job job = {.a = a, .b = b, .y = y};
    run_range(pool, count, PIECE_OF_MEMORY, add_piece, &job);
}

/* Floats that stay in the first cache until they are activated. */
#define ACTIVATED 4096

static void add_activate_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    for (size_t i = first; i < first + count; i += ACTIVATED) {
        size_t n = first + count - i < ACTIVATED ? first + count - i : ACTIVATED;
        add_piece(arguments, i, n);
        STRIA_ISA(stria_activate_block)(job->activation, job->y + i, job->y + i, n);
    }
}

static void add_activate(const float *a, const float *b, stria_activation activation, float *y, size_t count,
                         stria_pool *pool)
{
    elementwise_job job = {.activation = activation, .a = a, .b = b, .y = y};
    run_range(pool, count, PIECE_OF_MEMORY, add_activate_piece, &job);
}

static void multiply_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    const float *a = job->a + first, *b = job->b + first;
    float *y = job->y + first;
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        vec_store(y + i, vec_load(a + i) * vec_load(b + i));
    vec_store_first(y + i, vec_load_first(a + i, count - i) * vec_load_first(b + i, count - i), count - i);
}

static void multiply(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    elementwise_job job = {.a = a, .b = b, .y = y};
    run_range(pool, count, PIECE_OF_MEMORY, multiply_piece, &job);
}

static void scale_piece(void *arguments, size_t first, size_t count)
{
    const elementwise_job *job = arguments;
    const float *x = job->a + first;
    float *y = job->y + first;
    vec factor = vec_broadcast(job->factor), offset = vec_broadcast(job->offset);
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        vec_store(y + i, vec_load(x + i) * factor + offset);
    vec_store_first(y + i, vec_load_first(x + i, count - i) * factor + offset, count - i);
}

static void scale(const float *x, float factor, float offset, float *y, size_t count, stria_pool *pool)
{
    elementwise_job job = {.factor = factor, .offset = offset, .a = x, .y = y};
    run_range(pool, count, PIECE_OF_MEMORY, scale_piece, &job);
}

typedef struct copy_job {
    const float *from;
    float *to;
    size_t from_stride, to_stride, width;
} copy_job;

static void copy_rows_piece(void *arguments, size_t first, size_t rows)
{
    const copy_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *from = job->from + r * job->from_stride;
        float *to = job->to + r * job->to_stride;
        size_t i = 0;
        for (; i + VL <= job->width; i += VL)
            vec_store(to + i, vec_load(from + i));
        vec_store_first(to + i, vec_load_first(from + i, job->width - i), job->width - i);
    }
}

static void copy_rows(const float *from, size_t from_stride, float *to, size_t to_stride, size_t width,
                      size_t rows, stria_pool *pool)
{
    copy_job job = {from, to, from_stride, to_stride, width};
    run_range(pool, rows, rows_in_piece(PIECE_OF_MEMORY, width), copy_rows_piece, &job);
}

static void from_bytes(const uint8_t *bytes, float factor, float *y, size_t count)
{
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        vec_store(y + i, vec_from_int(veci_load_bytes(bytes + i)) * factor);
    for (; i < count; i++)
        y[i] = (float)bytes[i] * factor;
}

void STRIA_ISA(stria_elementwise_fill)(stria_elementwise_kernels *kernels)
{
    *kernels = (stria_elementwise_kernels){.activate = activate,
                                           .activate_gradient = activate_gradient,
                                           .add = add,
                                           .add_activate = add_activate,
                                           .multiply = multiply,
                                           .scale = scale,
                                           .dropout = STRIA_ISA(stria_dropout),
                                           .copy_rows = copy_rows,
                                           .from_bytes = from_bytes};
}
