/* The losses: which there are, which one a model and its data call for, and running one over a batch. Labels
 * with a softmax's cross-entropy take the fused kernel; the formulas of the others are in loss_formulas.c.
 * Losses are added in double, sample by sample, in order. */
#include "train/loss.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include <stria/plan.h>

#include "base/error.h"
#include "base/float_state.h"
#include "model/model.h"
#include "train/loss_formulas.h"

/* ---- The table ---- */

#define COUNT(arguments) (sizeof(arguments) / sizeof((arguments)[0]))

/* clang-format off */
#define SMOOTHING                                                                                            \
    {"label_smoothing", STRIA_ARG_NUMBER, offsetof(stria_loss, label_smoothing), "0", 0, 1, NULL,            \
     "share of each target that is spread evenly"}
#define FOCUS                                                                                                \
    {"alpha", STRIA_ARG_NUMBER, offsetof(stria_loss, alpha), "0.25", 0, 1, NULL, "weight of the classes"},   \
    {"gamma", STRIA_ARG_NUMBER, offsetof(stria_loss, gamma), "2", 0, 100, NULL,                              \
     "how much less what is nearly right counts"}
/* clang-format on */

static const stria_argument smoothing_arguments[] = {SMOOTHING};

static const stria_argument focal_arguments[] = {FOCUS, SMOOTHING};

static const stria_argument binary_focal_arguments[] = {
    FOCUS,
    SMOOTHING,
    {"apply_class_balancing", STRIA_ARG_BOOLEAN, offsetof(stria_loss, apply_class_balancing), "no", 0, 0,
     NULL, "weights alpha for yes and 1 - alpha for no"},
};

static const stria_argument huber_arguments[] = {
    {"delta", STRIA_ARG_NUMBER, offsetof(stria_loss, delta), "1", 1e-30, FLT_MAX, NULL,
     "error from which on the loss is straight"},
};

const stria_choice stria_losses[STRIA_LOSS_COUNT] = {
    [STRIA_LOSS_BINARY_CROSSENTROPY] =
        {"binary_crossentropy", "bce", smoothing_arguments, COUNT(smoothing_arguments),
         "binary_crossentropy label_smoothing=0: of outputs that each say yes or no, one for two classes; "
         "joined with a sigmoid at the end of the model, other outputs are taken as what a sigmoid would "
         "get; short: bce"},
    [STRIA_LOSS_BINARY_FOCAL_CROSSENTROPY] =
        {"binary_focal_crossentropy", NULL, binary_focal_arguments, COUNT(binary_focal_arguments),
         "binary_focal_crossentropy alpha=0.25 gamma=2 label_smoothing=0 apply_class_balancing=no: "
         "binary_crossentropy times (1 - p)^gamma, p the probability of what is right"},
    [STRIA_LOSS_CATEGORICAL_CROSSENTROPY] =
        {"categorical_crossentropy", NULL, smoothing_arguments, COUNT(smoothing_arguments),
         "categorical_crossentropy label_smoothing=0: of labels, or of targets that are rows of "
         "probabilities; joined with a softmax at the end of the model, other outputs are taken as what a "
         "softmax would get"},
    [STRIA_LOSS_CATEGORICAL_FOCAL_CROSSENTROPY] =
        {"categorical_focal_crossentropy", NULL, focal_arguments, COUNT(focal_arguments),
         "categorical_focal_crossentropy alpha=0.25 gamma=2 label_smoothing=0: "
         "categorical_crossentropy times alpha (1 - p)^gamma, p the probability of what is right"},
    [STRIA_LOSS_CATEGORICAL_HINGE] =
        {"categorical_hinge", NULL, NULL, 0,
         "categorical_hinge: max(0, 1 + the largest wrong output - the right one)"},
    [STRIA_LOSS_COSINE_SIMILARITY] =
        {"cosine_similarity", NULL, NULL, 0,
         "cosine_similarity: minus the cosine between outputs and targets, from -1 to 1"},
    [STRIA_LOSS_HINGE] = {"hinge", NULL, NULL, 0,
                          "hinge: mean of max(0, 1 - t y); targets of 0 and 1 count as -1 and 1"},
    [STRIA_LOSS_HUBER] = {"huber", NULL, huber_arguments, COUNT(huber_arguments),
                          "huber delta=1: mean of e^2/2 up to an error e of delta, beyond it "
                          "delta |e| - delta^2/2"},
    [STRIA_LOSS_KL_DIVERGENCE] = {"kl_divergence", "kld", NULL, 0,
                                  "kl_divergence: sum of t ln(t / y), both probabilities; short: kld"},
    [STRIA_LOSS_LOG_COSH] = {"log_cosh", "logcosh", NULL, 0,
                             "log_cosh: mean of ln(cosh(y - t)); short: logcosh"},
    [STRIA_LOSS_MEAN_ABSOLUTE_ERROR] = {"mean_absolute_error", "mae", NULL, 0,
                                        "mean_absolute_error: mean of |y - t|; short: mae"},
    [STRIA_LOSS_MEAN_ABSOLUTE_PERCENTAGE_ERROR] =
        {"mean_absolute_percentage_error", "mape", NULL, 0,
         "mean_absolute_percentage_error: mean of 100 |y - t| / |t|; short: mape"},
    [STRIA_LOSS_MEAN_SQUARED_ERROR] =
        {"mean_squared_error", "mse", NULL, 0,
         "mean_squared_error: mean of (y - t)^2 over all outputs of a sample; labels count as rows with "
         "a single 1; short: mse"},
    [STRIA_LOSS_MEAN_SQUARED_LOGARITHMIC_ERROR] =
        {"mean_squared_logarithmic_error", "msle", NULL, 0,
         "mean_squared_logarithmic_error: mean of (ln(1 + y) - ln(1 + t))^2; short: msle"},
    [STRIA_LOSS_POISSON] = {"poisson", NULL, NULL, 0, "poisson: mean of y - t ln(y)"},
    [STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY] =
        {"sparse_categorical_crossentropy", NULL, NULL, 0,
         "sparse_categorical_crossentropy: categorical_crossentropy that insists on labels"},
    [STRIA_LOSS_SQUARED_HINGE] = {"squared_hinge", NULL, NULL, 0,
                                  "squared_hinge: mean of max(0, 1 - t y)^2; targets as in hinge"},
};

stria_status stria_loss_read(stria_loss *loss, const char *text, stria_error *err)
{
    stria_loss read = {.kind = STRIA_LOSS_DEFAULT};
    if (text != NULL) {
        size_t kind;
        STRIA_TRY(stria_choice_read("loss", stria_losses, STRIA_LOSS_COUNT, text, &kind, &read, err));
        read.kind = (stria_loss_kind)kind;
    }
    *loss = read;
    return STRIA_OK;
}

void stria_loss_write(const stria_loss *loss, stria_text *text)
{
    stria_choice_write(&stria_losses[loss->kind], loss, text);
}

/* ---- What a loss asks of a model ---- */

/* Whether each sample, or place, has a single output. */
static bool has_single_output(const stria_model *model)
{
    const stria_shape *output = &model->nodes[model->outputs[0]].facts.output;
    return output->rank > 0 && output->sizes[output->rank - 1] == 1;
}

static stria_loss_kind default_loss(const stria_model *model, bool has_labels)
{
    const stria_activation_kind last = stria_model_last_activation(model);
    if (has_single_output(model) && (has_labels || last == STRIA_SIGMOID))
        return STRIA_LOSS_BINARY_CROSSENTROPY;
    return has_labels || last == STRIA_SOFTMAX ? STRIA_LOSS_CATEGORICAL_CROSSENTROPY
                                               : STRIA_LOSS_MEAN_SQUARED_ERROR;
}

stria_status stria_loss_resolve(const stria_loss *loss, const stria_model *model, bool has_labels,
                                stria_loss *resolved, stria_error *err)
{
    *resolved = *loss;
    if (loss->kind == STRIA_LOSS_DEFAULT)
        resolved->kind = default_loss(model, has_labels);
    if (loss->kind != STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY)
        return STRIA_OK;
    if (!has_labels)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "loss 'sparse_categorical_crossentropy' needs labels, and the data has targets: "
                          "'categorical_crossentropy' takes them");
    resolved->kind = STRIA_LOSS_CATEGORICAL_CROSSENTROPY;
    return STRIA_OK;
}

int stria_loss_raw_output(const stria_loss *loss, const stria_model *model)
{
    /* A softmax or a single sigmoid at the end decides without labels; any other end has nothing to leave out
     * for what labels would call for. */
    const stria_loss_kind kind = loss->kind == STRIA_LOSS_DEFAULT ? default_loss(model, false) : loss->kind;
    return stria_loss_formulas[kind].raw_output;
}

size_t stria_loss_classes(const stria_loss *loss, size_t columns)
{
    return columns == 1 && !stria_loss_formulas[loss->kind].of_classes ? 2 : columns;
}

static bool is_binary(const stria_loss *loss)
{
    return stria_loss_formulas[loss->kind].raw_output == STRIA_RAW_SIGMOID;
}

static bool says_yes(const stria_loss *loss, float output)
{
    return output > (is_binary(loss) ? 0.0f : 0.5f);
}

size_t stria_loss_predicted(const stria_loss *loss, const float *outputs, size_t columns)
{
    return stria_loss_classes(loss, columns) > columns ? says_yes(loss, outputs[0])
                                                       : stria_largest_output(outputs, columns);
}

double stria_loss_probability(const stria_loss *loss, const float *outputs, size_t columns, size_t class)
{
    const bool is_single = columns == 1 && !stria_loss_formulas[loss->kind].of_classes;
    const double output = outputs[is_single ? 0 : class];
    double yes = output;
    if (is_binary(loss)) {
        yes = 1 / (1 + exp(-output));
    } else if (stria_loss_formulas[loss->kind].raw_output == STRIA_RAW_SOFTMAX) {
        const double largest = outputs[stria_largest_output(outputs, columns)];
        double sum = 0;
        for (size_t c = 0; c < columns; c++)
            sum += exp(outputs[c] - largest);
        yes = exp(output - largest) / sum;
    }
    return is_single && class == 0 ? 1 - yes : yes;
}

size_t stria_loss_marks(const stria_loss *loss, bool has_labels, size_t outputs)
{
    return has_labels ? 1 : is_binary(loss) ? outputs : 0;
}

size_t stria_largest_output(const float *outputs, size_t count)
{
    size_t largest = 0;
    for (size_t i = 1; i < count; i++)
        if (outputs[i] > outputs[largest] || (isnan(outputs[largest]) && !isnan(outputs[i])))
            largest = i;
    return largest;
}

/* ---- A batch ---- */

static int64_t count_marks(const stria_loss_call *call)
{
    const size_t outputs = call->rows * call->columns;
    int64_t marks = 0;
    if (stria_loss_marks(call->loss, call->labels != NULL, outputs) == 0)
        return -1;
    if (call->labels != NULL)
        for (size_t s = 0; s < call->batch; s++)
            marks += stria_loss_predicted(call->loss, call->outputs + s * outputs, call->columns) ==
                     (size_t)call->labels[s];
    for (size_t i = 0; call->labels == NULL && i < call->batch * outputs; i++) {
        const float yes = says_yes(call->loss, call->outputs[i]) ? 1 : 0;
        marks += call->targets[i] >= yes && call->targets[i] <= yes;
    }
    return marks;
}

/* Samples are independent: tasks of a fixed number of outputs. */
typedef struct loss_job {
    const stria_loss_call *call;
    double scale, shift; /* of the targets */
    size_t samples_per_task;
} loss_job;

static void compute_samples(void *job_pointer, size_t task, size_t worker)
{
    (void)worker;
    const loss_job *job = job_pointer;
    const stria_loss_call *call = job->call;
    const size_t first = task * job->samples_per_task;
    const size_t end =
        first + job->samples_per_task < call->batch ? first + job->samples_per_task : call->batch;
    for (size_t s = first; s < end; s++) {
        double sum = 0;
        for (size_t r = 0; r < call->rows; r++) {
            const size_t at = (s * call->rows + r) * call->columns;
            const stria_loss_row row = {
                .loss = call->loss,
                .outputs = call->outputs + at,
                .targets = call->targets != NULL ? call->targets + at : NULL,
                .label = call->labels != NULL ? call->labels[s] : 0,
                .columns = call->columns,
                .scale = job->scale,
                .shift = job->shift,
                .share = 1 / ((double)call->batch * (double)call->rows),
                .gradient = call->gradient != NULL ? call->gradient + at : NULL,
            };
            sum += stria_loss_row_compute(&row);
        }
        call->losses[s] = sum / (double)call->rows;
    }
}

/* Whether all targets are 0 or 1. */
static bool are_binary(const stria_loss_call *call)
{
    const size_t count = call->batch * call->rows * call->columns;
    bool binary = true;
    for (size_t i = 0; call->targets != NULL && i < count; i++) {
        const float t = call->targets[i];
        binary &= (t >= 0 && t <= 0) || (t >= 1 && t <= 1);
    }
    return binary;
}

static void compute_rows(const stria_loss_call *call, stria_pool *pool)
{
    const size_t outputs = call->rows * call->columns;
    const double smoothing = call->loss->label_smoothing;
    loss_job job = {
        .call = call,
        .scale = 1 - smoothing,
        .shift = smoothing / (is_binary(call->loss) ? 2 : (double)call->columns),
        .samples_per_task = outputs < 16384 ? 16384 / outputs : 1,
    };
    if (stria_loss_formulas[call->loss->kind].takes_hinges && are_binary(call)) {
        job.scale = 2;
        job.shift = -1;
    }
    stria_pool_run(pool, (call->batch + job.samples_per_task - 1) / job.samples_per_task, compute_samples,
                   &job);
}

/* The class that a sample is of: its label, or where its largest target is. */
static size_t class_of(const stria_loss_call *call, size_t sample)
{
    if (call->labels != NULL)
        return (size_t)call->labels[sample];
    const float *targets = call->targets + sample * call->columns;
    if (stria_loss_classes(call->loss, call->columns) > call->columns)
        return targets[0] > 0.5f;
    return stria_largest_output(targets, call->columns);
}

/* As Keras does: every sample's loss times the weight of its class, the mean still over their number. */
static void weigh(const stria_loss_call *call)
{
    for (size_t s = 0; s < call->batch; s++) {
        const double weight = call->class_weights[class_of(call, s)];
        call->losses[s] *= weight;
        for (size_t j = 0; call->gradient != NULL && j < call->columns; j++)
            call->gradient[s * call->columns + j] *= (float)weight;
    }
}

double stria_loss_compute(const stria_loss_call *call, const stria_kernels *kernels, stria_pool *pool,
                          int64_t *marks)
{
    assert(call->loss->kind < STRIA_LOSS_COUNT);
    assert((call->labels == NULL && call->class_weights == NULL) || call->rows == 1);
    const stria_float_state before = stria_float_begin();
    const bool smooth = call->loss->label_smoothing > 0;
    if (call->loss->kind == STRIA_LOSS_CATEGORICAL_CROSSENTROPY && call->labels != NULL && !smooth) {
        *marks = (int64_t)kernels->reduce.softmax_cross_entropy(call->outputs, call->labels, call->batch,
                                                                call->columns, 1 / (float)call->batch,
                                                                call->losses, call->gradient, pool);
    } else {
        compute_rows(call, pool);
        *marks = count_marks(call);
    }
    if (call->class_weights != NULL)
        weigh(call);
    double sum = 0;
    for (size_t s = 0; s < call->batch; s++)
        sum += call->losses[s];
    stria_float_end(before);
    return sum;
}
