/* Confusion matrices: true classes down, predicted ones across. The strength of a cell is the square root of
 * its share of its row, so that a few mistakes among many are seen; the diagonal has another colour. See
 * chart.h. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "inspect/chart_parts.h"

#define WRITTEN_CLASSES 16  /* with count and share in each cell */
#define NAMED_CLASSES   120 /* with a name at each row */
#define BOXED_CLASSES                                                                                        \
    60 /* each cell a box of its own, which tells its numbers; more are the pixels of a picture */
#define DRAWN_CLASSES 200
#define MOST_LABEL    150.0
#define RIGHT         STRIA_COLOR_SERIES /* of the diagonal */
#define WRONG         (STRIA_COLOR_SERIES + 1)

size_t stria_chart_confusion_bin(size_t classes)
{
    return stria_size_pieces(classes, DRAWN_CLASSES);
}

/* What is drawn: the counts, of bins of classes when there are too many. */
typedef struct matrix {
    const stria_confusion_chart *chart;
    size_t bin, cells;      /* classes in a cell; cells in a row */
    int64_t *counts;        /* [cells, cells] */
    int64_t *sums;          /* [cells] of the rows */
    double left, top, size; /* of the drawing; size of a cell */
} matrix;

static void count_cells(matrix *m)
{
    const size_t classes = m->chart->classes;
    for (size_t i = 0; i < classes; i++) {
        for (size_t j = 0; j < classes; j++) {
            const int64_t count = m->chart->counts[i * classes + j];
            m->counts[i / m->bin * m->cells + j / m->bin] += count;
            m->sums[i / m->bin] += count;
        }
    }
}

static double share_of(const matrix *m, size_t row, size_t column)
{
    return m->sums[row] > 0 ? (double)m->counts[row * m->cells + column] / (double)m->sums[row] : 0;
}

/* The name of a row: its class, or the first and last of its bin. */
static char *row_name(const matrix *m, size_t row, double size, char label[STRIA_LABEL_SIZE])
{
    const char *const *names = m->chart->names;
    const size_t first = row * m->bin, last = stria_size_min(first + m->bin, m->chart->classes) - 1;
    if (m->bin == 1)
        return stria_chart_label(label, names[first], MOST_LABEL, size, false);
    char range[64];
    stria_format(range, sizeof range, "%zu to %zu", first, last);
    return stria_chart_label(label, range, MOST_LABEL, size, false);
}

static void draw_cell(stria_figure *figure, const matrix *m, size_t row, size_t column)
{
    const int64_t count = m->counts[row * m->cells + column];
    const double x = m->left + m->size * (double)column, y = m->top + m->size * (double)row;
    const double share = share_of(m, row, column);
    const bool written = m->cells <= WRITTEN_CLASSES;
    const double gap = m->size > 6 ? 1 : 0;
    if (count > 0) {
        char title[3 * STRIA_LABEL_SIZE], from[STRIA_LABEL_SIZE], to[STRIA_LABEL_SIZE];
        stria_format(title, sizeof title, "%s taken for %s: %lld, %.2f %% of %lld",
                     row_name(m, row, 12, from), row_name(m, column, 12, to), (long long)count, share * 100,
                     (long long)m->sums[row]);
        stria_figure_box(figure, x, y, m->size - gap, m->size - gap,
                         &(stria_paint){.fill = row == column ? RIGHT : WRONG,
                                        .opacity = fmax(0.06, sqrt(share) * (written ? 0.6 : 1)),
                                        .title = title});
    }
    if (written) {
        char text[40];
        const stria_lettering large = {.size = 12,
                                       .anchor = STRIA_ANCHOR_MIDDLE,
                                       .bold = row == column,
                                       .color = count > 0 ? STRIA_COLOR_INK : STRIA_COLOR_SOFT};
        const stria_lettering small = {.size = 9, .anchor = STRIA_ANCHOR_MIDDLE, .color = STRIA_COLOR_INK};
        const double middle = x + (m->size - gap) / 2;
        stria_format(text, sizeof text, "%lld", (long long)count);
        stria_figure_text(figure, middle, y + m->size / 2 - (count > 0 ? 1 : -4), text, &large);
        if (count > 0) {
            stria_format(text, sizeof text, "%.1f %%", share * 100);
            stria_figure_text(figure, middle, y + m->size / 2 + 12, text, &small);
        }
    }
}

/* All cells as one picture with a pixel for each, which lets the page shine through. */
static stria_status draw_picture(stria_figure *figure, stria_context *context, const matrix *m,
                                 stria_error *err)
{
    static const uint8_t colours[2][3] = {{0xE0, 0x77, 0x1A}, {0x2B, 0x83, 0xBA}};
    stria_picture picture = {0};
    STRIA_TRY(stria_picture_create(&picture, context, (int64_t)m->cells, (int64_t)m->cells, 4, err));
    for (size_t i = 0; i < m->cells; i++) {
        for (size_t j = 0; j < m->cells; j++) {
            uint8_t *pixel = picture.bytes + 4 * (i * m->cells + j);
            const double share = share_of(m, i, j);
            memcpy(pixel, colours[i == j], 3);
            pixel[3] = (uint8_t)(share > 0 ? fmax(24, 255 * sqrt(share)) : 0);
        }
    }
    const double side = m->size * (double)m->cells;
    stria_figure_picture(figure, &picture, m->left, m->top, side, side, 0, NULL);
    stria_picture_free(&picture, context);
    return STRIA_OK;
}

static void draw_names(stria_figure *figure, const matrix *m, double size)
{
    for (size_t i = 0; i < m->cells; i++) {
        char label[STRIA_LABEL_SIZE];
        const double at = m->size * ((double)i + 0.5);
        row_name(m, i, size, label);
        stria_figure_text(figure, m->left - 5, m->top + at + size / 3, label,
                          &(stria_lettering){.size = size, .anchor = STRIA_ANCHOR_END});
        /* Read from below, the names of the columns end at the matrix. */
        stria_figure_text(figure, m->left + at + size / 3, m->top - 5, label,
                          &(stria_lettering){.size = size, .upward = 1});
    }
}

/* The strengths of some shares, below the matrix. */
static void draw_scale(stria_figure *figure, const matrix *m, double y)
{
    static const double shares[] = {0.01, 0.05, 0.2, 0.5, 1};
    const double strength = m->cells <= WRITTEN_CLASSES ? 0.6 : 1;
    for (size_t kind = 0; kind < 2; kind++) {
        const double row = y + 18 * (double)kind;
        double x = 4;
        stria_figure_text(figure, x, row + 10, kind == 0 ? "found" : "taken for another",
                          &(stria_lettering){.size = 11});
        x += 112;
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
            char text[16];
            stria_format(text, sizeof text, "%.0f %%", shares[i] * 100);
            stria_figure_box(
                figure, x, row, 14, 12,
                &(stria_paint){.fill = kind == 0 ? RIGHT : WRONG, .opacity = sqrt(shares[i]) * strength});
            stria_figure_text(figure, x + 18, row + 10, text,
                              &(stria_lettering){.size = 11, .color = STRIA_COLOR_SOFT});
            x += 62;
        }
    }
}

static stria_status draw(stria_figure **figure, stria_context *context, matrix *m, stria_error *err)
{
    const bool named = m->cells <= NAMED_CLASSES;
    m->size = m->cells <= WRITTEN_CLASSES ? 46 : m->cells <= 40 ? 18 : m->cells <= NAMED_CLASSES ? 9 : 5;
    const double letters = m->size >= 18 ? 12 : 8;
    double labels = 0;
    char label[STRIA_LABEL_SIZE];
    for (size_t i = 0; i < m->cells && named; i++)
        labels = fmax(labels, stria_text_width(row_name(m, i, letters, label), letters, false));
    m->left = 26 + labels + 6;
    m->top = 50 + labels + 6;
    const double side = m->size * (double)m->cells, bottom = m->top + side;
    stria_figure *made = NULL;
    stria_status status =
        stria_figure_create(&made, context, fmax(m->left + side + 12, STRIA_CHART_WIDTH), bottom + 58, err);
    if (status != STRIA_OK)
        return status;
    stria_chart_title(made, 2, "Confusion matrix");
    stria_figure_text(made, m->left + side / 2, 40, "predicted class",
                      &(stria_lettering){.size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE});
    stria_figure_text(
        made, 14, m->top + side / 2, "true class",
        &(stria_lettering){.size = STRIA_CHART_TEXT, .anchor = STRIA_ANCHOR_MIDDLE, .upward = 1});
    stria_figure_box(made, m->left - 1, m->top - 1, side + 1, side + 1,
                     &(stria_paint){.stroke = STRIA_COLOR_FAINT});
    for (size_t i = 0; i < m->cells && m->cells <= BOXED_CLASSES; i++) {
        for (size_t j = 0; j < m->cells; j++)
            draw_cell(made, m, i, j);
    }
    if (m->cells > BOXED_CLASSES)
        status = draw_picture(made, context, m, err);
    if (named)
        draw_names(made, m, letters);
    draw_scale(made, m, bottom + 16);
    if (status != STRIA_OK) {
        stria_figure_free(made);
        return status;
    }
    *figure = made;
    return STRIA_OK;
}

stria_status stria_chart_confusion(stria_figure **figure, stria_context *context,
                                   const stria_confusion_chart *chart, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    matrix m = {.chart = chart, .bin = stria_chart_confusion_bin(chart->classes)};
    m.cells = stria_size_pieces(chart->classes, m.bin);
    m.counts = stria_allocate_array(allocator, m.cells * m.cells, sizeof *m.counts);
    m.sums = stria_allocate_array(allocator, m.cells, sizeof *m.sums);
    stria_status status;
    if (m.counts == NULL || m.sums == NULL) {
        status = stria_fail_memory(err, m.cells * m.cells * sizeof *m.counts);
    } else {
        count_cells(&m);
        status = draw(figure, context, &m, err);
    }
    stria_release(allocator, m.counts);
    stria_release(allocator, m.sums);
    return status;
}
