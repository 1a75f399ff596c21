/* The samples of an evaluation that a model did worst on: a bounded heap, offered one batch after the other,
 * so that memory does not grow with the data. */
#ifndef STRIA_TRAIN_WORST_H
#define STRIA_TRAIN_WORST_H

#include <stria/train.h>

#include "train/loss.h"

/* {.samples = s, .capacity = n} is an empty one. While samples are offered, the least bad one kept is first.
 */
typedef struct stria_worst {
    stria_sample_result *samples; /* [capacity] */
    size_t capacity, count;
} stria_worst;

/* Offers the samples of a batch whose losses have been computed: those that the model got wrong, or all of
 * them where there are targets. indices [batch]: which samples of their part they are. */
void stria_worst_offer(stria_worst *worst, const stria_loss_call *call, const uint32_t *indices);

/* Sorts what was kept, the worst first. */
void stria_worst_sort(stria_worst *worst);

#endif
