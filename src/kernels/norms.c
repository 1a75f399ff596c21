/* Norms over any axes of a tensor. The last axis is taken some numbers at a time, as memory lies, whether it
 * is one of those summed over or not. */
#include "kernels/norms.h"

#include <math.h>
#include <stdbool.h>

#define MAX_AXES 8
#define TOGETHER 64

/* Axes in front of the last: an index for each, moved like the digits of a number. */
typedef struct walk {
    size_t count, sizes[MAX_AXES], strides[MAX_AXES], index[MAX_AXES];
} walk;

/* Moves on; false, and back at the start, behind the end. *offset follows. */
static bool step(walk *w, size_t *offset)
{
    for (size_t a = w->count; a-- > 0;) {
        *offset += w->strides[a];
        if (++w->index[a] < w->sizes[a])
            return true;
        *offset -= w->sizes[a] * w->strides[a];
        w->index[a] = 0;
    }
    return false;
}

static double factor_of(double square, const stria_norm_rule *rule)
{
    const double norm = sqrt(square);
    const double desired = rule->rate * fmin(fmax(norm, rule->low), rule->high) + (1 - rule->rate) * norm;
    return desired / (norm + STRIA_NORM_EPSILON);
}

/* One place of the axes that are kept: numbers x[offset of `summed` + 0 ... count-1], each by itself or, when
 * the last axis is summed over too, all together. */
static void limit(float *x, size_t count, bool together, walk *summed, const stria_norm_rule *rule)
{
    double sums[TOGETHER] = {0};
    size_t offset = 0;
    do {
        for (size_t c = 0; c < count; c++)
            sums[together ? 0 : c] += (double)x[offset + c] * (double)x[offset + c];
    } while (step(summed, &offset));
    for (size_t c = 0; c < (together ? 1 : count); c++)
        sums[c] = factor_of(sums[c], rule);
    do {
        for (size_t c = 0; c < count; c++)
            x[offset + c] = (float)((double)x[offset + c] * sums[together ? 0 : c]);
    } while (step(summed, &offset));
}

void stria_limit_norms(float *x, const size_t *sizes, size_t rank, unsigned axes, const stria_norm_rule *rule)
{
    walk kept = {0}, summed = {0};
    const size_t last = rank > 0 ? sizes[rank - 1] : 1;
    const bool together = rank > 0 && (axes >> (rank - 1) & 1) != 0;
    size_t stride = last;
    for (size_t a = rank > 0 ? rank - 1 : 0; a-- > 0;) {
        walk *w = (axes >> a & 1) != 0 ? &summed : &kept;
        /* Axes come from the last to the first; a walk's digits go the other way. */
        for (size_t i = w->count; i > 0; i--) {
            w->sizes[i] = w->sizes[i - 1];
            w->strides[i] = w->strides[i - 1];
        }
        w->sizes[0] = sizes[a];
        w->strides[0] = stride;
        w->count++;
        stride *= sizes[a];
    }
    size_t offset = 0;
    do {
        for (size_t c = 0; c < last; c += together ? last : TOGETHER) {
            const size_t count = together ? last : last - c < TOGETHER ? last - c : TOGETHER;
            limit(x + offset + c, count, together, &summed, rule);
        }
    } while (step(&kept, &offset));
}
