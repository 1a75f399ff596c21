/* Operations on the columns of [rows, columns], which batch normalisation and bias gradients are made of.
 *
 * A picture layer may have 6 columns, which would leave most of a vector empty. Up to NARROW columns, as many
 * rows as make whole vectors of 16 are therefore taken as one wide row (6 columns: 32 rows, 192 numbers), and
 * the wide row is folded at the end. The order of all sums depends on the shape alone, not on the width of
 * the vectors or the threads. */
#include <math.h>
#include <stdatomic.h>

#include "kernels/families.h"
#include "kernels/simd/activation.h"
#include "kernels/cut.h"
#include "kernels/simd/softmax.h"

#define NARROW     64            /* columns that are joined into wide rows */
#define STRIP      256           /* columns that are summed together; wider rows are cut into strips */
#define WIDE       (16 * NARROW) /* the longest wide row, at least STRIP */
#define ROW_GROUP  8             /* rows that are added in a tree */
#define MAX_PIECES 8             /* of the rows, for the pool */

/* Rows joined into a wide row: as many as make whole vectors of 16, and a loop worth starting. */
static size_t rows_joined(size_t columns)
{
    if (columns > NARROW || columns == 0)
        return 1;
    size_t joined = 16;
    for (size_t odd = columns; joined > 1 && odd % 2 == 0; odd /= 2)
        joined /= 2;
    while (columns * joined < 128)
        joined *= 2;
    return joined;
}

/* ---- Sums ---- */

typedef enum column_kind { COLUMN_SUM, COLUMN_MOMENTS, COLUMN_PRODUCTS } column_kind;

/* dy times the derivative of an activation that stria_column_activates, at its input z. */
VEC_INLINE vec gradient_before(stria_activation_kind kind, float alpha, vec z, vec dy)
{
    const vec none = {0};
    switch (kind) {
    case STRIA_RELU:
        return vec_select(vec_greater(z, none), dy, none);
    case STRIA_RELU6:
        return vec_select(vec_mask_and(vec_greater(z, none), vec_less(z, vec_broadcast(6))), dy, none);
    case STRIA_LEAKY_RELU:
        return vec_select(vec_greater(z, none), dy, dy * alpha);
    default:
        return dy;
    }
}

/* Sums over some rows of a strip of columns. */
typedef struct column_totals {
    double first[STRIP];  /* sums; means; sums of dy */
    double second[STRIP]; /* -; sums of squared distances; sums of products */
} column_totals;

/* Sums in wide rows. The slack lets whole vectors pass the end. */
typedef struct wide_sums {
    float first[WIDE + VL], second[WIDE + VL];
} wide_sums;

/* The sum of a group, in v[0]. */
VEC_INLINE void add_halves(vec v[ROW_GROUP])
{
    VEC_UNROLL
    for (size_t r = 0; r < 4; r++)
        v[r] += v[r + 4];
    v[0] = (v[0] + v[2]) + (v[1] + v[3]);
}

/* What the sums are of, for each place of a wide row. */
typedef struct column_places {
    const float *centre;        /* the mean */
    const float *scale, *shift; /* of the numbers before an activation */
    float alpha;
} column_places;

/* Adds `rows` (1 or ROW_GROUP, a constant) rows at one vector of places to the sums, of which `n` count. The
 * products go into one chain, since in a tree the compiler may choose which of two products to fuse with
 * their sum, and choose differently for whole vectors and for tails. */
VEC_INLINE void add_group(column_kind kind, stria_activation_kind activation, size_t rows, const float *x,
                          const float *y, size_t stride, const column_places *places, size_t at, float *first,
                          float *second, size_t n)
{
    vec a[ROW_GROUP], products = {0}, middle = {0}, scale = {0}, shift = {0};
    if (kind != COLUMN_SUM)
        middle = vec_load(places->centre + at);
    if (activation != STRIA_LINEAR) {
        scale = vec_load(places->scale + at);
        shift = vec_load(places->shift + at);
    }
    VEC_UNROLL
    for (size_t r = 0; r < rows; r++) {
        vec v = vec_load_first(x + r * stride, n), w;
        switch (kind) {
        case COLUMN_SUM:
            a[r] = v;
            break;
        case COLUMN_MOMENTS:
            a[r] = v - middle;
            products = vec_multiply_add(a[r], a[r], products);
            break;
        case COLUMN_PRODUCTS:
            w = vec_load_first(y + r * stride, n);
            a[r] = gradient_before(activation, places->alpha, vec_multiply_add(w, scale, shift), v);
            products = vec_multiply_add(a[r], w - middle, products);
            break;
        }
    }
    if (rows == ROW_GROUP)
        add_halves(a);
    vec_store_first(first, vec_load(first) + a[0], n);
    if (kind != COLUMN_SUM)
        vec_store_first(second, vec_load(second) + products, n);
}

VEC_INLINE void add_rows(column_kind kind, stria_activation_kind activation, size_t rows, const float *x,
                         const float *y, size_t stride, size_t width, const column_places *places,
                         wide_sums *sums)
{
    size_t i = 0;
    for (; i + VL <= width; i += VL)
        add_group(kind, activation, rows, x + i, y + i, stride, places, i, sums->first + i, sums->second + i,
                  VL);
    if (i < width)
        add_group(kind, activation, rows, x + i, y + i, stride, places, i, sums->first + i, sums->second + i,
                  width - i);
}

/* Adds `rows` rows of `width` numbers, `stride` apart, and of one more row the first `rest` numbers. */
VEC_INLINE void add_wide_rows(column_kind kind, stria_activation_kind activation, const float *x,
                              const float *y, size_t stride, size_t width, size_t rows, size_t rest,
                              const column_places *places, wide_sums *sums)
{
    size_t r = 0;
    for (; r + ROW_GROUP <= rows; r += ROW_GROUP)
        add_rows(kind, activation, ROW_GROUP, x + r * stride, y + r * stride, stride, width, places, sums);
    for (; r < rows; r++)
        add_rows(kind, activation, 1, x + r * stride, y + r * stride, stride, width, places, sums);
    if (rest > 0)
        add_rows(kind, activation, 1, x + r * stride, y + r * stride, stride, rest, places, sums);
}

static void clear(float *sums, size_t count)
{
    for (size_t i = 0; i < count; i += VL)
        vec_store(sums + i, (vec){0});
}

/* What a wide row holds of column c. */
static double folded(const float *sums, size_t columns, size_t joined, size_t c)
{
    double total = 0;
    for (size_t j = 0; j < joined; j++)
        total += (double)sums[j * columns + c];
    return total;
}

/* Repeats a row of numbers to a wide row. */
static void repeat(const float *row, size_t columns, size_t joined, float *wide)
{
    for (size_t j = 0; j < joined; j++)
        for (size_t c = 0; c < columns; c++)
            wide[j * columns + c] = row[c];
}

/* Joins the moments of two sets of numbers (Chan, Golub and LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances", 1979). */
static void join_moments(double count_a, column_totals *a, double count_b, const column_totals *b,
                         size_t columns)
{
    double count = count_a + count_b;
    for (size_t c = 0; c < columns; c++) {
        double distance = b->first[c] - a->first[c];
        a->first[c] += distance * (count_b / count);
        a->second[c] += b->second[c] + distance * distance * (count_a * count_b / count);
    }
}

typedef struct column_job {
    column_kind kind;
    const float *x, *y; /* [rows,columns]; y for products */
    const float *mean;  /* [columns], for products; so are those of the activation */
    const float *scale, *shift;
    stria_activation activation;
    float *first, *second;
    size_t rows, columns;
    size_t piece;            /* rows, when they are cut */
    column_totals *partials; /* one per piece, NULL when the columns are cut instead */
} column_job;

/* A block of rows short enough to stay in the first cache for a second pass, and for floats to sum. */
static size_t rows_in_block(size_t width, size_t joined)
{
    const size_t block = 16384;
    size_t rows = block / width / ROW_GROUP * ROW_GROUP;
    return (rows > 0 ? rows : ROW_GROUP) * joined;
}

/* Where a strip of columns lies. */
typedef struct column_strip {
    size_t first, columns, joined, width, stride;
} column_strip;

static column_strip strip_of(const column_job *job, size_t strip)
{
    size_t first = strip * STRIP, joined = rows_joined(job->columns);
    size_t columns = job->columns - first < STRIP ? job->columns - first : STRIP;
    return (column_strip){first, columns, joined, columns * joined, job->columns * joined};
}

static void add_block(column_kind kind, const column_job *job, const column_strip *strip, size_t row,
                      size_t rows, const column_places *places, wide_sums *sums)
{
    const float *x = job->x + row * job->columns + strip->first;
    const float *y = kind == COLUMN_PRODUCTS ? job->y + row * job->columns + strip->first : x;
    size_t wide = rows / strip->joined, rest = rows % strip->joined * strip->columns;
#define ADD(kind, activation)                                                                                \
    add_wide_rows(kind, activation, x, y, strip->stride, strip->width, wide, rest, places, sums)
    if (kind == COLUMN_SUM)
        ADD(COLUMN_SUM, STRIA_LINEAR);
    else if (kind == COLUMN_MOMENTS)
        ADD(COLUMN_MOMENTS, STRIA_LINEAR);
    else if (job->activation.kind == STRIA_RELU)
        ADD(COLUMN_PRODUCTS, STRIA_RELU);
    else if (job->activation.kind == STRIA_RELU6)
        ADD(COLUMN_PRODUCTS, STRIA_RELU6);
    else if (job->activation.kind == STRIA_LEAKY_RELU)
        ADD(COLUMN_PRODUCTS, STRIA_LEAKY_RELU);
    else
        ADD(COLUMN_PRODUCTS, STRIA_LINEAR);
#undef ADD
}

/* Means and squared distances of one block, in two passes over it. The first finds a centre; what the centre
 * is off is known after the second and taken away from both. */
static void block_moments(const column_job *job, const column_strip *strip, size_t row, size_t rows,
                          wide_sums *sums, float *centre, column_totals *moments)
{
    float rounded[STRIP];
    const column_places places = {.centre = centre};
    double count = (double)rows;
    clear(sums->first, strip->width);
    add_block(COLUMN_SUM, job, strip, row, rows, &places, sums);
    for (size_t c = 0; c < strip->columns; c++)
        rounded[c] = (float)(folded(sums->first, strip->columns, strip->joined, c) / count);
    repeat(rounded, strip->columns, strip->joined, centre);
    clear(sums->first, strip->width);
    clear(sums->second, strip->width);
    add_block(COLUMN_MOMENTS, job, strip, row, rows, &places, sums);
    for (size_t c = 0; c < strip->columns; c++) {
        double rest = folded(sums->first, strip->columns, strip->joined, c) / count;
        double squares = folded(sums->second, strip->columns, strip->joined, c) - rest * rest * count;
        moments->first[c] = (double)rounded[c] + rest;
        moments->second[c] = squares > 0 ? squares : squares < 0 ? 0 : squares; /* NaN stays */
    }
}

/* The totals of one strip over some rows. */
static void total_rows(const column_job *job, const column_strip *strip, size_t first, size_t rows,
                       column_totals *totals)
{
    wide_sums sums;
    float centre[WIDE + VL], scale[WIDE + VL], shift[WIDE + VL];
    const column_places places = {centre, scale, shift, job->activation.alpha};
    column_totals block;
    size_t step = rows_in_block(strip->width, strip->joined);
    clear(centre, strip->width);
    if (job->kind == COLUMN_PRODUCTS)
        repeat(job->mean + strip->first, strip->columns, strip->joined, centre);
    if (job->activation.kind != STRIA_LINEAR) {
        repeat(job->scale + strip->first, strip->columns, strip->joined, scale);
        repeat(job->shift + strip->first, strip->columns, strip->joined, shift);
    }
    for (size_t c = 0; c < strip->columns; c++)
        totals->first[c] = totals->second[c] = 0;
    for (size_t row = first; row < first + rows; row += step) {
        size_t count = first + rows - row < step ? first + rows - row : step;
        if (job->kind == COLUMN_MOMENTS) {
            block_moments(job, strip, row, count, &sums, centre, &block);
            join_moments((double)(row - first), totals, (double)count, &block, strip->columns);
            continue;
        }
        clear(sums.first, strip->width);
        clear(sums.second, strip->width);
        add_block(job->kind, job, strip, row, count, &places, &sums);
        for (size_t c = 0; c < strip->columns; c++) {
            totals->first[c] += folded(sums.first, strip->columns, strip->joined, c);
            if (job->kind == COLUMN_PRODUCTS)
                totals->second[c] += folded(sums.second, strip->columns, strip->joined, c);
        }
    }
}

static void store_totals(const column_job *job, const column_strip *strip, const column_totals *totals)
{
    double divisor = job->kind == COLUMN_MOMENTS ? (double)job->rows : 1;
    for (size_t c = 0; c < strip->columns; c++) {
        job->first[strip->first + c] = (float)totals->first[c];
        if (job->kind != COLUMN_SUM)
            job->second[strip->first + c] = (float)(totals->second[c] / divisor);
    }
}

static void strip_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const column_job *job = argument;
    column_strip strip = strip_of(job, task);
    column_totals totals;
    total_rows(job, &strip, 0, job->rows, &totals);
    store_totals(job, &strip, &totals);
}

static void piece_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const column_job *job = argument;
    column_strip strip = strip_of(job, 0);
    size_t first = task * job->piece, rest = job->rows - first;
    total_rows(job, &strip, first, rest < job->piece ? rest : job->piece, &job->partials[task]);
}

/* Cuts the columns into strips, or where there is but one strip the rows into a few pieces whose totals are
 * joined in order. */
static void run_columns(column_job *job, stria_pool *pool)
{
    if (job->columns > STRIP) {
        stria_pool_run(pool, (job->columns - 1) / STRIP + 1, strip_task, job);
        return;
    }
    if (job->columns == 0)
        return;
    column_totals partials[MAX_PIECES];
    column_strip strip = strip_of(job, 0);
    size_t step = rows_in_block(strip.width, strip.joined);
    size_t pieces = job->rows * job->columns / PIECE_OF_MEMORY + 1;
    pieces = pieces < MAX_PIECES ? pieces : MAX_PIECES;
    /* Whole blocks, so that only the last piece has a short one. */
    job->piece = ((job->rows + pieces - 1) / pieces + step - 1) / step * step;
    pieces = job->rows > 0 ? (job->rows - 1) / job->piece + 1 : 0;
    job->partials = partials;
    if (pieces > 1)
        stria_pool_run(pool, pieces, piece_task, job);
    else
        total_rows(job, &strip, 0, job->rows, &partials[0]);
    for (size_t p = 1; p < pieces; p++) {
        size_t first = p * job->piece, rest = job->rows - first;
        if (job->kind == COLUMN_MOMENTS) {
            join_moments((double)first, &partials[0], (double)(rest < job->piece ? rest : job->piece),
                         &partials[p], job->columns);
            continue;
        }
        for (size_t c = 0; c < job->columns; c++) {
            partials[0].first[c] += partials[p].first[c];
            partials[0].second[c] += partials[p].second[c];
        }
    }
    store_totals(job, &strip, &partials[0]);
}

static void column_sums(const float *x, size_t rows, size_t columns, float *sums, stria_pool *pool)
{
    column_job job = {.kind = COLUMN_SUM, .x = x, .first = sums, .rows = rows, .columns = columns};
    run_columns(&job, pool);
}

static void column_moments(const float *x, size_t rows, size_t columns, float *mean, float *variance,
                           stria_pool *pool)
{
    column_job job = {
        .kind = COLUMN_MOMENTS, .x = x, .first = mean, .second = variance, .rows = rows, .columns = columns};
    run_columns(&job, pool);
}

static void column_products(const stria_column_gradient *gradient, const float *mean, float *sum_g,
                            float *sum_gx, stria_pool *pool)
{
    column_job job = {.kind = COLUMN_PRODUCTS,
                      .x = gradient->dy,
                      .y = gradient->x,
                      .mean = mean,
                      .scale = gradient->scale,
                      .shift = gradient->shift,
                      .activation = gradient->activation,
                      .first = sum_g,
                      .second = sum_gx,
                      .rows = gradient->rows,
                      .columns = gradient->columns};
    run_columns(&job, pool);
}

/* ---- Columns applied to every row ---- */

#define FACTORS 5

/* Some numbers per column, repeated to a wide row. */
typedef struct wide_factors {
    float wide[FACTORS][WIDE + VL];
    const float *row[FACTORS]; /* the numbers of a row of `width` */
    size_t width;
} wide_factors;

static void spread_factors(wide_factors *f, const float *const factors[FACTORS], size_t columns)
{
    size_t joined = rows_joined(columns);
    f->width = columns * joined;
    for (int k = 0; k < FACTORS; k++) {
        f->row[k] = factors[k];
        if (factors[k] == NULL || joined == 1)
            continue;
        repeat(factors[k], columns, joined, f->wide[k]);
        f->row[k] = f->wide[k];
    }
}

typedef struct apply_job {
    const float *dy, *x; /* [rows,columns] */
    float *y;            /* [rows,columns] */
    const float *factors[FACTORS];
    stria_activation activation;
    size_t columns;
} apply_job;

/* Floats that stay in the first cache until they are activated. */
#define ACTIVATED 4096

/* Applies scale and shift to `count` numbers from the start of a row on, and activates them while they are
 * near. */
static void scale_rows(void *arguments, size_t first, size_t rows)
{
    const apply_job job = *(const apply_job *)arguments;
    wide_factors f;
    spread_factors(&f, job.factors, job.columns);
    const float *x = job.x + first * job.columns, *scale = f.row[0], *shift = f.row[1];
    float *y = job.y + first * job.columns;
    size_t count = rows * job.columns, width = f.width, done = 0;
    for (size_t start = 0; start < count; start += width) {
        size_t n = count - start < width ? count - start : width, i = 0;
        for (; i + VL <= n; i += VL)
            vec_store(y + start + i,
                      vec_multiply_add(vec_load(x + start + i), vec_load(scale + i), vec_load(shift + i)));
        if (i < n)
            vec_store_first(y + start + i,
                            vec_multiply_add(vec_load_first(x + start + i, n - i),
                                             vec_load_first(scale + i, n - i),
                                             vec_load_first(shift + i, n - i)),
                            n - i);
        size_t end = start + n;
        if (job.activation.kind != STRIA_LINEAR && (end - done >= ACTIVATED || end == count)) {
            STRIA_ISA(stria_activate_block)(job.activation, y + done, y + done, end - done);
            done = end;
        }
    }
}

static void column_scale(const float *x, const float *scale, const float *shift, stria_activation activation,
                         size_t rows, size_t columns, float *y, stria_pool *pool)
{
    apply_job job = {.x = x, .y = y, .factors = {scale, shift}, .activation = activation, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_MEMORY, columns), scale_rows, &job);
}

/* One vector of places, of which `n` count. */
VEC_INLINE void combine_at(stria_activation_kind activation, float alpha, const float *dy, const float *x,
                           const float *const row[FACTORS], size_t at, float *dx, size_t n)
{
    vec g = vec_load_first(dy, n), v = vec_load_first(x, n);
    if (activation != STRIA_LINEAR) {
        vec z = vec_multiply_add(v, vec_load_first(row[3] + at, n), vec_load_first(row[4] + at, n));
        g = gradient_before(activation, alpha, z, g);
    }
    vec rest = vec_multiply_add(vec_load_first(row[1] + at, n), v, vec_load_first(row[2] + at, n));
    vec_store_first(dx, vec_multiply_add(vec_load_first(row[0] + at, n), g, rest), n);
}

VEC_INLINE void combine_range(stria_activation_kind activation, const apply_job *job, const wide_factors *f,
                              size_t first, size_t count)
{
    const float *const *row = f->row;
    const float alpha = job->activation.alpha;
    for (size_t start = 0; start < count; start += f->width) {
        size_t n = count - start < f->width ? count - start : f->width, i = 0;
        const float *dy = job->dy + first + start, *x = job->x + first + start;
        float *dx = job->y + first + start;
        for (; i + VL <= n; i += VL)
            combine_at(activation, alpha, dy + i, x + i, row, i, dx + i, VL);
        if (i < n)
            combine_at(activation, alpha, dy + i, x + i, row, i, dx + i, n - i);
    }
}

static void combine_rows(void *arguments, size_t first, size_t rows)
{
    const apply_job job = *(const apply_job *)arguments;
    const size_t from = first * job.columns, count = rows * job.columns;
    wide_factors f;
    spread_factors(&f, job.factors, job.columns);
    switch (job.activation.kind) {
    case STRIA_RELU:
        combine_range(STRIA_RELU, &job, &f, from, count);
        break;
    case STRIA_RELU6:
        combine_range(STRIA_RELU6, &job, &f, from, count);
        break;
    case STRIA_LEAKY_RELU:
        combine_range(STRIA_LEAKY_RELU, &job, &f, from, count);
        break;
    default:
        combine_range(STRIA_LINEAR, &job, &f, from, count);
    }
}

static void column_combine(const stria_column_gradient *gradient, const float *a, const float *b,
                           const float *d, float *dx, stria_pool *pool)
{
    apply_job job = {.dy = gradient->dy,
                     .x = gradient->x,
                     .y = dx,
                     .factors = {a, b, d, gradient->scale, gradient->shift},
                     .activation = gradient->activation,
                     .columns = gradient->columns};
    run_range(pool, gradient->rows, rows_in_piece(PIECE_OF_MEMORY, gradient->columns), combine_rows, &job);
}

/* ---- The rest ---- */

typedef struct finite_job {
    const float *x;
    atomic_bool finite;
} finite_job;

/* 0 times a number is 0, but NaN for infinities and NaN, which no sum loses again. */
static void finite_piece(void *arguments, size_t first, size_t count)
{
    finite_job *job = arguments;
    const float *x = job->x + first;
    vec sum[4] = {{0}, {0}, {0}, {0}};
    size_t i = 0;
    for (; i + 4 * VL <= count; i += 4 * VL) {
        VEC_UNROLL
        for (size_t k = 0; k < 4; k++)
            sum[k] = vec_load(x + i + k * VL) * 0.0f + sum[k];
    }
    for (; i < count; i += VL)
        sum[0] = vec_load_first(x + i, count - i < VL ? count - i : VL) * 0.0f + sum[0];
    if (isnan(vec_sum((sum[0] + sum[1]) + (sum[2] + sum[3]))))
        atomic_store_explicit(&job->finite, false, memory_order_relaxed);
}

static bool all_finite(const float *x, size_t count, stria_pool *pool)
{
    finite_job job = {.x = x};
    atomic_init(&job.finite, true);
    run_range(pool, count, PIECE_OF_MEMORY, finite_piece, &job);
    return atomic_load_explicit(&job.finite, memory_order_relaxed);
}

void STRIA_ISA(stria_reduce_fill)(stria_reduce_kernels *kernels)
{
    *kernels = (stria_reduce_kernels){.column_sums = column_sums,
                                      .column_moments = column_moments,
                                      .column_products = column_products,
                                      .column_scale = column_scale,
                                      .column_combine = column_combine,
                                      .softmax = STRIA_ISA(stria_softmax),
                                      .softmax_gradient = STRIA_ISA(stria_softmax_gradient),
                                      .softmax_cross_entropy = STRIA_ISA(stria_softmax_cross_entropy),
                                      .all_finite = all_finite};
}
