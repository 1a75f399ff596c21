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

VEC_INLINE block load_block(const float *from)
{
    block b;
    for (size_t k = 0; k < PARTS; k++)
        b.part[k] = vec_load(from + k * VL);
    return b;
}

/* The first n numbers and `rest` behind them. */
VEC_INLINE block load_block_first(const float *from, size_t n, float rest)
{
    static const float places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    block b;
    for (size_t k = 0; k < PARTS; k++) {
        vec_mask taken = vec_less(vec_load(places + k * VL), vec_broadcast((float)n));
        vec v = in_part(n, k) == 0 ? (vec){0} : vec_load_first(from + k * VL, in_part(n, k));
        b.part[k] = vec_select(taken, v, vec_broadcast(rest));
    }
    return b;
}

VEC_INLINE block load_block_of_row(const float *row, size_t start, size_t columns, float rest)
{
    return columns - start >= BLOCK ? load_block(row + start)
                                    : load_block_first(row + start, columns - start, rest);
}

VEC_INLINE void store_block_of_row(float *row, size_t start, size_t columns, block b)
{
    size_t n = columns - start < BLOCK ? columns - start : BLOCK;
    for (size_t k = 0; k < PARTS; k++) {
        if (n == BLOCK)
            vec_store(row + start + k * VL, b.part[k]);
        else if (in_part(n, k) > 0)
            vec_store_first(row + start + k * VL, b.part[k], in_part(n, k));
    }
}

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

/* The largest number that is not NaN; -infinity when there is none. */
VEC_INLINE float row_largest(const float *row, size_t columns)
{
    block largest = block_of(-INFINITY);
    for (size_t start = 0; start < columns; start += BLOCK) {
        block x = load_block_of_row(row, start, columns, -INFINITY);
        for (size_t k = 0; k < PARTS; k++)
            largest.part[k] = vec_max(x.part[k], largest.part[k]);
    }
    return block_largest(largest);
}

VEC_INLINE size_t end_of_sum(size_t start, size_t columns)
{
    return columns - start < SUMMED_BLOCKS * BLOCK ? columns : start + SUMMED_BLOCKS * BLOCK;
}

/* y = exp(x - largest); returns the sum. */
VEC_INLINE double exponentials(const float *x, size_t columns, float largest, float *y)
{
    double sum = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block partial = block_of(0);
        for (size_t start = first; start < end_of_sum(first, columns); start += BLOCK) {
            block e = load_block_of_row(x, start, columns, -INFINITY);
            for (size_t k = 0; k < PARTS; k++) {
                e.part[k] = vec_exp(e.part[k] - largest);
                partial.part[k] += e.part[k];
            }
            store_block_of_row(y, start, columns, e);
        }
        sum += (double)block_sum(partial);
    }
    return sum;
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
        /* Behind the row stands -infinity, whose exponential is 0, but not where the largest is infinite too;
         * those lanes are never stored and only make a NaN of a sum that is NaN anyway. */
        float sum = (float)exponentials(x, job.columns, row_largest(x, job.columns), y);
        for (size_t start = 0; start < job.columns; start += BLOCK) {
            block e = load_block_of_row(y, start, job.columns, 0);
            for (size_t k = 0; k < PARTS; k++)
                e.part[k] = e.part[k] / sum;
            store_block_of_row(y, start, job.columns, e);
        }
    }
}

void STRIA_ISA(stria_softmax)(const float *x, size_t rows, size_t columns, float *y, stria_pool *pool)
{
    softmax_job job = {.x = x, .y = y, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), softmax_rows, &job);
}

VEC_INLINE double dot_product(const float *a, const float *b, size_t columns)
{
    double sum = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block partial = block_of(0);
        for (size_t start = first; start < end_of_sum(first, columns); start += BLOCK) {
            block x = load_block_of_row(a, start, columns, 0), y = load_block_of_row(b, start, columns, 0);
            for (size_t k = 0; k < PARTS; k++)
                partial.part[k] = x.part[k] * y.part[k] + partial.part[k];
        }
        sum += (double)block_sum(partial);
    }
    return sum;
}

static void softmax_gradient_rows(void *arguments, size_t first, size_t rows)
{
    const softmax_job job = *(const softmax_job *)arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *y = job.x + r * job.columns, *dy = job.dy + r * job.columns;
        float *dx = job.y + r * job.columns, dot = (float)dot_product(dy, y, job.columns);
        for (size_t start = 0; start < job.columns; start += BLOCK) {
            block p = load_block_of_row(y, start, job.columns, 0),
                  g = load_block_of_row(dy, start, job.columns, 0);
            for (size_t k = 0; k < PARTS; k++)
                p.part[k] *= g.part[k] - dot;
            store_block_of_row(dx, start, job.columns, p);
        }
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

/* The sum of exp(z - largest) over all but one of the largest, whose own term is 1: small rests would drown
 * beside it. NaN when something is NaN or the largest is infinite. e = exp(z - largest), unless NULL. */
VEC_INLINE double sum_of_the_rest(const float *z, size_t columns, float largest, float *e)
{
    double rest = (double)(largest - largest) - 1, equals = 0;
    for (size_t first = 0; first < columns; first += SUMMED_BLOCKS * BLOCK) {
        block partial = block_of(0), count = block_of(0);
        for (size_t start = first; start < end_of_sum(first, columns); start += BLOCK) {
            block x = load_block_of_row(z, start, columns, -INFINITY), y;
            for (size_t k = 0; k < PARTS; k++) {
                vec_mask equal = vec_equal(x.part[k], vec_broadcast(largest));
                y.part[k] = vec_exp(x.part[k] - largest);
                partial.part[k] += vec_select(equal, (vec){0}, y.part[k]);
                count.part[k] += vec_select(equal, vec_broadcast(1), (vec){0});
            }
            if (e != NULL)
                store_block_of_row(e, start, columns, y);
        }
        equals += (double)block_sum(count);
        rest += (double)block_sum(partial);
    }
    return rest + equals;
}

/* row = (row / sum - onehot(label)) * scale */
VEC_INLINE void finish_gradient(float *row, size_t columns, float sum, int32_t label, float scale)
{
    static const int32_t places[BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t start = 0; start < columns; start += BLOCK) {
        block p = load_block_of_row(row, start, columns, 0);
        for (size_t k = 0; k < PARTS; k++) {
            veci place;
            __builtin_memcpy(&place, places + k * VL, sizeof place);
            veci here = place == veci_broadcast(label - (int32_t)start);
            vec one = (vec)(here & (veci)vec_broadcast(1));
            p.part[k] = (p.part[k] / sum - one) * scale;
        }
        store_block_of_row(row, start, columns, p);
    }
}

/* log(1 + rest): where the sum would lose digits by its series, whose next term is 2^-42 of the result at most. */
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
            finish_gradient(dz, columns, (float)(1 + rest), labels[r], scale);
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
