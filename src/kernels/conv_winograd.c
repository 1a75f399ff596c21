/* Winograd's product over tiles of 4x4 outputs: a block of tiles is transformed, 36 matrix products run on
 * the gather micro-kernel, and the results are transformed back while they are in the cache. The stride-1
 * input gradient is the same with inputs and filters in each other's place and the window turned round.
 *
 * With enough tiles each block is a task of its own. With few, the inputs of a block are transformed by all
 * workers and then each takes a group of filters, whose weights nobody else reads. */
#include <string.h>

#include "kernels/conv.h"

#define SPOTS STRIA_WINOGRAD_SPOTS
#define IN    STRIA_WINOGRAD_IN
#define OUT   STRIA_WINOGRAD_OUT

/* Tiles of a block: few, so that they stay in the second cache with their products; more where the weights
 * do not, which are fetched anew for every block. */
#define BLOCK_TILES   28
#define BLOCK_MOST    64
#define BLOCK_LEAST   12                /* with fewer for each worker, the workers share a block */
#define LARGE_WEIGHTS (4 * 1024 * 1024) /* floats */
/* Filters of a group: their products are transformed back out of the second cache. */
#define PRODUCT_FLOATS (128 * 1024)
/* Keeps the spots of a tile off each other's cache sets. */
#define SPOT_GAP 16
/* Tiles that one task transforms when the workers share a block. */
#define SHARED_TILES 4

typedef struct winograd_job {
    const stria_conv_isa *isa;
    const stria_winograd *w;
    size_t across, picture_tiles, tiles; /* of a row of tiles, a picture, the batch */
    size_t block_tiles, blocks;
    bool shares; /* all workers are on one block */
    size_t main_width;
    size_t group_width, groups;       /* filters that are multiplied and transformed back at a time */
    size_t source_step, product_step; /* floats from spot to spot */
    const float *zeros;
    float *worker_scratch;
    size_t worker_floats;
    size_t first_tile, shared_count; /* the block that all workers share */
} winograd_job;

/* A worker's memory. */
typedef struct worker_memory {
    float *source, *products, *totals;
    const float **rows; /* [block_tiles], of the first spot */
    float **out;        /* [block_tiles], of the first spot and filter */
} worker_memory;

/* Everything that follows from the sizes. */
static winograd_job job_of(const stria_conv_isa *isa, const stria_winograd *w, size_t workers)
{
    winograd_job job = {.isa = isa, .w = w, .main_width = isa->main_vectors * isa->lanes};
    job.across = stria_size_pieces(w->out[1], OUT);
    job.picture_tiles = stria_size_pieces(w->out[0], OUT) * job.across;
    job.tiles = w->pictures * job.picture_tiles;
    size_t most = SPOTS * w->depth * w->width > LARGE_WEIGHTS ? BLOCK_MOST : BLOCK_TILES;
    job.blocks = stria_size_pieces(job.tiles, most);
    job.shares = workers > 1 && job.tiles < workers * BLOCK_LEAST;
    if (!job.shares) /* the same number for each worker */
        job.blocks = stria_size_pieces(job.blocks, workers) * workers;
    job.block_tiles = stria_size_pieces(job.tiles, job.blocks);
    size_t panels = stria_size_pieces(w->width, job.main_width);
    size_t group = PRODUCT_FLOATS / (SPOTS * job.block_tiles * job.main_width);
    group = group < 1 ? 1 : group;
    if (job.shares)
        group = stria_size_min(group, stria_size_pieces(panels, 4 * workers));
    job.groups = stria_size_pieces(panels, group);
    job.group_width = stria_size_pieces(panels, job.groups) * job.main_width;
    job.groups = stria_size_pieces(w->width, job.group_width);
    job.source_step = job.block_tiles * w->depth + SPOT_GAP;
    job.product_step = job.block_tiles * job.group_width + SPOT_GAP;
    /* Enough for smaller batches, too, whose blocks may be larger. */
    size_t largest = stria_size_min(job.tiles, most);
    size_t products = stria_size_max(SPOTS * largest * job.main_width, PRODUCT_FLOATS);
    job.worker_floats = stria_conv_lines(SPOTS * (largest * w->depth + SPOT_GAP)) +
                        stria_conv_lines(products + SPOTS * SPOT_GAP) + STRIA_TILE_MAX_FLOATS +
                        2 * stria_conv_pointers(largest);
    return job;
}

size_t stria_winograd_scratch(const stria_conv_isa *isa, const stria_winograd *w, size_t workers)
{
    return stria_conv_lines(w->depth) + workers * job_of(isa, w, workers).worker_floats;
}

static worker_memory memory_of(const winograd_job *job, size_t worker)
{
    float *at = job->worker_scratch + worker * job->worker_floats;
    worker_memory memory = {.source = at};
    memory.products = at += stria_conv_lines(SPOTS * job->source_step);
    memory.totals = at += stria_conv_lines(SPOTS * job->product_step);
    memory.rows = (const float **)(void *)(at += STRIA_TILE_MAX_FLOATS);
    memory.out = (float **)(void *)(at + stria_conv_pointers(job->block_tiles));
    return memory;
}

/* ---- Inputs ---- */

/* A tile of the batch: its picture and its first output. */
typedef struct place {
    size_t picture, row, column;
} place;

static place place_of(const winograd_job *job, size_t tile)
{
    size_t in_picture = tile % job->picture_tiles;
    return (place){tile / job->picture_tiles, in_picture / job->across * OUT, in_picture % job->across * OUT};
}

static void source_at_border(const winograd_job *job, const float *picture, ptrdiff_t row, ptrdiff_t column,
                             float *to)
{
    const stria_winograd *w = job->w;
    const float *pixels[IN * IN];
    for (ptrdiff_t i = 0; i < IN; i++) {
        ptrdiff_t r = row + i;
        bool real = r >= 0 && r < (ptrdiff_t)w->in[0];
        for (ptrdiff_t j = 0; j < IN; j++) {
            ptrdiff_t c = column + j;
            pixels[i * IN + j] = real && c >= 0 && c < (ptrdiff_t)w->in[1]
                                     ? picture + ((size_t)r * w->in[1] + (size_t)c) * w->depth
                                     : job->zeros;
        }
    }
    job->isa->winograd_border(pixels, w->depth, to, job->source_step);
}

/* Transforms tiles first ... first + count - 1 of a block that begins with `block`. */
static void transform_source(const winograd_job *job, size_t block, size_t first, size_t count, float *source)
{
    const stria_winograd *w = job->w;
    for (size_t t = first; t < first + count; t++) {
        place at = place_of(job, block + t);
        const float *picture = w->input + at.picture * w->in[0] * w->in[1] * w->depth;
        ptrdiff_t row = (ptrdiff_t)at.row - w->before[0], column = (ptrdiff_t)at.column - w->before[1];
        float *to = source + t * w->depth;
        if (row >= 0 && row + IN <= (ptrdiff_t)w->in[0] && column >= 0 && column + IN <= (ptrdiff_t)w->in[1])
            job->isa->winograd_inside(picture + ((size_t)row * w->in[1] + (size_t)column) * w->depth,
                                      w->in[1] * w->depth, w->depth, w->depth, to, job->source_step);
        else
            source_at_border(job, picture, row, column, to);
    }
}

/* ---- Products ---- */

/* products[spot][tile][k] = sum over c of source[spot][tile][c] * weights[spot][c][k] for filters first ...
 */
static void multiply(const winograd_job *job, const worker_memory *memory, const float *source, size_t tiles,
                     size_t first, size_t width)
{
    const stria_winograd *w = job->w;
    const stria_conv_isa *isa = job->isa;
    for (size_t t = 0; t < tiles; t++) {
        memory->rows[t] = source + t * w->depth;
        memory->out[t] = memory->products + t * job->group_width;
    }
    for (size_t from = 0; from < width; from += job->main_width) {
        size_t left = w->width - first - from;
        bool narrow = left <= isa->narrow_vectors * isa->lanes;
        bool far = SPOTS * w->depth * w->width > STRIA_NEAR_WEIGHTS;
        size_t panel_width = narrow ? isa->narrow_vectors * isa->lanes : job->main_width;
        const stria_gather_fn *kernels = narrow ? isa->gather_narrow
                                         : far  ? isa->gather_far
                                                : isa->gather_main;
        size_t parts = stria_size_pieces(tiles, narrow ? isa->narrow_rows : isa->main_rows);
        stria_gather_panel panel = {.taps = 1,
                                    .run = w->depth,
                                    .width = stria_size_min(left, job->main_width),
                                    .block = w->depth > STRIA_CHAIN_LIMIT ? STRIA_CHAIN_BLOCK : SIZE_MAX,
                                    .totals = memory->totals};
        const float *weights = w->weights + SPOTS * w->depth * (first + from);
        for (size_t spot = 0; spot < SPOTS; spot++) {
            const ptrdiff_t offset = (ptrdiff_t)(spot * job->source_step);
            panel.weights = weights + spot * w->depth * panel_width;
            for (size_t part = 0; part < parts; part++) {
                size_t begin = part * tiles / parts, end = (part + 1) * tiles / parts;
                stria_gather_tile tile = {.rows = memory->rows + begin,
                                          .offsets = &offset,
                                          .out = memory->out + begin,
                                          .out_offset = spot * job->product_step + from};
                if (far)
                    stria_gather_ask(&tile, panel.weights, w->depth, panel_width, part, parts);
                kernels[end - begin - 1](&panel, &tile);
            }
        }
    }
}

/* ---- Outputs ---- */

static void activate_tile(const winograd_job *job, const stria_winograd_tile *tile)
{
    for (size_t i = 0; i < tile->rows; i++) {
        for (size_t j = 0; j < tile->columns; j++)
            job->isa->activate(job->w->activation, tile->out + i * tile->row_pitch + j * tile->column_pitch,
                               tile->width);
    }
}

/* Filters first ... first + width - 1 of a block's tiles. */
static void transform_products(const winograd_job *job, const worker_memory *memory, size_t block,
                               size_t tiles, size_t first, size_t width)
{
    const stria_winograd *w = job->w;
    stria_winograd_tile tile = {.step = job->product_step,
                                .bias = w->bias != NULL ? w->bias + first : NULL,
                                .row_pitch = w->out[1] * w->width,
                                .column_pitch = w->width,
                                .width = width,
                                .relu = stria_conv_relu(w->activation.kind),
                                .ceiling = stria_conv_ceiling(w->activation.kind)};
    for (size_t t = 0; t < tiles; t++) {
        place at = place_of(job, block + t);
        tile.products = memory->products + t * job->group_width;
        size_t output = ((at.picture * w->out[0] + at.row) * w->out[1] + at.column) * w->width + first;
        tile.out = w->result + output;
        tile.residual = w->residual != NULL ? w->residual + output : NULL;
        tile.rows = stria_size_min(w->out[0] - at.row, OUT);
        tile.columns = stria_size_min(w->out[1] - at.column, OUT);
        job->isa->winograd_result(&tile);
        if (!stria_conv_fuses(w->activation.kind))
            activate_tile(job, &tile);
    }
}

static void run_group(const winograd_job *job, const worker_memory *memory, const float *source, size_t block,
                      size_t tiles, size_t group)
{
    size_t first = group * job->group_width, width = stria_size_min(job->group_width, job->w->width - first);
    multiply(job, memory, source, tiles, first, width);
    transform_products(job, memory, block, tiles, first, width);
}

/* ---- Tasks ---- */

static size_t first_tile_of(const winograd_job *job, size_t block)
{
    return block * job->tiles / job->blocks;
}

static void block_task(void *context, size_t task, size_t worker)
{
    const winograd_job *job = context;
    worker_memory memory = memory_of(job, worker);
    size_t first = first_tile_of(job, task), tiles = first_tile_of(job, task + 1) - first;
    transform_source(job, first, 0, tiles, memory.source);
    for (size_t group = 0; group < job->groups; group++)
        run_group(job, &memory, memory.source, first, tiles, group);
}

static void shared_source_task(void *context, size_t task, size_t worker)
{
    (void)worker;
    const winograd_job *job = context;
    size_t first = task * SHARED_TILES;
    transform_source(job, job->first_tile, first, stria_size_min(SHARED_TILES, job->shared_count - first),
                     memory_of(job, 0).source);
}

static void shared_group_task(void *context, size_t task, size_t worker)
{
    const winograd_job *job = context;
    worker_memory memory = memory_of(job, worker);
    run_group(job, &memory, memory_of(job, 0).source, job->first_tile, job->shared_count, task);
}

void stria_winograd_run(const stria_conv_isa *isa, const stria_winograd *w)
{
    size_t workers = stria_pool_workers(w->pool);
    winograd_job job = job_of(isa, w, workers);
    memset(w->scratch, 0, w->depth * sizeof *w->scratch);
    job.zeros = w->scratch;
    job.worker_scratch = w->scratch + stria_conv_lines(w->depth);
    stria_pool *pool = stria_conv_pool(w->pool, job.tiles * SPOTS * w->depth * w->width);
    if (pool == NULL || !job.shares) {
        stria_pool_run(pool, job.blocks, block_task, &job);
        return;
    }
    for (size_t block = 0; block < job.blocks; block++) {
        job.first_tile = first_tile_of(&job, block);
        job.shared_count = first_tile_of(&job, block + 1) - job.first_tile;
        stria_pool_run(pool, stria_size_pieces(job.shared_count, SHARED_TILES), shared_source_task, &job);
        stria_pool_run(pool, job.groups, shared_group_task, &job);
    }
}

/* ---- The two directions ---- */

stria_winograd stria_winograd_forward(const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    return (stria_winograd){.pictures = m->batch * w->out[0],
                            .in = {w->in[1], w->in[2]},
                            .out = {w->out[1], w->out[2]},
                            .before = {(ptrdiff_t)w->before[1], (ptrdiff_t)w->before[2]},
                            .depth = m->channels,
                            .width = m->filters};
}

stria_winograd stria_winograd_input_gradient(const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    return (stria_winograd){.pictures = m->batch * w->out[0],
                            .in = {w->out[1], w->out[2]},
                            .out = {w->in[1], w->in[2]},
                            .before = {2 - (ptrdiff_t)w->before[1], 2 - (ptrdiff_t)w->before[2]},
                            .depth = m->filters,
                            .width = m->channels};
}
