/* Winner-take-all learning of S-cells (Fukushima, "Neocognitron", Biological Cybernetics 36, 1980, section
 * 3).
 *
 * Of all cells of a layer that answer to a pattern the strongest is a winner; it bars the cells of its own
 * plane and those in a square around it, and the strongest of the others is the next. All cells of a winner's
 * plane then learn what the winner saw:
 *     da[t,c] = q * w[t] * x[t,c]     db = q * v
 * Where a pattern is strong and no cell answers, a plane that has learned nothing yet takes the feature
 * there, by the same equations: the 1980 paper gives such planes small random weights, so that they win where
 * nobody else answers; here they are silent and the rule is explicit, as "add-if-silent" of Fukushima,
 * "Artificial vision by multi-layered neural networks: Neocognitron and its advances", Neural Networks 37
 * (2013). One plane at most begins with each pattern, so that the planes come from many patterns.
 *
 * Cells answer by `learning_selectivity`, which is above the selectivity they work with later (Fukushima,
 * "Neocognitron for handwritten digit recognition", Neurocomputing 51, 2003): planes learn to tell apart more
 * than they will have to. */
#include "train/winner.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "kernels/cells.h"

#define NOWHERE ((size_t)-1)

stria_status stria_winner_make(stria_winner *winner, const stria_context *context, const stria_s_cells *cells,
                               const stria_learning_rule *rule, float *kernel, float *inhibition,
                               stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    const size_t places = stria_size_volume(cells->window.out),
                 taps = stria_size_volume(cells->window.kernel);
    const size_t pixels = stria_size_volume(cells->window.in);
    *winner = (stria_winner){
        .context = context,
        .cells = *cells,
        .rule = *rule,
        .kernel = kernel,
        .inhibition = inhibition,
        .places = places,
        .fixed = stria_allocate_floats(allocator, taps),
        .power = stria_allocate_floats(allocator, pixels),
        .v = stria_allocate_floats(allocator, places),
        .taken = stria_allocate_array(allocator, places, sizeof(bool)),
        .best = stria_allocate_array(allocator, cells->planes, sizeof(size_t)),
    };
    size_t answers;
    if (stria_size_multiply(places, cells->planes, &answers))
        winner->u = stria_allocate_floats(allocator, answers);
    if (winner->fixed == NULL || winner->power == NULL || winner->v == NULL || winner->taken == NULL ||
        winner->best == NULL || winner->u == NULL)
        return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory: learning needs %zu answers of %zu planes",
                          places, cells->planes);
    stria_cells_weights(&cells->window, cells->decay, 1.0 / (double)cells->channels, winner->fixed);
    for (size_t k = 0; k < cells->planes; k++)
        if (inhibition[k] > 0)
            winner->used = k + 1;
    return STRIA_OK;
}

void stria_winner_free(stria_winner *winner)
{
    if (winner->context == NULL)
        return;
    const stria_allocator *allocator = &winner->context->allocator;
    stria_release(allocator, winner->fixed);
    stria_release(allocator, winner->power);
    stria_release(allocator, winner->v);
    stria_release(allocator, winner->u);
    stria_release(allocator, winner->taken);
    stria_release(allocator, winner->best);
}

/* ---- Answers ---- */

static void answer(stria_winner *winner, const float *x)
{
    const stria_s_cells *s = &winner->cells;
    stria_pool *pool = winner->context->pool;
    const stria_cells_blur blur = {.window = &s->window, .weights = winner->fixed, .channels = 1, .batch = 1};
    const stria_cells_response response = {
        .rows = winner->places,
        .planes = s->planes,
        .selectivity = (float)s->learning_selectivity,
        .inhibition = winner->inhibition,
        .v = winner->v,
    };
    stria_cells_power(x, stria_size_volume(s->window.in), s->channels, winner->power, pool);
    stria_cells_blur_forward(&blur, winner->power, winner->v, pool);
    stria_cells_root(winner->v, winner->places, pool);
    stria_cells_excite(&s->window, s->channels, s->planes, winner->used, x, winner->kernel, winner->u, pool);
    stria_cells_respond(&response, winner->u, winner->u, pool);
}

/* ---- Learning ---- */

/* The input pixel that `place` sees through tap `t`; false when it is padding. */
static bool input_of(const stria_window *w, size_t place, size_t t, size_t *pixel)
{
    size_t at[3];
    const size_t from[3] = {place / (w->out[1] * w->out[2]), place / w->out[2] % w->out[1],
                            place % w->out[2]};
    const size_t tap[3] = {t / (w->kernel[1] * w->kernel[2]), t / w->kernel[2] % w->kernel[1],
                           t % w->kernel[2]};
    for (int a = 0; a < 3; a++) {
        const size_t shifted = from[a] * w->stride[a] + tap[a];
        if (shifted < w->before[a] || shifted - w->before[a] >= w->in[a])
            return false;
        at[a] = shifted - w->before[a];
    }
    *pixel = (at[0] * w->in[1] + at[1]) * w->in[2] + at[2];
    return true;
}

static void learn(stria_winner *winner, const float *x, size_t plane, size_t place, double rate)
{
    const stria_s_cells *s = &winner->cells;
    for (size_t t = 0; t < stria_size_volume(s->window.kernel); t++) {
        size_t pixel;
        if (!input_of(&s->window, place, t, &pixel))
            continue;
        const double q = rate * (double)winner->fixed[t];
        for (size_t c = 0; c < s->channels; c++) {
            const double value = (double)x[pixel * s->channels + c];
            float *a = &winner->kernel[(t * s->channels + c) * s->planes + plane];
            *a = (float)((double)*a + q * value);
        }
    }
    winner->inhibition[plane] = (float)((double)winner->inhibition[plane] + rate * (double)winner->v[place]);
}

/* Bars the square around a place. */
static void bar(stria_winner *winner, size_t place)
{
    const size_t *out = winner->cells.window.out, half = winner->cells.competition / 2;
    const size_t row = place / out[2], column = place % out[2];
    const size_t first_row = row > half ? row - half : 0, first_column = column > half ? column - half : 0;
    for (size_t i = first_row; i < out[1] && i <= row + half; i++)
        for (size_t j = first_column; j < out[2] && j <= column + half; j++)
            winner->taken[i * out[2] + j] = true;
}

static size_t strongest_place(const stria_winner *winner, size_t plane)
{
    size_t best = NOWHERE;
    float most = 0;
    for (size_t p = 0; p < winner->places; p++) {
        const float u = winner->u[p * winner->cells.planes + plane];
        if (u > most && !winner->taken[p]) {
            most = u;
            best = p;
        }
    }
    return best;
}

/* The plane whose strongest answer is the strongest of all; NOWHERE when none answers. */
static size_t strongest_plane(const stria_winner *winner)
{
    size_t best = NOWHERE;
    float most = 0;
    for (size_t k = 0; k < winner->used; k++) {
        if (winner->best[k] == NOWHERE)
            continue;
        const float u = winner->u[winner->best[k] * winner->cells.planes + k];
        if (u > most) {
            most = u;
            best = k;
        }
    }
    return best;
}

/* All winners are found by the answers to the weights as they were. */
static void reinforce(stria_winner *winner, const float *x)
{
    for (size_t k = 0; k < winner->used; k++)
        winner->best[k] = strongest_place(winner, k);
    for (;;) {
        const size_t plane = strongest_plane(winner);
        if (plane == NOWHERE)
            return;
        const size_t place = winner->best[plane];
        if (winner->taken[place]) {
            winner->best[plane] = strongest_place(winner, plane);
            continue;
        }
        learn(winner, x, plane, place, winner->rule.rate * winner->rule.reinforcement);
        bar(winner, place);
        winner->best[plane] = NOWHERE;
    }
}

static bool is_silent(const stria_winner *winner, size_t place)
{
    const float *u = winner->u + place * winner->cells.planes;
    for (size_t k = 0; k < winner->used; k++)
        if (u[k] > 0)
            return false;
    return true;
}

/* The strongest place that nobody answers at. */
static size_t silent_place(const stria_winner *winner)
{
    size_t best = NOWHERE;
    float strongest = 0, most = 0;
    for (size_t p = 0; p < winner->places; p++) {
        const float v = winner->v[p];
        strongest = v > strongest ? v : strongest;
        if (v > most && !winner->taken[p] && is_silent(winner, p)) {
            most = v;
            best = p;
        }
    }
    return (double)most >= winner->rule.faintest * (double)strongest ? best : NOWHERE;
}

void stria_winner_show(stria_winner *winner, const float *x)
{
    answer(winner, x);
    memset(winner->taken, 0, winner->places * sizeof *winner->taken);
    if (winner->rule.reinforcement > 0)
        reinforce(winner, x);
    if (winner->used == winner->cells.planes)
        return;
    const size_t place = silent_place(winner);
    if (place != NOWHERE)
        learn(winner, x, winner->used++, place, winner->rule.rate);
}

bool stria_winner_is_done(const stria_winner *winner)
{
    return winner->used == winner->cells.planes && !(winner->rule.reinforcement > 0);
}
