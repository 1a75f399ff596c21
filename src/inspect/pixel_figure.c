/* One output worked out as a picture: for each channel what the window sees, the kernel and the products as
 * tiles of numbers, an arrow to their sum, and down from there the steps to the output's value. Padding is
 * dashed. */
#include <stria/pixel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#define MARGIN       24.0
#define TILE_WIDTH   300.0 /* of a tile at most, if its cells stay readable */
#define MOST_CELL    52.0
#define LEAST_CELL   14.0
#define SIGN_WIDTH   34.0 /* for "x" and "=" between tiles */
#define MOST_GROUPS  8    /* channels or slices that are drawn */
#define FOLD_COLUMNS 8    /* of tiles of single taps: dense layers, 1x1 windows */
#define MOST_FOLDED  64
#define SUM_WIDTH    150.0
#define LINE_HEIGHT  30.0

/* What the tiles are made of: one for each channel and plane of the window, or one of single taps folded. */
typedef struct layout {
    const stria_pixel *pixel;
    stria_figure *figure;
    const stria_pixel_term **order; /* of folded terms: the largest products, in their own order */
    size_t folded;
    size_t groups, shown;
    int64_t rows, columns;
    double cell_width, cell_height, tile_width, tile_height, group_height;
    bool weighted;
    double x_low, x_high, weight_high, product_high; /* scales of colours */
} layout;

static bool is_sum(const stria_pixel *pixel)
{
    return strcmp(pixel->operation, "sum") == 0;
}

/* ---- Measuring ---- */

static int by_product(const void *a, const void *b)
{
    const stria_pixel_term *p = *(const stria_pixel_term *const *)a, *q = *(const stria_pixel_term *const *)b;
    const double x = fabs(p->product), y = fabs(q->product);
    return x > y ? -1 : x < y ? 1 : p < q ? -1 : p > q;
}

static int by_place(const void *a, const void *b)
{
    const stria_pixel_term *p = *(const stria_pixel_term *const *)a, *q = *(const stria_pixel_term *const *)b;
    return p < q ? -1 : p > q;
}

static stria_status measure(layout *l, const stria_allocator *allocator, stria_error *err)
{
    const stria_pixel *p = l->pixel;
    l->weighted = is_sum(p);
    l->rows = p->window[1];
    l->columns = p->window[2];
    l->groups = (size_t)(p->channels * p->window[0]);
    if (p->window[0] * p->window[1] * p->window[2] == 1) {
        l->order = stria_allocate_array(allocator, p->term_count + 1, sizeof *l->order);
        if (l->order == NULL)
            return stria_fail_memory(err, p->term_count * sizeof *l->order);
        for (size_t i = 0; i < p->term_count; i++)
            l->order[i] = &p->terms[i];
        qsort(l->order, p->term_count, sizeof *l->order, by_product);
        l->folded = p->term_count < MOST_FOLDED ? p->term_count : MOST_FOLDED;
        qsort(l->order, l->folded, sizeof *l->order, by_place);
        l->groups = 1;
        l->columns = l->folded < FOLD_COLUMNS ? (int64_t)l->folded : FOLD_COLUMNS;
        l->rows = ((int64_t)l->folded + FOLD_COLUMNS - 1) / FOLD_COLUMNS;
    }
    l->shown = l->groups < MOST_GROUPS ? l->groups : MOST_GROUPS;
    l->cell_width = fmin(MOST_CELL, fmax(LEAST_CELL, TILE_WIDTH / (double)(l->columns > 0 ? l->columns : 1)));
    l->cell_height = fmax(LEAST_CELL, l->cell_width * 0.6);
    l->tile_width = fmax(l->cell_width * (double)l->columns, 60);
    l->tile_height = l->cell_height * (double)l->rows;
    l->group_height = l->tile_height + 34;
    l->x_low = l->x_high = p->term_count > 0 ? (double)p->terms[0].input : 0;
    for (size_t i = 0; i < p->term_count; i++) {
        l->x_low = fmin(l->x_low, (double)p->terms[i].input);
        l->x_high = fmax(l->x_high, (double)p->terms[i].input);
        l->weight_high = fmax(l->weight_high, fabs((double)p->terms[i].weight));
        l->product_high = fmax(l->product_high, fabs(p->terms[i].product));
    }
    return STRIA_OK;
}

/* ---- Tiles ---- */

/* A number in its cell's colour, written in what can be read on that. */
static void draw_cell(const layout *l, double x, double y, double value, const char *palette, double low,
                      double high, const stria_pixel_term *term, bool faded, bool chosen)
{
    uint8_t rgb[3] = {0};
    char text[32], title[128];
    const double share = high > low ? (value - low) / (high - low) : 0.5, size = l->cell_width * 0.235;
    stria_color_map(palette, share, rgb);
    const bool dark = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] < 128;
    stria_format(title, sizeof title, "row %lld, column %lld, channel %lld%s: %.9g",
                 (long long)term->place[1], (long long)term->place[2], (long long)term->channel,
                 term->padding ? " (padding)" : "", value);
    const uint32_t color = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    stria_figure_box(l->figure, x, y, l->cell_width, l->cell_height,
                     &(stria_paint){.fill = faded ? STRIA_COLOR_PANEL : STRIA_RGB(color), .title = title});
    if (chosen)
        stria_figure_box(l->figure, x + 1.5, y + 1.5, l->cell_width - 3, l->cell_height - 3,
                         &(stria_paint){.stroke = STRIA_COLOR_MARK, .width = 3});
    if (size < 6)
        return;
    stria_format(text, sizeof text, "%.3g", value + 0.0); /* -0 is 0 */
    const double wide = stria_text_width(text, size, 0), fit = l->cell_width - 4;
    stria_figure_text(l->figure, x + l->cell_width / 2, y + l->cell_height / 2 + size * 0.36, text,
                      &(stria_lettering){.size = wide > fit ? size * fit / wide : size,
                                         .anchor = STRIA_ANCHOR_MIDDLE,
                                         .color = faded  ? STRIA_COLOR_SOFT
                                                  : dark ? STRIA_RGB(0xFFFFFF)
                                                         : STRIA_RGB(0x101010)});
}

/* A dashed frame around padding. */
static void draw_padding(const layout *l, double x, double y)
{
    const double r = x + l->cell_width - 1, b = y + l->cell_height - 1;
    const double points[] = {x + 1, y + 1, r, y + 1, r, b, x + 1, b, x + 1, y + 1};
    stria_figure_polyline(l->figure, points, 5, 0,
                          &(stria_paint){.stroke = STRIA_COLOR_SOFT, .width = 0.75, .dashed = 1});
}

typedef enum numbers_of { INPUT, WEIGHT, PRODUCT } numbers_of;

static void draw_term(const layout *l, numbers_of what, double x, double y, const stria_pixel_term *term)
{
    const bool extreme = !l->weighted && l->pixel->counted > 0 && l->pixel->operation[0] == 'm' &&
                         strcmp(l->pixel->operation, "mean") != 0;
    const bool chosen = extreme && term == &l->pixel->terms[l->pixel->chosen];
    if (what == INPUT)
        draw_cell(l, x, y, (double)term->input, "gray", l->x_low, l->x_high, term, term->padding != 0,
                  chosen);
    else if (what == WEIGHT)
        draw_cell(l, x, y, (double)term->weight, "diverging", -l->weight_high, l->weight_high, term, false,
                  false);
    else
        draw_cell(l, x, y, term->product, "diverging", -l->product_high, l->product_high, term,
                  term->padding != 0, false);
    if (term->padding && what != WEIGHT)
        draw_padding(l, x, y);
}

/* One tile of a group; returns the sum of the group's products. */
static double draw_tile(const layout *l, size_t group, numbers_of what, double x, double y)
{
    const stria_pixel *p = l->pixel;
    double sum = 0;
    if (l->order != NULL) {
        for (size_t i = 0; i < l->folded; i++) {
            const double column = (double)(i % FOLD_COLUMNS), row = (double)(i / FOLD_COLUMNS);
            draw_term(l, what, x + column * l->cell_width, y + row * l->cell_height, l->order[i]);
            sum += l->order[i]->product;
        }
        return sum;
    }
    const int64_t channel = p->first_channel + (int64_t)group / p->window[0],
                  plane = (int64_t)group % p->window[0];
    for (size_t i = 0; i < p->term_count; i++) {
        const stria_pixel_term *term = &p->terms[i];
        if (term->channel != channel || term->tap[0] != plane)
            continue;
        draw_term(l, what, x + (double)term->tap[2] * l->cell_width,
                  y + (double)term->tap[1] * l->cell_height, term);
        sum += term->product;
    }
    stria_figure_box(l->figure, x, y, l->tile_width, l->tile_height,
                     &(stria_paint){.stroke = STRIA_COLOR_SOFT});
    return sum;
}

static void write_text(const layout *l, double x, double y, const char *text, double size,
                       stria_anchor anchor, bool bold, stria_color color)
{
    stria_figure_text(l->figure, x, y, text,
                      &(stria_lettering){.size = size, .anchor = anchor, .bold = bold, .color = color});
}

static void draw_arrow(const layout *l, double x1, double y1, double x2, double y2)
{
    const double length = hypot(x2 - x1, y2 - y1), ux = (x2 - x1) / length, uy = (y2 - y1) / length;
    const double bx = x2 - 8 * ux, by = y2 - 8 * uy;
    const double head[] = {x2, y2, bx - 4 * uy, by + 4 * ux, bx + 4 * uy, by - 4 * ux};
    stria_figure_line(l->figure, x1, y1, bx, by, &(stria_paint){.stroke = STRIA_COLOR_SOFT, .width = 1.5});
    stria_figure_polyline(l->figure, head, 3, 1, &(stria_paint){.fill = STRIA_COLOR_SOFT});
}

/* ": rows 5 to 7, columns -1 to 1 of the input". */
static void write_range(const stria_pixel *p, char *text, size_t size)
{
    static const char *const names[] = {"planes", "rows", "columns"};
    size_t length = 0;
    text[0] = '\0';
    for (int a = 3 - (p->input.rank - 1); a < 3 && p->term_count > 0 && length < size; a++) {
        int64_t first = p->terms[0].place[a], last = first;
        for (size_t i = 1; i < p->term_count; i++) {
            first = p->terms[i].place[a] < first ? p->terms[i].place[a] : first;
            last = p->terms[i].place[a] > last ? p->terms[i].place[a] : last;
        }
        length +=
            (size_t)stria_format(text + length, size - length, "%s%s %lld to %lld", length > 0 ? ", " : ": ",
                                 p->input.rank == 2 ? "steps" : names[a], (long long)first, (long long)last);
    }
}

static void name_group(const layout *l, size_t group, char *text, size_t size)
{
    const stria_pixel *p = l->pixel;
    char range[128];
    const long long channel = (long long)(p->first_channel + (int64_t)group / p->window[0]);
    write_range(p, range, sizeof range);
    if (l->order != NULL && l->folded < p->term_count)
        stria_format(text, size, "the %zu largest of %zu products", l->folded, p->term_count);
    else if (l->order != NULL)
        stria_format(text, size, "%zu input%s", p->term_count, p->term_count == 1 ? "" : "s");
    else if (p->window[0] > 1)
        stria_format(text, size, "channel %lld, plane %lld of the window%s", channel,
                     (long long)((int64_t)group % p->window[0]), range);
    else
        stria_format(text, size, "channel %lld%s", channel, range);
}

/* ---- The page ---- */

static double x_of_tile(const layout *l, int column)
{
    return MARGIN + column * (l->tile_width + SIGN_WIDTH);
}

static double rail_of(const layout *l)
{
    return x_of_tile(l, l->weighted ? 2 : 0) + l->tile_width + SUM_WIDTH;
}

static void draw_group(const layout *l, size_t group, double y)
{
    char text[256];
    name_group(l, group, text, sizeof text);
    write_text(l, MARGIN, y + 14, text, 12, STRIA_ANCHOR_START, false, STRIA_COLOR_SOFT);
    const double top = y + 22, middle = top + l->tile_height / 2;
    double sum = draw_tile(l, group, INPUT, x_of_tile(l, 0), top);
    const int last = l->weighted ? 2 : 0;
    if (l->weighted) {
        const double sign = SIGN_WIDTH / 2;
        draw_tile(l, group, WEIGHT, x_of_tile(l, 1), top);
        sum = draw_tile(l, group, PRODUCT, x_of_tile(l, 2), top);
        write_text(l, x_of_tile(l, 1) - sign, middle + 6, "\xC3\x97", 18, STRIA_ANCHOR_MIDDLE, false,
                   STRIA_COLOR_INK);
        write_text(l, x_of_tile(l, 2) - sign, middle + 6, "=", 18, STRIA_ANCHOR_MIDDLE, false,
                   STRIA_COLOR_INK);
        stria_format(text, sizeof text, "sum %.6g", sum);
        write_text(l, x_of_tile(l, last) + l->tile_width + 12, middle - 8, text, 13, STRIA_ANCHOR_START,
                   false, STRIA_COLOR_INK);
    }
    draw_arrow(l, x_of_tile(l, last) + l->tile_width + 8, middle, rail_of(l), middle);
}

/* "+ bias 0.1", "1.2 * (z - 0.3) / sqrt(0.9 + 0.001) + 0.1", "relu". */
static void write_step(const stria_pixel_step *step, char *text, size_t size)
{
    const stria_pixel_number *n = step->numbers;
    if (strcmp(step->what, "bias") == 0)
        stria_format(text, size, "+ bias %.6g", n[0].value);
    else if (step->number_count == 5)
        stria_format(text, size, "%.60s: %.5g * (z - %.5g) / sqrt(%.5g + %.3g) + %.5g", step->layer,
                     n[0].value, n[1].value, n[2].value, n[3].value, n[4].value);
    else if (step->number_count == 1)
        stria_format(text, size, "%s: e^z / %.6g, the sum of e^z over all maps", step->what, n[0].value);
    else
        stria_format(text, size, "%s", step->what);
}

static void write_operation(const stria_pixel *pixel, char *text, size_t size)
{
    if (is_sum(pixel))
        stria_format(text, size, "sum of %zu products", pixel->term_count);
    else if (strcmp(pixel->operation, "value") == 0)
        stria_format(text, size, "the input itself");
    else
        stria_format(text, size, "%s of %zu numbers", pixel->operation, pixel->counted);
}

/* One line of the column of results under the tiles. */
static void draw_result(const layout *l, double y, const char *text, double value, bool final)
{
    char number[32];
    const double rail = rail_of(l);
    stria_format(number, sizeof number, "%.7g", value);
    write_text(l, rail - 62, y + 5, text, 13, STRIA_ANCHOR_END, false, STRIA_COLOR_INK);
    stria_figure_box(l->figure, rail - 52, y - 12, 104, 24,
                     &(stria_paint){.fill = STRIA_COLOR_PANEL,
                                    .stroke = final ? STRIA_COLOR_MARK : STRIA_COLOR_SOFT,
                                    .width = final ? 2.5 : 1});
    write_text(l, rail, y + 5, number, 13, STRIA_ANCHOR_MIDDLE, final, STRIA_COLOR_INK);
}

static void draw_results(const layout *l, double y)
{
    const stria_pixel *p = l->pixel;
    char text[256];
    write_operation(p, text, sizeof text);
    draw_result(l, y, text, p->result, p->step_count == 0);
    for (size_t i = 0; i < p->step_count; i++) {
        draw_arrow(l, rail_of(l), y + 12, rail_of(l), y + LINE_HEIGHT + 8);
        y += LINE_HEIGHT + 20;
        write_step(&p->steps[i], text, sizeof text);
        draw_result(l, y, text, p->steps[i].value, i + 1 == p->step_count);
    }
    const bool followed = p->step_count > p->own_steps;
    const double found = followed ? p->steps[p->step_count - 1].value : p->value;
    const float plan = followed ? p->steps[p->step_count - 1].plan_value : p->plan_value;
    stria_format(text, sizeof text, "the model computes %.7g; the difference is %.2g", (double)plan,
                 fabs(found - (double)plan));
    write_text(l, rail_of(l) + 52, y + 38, text, 12, STRIA_ANCHOR_END, false, STRIA_COLOR_SOFT);
}

static void write_place(const stria_pixel *p, char *text, size_t size)
{
    size_t length = (size_t)stria_format(text, size, "%.80s (%s), %s %lld", p->layer, p->kind,
                                         p->axes == 0 ? "unit" : "map", (long long)p->map);
    static const char *const names[] = {"plane", "row", "column"};
    for (int a = 3 - p->axes; a < 3 && length < size; a++)
        length += (size_t)stria_format(text + length, size - length, ", %s %lld",
                                       p->axes == 1 ? "step" : names[a], (long long)p->position[a]);
}

static double page_width(const layout *l, const char *title)
{
    char text[256];
    double results = 0;
    for (size_t i = 0; i < l->pixel->step_count; i++) {
        write_step(&l->pixel->steps[i], text, sizeof text);
        results = fmax(results, stria_text_width(text, 13, 0));
    }
    const double least = fmax(results + 62 + 2 * MARGIN, 420);
    return fmax(fmax(rail_of(l) + 52, least), stria_text_width(title, 17, 1) + MARGIN) + MARGIN;
}

static stria_status draw(layout *l, stria_context *context, stria_error *err)
{
    const stria_pixel *p = l->pixel;
    char text[256];
    const double left_out = l->shown < l->groups ? 24 : 0;
    const double height = 56 + (double)l->shown * l->group_height + left_out + 30 +
                          (double)(p->step_count) * (LINE_HEIGHT + 20) + 40 + MARGIN;
    write_place(p, text, sizeof text);
    STRIA_TRY(stria_figure_create(&l->figure, context, page_width(l, text), height, err));
    write_text(l, MARGIN, 34, text, 17, STRIA_ANCHOR_START, true, STRIA_COLOR_INK);
    double y = 48;
    for (size_t g = 0; g < l->shown; g++, y += l->group_height)
        draw_group(l, g, y);
    if (left_out > 0) {
        stria_format(text, sizeof text, "%zu more channels or planes are in the sum, and not shown",
                     l->groups - l->shown);
        write_text(l, MARGIN, y + 16, text, 12, STRIA_ANCHOR_START, false, STRIA_COLOR_SOFT);
    }
    const double first = 48 + 22 + l->tile_height / 2;
    y += left_out + 30;
    if (l->shown > 0)
        draw_arrow(l, rail_of(l), first, rail_of(l), y - 12);
    draw_results(l, y);
    return STRIA_OK;
}

stria_status stria_pixel_figure(const stria_pixel *pixel, stria_context *context, stria_figure **figure,
                                stria_error *err)
{
    layout l = {.pixel = pixel};
    stria_status status = measure(&l, &context->allocator, err);
    if (status == STRIA_OK)
        status = draw(&l, context, err);
    stria_release(&context->allocator, l.order);
    if (status == STRIA_OK)
        *figure = l.figure;
    else
        stria_figure_free(l.figure);
    return status;
}
