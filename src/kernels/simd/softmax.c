/* Softmax, its gradient and its cross-entropy, a row at a time. A row is read in blocks of 16 numbers
 * whatever the width of the vectors, so that sums are formed in the same order everywhere; after 64 blocks
 * they go on in double. */
#include "kernels/simd/softmax.h"

#include <math.h>
#include <stdatomic.h>

#include "kernels/simd/cut.h"
#include "kernels/simd/math.h"

#define BLOCK         16
#define PARTS         (BLOCK / VL)
#define SUMMED_BLOCKS 64

/* 16 numbers. */
typedef struct block {
    vec part[PARTS];
} block;

/* How many of the first `n` numbers of a block stand in part `k`. */
VEC_INLINE size_t in_part(size_t n, size_t k)
{
    return n <= k * VL ? 0 : n - k * VL < VL ? n - k * VL : VL;
}

VEC_INLINE block block_of(float value)
{
    block b;
    for (size_t k = 0; k < PARTS; k++)
        b.part[k] = vec_broadcast(value);
    return b;
}

/* The first n numbers and `rest` behind them; with a constant n = BLOCK just a block. */
VEC_INLINE block load_block(const float *from, size_t n, float rest)
{
    static const float places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    block b;
    for (size_t k = 0; k < PARTS; k++) {
        if (__builtin_constant_p(n) && n == BLOCK) {
            b.part[k] = vec_load(from + k * VL);
            continue;
        }
        vec_mask taken = vec_less(vec_load(places + k * VL), vec_broadcast((float)n));
        vec v = in_part(n, k) == 0 ? (vec){0} : vec_load_first(from + k * VL, in_part(n, k));
        b.part[k] = vec_select(taken, v, vec_broadcast(rest));
    }
    return b;
}

VEC_INLINE void store_block(float *to, size_t n, block b)
{
    for (size_t k = 0; k < PARTS; k++)
        if (in_part(n, k) > 0)
            vec_store_first(to + k * VL, b.part[k], in_part(n, k));
}

/* Calls step(start, n, ...) for the blocks from `first` to `end`, the last one with what is left. The two
 * calls stay apart, so that whole blocks are rounded in the same way whatever the compiler makes of the rest.
 */
#define FOR_EACH_BLOCK(first, end, step, ...)                                                                \
    do {                                                                                                     \
        size_t start = (first), stop = (end);                                                                \
        for (; start + BLOCK <= stop; start += BLOCK)                                                        \
            step(start, BLOCK, __VA_ARGS__);                                                                 \
        if (start < stop)                                                                                    \
            step(start, stop - start, __VA_ARGS__);                                                          \
    } while (0)

/* The halves of the 16 are added, then the halves of that, and so on: the same tree for every VL. */
VEC_INLINE float block_sum(block b)
{
    for (size_t half = PARTS / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            b.part[k] += b.part[k + half];
    return vec_sum(b.part[0]);
}

VEC_INLINE float block_largest(block b)
{
    for (size_t half = PARTS / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            b.part[k] = vec_max(b.part[k], b.part[k + half]);
    return vec_largest(b.part[0]);
}

VEC_INLINE void find_largest(size_t start, size_t n, const float *row, block *largest)
{
    block x = load_block(row + start, n, -INFINITY);
    for (size_t k = 0; k < PARTS; k++)
        largest->part[k] = vec_max(x.part[k], largest->part[k]);
}

/* The largest number that is not NaN; -infinity when there is none. */
VEC_INLINE float row_largest(const float *row, size_t columns)
{
    block largest = block_of(-INFINITY);
    FOR_EACH_BLOCK(0, columns, find_largest, row, &largest);
    return block_largest(largest);
}

VEC_INLINE size_t end_of_sum(size_t start, size_t columns)
{
    return columns - start < SUMMED_BLOCKS * BLOCK ? columns : start + SUMMED_BLOCKS * BLOCK;
}

/* Behind the row stands -infinity, whose exponential is 0, but not where the largest is infinite too; those
 * lanes are never stored and only make a NaN of a sum that is NaN anyway. */
VEC_INLINE void add_exponentials(size_t start, size_t n, const float *x, float largest, float *y, block *sum)
{
    block e = load_block(x + start, n, -INFINITY);
    for (size_t k = 0; k < PARTS; k++) {
        e.part[k] = vec_exp(e.part[k] - largest);
        sum->part[k] += e.part[k];
    }
    store_block(y + start, n, e);
}

/* y = exp(x - largest); returns the sum. */
VEC_INLINE double exponentials(const float *x, size_t columns, float largest, float *y)
{
    double sum = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block partial = block_of(0);
        FOR_EACH_BLOCK(first, end_of_sum(first, columns), add_exponentials, x, largest, y, &partial);
        sum += (double)block_sum(partial);
    }
    return sum;
}

VEC_INLINE void divide(size_t start, size_t n, float *y, float sum)
{
    block e = load_block(y + start, n, 0);
    for (size_t k = 0; k < PARTS; k++)
        e.part[k] = e.part[k] / sum;
    store_block(y + start, n, e);
}

typedef struct softmax_job {
    const float *x, *dy; /* [rows,columns] */
    float *y;            /* [rows,columns] */
    size_t columns;
} softmax_job;

static void softmax_rows(void *arguments, size_t first, size_t rows)
{
    const softmax_job job = *(const softmax_job *)arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job.x + r * job.columns;
        float *y = job.y + r * job.columns;
        float sum = (float)exponentials(x, job.columns, row_largest(x, job.columns), y);
        FOR_EACH_BLOCK(0, job.columns, divide, y, sum);
    }
}

void STRIA_ISA(stria_softmax)(const float *x, size_t rows, size_t columns, float *y, stria_pool *pool)
{
    softmax_job job = {.x = x, .y = y, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), softmax_rows, &job);
}

VEC_INLINE void add_products(size_t start, size_t n, const float *a, const float *b, block *sum)
{
    block x = load_block(a + start, n, 0), y = load_block(b + start, n, 0);
    for (size_t k = 0; k < PARTS; k++)
        sum->part[k] = vec_multiply_add(x.part[k], y.part[k], sum->part[k]);
}

VEC_INLINE double dot_product(const float *a, const float *b, size_t columns)
{
    double sum = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block partial = block_of(0);
        FOR_EACH_BLOCK(first, end_of_sum(first, columns), add_products, a, b, &partial);
        sum += (double)block_sum(partial);
    }
    return sum;
}

VEC_INLINE void centre_and_scale(size_t start, size_t n, const float *y, const float *dy, float dot,
                                 float *dx)
{
    block p = load_block(y + start, n, 0), g = load_block(dy + start, n, 0);
    for (size_t k = 0; k < PARTS; k++)
        p.part[k] *= g.part[k] - dot;
    store_block(dx + start, n, p);
}

static void softmax_gradient_rows(void *arguments, size_t first, size_t rows)
{
    const softmax_job job = *(const softmax_job *)arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *y = job.x + r * job.columns, *dy = job.dy + r * job.columns;
        float *dx = job.y + r * job.columns, dot = (float)dot_product(dy, y, job.columns);
        FOR_EACH_BLOCK(0, job.columns, centre_and_scale, y, dy, dot, dx);
    }
}

void STRIA_ISA(stria_softmax_gradient)(const float *y, const float *dy, size_t rows, size_t columns,
                                       float *dx, stria_pool *pool)
{
    softmax_job job = {.x = y, .dy = dy, .y = dx, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), softmax_gradient_rows, &job);
}

typedef struct cross_entropy_job {
    const float *logits; /* [rows,columns] */
    const int32_t *labels;
    double *losses;
    float *dlogits; /* [rows,columns] or NULL */
    size_t columns;
    float gradient_scale;
    atomic_size_t correct;
} cross_entropy_job;

/* e = exp(z - largest), unless NULL; adds those below the largest, and counts the others. */
VEC_INLINE void add_the_rest(size_t start, size_t n, const float *z, float largest, float *e, block *sum,
                             block *count)
{
    block x = load_block(z + start, n, -INFINITY), y;
    for (size_t k = 0; k < PARTS; k++) {
        vec_mask equal = vec_equal(x.part[k], vec_broadcast(largest));
        y.part[k] = vec_exp(x.part[k] - largest);
        sum->part[k] += vec_select(equal, (vec){0}, y.part[k]);
        count->part[k] += vec_select(equal, vec_broadcast(1), (vec){0});
    }
    if (e != NULL)
        store_block(e + start, n, y);
}

/* The sum of exp(z - largest) over all but one of the largest, whose own term is 1: small rests would drown
 * beside it. NaN when something is NaN or the largest is infinite. */
VEC_INLINE double sum_of_the_rest(const float *z, size_t columns, float largest, float *e)
{
    double rest = 0, equals = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block sum = block_of(0), count = block_of(0);
        FOR_EACH_BLOCK(first, end_of_sum(first, columns), add_the_rest, z, largest, e, &sum, &count);
        equals += (double)block_sum(count);
        rest += (double)block_sum(sum);
    }
    return rest + (equals - 1) + (double)(largest - largest);
}

/* row = (row / sum - onehot(label)) * scale */
VEC_INLINE void finish_gradient(size_t start, size_t n, float *row, float sum, int32_t label, float scale)
{
    static const int32_t places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    block p = load_block(row + start, n, 0);
    for (size_t k = 0; k < PARTS; k++) {
        veci place;
        __builtin_memcpy(&place, places + k * VL, sizeof place);
        veci here = place == veci_broadcast(label - (int32_t)start);
        vec one = (vec)(here & (veci)vec_broadcast(1));
        p.part[k] = (p.part[k] / sum - one) * scale;
    }
    store_block(row + start, n, p);
}

/* log(1 + rest): where the sum would lose digits by its series, whose next term is 2^-42 of the result at
 * most. */
static double log_of_sum(double rest)
{
    if (rest < 0x1p-10)
        return rest * (1 - rest * (1.0 / 2 - rest * (1.0 / 3 - rest * (1.0 / 4))));
    return log(1 + rest);
}

static void cross_entropy_rows(void *arguments, size_t first, size_t rows)
{
    cross_entropy_job *shared = arguments;
    const float *logits = shared->logits, scale = shared->gradient_scale;
    const int32_t *labels = shared->labels;
    double *losses = shared->losses;
    float *dlogits = shared->dlogits;
    size_t columns = shared->columns, correct = 0;
    for (size_t r = first; r < first + rows; r++) {
        const float *z = logits + r * columns;
        size_t label = (size_t)labels[r];
        float largest = row_largest(z, columns);
        double distance = (double)z[label] - (double)largest;
        if (z[label] == largest && (label == 0 || row_largest(z, label) < largest))
            correct++;
        /* dlogits may be the memory of the logits: nothing reads z from here on. */
        float *dz = dlogits != NULL ? dlogits + r * columns : NULL;
        double rest = sum_of_the_rest(z, columns, largest, dz);
        if (dz != NULL)
            FOR_EACH_BLOCK(0, columns, finish_gradient, dz, (float)(1 + rest), labels[r], scale);
        losses[r] = log_of_sum(rest) - distance;
    }
    atomic_fetch_add_explicit(&shared->correct, correct, memory_order_relaxed);
}

size_t STRIA_ISA(stria_softmax_cross_entropy)(const float *logits, const int32_t *labels, size_t rows,
                                              size_t columns, float gradient_scale, double *losses,
                                              float *dlogits, stria_pool *pool)
{
    cross_entropy_job job = {.logits = logits,
                             .labels = labels,
                             .losses = losses,
                             .dlogits = dlogits,
                             .columns = columns,
                             .gradient_scale = gradient_scale};
    atomic_init(&job.correct, 0);
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), cross_entropy_rows, &job);
    return atomic_load_explicit(&job.correct, memory_order_relaxed);
}
