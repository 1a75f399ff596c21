/* Optimizers: how a gradient moves the weights. The formulas are Keras's; the arithmetic is in the update
 * kernels. */
#ifndef STRIA_TRAIN_OPTIMIZER_H
#define STRIA_TRAIN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "kernels/steps.h"
#include "train/choice.h"

typedef enum stria_optimizer_kind {
    STRIA_OPTIMIZER_ADADELTA,
    STRIA_OPTIMIZER_ADAGRAD,
    STRIA_OPTIMIZER_ADAM,
    STRIA_OPTIMIZER_ADAMAX,
    STRIA_OPTIMIZER_ADAMW,
    STRIA_OPTIMIZER_FTRL,
    STRIA_OPTIMIZER_LION,
    STRIA_OPTIMIZER_NADAM,
    STRIA_OPTIMIZER_RMSPROP,
    STRIA_OPTIMIZER_SGD,
    STRIA_OPTIMIZER_COUNT
} stria_optimizer_kind;

/* Indexed by stria_optimizer_kind. */
extern const stria_choice stria_optimizers[STRIA_OPTIMIZER_COUNT];

#define STRIA_MAX_OPTIMIZER_STATES 3

typedef struct stria_optimizer {
    stria_optimizer_kind kind;
    double learning_rate; /* as the text gives it; 0: the optimizer's default */
    double momentum;
    bool nesterov;
    double beta_1, beta_2, epsilon;
    double weight_decay;
    double rho;
    bool amsgrad;
    double initial_accumulator; /* what adagrad's and ftrl's sums of squares start from */
    stria_ftrl ftrl;
    double clipnorm, clipvalue, global_clipnorm; /* 0: none; at most one is set */
} stria_optimizer;

/* Errors: VALUE. */
stria_status stria_optimizer_read(stria_optimizer *optimizer, const char *text, stria_error *err);

/* Appends the optimizer without its learning rate: equal optimizers give equal text. */
void stria_optimizer_write(const stria_optimizer *optimizer, stria_text *text);

double stria_optimizer_default_rate(stria_optimizer_kind kind);

/* Numbers kept for each weight between steps: how many, and what each is called in a checkpoint. */
size_t stria_optimizer_state_count(const stria_optimizer *optimizer);
const char *stria_optimizer_state_name(const stria_optimizer *optimizer, size_t index);

/* What every number of a state is before the first step. */
double stria_optimizer_state_start(const stria_optimizer *optimizer, size_t index);

/* One step over `count` weights. states[i] has `count` numbers, stria_optimizer_state_start before the first
 * step; `iteration` counts from 1. */
void stria_optimizer_apply(const stria_optimizer *optimizer, const stria_kernels *kernels, stria_pool *pool,
                           float *weights, float *const states[STRIA_MAX_OPTIMIZER_STATES],
                           const float *gradients, size_t count, double rate, uint64_t iteration);

#endif
