/* Running augmentations: samples are dealt to the pool; a sample with several goes through scratch pictures
 * of its worker. */
#include "layers/augment.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/kinds.h"
#include "layers/random.h"

double stria_augment_uniform(const stria_augment_draw *draw, unsigned index, double low, double high)
{
    const uint64_t element = draw->sample * STRIA_AUGMENT_WORDS + index;
    return low + (high - low) * (double)stria_random_uniform(&draw->key, element);
}

void stria_augment_bounds(const stria_range *factor, double floor, double *low, double *high)
{
    if (factor->count == 2) {
        *low = fmin(factor->values[0], factor->values[1]);
        *high = fmax(factor->values[0], factor->values[1]);
    } else {
        *high = fabs(factor->values[0]);
        *low = fmax(-*high, floor);
    }
}

double stria_augment_factor(const stria_augment_draw *draw, unsigned index, const stria_range *factor,
                            double floor)
{
    double low, high;
    stria_augment_bounds(factor, floor, &low, &high);
    return stria_augment_uniform(draw, index, low, high);
}

void stria_augment_side(double place, double share, size_t size, size_t *from, size_t *to)
{
    const double length = share * (double)size, start = place * ((double)size - length);
    *from = (size_t)ceil(start);
    *to = (size_t)fmin(ceil(start + length), (double)size);
}

stria_augment stria_augment_ranged(const stria_augment_config *config, stria_augment_kind kind)
{
    return (stria_augment){.kind = kind,
                           .low = (float)config->value_range.values[0],
                           .high = (float)config->value_range.values[1]};
}

stria_status stria_augment_shape(const stria_augment_config *config, const stria_shape *input,
                                 const char *kind, int channels, stria_layer_facts *facts, stria_error *err)
{
    const stria_range *range = &config->value_range;
    STRIA_TRY(stria_require_spatial(input, 2, kind, err));
    const int64_t got = input->sizes[2];
    if (channels > 0 && got != STRIA_ANY_SIZE && got != 3 && !(channels == 1 && got == 1))
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: %lld channels are no colours: it takes %s", kind,
                          (long long)got, channels == 3 ? "3 (red, green, blue)" : "1 or 3");
    if (range->count == 1 || (range->count == 2 && !(range->values[0] < range->values[1])))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "%s: value_range takes two numbers, the smaller first, as value_range=0,255", kind);
    facts->output = *input;
    return STRIA_OK;
}

/* ---- Running ---- */

void stria_augment_bind(stria_layer_call *call, stria_layer_needs *needs, const stria_augmentation *kind,
                        size_t most)
{
    const stria_augment_config *config = call->config;
    const stria_shape *input = call->input_shapes[0];
    stria_augment_state *s = call->state;
    *s = (stria_augment_state){
        kind, {(size_t)input->sizes[0], (size_t)input->sizes[1], (size_t)input->sizes[2]}, most};
    stria_random_bind(call, config->seed, STRIA_RANDOM_AUGMENT);
    needs->view = !call->training && !kind->in_inference;
    if (needs->view) {
        needs->kernel = "";
        return;
    }
    const size_t elements = s->size.height * s->size.width * s->size.channels;
    needs->kernel = kind->kernel;
    needs->backward_reads_input = kind->reads_input;
    needs->backward_keeps_dy = true;
    /* A worker's pictures: those between the augmentations, two gradients, and one for a gradient's own use.
     */
    needs->scratch = stria_pool_workers(call->pool) * (most + 2) * elements;
}

typedef struct job {
    const stria_layer_call *call;
    const stria_augment_state *state;
    size_t elements;
} job;

static size_t draw_sample(const job *j, size_t sample, stria_augment *list)
{
    const stria_augment_draw draw = {j->call->config, j->state->size, j->call->random, sample};
    return j->state->kind->draw(&draw, 0, list);
}

static float *worker_scratch(const job *j, size_t worker)
{
    return j->call->scratch + worker * (j->state->most + 2) * j->elements;
}

/* Puts what goes into augmentation i at pictures + (i - 1) * elements, i from 1 on. */
static void run_before(const job *j, const stria_augment *list, size_t count, const float *x, float *pictures)
{
    for (size_t i = 0; i + 1 < count; i++)
        stria_augment_forward(&list[i], &j->state->size, i == 0 ? x : pictures + (i - 1) * j->elements,
                              pictures + i * j->elements);
}

static void run_sample(void *arguments, size_t sample, size_t worker)
{
    const job *j = arguments;
    const float *x = j->call->inputs[0] + sample * j->elements;
    float *y = j->call->output + sample * j->elements;
    stria_augment list[STRIA_MAX_AUGMENTS];
    const size_t count = draw_sample(j, sample, list);
    float *pictures = worker_scratch(j, worker);
    run_before(j, list, count, x, pictures);
    if (count == 0)
        memcpy(y, x, j->elements * sizeof *y);
    else
        stria_augment_forward(&list[count - 1], &j->state->size,
                              count == 1 ? x : pictures + (count - 2) * j->elements, y);
}

static void run_sample_back(void *arguments, size_t sample, size_t worker)
{
    const job *j = arguments;
    const float *x = j->call->inputs[0] + sample * j->elements, *dy = j->call->dy + sample * j->elements;
    float *dx = j->call->dinputs[0] + sample * j->elements;
    stria_augment list[STRIA_MAX_AUGMENTS];
    const size_t count = draw_sample(j, sample, list);
    float *pictures = worker_scratch(j, worker), *own = pictures + (j->state->most - 1) * j->elements;
    float *gradients[2] = {own + j->elements, own + 2 * j->elements};
    if (count == 0)
        memcpy(dx, dy, j->elements * sizeof *dx);
    run_before(j, list, count, x, pictures);
    for (size_t i = count; i-- > 0;) {
        float *to = i == 0 ? dx : gradients[i % 2];
        stria_augment_backward(&list[i], &j->state->size, i == 0 ? x : pictures + (i - 1) * j->elements,
                               i == count - 1 ? dy : gradients[(i + 1) % 2], to, own);
    }
}

static job job_of(const stria_layer_call *call)
{
    const stria_augment_state *s = call->state;
    return (job){call, s, s->size.height * s->size.width * s->size.channels};
}

void stria_augment_run(const stria_layer_call *call)
{
    job j = job_of(call);
    stria_pool_run(call->pool, call->batch, run_sample, &j);
}

void stria_augment_run_back(const stria_layer_call *call)
{
    job j = job_of(call);
    if (call->dinputs[0] != NULL)
        stria_pool_run(call->pool, call->batch, run_sample_back, &j);
}
