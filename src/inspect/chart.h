/* Charts as figures: lines over epochs, stacked bars, confusion matrices. Axes have titles with their units
 * and ticks at round numbers; series differ by colour and by dashes, and every point, bar and cell tells its
 * numbers under the pointer. */
#ifndef STRIA_INSPECT_CHART_H
#define STRIA_INSPECT_CHART_H

#include <stdbool.h>

#include <stria/figure.h>

#define STRIA_CHART_SERIES 4

typedef struct stria_chart_series {
    const char *name;
    const double *values; /* [count]; what is not finite is left out */
} stria_chart_series;

/* Lines over a common x, which rises. */
typedef struct stria_line_chart {
    const char *title, *x_title, *y_title;
    const double *x; /* [count], at least one */
    size_t count;
    stria_chart_series series[STRIA_CHART_SERIES];
    size_t series_count;
    bool logarithmic;      /* the y axis, where all values are above 0 */
    double mark;           /* a vertical line at this x, called ... */
    const char *mark_name; /* ... so; NULL: none */
} stria_line_chart;

/* The caller frees the figure. Errors: MEMORY. */
stria_status stria_chart_lines(stria_figure **figure, stria_context *context, const stria_line_chart *chart,
                               stria_error *err);

/* A bar for each label, from left to right, of the series' values one behind the other. */
typedef struct stria_bar_chart {
    const char *title, *x_title; /* the title of the axis without its unit when there are bytes */
    bool bytes;                  /* values are bytes: the axis is in KB, MB ... of 1,024 */
    const char *const *labels;   /* [count] */
    size_t count;
    stria_chart_series series[STRIA_CHART_SERIES]; /* values at least 0 */
    size_t series_count;
    double width; /* of the figure; 0: 520 */
} stria_bar_chart;

/* As above. */
stria_status stria_chart_bars(stria_figure **figure, stria_context *context, const stria_bar_chart *chart,
                              stria_error *err);

/* Counts [classes, classes], rows the true classes, columns the predicted ones. */
typedef struct stria_confusion_chart {
    const int64_t *counts;
    const char *const *names; /* [classes] */
    size_t classes;           /* at least one */
} stria_confusion_chart;

/* Up to 16 classes have count and share in each cell; more have colours only, up to 200 of them; beyond,
 * neighbouring classes share a cell. As above. */
stria_status stria_chart_confusion(stria_figure **figure, stria_context *context,
                                   const stria_confusion_chart *chart, stria_error *err);

/* How many classes share a row or column of the chart: 1 up to 200. */
size_t stria_chart_confusion_bin(size_t classes);

/* ---- What figures of other kinds share ---- */

#define STRIA_LABEL_SIZE 160

/* Writes `text` to `label`, cut with an ellipsis to be at most `width` wide. Returns `label`. */
char *stria_chart_label(char label[STRIA_LABEL_SIZE], const char *text, double width, double size, bool bold);

/* Ticks at round numbers. */
#define STRIA_MAX_TICKS 24

typedef struct stria_ticks {
    double values[STRIA_MAX_TICKS];
    size_t count;
    int decimals;     /* that the values need; -1: as many as they have (logarithmic) */
    double low, high; /* the axis: from the first tick or before it to the last or behind it */
} stria_ticks;

/* About `wanted` ticks for values from low to high, low <= high, both finite; the axis begins and ends at a
 * tick. */
stria_ticks stria_ticks_linear(double low, double high, int wanted);

/* For values above 0. */
stria_ticks stria_ticks_logarithmic(double low, double high);

/* Writes the number at a tick. Returns `text`. */
char *stria_tick_text(const stria_ticks *ticks, double value, char text[40]);

#endif
