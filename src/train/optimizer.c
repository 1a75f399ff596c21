/* The table of optimizers and their steps.
 *
 * Sources: SGD with momentum and Nesterov's variant (Sutskever et al., ICML 2013), Adam (Kingma and Ba, ICLR
 * 2015), AdamW (Loshchilov and Hutter, ICLR 2019), RMSprop (Hinton, lecture 6e, 2012), each in the form and
 * with the defaults of Keras 3; kernels/steps.h names the others. */
#include "train/optimizer.h"

#include <float.h>
#include <math.h>

#include "base/error.h"

/* Largest decay of a running mean: below 1 also as a float, so that a bias correction never divides by 0. */
#define MAX_BETA 0.9999999

/* clang-format off */
#define RATE_ARGUMENT                                                                                        \
    {"learning_rate", STRIA_ARG_NUMBER, offsetof(stria_optimizer, learning_rate), "", 1e-30, FLT_MAX, NULL,  \
     "size of a step"}
#define NUMBER_ARGUMENT(name, member, default_value, minimum, maximum, help)                                 \
    {name, STRIA_ARG_NUMBER, offsetof(stria_optimizer, member), default_value, minimum, maximum, NULL, help}
#define BETA_ARGUMENTS(beta_2_default)                                                                       \
    NUMBER_ARGUMENT("beta_1", beta_1, "0.9", 0, MAX_BETA, "decay of the mean of the gradients"),             \
    NUMBER_ARGUMENT("beta_2", beta_2, beta_2_default, 0, MAX_BETA, "decay of the mean of their squares")
#define EPSILON_ARGUMENT(help) NUMBER_ARGUMENT("epsilon", epsilon, "1e-7", 1e-30, 1, help)
#define MOMENTUM_ARGUMENT                                                                                    \
    NUMBER_ARGUMENT("momentum", momentum, "0", 0, 1, "share of the last step that is repeated")

/* Those that every optimizer has. */
#define COMMON_ARGUMENTS(decay)                                                                              \
    NUMBER_ARGUMENT("weight_decay", weight_decay, decay, 0, 1,                                               \
                    "share of each weight, times the learning rate, taken off in a step"),                   \
    NUMBER_ARGUMENT("clipnorm", clipnorm, "0", 0, FLT_MAX, "largest norm of a tensor's gradient; 0: any"),   \
    NUMBER_ARGUMENT("clipvalue", clipvalue, "0", 0, FLT_MAX, "largest size of a number of the gradient; 0: any"), \
    NUMBER_ARGUMENT("global_clipnorm", global_clipnorm, "0", 0, FLT_MAX,                                     \
                    "largest norm of the whole gradient; 0: any")
/* clang-format on */

static const stria_argument adadelta_arguments[] = {
    RATE_ARGUMENT,
    NUMBER_ARGUMENT("rho", rho, "0.95", 0, 1, "decay of the mean squares"),
    EPSILON_ARGUMENT("added to the mean squares under the roots"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument adagrad_arguments[] = {
    RATE_ARGUMENT,
    NUMBER_ARGUMENT("initial_accumulator_value", initial_accumulator, "0.1", 0, FLT_MAX,
                    "what the sum of squares starts from"),
    EPSILON_ARGUMENT("added to the sum of squares under the root"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument adam_arguments[] = {
    RATE_ARGUMENT,
    BETA_ARGUMENTS("0.999"),
    EPSILON_ARGUMENT("added to the root of the mean square"),
    {"amsgrad", STRIA_ARG_BOOLEAN, offsetof(stria_optimizer, amsgrad), "no", 0, 0, NULL,
     "divide by the largest mean square so far"},
    COMMON_ARGUMENTS("0"),
};

static const stria_argument adamw_arguments[] = {
    RATE_ARGUMENT,
    BETA_ARGUMENTS("0.999"),
    EPSILON_ARGUMENT("added to the root of the mean square"),
    {"amsgrad", STRIA_ARG_BOOLEAN, offsetof(stria_optimizer, amsgrad), "no", 0, 0, NULL,
     "divide by the largest mean square so far"},
    COMMON_ARGUMENTS("0.004"),
};

/* adamax and nadam */
static const stria_argument beta_arguments[] = {
    RATE_ARGUMENT,
    BETA_ARGUMENTS("0.999"),
    EPSILON_ARGUMENT("added to what is divided by"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument ftrl_arguments[] = {
    RATE_ARGUMENT,
    NUMBER_ARGUMENT("learning_rate_power", ftrl.power, "-0.5", -2, 0,
                    "how the rate falls with the sum of squares"),
    NUMBER_ARGUMENT("initial_accumulator_value", initial_accumulator, "0.1", 1e-30, FLT_MAX,
                    "what the sum of squares starts from"),
    NUMBER_ARGUMENT("l1_regularization_strength", ftrl.l1, "0", 0, FLT_MAX, "pulls weights to 0 exactly"),
    NUMBER_ARGUMENT("l2_regularization_strength", ftrl.l2, "0", 0, FLT_MAX, "pulls weights towards 0"),
    NUMBER_ARGUMENT("l2_shrinkage_regularization_strength", ftrl.l2_shrinkage, "0", 0, FLT_MAX,
                    "adds to the gradient twice this share of the weight"),
    NUMBER_ARGUMENT("beta", ftrl.beta, "0", 0, FLT_MAX, "added to the l2 strength, over twice the rate"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument lion_arguments[] = {
    RATE_ARGUMENT,
    BETA_ARGUMENTS("0.99"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument rmsprop_arguments[] = {
    RATE_ARGUMENT,         NUMBER_ARGUMENT("rho", rho, "0.9", 0, 1, "decay of the mean square"),
    MOMENTUM_ARGUMENT,     EPSILON_ARGUMENT("added to the mean square under the root"),
    COMMON_ARGUMENTS("0"),
};

static const stria_argument sgd_arguments[] = {
    RATE_ARGUMENT,
    MOMENTUM_ARGUMENT,
    {"nesterov", STRIA_ARG_BOOLEAN, offsetof(stria_optimizer, nesterov), "no", 0, 0, NULL,
     "look ahead along the momentum"},
    COMMON_ARGUMENTS("0"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const stria_choice stria_optimizers[STRIA_OPTIMIZER_COUNT] = {
    [STRIA_OPTIMIZER_ADADELTA] = {"adadelta", NULL, adadelta_arguments, COUNT(adadelta_arguments),
                                  "adadelta learning_rate=0.001 rho=0.95 epsilon=1e-7: steps as large as "
                                  "earlier ones were, by running mean squares"},
    [STRIA_OPTIMIZER_ADAGRAD] = {"adagrad", NULL, adagrad_arguments, COUNT(adagrad_arguments),
                                 "adagrad learning_rate=0.001 initial_accumulator_value=0.1 epsilon=1e-7: "
                                 "gradients divided by the root of the sum of their squares"},
    [STRIA_OPTIMIZER_ADAMAX] = {"adamax", NULL, beta_arguments, COUNT(beta_arguments),
                                "adamax learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7: adam with "
                                "the largest gradient in the place of the root mean square"},
    [STRIA_OPTIMIZER_FTRL] =
        {"ftrl", NULL, ftrl_arguments, COUNT(ftrl_arguments),
         "ftrl learning_rate=0.001 learning_rate_power=-0.5 initial_accumulator_value=0.1 "
         "l1_regularization_strength=0 l2_regularization_strength=0 l2_shrinkage_regularization_strength=0 "
         "beta=0: follow the regularized leader"},
    [STRIA_OPTIMIZER_LION] =
        {"lion", NULL, lion_arguments, COUNT(lion_arguments),
         "lion learning_rate=0.001 beta_1=0.9 beta_2=0.99: steps of one size, by the sign of a running mean"},
    [STRIA_OPTIMIZER_NADAM] = {"nadam", NULL, beta_arguments, COUNT(beta_arguments),
                               "nadam learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7: adam that "
                               "looks ahead along the mean, as Nesterov's momentum does"},
    [STRIA_OPTIMIZER_ADAM] = {"adam", NULL, adam_arguments, COUNT(adam_arguments),
                              "adam learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 amsgrad=no: "
                              "steps scaled by running means of the gradient and its square"},
    [STRIA_OPTIMIZER_ADAMW] = {"adamw", NULL, adamw_arguments, COUNT(adamw_arguments),
                               "adamw learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 amsgrad=no "
                               "weight_decay=0.004: adam with decay of the weights apart from the gradient"},
    [STRIA_OPTIMIZER_RMSPROP] = {"rmsprop", NULL, rmsprop_arguments, COUNT(rmsprop_arguments),
                                 "rmsprop learning_rate=0.001 rho=0.9 momentum=0 epsilon=1e-7: gradients "
                                 "divided by the root of their running mean square"},
    [STRIA_OPTIMIZER_SGD] = {"sgd", NULL, sgd_arguments, COUNT(sgd_arguments),
                             "sgd learning_rate=0.01 momentum=0 nesterov=no: steps against the gradient, "
                             "with momentum when asked for"},
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
    if ((read.clipnorm > 0) + (read.clipvalue > 0) + (read.global_clipnorm > 0) > 1)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "optimizer '%s': only one of clipnorm, clipvalue and global_clipnorm can be given",
                          text);
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
    case STRIA_OPTIMIZER_ADAGRAD:
    case STRIA_OPTIMIZER_LION:
        return 1;
    default:
        return optimizer->amsgrad ? 3 : 2;
    }
}

const char *stria_optimizer_state_name(const stria_optimizer *optimizer, size_t index)
{
    switch (optimizer->kind) {
    case STRIA_OPTIMIZER_SGD:
    case STRIA_OPTIMIZER_LION:
        return "momentum";
    case STRIA_OPTIMIZER_RMSPROP:
        return index == 0 ? "velocity" : "momentum";
    case STRIA_OPTIMIZER_ADADELTA:
        return index == 0 ? "accumulated_grad" : "accumulated_delta_var";
    case STRIA_OPTIMIZER_ADAGRAD:
        return "accumulator";
    case STRIA_OPTIMIZER_ADAMAX:
        return index == 0 ? "m" : "u";
    case STRIA_OPTIMIZER_FTRL:
        return index == 0 ? "accumulator" : "linear";
    default:
        return index == 0 ? "m" : index == 1 ? "v" : "v_hat";
    }
}

double stria_optimizer_state_start(const stria_optimizer *optimizer, size_t index)
{
    const bool sums = optimizer->kind == STRIA_OPTIMIZER_ADAGRAD || optimizer->kind == STRIA_OPTIMIZER_FTRL;
    return sums && index == 0 ? optimizer->initial_accumulator : 0;
}

/* nadam's momentum of step t, beta_1 (1 - 0.96^t / 2), and the product of the first t of them: the factors in
 * brackets are 1 in double from 0.96^1000 on. */
static double nadam_momentum(const stria_optimizer *optimizer, uint64_t t)
{
    return optimizer->beta_1 * (1 - 0.5 * pow(0.96, (double)t));
}

static double nadam_product(const stria_optimizer *optimizer, uint64_t t)
{
    double product = pow(optimizer->beta_1, (double)t);
    for (uint64_t i = 1; i <= t && i <= 1000; i++)
        product *= 1 - 0.5 * pow(0.96, (double)i);
    return product;
}

static void apply_nadam(const stria_optimizer *optimizer, const stria_step *step, uint64_t t,
                        stria_pool *pool)
{
    const double now = nadam_momentum(optimizer, t), next = nadam_momentum(optimizer, t + 1);
    const double product = nadam_product(optimizer, t);
    stria_step_nadam(step, next / (1 - product * next), (1 - now) / (1 - product),
                     1 - pow(optimizer->beta_2, (double)t), pool);
}

void stria_optimizer_apply(const stria_optimizer *optimizer, const stria_kernels *kernels, stria_pool *pool,
                           float *weights, float *const states[STRIA_MAX_OPTIMIZER_STATES],
                           const float *gradients, size_t count, double rate, uint64_t iteration)
{
    const stria_update_kernels *update = &kernels->update;
    const double t = (double)iteration;
    const bool adam = optimizer->kind == STRIA_OPTIMIZER_ADAM || optimizer->kind == STRIA_OPTIMIZER_ADAMW;
    stria_step step = {.w = weights,
                       .states = states,
                       .g = gradients,
                       .count = count,
                       .rate = rate,
                       .beta_1 = optimizer->beta_1,
                       .beta_2 = optimizer->beta_2,
                       .epsilon = optimizer->epsilon};
    if (optimizer->weight_decay > 0 && (!adam || optimizer->amsgrad))
        stria_step_decay(&step, rate * optimizer->weight_decay, pool);
    if (adam)
        step.rate = rate * sqrt(1 - pow(optimizer->beta_2, t)) / (1 - pow(optimizer->beta_1, t));
    switch (optimizer->kind) {
    case STRIA_OPTIMIZER_SGD:
        update->sgd(weights, states[0], gradients, count, (float)rate, (float)optimizer->momentum,
                    optimizer->nesterov, pool);
        break;
    case STRIA_OPTIMIZER_RMSPROP:
        update->rmsprop(weights, states[0], states[1], gradients, count, (float)rate, optimizer->rho,
                        (float)optimizer->momentum, (float)optimizer->epsilon, pool);
        break;
    case STRIA_OPTIMIZER_ADADELTA:
        step.beta_1 = optimizer->rho;
        stria_step_adadelta(&step, pool);
        break;
    case STRIA_OPTIMIZER_ADAGRAD:
        stria_step_adagrad(&step, pool);
        break;
    case STRIA_OPTIMIZER_ADAMAX:
        step.rate = rate / (1 - pow(optimizer->beta_1, t));
        stria_step_adamax(&step, pool);
        break;
    case STRIA_OPTIMIZER_FTRL:
        stria_step_ftrl(&step, &optimizer->ftrl, pool);
        break;
    case STRIA_OPTIMIZER_LION:
        stria_step_lion(&step, pool);
        break;
    case STRIA_OPTIMIZER_NADAM:
        apply_nadam(optimizer, &step, iteration, pool);
        break;
    default:
        if (optimizer->amsgrad)
            stria_step_amsgrad(&step, pool);
        else
            update->adam(weights, states[0], states[1], gradients, count, (float)step.rate, optimizer->beta_1,
                         optimizer->beta_2, (float)optimizer->epsilon,
                         (float)(rate * optimizer->weight_decay), pool);
    }
}
