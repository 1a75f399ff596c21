/* The table of optimizers and their steps.
 *
 * Sources: SGD with momentum and Nesterov's variant (Sutskever et al., ICML 2013), Adam (Kingma and Ba, ICLR
 * 2015), AdamW (Loshchilov and Hutter, ICLR 2019), RMSprop (Hinton, lecture 6e, 2012), each in the form and
 * with the defaults of Keras 3. */
#include "train/optimizer.h"

#include <float.h>
#include <math.h>

#include "base/error.h"

/* Largest decay of a running mean: below 1 also as a float, so that a bias correction never divides by 0. */
#define MAX_BETA 0.9999999

/* The last one is adamw's alone. */
static const stria_argument adam_arguments[] = {
    {"learning_rate", STRIA_ARG_NUMBER, offsetof(stria_optimizer, learning_rate), "", 1e-30, FLT_MAX, NULL,
     "size of a step"},
    {"beta_1", STRIA_ARG_NUMBER, offsetof(stria_optimizer, beta_1), "0.9", 0, MAX_BETA, NULL,
     "decay of the mean of the gradients"},
    {"beta_2", STRIA_ARG_NUMBER, offsetof(stria_optimizer, beta_2), "0.999", 0, MAX_BETA, NULL,
     "decay of the mean of their squares"},
    {"epsilon", STRIA_ARG_NUMBER, offsetof(stria_optimizer, epsilon), "1e-7", 1e-30, 1, NULL,
     "added to the root of the mean square"},
    {"weight_decay", STRIA_ARG_NUMBER, offsetof(stria_optimizer, weight_decay), "0.004", 0, 1, NULL,
     "share of each weight, times the learning rate, taken off in a step"},
};

static const stria_argument rmsprop_arguments[] = {
    {"learning_rate", STRIA_ARG_NUMBER, offsetof(stria_optimizer, learning_rate), "", 1e-30, FLT_MAX, NULL,
     "size of a step"},
    {"rho", STRIA_ARG_NUMBER, offsetof(stria_optimizer, rho), "0.9", 0, 1, NULL, "decay of the mean square"},
    {"momentum", STRIA_ARG_NUMBER, offsetof(stria_optimizer, momentum), "0", 0, 1, NULL,
     "share of the last step that is repeated"},
    {"epsilon", STRIA_ARG_NUMBER, offsetof(stria_optimizer, epsilon), "1e-7", 1e-30, 1, NULL,
     "added to the mean square under the root"},
};

static const stria_argument sgd_arguments[] = {
    {"learning_rate", STRIA_ARG_NUMBER, offsetof(stria_optimizer, learning_rate), "", 1e-30, FLT_MAX, NULL,
     "size of a step"},
    {"momentum", STRIA_ARG_NUMBER, offsetof(stria_optimizer, momentum), "0", 0, 1, NULL,
     "share of the last step that is repeated"},
    {"nesterov", STRIA_ARG_BOOLEAN, offsetof(stria_optimizer, nesterov), "no", 0, 0, NULL,
     "look ahead along the momentum"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const stria_choice stria_optimizers[STRIA_OPTIMIZER_COUNT] = {
    [STRIA_OPTIMIZER_ADAM] =
        {"adam", adam_arguments, COUNT(adam_arguments) - 1,
         "adam learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7: steps scaled by running "
         "means of the gradient and its square"},
    [STRIA_OPTIMIZER_ADAMW] =
        {"adamw", adam_arguments, COUNT(adam_arguments),
         "adamw learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 weight_decay=0.004: adam "
         "with decay of the weights apart from the gradient"},
    [STRIA_OPTIMIZER_RMSPROP] =
        {"rmsprop", rmsprop_arguments, COUNT(rmsprop_arguments),
         "rmsprop learning_rate=0.001 rho=0.9 momentum=0 epsilon=1e-7: gradients divided by the "
         "root of their running mean square"},
    [STRIA_OPTIMIZER_SGD] =
        {"sgd", sgd_arguments, COUNT(sgd_arguments),
         "sgd learning_rate=0.01 momentum=0 nesterov=no: steps against the gradient, with momentum "
         "when asked for"},
};

stria_status stria_optimizer_read(stria_optimizer *optimizer, const char *text, stria_error *err)
{
    stria_optimizer read = {0};
    size_t kind;
    STRIA_TRY(
        stria_choice_read("optimizer", stria_optimizers, STRIA_OPTIMIZER_COUNT, text, &kind, &read, err));
    read.kind = (stria_optimizer_kind)kind;
    if (read.nesterov && read.momentum <= 0)
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "optimizer '%s': nesterov needs a momentum above 0, as in 'sgd momentum=0.9 nesterov'", text);
    *optimizer = read;
    return STRIA_OK;
}

void stria_optimizer_write(const stria_optimizer *optimizer, stria_text *text)
{
    stria_optimizer without_rate = *optimizer;
    without_rate.learning_rate = 0;
    stria_choice_write(&stria_optimizers[optimizer->kind], &without_rate, text);
}

double stria_optimizer_default_rate(stria_optimizer_kind kind)
{
    return kind == STRIA_OPTIMIZER_SGD ? 0.01 : 0.001;
}

size_t stria_optimizer_state_count(const stria_optimizer *optimizer)
{
    const size_t for_momentum = optimizer->momentum > 0 ? 1 : 0;
    switch (optimizer->kind) {
    case STRIA_OPTIMIZER_SGD:
        return for_momentum;
    case STRIA_OPTIMIZER_RMSPROP:
        return 1 + for_momentum;
    default:
        return 2;
    }
}

const char *stria_optimizer_state_name(const stria_optimizer *optimizer, size_t index)
{
    switch (optimizer->kind) {
    case STRIA_OPTIMIZER_SGD:
        return "momentum";
    case STRIA_OPTIMIZER_RMSPROP:
        return index == 0 ? "velocity" : "momentum";
    default:
        return index == 0 ? "m" : "v";
    }
}

void stria_optimizer_apply(const stria_optimizer *optimizer, const stria_kernels *kernels, stria_pool *pool,
                           float *weights, float *const states[STRIA_MAX_OPTIMIZER_STATES],
                           const float *gradients, size_t count, double rate, uint64_t iteration)
{
    const stria_update_kernels *update = &kernels->update;
    switch (optimizer->kind) {
    case STRIA_OPTIMIZER_SGD:
        update->sgd(weights, states[0], gradients, count, (float)rate, (float)optimizer->momentum,
                    optimizer->nesterov, pool);
        break;
    case STRIA_OPTIMIZER_RMSPROP:
        update->rmsprop(weights, states[0], states[1], gradients, count, (float)rate, optimizer->rho,
                        (float)optimizer->momentum, (float)optimizer->epsilon, pool);
        break;
    default: {
        const double correction = sqrt(1 - pow(optimizer->beta_2, (double)iteration)) /
                                  (1 - pow(optimizer->beta_1, (double)iteration));
        update->adam(weights, states[0], states[1], gradients, count, (float)(rate * correction),
                     optimizer->beta_1, optimizer->beta_2, (float)optimizer->epsilon,
                     (float)(rate * optimizer->weight_decay), pool);
    }
    }
}
