/* Softmax, its gradient and its cross-entropy, a row at a time. A row is read in blocks of 16 numbers
 * whatever the width of the vectors, so that sums are formed in the same order everywhere; after 64 blocks
 * they go on in double. */
#include "kernels/simd/softmax.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "kernels/cut.h"
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

/* Part k of a block with `rest` in place of what stands behind its first n numbers; with a constant n = BLOCK
 * just the part. */
VEC_INLINE vec first_of_part(vec part, size_t k, size_t n, float rest)
{
    static const float places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    if (__builtin_constant_p(n) && n == BLOCK)
        return part;
    vec_mask taken = vec_less(vec_load(places + k * VL), vec_broadcast((float)n));
    return vec_select(taken, part, vec_broadcast(rest));
}

/* The first n numbers and `rest` behind them. */
VEC_INLINE block load_block(const float *from, size_t n, float rest)
{
    block b;
    for (size_t k = 0; k < PARTS; k++) {
        vec part = in_part(n, k) == 0 ? (vec){0} : vec_load_first(from + k * VL, in_part(n, k));
        b.part[k] = first_of_part(part, k, n, rest);
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

VEC_INLINE float largest_in_block(block x)
{
    for (size_t k = 0; k < PARTS; k++)
        x.part[k] = vec_max(x.part[k], vec_broadcast(-INFINITY));
    return block_largest(x);
}

VEC_INLINE size_t end_of_sum(size_t start, size_t columns)
{
    return columns - start < SUMMED_BLOCKS * BLOCK ? columns : start + SUMMED_BLOCKS * BLOCK;
}

/* Replaces the first n numbers of x by exp(x - largest) and the rest by 0. What stands there before is
 * `largest` as well: exponentials that are too small for a normal number take a hundred times as long. */
VEC_INLINE block exponentials_of_block(block x, size_t n, float largest)
{
    for (size_t k = 0; k < PARTS; k++) {
        vec e = vec_exp(first_of_part(x.part[k], k, n, largest) - largest);
        x.part[k] = first_of_part(e, k, n, 0);
    }
    return x;
}

VEC_INLINE void add_exponentials(size_t start, size_t n, const float *x, float largest, float *y, block *sum)
{
    block e = exponentials_of_block(load_block(x + start, n, 0), n, largest);
    for (size_t k = 0; k < PARTS; k++)
        sum->part[k] += e.part[k];
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

/* A row of at most one block never leaves the registers. */
VEC_INLINE void softmax_short_row(const float *x, size_t columns, float *y)
{
    block z = load_block(x, columns, -INFINITY);
    block e = exponentials_of_block(z, columns, largest_in_block(z));
    float sum = block_sum(e);
    for (size_t k = 0; k < PARTS; k++)
        e.part[k] = e.part[k] / sum;
    store_block(y, columns, e);
}

static void softmax_rows(void *arguments, size_t first, size_t rows)
{
    const softmax_job job = *(const softmax_job *)arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job.x + r * job.columns;
        float *y = job.y + r * job.columns;
        if (job.columns <= BLOCK) {
            softmax_short_row(x, job.columns, y);
            continue;
        }
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

/* The exponentials of the first n of z - largest; those below the largest are added to `sum`, the others
 * counted. */
VEC_INLINE block exponentials_and_rest(block z, size_t n, float largest, block *sum, block *count)
{
    block e = exponentials_of_block(z, n, largest);
    for (size_t k = 0; k < PARTS; k++) {
        vec_mask equal = vec_equal(first_of_part(z.part[k], k, n, NAN), vec_broadcast(largest));
        sum->part[k] += vec_select(equal, (vec){0}, e.part[k]);
        count->part[k] += vec_select(equal, vec_broadcast(1), (vec){0});
    }
    return e;
}

/* The sum of all exponentials but one of the largest, whose own term is 1: small rests would drown beside it.
 * NaN when something is NaN or the largest is infinite. */
VEC_INLINE double rest_of_sum(double sum, double count, float largest)
{
    return sum + (count - 1) + (double)(largest - largest);
}

VEC_INLINE void add_the_rest(size_t start, size_t n, const float *z, float largest, float *e, block *sum,
                             block *count)
{
    block y = exponentials_and_rest(load_block(z + start, n, 0), n, largest, sum, count);
    if (e != NULL)
        store_block(e + start, n, y);
}

/* The rest of the sum over a row; e = exp(z - largest), unless NULL. */
VEC_INLINE double sum_of_the_rest(const float *z, size_t columns, float largest, float *e)
{
    double total = 0, equals = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block sum = block_of(0), count = block_of(0);
        FOR_EACH_BLOCK(first, end_of_sum(first, columns), add_the_rest, z, largest, e, &sum, &count);
        equals += (double)block_sum(count);
        total += (double)block_sum(sum);
    }
    return rest_of_sum(total, equals, largest);
}

/* (e / sum - onehot(label)) * scale, for the block of a row from `start` on. */
VEC_INLINE block gradient_of_block(block e, size_t start, float sum, int32_t label, float scale)
{
    static const int32_t places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t k = 0; k < PARTS; k++) {
        veci place;
        __builtin_memcpy(&place, places + k * VL, sizeof place);
        veci here = place == veci_broadcast(label - (int32_t)start);
        vec one = (vec)(here & (veci)vec_broadcast(1));
        e.part[k] = (e.part[k] / sum - one) * scale;
    }
    return e;
}

VEC_INLINE void finish_gradient(size_t start, size_t n, float *row, float sum, int32_t label, float scale)
{
    store_block(row + start, n, gradient_of_block(load_block(row + start, n, 0), start, sum, label, scale));
}

/* log(1 + rest): where the sum would lose digits by its series, whose next term is 2^-42 of the result at
 * most. */
static double log_of_sum(double rest)
{
    if (rest < 0x1p-10)
        return rest * (1 - rest * (1.0 / 2 - rest * (1.0 / 3 - rest * (1.0 / 4))));
    return log(1 + rest);
}

/* One row: returns the rest of its sum, and tells how far the label's logit lies from the largest and whether
 * it is the first of the largest. dz may be z: whatever is read of z is read before dz is written. */
VEC_INLINE double cross_entropy_row(const cross_entropy_job *job, const float *z, int32_t label, float *dz,
                                    double *distance, bool *correct)
{
    size_t columns = job->columns;
    bool is_short = columns <= BLOCK;
    block x = load_block(z, is_short ? columns : BLOCK, -INFINITY), sum = block_of(0), count = block_of(0);
    float largest = is_short ? largest_in_block(x) : row_largest(z, columns), own = z[label];
    *distance = (double)own - (double)largest;
    *correct = own == largest && (label == 0 || row_largest(z, (size_t)label) < largest);
    if (!is_short) {
        double rest = sum_of_the_rest(z, columns, largest, dz);
        if (dz != NULL)
            FOR_EACH_BLOCK(0, columns, finish_gradient, dz, (float)(1 + rest), label, job->gradient_scale);
        return rest;
    }
    block e = exponentials_and_rest(x, columns, largest, &sum, &count);
    double rest = rest_of_sum((double)block_sum(sum), (double)block_sum(count), largest);
    if (dz != NULL)
        store_block(dz, columns, gradient_of_block(e, 0, (float)(1 + rest), label, job->gradient_scale));
    return rest;
}

/* Rows whose logarithms are taken together, so that the calls do not come between the vectors. */
#define LOGARITHMS 64

static void cross_entropy_rows(void *arguments, size_t first, size_t rows)
{
    cross_entropy_job *job = arguments;
    double distances[LOGARITHMS];
    size_t columns = job->columns, correct = 0;
    for (size_t start = first; start < first + rows; start += LOGARITHMS) {
        size_t n = first + rows - start < LOGARITHMS ? first + rows - start : LOGARITHMS;
        double *losses = job->losses + start;
        for (size_t i = 0; i < n; i++) {
            float *dz = job->dlogits != NULL ? job->dlogits + (start + i) * columns : NULL;
            bool is_correct;
            losses[i] = cross_entropy_row(job, job->logits + (start + i) * columns, job->labels[start + i],
                                          dz, &distances[i], &is_correct);
            correct += is_correct;
        }
        for (size_t i = 0; i < n; i++)
            losses[i] = log_of_sum(losses[i]) - distances[i];
    }
    atomic_fetch_add_explicit(&job->correct, correct, memory_order_relaxed);
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
