/* Mixing targets as the plan has mixed samples, layer by layer: t[n] = w t[n] + (1 - w) t[p]. A cross-entropy
 * of such targets is w times that of the one label and 1 - w times that of the other. */
#include "train/mixing.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "model/plan.h"

stria_status stria_mixing_make(stria_mixing *mixing, const stria_plan *plan, const stria_allocator *allocator,
                               size_t batch, size_t outputs, stria_error *err)
{
    size_t count;
    *mixing = (stria_mixing){.count = stria_plan_mixing_count(plan)};
    if (mixing->count == 0)
        return STRIA_OK;
    if (!stria_size_multiply(batch, outputs, &count))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%zu targets of %zu numbers do not fit in memory", batch,
                          outputs);
    for (int i = 0; i < 2; i++) {
        mixing->targets[i] = stria_allocate_array(allocator, count, sizeof(float));
        if (mixing->targets[i] == NULL)
            return stria_fail_memory(err, count * sizeof(float));
    }
    return STRIA_OK;
}

void stria_mixing_free(stria_mixing *mixing, const stria_allocator *allocator)
{
    for (int i = 0; i < 2; i++)
        stria_release(allocator, mixing->targets[i]);
}

static void mix(const stria_plan *plan, size_t index, const float *from, float *to, size_t batch,
                size_t outputs)
{
    for (size_t n = 0; n < batch; n++) {
        size_t partner;
        double weight;
        stria_plan_mixing(plan, index, n, &partner, &weight);
        const float own = (float)weight, others = (float)(1 - weight);
        for (size_t j = 0; j < outputs; j++)
            to[n * outputs + j] = own * from[n * outputs + j] + others * from[partner * outputs + j];
    }
}

const float *stria_mixing_targets(const stria_mixing *mixing, const stria_plan *plan, const int32_t *labels,
                                  const float *targets, size_t batch, size_t outputs)
{
    float *now = mixing->targets[0], *next = mixing->targets[1];
    if (targets != NULL)
        memcpy(now, targets, batch * outputs * sizeof *now);
    else {
        memset(now, 0, batch * outputs * sizeof *now);
        for (size_t n = 0; n < batch; n++)
            now[outputs == 1 ? n : n * outputs + (size_t)labels[n]] = outputs == 1 ? (float)labels[n] : 1;
    }
    for (size_t i = 0; i < mixing->count; i++) {
        mix(plan, i, now, next, batch, outputs);
        float *before = now;
        now = next;
        next = before;
    }
    return now;
}

int64_t stria_mixing_correct(const stria_loss *loss, const float *outputs, const float *targets, size_t batch,
                             size_t count)
{
    int64_t correct = 0;
    for (size_t n = 0; n < batch; n++)
        correct += stria_loss_predicted(loss, outputs + n * count, count) ==
                   (count == 1 ? targets[n] > 0.5f : stria_largest_output(targets + n * count, count));
    return correct;
}
