/* Filters as pictures: zero is the palette's middle, negative its dark end. */
#include "inspect/filters.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "inspect/palette.h"

#define USUAL_FILTERS  256
#define USUAL_CHANNELS 64

typedef struct drawing {
    const stria_filters *filters;
    stria_filters_options options;
    stria_sheet *sheet;
    uint8_t palette[STRIA_PALETTE_SIZE][3];
    size_t channels; /* shown of each filter */
    size_t columns;  /* of the channels, side by side */
    bool colors;     /* three channels as one colour picture */
    float *summary;  /* [height, width], when the channels are put together */
    uint8_t *bytes;  /* of one tile, RGB and alpha */
    float largest;   /* weight of the layer, in what is shown */
} drawing;

/* The channels of a filter put together: their mean, or the square root of the sum of squares. */
static const float *summarized(const drawing *d, size_t k)
{
    const size_t channels = (size_t)d->filters->shape.sizes[1], size = d->filters->filter_size / channels;
    const float *w = d->filters->values + k * d->filters->filter_size;
    if (d->summary == NULL)
        return w;
    const bool mean = strcmp(d->options.summary, "mean") == 0;
    for (size_t i = 0; i < size; i++) {
        double sum = 0;
        for (size_t c = 0; c < channels; c++) {
            const double v = (double)w[c * size + i];
            sum += mean ? v : v * v;
        }
        d->summary[i] = (float)(mean ? sum / (double)channels : sqrt(sum));
    }
    return d->summary;
}

static float largest_of(const float *values, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    return largest;
}

/* A filter's picture: its channels in rows of `columns`, a see-through line between them. Kernels over
 * signals are the rows of one picture. */
static stria_picture picture_of(const drawing *d, const float *values, float scale)
{
    const size_t height = (size_t)d->filters->shape.sizes[2], width = (size_t)d->filters->shape.sizes[3];
    const size_t shown = d->colors ? 1 : d->channels, rows = stria_size_pieces(shown, d->columns);
    const size_t gap = height > 1 ? 1 : 0;
    const stria_picture picture = {.height = (int64_t)(rows * (height + gap) - gap),
                                   .width = (int64_t)(d->columns * (width + 1) - 1),
                                   .channels = 4,
                                   .bytes = d->bytes};
    memset(d->bytes, 0, (size_t)(picture.height * picture.width) * 4);
    for (size_t c = 0; c < shown; c++) {
        const size_t top = c / d->columns * (height + gap), left = c % d->columns * (width + 1);
        for (size_t y = 0; y < height; y++) {
            for (size_t x = 0; x < width; x++) {
                uint8_t *to = d->bytes + 4 * ((top + y) * (size_t)picture.width + left + x);
                const float *from = values + (c * height + y) * width + x;
                if (d->colors) {
                    for (size_t i = 0; i < 3; i++)
                        to[i] = stria_palette_byte(from[i * height * width], -scale, scale);
                } else {
                    memcpy(to, d->palette[stria_palette_byte(*from, -scale, scale)], 3);
                }
                to[3] = 255;
            }
        }
    }
    return picture;
}

static void add_tile(const drawing *d, size_t k)
{
    const stria_filter_info *info = &d->filters->infos[k];
    const float *values = summarized(d, k);
    const size_t planes = d->colors ? 3 : d->channels;
    const size_t size = planes * (size_t)(d->filters->shape.sizes[2] * d->filters->shape.sizes[3]);
    const float scale = d->options.own_scale ? largest_of(values, size) : d->largest;
    const stria_picture picture = picture_of(d, values, scale);
    char caption[64], title[160], mark[64] = "";
    stria_format(caption, sizeof caption, "%zu\n%.3g", k, info->norm);
    stria_format(title, sizeof title, "filter %zu: norm %.4g, mean %.4g, from %.4g to %.4g", k, info->norm,
                 info->mean, info->minimum, info->maximum);
    if (info->dead)
        stria_format(mark, sizeof mark, "dead");
    else if (info->silent)
        stria_format(mark, sizeof mark, "silent");
    else if (info->twin >= 0)
        stria_format(mark, sizeof mark, "twin of %lld", (long long)info->twin);
    stria_sheet_tile(
        d->sheet, &picture,
        &(stria_tile){.caption = caption, .title = title, .mark = mark[0] != '\0' ? mark : NULL});
}

/* Near a square. */
static size_t columns_for(size_t channels, size_t height, size_t width)
{
    size_t columns = 1;
    while (height > 1 && columns < channels &&
           columns * (width + 1) < stria_size_pieces(channels, columns) * (height + 1))
        columns++;
    return columns;
}

static void add_notes(const drawing *d, size_t shown)
{
    const int64_t *sizes = d->filters->shape.sizes;
    char note[256];
    if ((int64_t)shown < sizes[0]) {
        stria_format(note, sizeof note, "The first %zu of %lld filters.", shown, (long long)sizes[0]);
        stria_sheet_note(d->sheet, note);
    }
    if (!d->colors && d->summary == NULL && (int64_t)d->channels < sizes[1]) {
        stria_format(note, sizeof note, "Of each the first %zu of %lld channels; the norms are of all.",
                     d->channels, (long long)sizes[1]);
        stria_sheet_note(d->sheet, note);
    }
    stria_sheet_note(d->sheet,
                     d->options.own_scale
                         ? "Under each its number and the norm of its weights. Each filter has a scale of "
                           "its own; the middle is 0."
                         : "Under each its number and the norm of its weights. All filters have one scale; "
                           "the middle is 0.");
}

static void draw(drawing *d, size_t shown)
{
    const int64_t *sizes = d->filters->shape.sizes;
    const size_t rows = stria_size_pieces(d->colors ? 1 : d->channels, d->columns);
    const double side = sizes[2] > 1 ? (double)(d->columns * ((size_t)sizes[3] + 1))
                                     : (double)stria_size_max(rows, (size_t)sizes[3]);
    const char *palette = d->options.palette;
    const bool few = shown <= 16;
    stria_sheet_group(
        d->sheet, &(stria_sheet_group_options){.size = fmin(480, fmax(few ? 90 : 56, (few ? 8 : 5) * side)),
                                               .palette = d->options.own_scale || d->colors ? NULL : palette,
                                               .low = -(double)d->largest,
                                               .high = (double)d->largest});
    for (size_t k = 0; k < shown; k++)
        add_tile(d, k);
    if (d->colors) {
        char note[200] = "Red, green and blue are the weights on those channels; grey is 0.";
        if (!d->options.own_scale)
            stria_format(
                note, sizeof note,
                "Red, green and blue are the weights on those channels; grey is 0, black −%.3g, white %.3g.",
                (double)d->largest, (double)d->largest);
        stria_sheet_note(d->sheet, note);
    }
    add_notes(d, shown);
}

static stria_status read_options(drawing *d, const stria_filters_options *options, stria_error *err)
{
    STRIA_TRY(stria_options_read(&d->options, sizeof d->options, options, "stria_filters_options", err));
    stria_filters_options *known = &d->options;
    known->palette = known->palette != NULL ? known->palette : "gray";
    STRIA_TRY(stria_palette_make(d->palette, known->palette, err));
    if (known->summary != NULL && strcmp(known->summary, "mean") != 0 && strcmp(known->summary, "norm") != 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "summary '%s': must be mean or norm", known->summary);
    known->most_filters = known->most_filters > 0 ? known->most_filters : USUAL_FILTERS;
    known->most_channels = known->most_channels > 0 ? known->most_channels : USUAL_CHANNELS;
    return STRIA_OK;
}

stria_status stria_filters_sheet(const stria_filters *filters, const stria_filters_options *options,
                                 stria_sheet **sheet, stria_error *err)
{
    drawing d = {.filters = filters};
    STRIA_TRY(read_options(&d, options, err));
    const stria_allocator *allocator = &filters->context->allocator;
    const size_t channels = (size_t)filters->shape.sizes[1], height = (size_t)filters->shape.sizes[2];
    const size_t width = (size_t)filters->shape.sizes[3], count = (size_t)filters->shape.sizes[0];
    d.colors = channels == 3 && filters->slices == 1 && filters->reads_input && !d.options.separate &&
               d.options.summary == NULL;
    d.channels = d.options.summary != NULL ? 1 : stria_size_min(channels, d.options.most_channels);
    d.columns = d.colors ? 1 : columns_for(d.channels, height, width);
    char title[256], size[64];
    stria_format(size, sizeof size, height == 1 ? "%lld" : "%lldx%lld",
                 (long long)(height == 1 ? width : height), (long long)width);
    stria_format(title, sizeof title, "Filters of %s: %zu of %s over %zu channel%s%s%s", filters->layer,
                 count, size, channels / (size_t)filters->slices,
                 channels / (size_t)filters->slices == 1 ? "" : "s",
                 filters->slices > 1 ? ", slice by slice" : "",
                 d.options.summary == NULL                ? ""
                 : strcmp(d.options.summary, "mean") == 0 ? ", mean over the channels"
                                                          : ", norm over the channels");
    const size_t tiles = d.columns * stria_size_pieces(d.channels, d.columns);
    size_t bytes = 0;
    if (!stria_size_multiply(tiles * 4 * (height + 1), width + 1, &bytes))
        return stria_fail_memory(err, SIZE_MAX);
    d.bytes = stria_allocate(allocator, bytes);
    if (d.options.summary != NULL)
        d.summary = stria_allocate_floats(allocator, height * width);
    stria_status status = d.bytes == NULL || (d.options.summary != NULL && d.summary == NULL)
                              ? stria_fail_memory(err, bytes)
                              : stria_sheet_create(&d.sheet, filters->context, title, err);
    if (status == STRIA_OK) {
        const size_t shown = stria_size_min(count, d.options.most_filters);
        if (!d.options.own_scale) {
            for (size_t k = 0; k < count; k++)
                d.largest =
                    fmaxf(d.largest, largest_of(summarized(&d, k),
                                                d.summary != NULL ? height * width : filters->filter_size));
        }
        draw(&d, shown);
        *sheet = d.sheet;
    }
    stria_release(allocator, d.bytes);
    stria_release(allocator, d.summary);
    return status;
}
