/* Orientation tuning: how strongly each filter of a layer answers to gratings of every direction.
 *
 * A grating is a sine wave over the plane. The answer of a linear filter to one that drifts through all
 * phases is a sine wave too, whose amplitude is the modulus of the filter's Fourier transform at the
 * grating's frequency and direction: R(f, t) = | sum over y, x of w[y,x] * exp(2 pi i f (x sin t + y cos t))
 * |, where t is the direction of the bars, from 0 (horizontal) anticlockwise, and w the sum over the
 * channels: gratings are grey. Of the frequencies up to half a wave per pixel each filter gets the one it
 * answers to best; of those that are within a hundredth of it, the one with the sharpest tuning. Selectivity
 * is the length of the mean of R as vectors of doubled angle, over the mean of R: 0 for no preference, 1 for
 * one direction only (Ringach, Shapley and Hawken, 2002). */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "inspect/filters.h"
#include "inspect/palette.h"

#define PI          3.14159265358979323846
#define FREQUENCIES 16
#define AS_GOOD     0.99

typedef double curve[STRIA_TUNING_ANGLES];

/* The filter's channels added up. */
static void flatten(const stria_filters *filters, size_t k, double *plane)
{
    const size_t channels = (size_t)filters->shape.sizes[1], pixels = filters->filter_size / channels;
    memset(plane, 0, pixels * sizeof *plane);
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < pixels; i++)
            plane[i] += (double)filters->values[k * filters->filter_size + c * pixels + i];
    }
}

static double answer(const double *plane, int64_t height, int64_t width, double frequency, double angle)
{
    double real = 0, imaginary = 0;
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            const double phase = 2 * PI * frequency * ((double)x * sin(angle) + (double)y * cos(angle));
            real += plane[y * width + x] * cos(phase);
            imaginary += plane[y * width + x] * sin(phase);
        }
    }
    return hypot(real, imaginary);
}

static double selectivity_of(const curve responses)
{
    double x = 0, y = 0, sum = 0;
    for (int a = 0; a < STRIA_TUNING_ANGLES; a++) {
        const double angle = 2 * PI * a / STRIA_TUNING_ANGLES; /* doubled: the angles are half a turn */
        x += responses[a] * cos(angle);
        y += responses[a] * sin(angle);
        sum += responses[a];
    }
    return sum > 0 ? hypot(x, y) / sum : 0;
}

static double best_of(const curve responses)
{
    double best = 0;
    for (int a = 0; a < STRIA_TUNING_ANGLES; a++)
        best = fmax(best, responses[a]);
    return best;
}

static void tune(const double *plane, int64_t height, int64_t width, stria_tuning *tuning)
{
    curve curves[FREQUENCIES];
    const double lowest = 0.5 / (double)(height > width ? height : width);
    double best = 0;
    for (int f = 0; f < FREQUENCIES; f++) {
        const double frequency = lowest + (0.5 - lowest) * f / (FREQUENCIES - 1);
        for (int a = 0; a < STRIA_TUNING_ANGLES; a++)
            curves[f][a] = answer(plane, height, width, frequency, PI * a / STRIA_TUNING_ANGLES);
        best = fmax(best, best_of(curves[f]));
    }
    tuning->selectivity = -1;
    for (int f = 0; f < FREQUENCIES; f++) {
        const double selectivity = selectivity_of(curves[f]);
        if (best_of(curves[f]) < AS_GOOD * best || selectivity <= tuning->selectivity)
            continue;
        tuning->selectivity = selectivity;
        tuning->frequency = lowest + (0.5 - lowest) * f / (FREQUENCIES - 1);
        memcpy(tuning->responses, curves[f], sizeof curves[f]);
    }
    int preferred = 0;
    for (int a = 1; a < STRIA_TUNING_ANGLES; a++)
        preferred = tuning->responses[a] > tuning->responses[preferred] ? a : preferred;
    tuning->preferred = 180.0 * preferred / STRIA_TUNING_ANGLES;
    tuning->strongest = tuning->responses[preferred];
}

stria_status stria_filters_tune(const stria_filters *filters, stria_tuning *tunings, stria_error *err)
{
    const int64_t height = filters->shape.sizes[2], width = filters->shape.sizes[3];
    const stria_allocator *allocator = &filters->context->allocator;
    if (height < 2 || width < 2)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the kernels of layer '%s' are %lldx%lld: they have no direction", filters->layer,
                          (long long)height, (long long)width);
    double *plane = stria_allocate_array(allocator, (size_t)(height * width), sizeof *plane);
    if (plane == NULL)
        return stria_fail_memory(err, (size_t)(height * width) * sizeof *plane);
    for (size_t k = 0; k < (size_t)filters->shape.sizes[0]; k++) {
        flatten(filters, k, plane);
        tune(plane, height, width, &tunings[k]);
    }
    stria_release(allocator, plane);
    return STRIA_OK;
}

/* ---- Charts ---- */

#define MARGIN      16.0
#define CELL_WIDTH  172.0
#define CELL_HEIGHT 128.0
#define PLOT_LEFT   34.0 /* within the cell */
#define PLOT_TOP    24.0
#define PLOT_WIDTH  126.0
#define PLOT_HEIGHT 74.0
#define MOST_CHARTS 96
#define COLUMNS     6

static void put_axes(stria_figure *figure, double left, double top, const stria_tuning *tuning)
{
    const stria_lettering small = {.size = 9, .anchor = STRIA_ANCHOR_MIDDLE, .color = STRIA_COLOR_SOFT};
    const stria_lettering right = {.size = 9, .anchor = STRIA_ANCHOR_END, .color = STRIA_COLOR_SOFT};
    char text[32];
    stria_figure_box(figure, left, top, PLOT_WIDTH, PLOT_HEIGHT,
                     &(stria_paint){.fill = STRIA_COLOR_PANEL, .stroke = STRIA_COLOR_FAINT});
    for (int angle = 0; angle <= 180; angle += 45) {
        const double x = left + PLOT_WIDTH * angle / 180;
        if (angle % 90 == 0) {
            stria_format(text, sizeof text, "%d°", angle);
            stria_figure_text(figure, x, top + PLOT_HEIGHT + 11, text, &small);
        }
        stria_figure_line(figure, x, top, x, top + PLOT_HEIGHT, &(stria_paint){.stroke = STRIA_COLOR_FAINT});
    }
    stria_format(text, sizeof text, "%.2g", tuning->strongest);
    stria_figure_text(figure, left - 4, top + 10, text, &right);
    stria_figure_text(figure, left - 4, top + PLOT_HEIGHT, "0", &right);
}

/* The curve, with the angle 0 once more at 180. */
static void put_curve(stria_figure *figure, double left, double top, const stria_tuning *tuning)
{
    double points[2 * (STRIA_TUNING_ANGLES + 1)];
    const double scale = tuning->strongest > 0 ? (PLOT_HEIGHT - 6) / tuning->strongest : 0;
    for (int a = 0; a <= STRIA_TUNING_ANGLES; a++) {
        points[2 * a] = left + PLOT_WIDTH * a / STRIA_TUNING_ANGLES;
        points[2 * a + 1] = top + PLOT_HEIGHT - scale * tuning->responses[a % STRIA_TUNING_ANGLES];
    }
    stria_figure_polyline(figure, points, STRIA_TUNING_ANGLES + 1, 0,
                          &(stria_paint){.stroke = STRIA_COLOR_SERIES, .width = 1.8});
    const double x = left + PLOT_WIDTH * tuning->preferred / 180;
    stria_figure_disc(figure, x, top + 6, 3, &(stria_paint){.fill = STRIA_COLOR_MARK});
}

/* The filter itself, its channels added up, as a small picture. */
static void put_kernel(stria_figure *figure, double x, double y, const double *plane, int64_t height,
                       int64_t width, uint8_t *bytes)
{
    double largest = 0;
    for (int64_t i = 0; i < height * width; i++)
        largest = fmax(largest, fabs(plane[i]));
    for (int64_t i = 0; i < height * width; i++)
        bytes[i] = stria_palette_byte((float)plane[i], -(float)largest, (float)largest);
    const stria_picture picture = {.height = height, .width = width, .channels = 1, .bytes = bytes};
    stria_figure_picture(figure, &picture, x, y, 20, 20, 0, NULL);
    stria_figure_box(figure, x - 0.5, y - 0.5, 21, 21, &(stria_paint){.stroke = STRIA_COLOR_FAINT});
}

static void put_charts(const stria_filters *filters, const stria_tuning *tunings, stria_figure *figure,
                       size_t shown, size_t columns, double *plane, uint8_t *bytes)
{
    char text[160];
    stria_format(text, sizeof text, "Orientation tuning of %s", filters->layer);
    stria_figure_text(figure, MARGIN, 30, text, &(stria_lettering){.size = 16, .bold = 1});
    stria_figure_text(figure, MARGIN, 48,
                      "answer to gratings by the direction of their bars: 0° lie, 90° stand",
                      &(stria_lettering){.size = 11, .color = STRIA_COLOR_SOFT});
    for (size_t k = 0; k < shown; k++) {
        const double left = MARGIN + (double)(k % columns) * CELL_WIDTH;
        const double top = 60 + (double)(k / columns) * CELL_HEIGHT;
        flatten(filters, k, plane);
        put_kernel(figure, left + PLOT_LEFT, top, plane, filters->shape.sizes[2], filters->shape.sizes[3],
                   bytes);
        stria_format(text, sizeof text, "%zu: %.0f°, selectivity %.2f", k, tunings[k].preferred,
                     tunings[k].selectivity);
        stria_figure_text(figure, left + PLOT_LEFT + 26, top + 14, text, &(stria_lettering){.size = 9});
        put_axes(figure, left + PLOT_LEFT, top + PLOT_TOP, &tunings[k]);
        put_curve(figure, left + PLOT_LEFT, top + PLOT_TOP, &tunings[k]);
    }
    if (shown < (size_t)filters->shape.sizes[0]) {
        stria_format(text, sizeof text, "The first %zu of %lld filters.", shown,
                     (long long)filters->shape.sizes[0]);
        stria_figure_text(figure, MARGIN, stria_figure_height(figure) - 12, text,
                          &(stria_lettering){.size = 11, .color = STRIA_COLOR_SOFT});
    }
}

stria_status stria_tuning_figure(const stria_filters *filters, const stria_tuning *tunings,
                                 stria_figure **figure, stria_error *err)
{
    const stria_allocator *allocator = &filters->context->allocator;
    const size_t shown = stria_size_min((size_t)filters->shape.sizes[0], MOST_CHARTS);
    const size_t columns =
        stria_size_min(COLUMNS, shown < 4 ? 3 : stria_size_pieces(shown, stria_size_pieces(shown, COLUMNS)));
    const size_t pixels = (size_t)(filters->shape.sizes[2] * filters->shape.sizes[3]);
    double *plane = stria_allocate_array(allocator, pixels, sizeof *plane);
    uint8_t *bytes = stria_allocate(allocator, pixels);
    stria_figure *made = NULL;
    stria_status status =
        plane == NULL || bytes == NULL
            ? stria_fail_memory(err, pixels * sizeof *plane)
            : stria_figure_create(&made, filters->context, 2 * MARGIN + (double)columns * CELL_WIDTH,
                                  60 + (double)stria_size_pieces(shown, columns) * CELL_HEIGHT + 20, err);
    if (status == STRIA_OK) {
        put_charts(filters, tunings, made, shown, columns, plane, bytes);
        *figure = made;
    }
    stria_release(allocator, plane);
    stria_release(allocator, bytes);
    return status;
}
