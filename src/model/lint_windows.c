/* Rules on windows: what they miss, what they see twice, and which pictures they do not fit. */
#include "base/text.h"
#include "model/lint.h"
#include "tensor/shape.h"

void stria_lint_mostly_padding(stria_lint *lint, const stria_node *node)
{
    stria_node_window window;
    if (!stria_node_window_of(lint->model, node, &window))
        return;
    for (int a = 0; a < window.rank; a++) {
        const stria_axis *axis = &window.axes[a];
        if (axis->in == STRIA_ANY_SIZE || window.extent[a] < 2 * axis->in || window.extent[a] < 3)
            continue;
        stria_lint_find(
            lint, "the window of '%s' is %lld and its input %lld in %s: at least %lld of %lld are padding",
            node->name, (long long)window.extent[a], (long long)axis->in, stria_axis_name(window.rank, a),
            (long long)(window.extent[a] - axis->in), (long long)window.extent[a]);
        return;
    }
}

/* ---- The smallest picture ---- */

/* The largest size that is tried. */
#define MOST 4096

/* Whether the model takes inputs whose open sizes are all `size`; if not, `err` says why. */
static bool fits(stria_lint *lint, int64_t size, stria_error *err)
{
    stria_shape shapes[STRIA_MAX_LINT_INPUTS];
    const stria_model *model = lint->model;
    for (size_t i = 0; i < model->input_count; i++) {
        shapes[i] = *stria_model_input_shape(model, i);
        for (int a = 0; a < shapes[i].rank; a++)
            if (shapes[i].sizes[a] == STRIA_ANY_SIZE)
                shapes[i].sizes[a] = size;
    }
    *err = (stria_error){0};
    return stria_model_facts_at(model, shapes, lint->facts, err) == STRIA_OK;
}

void stria_lint_smallest_input(stria_lint *lint, const stria_node *node)
{
    const stria_model *model = lint->model;
    char text[STRIA_SHAPE_TEXT_SIZE];
    stria_error err = {0}, why = {0};
    if (model->input_count == 0 || model->input_count > STRIA_MAX_LINT_INPUTS ||
        node != &model->nodes[model->inputs[0]] || !stria_shape_is_open(&node->facts.output))
        return;
    int64_t high = 1;
    while (!fits(lint, high, &err)) {
        why = err;
        if (high >= MOST)
            return;
        high *= 2;
    }
    if (high == 1)
        return;
    int64_t low = high / 2; /* does not fit */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (fits(lint, middle, &err))
            high = middle;
        else {
            low = middle;
            why = err;
        }
    }
    stria_lint_find(lint, "pictures for %s must be at least %lld on each open side; of %lld, %.300s",
                    stria_shape_text(&node->facts.output, text, sizeof text), (long long)high, (long long)low,
                    why.message);
}

/* ---- What windows miss ---- */

void stria_lint_ignored_border(stria_lint *lint, const stria_node *node)
{
    static const char *const lines[] = {"planes", "rows", "columns"};
    stria_node_window window;
    char text[160] = "";
    size_t length = 0;
    if (!stria_node_window_of(lint->model, node, &window))
        return;
    for (int a = 0; a < window.rank; a++) {
        const stria_axis *axis = &window.axes[a];
        if (axis->in == STRIA_ANY_SIZE)
            return;
        const int64_t end = (axis->out - 1) * axis->stride + window.extent[a] - axis->before;
        if (end < axis->in && axis->stride <= window.extent[a]) /* else it skips as much everywhere */
            length += (size_t)stria_format(text + length, sizeof text - length, "%s%lld of %lld %s",
                                           length > 0 ? " and " : "", (long long)(axis->in - end),
                                           (long long)axis->in,
                                           window.rank == 1 ? "steps" : lines[a + 3 - window.rank]);
    }
    if (length > 0)
        stria_lint_find(lint, "'%s' ignores the last %s of its input", node->name, text);
}

void stria_lint_even_same(stria_lint *lint, const stria_node *node)
{
    stria_node_window window;
    if (!stria_node_window_of(lint->model, node, &window) || !window.weighted ||
        window.padding->mode != STRIA_PADDING_SAME)
        return;
    for (int a = 0; a < window.rank; a++)
        if (window.extent[a] % 2 == 0 && window.axes[a].stride == 1) {
            stria_lint_find(lint,
                            "the window of '%s' is %lld in %s: of %lld zeros %lld go before and %lld behind",
                            node->name, (long long)window.extent[a], stria_axis_name(window.rank, a),
                            (long long)window.extent[a] - 1, (long long)(window.extent[a] - 1) / 2,
                            (long long)window.extent[a] / 2);
            return;
        }
}

/* 1x1 windows with a stride are how shortcuts are made narrower: no oversight. */
void stria_lint_skipped_pixels(stria_lint *lint, const stria_node *node)
{
    stria_node_window window;
    if (!stria_node_window_of(lint->model, node, &window))
        return;
    for (int a = 0; a < window.rank; a++) {
        const int64_t stride = window.axes[a].stride, extent = window.extent[a];
        if (stride > extent && extent > 1) {
            stria_lint_find(lint,
                            "'%s' moves by %lld with a window of %lld in %s: %lld of %lld are never seen",
                            node->name, (long long)stride, (long long)extent, stria_axis_name(window.rank, a),
                            (long long)(stride - extent), (long long)stride);
            return;
        }
    }
}
