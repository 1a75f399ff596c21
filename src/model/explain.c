/* A layer's arithmetic with the numbers put in. Sizes of windows are those of layers/geometry.c, counts those
 * of the graph: this file writes down how they come about. */
#include <stria/explain.h>

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "base/text.h"
#include "model/model.h"
#include "model/window.h"
#include "tensor/shape.h"

#define SUM_SIZE 256
#define NUMBER   32

/* Alone, one of several ways side by side, or the one of them that the layer takes. */
typedef enum standing { PLAIN, ALTERNATIVE, CHOSEN } standing;

/* Where facts go, and what holds for the next of them: unit and standing for one, group and prefix for more.
 */
typedef struct teller {
    const stria_explain_options *options;
    const char *group;
    const char *prefix; /* of keys: "height" in "height.same"; NULL for none */
    const char *unit;
    standing place;
} teller;

/* The facts that follow have this heading and this prefix to their keys. */
static void begin(teller *t, const char *group, const char *prefix)
{
    *t = (teller){.options = t->options, .group = group, .prefix = prefix, .unit = ""};
}

/* A number and how it comes about; -1: there is no number. */
static void tell(teller *t, const char *key, const char *name, int64_t value, const char *format, ...)
    STRIA_PRINTF_LIKE(5, 6);

static void tell(teller *t, const char *key, const char *name, int64_t value, const char *format, ...)
{
    char sum[SUM_SIZE], whole[64];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(sum, sizeof sum, format, arguments);
    va_end(arguments);
    if (t->prefix != NULL) {
        stria_format(whole, sizeof whole, "%s.%s", t->prefix, key);
        key = whole;
    }
    t->options->fact(&(stria_fact){.group = t->group,
                                   .key = key,
                                   .name = name,
                                   .sum = sum,
                                   .value = value,
                                   .has_value = value >= 0,
                                   .unit = t->unit,
                                   .alternative = t->place != PLAIN,
                                   .chosen = t->place == CHOSEN},
                     t->options->payload);
    t->unit = "";
    t->place = PLAIN;
}

/* A product that may be above 2^63: then its factors are all that is told. */
static void tell_product(teller *t, const char *key, const char *name, int64_t a, const char *a_text,
                         int64_t b, const char *b_text)
{
    int64_t product;
    if (stria_count_multiply(a, b, &product))
        tell(t, key, name, product, "%s * %s", a_text, b_text);
    else
        tell(t, key, name, -1, "%s * %s, more than 2^63", a_text, b_text);
}

static const char *number(int64_t count, char text[NUMBER])
{
    return stria_count_text(count, text, NUMBER);
}

/* "8*8*3", of sizes `from` to before `to`. */
static void product_text(const stria_shape *shape, int from, int to, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (int i = from; i < to && length < size; i++) {
        char digits[NUMBER];
        length += (size_t)stria_format(text + length, size - length, "%s%s", i > from ? "*" : "",
                                       number(shape->sizes[i], digits));
    }
}

static int64_t product_of(const stria_shape *shape, int from, int to)
{
    int64_t product = 1;
    for (int i = from; i < to; i++)
        product *= shape->sizes[i];
    return product;
}

/* ---- Windows ---- */

/* Division rounded down, also below 0. */
static int64_t floor_divide(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* What the lines of an axis and its two ends are called. */
typedef struct axis_words {
    const char *axis, *lines, *line, *before, *after, *index;
} axis_words;

static const axis_words *words_of(int rank, int axis)
{
    static const axis_words words[] = {
        {"depth", "planes", "plane", "in front", "at the back", "h"},
        {"height", "rows", "row", "at the top", "at the bottom", "i"},
        {"width", "columns", "column", "at the left", "at the right", "j"},
        {"length", "steps", "step", "at the start", "at the end", "i"},
    };
    return &words[rank == 1 ? 3 : axis + 3 - rank];
}

/* One way of padding: how many outputs it would give. Fewer than 1 do not fit. */
static void tell_size(teller *t, const char *key, const char *name, bool chosen, int64_t outputs,
                      const char *sum)
{
    t->place = chosen ? CHOSEN : ALTERNATIVE;
    t->unit = outputs < 1 ? "(it does not fit)" : "";
    tell(t, key, name, outputs < 1 ? 0 : outputs, "%s", sum);
}

/* "padding=1", "padding=0,1"; and the sum of the two as in a formula, "2*1" or "0 + 1". */
static void padding_text(int64_t before, int64_t after, char name[64], char zeros[64])
{
    stria_format(name, 64, "padding=%lld", (long long)before);
    stria_format(zeros, 64, "2*%lld", (long long)before);
    if (before != after) {
        stria_format(name, 64, "padding=%lld,%lld", (long long)before, (long long)after);
        stria_format(zeros, 64, "%lld + %lld", (long long)before, (long long)after);
    }
}

/* The ways to pad, side by side. Of explicit padding as much as the layer has; for layers that have none, 1.
 */
static void tell_sizes(teller *t, const stria_axis *axis, int64_t extent, stria_padding_mode mode)
{
    char sum[SUM_SIZE], name[64], zeros[64], in[NUMBER];
    const bool is_explicit = mode == STRIA_PADDING_EXPLICIT;
    const int64_t before = is_explicit ? axis->before : 1, after = is_explicit ? axis->after : 1;
    number(axis->in, in);
    padding_text(before, after, name, zeros);
    stria_format(sum, sizeof sum, "floor((%s - %lld)/%lld) + 1", in, (long long)extent,
                 (long long)axis->stride);
    tell_size(t, "valid", "valid", mode == STRIA_PADDING_VALID,
              floor_divide(axis->in - extent, axis->stride) + 1, sum);
    stria_format(sum, sizeof sum, "ceil(%s/%lld)", in, (long long)axis->stride);
    tell_size(t, "same", "same", mode == STRIA_PADDING_SAME, (axis->in - 1) / axis->stride + 1, sum);
    if (mode == STRIA_PADDING_CAUSAL)
        tell_size(t, "causal", "causal", true, axis->out, sum);
    stria_format(sum, sizeof sum, "floor((%s - %lld + %s)/%lld) + 1", in, (long long)extent, zeros,
                 (long long)axis->stride);
    tell_size(t, "explicit", name, is_explicit,
              floor_divide(axis->in - extent + before + after, axis->stride) + 1, sum);
}

/* What is added at both ends. */
static void tell_padding(teller *t, const stria_axis *axis, int64_t extent, bool same,
                         const axis_words *words, const char *what)
{
    char name[96], sums[3][96] = {"", "", ""};
    const int64_t total = axis->before + axis->after;
    stria_format(sums[0], sizeof sums[0], "%lld + %lld", (long long)axis->before, (long long)axis->after);
    if (same) {
        stria_format(sums[0], sizeof sums[0], "max(0, (%lld - 1)*%lld + %lld - %lld)", (long long)axis->out,
                     (long long)axis->stride, (long long)extent, (long long)axis->in);
        stria_format(sums[1], sizeof sums[1], "floor(%lld/2)", (long long)total);
        stria_format(sums[2], sizeof sums[2], "%lld - %lld", (long long)total, (long long)axis->before);
    }
    stria_format(name, sizeof name, "%s %s added", what, words->lines);
    tell(t, "padding", name, total, "%s", sums[0]);
    stria_format(name, sizeof name, "of them %s", words->before);
    tell(t, "before", name, axis->before, "%s", sums[1]);
    stria_format(name, sizeof name, "of them %s", words->after);
    tell(t, "after", name, axis->after, "%s", sums[2]);
}

/* What no window reaches: at the end, and between windows that step further than they are long. */
static void tell_ignored(teller *t, const stria_axis *axis, int64_t extent, const axis_words *words)
{
    char name[96], more[48] = "";
    const int64_t padded = axis->in + axis->before + axis->after;
    const int64_t left_over = padded - ((axis->out - 1) * axis->stride + extent);
    const int64_t zeros = left_over < axis->after ? left_over : axis->after;
    if (zeros > 0)
        stria_format(more, sizeof more, " - %lld added", (long long)zeros);
    stria_format(name, sizeof name, "%s ignored at the end", words->lines);
    tell(t, "ignored", name, zeros > 0 ? left_over - zeros : left_over, "%lld - ((%lld - 1)*%lld + %lld)%s",
         (long long)padded, (long long)axis->out, (long long)axis->stride, (long long)extent, more);
    if (axis->stride > extent) {
        stria_format(name, sizeof name, "%s unseen between windows", words->lines);
        tell(t, "skipped", name, axis->stride - extent, "%lld - %lld", (long long)axis->stride,
             (long long)extent);
    }
}

/* "2*i - 3", the place of output i. */
static void place_text(int64_t step, const char *index, int64_t offset, char *text, size_t size)
{
    char factor[32] = "", shift[32] = "";
    if (step != 1)
        stria_format(factor, sizeof factor, "%lld*", (long long)step);
    if (offset != 0)
        stria_format(shift, sizeof shift, " %c %lld", offset < 0 ? '-' : '+',
                     (long long)(offset < 0 ? -offset : offset));
    stria_format(text, size, "%s%s%s", factor, index, shift);
}

/* "rows 2*i - 3 to 2*i + 4". The key is the axis. */
static void tell_seen(teller *t, const char *name, const axis_words *words, int64_t size, int64_t step,
                      int64_t offset)
{
    char from[96], to[96];
    place_text(step, words->index, offset, from, sizeof from);
    place_text(step, words->index, offset + size - 1, to, sizeof to);
    t->unit = size == 1 ? words->line : words->lines;
    tell(t, words->axis, name, size, "%s %s%s%s", t->unit, from, size == 1 ? "" : " to ",
         size == 1 ? "" : to);
}

static void explain_windows(teller *t, const stria_node_window *window)
{
    const stria_padding_mode mode = window->padding->mode;
    for (int a = 0; a < window->rank; a++) {
        const stria_axis *axis = &window->axes[a];
        const axis_words *words = words_of(window->rank, a);
        const int64_t extent = window->extent[a];
        begin(t, words->axis, words->axis);
        if (axis->dilation > 1)
            tell(t, "extent", "the window's extent", extent, "(%lld - 1)*%lld + 1", (long long)axis->kernel,
                 (long long)axis->dilation);
        if (axis->in == STRIA_ANY_SIZE) {
            const bool fixed = mode == STRIA_PADDING_VALID || mode == STRIA_PADDING_EXPLICIT;
            const int64_t least = fixed ? extent - axis->before - axis->after : 1;
            t->unit = words->lines;
            tell(t, "least", "any size from", least < 1 ? 1 : least, "%s", "");
            continue;
        }
        tell_sizes(t, axis, extent, mode);
        if (axis->before + axis->after > 0 || mode == STRIA_PADDING_SAME)
            tell_padding(t, axis, extent, mode == STRIA_PADDING_SAME, words,
                         window->weighted ? "zero" : "padded");
        tell_ignored(t, axis, extent, words);
    }
}

/* ---- Transposed windows ---- */

/* The outputs of a transposed convolution along one axis, with each kind of padding. With output_padding the
 * window itself counts; without it valid padding also keeps what lies between windows that step further than
 * they are long. */
static void tell_transposed(teller *t, const stria_axis *axis, int64_t extent, stria_padding_mode mode,
                            const int64_t *added, const axis_words *words)
{
    char name[64], zeros[64], more[48] = "", sum[SUM_SIZE];
    const long long in = (long long)axis->out, stride = (long long)axis->stride, window = (long long)extent;
    const int64_t steps = (axis->out - 1) * axis->stride;
    const bool is_explicit = mode == STRIA_PADDING_EXPLICIT;
    const int64_t before = is_explicit ? axis->before : 1, after = is_explicit ? axis->after : 1;
    int64_t valid = steps + (extent > axis->stride ? extent : axis->stride), same = axis->out * axis->stride;
    if (added != NULL) {
        stria_format(more, sizeof more, " + %lld", (long long)*added);
        valid = steps + extent + *added;
        same = steps + extent % 2 + *added;
    }
    padding_text(before, after, name, zeros);
    if (added == NULL)
        stria_format(sum, sizeof sum, "(%lld - 1)*%lld + max(%lld, %lld)", in, stride, window, stride);
    else
        stria_format(sum, sizeof sum, "(%lld - 1)*%lld + %lld%s", in, stride, window, more);
    tell_size(t, "valid", "valid", mode == STRIA_PADDING_VALID, valid, sum);
    if (added == NULL)
        stria_format(sum, sizeof sum, "%lld*%lld", in, stride);
    else
        stria_format(sum, sizeof sum, "(%lld - 1)*%lld + %lld mod 2%s", in, stride, window, more);
    tell_size(t, "same", "same", mode == STRIA_PADDING_SAME, same, sum);
    stria_format(sum, sizeof sum, "(%lld - 1)*%lld + %lld - %lld%s", in, stride, window,
                 (long long)(before + after), more);
    tell_size(t, "explicit", name, is_explicit,
              steps + extent - before - after + (added != NULL ? *added : 0), sum);
    stria_format(name, sizeof name, "%s left out %s", words->lines, words->before);
    tell(t, "before", name, axis->before, "%s", "");
}

static void explain_transposed(teller *t, const stria_node *node, const stria_node_window *window)
{
    const stria_sizes *given = stria_node_argument(node, "output_padding", STRIA_ARG_SIZES);
    for (int a = 0; a < window->rank; a++) {
        const axis_words *words = words_of(window->rank, a);
        const int64_t *added =
            given == NULL || given->count == 0 ? NULL : &given->values[given->count == 1 ? 0 : a];
        if (window->axes[a].out == STRIA_ANY_SIZE)
            continue;
        begin(t, words->axis, words->axis);
        tell_transposed(t, &window->axes[a], window->extent[a], window->padding->mode, added, words);
    }
}

/* ---- Borders, cuts and other sizes ---- */

/* What is added (sign 1) or cut off (-1) at both ends of an axis. */
static void tell_border(teller *t, const axis_words *words, int64_t in, int64_t before, int64_t after,
                        int sign)
{
    char name[64];
    const char *verb = sign > 0 ? "added" : "cut off";
    const char operation = sign > 0 ? '+' : '-';
    if (in != STRIA_ANY_SIZE) {
        t->unit = words->lines;
        tell(t, "size", "output", in + sign * (before + after), "%lld %c %lld %c %lld", (long long)in,
             operation, (long long)before, operation, (long long)after);
    }
    stria_format(name, sizeof name, "%s %s", verb, words->before);
    tell(t, "before", name, before, "%s", "");
    stria_format(name, sizeof name, "%s %s", verb, words->after);
    tell(t, "after", name, after, "%s", "");
}

static void explain_border(teller *t, const stria_shape *input, const stria_padding *border, int sign)
{
    const int rank = input->rank - 1;
    for (int a = 0; a < rank; a++) {
        const axis_words *words = words_of(rank, a);
        int64_t before, after;
        if (stria_padding_at(border, rank, a, &before, &after, NULL) != STRIA_OK)
            return;
        begin(t, words->axis, words->axis);
        tell_border(t, words, input->sizes[a], before, after, sign);
    }
}

/* The middle of a picture that is large enough. */
static void explain_centre(teller *t, const stria_shape *input, const stria_shape *output)
{
    for (int a = 0; a < 2; a++) {
        const axis_words *words = words_of(2, a);
        const long long in = (long long)input->sizes[a], out = (long long)output->sizes[a];
        const int64_t before = (in - out) / 2;
        char name[64];
        begin(t, words->axis, words->axis);
        stria_format(name, sizeof name, "cut off %s", words->before);
        tell(t, "before", name, before, "floor((%lld - %lld)/2)", in, out);
        stria_format(name, sizeof name, "cut off %s", words->after);
        tell(t, "after", name, in - out - before, "%lld - %lld - %lld", in, out, (long long)before);
    }
}

/* How much of the picture is resized, and how many of its lines become one. */
static void explain_resized(teller *t, const stria_shape *input, const stria_shape *output, bool crops)
{
    for (int a = 0; a < 2; a++) {
        const axis_words *words = words_of(2, a);
        const long long in = (long long)input->sizes[a], other = (long long)input->sizes[1 - a];
        const long long out = (long long)output->sizes[a], other_out = (long long)output->sizes[1 - a];
        long long used = in;
        begin(t, words->axis, words->axis);
        if (crops) {
            used = (long long)((float)(other * out) / (float)other_out);
            used = used > in ? in : used < 1 ? 1 : used;
            t->unit = words->lines;
            tell(t, "used", "used, in the output's proportions", used, "min(%lld, floor(%lld*%lld/%lld))", in,
                 other, out, other_out);
            tell(t, "before", "left out before them", (in - used) / 2, "floor((%lld - %lld)/2)", in, used);
        }
        t->unit = words->lines;
        tell(t, "size", "output", out, "%s", "");
        tell(t, "scale", "of the input for one of the output", -1, "%lld/%lld = %.4g", used, out,
             (double)used / (double)out);
    }
}

static void explain_enlarged(teller *t, const stria_shape *input, const stria_sizes *factors)
{
    for (int a = 0; a < input->rank - 1; a++) {
        const axis_words *words = words_of(input->rank - 1, a);
        const int64_t factor = factors->values[factors->count == 1 ? 0 : a];
        char in[NUMBER], digits[NUMBER];
        if (input->sizes[a] == STRIA_ANY_SIZE)
            continue;
        begin(t, words->axis, words->axis);
        t->unit = words->lines;
        tell_product(t, "size", "output", input->sizes[a], number(input->sizes[a], in), factor,
                     number(factor, digits));
    }
}

/* Layers that only change sizes, by their arguments. */
static void explain_sizes(teller *t, const stria_model *model, const stria_node *node)
{
    const stria_shape *input = &model->nodes[node->inputs[0]].facts.output, *output = &node->facts.output;
    const char *kind = node->kind->name;
    const stria_padding *cropping = stria_node_argument(node, "cropping", STRIA_ARG_PADDING);
    const stria_padding *padding = stria_node_argument(node, "padding", STRIA_ARG_PADDING);
    const stria_sizes *factors = stria_node_argument(node, "size", STRIA_ARG_SIZES);
    if (input->rank != output->rank || node->wrapper != STRIA_WRAPPER_NONE)
        return;
    if (cropping != NULL)
        explain_border(t, input, cropping, -1);
    else if (padding != NULL && strncmp(kind, "zero_padding", strlen("zero_padding")) == 0)
        explain_border(t, input, padding, 1);
    else if (factors != NULL && strncmp(kind, "up_sampling", strlen("up_sampling")) == 0)
        explain_enlarged(t, input, factors);
    else if (stria_shape_is_open(input))
        return;
    else if (strcmp(kind, "center_crop") == 0) {
        if (input->sizes[0] >= output->sizes[0] && input->sizes[1] >= output->sizes[1])
            explain_centre(t, input, output);
        else
            explain_resized(t, input, output, true);
    } else if (strcmp(kind, "resizing") == 0) {
        const bool *crops = stria_node_argument(node, "crop_to_aspect_ratio", STRIA_ARG_BOOLEAN);
        const bool *pads = stria_node_argument(node, "pad_to_aspect_ratio", STRIA_ARG_BOOLEAN);
        if (!*pads)
            explain_resized(t, input, output, *crops);
    }
}

/* Whether some layer up to this one resizes what it sees or moves it about: then what neighbouring outputs
 * see does not lie a whole number of inputs apart. */
static bool is_stretched(const stria_model *model, const stria_node *node)
{
    static const char *const kinds[] = {"resizing", "center_crop", "reshape", "permute"};
    for (const stria_node *before = model->nodes; before <= node; before++)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strstr(before->kind->name, kinds[i]) != NULL)
                return true;
    return false;
}

/* How many numbers a window of a pooling layer has. */
static void explain_pooled(teller *t, const stria_node_window *window)
{
    stria_shape taps = {.rank = window->rank};
    char sum[SUM_SIZE];
    int64_t count = 1;
    for (int a = 0; a < window->rank; a++) {
        taps.sizes[a] = window->axes[a].kernel;
        if (!stria_count_multiply(count, taps.sizes[a], &count))
            return;
    }
    product_text(&taps, 0, taps.rank, sum, sizeof sum);
    t->unit = "numbers";
    tell(t, "pooled", "of one channel", count, "%s", taps.rank > 1 ? sum : "");
}

/* What output (i,j) sees: of the layer's own input, and through the layers before it of the model's. */
static void explain_field(teller *t, const stria_model *model, const stria_node *node,
                          const stria_node_window *window)
{
    /* An output is at (i,j), and the part of the input that it sees moves in whole steps. */
    bool placed = node->facts.output.rank - 1 == node->field.axes && !is_stretched(model, node);
    static const char *const outputs[] = {"an output (i) sees", "an output (i,j) sees",
                                          "an output (h,i,j) sees"};
    const stria_receptive_field *field = &node->field;
    for (int a = 0; a < field->axes; a++)
        placed = placed && field->divisor[a] == 1;
    begin(t, placed ? outputs[field->axes - 1] : "an output sees", NULL);
    if (window != NULL && !window->weighted)
        explain_pooled(t, window);
    t->prefix = "sees";
    for (int a = 0; window != NULL && a < window->rank; a++)
        tell_seen(t, "of the layer's input", words_of(window->rank, a), window->extent[a],
                  window->axes[a].stride, -window->axes[a].before);
    t->prefix = "receptive";
    for (int a = 0; a < field->axes; a++) {
        const axis_words *words = words_of((int)field->axes, a);
        if (field->size[a] == 0) {
            tell(t, words->axis, "of the model's input", -1, "all %s", words->lines);
        } else if (!placed) {
            t->unit = field->size[a] == 1 ? words->line : words->lines;
            tell(t, words->axis, "of the model's input", field->size[a], "%s", "");
        } else {
            tell_seen(t, "of the model's input", words, field->size[a], field->stride[a], field->offset[a]);
        }
    }
}

/* ---- Parameters, multiplications, connections ---- */

static int64_t explain_parameters(teller *t, const stria_node *node)
{
    char sum[SUM_SIZE] = "";
    size_t length = 0;
    int64_t total = 0, kept = 0;
    begin(t, "parameters", "params");
    for (size_t p = 0; p < node->facts.param_count; p++) {
        const stria_param_spec *param = &node->facts.params[p];
        int64_t count = stria_shape_elements(&param->shape);
        char factors[SUM_SIZE], digits[NUMBER];
        product_text(&param->shape, 0, param->shape.rank, factors, sizeof factors);
        t->unit = param->trainable ? "" : "(kept by statistics, not trained)";
        tell(t, param->name, param->name, count, "%s", param->shape.rank > 1 ? factors : "");
        total += count;
        kept += param->trainable ? 0 : count;
        if (length < sizeof sum)
            length += (size_t)stria_format(sum + length, sizeof sum - length, "%s%s", p > 0 ? " + " : "",
                                           number(count, digits));
    }
    t->prefix = NULL;
    tell(t, "params", "in all", total, "%s", node->facts.param_count > 1 ? sum : "");
    if (kept > 0)
        tell(t, "params.trainable", "trained", total - kept, "%lld - %lld", (long long)total,
             (long long)kept);
    return total;
}

/* How many of the kernel's leading sizes multiply the inputs of one output: all but the last, which counts
 * the filters, of [F,F,C,K]; the spatial ones of a depthwise [F,F,C,M]. 0 when it is neither. */
static int taps_of(const stria_node *node, const stria_param_spec *kernel)
{
    const stria_shape *output = &node->facts.output, *shape = &kernel->shape;
    const int64_t channels = output->sizes[output->rank - 1];
    if (shape->rank >= 2 && shape->sizes[shape->rank - 1] == channels)
        return shape->rank - 1;
    if (shape->rank >= 3 && shape->sizes[shape->rank - 1] * shape->sizes[shape->rank - 2] == channels)
        return shape->rank - 2;
    return 0;
}

/* A dense layer that gives the same output: why convolutions are not dense (connections and parameters). */
static void explain_dense_twin(teller *t, int64_t inputs, int64_t outputs, const char *output_text,
                               int64_t own)
{
    char in[NUMBER], out[NUMBER], with_bias[2 * NUMBER], digits[NUMBER];
    int64_t params;
    begin(t, "a dense layer with the same output", NULL);
    number(inputs, in);
    number(outputs, out);
    tell(t, "dense.neurons", "neurons", outputs, "%s", output_text);
    tell_product(t, "dense.connections", "connections", inputs, in, outputs, out);
    stria_format(with_bias, sizeof with_bias, "(%s + 1)", in);
    tell_product(t, "dense.params", "parameters", inputs + 1, with_bias, outputs, out);
    if (own > 0 && stria_count_multiply(inputs + 1, outputs, &params) && params >= own) {
        tell(t, "dense.ratio", "times as many parameters", params / own, "%s / %s", number(params, in),
             number(own, digits));
    }
}

/* Multiplications whose sum is another, or that are not one kernel's. */
static void explain_macs(teller *t, const stria_model *model, const stria_node *node)
{
    const stria_param_spec *kernel = stria_node_kernel(node);
    const stria_shape *input = &model->nodes[node->inputs[0]].facts.output;
    stria_node_window window;
    char places[SUM_SIZE], each[SUM_SIZE];
    if (node->facts.macs <= 0)
        return;
    begin(t, "multiplications", NULL);
    if (kernel != NULL && stria_node_transposed_of(model, node, &window)) {
        const int64_t count = stria_shape_elements(&kernel->shape);
        product_text(&kernel->shape, 0, kernel->shape.rank, each, sizeof each);
        product_text(input, 0, window.rank, places, sizeof places);
        tell(t, "macs.input", "for one place of the input", count, "%s", each);
        tell(t, "macs", "for all places", node->facts.macs, "%s * %s", places,
             stria_count_text(count, each, sizeof each));
    } else {
        tell(t, "macs", "for all outputs", node->facts.macs, "%s", "");
    }
}

static void explain_products(teller *t, const stria_model *model, const stria_node *node, int64_t own_params)
{
    const stria_param_spec *kernel = stria_node_kernel(node);
    const stria_shape *output = &node->facts.output;
    const stria_shape *input = &model->nodes[node->inputs[0]].facts.output;
    const int taps = kernel != NULL ? taps_of(node, kernel) : 0;
    char each[SUM_SIZE], all[SUM_SIZE], digits[NUMBER];
    const int64_t outputs = stria_shape_elements(output), inputs = stria_shape_elements(input);
    const int64_t reads = taps > 0 ? product_of(&kernel->shape, 0, taps) : 0;
    int64_t made;
    if (taps == 0 || outputs < 0 || !stria_count_multiply(outputs, reads, &made) ||
        made != node->facts.macs) {
        explain_macs(t, model, node);
        return;
    }
    product_text(&kernel->shape, 0, taps, each, sizeof each);
    product_text(output, 0, output->rank, all, sizeof all);
    begin(t, "multiplications", NULL);
    tell(t, "macs.output", "for one output", reads, "%s", taps > 1 ? each : "");
    tell_product(t, "macs", "for all outputs", outputs, all, reads, number(reads, digits));
    begin(t, "connections", NULL);
    t->unit = "inputs";
    tell(t, "connections.output", "of one output", reads, "%s", taps > 1 ? each : "");
    tell_product(t, "connections", "in all", outputs, all, reads, number(reads, digits));
    if (output->rank > 1) {
        product_text(output, 0, output->rank - 1, all, sizeof all);
        tell(t, "shared", "outputs that share a kernel's number", product_of(output, 0, output->rank - 1),
             "%s", output->rank > 2 ? all : "");
    }
    product_text(output, 0, output->rank, all, sizeof all);
    if (output->rank > 1 && inputs > 0)
        explain_dense_twin(t, inputs, outputs, all, own_params);
}

/* ---- Memory ---- */

/* "bytes (1.2 GB)", in decimal units. Returns `unit`. */
static const char *bytes_unit(double bytes, char unit[48])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    size_t power = 0;
    if (bytes < 1e4) {
        stria_format(unit, 48, "bytes");
        return unit;
    }
    for (bytes /= 1000; bytes >= 1000 && power + 1 < sizeof units / sizeof units[0]; power++)
        bytes /= 1000;
    stria_format(unit, 48, "bytes (%.4g %s)", bytes, units[power]);
    return unit;
}

static void explain_memory(teller *t, const stria_node *node, int64_t params)
{
    const stria_shape *output = &node->facts.output;
    const int64_t numbers = stria_shape_elements(output);
    const int64_t batch = t->options->batch == 0 ? 100 : t->options->batch;
    char all[SUM_SIZE], count[NUMBER], digits[NUMBER], name[48], unit[48];
    begin(t, "memory, 32 bits for a number", NULL);
    if (numbers >= 0) {
        product_text(output, 0, output->rank, all, sizeof all);
        number(numbers, count);
        tell(t, "numbers", "numbers in the output", numbers, "%s", output->rank > 1 ? all : "");
        t->unit = "bits";
        tell(t, "bits", "output of one sample", numbers * 32, "%s * 32", count);
        t->unit = bytes_unit((double)numbers * 4, unit);
        tell(t, "bytes", "output of one sample", numbers * 4, "%s * 4", count);
        if (batch > 1) {
            stria_format(name, sizeof name, "output of %s samples", number(batch, digits));
            t->unit = bytes_unit((double)numbers * 4 * (double)batch, unit);
            tell_product(t, "bytes.batch", name, numbers * 4, number(numbers * 4, count), batch, digits);
        }
    }
    if (params > 0) {
        t->unit = bytes_unit((double)params * 4, unit);
        tell(t, "bytes.params", "parameters", params * 4, "%s * 4", number(params, digits));
    }
}

/* ---- All of it ---- */

static void explain_shapes(teller *t, const stria_model *model, const stria_node *node)
{
    char text[STRIA_SHAPE_TEXT_SIZE], factors[SUM_SIZE];
    begin(t, "shapes", NULL);
    for (size_t k = 0; k < node->input_count; k++) {
        const stria_node *input = &model->nodes[node->inputs[k]];
        tell(t, "input", "input", -1, "%s  from %s",
             stria_shape_text(&input->facts.output, text, sizeof text), input->name);
    }
    tell(t, "output", "output", -1, "%s", stria_shape_text(&node->facts.output, text, sizeof text));
    if (node->input_count != 1 || strcmp(node->kind->name, "flatten") != 0)
        return;
    const stria_shape *input = &model->nodes[node->inputs[0]].facts.output;
    if (stria_shape_is_open(input))
        return;
    product_text(input, 0, input->rank, factors, sizeof factors);
    tell(t, "flatten", "numbers in a row", stria_shape_elements(input), "%s", factors);
}

stria_status stria_model_explain(const stria_model *model, size_t index, const stria_explain_options *given,
                                 stria_error *err)
{
    stria_explain_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_explain_options", err));
    if (index >= model->node_count)
        return stria_fail(err, STRIA_ERROR_MISSING, "the model has no layer %zu", index);
    if (options.batch < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch %lld is below 0", (long long)options.batch);
    if (options.fact == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "stria_explain_options needs a function to call");
    const stria_node *node = &model->nodes[index];
    stria_node_window window;
    const bool has_window = stria_node_window_of(model, node, &window);
    teller t = {.options = &options};
    explain_shapes(&t, model, node);
    if (has_window)
        explain_windows(&t, &window);
    else if (stria_node_transposed_of(model, node, &window))
        explain_transposed(&t, node, &window);
    else if (node->input_count == 1)
        explain_sizes(&t, model, node);
    if (node->input_count > 0)
        explain_field(&t, model, node, has_window ? &window : NULL);
    const int64_t params = explain_parameters(&t, node);
    if (node->input_count > 0)
        explain_products(&t, model, node, params);
    explain_memory(&t, node, params);
    return STRIA_OK;
}
