/* Receptive fields, accumulated from the input on (Araujo, Norris and Sim, "Computing receptive fields of
 * convolutional neural networks", Distill 2019), and further than there through layers that make the grid
 * finer: what output k of a layer sees is written down as a function of k, by rounded divisions
 * (stria_field_walk). Those of divisions of divisions are divisions again, so that no window of a chain of
 * layers is estimated: ceil((ceil(x / a) + b) / c) = ceil((x + a*b) / (a*c)) for whole numbers, and floor
 * likewise. */
#include "model/receptive_field.h"

#include "base/size.h"

/* Larger numbers are not kept: sums of a few of them fit 64 bits. */
#define LARGEST (INT64_MAX / 8)

typedef struct stria_field_axis axis;

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static int64_t ceil_divide(int64_t a, int64_t b)
{
    return -floor_divide(-a, b);
}

static int64_t common_factor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* *sum += a * b for b of 0 and more; false when the numbers grow out of bounds. */
static bool add_product(int64_t *sum, int64_t a, int64_t b)
{
    int64_t product;
    if (!stria_count_multiply(a < 0 ? -a : a, b, &product) || product >= LARGEST)
        return false;
    *sum += a < 0 ? -product : product;
    return *sum > -LARGEST && *sum < LARGEST;
}

/* a = a * b for b of 1 and more. */
static bool multiply(int64_t *a, int64_t b)
{
    const int64_t factor = *a;
    *a = 0;
    return add_product(a, factor, b);
}

/* Takes out what times and parts have in common, and what is a whole number of steps. */
static bool simplify(axis *x)
{
    const int64_t common = common_factor(x->times, x->parts);
    x->times /= common;
    x->parts /= common;
    x->before = ceil_divide(x->before, common);
    x->after = floor_divide(x->after, common);
    if (x->parts > 1)
        return true;
    const bool kept = add_product(&x->first, x->before, x->step) &&
                      add_product(&x->last, x->after, x->step) && multiply(&x->step, x->times);
    x->times = 1;
    x->before = x->after = 0;
    return kept;
}

/* Windows of `size` that move by `stride`: output k sees k * stride - padding to size - 1 further on. */
static bool take_windows(axis *x, int64_t size, int64_t stride, int64_t padding)
{
    return add_product(&x->before, -padding, x->times) &&
           add_product(&x->after, size - 1 - padding, x->times) && multiply(&x->times, stride) && simplify(x);
}

/* Output k sees ceil((k + first) / factor) to floor((k + last) / factor). Of windows that move by a fraction
 * with times above 1 (a stride behind a finer grid that it does not divide) these are bounds. */
static bool make_finer(axis *x, int64_t factor, int64_t first, int64_t last)
{
    return multiply(&x->before, factor) && multiply(&x->after, factor) && multiply(&x->parts, factor) &&
           add_product(&x->before, first, x->times) && add_product(&x->after, last, x->times) && simplify(x);
}

/* Widens a field by `missing` parts, of `whole` parts each, where they are missing. */
static int64_t wanting(int64_t missing, int64_t whole)
{
    return missing > 0 ? ceil_divide(missing, whole) : 0;
}

/* The smallest field that covers both. Of fields that move in different steps the coarser is widened until it
 * holds the other wherever that may lie. */
static bool cover(const axis *other, axis *x)
{
    if (x->step == 0 || other->step == 0)
        return false;
    axis wide = *x, thin = *other;
    if (other->parts > x->parts) {
        wide = *other;
        thin = *x;
    }
    *x = wide;
    if (wide.parts > 1 && thin.parts == wide.parts && thin.step == wide.step && thin.times == wide.times &&
        (thin.first - wide.first) % wide.step == 0 && (thin.last - wide.last) % wide.step == 0) {
        int64_t before = thin.before, after = thin.after;
        if (!add_product(&before, (thin.first - wide.first) / wide.step, wide.parts) ||
            !add_product(&after, (thin.last - wide.last) / wide.step, wide.parts))
            return false;
        x->before = before < wide.before ? before : wide.before;
        x->after = after > wide.after ? after : wide.after;
        return true;
    }
    /* In units of 1 / (wide.parts * thin.parts): how far the thin one may reach beyond the wide one. */
    int64_t whole = wide.parts, front = 0, back = 0;
    const int64_t round = wide.parts - 1;
    if (!multiply(&whole, thin.parts) || !add_product(&front, wide.first - thin.first, whole) ||
        !add_product(&back, thin.last - wide.last, whole))
        return false;
    int64_t wide_front = wide.before + round, wide_back = wide.after - round, thin_front = thin.before,
            thin_back = thin.after;
    if (!multiply(&wide_front, wide.step) || !multiply(&wide_back, wide.step) ||
        !multiply(&thin_front, thin.step) || !multiply(&thin_back, thin.step) ||
        !add_product(&front, wide_front, thin.parts) || !add_product(&front, -thin_front, wide.parts) ||
        !add_product(&back, thin_back, wide.parts) || !add_product(&back, -wide_back, thin.parts))
        return false;
    x->first -= wanting(front, whole);
    x->last += wanting(back, whole);
    return x->first > -LARGEST && x->last < LARGEST;
}

/* What the node's layer makes of what its inputs see. */
static bool walk_axis(const stria_model *model, const stria_node *node, int a, axis *x)
{
    const stria_layer_facts *facts = &node->facts;
    const int64_t window = facts->field[a] > 0 ? facts->field[a] : 1;
    const int64_t stride = facts->field_stride[a] > 0 ? facts->field_stride[a] : 1;
    *x = (axis){.step = 1, .times = 1, .parts = 1};
    if (node->input_count > 0)
        *x = model->nodes[node->inputs[0]].walk.axes[a];
    bool known = x->step > 0 && !facts->sees_all;
    for (size_t i = 1; known && i < node->input_count; i++)
        known = cover(&model->nodes[node->inputs[i]].walk.axes[a], x);
    known = known && take_windows(x, window, stride, facts->field_before[a]);
    if (known && facts->finer[a] > 1)
        known = make_finer(x, facts->finer[a], facts->finer_first[a], facts->finer_last[a]);
    return known;
}

void stria_receptive_field_of(const stria_model *model, stria_node *node)
{
    const int spatial = node->facts.output.rank - 1;
    stria_receptive_field field = {.axes = spatial < 1 ? 1 : spatial > 3 ? 3 : spatial};
    if (node->input_count > 0)
        field.axes = model->nodes[node->inputs[0]].field.axes;
    for (int a = 0; a < 3; a++) {
        axis *x = &node->walk.axes[a];
        int64_t size = 0;
        field.divisor[a] = 1;
        if (a >= field.axes) {
            *x = (axis){.step = 1, .times = 1, .parts = 1};
            field.size[a] = field.stride[a] = 1;
            continue;
        }
        if (walk_axis(model, node, a, x)) {
            /* The largest is that of an output whose end falls on a step. */
            size = x->last - x->first + 1;
            if (!add_product(&size, floor_divide(x->after - x->before, x->parts), x->step) ||
                x->step > LARGEST / x->times)
                size = 0;
        }
        if (size <= 0) {
            *x = (axis){.step = 0};
            continue;
        }
        field.size[a] = size;
        field.stride[a] = x->step * x->times;
        field.divisor[a] = x->parts;
        field.offset[a] = x->first + x->step * ceil_divide(x->before, x->parts);
    }
    node->field = field;
}

bool stria_receptive_field_at(const stria_node *node, int a, int64_t position, int64_t *first, int64_t *last)
{
    const axis *x = &node->walk.axes[a];
    if (a >= node->field.axes || node->field.size[a] == 0)
        return false;
    *first = x->first + x->step * ceil_divide(x->times * position + x->before, x->parts);
    *last = x->last + x->step * floor_divide(x->times * position + x->after, x->parts);
    return true;
}
