/* Resampling. Kernels and weights: Keys, "Cubic convolution interpolation for digital image processing"
 * (1981); Turkowski, "Filters for common resampling tasks" (1990). Weights are scaled to a sum of 1, which is
 * what happens at the edges.
 *
 * A row of outputs is made in two steps: the input rows it needs are added up with the weights of the height,
 * all columns at once; then each output gathers its columns. */
#include "kernels/resample.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

#define PI 3.14159265358979323846

/* Floats of y that make a task, about. */
#define PIECE 32768

/* An output's line in the table: `first` and `count` of its inputs, how much of the weight they have (less
 * than 1 beside fill values), the weights. */
#define LINE_HEAD 3

typedef struct line {
    uint32_t first, count;
    float inside;
    const float *weights;
} line;

static line line_at(const float *table, size_t taps, size_t o)
{
    const float *at = table + o * (LINE_HEAD + taps);
    line l = {.inside = at[2], .weights = at + LINE_HEAD};
    memcpy(&l.first, at, sizeof l.first);
    memcpy(&l.count, at + 1, sizeof l.count);
    return l;
}

/* ---- Proportions ---- */

stria_resample_axis stria_resample_to_aspect(const int64_t in[2], const int64_t out[2], int a, bool pad)
{
    /* Side `a` of a picture that has the proportions of the output and, along the other side, the picture's
     * size; in float, as in Keras. */
    int64_t side = (int64_t)((float)(in[1 - a] * out[a]) / (float)out[1 - a]);
    stria_resample_axis axis = {.in = (size_t)in[a], .out = (size_t)out[a]};
    if (pad) {
        int64_t border = side > in[a] ? (side - in[a]) / 2 : 0;
        axis.extent = (size_t)(in[a] + 2 * border);
        axis.start = -border;
    } else {
        side = side > in[a] ? in[a] : side < 1 ? 1 : side;
        axis.extent = (size_t)side;
        axis.start = (in[a] - side) / 2;
    }
    return axis;
}

/* ---- Weights ---- */

static double radius_of(stria_interpolation interpolation)
{
    static const double radii[] = {
        [STRIA_NEAREST] = 0.5, [STRIA_BILINEAR] = 1, [STRIA_BICUBIC] = 2,
        [STRIA_LANCZOS3] = 3,  [STRIA_LANCZOS5] = 5, [STRIA_AREA] = 0.5,
    };
    return radii[interpolation];
}

static double cubic(double x)
{
    const double a = -0.5;
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double lanczos(double x, double radius)
{
    if (x >= radius)
        return 0;
    return x < 1e-3 ? 1 : radius * sin(PI * x) * sin(PI * x / radius) / (PI * PI * x * x);
}

/* The kernel at distance x >= 0 from its centre. */
static double kernel_at(stria_interpolation interpolation, double x)
{
    if (interpolation == STRIA_BILINEAR)
        return x < 1 ? 1 - x : 0;
    return interpolation == STRIA_BICUBIC ? cubic(x) : lanczos(x, radius_of(interpolation));
}

static double scale_of(const stria_resample_axis *axis)
{
    return (double)axis->extent / (double)axis->out;
}

/* How much wider than its radius the kernel is. */
static double widening(const stria_resample *r, const stria_resample_axis *axis)
{
    bool widens = r->antialias || r->interpolation == STRIA_AREA;
    return widens && scale_of(axis) > 1 ? scale_of(axis) : 1;
}

size_t stria_resample_taps(const stria_resample *resample, int axis)
{
    const stria_resample_axis *a = &resample->axes[axis];
    if (resample->interpolation == STRIA_NEAREST)
        return 1;
    double reach = 2 * radius_of(resample->interpolation) * widening(resample, a);
    size_t taps = reach < (double)a->extent ? (size_t)ceil(reach) + 1 : a->extent;
    return stria_size_min(taps, stria_size_min(a->extent, a->in));
}

/* The inputs of an output, counted in the stretch: weights[i] belongs to `first` + i. */
typedef struct support {
    int64_t first, end;
    double centre;
} support;

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static support support_of(const stria_resample *r, const stria_resample_axis *axis, size_t o)
{
    int64_t extent = (int64_t)axis->extent;
    if (r->interpolation == STRIA_NEAREST) {
        /* In float, as Keras has it: where the centre lies on an edge between pixels the rounding decides. */
        float scale = (float)axis->extent / (float)axis->out;
        int64_t pixel = clamp((int64_t)floorf(((float)o + 0.5F) * scale), 0, extent - 1);
        return (support){pixel, pixel + 1, 0};
    }
    if (r->interpolation == STRIA_AREA) {
        /* Whole numbers, so that no pixel is met by rounding. */
        uint64_t in = axis->extent, out = axis->out;
        return (support){(int64_t)(o * in / out), (int64_t)(((o + 1) * in - 1) / out + 1), 0};
    }
    support s = {.centre = ((double)o + 0.5) * scale_of(axis)};
    if (r->interpolation == STRIA_BICUBIC && !r->antialias) {
        /* Keras's backend takes the distance to a 1024th. */
        double whole = floor(s.centre - 0.5);
        s.centre = whole + 0.5 + rint((s.centre - 0.5 - whole) * 1024) / 1024;
    }
    double reach = radius_of(r->interpolation) * widening(r, axis);
    s.first = clamp((int64_t)ceil(s.centre - reach - 0.5), 0, extent - 1);
    s.end = clamp((int64_t)floor(s.centre + reach - 0.5) + 1, s.first + 1, extent);
    return s;
}

static double weight_of(const stria_resample *r, const stria_resample_axis *axis, const support *s, size_t o,
                        int64_t input)
{
    if (r->interpolation == STRIA_NEAREST)
        return 1;
    if (r->interpolation == STRIA_AREA) {
        double left = (double)o * scale_of(axis), right = ((double)o + 1) * scale_of(axis);
        return fmin(right, (double)input + 1) - fmax(left, (double)input);
    }
    return kernel_at(r->interpolation, fabs((double)input + 0.5 - s->centre) / widening(r, axis));
}

static void fill_line(const stria_resample *r, const stria_resample_axis *axis, size_t o, float *to)
{
    support s = support_of(r, axis, o);
    int64_t in = (int64_t)axis->in, first = clamp(s.first + axis->start, 0, in);
    int64_t end = clamp(s.end + axis->start, first, in);
    double total = 0, inside = 0;
    for (int64_t i = s.first; i < s.end; i++)
        total += weight_of(r, axis, &s, o, i);
    uint32_t place = (uint32_t)first, count = (uint32_t)(end - first);
    for (int64_t i = first; i < end; i++) {
        double weight = weight_of(r, axis, &s, o, i - axis->start) / total;
        to[LINE_HEAD + i - first] = (float)weight;
        inside += weight;
    }
    memcpy(to, &place, sizeof place);
    memcpy(to + 1, &count, sizeof count);
    to[2] = end - first == s.end - s.first ? 1.0F : (float)inside;
}

static size_t axis_table_size(const stria_resample *r, int axis)
{
    return r->axes[axis].out * (LINE_HEAD + stria_resample_taps(r, axis));
}

size_t stria_resample_table_size(const stria_resample *resample)
{
    return axis_table_size(resample, 0) + axis_table_size(resample, 1);
}

void stria_resample_fill_table(const stria_resample *resample, float *table)
{
    for (int a = 0; a < 2; a++) {
        size_t taps = stria_resample_taps(resample, a);
        for (size_t o = 0; o < resample->axes[a].out; o++, table += LINE_HEAD + taps)
            fill_line(resample, &resample->axes[a], o, table);
    }
}

/* ---- Running ---- */

typedef struct resample_job {
    const stria_resample *r;
    const float *rows, *columns; /* the tables of the axes */
    size_t row_taps, column_taps;
    size_t piece, pieces; /* output rows in a task, tasks of a picture */
    size_t width;         /* floats of an input row */
    const float *from;
    float *to, *scratch;
    size_t scratch_step; /* of a worker */
} resample_job;

static resample_job job_of(const stria_resample *r, const float *table, const float *from, float *to,
                           float *scratch)
{
    size_t row = r->axes[1].out * r->channels;
    size_t piece = row < PIECE ? stria_size_min(PIECE / row, r->axes[0].out) : 1;
    return (resample_job){.r = r,
                          .rows = table,
                          .columns = table + axis_table_size(r, 0),
                          .row_taps = stria_resample_taps(r, 0),
                          .column_taps = stria_resample_taps(r, 1),
                          .piece = piece,
                          .pieces = stria_size_pieces(r->axes[0].out, piece),
                          .width = r->axes[1].in * r->channels,
                          .from = from,
                          .to = to,
                          .scratch = scratch,
                          .scratch_step = stria_resample_scratch(r, 1)};
}

size_t stria_resample_scratch(const stria_resample *resample, size_t workers)
{
    return workers * stria_size_round_up(resample->axes[1].in * resample->channels, 16);
}

static bool is_copy(const line *l)
{
    return l->count == 1 && l->weights[0] == 1.0F;
}

/* The input rows of an output row, added up; x at row 0. May be a row of x itself. */
static const float *add_rows(const resample_job *job, const line *l, const float *x, float *sums)
{
    const float *row = x + l->first * job->width;
    if (is_copy(l))
        return row;
    for (size_t i = 0; i < job->width; i++)
        sums[i] = l->count > 0 ? l->weights[0] * row[i] : 0;
    for (size_t k = 1; k < l->count; k++) {
        row += job->width;
        for (size_t i = 0; i < job->width; i++)
            sums[i] += l->weights[k] * row[i];
    }
    return sums;
}

/* One output from a row of sums; `rest` is what fill values add. */
static inline void add_columns(const line *l, const float *sums, size_t channels, float rest, float *y)
{
    const float *x = sums + l->first * channels;
    if (is_copy(l)) {
        for (size_t c = 0; c < channels; c++)
            y[c] = x[c] + rest;
        return;
    }
    if (l->count == 2) {
        for (size_t c = 0; c < channels; c++)
            y[c] = l->weights[0] * x[c] + l->weights[1] * x[channels + c] + rest;
        return;
    }
    for (size_t c = 0; c < channels; c++)
        y[c] = rest;
    for (size_t k = 0; k < l->count; k++, x += channels)
        for (size_t c = 0; c < channels; c++)
            y[c] += l->weights[k] * x[c];
}

static inline void output_row(const resample_job *job, size_t channels, const float *sums, float inside,
                              float *y)
{
    float fill = job->r->fill;
    for (size_t o = 0; o < job->r->axes[1].out; o++, y += channels) {
        line l = line_at(job->columns, job->column_taps, o);
        float covered = inside * l.inside;
        add_columns(&l, sums, channels, covered == 1 ? 0 : fill * (1 - covered), y);
    }
}

/* Few channels are counted at compile time. */
static void any_output_row(const resample_job *job, const float *sums, float inside, float *y)
{
    if (job->r->channels == 1)
        output_row(job, 1, sums, inside, y);
    else if (job->r->channels == 3)
        output_row(job, 3, sums, inside, y);
    else
        output_row(job, job->r->channels, sums, inside, y);
}

/* A task is some output rows of a picture. */
static void forward_task(void *argument, size_t task, size_t worker)
{
    const resample_job *job = argument;
    const stria_resample *r = job->r;
    size_t picture = task / job->pieces, first = task % job->pieces * job->piece;
    size_t end = stria_size_min(first + job->piece, r->axes[0].out), row = r->axes[1].out * r->channels;
    const float *x = job->from + picture * r->axes[0].in * job->width;
    float *sums = job->scratch + worker * job->scratch_step;
    for (size_t o = first; o < end; o++) {
        line l = line_at(job->rows, job->row_taps, o);
        float *y = job->to + (picture * r->axes[0].out + o) * row;
        const float *from = add_rows(job, &l, x, sums);
        any_output_row(job, from, l.inside, y);
    }
}

void stria_resample_forward(const stria_resample *resample, const float *table, size_t batch, const float *x,
                            float *y, float *scratch, stria_pool *pool)
{
    resample_job job = job_of(resample, table, x, y, scratch);
    stria_pool_run(pool, batch * job.pieces, forward_task, &job);
}

/* ---- Bytes ---- */

static void add_byte_rows(const line *l, size_t width, const uint8_t *x, float *sums)
{
    const uint8_t *row = x + l->first * width, *next = row + width;
    if (l->count == 2) {
        for (size_t i = 0; i < width; i++)
            sums[i] = l->weights[0] * (float)row[i] + l->weights[1] * (float)next[i];
        return;
    }
    float first = l->count > 0 ? l->weights[0] : 0;
    for (size_t i = 0; i < width; i++)
        sums[i] = l->count > 0 ? first * (float)row[i] : 0;
    for (size_t k = 1; k < l->count; k++) {
        row += width;
        for (size_t i = 0; i < width; i++)
            sums[i] += l->weights[k] * (float)row[i];
    }
}

/* To the nearest, halves to even: beside 3 * 2^22 a float has no room for fractions, and the bits below are
 * the number. */
static void round_to_bytes(const float *x, uint8_t *y, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value = x[i] > 0 ? x[i] : 0;
        float rounded = (value < 255 ? value : 255) + 12582912.0F;
        uint32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        y[i] = (uint8_t)bits;
    }
}

/* Pixels as they are. */
static void copy_bytes(const resample_job *job, const uint8_t *x, uint8_t *y)
{
    const stria_resample *r = job->r;
    size_t channels = r->channels, row = r->axes[1].out * channels;
    for (size_t o = 0; o < r->axes[0].out; o++, y += row) {
        line from = line_at(job->rows, job->row_taps, o);
        memset(y, (int)r->fill, row);
        for (size_t i = 0; i < r->axes[1].out && from.count == 1; i++) {
            line pixel = line_at(job->columns, job->column_taps, i);
            const uint8_t *at = x + from.first * job->width + pixel.first * channels;
            for (size_t c = 0; c < channels && pixel.count == 1; c++)
                y[i * channels + c] = at[c];
        }
    }
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* Pixels of three channels in vectors of four: the number after a pixel is read, and written until the next
 * pixel comes; both rows have room behind them. */
static void colour_row(const resample_job *job, const float *sums, float inside, float *y)
{
    for (size_t o = 0; o < job->r->axes[1].out; o++, y += 3) {
        line l = line_at(job->columns, job->column_taps, o);
        float covered = inside * l.inside, rest = covered == 1 ? 0 : job->r->fill * (1 - covered);
        const float *x = sums + l.first * 3;
        four total = {rest, rest, rest, 0};
        for (size_t k = 0; k < l.count; k++)
            total += l.weights[k] * *(const four *)(x + 3 * k);
        *(four *)y = total;
    }
}

void stria_resample_bytes(const stria_resample *resample, const float *table, const uint8_t *x, uint8_t *y,
                          float *scratch)
{
    resample_job job = job_of(resample, table, NULL, NULL, NULL);
    size_t row = resample->axes[1].out * resample->channels;
    float *sums = scratch, *made = scratch + stria_resample_scratch(resample, 1);
    if (resample->interpolation == STRIA_NEAREST) {
        copy_bytes(&job, x, y);
        return;
    }
    for (size_t o = 0; o < resample->axes[0].out; o++, y += row) {
        line l = line_at(job.rows, job.row_taps, o);
        add_byte_rows(&l, job.width, x, sums);
        if (resample->channels == 3)
            colour_row(&job, sums, l.inside, made);
        else
            any_output_row(&job, sums, l.inside, made);
        round_to_bytes(made, y, row);
    }
}

size_t stria_resample_bytes_scratch(const stria_resample *resample)
{
    return stria_resample_scratch(resample, 1) + resample->axes[1].out * resample->channels;
}

/* ---- Backward ---- */

/* A task is a picture: output rows share input rows. */
static void backward_task(void *argument, size_t picture, size_t worker)
{
    const resample_job *job = argument;
    const stria_resample *r = job->r;
    size_t channels = r->channels, row = r->axes[1].out * channels, size = r->axes[0].in * job->width;
    float *dx = job->to + picture * size, *sums = job->scratch + worker * job->scratch_step;
    memset(dx, 0, size * sizeof *dx);
    for (size_t o = 0; o < r->axes[0].out; o++) {
        const float *dy = job->from + (picture * r->axes[0].out + o) * row;
        memset(sums, 0, job->width * sizeof *sums);
        for (size_t i = 0; i < r->axes[1].out; i++, dy += channels) {
            line l = line_at(job->columns, job->column_taps, i);
            float *to = sums + l.first * channels;
            for (size_t k = 0; k < l.count; k++, to += channels)
                for (size_t c = 0; c < channels; c++)
                    to[c] += l.weights[k] * dy[c];
        }
        line l = line_at(job->rows, job->row_taps, o);
        for (size_t k = 0; k < l.count; k++) {
            float *to = dx + (l.first + k) * job->width;
            for (size_t i = 0; i < job->width; i++)
                to[i] += l.weights[k] * sums[i];
        }
    }
}

void stria_resample_backward(const stria_resample *resample, const float *table, size_t batch,
                             const float *dy, float *dx, float *scratch, stria_pool *pool)
{
    resample_job job = job_of(resample, table, dy, dx, scratch);
    stria_pool_run(pool, batch, backward_task, &job);
}
