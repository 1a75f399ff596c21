/* Line charts, and the parts that all charts are made of. See chart.h. */
#include "inspect/chart.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "formats/quote.h"
#include "inspect/chart_parts.h"

char *stria_chart_label(char label[STRIA_LABEL_SIZE], const char *text, double width, double size, bool bold)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t length = strlen(text), kept = 0;
    if (length < STRIA_LABEL_SIZE && stria_text_width(text, size, bold) <= width)
        return memcpy(label, text, length + 1);
    /* Longer and longer beginnings, in whole characters. */
    memcpy(label, ellipsis, sizeof ellipsis);
    for (size_t next = 0; next < length;) {
        const size_t character = stria_utf8_length(text + next, length - next);
        next += character > 0 ? character : 1;
        if (next + sizeof ellipsis > STRIA_LABEL_SIZE)
            break;
        memcpy(label, text, next);
        memcpy(label + next, ellipsis, sizeof ellipsis);
        if (stria_text_width(label, size, bold) > width)
            break;
        kept = next;
    }
    memcpy(label, text, kept);
    memcpy(label + kept, ellipsis, sizeof ellipsis);
    return label;
}

/* ---- Parts ---- */

stria_paint stria_series_paint(size_t series)
{
    return (stria_paint){
        .stroke = STRIA_COLOR_SERIES + (stria_color)series, .width = 2, .dashed = (int)series};
}

void stria_chart_title(stria_figure *figure, double x, const char *title)
{
    char label[STRIA_LABEL_SIZE];
    stria_chart_label(label, title, stria_figure_width(figure) - x, 14, true);
    stria_figure_text(figure, x, 16, label, &(stria_lettering){.size = 14, .bold = 1});
}

double stria_chart_legend(stria_figure *figure, double width, const stria_chart_series *series, size_t count,
                          bool boxes)
{
    double x = 2, y = 38;
    for (size_t s = 0; s < count; s++) {
        const double wide = 26 + stria_text_width(series[s].name, STRIA_CHART_TEXT, false) + 16;
        if (s > 0 && x + wide - 16 > width) {
            x = 2;
            y += 18;
        }
        const stria_paint paint = stria_series_paint(s);
        if (figure != NULL && boxes)
            stria_figure_box(figure, x, y - 9, 20, 10, &(stria_paint){.fill = paint.stroke});
        else if (figure != NULL)
            stria_figure_line(figure, x, y - 4, x + 20, y - 4, &paint);
        if (figure != NULL)
            stria_figure_text(figure, x + 26, y, series[s].name,
                              &(stria_lettering){.size = STRIA_CHART_TEXT});
        x += wide;
    }
    return y + 16;
}

/* ---- Lines ---- */

/* The chart's box in the figure, and the numbers along its sides. */
typedef struct frame {
    double left, top, width, height;
    double x_low, x_high;
    stria_ticks x, y;
    bool logarithmic;
} frame;

static double x_of(const frame *f, double value)
{
    return f->left + f->width * (value - f->x_low) / (f->x_high - f->x_low);
}

static double y_of(const frame *f, double value)
{
    const double share = f->logarithmic ? log(value / f->y.low) / log(f->y.high / f->y.low)
                                        : (value - f->y.low) / (f->y.high - f->y.low);
    return f->top + f->height * (1 - share);
}

static bool is_drawn(const stria_line_chart *chart, double value)
{
    return isfinite(value) && (!chart->logarithmic || value > 0) && fabs(value) < 1e100;
}

static void choose_axes(const stria_line_chart *chart, frame *f)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t s = 0; s < chart->series_count; s++) {
        for (size_t i = 0; i < chart->count; i++) {
            if (is_drawn(chart, chart->series[s].values[i])) {
                low = fmin(low, chart->series[s].values[i]);
                high = fmax(high, chart->series[s].values[i]);
            }
        }
    }
    if (low > high) { /* nothing to draw */
        low = chart->logarithmic ? 0.1 : 0;
        high = 1;
    }
    f->logarithmic = chart->logarithmic;
    if (!chart->logarithmic && low > 0 && (low <= high / 2 || low == high))
        low = 0; /* the axis begins at zero where that costs less than half of it, or one number needs a
                    measure */
    f->y = chart->logarithmic ? stria_ticks_logarithmic(low, high) : stria_ticks_linear(low, high, 5);
    f->x_low = chart->x[0];
    f->x_high = chart->x[chart->count - 1];
    if (f->x_high <= f->x_low) {
        f->x_low -= 1;
        f->x_high += 1;
    }
    f->x = stria_ticks_linear(f->x_low, f->x_high, (int)fmax(1, fmin(7, f->x_high - f->x_low)));
}

static void draw_axes(stria_figure *figure, const stria_line_chart *chart, const frame *f)
{
    static const stria_lettering right = {
        .size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_END, .color = STRIA_COLOR_SOFT};
    static const stria_lettering middle = {
        .size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE, .color = STRIA_COLOR_SOFT};
    char text[40];
    for (size_t i = 0; i < f->y.count; i++) {
        const double y = y_of(f, f->y.values[i]);
        stria_figure_line(figure, f->left, y, f->left + f->width, y,
                          &(stria_paint){.stroke = STRIA_COLOR_FAINT});
        stria_figure_text(figure, f->left - 7, y + 4, stria_tick_text(&f->y, f->y.values[i], text), &right);
    }
    const double bottom = f->top + f->height;
    for (size_t i = 0; i < f->x.count; i++) {
        const double value = f->x.values[i], x = x_of(f, value);
        if (value < f->x_low || value > f->x_high || value != floor(value)) /* epochs are whole */
            continue;
        stria_figure_line(figure, x, bottom, x, bottom + 4, &(stria_paint){.stroke = STRIA_COLOR_SOFT});
        stria_figure_text(figure, x, bottom + 17, stria_tick_text(&f->x, value, text), &middle);
    }
    stria_figure_line(figure, f->left, bottom, f->left + f->width, bottom,
                      &(stria_paint){.stroke = STRIA_COLOR_SOFT});
    stria_figure_text(figure, f->left + f->width / 2, bottom + 35, chart->x_title,
                      &(stria_lettering){.size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE});
    stria_figure_text(
        figure, 12, f->top + f->height / 2, chart->y_title,
        &(stria_lettering){.size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE, .upward = 1});
}

#define MOST_POINTS 1000 /* of a line: more than a figure has pixels */
#define MOST_DISCS  60

/* The pieces of a line between the values that are none. */
static void draw_series(stria_figure *figure, const stria_line_chart *chart, const frame *f, size_t series)
{
    double points[2 * MOST_POINTS];
    size_t held = 0;
    const double *values = chart->series[series].values;
    const stria_paint paint = stria_series_paint(series);
    const size_t step = (chart->count + MOST_POINTS - 2) / (MOST_POINTS - 1);
    for (size_t i = 0; i < chart->count;) {
        const bool drawn = is_drawn(chart, values[i]);
        if (drawn) {
            points[2 * held] = x_of(f, chart->x[i]);
            points[2 * held++ + 1] = y_of(f, values[i]);
        }
        const bool last = i + 1 == chart->count;
        if (!drawn || last) {
            if (held > 1)
                stria_figure_polyline(figure, points, held, 0, &paint);
            held = 0;
        }
        if (drawn && chart->count <= MOST_DISCS) {
            char title[STRIA_LABEL_SIZE];
            stria_format(title, sizeof title, "%s %.10g: %s %.6g", chart->x_title, chart->x[i],
                         chart->series[series].name, values[i]);
            stria_figure_disc(figure, x_of(f, chart->x[i]), y_of(f, values[i]), 3,
                              &(stria_paint){.fill = paint.stroke, .title = title});
        }
        i = last ? chart->count : i + step < chart->count ? i + step : chart->count - 1;
    }
}

stria_status stria_chart_lines(stria_figure **figure, stria_context *context, const stria_line_chart *chart,
                               stria_error *err)
{
    frame f = {.top = 54, .height = 196};
    char text[40];
    double labels = 0;
    choose_axes(chart, &f);
    for (size_t i = 0; i < f.y.count; i++) {
        stria_tick_text(&f.y, f.y.values[i], text);
        labels = fmax(labels, stria_text_width(text, STRIA_CHART_TEXT, false));
    }
    f.left = ceil(labels) + 30;
    f.width = STRIA_CHART_WIDTH - 14 - f.left;
    stria_figure *made = NULL;
    const stria_status status =
        stria_figure_create(&made, context, STRIA_CHART_WIDTH, f.top + f.height + 44, err);
    if (status != STRIA_OK)
        return status;
    stria_chart_title(made, 2, chart->title);
    stria_chart_legend(made, STRIA_CHART_WIDTH, chart->series, chart->series_count, false);
    draw_axes(made, chart, &f);
    if (chart->mark_name != NULL && chart->mark >= f.x_low && chart->mark <= f.x_high) {
        const double x = x_of(&f, chart->mark);
        const bool is_right = x > f.left + f.width / 2;
        const double *first = chart->series[0].values;
        const bool falls = first[0] > first[chart->count - 1]; /* the name stands where the lines are not */
        stria_figure_line(made, x, f.top, x, f.top + f.height,
                          &(stria_paint){.stroke = STRIA_COLOR_SOFT, .dashed = 2});
        stria_figure_text(made, is_right ? x - 5 : x + 5, falls ? f.top + 12 : f.top + f.height - 6,
                          chart->mark_name,
                          &(stria_lettering){.size = 11,
                                             .anchor = is_right ? STRIA_ANCHOR_END : STRIA_ANCHOR_START,
                                             .color = STRIA_COLOR_SOFT});
    }
    for (size_t s = 0; s < chart->series_count; s++)
        draw_series(made, chart, &f, s);
    *figure = made;
    return STRIA_OK;
}
