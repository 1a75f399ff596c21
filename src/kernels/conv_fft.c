/* Convolution by Fourier transforms: windows become products of spectra, so that its cost hardly depends on
 * the window's size. Pictures are cut into tiles that overlap by the window (overlap-save, Stockham, 1966); a
 * tile's spectrum is multiplied by the kernel's, conjugated since layers correlate, and of what comes back
 * the outputs that see no wrapping are stored.
 *
 * Spectra of real tiles are half redundant: two rows share one transform, as real and imaginary part, and
 * only the first half of the columns' frequencies is kept. At every frequency (a spot) the tiles and channels
 * form a matrix product with the kernel's spectrum, real and imaginary parts side by side, which is left to
 * the gather product's micro-kernel. Frequencies stay in the order in which the transforms leave them. */
#include <string.h>

#include "kernels/conv.h"

#define LANES STRIA_CONV_FFT_LANES

/* Along an axis no transform is longer, nor are there more points in a plane, nor floats in packed spectra.
 */
#define LONGEST     1024
#define MOST_POINTS (64 * 1024)
#define MOST_PACKED ((double)(32 * 1024 * 1024))
/* Floats of a worker's spectra, about, and tiles in them. */
#define BLOCK_FLOATS (1024 * 1024)
#define BLOCK_TILES  16

#define PI 3.14159265358979323846

/* ---- Sizes ---- */

static size_t extent_of(const stria_window *w, int axis)
{
    return (w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

/* Outputs of one tile along an axis. */
static size_t outputs_of(const stria_window *w, int axis, size_t size)
{
    return (size - extent_of(w, axis)) / w->stride[axis] + 1;
}

static double log_of(size_t power)
{
    double log = 0;
    for (; power > 1; power /= 2)
        log++;
    return log;
}

/* About the multiply-adds of a batch: products, transforms of tiles (whose lanes may be empty), transforms of
 * the kernel. */
static double cost_of(const stria_conv_shape *shape, size_t batch, const size_t size[2])
{
    const stria_window *w = &shape->window;
    double channels = (double)shape->channels, filters = (double)shape->filters,
           tiles = (double)(batch * w->out[0]);
    double points = (double)size[0] * (double)size[1], spots = (double)size[0] * (double)(size[1] / 2 + 1);
    double transform = 2 * points * (log_of(size[0]) + log_of(size[1]) + 4);
    double lanes = (double)(stria_conv_lines(shape->channels) + stria_conv_lines(shape->filters));
    for (int a = 0; a < 2; a++)
        tiles *= (double)stria_size_pieces(w->out[a + 1], outputs_of(w, a + 1, size[a]));
    return tiles * (4 * spots * channels * filters + transform * lanes) + transform * channels * filters;
}

/* The sizes of the transform that cost least; false when there are none. Those of the batch do not count, so
 * that packed kernels serve them all. */
static bool solve_sizes(const stria_conv_shape *shape, size_t size[2])
{
    double best = 0;
    size_t trial[2];
    bool found = false;
    double weights = 2 * (double)shape->channels * (double)stria_conv_lines(shape->filters);
    for (trial[0] = 1; trial[0] <= LONGEST; trial[0] *= 2) {
        for (trial[1] = 1; trial[1] <= LONGEST && trial[0] * trial[1] <= MOST_POINTS; trial[1] *= 2) {
            if (trial[0] < extent_of(&shape->window, 1) || trial[1] < extent_of(&shape->window, 2) ||
                weights * (double)(trial[0] * (trial[1] / 2 + 1)) > MOST_PACKED)
                continue;
            double cost = cost_of(shape, 1, trial);
            if (!found || cost < best) {
                best = cost;
                size[0] = trial[0];
                size[1] = trial[1];
                found = true;
            }
        }
    }
    return found;
}

bool stria_conv_fft_applies(const stria_conv_shape *shape)
{
    const stria_window *w = &shape->window;
    size_t size[2];
    return shape->groups == 1 && w->kernel[0] == 1 && w->stride[0] == 1 && w->before[0] == 0 &&
           w->in[0] == w->out[0] && w->kernel[1] * w->kernel[2] > 1 && solve_sizes(shape, size);
}

double stria_conv_fft_cost(const stria_conv_shape *shape, size_t batch)
{
    size_t size[2] = {1, 1};
    solve_sizes(shape, size);
    return cost_of(shape, batch, size);
}

typedef struct fft_plan {
    const stria_conv_isa *isa;
    const stria_window *window;
    size_t depth, width;
    size_t size[2];
    size_t half; /* frequencies kept of size[1] */
    size_t spots;
    size_t down, across; /* tiles of a picture */
    size_t outputs[2];   /* of a tile */
    size_t tiles;        /* of the batch */
    size_t block_tiles, blocks;
    const float *roots[2];  /* [size/2][2]: cosines and sines */
    const uint32_t *places; /* [size[1]] bits reversed */
    float *worker_scratch;
    size_t worker_floats;
    const stria_conv_call *call;
} fft_plan;

/* Floats of what all workers read. */
static size_t table_floats(const fft_plan *p)
{
    return stria_conv_lines(p->size[0]) + 2 * stria_conv_lines(p->size[1]);
}

/* A plane of one block of channels, and two of its rows. */
static size_t plane_floats(const fft_plan *p)
{
    return 2 * (p->spots + p->size[1]) * LANES;
}

static fft_plan plan_of(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch)
{
    fft_plan p = {.isa = isa,
                  .window = &shape->window,
                  .depth = shape->channels,
                  .width = shape->filters,
                  .size = {1, 1}};
    const size_t *out = shape->window.out;
    solve_sizes(shape, p.size);
    p.half = p.size[1] / 2 + 1;
    p.spots = p.size[0] * p.half;
    for (int a = 0; a < 2; a++)
        p.outputs[a] = outputs_of(p.window, a + 1, p.size[a]);
    p.down = stria_size_pieces(out[1], p.outputs[0]);
    p.across = stria_size_pieces(out[2], p.outputs[1]);
    p.tiles = batch * out[0] * p.down * p.across;
    size_t tile = 2 * p.spots * (p.depth + 2 * LANES), most = BLOCK_FLOATS / tile;
    most = most < 1 ? 1 : stria_size_min(most, BLOCK_TILES);
    p.block_tiles = stria_size_min(p.tiles, most);
    p.blocks = stria_size_pieces(p.tiles, p.block_tiles);
    p.worker_floats = stria_conv_lines(p.block_tiles * tile) + plane_floats(&p) + STRIA_TILE_MAX_FLOATS +
                      2 * stria_conv_pointers(2 * p.block_tiles);
    return p;
}

static void fill_tables(fft_plan *p, float *tables)
{
    for (int a = 0; a < 2; a++) {
        p->roots[a] = tables;
        for (size_t j = 0; j < p->size[a] / 2; j++) {
            double angle = -2 * PI * (double)j / (double)p->size[a];
            tables[2 * j] = (float)cos(angle);
            tables[2 * j + 1] = (float)sin(angle);
        }
        tables += stria_conv_lines(p->size[a]);
    }
    uint32_t *places = (uint32_t *)(void *)tables;
    p->places = places;
    places[0] = 0;
    for (size_t bit = p->size[1] / 2, count = 1; bit > 0; bit /= 2, count *= 2)
        for (size_t i = 0; i < count; i++)
            places[count + i] = places[i] + (uint32_t)bit;
}

/* ---- Transforms of planes ---- */

/* A worker's plane: the spectrum of one block of channels, [size[0], half, LANES], and room for two rows. */
typedef struct fft_plane {
    float *re, *im;
    float *row_re, *row_im; /* [size[1], LANES] */
} fft_plane;

static fft_plane plane_in(const fft_plan *p, float *at)
{
    size_t floats = p->spots * LANES;
    return (fft_plane){at, at + floats, at + 2 * floats, at + 2 * floats + p->size[1] * LANES};
}

/* The numbers of a plane that are not 0. */
typedef struct fft_numbers {
    const float *from;
    size_t first[2], step[2], count[2]; /* places in the plane */
    size_t pitch[2];                    /* floats between them in memory */
    size_t lanes;
} fft_numbers;

/* Row `row` to [size[1], LANES]; false when it is all 0. */
static bool load_row(const fft_plan *p, const fft_numbers *n, size_t row, float *to)
{
    memset(to, 0, p->size[1] * LANES * sizeof *to);
    if (row < n->first[0] || (row - n->first[0]) % n->step[0] != 0 ||
        (row - n->first[0]) / n->step[0] >= n->count[0])
        return false;
    const float *from = n->from + (row - n->first[0]) / n->step[0] * n->pitch[0];
    for (size_t j = 0; j < n->count[1]; j++)
        memcpy(to + (n->first[1] + j * n->step[1]) * LANES, from + j * n->pitch[1], n->lanes * sizeof *to);
    return true;
}

/* The spectra of two rows that were transformed as one: those of the real and of the imaginary part. */
static void part_rows(const fft_plan *p, const fft_plane *plane, size_t row)
{
    size_t line = p->half * LANES;
    float *ar = plane->re + row * line, *ai = plane->im + row * line;
    for (size_t f = 0; f < p->half; f++) {
        size_t here = p->places[f] * LANES, there = p->places[(p->size[1] - f) % p->size[1]] * LANES;
        const float *zr = plane->row_re, *zi = plane->row_im;
        for (size_t l = 0; l < LANES; l++) {
            float hr = zr[here + l], hi = zi[here + l], tr = zr[there + l], ti = zi[there + l];
            ar[f * LANES + l] = 0.5F * (hr + tr);
            ai[f * LANES + l] = 0.5F * (hi - ti);
            if (row + 1 < p->size[0]) {
                ar[line + f * LANES + l] = 0.5F * (hi + ti);
                ai[line + f * LANES + l] = 0.5F * (tr - hr);
            }
        }
    }
}

static void transform_plane(const fft_plan *p, const fft_numbers *n, const fft_plane *plane)
{
    for (size_t row = 0; row < p->size[0]; row += 2) {
        bool first = load_row(p, n, row, plane->row_re), second = load_row(p, n, row + 1, plane->row_im);
        if (first || second)
            p->isa->fft_forward(plane->row_re, plane->row_im, p->size[1], LANES, p->roots[1]);
        part_rows(p, plane, row);
    }
    for (size_t f = 0; f < p->half; f++)
        p->isa->fft_forward(plane->re + f * LANES, plane->im + f * LANES, p->size[0], p->half * LANES,
                            p->roots[0]);
}

/* Makes one of the spectra of rows a and b, so that backward gives a as its real, b as its imaginary part. */
static void join_rows(const fft_plan *p, const fft_plane *plane, size_t a, size_t b)
{
    const float *ar = plane->re + a * p->half * LANES, *ai = plane->im + a * p->half * LANES;
    const float *br = plane->re + b * p->half * LANES, *bi = plane->im + b * p->half * LANES;
    for (size_t f = 0; f < p->half; f++) {
        size_t here = p->places[f] * LANES, there = p->places[(p->size[1] - f) % p->size[1]] * LANES;
        for (size_t l = 0; l < LANES; l++) {
            size_t i = f * LANES + l;
            plane->row_re[there + l] = ar[i] + bi[i];
            plane->row_im[there + l] = br[i] - ai[i];
            plane->row_re[here + l] = ar[i] - bi[i];
            plane->row_im[here + l] = br[i] + ai[i];
        }
    }
}

/* ---- Packing: for every block of LANES filters the product's panels, [panels][spots, channels, panel], of
 * columns that are the real, then the imaginary parts ---- */

static size_t block_filters(const fft_plan *p, size_t first)
{
    return stria_size_min(p->width - first, LANES);
}

static size_t spectra_floats(const fft_plan *p)
{
    size_t last = (p->width - 1) / LANES * LANES;
    return p->spots * p->depth * (2 * last + stria_conv_padded(p->isa, 2 * (p->width - last)));
}

size_t stria_conv_fft_packed_size(const stria_conv_isa *isa, const stria_conv_shape *shape)
{
    fft_plan p = plan_of(isa, shape, 1);
    return spectra_floats(&p) + 16 + table_floats(&p) + plane_floats(&p);
}

static size_t panel_width_of(const fft_plan *p, size_t columns, size_t first)
{
    size_t narrow = p->isa->narrow_vectors * p->isa->lanes;
    return columns - first <= narrow ? narrow : p->isa->main_vectors * p->isa->lanes;
}

void stria_conv_fft_pack(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                         float *packed)
{
    fft_plan p = plan_of(isa, shape, 1);
    const stria_window *w = p.window;
    float *tables = packed + stria_conv_lines(spectra_floats(&p));
    fill_tables(&p, tables);
    fft_plane plane = plane_in(&p, tables + table_floats(&p));
    const float scale = 1 / ((float)p.size[0] * (float)p.size[1]);
    memset(packed, 0, spectra_floats(&p) * sizeof *packed);
    for (size_t first = 0; first < p.width; first += LANES) {
        size_t filters = block_filters(&p, first), columns = 2 * filters,
               main = isa->main_vectors * isa->lanes;
        for (size_t c = 0; c < p.depth; c++) {
            const fft_numbers numbers = {.from = kernel + c * p.width + first,
                                         .step = {w->dilation[1], w->dilation[2]},
                                         .count = {w->kernel[1], w->kernel[2]},
                                         .pitch = {w->kernel[2] * p.depth * p.width, p.depth * p.width},
                                         .lanes = filters};
            transform_plane(&p, &numbers, &plane);
            for (size_t column = 0; column < columns; column++) {
                size_t start = column / main * main, panel = panel_width_of(&p, columns, start);
                const float *from = column < filters ? plane.re + column : plane.im + column - filters;
                float *to = packed + p.spots * p.depth * (2 * first + start) + c * panel + column - start;
                for (size_t spot = 0; spot < p.spots; spot++)
                    to[spot * p.depth * panel] = scale * from[spot * LANES];
            }
        }
    }
}

/* ---- A block of tiles ---- */

typedef struct fft_memory {
    float *source;   /* [spots, 2 tiles, channels]: real parts of all tiles, then imaginary parts */
    float *products; /* [spots, 2 tiles, 2 LANES] */
    fft_plane plane;
    float *totals;
    const float **rows; /* [2 tiles] */
    float **out;
} fft_memory;

static fft_memory memory_of(const fft_plan *p, size_t worker)
{
    float *at = p->worker_scratch + worker * p->worker_floats;
    fft_memory m = {.source = at, .products = at + p->spots * 2 * p->block_tiles * p->depth};
    at += stria_conv_lines(p->block_tiles * 2 * p->spots * (p->depth + 2 * LANES));
    m.plane = plane_in(p, at);
    m.totals = at += plane_floats(p);
    m.rows = (const float **)(void *)(at += STRIA_TILE_MAX_FLOATS);
    m.out = (float **)(void *)(at + stria_conv_pointers(2 * p->block_tiles));
    return m;
}

/* Where a tile's first output lies. */
typedef struct fft_place {
    size_t picture, output[2];
} fft_place;

static fft_place place_of(const fft_plan *p, size_t tile)
{
    size_t in_picture = tile % (p->down * p->across);
    return (fft_place){tile / (p->down * p->across),
                       {in_picture / p->across * p->outputs[0], in_picture % p->across * p->outputs[1]}};
}

static void transform_tile(const fft_plan *p, const fft_memory *m, size_t tile, size_t t, size_t tiles)
{
    const stria_window *w = p->window;
    const fft_place at = place_of(p, tile);
    fft_numbers n = {.step = {1, 1}, .pitch = {w->in[2] * p->depth, p->depth}};
    size_t start[2];
    for (int a = 0; a < 2; a++) {
        size_t shifted = at.output[a] * w->stride[a + 1], before = w->before[a + 1];
        n.first[a] = shifted < before ? stria_size_min(before - shifted, p->size[a]) : 0;
        start[a] = shifted < before ? 0 : shifted - before;
        size_t real = start[a] < w->in[a + 1] ? w->in[a + 1] - start[a] : 0;
        n.count[a] = stria_size_min(real, p->size[a] - n.first[a]);
        start[a] = real == 0 ? 0 : start[a];
    }
    const float *picture = p->call->x + ((at.picture * w->in[1] + start[0]) * w->in[2] + start[1]) * p->depth;
    for (size_t c = 0; c < p->depth; c += LANES) {
        n.from = picture + c;
        n.lanes = stria_size_min(p->depth - c, LANES);
        transform_plane(p, &n, &m->plane);
        for (size_t spot = 0; spot < p->spots; spot++) {
            float *to = m->source + (spot * 2 * tiles + t) * p->depth + c;
            memcpy(to, m->plane.re + spot * LANES, n.lanes * sizeof *to);
            memcpy(to + tiles * p->depth, m->plane.im + spot * LANES, n.lanes * sizeof *to);
        }
    }
}

/* products[spot][row][column] = sum over c of source[spot][row][c] * spectra[spot][c][column]. */
static void multiply(const fft_plan *p, const fft_memory *m, size_t tiles, size_t first)
{
    const stria_conv_isa *isa = p->isa;
    size_t columns = 2 * block_filters(p, first), main = isa->main_vectors * isa->lanes, rows = 2 * tiles;
    for (size_t r = 0; r < rows; r++) {
        m->rows[r] = m->source + r * p->depth;
        m->out[r] = m->products + r * 2 * LANES;
    }
    for (size_t from = 0; from < columns; from += main) {
        size_t width = panel_width_of(p, columns, from);
        bool narrow = columns - from <= isa->narrow_vectors * isa->lanes;
        const stria_gather_fn *kernels = narrow ? isa->gather_narrow : isa->gather_main;
        size_t parts = stria_size_pieces(rows, narrow ? isa->narrow_rows : isa->main_rows);
        stria_gather_panel panel = {.taps = 1,
                                    .run = p->depth,
                                    .width = stria_size_min(columns - from, main),
                                    .block = p->depth > STRIA_CHAIN_LIMIT ? STRIA_CHAIN_BLOCK : SIZE_MAX,
                                    .totals = m->totals};
        const float *weights = p->call->packed + p->spots * p->depth * (2 * first + from);
        for (size_t spot = 0; spot < p->spots; spot++) {
            const ptrdiff_t offset = (ptrdiff_t)(spot * rows * p->depth);
            panel.weights = weights + spot * p->depth * width;
            for (size_t part = 0; part < parts; part++) {
                size_t begin = part * rows / parts, end = (part + 1) * rows / parts;
                stria_gather_tile tile = {.rows = m->rows + begin,
                                          .offsets = &offset,
                                          .out = m->out + begin,
                                          .out_offset = spot * rows * 2 * LANES + from};
                kernels[end - begin - 1](&panel, &tile);
            }
        }
    }
}

/* Outputs of one row of a tile, from [size[1], LANES]. */
static void store_row(const fft_plan *p, const float *from, size_t output, size_t columns, size_t filters)
{
    const stria_conv_call *call = p->call;
    size_t first = output % p->width;
    for (size_t j = 0; j < columns; j++) {
        float *y = call->y + output + j * p->width;
        const float *sums = from + j * p->window->stride[2] * LANES;
        for (size_t k = 0; k < filters; k++) {
            float sum = sums[k] + (call->bias != NULL ? call->bias[first + k] : 0);
            y[k] = call->residual != NULL ? sum + call->residual[output + j * p->width + k] : sum;
        }
    }
}

/* Rows and columns of a tile's outputs that the picture has, and the first of them in memory. */
static size_t tile_outputs(const fft_plan *p, size_t tile, size_t count[2])
{
    const size_t *out = p->window->out;
    const fft_place at = place_of(p, tile);
    for (int a = 0; a < 2; a++)
        count[a] = stria_size_min(out[a + 1] - at.output[a], p->outputs[a]);
    return ((at.picture * out[1] + at.output[0]) * out[2] + at.output[1]) * p->width;
}

static void activate_tile(const fft_plan *p, size_t tile)
{
    size_t count[2], first = tile_outputs(p, tile, count);
    for (size_t i = 0; i < count[0]; i++)
        p->isa->activate(p->call->activation, p->call->y + first + i * p->window->out[2] * p->width,
                         count[1] * p->width);
}

/* A tile's outputs of filters first ... from its products. */
static void finish_tile(const fft_plan *p, const fft_memory *m, size_t tile, size_t t, size_t tiles,
                        size_t first)
{
    const stria_window *w = p->window;
    const fft_plane *plane = &m->plane;
    size_t filters = block_filters(p, first), rows = 2 * tiles;
    for (size_t spot = 0; spot < p->spots; spot++) {
        const float *real = m->products + (spot * rows + t) * 2 * LANES,
                    *imaginary = real + tiles * 2 * LANES;
        for (size_t k = 0; k < filters; k++) {
            plane->re[spot * LANES + k] = real[k] + imaginary[filters + k];
            plane->im[spot * LANES + k] = imaginary[k] - real[filters + k];
        }
        for (size_t k = filters; k < LANES; k++)
            plane->re[spot * LANES + k] = plane->im[spot * LANES + k] = 0;
    }
    for (size_t f = 0; f < p->half; f++)
        p->isa->fft_backward(plane->re + f * LANES, plane->im + f * LANES, p->size[0], p->half * LANES,
                             p->roots[0]);
    size_t count[2], output = tile_outputs(p, tile, count) + first, pitch = w->out[2] * p->width;
    for (size_t i = 0; i < count[0]; i += 2, output += 2 * pitch) {
        const bool both = i + 1 < count[0];
        join_rows(p, plane, i * w->stride[1], (both ? i + 1 : i) * w->stride[1]);
        p->isa->fft_backward(plane->row_re, plane->row_im, p->size[1], LANES, p->roots[1]);
        store_row(p, plane->row_re, output, count[1], filters);
        if (both)
            store_row(p, plane->row_im, output + pitch, count[1], filters);
    }
}

static void block_task(void *context, size_t task, size_t worker)
{
    const fft_plan *p = context;
    const fft_memory m = memory_of(p, worker);
    size_t begin = task * p->tiles / p->blocks, tiles = (task + 1) * p->tiles / p->blocks - begin;
    for (size_t t = 0; t < tiles; t++)
        transform_tile(p, &m, begin + t, t, tiles);
    for (size_t first = 0; first < p->width; first += LANES) {
        multiply(p, &m, tiles, first);
        for (size_t t = 0; t < tiles; t++)
            finish_tile(p, &m, begin + t, t, tiles, first);
    }
    for (size_t t = 0; t < tiles && p->call->activation.kind != STRIA_LINEAR; t++)
        activate_tile(p, begin + t);
}

/* ---- The entries ---- */

size_t stria_conv_fft_scratch(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                              size_t workers)
{
    fft_plan p = plan_of(isa, shape, batch);
    return table_floats(&p) + workers * p.worker_floats;
}

void stria_conv_fft_run(const stria_conv_isa *isa, const stria_conv_call *call)
{
    fft_plan p = plan_of(isa, call->shape, call->batch);
    p.call = call;
    fill_tables(&p, call->scratch);
    p.worker_scratch = call->scratch + table_floats(&p);
    stria_pool *pool = stria_conv_pool(call->pool, (size_t)stria_conv_fft_cost(call->shape, call->batch));
    stria_pool_run(pool, p.blocks, block_task, &p);
}
