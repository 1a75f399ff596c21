/* The gather product over a grid of output pixels: cuts the pixels of the whole batch into equal tiles, finds
 * for each tile where its pixels read and write, and runs the micro-kernel over panels of filters.
 *
 * Tiles run across rows and pictures. One whose windows lie inside the picture needs a pointer per pixel, and
 * the taps are offsets from it; one at the border gets a table of pointers, padding pointing to a row of
 * zeros. Tiles go in blocks: their pointers stay in the first cache while a panel of weights, read from the
 * second, serves them all. */
#include <string.h>

#include "kernels/conv.h"

/* Tiles of a block: few, so that their pointers stay in the first cache; more where the weights of a group
 * are too large for the second one and would be fetched anew for every block, as long as the block's inputs
 * stay there. */
#define BLOCK_TILES        8
#define BLOCK_MAX_TABLE    256 /* taps times tiles of a block */
#define BLOCK_MOST_TILES   64
#define LARGE_WEIGHTS      (1024 * 1024) /* floats */
#define BLOCK_INPUT_FLOATS (128 * 1024)
/* Tensors from this size on come from far away and are asked for ahead. */
#define FAR_FLOATS (512 * 1024)
/* What the tasks of one product share. */
typedef struct gather_job {
    const stria_conv_isa *isa;
    const stria_gather *gather;
    size_t pixels, taps, tiles, block_tiles, blocks;
    size_t inside_from[3], inside_to[3]; /* outputs of an axis that see no padding */
    size_t tile_rows;                    /* most rows of a tile */
    size_t main_width, padded, panels;   /* of a group */
    size_t panel_groups;                 /* parts that the panels are dealt into */
    bool fetches;                        /* tiles ask for the next one's memory */
    bool after;                          /* the activation follows on the block just stored */
    bool contiguous;                     /* pixels of the output follow each other */
    const float *zeros;
    const ptrdiff_t *offsets, *no_offsets; /* [taps] */
    float *worker_scratch;
    size_t worker_floats;
} gather_job;

/* One block of tiles, in a worker's scratch. */
typedef struct gather_block {
    size_t first_tile, tiles, first_pixel, pixels;
    float *totals;
    const float **rows; /* [tiles, taps, tile_rows]; a tile inside the picture uses the first tile_rows */
    float **out;        /* [tiles, tile_rows] */
    bool inside[BLOCK_MOST_TILES];
} gather_block;

static size_t taps_of(const stria_gather *g)
{
    return g->axes[0].taps * g->axes[1].taps * g->axes[2].taps;
}

static size_t tile_rows_of(const stria_conv_isa *isa, const stria_gather *g)
{
    return g->width <= isa->narrow_vectors * isa->lanes ? isa->narrow_rows : isa->main_rows;
}

static size_t block_tiles_of(const stria_conv_isa *isa, const stria_gather *g)
{
    size_t taps = taps_of(g),
           pixels = g->axes[0].step * g->axes[1].step * g->axes[2].step; /* new ones per output */
    size_t tiles = BLOCK_MAX_TABLE / taps;
    tiles = tiles < 1 ? 1 : stria_size_min(tiles, BLOCK_TILES);
    if (taps * g->run * g->width <= LARGE_WEIGHTS)
        return tiles;
    size_t more = BLOCK_INPUT_FLOATS / (tile_rows_of(isa, g) * pixels * g->depth);
    return more < tiles ? tiles : stria_size_min(more, BLOCK_MOST_TILES);
}

static size_t worker_floats_of(const stria_conv_isa *isa, const stria_gather *g)
{
    size_t tiles = block_tiles_of(isa, g), rows = tile_rows_of(isa, g);
    return STRIA_TILE_MAX_FLOATS + stria_conv_pointers(tiles * taps_of(g) * rows) +
           stria_conv_pointers(tiles * rows);
}

static size_t shared_floats_of(const stria_gather *g)
{
    return stria_conv_lines(g->run) + 2 * stria_conv_pointers(taps_of(g));
}

size_t stria_gather_scratch(const stria_conv_isa *isa, const stria_gather *gather, size_t workers)
{
    return shared_floats_of(gather) + workers * worker_floats_of(isa, gather);
}

/* ---- Tiles ---- */

static size_t first_pixel_of(const gather_job *job, size_t tile)
{
    return tile * (job->pixels / job->tiles) + stria_size_min(tile, job->pixels % job->tiles);
}

void stria_gather_inside(const stria_gather_axis *axis, size_t *from, size_t *to)
{
    ptrdiff_t reach = (ptrdiff_t)(axis->taps - 1) * axis->tap_step, step = (ptrdiff_t)axis->step;
    ptrdiff_t lowest = axis->first + (reach < 0 ? reach : 0), highest = axis->first + (reach > 0 ? reach : 0);
    ptrdiff_t room = (ptrdiff_t)axis->in - 1 - highest;
    *from = lowest >= 0 ? 0 : (size_t)((-lowest + step - 1) / step);
    *to = room < 0 ? 0 : stria_size_min((size_t)(room / step) + 1, axis->count);
}

/* An output pixel of the batch. */
typedef struct pixel {
    size_t n, o[3];
} pixel;

static pixel pixel_at(const stria_gather *g, size_t index)
{
    const stria_gather_axis *a = g->axes;
    size_t row = index / a[2].count, plane = row / a[1].count;
    return (pixel){plane / a[0].count, {plane % a[0].count, row % a[1].count, index % a[2].count}};
}

static void next_row(const stria_gather *g, pixel *p)
{
    p->o[2] = 0;
    if (++p->o[1] == g->axes[1].count) {
        p->o[1] = 0;
        if (++p->o[0] == g->axes[0].count)
            p->o[0] = 0, p->n++;
    }
}

/* What output `o` of an axis sees through its first tap, in floats from input 0; may lie outside. */
static ptrdiff_t corner_of(const stria_gather_axis *axis, size_t o)
{
    return ((ptrdiff_t)(o * axis->step) + axis->first) * (ptrdiff_t)axis->in_pitch;
}

static bool is_inside(const gather_job *job, int axis, size_t first, size_t count)
{
    return first >= job->inside_from[axis] && first + count <= job->inside_to[axis];
}

/* The tile's outputs, and its inputs as long as it lies inside the picture; returns whether all of it does.
 */
static bool place_inside(const gather_job *job, size_t first, size_t count, size_t group, const float **rows,
                         float **out)
{
    const stria_gather *g = job->gather;
    const stria_gather_axis *a = g->axes;
    const size_t in_step = a[2].step * a[2].in_pitch, out_step = a[2].out_pitch;
    pixel p = pixel_at(g, first);
    bool inside = true;
    for (size_t i = 0; i < count;) {
        size_t length = stria_size_min(count - i, a[2].count - p.o[2]);
        float *to = g->out + group * g->width + p.n * g->out_picture + p.o[0] * a[0].out_pitch +
                    p.o[1] * a[1].out_pitch + p.o[2] * out_step;
        inside = inside && is_inside(job, 0, p.o[0], 1) && is_inside(job, 1, p.o[1], 1) &&
                 is_inside(job, 2, p.o[2], length);
        if (inside) {
            const float *from = g->input + group * g->depth + p.n * g->in_picture + corner_of(&a[0], p.o[0]) +
                                corner_of(&a[1], p.o[1]) + corner_of(&a[2], p.o[2]);
            for (size_t j = 0; j < length; j++)
                rows[i + j] = from + j * in_step;
        }
        for (size_t j = 0; j < length; j++)
            out[i + j] = to + j * out_step;
        i += length;
        next_row(g, &p);
    }
    return inside;
}

/* The input that output `o` of an axis sees through tap `t`; false when it is padding. */
static bool input_at(const stria_gather_axis *axis, size_t o, size_t t, size_t *input)
{
    ptrdiff_t at = (ptrdiff_t)(o * axis->step) + axis->first + (ptrdiff_t)t * axis->tap_step;
    *input = (size_t)at;
    return at >= 0 && at < (ptrdiff_t)axis->in;
}

/* Pointers of one pixel at the border: rows[t * step] for every tap t. */
static void place_taps(const gather_job *job, const float *picture, const pixel *p, const float **rows,
                       size_t step)
{
    const stria_gather_axis *a = job->gather->axes;
    for (size_t d = 0; d < a[0].taps; d++) {
        for (size_t h = 0; h < a[1].taps; h++) {
            size_t depth, height, width;
            bool row = input_at(&a[0], p->o[0], d, &depth);
            row = input_at(&a[1], p->o[1], h, &height) && row;
            const float *line = row ? picture + depth * a[0].in_pitch + height * a[1].in_pitch : NULL;
            for (size_t w = 0; w < a[2].taps; w++, rows += step)
                *rows =
                    input_at(&a[2], p->o[2], w, &width) && row ? line + width * a[2].in_pitch : job->zeros;
        }
    }
}

/* The inputs of a tile at the border: a pointer per tap and pixel. */
static void place_border(const gather_job *job, size_t first, size_t count, size_t group, const float **rows)
{
    const stria_gather *g = job->gather;
    pixel p = pixel_at(g, first);
    for (size_t i = 0; i < count; i++) {
        place_taps(job, g->input + group * g->depth + p.n * g->in_picture, &p, rows + i, count);
        if (++p.o[2] == g->axes[2].count)
            next_row(g, &p);
    }
}

/* ---- Blocks ---- */

/* Pixels of tile `t` of the block. */
static size_t count_of(const gather_job *job, const gather_block *block, size_t t)
{
    return first_pixel_of(job, block->first_tile + t + 1) - first_pixel_of(job, block->first_tile + t);
}

static void place_block(const gather_job *job, size_t group, gather_block *block)
{
    for (size_t t = 0; t < block->tiles; t++) {
        size_t first = first_pixel_of(job, block->first_tile + t);
        size_t count = count_of(job, block, t);
        const float **rows = block->rows + t * job->taps * job->tile_rows;
        block->inside[t] = place_inside(job, first, count, group, rows, block->out + t * job->tile_rows);
        if (!block->inside[t])
            place_border(job, first, count, group, rows);
    }
}

/* Panels from `panel` on to run in one go, for tiles of so few pixels that one panel would wait for its sums.
 */
static size_t wide_panels(const gather_job *job, const gather_block *block, size_t panel, size_t end)
{
    const stria_conv_isa *isa = job->isa;
    size_t rows = (block->pixels + block->tiles - 1) / block->tiles;
    bool whole = (panel + isa->wide_panels) * job->main_width <= job->gather->width;
    return rows <= isa->wide_rows && whole && panel + isa->wide_panels <= end ? isa->wide_panels : 1;
}

#define LINE_FLOATS 16 /* of a cache line */

/* Asks for what the pixels of a tile see first of all tiles: the inputs of the tap that leads the way. */
static void fetch_inputs(const gather_job *job, const gather_block *block, size_t t, size_t count)
{
    const stria_gather *g = job->gather;
    const float **rows = block->rows + t * job->taps * job->tile_rows;
    size_t tap = g->axes[1].tap_step < 0 ? 0 : job->taps - 1;
    ptrdiff_t offset = block->inside[t] ? job->offsets[tap] : 0;
    rows += block->inside[t] ? 0 : tap * count;
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < g->run; c += LINE_FLOATS)
            __builtin_prefetch(rows[i] + offset + c);
    }
}

/* Asks for where a tile stores its outputs first ... first + width - 1. */
static void fetch_outputs(const gather_job *job, const gather_block *block, size_t t, size_t count,
                          size_t first, size_t width)
{
    float *const *out = block->out + t * job->tile_rows;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < width; k += LINE_FLOATS)
            __builtin_prefetch(out[i] + first + k, 1);
    }
}

/* Runs panels `panel` ... `panel + together - 1` over the tiles of a block. */
static void run_panels(const gather_job *job, const gather_block *block, size_t group, size_t panel,
                       size_t together, bool begins)
{
    const stria_gather *g = job->gather;
    const stria_conv_isa *isa = job->isa;
    size_t chain = job->taps * g->run, first = panel * job->main_width, left = g->width - first;
    bool narrow = left <= isa->narrow_vectors * isa->lanes, far = chain * job->padded > STRIA_NEAR_WEIGHTS;
    const stria_gather_fn *kernels = together > 1 ? isa->gather_wide
                                     : narrow     ? isa->gather_narrow
                                     : far        ? isa->gather_far
                                                  : isa->gather_main;
    stria_gather_panel p = {.weights = g->weights + chain * (group * job->padded + first),
                            .weights_step = chain * job->main_width,
                            .bias = g->bias == NULL ? NULL : g->bias + group * g->width + first,
                            .taps = job->taps,
                            .run = g->run,
                            .width = stria_size_min(left, together * job->main_width),
                            .block = chain > STRIA_CHAIN_LIMIT ? STRIA_CHAIN_BLOCK : SIZE_MAX,
                            .totals = block->totals,
                            .relu = stria_conv_relu(g->activation.kind),
                            .ceiling = stria_conv_ceiling(g->activation.kind),
                            .residual = g->residual,
                            .origin = g->out};
    for (size_t t = 0; t < block->tiles; t++) {
        size_t count = count_of(job, block, t);
        if (job->fetches && t + 1 < block->tiles) {
            size_t next = count_of(job, block, t + 1);
            if (panel == 0)
                fetch_inputs(job, block, t + 1, next);
            fetch_outputs(job, block, t + 1, next, first, p.width);
        }
        stria_gather_tile tile = {.rows = block->rows + t * job->taps * job->tile_rows,
                                  .rows_step = block->inside[t] ? 0 : count,
                                  .offsets = block->inside[t] ? job->offsets : job->no_offsets,
                                  .out = block->out + t * job->tile_rows,
                                  .out_offset = first};
        if (far)
            stria_gather_ask(&tile, p.weights, chain, job->main_width, t, block->tiles);
        /* Nobody has asked for the weights of the very first tile: it asks for its own. */
        (begins && t == 0 && kernels == isa->gather_far ? isa->gather_main : kernels)[count - 1](&p, &tile);
    }
}

/* The activations that are not applied in registers, while the block is still in the cache. */
static void activate_block(const gather_job *job, const gather_block *block, size_t first, size_t width)
{
    const stria_gather *g = job->gather;
    if (job->contiguous && width == g->width && g->groups == 1) {
        job->isa->activate(g->activation, block->out[0], block->pixels * width);
        return;
    }
    for (size_t t = 0; t < block->tiles; t++) {
        size_t count = count_of(job, block, t);
        for (size_t i = 0; i < count; i++)
            job->isa->activate(g->activation, block->out[t * job->tile_rows + i] + first, width);
    }
}

/* One task: a group, a block of tiles, a part of the panels. */
static void run_block(void *context, size_t task, size_t worker)
{
    const gather_job *job = context;
    const stria_gather *g = job->gather;
    size_t part = task % job->panel_groups, group = task / job->panel_groups / job->blocks;
    float *scratch = job->worker_scratch + worker * job->worker_floats;
    gather_block block = {.first_tile = task / job->panel_groups % job->blocks * job->block_tiles,
                          .totals = scratch};
    block.tiles = stria_size_min(job->block_tiles, job->tiles - block.first_tile);
    block.first_pixel = first_pixel_of(job, block.first_tile);
    block.pixels = first_pixel_of(job, block.first_tile + block.tiles) - block.first_pixel;
    block.rows = (const float **)(void *)(scratch + STRIA_TILE_MAX_FLOATS);
    block.out = (float **)(void *)(scratch + STRIA_TILE_MAX_FLOATS +
                                   stria_conv_pointers(job->block_tiles * job->taps * job->tile_rows));
    place_block(job, group, &block);
    size_t begin = part * job->panels / job->panel_groups, end = (part + 1) * job->panels / job->panel_groups;
    for (size_t panel = begin; panel < end;) {
        size_t together = wide_panels(job, &block, panel, end);
        run_panels(job, &block, group, panel, together, panel == begin);
        panel += together;
    }
    if (job->after) {
        size_t first = begin * job->main_width;
        activate_block(job, &block, first, stria_size_min(end * job->main_width, g->width) - first);
    }
}

/* ---- The whole product ---- */

/* Offsets from the first tap to every tap. */
static void find_offsets(const stria_gather *g, ptrdiff_t *offsets)
{
    ptrdiff_t step[3];
    for (int a = 0; a < 3; a++)
        step[a] = g->axes[a].tap_step * (ptrdiff_t)g->axes[a].in_pitch;
    for (size_t d = 0; d < g->axes[0].taps; d++) {
        for (size_t h = 0; h < g->axes[1].taps; h++) {
            for (size_t w = 0; w < g->axes[2].taps; w++)
                *offsets++ = (ptrdiff_t)d * step[0] + (ptrdiff_t)h * step[1] + (ptrdiff_t)w * step[2];
        }
    }
}

static bool is_contiguous(const stria_gather *g)
{
    const stria_gather_axis *a = g->axes;
    return a[2].out_pitch == g->groups * g->width && a[1].out_pitch == a[2].out_pitch * a[2].count &&
           a[0].out_pitch == a[1].out_pitch * a[1].count && g->out_picture == a[0].out_pitch * a[0].count;
}

/* Parts that the panels are dealt into: more than one when there are too few blocks for the workers. A part
 * reads its own weights only. */
static size_t panel_groups_of(const gather_job *job, size_t workers)
{
    size_t blocks = job->blocks * job->gather->groups, wanted = 4 * workers;
    if (workers == 1 || blocks >= wanted)
        return 1;
    size_t work =
        job->pixels * job->taps * job->gather->run * job->gather->width / job->blocks / STRIA_CONV_TASK_WORK;
    size_t most = stria_size_min(job->panels, work < 1 ? 1 : work);
    return stria_size_min(most, (wanted + blocks - 1) / blocks);
}

void stria_gather_run(const stria_conv_isa *isa, const stria_gather *gather)
{
    const stria_gather *g = gather;
    gather_job job = {.isa = isa, .gather = g, .taps = taps_of(g), .tile_rows = tile_rows_of(isa, g)};
    job.pixels = g->batch * g->axes[0].count * g->axes[1].count * g->axes[2].count;
    job.tiles = (job.pixels + job.tile_rows - 1) / job.tile_rows;
    job.block_tiles = block_tiles_of(isa, g);
    job.blocks = (job.tiles + job.block_tiles - 1) / job.block_tiles;
    job.main_width = isa->main_vectors * isa->lanes;
    job.padded = stria_conv_padded(isa, g->width);
    job.panels = (g->width - 1) / job.main_width + 1;
    job.panel_groups = panel_groups_of(&job, stria_pool_workers(g->pool));
    job.fetches = job.pixels * (g->width + g->depth) > FAR_FLOATS;
    job.after = !stria_conv_fuses(g->activation.kind);
    job.contiguous = is_contiguous(g);
    for (int a = 0; a < 3; a++)
        stria_gather_inside(&g->axes[a], &job.inside_from[a], &job.inside_to[a]);

    float *zeros = g->scratch;
    ptrdiff_t *offsets = (ptrdiff_t *)(void *)(zeros + stria_conv_lines(g->run));
    ptrdiff_t *no_offsets = (ptrdiff_t *)(void *)((float *)(void *)offsets + stria_conv_pointers(job.taps));
    memset(zeros, 0, g->run * sizeof *zeros);
    memset(no_offsets, 0, job.taps * sizeof *no_offsets);
    find_offsets(g, offsets);
    job.zeros = zeros;
    job.offsets = offsets;
    job.no_offsets = no_offsets;
    job.worker_scratch = g->scratch + shared_floats_of(g);
    job.worker_floats = worker_floats_of(isa, g);

    size_t tasks = g->groups * job.blocks * job.panel_groups;
    size_t work = job.pixels * job.taps * g->run * g->width * g->groups;
    stria_pool_run(stria_conv_pool(g->pool, work), tasks, run_block, &job);
}
