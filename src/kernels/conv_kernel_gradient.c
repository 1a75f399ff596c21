/* The gradient of a convolution's kernel: for every tap the product of the inputs seen through it with dy,
 * summed over all output pixels. Pixels go in chunks of STRIA_CHAIN_BLOCK, each a chain of its own; chunks
 * are added in order. Per tap a list of segments names the neighbouring pixels that see real inputs, so
 * padding costs nothing.
 *
 * A large kernel is cut into units (tile of inputs, panel of filters, tap), dealt to the workers; the order
 * of the sums does not depend on who has which. A small one has too few units: there the chunks are dealt
 * into a fixed number of parts with sums of their own, added in order at the end. */
#include "kernels/conv_depthwise.h"

#define SMALL_KERNEL 8192
#define PARTS        16
/* Units that make a copy of their panel of dy worth its time: in a row, without the gaps that fall on few
 * lines of the cache when the number of filters is a power of 2. The last chunks of a panel with fewer
 * filters than it has lanes are always copied: nothing may be read past the end of dy. */
#define COPY_UNITS 4
#define LINE_BYTES 64 /* of a cache line */
/* From so many floats on dy is not read once more for the bias: a chunk is summed while it is near. */
#define FAR_FLOATS (512 * 1024)

typedef struct gradient_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const float *x, *dy;
    float *dkernel;
    float *dbias, *chunk_bias; /* [filters], of the chunks so far and of one; NULL: dbias is found apart */
    size_t pixels, chunks;
    size_t kernel; /* floats */
    size_t parts, units, tasks;
    bool clipped; /* windows see padding: every tap has its own segments */
    bool copies;  /* workers have room for a copy of a panel of dy */
    size_t list;  /* most segments of a chunk and tap */
    float *part_sums;
    float *worker_scratch;
    size_t worker_floats;
} gradient_job;

/* The segments of one chunk: one list per tap when clipped, else one for all. */
typedef struct chunk_segments {
    stria_segment *segments; /* [lists, list] */
    size_t *counts;          /* [lists] */
    size_t first, pixels;    /* of the chunk */
    size_t every;            /* pixels from one of a segment to the next */
    float *panel;            /* [pixels, width of a panel]: room for a copy of dy */
} chunk_segments;

static size_t floats_of(size_t bytes)
{
    return stria_conv_lines((bytes + sizeof(float) - 1) / sizeof(float));
}

/* ---- Segments ---- */

/* Tap `t` along each axis; a run has all taps of a row. */
static void tap_at(const stria_conv_method *m, size_t t, size_t tap[3])
{
    size_t columns = m->runs ? 1 : m->window.kernel[2];
    tap[0] = t / columns / m->window.kernel[1];
    tap[1] = t / columns % m->window.kernel[1];
    tap[2] = t % columns;
}

/* From what the first tap sees to what tap `t` sees. */
static ptrdiff_t tap_offset(const stria_conv_method *m, size_t t)
{
    const size_t *dilation = m->window.dilation;
    size_t tap[3];
    tap_at(m, t, tap);
    return (ptrdiff_t)(((tap[0] * dilation[0] * m->size[1] + tap[1] * dilation[1]) * m->size[2] +
                        tap[2] * dilation[2]) *
                       m->channels);
}

/* Whether output `o` sees a real input through tap `t` of an axis, and which. */
static bool input_at(const stria_window *w, int axis, size_t o, size_t t, size_t *input)
{
    size_t shifted = o * w->stride[axis] + t * w->dilation[axis];
    *input = shifted - w->before[axis];
    return shifted >= w->before[axis] && *input < w->in[axis];
}

/* Outputs from..to-1 of the last axis see real inputs through tap `t`. */
static void real_columns(const stria_window *w, size_t t, size_t *from, size_t *to)
{
    size_t back = t * w->dilation[2], stride = w->stride[2];
    *from = w->before[2] > back ? (w->before[2] - back + stride - 1) / stride : 0;
    size_t end = w->in[2] + w->before[2]; /* of the shifted inputs */
    *to = end > back ? stria_size_min((end - back - 1) / stride + 1, w->out[2]) : 0;
}

/* Lists the pixels first..end-1 that see real inputs through tap `t`, row by row. Returns the number of
 * segments. */
static size_t list_segments(const gradient_job *job, size_t first, size_t end, size_t t,
                            stria_segment *segments)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t tap[3], from = 0, to = w->out[2], count = 0;
    stria_window inner = *w; /* the padding is part of the picture when it is bordered */
    for (int a = 0; a < 3 && m->bordered; a++) {
        inner.before[a] = 0;
        inner.in[a] = m->size[a];
    }
    tap_at(m, t, tap);
    if (job->clipped)
        real_columns(w, tap[2], &from, &to);
    size_t row = first / w->out[2], column = first % w->out[2];
    size_t o[2] = {row / w->out[1] % w->out[0], row % w->out[1]}, n = row / w->out[1] / w->out[0];
    for (size_t pixel = first; pixel < end;) {
        size_t length = stria_size_min(w->out[2] - column, end - pixel), depth, height, width;
        size_t begin = column > from ? column : from, stop = stria_size_min(column + length, to);
        if (input_at(&inner, 0, o[0], tap[0], &depth) && input_at(&inner, 1, o[1], tap[1], &height) &&
            begin < stop && input_at(&inner, 2, begin, tap[2], &width)) {
            size_t line = (n * m->size[0] + depth) * m->size[1] + height;
            segments[count++] = (stria_segment){.x = job->x + (line * m->size[2] + width) * m->channels,
                                                .pixel = pixel + begin - column - first,
                                                .count = stop - begin};
        }
        pixel += length;
        column = 0;
        if (++o[1] == w->out[1]) {
            o[1] = 0;
            if (++o[0] == w->out[0])
                o[0] = 0, n++;
        }
    }
    return count;
}

static void list_chunk(const gradient_job *job, size_t chunk, chunk_segments *lists)
{
    size_t first = chunk * STRIA_CHAIN_BLOCK, end = stria_size_min(first + STRIA_CHAIN_BLOCK, job->pixels);
    lists->first = first;
    lists->pixels = end - first;
    for (size_t t = 0; t < (job->clipped ? job->method->taps : 1); t++)
        lists->counts[t] = list_segments(job, first, end, t, lists->segments + t * job->list);
}

/* ---- Outer products ---- */

/* The part of the next chunk's dy and x that a tile asks for: the shares of all of a chunk's tiles make up
 * the chunk, so that memory is read at an even pace beside the sums. Tiles are numbered first to end - 1. */
static void ask_ahead(const gradient_job *job, const chunk_segments *lists, size_t number, size_t count,
                      stria_outer_tile *tile)
{
    const stria_conv_method *m = job->method;
    const size_t *stride = m->window.stride;
    size_t end = lists->first + lists->pixels, next = stria_size_min(job->pixels - end, STRIA_CHAIN_BLOCK);
    size_t dy_bytes = next * m->filters * sizeof(float);
    size_t x_bytes = next * stride[0] * stride[1] * stride[2] * m->channels * sizeof(float);
    size_t share = (dy_bytes + x_bytes) / count, start = number * share;
    const float *from = job->dy + end * m->filters;
    if (start >= dy_bytes) {
        const stria_segment *last = lists->segments + lists->counts[0];
        from = lists->counts[0] > 0 ? last[-1].x : job->x;
        start -= dy_bytes;
    }
    tile->ahead = (const char *)from + start;
    tile->ahead_step = stria_size_min(share / lists->pixels, LINE_BYTES);
}

/* Adds a chunk's products to out (or stores them) for the units first..end-1, counted over groups, panels,
 * tiles of inputs and taps. */
static void add_units(const gradient_job *job, const chunk_segments *lists, size_t first, size_t end,
                      float *out, bool add)
{
    const stria_conv_isa *isa = job->isa;
    const stria_conv_method *m = job->method;
    size_t main_width = isa->main_vectors * isa->lanes, narrow_width = isa->narrow_vectors * isa->lanes,
           unit = 0;
    stria_outer_tile tile = {.x_step = m->window.stride[2] * m->channels,
                             .every = lists->every,
                             .out_step = m->filters,
                             .add = add};
    for (size_t group = 0; group < m->groups; group++) {
        for (size_t k = 0; k < m->width; k += main_width) {
            bool narrow = m->width - k <= narrow_width;
            size_t most = narrow ? isa->narrow_rows : isa->main_rows, tiles = (m->run + most - 1) / most;
            const stria_outer_fn *kernels = narrow ? isa->outer_narrow : isa->outer_main;
            tile.width = stria_size_min(m->width - k, main_width);
            if (unit + tiles * m->taps <= first || unit >= end) {
                unit += tiles * m->taps;
                continue;
            }
            tile.dy = job->dy + lists->first * m->filters + group * m->width + k;
            tile.dy_step = m->filters;
            size_t panel = narrow ? narrow_width : main_width;
            size_t behind = (job->pixels - lists->first - lists->pixels) * m->filters;
            bool past_end = tile.width < panel && behind < panel;
            if (past_end || (job->copies && tiles * m->taps >= COPY_UNITS)) {
                tile.dy_step = panel;
                isa->pack_rows(tile.dy, m->filters, lists->pixels, tile.width, lists->panel, tile.dy_step);
                tile.dy = lists->panel;
            }
            for (size_t c = 0; c < tiles; c++) {
                size_t row = c * m->run / tiles, rows = (c + 1) * m->run / tiles - row;
                for (size_t t = 0; t < m->taps; t++, unit++) {
                    if (unit < first || unit >= end)
                        continue;
                    size_t list = job->clipped ? t : 0;
                    tile.segments = lists->segments + list * job->list;
                    tile.segment_count = lists->counts[list];
                    tile.x_offset =
                        (ptrdiff_t)(group * m->depth + row) + (job->clipped ? 0 : tap_offset(m, t));
                    tile.out = out + (t * m->run + row) * m->filters + group * m->width + k;
                    ask_ahead(job, lists, unit - first, end - first, &tile);
                    kernels[rows - 1](&tile);
                }
            }
        }
    }
}

static size_t units_of(const stria_conv_isa *isa, const stria_conv_method *m)
{
    size_t main_width = isa->main_vectors * isa->lanes, narrow_width = isa->narrow_vectors * isa->lanes,
           units = 0;
    for (size_t k = 0; k < m->width; k += main_width) {
        size_t most = m->width - k <= narrow_width ? isa->narrow_rows : isa->main_rows;
        units += m->groups * m->taps * ((m->run + most - 1) / most);
    }
    return units;
}

/* ---- Pairs: even and odd pixels of a segment in chains of their own ---- */

#define PAIR_MAX_OFFSETS 8

/* The rows of taps in equal blocks that the micro-kernel has; 0 when it has none for this run. */
static size_t pair_block(const stria_conv_isa *isa, const stria_conv_method *m)
{
    if (isa->pair_outer == NULL)
        return 0;
    size_t most = 0;
    while (most < PAIR_MAX_OFFSETS && isa->pair_outer(most + 1, m->run) != NULL)
        most++;
    return most;
}

static void add_pairs(const gradient_job *job, const chunk_segments *lists, size_t most, float *out, bool add)
{
    const stria_conv_method *m = job->method;
    size_t blocks = (m->taps + most - 1) / most;
    for (size_t b = 0; b < blocks; b++) {
        size_t first = b * m->taps / blocks, rows = (b + 1) * m->taps / blocks - first;
        ptrdiff_t offsets[PAIR_MAX_OFFSETS];
        for (size_t r = 0; r < rows; r++)
            offsets[r] = tap_offset(m, first + r);
        stria_pair_outer_tile tile = {.segments = lists->segments,
                                      .segment_count = lists->counts[0],
                                      .dy = job->dy + lists->first * m->filters,
                                      .offsets = offsets,
                                      .pair_step = 2,
                                      .filters = m->filters,
                                      .out = out + first * m->run * m->filters,
                                      .add = add};
        job->isa->pair_outer(rows, m->run)(&tile);
    }
}

/* The same sums in the same order by outer products, for instruction sets without the micro-kernel: the even
 * pixels, the odd ones, then both. */
static void add_parities(const gradient_job *job, const chunk_segments *lists, float *sums, float *out,
                         bool add)
{
    size_t count;
    chunk_segments parity = *lists;
    parity.segments += job->list;
    parity.counts = &count;
    parity.every = 2;
    for (size_t odd = 0; odd < 2; odd++) {
        count = 0;
        for (size_t s = 0; s < lists->counts[0]; s++) {
            const stria_segment *whole = &lists->segments[s];
            if (whole->count > odd)
                parity.segments[count++] =
                    (stria_segment){whole->x + odd, whole->pixel + odd, (whole->count + 1 - odd) / 2};
        }
        add_units(job, &parity, 0, job->units, sums, odd == 1);
    }
    for (size_t i = 0; i < job->kernel; i++)
        out[i] = add ? out[i] + sums[i] : sums[i];
}

/* ---- Tasks ---- */

/* A worker's scratch: the lists, their counts, a panel of dy, the sums of add_parities. */
static size_t lists_of(const gradient_job *job)
{
    return job->clipped ? job->method->taps : job->method->pairs ? 2 : 1;
}

static chunk_segments lists_in(const gradient_job *job, float *scratch)
{
    size_t segments = floats_of(lists_of(job) * job->list * sizeof(stria_segment));
    return (chunk_segments){.segments = (stria_segment *)(void *)scratch,
                            .counts = (size_t *)(void *)(scratch + segments),
                            .every = 1,
                            .panel = scratch + segments + floats_of(lists_of(job) * sizeof(size_t))};
}

static size_t panel_floats(const gradient_job *job)
{
    size_t main_width = job->isa->main_vectors * job->isa->lanes, width = job->method->width;
    bool whole = width % main_width == 0 || width == job->isa->narrow_vectors * job->isa->lanes;
    return job->copies || !whole ? STRIA_CHAIN_BLOCK * main_width : 0;
}

static size_t worker_floats_of(const gradient_job *job)
{
    size_t lists = lists_of(job);
    return floats_of(lists * job->list * sizeof(stria_segment)) + floats_of(lists * sizeof(size_t)) +
           panel_floats(job) + (job->method->pairs ? stria_conv_lines(job->kernel) : 0);
}

/* One task of a small kernel: a part of the chunks. The first part sums where the result is wanted. */
static void run_part(void *context, size_t part, size_t worker)
{
    const gradient_job *job = context;
    float *scratch = job->worker_scratch + worker * job->worker_floats;
    float *sums = scratch + job->worker_floats - stria_conv_lines(job->kernel);
    float *out = part == 0 ? job->dkernel : job->part_sums + (part - 1) * stria_conv_lines(job->kernel);
    chunk_segments lists = lists_in(job, scratch);
    size_t first = part * job->chunks / job->parts, end = (part + 1) * job->chunks / job->parts;
    size_t pair_rows = job->method->pairs ? pair_block(job->isa, job->method) : 0;
    for (size_t chunk = first; chunk < end; chunk++) {
        list_chunk(job, chunk, &lists);
        if (pair_rows > 0)
            add_pairs(job, &lists, pair_rows, out, chunk > first);
        else if (job->method->pairs)
            add_parities(job, &lists, sums, out, chunk > first);
        else
            add_units(job, &lists, 0, job->units, out, chunk > first);
    }
}

/* Adds a chunk's dy to the gradient of the bias. */
static void add_bias(const gradient_job *job, const chunk_segments *lists, bool add)
{
    size_t filters = job->method->filters;
    const float *dy = job->dy + lists->first * filters;
    job->isa->column_sums(dy, lists->pixels, filters, add ? job->chunk_bias : job->dbias, NULL);
    for (size_t k = 0; k < filters && add; k++)
        job->dbias[k] += job->chunk_bias[k];
}

/* One task of a large kernel: some of its units. The first one has the bias. */
static void run_units(void *context, size_t task, size_t worker)
{
    const gradient_job *job = context;
    chunk_segments lists = lists_in(job, job->worker_scratch + worker * job->worker_floats);
    size_t first = task * job->units / job->tasks, end = (task + 1) * job->units / job->tasks;
    for (size_t chunk = 0; chunk < job->chunks; chunk++) {
        list_chunk(job, chunk, &lists);
        add_units(job, &lists, first, end, job->dkernel, chunk > 0);
        if (task == 0 && job->chunk_bias != NULL)
            add_bias(job, &lists, chunk > 0);
    }
}

static gradient_job job_of(const stria_conv_isa *isa, const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    gradient_job job = {.isa = isa, .method = m, .pixels = stria_conv_pixels(m), .parts = 1};
    job.chunks = (job.pixels + STRIA_CHAIN_BLOCK - 1) / STRIA_CHAIN_BLOCK;
    job.kernel = m->taps * m->run * m->filters;
    if (job.kernel <= SMALL_KERNEL)
        job.parts = stria_size_min(job.chunks, PARTS);
    job.units = units_of(isa, m);
    job.copies = m->filters > isa->main_vectors * isa->lanes;
    for (int a = 0; a < 3 && !m->bordered; a++) {
        size_t seen = (w->out[a] - 1) * w->stride[a] + (w->kernel[a] - 1) * w->dilation[a] + 1;
        job.clipped = job.clipped || w->before[a] > 0 || seen > w->in[a];
    }
    /* Rows that a chunk can touch; for a single row the same whatever its length. */
    size_t row = stria_size_min(w->out[2], STRIA_CHAIN_BLOCK);
    job.list = stria_size_min(job.pixels, STRIA_CHAIN_BLOCK) / row + 2;
    job.worker_floats = worker_floats_of(&job);
    return job;
}

size_t stria_conv_kernel_gradient_scratch(const stria_conv_isa *isa, const stria_conv_method *m,
                                          size_t workers)
{
    if (m->depthwise)
        return stria_depthwise_kernel_gradient_scratch(m, workers);
    gradient_job job = job_of(isa, m);
    return (job.parts - 1) * stria_conv_lines(job.kernel) + workers * job.worker_floats +
           stria_conv_lines(m->filters);
}

void stria_conv_kernel_gradient(const stria_conv_isa *isa, const stria_conv_call *call)
{
    stria_conv_method m;
    stria_conv_choose(isa, call->shape, call->batch, &m);
    if (m.depthwise) {
        stria_depthwise_kernel_gradient(isa, &m, call);
        return;
    }
    gradient_job job = job_of(isa, &m);
    float *scratch = call->scratch;
    job.x = m.bordered ? call->kept : call->x;
    if (job.x == NULL) {
        stria_conv_border(&m, call->x, scratch, call->pool);
        job.x = scratch;
        scratch += stria_conv_bordered_size(&m);
    }
    job.dy = call->dy;
    job.dkernel = call->dkernel;
    job.part_sums = scratch;
    job.worker_scratch = scratch + (job.parts - 1) * stria_conv_lines(job.kernel);
    size_t work = stria_conv_work(&m);
    if (job.kernel <= SMALL_KERNEL) {
        stria_pool_run(stria_conv_pool(call->pool, work), job.parts, run_part, &job);
        for (size_t part = 1; part < job.parts; part++) {
            const float *sums = job.part_sums + (part - 1) * stria_conv_lines(job.kernel);
            for (size_t i = 0; i < job.kernel; i++)
                job.dkernel[i] += sums[i];
        }
    } else {
        size_t workers = stria_pool_workers(call->pool), most = work / STRIA_CONV_TASK_WORK + 1;
        job.tasks = workers == 1 ? 1 : stria_size_min(stria_size_min(4 * workers, most), job.units);
        if (call->dbias != NULL && job.pixels * m.filters > FAR_FLOATS) {
            job.dbias = call->dbias;
            job.chunk_bias = job.worker_scratch + workers * job.worker_floats;
        }
        stria_pool_run(call->pool, job.tasks, run_units, &job);
    }
    if (call->dbias != NULL && job.chunk_bias == NULL)
        isa->column_sums(call->dy, job.pixels, m.filters, call->dbias, call->pool);
}
