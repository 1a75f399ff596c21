/* See broadcast.h. The loops run over rows, which are the innermost axis. */
#include "kernels/broadcast.h"

#include <math.h>

#include "kernels/cut.h"

#define MAX_AXES (STRIA_MAX_RANK + 1)

void stria_broadcast_make(stria_broadcast *broadcast, int rank, const size_t *result, const size_t *a,
                          bool a_batch, const size_t *b, bool b_batch)
{
    stria_broadcast s = {.axes = 2, .sizes = {1, 1}};
    bool a_repeats = false, b_repeats = false, empty = true;
    size_t a_total = 1, b_total = 1;
    for (int i = 0; i < rank; i++) {
        bool a_here = a[i] != result[i], b_here = b[i] != result[i];
        a_total *= a[i];
        b_total *= b[i];
        if (result[i] == 1)
            continue;
        if (!empty && (a_here != a_repeats || b_here != b_repeats))
            s.sizes[s.axes++] = 1;
        empty = false;
        a_repeats = a_here;
        b_repeats = b_here;
        s.sizes[s.axes - 1] *= result[i];
        s.a[s.axes - 1] = a_here ? 0 : 1; /* strides follow */
        s.b[s.axes - 1] = b_here ? 0 : 1;
    }
    if (empty)
        s.a[1] = s.b[1] = 1;
    size_t a_stride = 1, b_stride = 1;
    for (int i = s.axes - 1; i > 0; i--) {
        size_t a_size = s.a[i] != 0 ? s.sizes[i] : 1, b_size = s.b[i] != 0 ? s.sizes[i] : 1;
        s.a[i] *= a_stride;
        s.b[i] *= b_stride;
        a_stride *= a_size;
        b_stride *= b_size;
    }
    s.a[0] = a_batch ? a_total : 0;
    s.b[0] = b_batch ? b_total : 0;
    *broadcast = s;
}

/* ---- Operations ---- */

typedef struct apply_job {
    const stria_kernels *kernels;
    stria_broadcast_operation operation;
    const stria_broadcast *shape;
    size_t batch;
    const float *a, *b;
    float *y;
    uint8_t *winner, index;
    bool maximum;
} apply_job;

/* Rows that vector kernels do: long sums and products. */
static bool row_by_kernel(const apply_job *job, const float *a, size_t a_step, const float *b, size_t b_step,
                          float *y, size_t n)
{
    const stria_elementwise_kernels *kernels = &job->kernels->elementwise;
    const bool multiplies = job->operation == STRIA_BROADCAST_MULTIPLY;
    if (n < 16 || (!multiplies && job->operation != STRIA_BROADCAST_ADD))
        return false;
    if (a_step == 1 && b_step == 1)
        (multiplies ? kernels->multiply : kernels->add)(a, b, y, n, NULL);
    else
        kernels->scale(a_step == 1 ? a : b, multiplies ? (a_step == 1 ? *b : *a) : 1,
                       multiplies ? 0 : (a_step == 1 ? *b : *a), y, n, NULL);
    return true;
}

/* One loop for each operation, p and q being the operands. */
#define ROW(expression)                                                                                      \
    for (size_t i = 0; i < n; i++) {                                                                         \
        const float p = a[i * a_step], q = b[i * b_step];                                                    \
        y[i] = (expression);                                                                                 \
    }                                                                                                        \
    break

static void operate_row(const apply_job *job, const float *a, size_t a_step, const float *b, size_t b_step,
                        float *y, size_t n)
{
    if (row_by_kernel(job, a, a_step, b, b_step, y, n))
        return;
    switch (job->operation) {
    case STRIA_BROADCAST_ADD:
        ROW(p + q);
    case STRIA_BROADCAST_SUBTRACT:
        ROW(p - q);
    case STRIA_BROADCAST_MULTIPLY:
        ROW(p * q);
    case STRIA_BROADCAST_MAXIMUM:
        ROW(p >= q || isnan(p) ? p : q);
    case STRIA_BROADCAST_MINIMUM:
        ROW(p <= q || isnan(p) ? p : q);
    case STRIA_BROADCAST_COPY:
        for (size_t i = 0; i < n; i++)
            y[i] = b[i * b_step];
        break;
    case STRIA_BROADCAST_PRELU:
        ROW(p > 0 ? p : p * q);
    case STRIA_BROADCAST_PRELU_SLOPE:
        ROW(p > 0 ? 1 : p < 0 ? q : 0);
    case STRIA_BROADCAST_NEGATIVE_PRODUCT:
        ROW(p < 0 ? p * q : 0);
    }
}

static void select_row(const apply_job *job, float *a, const float *b, size_t b_step, uint8_t *winner,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float other = b[i * b_step];
        if (job->maximum ? a[i] >= other : a[i] <= other)
            continue;
        winner[i] = job->index;
        a[i] = isnan(a[i]) ? a[i] : other;
    }
}

/* Where the operands of row `row` begin. */
static void find_row(const stria_broadcast *s, size_t row, size_t *a, size_t *b)
{
    *a = *b = 0;
    for (int i = s->axes - 2; i >= 0; i--) {
        size_t at = i > 0 ? row % s->sizes[i] : row;
        if (i > 0)
            row /= s->sizes[i];
        *a += at * s->a[i];
        *b += at * s->b[i];
    }
}

static void apply_rows(void *arguments, size_t first, size_t rows)
{
    const apply_job *job = arguments;
    const stria_broadcast *s = job->shape;
    const int last = s->axes - 1;
    const size_t width = s->sizes[last];
    for (size_t r = first; r < first + rows; r++) {
        size_t a, b;
        find_row(s, r, &a, &b);
        if (job->winner != NULL)
            select_row(job, job->y + a, job->b + b, s->b[last], job->winner + a, width);
        else
            operate_row(job, job->a + a, s->a[last], job->b + b, s->b[last], job->y + r * width, width);
    }
}

static size_t rows_of(const stria_broadcast *s, size_t batch)
{
    for (int i = 1; i < s->axes - 1; i++)
        batch *= s->sizes[i];
    return batch;
}

static void run_rows(apply_job *job, stria_pool *pool)
{
    const stria_broadcast *s = job->shape;
    run_range(pool, rows_of(s, job->batch), rows_in_piece(PIECE_OF_MEMORY, s->sizes[s->axes - 1]), apply_rows,
              job);
}

void stria_broadcast_apply(const stria_kernels *kernels, stria_broadcast_operation operation,
                           const stria_broadcast *broadcast, size_t batch, const float *a, const float *b,
                           float *y, stria_pool *pool)
{
    apply_job job = {.kernels = kernels,
                     .operation = operation,
                     .shape = broadcast,
                     .batch = batch,
                     .a = a,
                     .b = b,
                     .y = y};
    run_rows(&job, pool);
}

void stria_broadcast_select(bool maximum, const stria_broadcast *broadcast, size_t batch, float *a,
                            const float *b, uint8_t *winner, uint8_t index, stria_pool *pool)
{
    apply_job job = {.shape = broadcast,
                     .batch = batch,
                     .b = b,
                     .y = a,
                     .winner = winner,
                     .index = index,
                     .maximum = maximum};
    run_rows(&job, pool);
}

typedef struct share_job {
    const uint8_t *winner;
    uint8_t index;
    const float *dy;
    float *share;
} share_job;

static void share_elements(void *arguments, size_t first, size_t count)
{
    const share_job *job = arguments;
    for (size_t i = first; i < first + count; i++)
        job->share[i] = job->winner[i] == job->index ? job->dy[i] : 0;
}

void stria_broadcast_share(const uint8_t *winner, uint8_t index, const float *dy, float *share, size_t count,
                           stria_pool *pool)
{
    share_job job = {winner, index, dy, share};
    run_range(pool, count, PIECE_OF_MEMORY, share_elements, &job);
}

/* ---- Sums ---- */

typedef struct sum_job {
    int kept_axes, summed_axes;
    size_t kept[MAX_AXES], kept_stride[MAX_AXES];     /* axes that b has, and their strides in g */
    size_t summed[MAX_AXES], summed_stride[MAX_AXES]; /* axes along which b repeats */
    size_t each;                                      /* numbers in one sum */
    const float *g;
    float *db;
} sum_job;

/* The offset of element `index` of the axes. */
static size_t offset_of(size_t index, int axes, const size_t *sizes, const size_t *strides)
{
    size_t offset = 0;
    for (int i = axes - 1; i >= 0; i--) {
        offset += index % sizes[i] * strides[i];
        index /= sizes[i];
    }
    return offset;
}

static void sum_elements(void *arguments, size_t first, size_t count)
{
    const sum_job *job = arguments;
    const int last = job->summed_axes - 1;
    const size_t width = job->summed[last], stride = job->summed_stride[last];
    for (size_t e = first; e < first + count; e++) {
        const float *g = job->g + offset_of(e, job->kept_axes, job->kept, job->kept_stride);
        double sum = 0;
        for (size_t r = 0; r < job->each; r += width) {
            const float *row = g + offset_of(r / width, last, job->summed, job->summed_stride);
            for (size_t i = 0; i < width; i++)
                sum += (double)row[i * stride];
        }
        job->db[e] = (float)sum;
    }
}

bool stria_broadcast_is_row(const stria_broadcast *s)
{
    return s->axes == 3 && s->b[0] == s->sizes[2] && s->b[1] == 0 && s->b[2] == 1;
}

/* The common cases are sums of columns: of each sample's [rows, columns], or of all samples'. */
static bool sum_columns(const stria_kernels *kernels, const stria_broadcast *s, size_t batch, const float *g,
                        float *db, stria_pool *pool)
{
    const size_t columns = s->sizes[s->axes - 1];
    if (stria_broadcast_is_row(s)) {
        for (size_t n = 0; n < batch; n++)
            kernels->reduce.column_sums(g + n * s->sizes[1] * columns, s->sizes[1], columns, db + n * columns,
                                        pool);
        return true;
    }
    if (s->b[0] != 0 || s->b[s->axes - 1] != 1 || s->axes > 3 || (s->axes == 3 && s->b[1] != 0))
        return false;
    kernels->reduce.column_sums(g, s->axes == 3 ? batch * s->sizes[1] : batch, columns, db, pool);
    return true;
}

void stria_broadcast_sum(const stria_kernels *kernels, const stria_broadcast *s, size_t batch, const float *g,
                         float *db, stria_pool *pool)
{
    if (sum_columns(kernels, s, batch, g, db, pool))
        return;
    sum_job job = {.each = 1, .g = g, .db = db};
    size_t strides[MAX_AXES], stride = 1, count = 1;
    for (int i = s->axes - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= s->sizes[i];
    }
    for (int i = 0; i < s->axes; i++) {
        const size_t size = i == 0 ? batch : s->sizes[i];
        if (s->b[i] != 0) {
            job.kept[job.kept_axes] = size;
            job.kept_stride[job.kept_axes++] = strides[i];
            count *= size;
        } else {
            job.summed[job.summed_axes] = size;
            job.summed_stride[job.summed_axes++] = strides[i];
            job.each *= size;
        }
    }
    if (job.summed_axes == 0) {
        job.summed[0] = 1;
        job.summed_axes = 1;
    }
    run_range(pool, count, rows_in_piece(PIECE_OF_MEMORY, job.each), sum_elements, &job);
}
