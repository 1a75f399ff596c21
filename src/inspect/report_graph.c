/* The graph of the layers in a report: boxes in running order, folded into columns, so that long chains fill
 * the page and not a ribbon. Each column is a figure of its own; they flow with the width of the window.
 *
 * A layer that takes the one before it has an arrow from it. All other connections leave a box at its right,
 * run down a lane and come in at the right of the boxes that take them: a lane for each source, the short
 * ones inside. What goes on in another column says where to. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "inspect/chart.h"
#include "inspect/chart_parts.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

#define MOST_LAYERS  2000
#define MOST_ROWS    22 /* of a column */
#define BOX_WIDTH    236.0
#define BOX_HEIGHT   34.0
#define ROW_HEIGHT   48.0
#define LABEL_HEIGHT 14.0 /* of a "to" or "from" */
#define LEFT         4.0
#define LANE         9.0

/* ---- Where the columns begin ---- */

typedef struct layout {
    const stria_model *model;
    size_t count;
    size_t *last;     /* [count] the last layer that takes this one; itself when none does */
    size_t *crossing; /* [count] what is taken across the end of layer i: 1 for an arrow, 2 for a lane */
} layout;

static void find_uses(layout *l)
{
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(l->model, i, &layer); i++) {
        l->last[i] = i;
        for (size_t k = 0; k < layer.input_count; k++)
            l->last[layer.inputs[k]] = i;
    }
    for (size_t i = 0; i < l->count; i++) {
        for (size_t j = i; j < l->last[i]; j++)
            l->crossing[j] += l->last[i] == i + 1 ? 1 : 2;
    }
}

/* The end of the column that begins at `first`: as many rows as the columns that are left need, or up to two
 * fifths fewer where fewer connections have to be cut. */
static size_t column_end(const layout *l, size_t first)
{
    const size_t left = l->count - first;
    const size_t wanted = stria_size_max(9, stria_size_min(MOST_ROWS, (l->count + 4) / 5));
    const size_t columns = stria_size_pieces(left, wanted), rows = stria_size_pieces(left, columns);
    if (columns == 1 || l->count <= 12)
        return l->count;
    size_t best = first + rows;
    for (size_t end = best; end > first + rows * 3 / 5; end--) {
        if (l->crossing[end - 1] < l->crossing[best - 1])
            best = end;
    }
    return best;
}

/* ---- A column ---- */

/* A connection that does not go straight to the next box. Rows count from the column's first layer; -1 is
 * above it, the number of its layers below. */
typedef struct lane {
    size_t source;
    int first, last;
    size_t place; /* 0 is next to the boxes */
} lane;

typedef struct column {
    const layout *layout;
    stria_figure *figure;
    size_t first, end;
    lane *lanes; /* [lane_count] */
    size_t lane_count, places;
    size_t from, to;    /* labels above and below, of lanes */
    bool entered, left; /* by straight arrows */
    double top;
} column;

/* Whether a source's only use is the next layer. */
static bool is_straight(const layout *l, size_t source)
{
    return l->last[source] <= source + 1;
}

static bool takes(const stria_layer_info *layer, size_t source)
{
    for (size_t k = 0; k < layer->input_count; k++) {
        if (layer->inputs[k] == source)
            return true;
    }
    return false;
}

/* The last row of this column that takes `source`, but for the straight arrow; -1 when none does. */
static int last_row(const column *c, size_t source)
{
    int found = -1;
    for (size_t i = stria_size_max(c->first, source + 1); i < c->end; i++) {
        stria_layer_info layer;
        stria_model_layer(c->layout->model, i, &layer);
        if (takes(&layer, source) && !(i == source + 1 && i > c->first))
            found = (int)(i - c->first);
    }
    return found;
}

static void add_lane(column *c, size_t source)
{
    const layout *l = c->layout;
    const bool goes_on = l->last[source] >= c->end, comes_in = source < c->first;
    /* From the end of one column to the beginning of the next is straight too. */
    if (is_straight(l, source) && (goes_on || comes_in))
        return;
    const int last = goes_on ? (int)(c->end - c->first) : last_row(c, source);
    if (last < 0)
        return;
    c->lanes[c->lane_count++] =
        (lane){.source = source, .first = comes_in ? -1 : (int)(source - c->first), .last = last};
    c->from += comes_in;
    c->to += goes_on;
}

static bool overlap(const lane *a, const lane *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Short lanes first, each in the first place that is free along it. */
static void place_lanes(column *c)
{
    for (size_t i = 1; i < c->lane_count; i++) {
        const lane moved = c->lanes[i];
        size_t j = i;
        for (; j > 0 && c->lanes[j - 1].last - c->lanes[j - 1].first > moved.last - moved.first; j--)
            c->lanes[j] = c->lanes[j - 1];
        c->lanes[j] = moved;
    }
    for (size_t i = 0; i < c->lane_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (c->lanes[j].place == c->lanes[i].place && overlap(&c->lanes[i], &c->lanes[j])) {
                c->lanes[i].place++;
                j = (size_t)-1; /* look at all again */
            }
        }
        c->places = stria_size_max(c->places, c->lanes[i].place + 1);
    }
}

/* ---- Drawing ---- */

enum { CONVOLUTION, POOLING, DENSE, NORMALIZATION, OTHER };

static const stria_color family_colors[] = {STRIA_COLOR_SERIES, STRIA_COLOR_SERIES + 2,
                                            STRIA_COLOR_SERIES + 1, STRIA_COLOR_SERIES + 3,
                                            STRIA_COLOR_FAINT};

static size_t family_of(const char *kind)
{
    if (strstr(kind, "norm") != NULL)
        return NORMALIZATION;
    if (strstr(kind, "pool") != NULL)
        return POOLING;
    if (strstr(kind, "conv") != NULL || strcmp(kind, "s_cells") == 0)
        return CONVOLUTION;
    return strcmp(kind, "dense") == 0 || strcmp(kind, "embedding") == 0 ? DENSE : OTHER;
}

static double row_top(const column *c, int row)
{
    return c->top + ROW_HEIGHT * row;
}

static void draw_head(stria_figure *figure, double x, double y, double dx, double dy, stria_color color)
{
    const double points[] = {
        x, y, x - 5 * dx - 3 * dy, y - 5 * dy - 3 * dx, x - 5 * dx + 3 * dy, y - 5 * dy + 3 * dx};
    stria_figure_polyline(figure, points, 3, 1, &(stria_paint){.fill = color});
}

/* Whether an arrow goes straight into the column's first box, or out of its last, from or to a neighbouring
 * column. */
static bool is_entered(const column *c, size_t first)
{
    stria_layer_info layer;
    return first > 0 && stria_model_layer(c->layout->model, first, &layer) && takes(&layer, first - 1) &&
           is_straight(c->layout, first - 1);
}

static void draw_box(column *c, size_t index)
{
    stria_layer_info layer;
    stria_model_layer(c->layout->model, index, &layer);
    const double y = row_top(c, (int)(index - c->first)), right = LEFT + BOX_WIDTH - 6;
    char shape[STRIA_SHAPE_TEXT_SIZE], params[STRIA_NUMBER_SIZE], below[STRIA_NUMBER_SIZE + 16] = "";
    char label[STRIA_LABEL_SIZE], title[1024];
    stria_shape_text(&layer.output, shape, sizeof shape);
    if (layer.params > 0)
        stria_format(below, sizeof below, "%s params", stria_report_count(layer.params, params));
    stria_format(title, sizeof title, "%.500s: %s, %s params%s%.300s", layer.text, shape,
                 stria_report_count(layer.params, params), layer.shares != NULL ? " of " : "",
                 layer.shares != NULL ? layer.shares : "");
    stria_figure_box(c->figure, LEFT, y, BOX_WIDTH, BOX_HEIGHT,
                     &(stria_paint){.fill = STRIA_COLOR_PANEL, .stroke = STRIA_COLOR_FAINT, .title = title});
    stria_figure_box(c->figure, LEFT, y, 5, BOX_HEIGHT,
                     &(stria_paint){.fill = family_colors[family_of(layer.kind)]});
    const double shape_width = stria_text_width(shape, 10, false),
                 below_width = stria_text_width(below, 10, false);
    stria_chart_label(label, layer.name, BOX_WIDTH - 24 - shape_width, 11, true);
    stria_figure_text(c->figure, LEFT + 11, y + 14, label, &(stria_lettering){.size = 11, .bold = 1});
    stria_chart_label(label, stria_report_layer_text(&layer), BOX_WIDTH - 24 - below_width, 10, false);
    stria_figure_text(c->figure, LEFT + 11, y + 27, label,
                      &(stria_lettering){.size = 10, .color = STRIA_COLOR_SOFT, .title = title});
    const stria_lettering at_right = {.size = 10, .anchor = STRIA_ANCHOR_END, .color = STRIA_COLOR_SOFT};
    stria_figure_text(c->figure, right, y + 14, shape, &at_right);
    stria_figure_text(c->figure, right, y + 27, below, &at_right);
    if (index > 0 && takes(&layer, index - 1) && (index > c->first || is_entered(c, index))) {
        const double x = LEFT + 24;
        stria_figure_line(c->figure, x, y - (ROW_HEIGHT - BOX_HEIGHT), x, y - 4,
                          &(stria_paint){.stroke = STRIA_COLOR_SOFT});
        draw_head(c->figure, x, y, 0, 1, STRIA_COLOR_SOFT);
    }
}

static void draw_label(column *c, double x, double y, const char *word, size_t layer, stria_anchor anchor)
{
    stria_layer_info info;
    char text[STRIA_LABEL_SIZE], label[STRIA_LABEL_SIZE];
    stria_model_layer(c->layout->model, layer, &info);
    stria_format(text, sizeof text, "%s %.120s", word, info.name);
    stria_chart_label(label, text, BOX_WIDTH - 40, 10, false);
    stria_figure_text(c->figure, x, y, label,
                      &(stria_lettering){.size = 10, .anchor = anchor, .color = STRIA_COLOR_SOFT});
}

/* The first layer behind the column that takes `source`. */
static size_t first_use(const column *c, size_t source)
{
    stria_layer_info layer;
    size_t i = c->end;
    while (stria_model_layer(c->layout->model, i, &layer) && !takes(&layer, source))
        i++;
    return i;
}

static void draw_lane(column *c, const lane *drawn, size_t *from, size_t *to)
{
    const int rows = (int)(c->end - c->first);
    const double edge = LEFT + BOX_WIDTH, x = edge + 8 + LANE * (double)drawn->place;
    const stria_color color = STRIA_COLOR_SERIES + (stria_color)(drawn->place % 4);
    const stria_paint paint = {.stroke = color, .width = 1.5};
    double begin, end = 0;
    if (drawn->first < 0) {
        begin = LABEL_HEIGHT * (double)(*from)++ + 8;
        stria_figure_line(c->figure, x - 4, begin, x, begin, &paint);
        draw_label(c, x - 7, begin + 3, "from", drawn->source, STRIA_ANCHOR_END);
    } else {
        begin = row_top(c, drawn->first) + BOX_HEIGHT * 0.7;
        stria_figure_line(c->figure, edge, begin, x, begin, &paint);
    }
    for (int row = drawn->first + 1; row < rows; row++) {
        stria_layer_info layer;
        stria_model_layer(c->layout->model, c->first + (size_t)row, &layer);
        const bool straight = row > 0 && drawn->source + 1 == c->first + (size_t)row;
        if (!takes(&layer, drawn->source) || straight)
            continue;
        end = row_top(c, row) + BOX_HEIGHT * 0.3;
        stria_figure_line(c->figure, x, end, edge + 4, end, &paint);
        draw_head(c->figure, edge, end, -1, 0, color);
    }
    if (drawn->last == rows) {
        end = row_top(c, rows) - (ROW_HEIGHT - BOX_HEIGHT) + LABEL_HEIGHT * (double)((*to)++ + c->left) + 10;
        stria_figure_line(c->figure, x - 4, end, x, end, &paint);
        draw_label(c, x - 7, end + 3, "to", first_use(c, drawn->source), STRIA_ANCHOR_END);
    }
    stria_figure_line(c->figure, x, begin, x, end, &paint);
}

static stria_status draw_column(column *c, stria_context *context, stria_error *err)
{
    const size_t rows = c->end - c->first;
    for (size_t source = 0; source < c->end; source++)
        add_lane(c, source);
    place_lanes(c);
    c->entered = is_entered(c, c->first);
    c->left = c->end < c->layout->count && is_entered(c, c->end);
    const double above = LABEL_HEIGHT * (double)(c->from) + (c->entered || c->from > 0 ? 16 : 4);
    const double below = LABEL_HEIGHT * (double)(c->to) + (c->left || c->to > 0 ? 20 : 4) +
                         (c->left && c->to > 0 ? LABEL_HEIGHT : 0);
    c->top = above;
    STRIA_TRY(stria_figure_create(&c->figure, context, LEFT + BOX_WIDTH + 12 + LANE * (double)c->places,
                                  above + ROW_HEIGHT * (double)rows - (ROW_HEIGHT - BOX_HEIGHT) + below,
                                  err));
    for (size_t i = c->first; i < c->end; i++)
        draw_box(c, i);
    size_t from = 0, to = 0;
    for (size_t i = 0; i < c->lane_count; i++)
        draw_lane(c, &c->lanes[i], &from, &to);
    if (c->entered)
        draw_label(c, LEFT + 34, above - 4, "from", c->first - 1, STRIA_ANCHOR_START);
    if (c->left) {
        const double x = LEFT + 24, y = row_top(c, (int)rows) - (ROW_HEIGHT - BOX_HEIGHT);
        stria_figure_line(c->figure, x, y, x, y + 12, &(stria_paint){.stroke = STRIA_COLOR_SOFT});
        draw_head(c->figure, x, y + 16, 0, 1, STRIA_COLOR_SOFT);
        draw_label(c, LEFT + 34, y + 14, "to", c->end, STRIA_ANCHOR_START);
    }
    return STRIA_OK;
}

/* ---- All columns ---- */

static stria_status add_legend(stria_report *report, stria_error *err)
{
    static const char *const names[] = {"convolution", "pooling", "dense", "normalization", "other"};
    stria_figure *figure;
    STRIA_TRY(stria_figure_create(&figure, report->context, 380, 20, err));
    double x = LEFT;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        stria_figure_box(figure, x, 4, 5, 14, &(stria_paint){.fill = family_colors[i]});
        stria_figure_text(figure, x + 10, 15, names[i],
                          &(stria_lettering){.size = 11, .color = STRIA_COLOR_SOFT});
        x += 26 + stria_text_width(names[i], 11, 0);
    }
    return stria_page_figure(&report->page, figure, "Colours of the graph", err);
}

static stria_status add_columns(stria_report *report, const layout *l, lane *lanes, stria_error *err)
{
    stria_page_add(&report->page, "<div class=\"flow\">\n");
    for (size_t first = 0; first < l->count;) {
        column c = {.layout = l, .first = first, .end = column_end(l, first), .lanes = lanes};
        char title[64];
        STRIA_TRY(draw_column(&c, report->context, err));
        stria_format(title, sizeof title, "Graph of layers %zu to %zu", c.first + 1, c.end);
        STRIA_TRY(stria_page_figure(&report->page, c.figure, title, err));
        first = c.end;
    }
    stria_page_add(&report->page, "</div>\n");
    return STRIA_OK;
}

stria_status stria_report_graph(stria_report *report, stria_error *err)
{
    const stria_allocator *allocator = &report->context->allocator;
    layout l = {.model = report->model, .count = stria_model_layer_count(report->model)};
    stria_page_add(&report->page, "<h3>Graph</h3>\n");
    if (l.count > MOST_LAYERS) {
        stria_page_missing(&report->page,
                           "%zu layers are too many to draw; `stria summary MODEL --dot` writes the graph "
                           "for Graphviz.",
                           l.count);
        return STRIA_OK;
    }
    l.last = stria_allocate_array(allocator, l.count, sizeof *l.last);
    l.crossing = stria_allocate_array(allocator, l.count, sizeof *l.crossing);
    lane *lanes = stria_allocate_array(allocator, l.count, sizeof *lanes);
    stria_status status;
    if (l.last == NULL || l.crossing == NULL || lanes == NULL) {
        status = stria_fail_memory(err, l.count * sizeof *lanes);
    } else {
        find_uses(&l);
        status = add_legend(report, err);
        if (status == STRIA_OK)
            status = add_columns(report, &l, lanes, err);
    }
    stria_release(allocator, l.last);
    stria_release(allocator, l.crossing);
    stria_release(allocator, lanes);
    return status;
}
