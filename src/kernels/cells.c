/* The cells of the neocognitron in plain C. Work is cut into rows of pixels and into pieces of fixed length.
 */
#include "kernels/cells.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/pool.h"
#include "base/size.h"

#define PIECE  ((size_t)4096) /* floats of one task, about */
#define PLANES ((size_t)16)   /* of one task where planes are summed over all rows */

/* ---- Windows of fixed weights ---- */

void stria_cells_weights(const stria_window *window, double decay, double total, float *weights)
{
    const size_t *taps = window->kernel;
    double sum = 0;
    for (int turn = 0; turn < 2; turn++) {
        double factor = turn == 0 ? 0 : total / sum;
        for (size_t t = 0; t < stria_size_volume(taps); t++) {
            const size_t at[3] = {t / (taps[1] * taps[2]), t / taps[2] % taps[1], t % taps[2]};
            double square = 0;
            for (int a = 0; a < 3; a++) {
                double far = (double)at[a] - ((double)taps[a] - 1) / 2;
                square += far * far;
            }
            double weight = pow(decay, sqrt(square));
            if (turn == 0)
                sum += weight;
            else
                weights[t] = (float)(weight * factor);
        }
    }
}

typedef struct blur_job {
    const stria_cells_blur *blur;
    const float *from;
    float *to;
    bool adds;
} blur_job;

/* Taps first ... end-1 of an axis whose input lies in the picture, for output `o`. */
static void seen_taps(const stria_window *w, int axis, size_t o, size_t *first, size_t *end)
{
    size_t start = o * w->stride[axis], before = w->before[axis];
    *first = start < before ? stria_size_min(before - start, w->kernel[axis]) : 0;
    size_t room = w->in[axis] + before > start ? w->in[axis] + before - start : 0;
    *end = stria_size_min(w->kernel[axis], room);
}

/* The input pixel that output `o` sees through tap (d, h, v). */
static size_t input_index(const stria_window *w, const size_t o[3], size_t d, size_t h, size_t v)
{
    return ((o[0] * w->stride[0] + d - w->before[0]) * w->in[1] + o[1] * w->stride[1] + h - w->before[1]) *
               w->in[2] +
           o[2] * w->stride[2] + v - w->before[2];
}

/* One task is one row of outputs. */
static void forward_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const blur_job *job = argument;
    const stria_window *w = job->blur->window;
    const size_t channels = job->blur->channels;
    const size_t n = task / (w->out[0] * w->out[1]), od = task / w->out[1] % w->out[0], oh = task % w->out[1];
    size_t d0, d1, h0, h1, v0, v1;
    seen_taps(w, 0, od, &d0, &d1);
    seen_taps(w, 1, oh, &h0, &h1);
    for (size_t ow = 0; ow < w->out[2]; ow++) {
        float *y = job->to + (task * w->out[2] + ow) * channels;
        memset(y, 0, channels * sizeof *y);
        seen_taps(w, 2, ow, &v0, &v1);
        for (size_t d = d0; d < d1; d++)
            for (size_t h = h0; h < h1; h++)
                for (size_t v = v0; v < v1; v++) {
                    const size_t at =
                        n * stria_size_volume(w->in) + input_index(w, (size_t[3]){od, oh, ow}, d, h, v);
                    const float weight = job->blur->weights[(d * w->kernel[1] + h) * w->kernel[2] + v];
                    const float *x = job->from + at * channels;
                    for (size_t c = 0; c < channels; c++)
                        y[c] += weight * x[c];
                }
    }
}

void stria_cells_blur_forward(const stria_cells_blur *blur, const float *x, float *y, stria_pool *pool)
{
    const size_t *out = blur->window->out;
    blur_job job = {.blur = blur, .from = x, .to = y};
    stria_pool_run(pool, blur->batch * out[0] * out[1], forward_task, &job);
}

/* The output that sees input `i` of an axis through tap `t`; false when there is none. */
static bool seen_by(const stria_window *w, int axis, size_t i, size_t t, size_t *output)
{
    const size_t shifted = i + w->before[axis];
    if (shifted < t || (shifted - t) % w->stride[axis] != 0)
        return false;
    *output = (shifted - t) / w->stride[axis];
    return *output < w->out[axis];
}

/* One task is one row of inputs: the shares of the outputs that see each, in the order of the taps. */
static void backward_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const blur_job *job = argument;
    const stria_window *w = job->blur->window;
    const size_t channels = job->blur->channels, row = w->in[2] * channels;
    const size_t n = task / (w->in[0] * w->in[1]), id = task / w->in[1] % w->in[0], ih = task % w->in[1];
    if (!job->adds)
        memset(job->to + task * row, 0, row * sizeof *job->to);
    size_t od, oh, ow;
    for (size_t d = 0; d < w->kernel[0]; d++) {
        if (!seen_by(w, 0, id, d, &od))
            continue;
        for (size_t h = 0; h < w->kernel[1]; h++) {
            if (!seen_by(w, 1, ih, h, &oh))
                continue;
            const float *weights = job->blur->weights + (d * w->kernel[1] + h) * w->kernel[2];
            const float *dys = job->from + ((n * w->out[0] + od) * w->out[1] + oh) * w->out[2] * channels;
            for (size_t iw = 0; iw < w->in[2]; iw++)
                for (size_t v = 0; v < w->kernel[2]; v++) {
                    if (!seen_by(w, 2, iw, v, &ow))
                        continue;
                    float *dx = job->to + task * row + iw * channels;
                    for (size_t c = 0; c < channels; c++)
                        dx[c] += weights[v] * dys[ow * channels + c];
                }
        }
    }
}

void stria_cells_blur_backward(const stria_cells_blur *blur, const float *dy, float *dx, bool adds,
                               stria_pool *pool)
{
    const size_t *in = blur->window->in;
    blur_job job = {.blur = blur, .from = dy, .to = dx, .adds = adds};
    stria_pool_run(pool, blur->batch * in[0] * in[1], backward_task, &job);
}

/* ---- Number by number ---- */

typedef struct flat_job {
    size_t count;
    float alpha;
    const float *a, *b;
    float *to;
} flat_job;

/* Numbers first ... end-1 are task `task`'s. */
static void piece_of(size_t count, size_t task, size_t *first, size_t *end)
{
    *first = task * PIECE;
    *end = stria_size_min(*first + PIECE, count);
}

static void run_flat(const flat_job *job, stria_task_fn task, stria_pool *pool)
{
    flat_job copy = *job;
    stria_pool_run(pool, stria_size_pieces(job->count, PIECE), task, &copy);
}

static void saturate_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const flat_job *job = argument;
    size_t first, end;
    piece_of(job->count, task, &first, &end);
    for (size_t i = first; i < end; i++) {
        const float x = job->a[i] > 0 ? job->a[i] : 0;
        job->to[i] = x / (job->alpha + x);
    }
}

void stria_cells_saturate(float alpha, const float *x, float *y, size_t count, stria_pool *pool)
{
    run_flat(&(flat_job){.count = count, .alpha = alpha, .a = x, .to = y}, saturate_task, pool);
}

/* y = x/(alpha + x) gives 1 - y = alpha/(alpha + x), and the derivative is alpha/(alpha + x)^2. */
static void saturate_gradient_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const flat_job *job = argument;
    size_t first, end;
    piece_of(job->count, task, &first, &end);
    for (size_t i = first; i < end; i++) {
        const float y = job->a[i], rest = 1 - y;
        job->to[i] = y > 0 ? job->b[i] * (rest * rest / job->alpha) : 0;
    }
}

void stria_cells_saturate_gradient(float alpha, const float *y, const float *dy, float *dx, size_t count,
                                   stria_pool *pool)
{
    run_flat(&(flat_job){.count = count, .alpha = alpha, .a = y, .b = dy, .to = dx}, saturate_gradient_task,
             pool);
}

static void root_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const flat_job *job = argument;
    size_t first, end;
    piece_of(job->count, task, &first, &end);
    for (size_t i = first; i < end; i++)
        job->to[i] = sqrtf(job->to[i]);
}

void stria_cells_root(float *x, size_t count, stria_pool *pool)
{
    run_flat(&(flat_job){.count = count, .to = x}, root_task, pool);
}

static void root_gradient_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const flat_job *job = argument;
    size_t first, end;
    piece_of(job->count, task, &first, &end);
    for (size_t i = first; i < end; i++)
        job->to[i] = job->a[i] > 0 ? job->to[i] / job->a[i] : 0;
}

void stria_cells_root_gradient(const float *v, float *dv, size_t rows, stria_pool *pool)
{
    run_flat(&(flat_job){.count = rows, .a = v, .to = dv}, root_gradient_task, pool);
}

/* ---- Row by row ---- */

typedef struct rows_job {
    const stria_cells_response *cells;
    size_t rows, columns, rows_each; /* each: of one task */
    const float *from, *also;
    float *to, *dv;
} rows_job;

static void rows_of(const rows_job *job, size_t task, size_t *first, size_t *end)
{
    *first = task * job->rows_each;
    *end = stria_size_min(*first + job->rows_each, job->rows);
}

static void run_rows(rows_job *job, stria_task_fn task, stria_pool *pool)
{
    job->rows_each = stria_size_max(PIECE / job->columns, 1);
    stria_pool_run(pool, stria_size_pieces(job->rows, job->rows_each), task, job);
}

static void power_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const rows_job *job = argument;
    size_t first, end;
    rows_of(job, task, &first, &end);
    for (size_t r = first; r < end; r++) {
        float sum = 0;
        for (size_t c = 0; c < job->columns; c++)
            sum += job->from[r * job->columns + c] * job->from[r * job->columns + c];
        job->to[r] = sum;
    }
}

void stria_cells_power(const float *x, size_t rows, size_t channels, float *y, stria_pool *pool)
{
    rows_job job = {.rows = rows, .columns = channels, .from = x, .to = y};
    run_rows(&job, power_task, pool);
}

static void power_gradient_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const rows_job *job = argument;
    size_t first, end;
    rows_of(job, task, &first, &end);
    for (size_t r = first; r < end; r++)
        for (size_t c = 0; c < job->columns; c++)
            job->to[r * job->columns + c] += job->from[r * job->columns + c] * job->also[r];
}

void stria_cells_power_gradient(const float *x, const float *dpower, size_t rows, size_t channels, float *dx,
                                stria_pool *pool)
{
    rows_job job = {.rows = rows, .columns = channels, .from = x, .also = dpower, .to = dx};
    run_rows(&job, power_gradient_task, pool);
}

/* ---- S-cells ---- */

typedef struct excite_job {
    const stria_window *window;
    size_t channels, planes, used;
    const float *x, *kernel;
    float *e;
} excite_job;

/* One task is one output. */
static void excite_task(void *argument, size_t place, size_t worker)
{
    (void)worker;
    const excite_job *job = argument;
    const stria_window *w = job->window;
    const size_t at[3] = {place / (w->out[1] * w->out[2]), place / w->out[2] % w->out[1], place % w->out[2]};
    size_t first[3], end[3];
    float *e = job->e + place * job->planes;
    memset(e, 0, job->planes * sizeof *e);
    for (int a = 0; a < 3; a++)
        seen_taps(w, a, at[a], &first[a], &end[a]);
    for (size_t d = first[0]; d < end[0]; d++)
        for (size_t h = first[1]; h < end[1]; h++)
            for (size_t v = first[2]; v < end[2]; v++) {
                const float *x = job->x + input_index(w, at, d, h, v) * job->channels;
                const float *kernel =
                    job->kernel + ((d * w->kernel[1] + h) * w->kernel[2] + v) * job->channels * job->planes;
                for (size_t c = 0; c < job->channels; c++, kernel += job->planes)
                    if (x[c] > 0 || x[c] < 0)
                        for (size_t k = 0; k < job->used; k++)
                            e[k] += x[c] * kernel[k];
            }
}

void stria_cells_excite(const stria_window *window, size_t channels, size_t planes, size_t used,
                        const float *x, const float *kernel, float *e, stria_pool *pool)
{
    excite_job job = {.window = window,
                      .channels = channels,
                      .planes = planes,
                      .used = used,
                      .x = x,
                      .kernel = kernel,
                      .e = e};
    stria_pool_run(pool, stria_size_volume(window->out), excite_task, &job);
}

static float inhibition_of(const stria_cells_response *cells, size_t plane)
{
    return cells->inhibition[plane] > 0 ? cells->inhibition[plane] : 0;
}

/* r/(1+r): what of the inhibition counts. */
static float share_of(const stria_cells_response *cells)
{
    return cells->selectivity / (1 + cells->selectivity);
}

static void respond_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const rows_job *job = argument;
    const stria_cells_response *cells = job->cells;
    size_t first, end;
    rows_of(job, task, &first, &end);
    for (size_t r = first; r < end; r++) {
        const float *e = job->from + r * job->columns;
        float *u = job->to + r * job->columns;
        const float inhibits = share_of(cells) * cells->v[r];
        for (size_t k = 0; k < job->columns; k++) {
            const float above = (1 + e[k]) / (1 + inhibits * inhibition_of(cells, k)) - 1;
            u[k] = above > 0 ? cells->selectivity * above : 0;
        }
    }
}

void stria_cells_respond(const stria_cells_response *cells, const float *e, float *u, stria_pool *pool)
{
    rows_job job = {.cells = cells, .rows = cells->rows, .columns = cells->planes, .from = e, .to = u};
    run_rows(&job, respond_task, pool);
}

/* With D = 1 + share*b*v and where u > 0, (1 + e)/D = u/r + 1, so
 *     du/de = r/D     du/db = -(u + r) * share*v / D     du/dv = -(u + r) * share*b / D */
static void inhibition_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const rows_job *job = argument;
    const stria_cells_response *cells = job->cells;
    const size_t first = task * PLANES, end = stria_size_min(first + PLANES, job->columns);
    double sums[PLANES] = {0};
    for (size_t r = 0; r < job->rows; r++) {
        const float inhibits = share_of(cells) * cells->v[r];
        for (size_t k = first; k < end; k++) {
            const float u = job->from[r * job->columns + k], du = job->also[r * job->columns + k];
            if (u > 0)
                sums[k - first] -= (double)(du * (u + cells->selectivity) * inhibits /
                                            (1 + inhibits * inhibition_of(cells, k)));
        }
    }
    for (size_t k = first; k < end; k++)
        job->to[k] = cells->inhibition[k] < 0 ? 0 : (float)sums[k - first];
}

static void respond_gradient_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const rows_job *job = argument;
    const stria_cells_response *cells = job->cells;
    size_t first, end;
    rows_of(job, task, &first, &end);
    for (size_t r = first; r < end; r++) {
        const float *u = job->from + r * job->columns, *du = job->also + r * job->columns;
        float *de = job->to + r * job->columns;
        const float share = share_of(cells), v = cells->v[r];
        float sum = 0;
        for (size_t k = 0; k < job->columns; k++) {
            const float b = share * inhibition_of(cells, k);
            const float g = u[k] > 0 ? du[k] / (1 + b * v) : 0;
            sum -= g * (u[k] + cells->selectivity) * b;
            de[k] = cells->selectivity * g;
        }
        if (job->dv != NULL)
            job->dv[r] = sum;
    }
}

void stria_cells_respond_gradient(const stria_cells_response *cells, const float *u, const float *du,
                                  float *de, float *db, float *dv, stria_pool *pool)
{
    rows_job job = {.cells = cells, .rows = cells->rows, .columns = cells->planes, .from = u, .also = du};
    if (db != NULL) {
        job.to = db;
        stria_pool_run(pool, stria_size_pieces(cells->planes, PLANES), inhibition_task, &job);
    }
    job.to = de;
    job.dv = dv;
    run_rows(&job, respond_gradient_task, pool);
}
