/* The bounded heap of the worst samples: a binary heap with the least bad at its top, which the next worse
 * one replaces. It ends sorted, by taking the top to the end again and again (heapsort). */
#include "train/worst.h"

#include <math.h>

/* Whether `a` comes before `b` in the list of the worst: by its loss, NaN above all; the earlier among
 * equals. */
static bool is_worse(const stria_sample_result *a, const stria_sample_result *b)
{
    if (isnan(a->loss) != isnan(b->loss))
        return isnan(a->loss);
    if (a->loss != b->loss && !isnan(a->loss))
        return a->loss > b->loss;
    return a->index < b->index;
}

/* Puts `sample` at the top of a heap of `count`, or below where it belongs. */
static void sink(stria_sample_result *heap, size_t count, stria_sample_result sample)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(&heap[child], &heap[child + 1]))
            child++;
        if (!is_worse(&sample, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = sample;
}

static void rise(stria_sample_result *heap, size_t at, stria_sample_result sample)
{
    for (; at > 0 && is_worse(&heap[(at - 1) / 2], &sample); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = sample;
}

void stria_worst_offer(stria_worst *worst, const stria_loss_call *call, const uint32_t *indices)
{
    for (size_t s = 0; s < call->batch; s++) {
        stria_sample_result sample = {.index = indices[s], .loss = call->losses[s]};
        const float *outputs = call->outputs + s * call->rows * call->columns;
        if (call->labels != NULL) {
            sample.label = (size_t)call->labels[s];
            sample.predicted = stria_loss_predicted(call->loss, outputs, call->columns);
            if (sample.label == sample.predicted)
                continue;
        }
        const bool is_full = worst->count == worst->capacity;
        if (is_full && !is_worse(&sample, &worst->samples[0]))
            continue;
        if (call->labels != NULL) {
            sample.probability = stria_loss_probability(call->loss, outputs, call->columns, sample.predicted);
            sample.label_probability =
                stria_loss_probability(call->loss, outputs, call->columns, sample.label);
        }
        if (is_full)
            sink(worst->samples, worst->count, sample);
        else
            rise(worst->samples, worst->count++, sample);
    }
}

void stria_worst_sort(stria_worst *worst)
{
    for (size_t left = worst->count; left > 1; left--) {
        const stria_sample_result last = worst->samples[left - 1];
        worst->samples[left - 1] = worst->samples[0];
        sink(worst->samples, left - 1, last);
    }
}
