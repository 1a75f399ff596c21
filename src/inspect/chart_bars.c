/* Bar charts: a row for each label, the series' values stacked in it. See chart.h. */
#include <math.h>

#include "base/text.h"
#include "inspect/chart_parts.h"

#define ROW        20.0
#define BAR        12.0
#define MOST_LABEL 170.0

/* The unit of bytes that gives the axis numbers below 1,024. */
static double unit_of(double largest, const char **name)
{
    static const char *const names[] = {"bytes", "KB", "MB", "GB", "TB"};
    double unit = 1;
    size_t n = 0;
    for (; n + 1 < sizeof names / sizeof names[0] && largest / unit >= 1024; n++)
        unit *= 1024;
    *name = names[n];
    return unit;
}

static double value_at(const stria_bar_chart *chart, size_t series, size_t row)
{
    const double value = chart->series[series].values[row];
    return isfinite(value) && value > 0 ? value : 0;
}

static double total_of(const stria_bar_chart *chart, size_t row)
{
    double sum = 0;
    for (size_t s = 0; s < chart->series_count; s++)
        sum += value_at(chart, s, row);
    return sum;
}

/* A value with its unit: "241 KB", "0.5", "61,706". */
static void value_text(const stria_bar_chart *chart, double value, char text[40])
{
    if (chart->bytes) {
        const char *name;
        const double unit = unit_of(value, &name);
        stria_format(text, 40, unit > 1 ? "%.2f %s" : "%.0f %s", value / unit, name);
    } else {
        stria_format(text, 40, "%.6g", value);
    }
}

static void draw_row(stria_figure *figure, const stria_bar_chart *chart, size_t row, double left, double top,
                     double pixels)
{
    char label[STRIA_LABEL_SIZE], text[40];
    stria_chart_label(label, chart->labels[row], MOST_LABEL, STRIA_CHART_TEXT, false);
    stria_figure_text(figure, left - 8, top + BAR - 2, label,
                      &(stria_lettering){
                          .size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_END, .title = chart->labels[row]});
    double at = left;
    for (size_t s = 0; s < chart->series_count; s++) {
        const double value = value_at(chart, s, row), width = value * pixels;
        char title[2 * STRIA_LABEL_SIZE];
        if (value == 0)
            continue;
        value_text(chart, value, text);
        stria_format(title, sizeof title, "%s, %s: %s", label, chart->series[s].name, text);
        const stria_paint paint = {.fill = STRIA_COLOR_SERIES + (stria_color)s, .title = title};
        stria_figure_box(figure, at, top, fmax(width, 0.5), BAR, &paint);
        at += width;
    }
    value_text(chart, total_of(chart, row), text);
    stria_figure_text(figure, at + 5, top + BAR - 2, text,
                      &(stria_lettering){.size = 11, .color = STRIA_COLOR_SOFT});
}

stria_status stria_chart_bars(stria_figure **figure, stria_context *context, const stria_bar_chart *chart,
                              stria_error *err)
{
    double largest = 0, labels = 0;
    char label[STRIA_LABEL_SIZE], title[STRIA_LABEL_SIZE], text[40];
    for (size_t i = 0; i < chart->count; i++) {
        largest = fmax(largest, total_of(chart, i));
        stria_chart_label(label, chart->labels[i], MOST_LABEL, STRIA_CHART_TEXT, false);
        labels = fmax(labels, stria_text_width(label, STRIA_CHART_TEXT, false));
    }
    const char *unit_name = "";
    const double unit = chart->bytes ? unit_of(largest, &unit_name) : 1;
    const stria_ticks ticks = stria_ticks_linear(0, largest > 0 ? largest / unit : 1, 5);
    const double width = chart->width > 0 ? chart->width : 520, left = ceil(labels) + 12;
    const double right = width - 78; /* room for the number behind the longest bar */
    const double pixels = (right - left) / (ticks.high * unit);
    const bool many = chart->series_count > 1;
    const double top = many ? stria_chart_legend(NULL, width, chart->series, chart->series_count, true) : 30;
    const double bottom = top + ROW * (double)chart->count;
    stria_figure *made = NULL;
    const stria_status status = stria_figure_create(&made, context, width, bottom + 42, err);
    if (status != STRIA_OK)
        return status;
    stria_chart_title(made, 2, chart->title);
    if (many)
        stria_chart_legend(made, width, chart->series, chart->series_count, true);
    for (size_t i = 0; i < ticks.count; i++) {
        const double x = left + ticks.values[i] * unit * pixels;
        stria_figure_line(made, x, top, x, bottom, &(stria_paint){.stroke = STRIA_COLOR_FAINT});
        stria_figure_text(made, x, bottom + 16, stria_tick_text(&ticks, ticks.values[i], text),
                          &(stria_lettering){.size = STRIA_CHART_TEXT,
                                             .anchor = STRIA_ANCHOR_MIDDLE,
                                             .color = STRIA_COLOR_SOFT});
    }
    for (size_t i = 0; i < chart->count; i++)
        draw_row(made, chart, i, left, top + ROW * (double)i + (ROW - BAR) / 2, pixels);
    stria_figure_line(made, left, top, left, bottom, &(stria_paint){.stroke = STRIA_COLOR_SOFT});
    stria_format(title, sizeof title, chart->bytes ? "%s, in %s" : "%s", chart->x_title, unit_name);
    stria_figure_text(made, (left + right) / 2, bottom + 34, title,
                      &(stria_lettering){.size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE});
    *figure = made;
    return STRIA_OK;
}
