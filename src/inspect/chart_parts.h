/* The parts that charts are made of, shared by their files. */
#ifndef STRIA_INSPECT_CHART_PARTS_H
#define STRIA_INSPECT_CHART_PARTS_H

#include "inspect/chart.h"

#define STRIA_CHART_WIDTH 440.0
#define STRIA_CHART_TEXT  12.0 /* size of what is written along axes */

/* How the line of a series is drawn: colour and dashes. */
stria_paint stria_series_paint(size_t series);

/* The title at the top. */
void stria_chart_title(stria_figure *figure, double x, const char *title);

/* The names of the series below the title, with lines or boxes, in further rows where `width` is too small
 * for one. Returns where the chart begins under them. `figure` NULL: only measures. */
double stria_chart_legend(stria_figure *figure, double width, const stria_chart_series *series, size_t count,
                          bool boxes);

#endif
