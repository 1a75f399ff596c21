/* The formulas are Keras 3's, with its 1e-7 wherever something is clipped or divided by; y is an output, t
 * its target, and z what a softmax or sigmoid at the end of the model would get. All is computed in double.
 *
 * Cross-entropy: Goodfellow, Bengio and Courville, "Deep Learning" (2016), 6.2.2; focal: Lin et al., "Focal
 * Loss for Dense Object Detection" (ICCV 2017); huber: Huber (1964); hinges: Crammer and Singer (2001). Where
 * a loss has a corner its slope is the one that Keras's TensorFlow takes. */
#include "train/loss_formulas.h"

#include <math.h>

#include <stria/plan.h>

#define EPSILON 1e-7

static double wanted(const stria_loss_row *row, size_t j)
{
    const double t = row->targets != NULL ? (double)row->targets[j]
                     : row->columns == 1  ? (double)row->label
                                          : (double)(j == (size_t)row->label);
    return t * row->scale + row->shift;
}

static void set_gradient(const stria_loss_row *row, size_t j, double slope)
{
    if (row->gradient != NULL)
        row->gradient[j] = (float)(slope * row->share);
}

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x * 0; /* NaN stays */
}

/* max(x, low) that keeps NaN. */
static double at_least(double x, double low)
{
    return x < low ? low : x;
}

static double clip_probability(double p, double most)
{
    return p > most ? most : at_least(p, EPSILON);
}

/* ---- Of each output ---- */

static double squared_error(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    *slope = 2 * (y - t);
    return (y - t) * (y - t);
}

static double absolute_error(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    *slope = sign(y - t);
    return fabs(y - t);
}

/* In percent of the target. */
static double percentage_error(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    const double whole = at_least(fabs(t), EPSILON) / 100;
    *slope = sign(y - t) / whole;
    return fabs(y - t) / whole;
}

static double squared_logarithmic_error(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    const double difference = log1p(at_least(y, EPSILON)) - log1p(at_least(t, EPSILON));
    *slope = y < EPSILON ? 0 : 2 * difference / (y + 1);
    return difference * difference;
}

static double huber(const stria_loss *loss, double y, double t, double *slope)
{
    const double error = y - t, delta = loss->delta;
    if (fabs(error) > delta) {
        *slope = delta * sign(error);
        return delta * fabs(error) - 0.5 * delta * delta;
    }
    *slope = error;
    return 0.5 * error * error;
}

/* ln(cosh e) = |e| + ln(1 + exp(-2 |e|)) - ln 2, which does not overflow. */
static double log_cosh(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    const double size = fabs(y - t);
    *slope = tanh(y - t);
    return size + log1p(exp(-2 * size)) - 0.69314718055994530942;
}

static double hinge(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    const double short_of = 1 - t * y;
    *slope = short_of < 0 ? 0 : -t;
    return at_least(short_of, 0);
}

static double squared_hinge(const stria_loss *loss, double y, double t, double *slope)
{
    const double short_of = hinge(loss, y, t, slope);
    *slope *= 2 * short_of;
    return short_of * short_of;
}

static double poisson(const stria_loss *loss, double y, double t, double *slope)
{
    (void)loss;
    *slope = 1 - t / (y + EPSILON);
    return y - t * log(y + EPSILON);
}

static double sigmoid(double z)
{
    const double small = exp(-fabs(z));
    return z < 0 ? small / (1 + small) : 1 / (1 + small);
}

/* -t ln(s) - (1 - t) ln(1 - s) with s the sigmoid of z. */
static double binary_crossentropy(const stria_loss *loss, double z, double t, double *slope)
{
    (void)loss;
    *slope = sigmoid(z) - t;
    return at_least(z, 0) - z * t + log1p(exp(-fabs(z)));
}

/* (1 - p)^gamma times the cross-entropy, p the probability of what it should be. */
static double binary_focal_crossentropy(const stria_loss *loss, double z, double t, double *slope)
{
    double entropy_slope;
    const double entropy = binary_crossentropy(loss, z, t, &entropy_slope);
    const double s = sigmoid(z);
    const double missing = 1 - (t * s + (1 - t) * (1 - s));
    const double factor = pow(missing, loss->gamma);
    const double weight = loss->apply_class_balancing ? t * loss->alpha + (1 - t) * (1 - loss->alpha) : 1;
    const double factor_slope =
        missing > 0 ? loss->gamma * pow(missing, loss->gamma - 1) * (1 - 2 * t) * s * (1 - s) : missing * 0;
    *slope = weight * (factor_slope * entropy + factor * entropy_slope);
    return weight * factor * entropy;
}

/* ---- Of a row ---- */

static double largest(const stria_loss_row *row)
{
    double max = row->outputs[0];
    for (size_t j = 1; j < row->columns; j++)
        max = row->outputs[j] > max ? row->outputs[j] : max;
    return max;
}

/* -sum_j t_j ln softmax(z)_j = sum_j t_j (ln sum_k exp(z_k - max) - (z_j - max))
 *     dloss/dz_j = softmax(z)_j sum_k t_k - t_j */
static double categorical_crossentropy(const stria_loss_row *row)
{
    const float *z = row->outputs;
    const double max = largest(row);
    double sum = 0, weight = 0;
    for (size_t j = 0; j < row->columns; j++) {
        sum += exp(z[j] - max);
        weight += wanted(row, j);
    }
    const double log_sum = log(sum);
    double loss = 0;
    for (size_t j = 0; j < row->columns; j++) {
        const double t = wanted(row, j);
        /* A target of 0 has no share in the loss, not even where its output is infinitely unlikely. */
        if (t > 0 || t < 0)
            loss += t * (log_sum - (z[j] - max));
        set_gradient(row, j, exp(z[j] - max) / sum * weight - t);
    }
    /* A NaN among the outputs passes every comparison above; the sum carries it. */
    return isnan(sum) || isnan(weight) ? (double)NAN : loss;
}

/* alpha (1 - q)^gamma times the cross-entropy of each column, q = softmax(z) kept off 0 and 1, where its
 * slope is 0. With g_j the derivative by q_j: dloss/dz_j = softmax(z)_j (g_j - sum_k g_k softmax(z)_k). */
static double focal_column(const stria_loss *loss, double p, double t, double *slope)
{
    const double q = clip_probability(p, 1 - EPSILON), factor = loss->alpha * pow(1 - q, loss->gamma);
    const bool clipped = p < EPSILON || p > 1 - EPSILON;
    *slope = clipped ? 0 : t * factor * (loss->gamma * log(q) / (1 - q) - 1 / q);
    return -t * factor * log(q);
}

static double categorical_focal_crossentropy(const stria_loss_row *row)
{
    const float *z = row->outputs;
    const double max = largest(row);
    double sum = 0, loss = 0, mean = 0, slope;
    for (size_t j = 0; j < row->columns; j++)
        sum += exp(z[j] - max);
    for (size_t j = 0; j < row->columns; j++) {
        const double p = exp(z[j] - max) / sum;
        loss += focal_column(row->loss, p, wanted(row, j), &slope);
        mean += slope * p;
    }
    for (size_t j = 0; j < row->columns && row->gradient != NULL; j++) {
        const double p = exp(z[j] - max) / sum;
        focal_column(row->loss, p, wanted(row, j), &slope);
        set_gradient(row, j, p * (slope - mean));
    }
    return isnan(sum) ? (double)NAN : loss;
}

/* max(0, 1 + max_j (1 - t_j) y_j - sum_j t_j y_j); equal maxima share the slope. */
static double categorical_hinge(const stria_loss_row *row)
{
    double right = 0, wrong = -INFINITY;
    size_t equals = 0;
    for (size_t j = 0; j < row->columns; j++) {
        const double t = wanted(row, j), other = (1 - t) * row->outputs[j];
        right += t * row->outputs[j];
        if (other > wrong) {
            wrong = other;
            equals = 0;
        }
        equals += other >= wrong;
    }
    const double short_of = 1 + wrong - right;
    for (size_t j = 0; j < row->columns && row->gradient != NULL; j++) {
        const double t = wanted(row, j);
        const bool is_largest = (1 - t) * row->outputs[j] >= wrong;
        set_gradient(row, j, short_of < 0 ? 0 : (is_largest ? (1 - t) / (double)equals : 0) - t);
    }
    return at_least(short_of, 0);
}

/* sum_j t_j ln(t_j / y_j), both kept within 1e-7 and 1. */
static double kl_divergence(const stria_loss_row *row)
{
    double loss = 0;
    for (size_t j = 0; j < row->columns; j++) {
        const double y = row->outputs[j], p = clip_probability(y, 1);
        const double t = clip_probability(wanted(row, j), 1);
        loss += t * log(t / p);
        set_gradient(row, j, y < EPSILON || y > 1 ? 0 : -t / p);
    }
    return loss;
}

/* -sum_j t_j y_j / (|t| |y|), the lengths at least 1e-7. */
static double cosine_similarity(const stria_loss_row *row)
{
    double product = 0, y_square = 0, t_square = 0;
    for (size_t j = 0; j < row->columns; j++) {
        const double y = row->outputs[j], t = wanted(row, j);
        product += t * y;
        y_square += y * y;
        t_square += t * t;
    }
    const double y_length = at_least(sqrt(y_square), EPSILON), t_length = at_least(sqrt(t_square), EPSILON);
    const double cosine = product / (t_length * y_length);
    const double back = sqrt(y_square) < EPSILON ? 0 : cosine / (y_length * y_length);
    for (size_t j = 0; j < row->columns; j++)
        set_gradient(row, j, back * row->outputs[j] - wanted(row, j) / (t_length * y_length));
    return -cosine;
}

/* ---- The table ---- */

const stria_loss_formula stria_loss_formulas[STRIA_LOSS_COUNT] = {
    [STRIA_LOSS_BINARY_CROSSENTROPY] = {.element = binary_crossentropy, .raw_output = STRIA_RAW_SIGMOID},
    [STRIA_LOSS_BINARY_FOCAL_CROSSENTROPY] = {.element = binary_focal_crossentropy,
                                              .raw_output = STRIA_RAW_SIGMOID},
    [STRIA_LOSS_CATEGORICAL_CROSSENTROPY] = {.row = categorical_crossentropy,
                                             .raw_output = STRIA_RAW_SOFTMAX,
                                             .of_classes = true},
    [STRIA_LOSS_CATEGORICAL_FOCAL_CROSSENTROPY] = {.row = categorical_focal_crossentropy,
                                                   .raw_output = STRIA_RAW_SOFTMAX,
                                                   .of_classes = true},
    [STRIA_LOSS_CATEGORICAL_HINGE] = {.row = categorical_hinge, .of_classes = true},
    [STRIA_LOSS_COSINE_SIMILARITY] = {.row = cosine_similarity},
    [STRIA_LOSS_HINGE] = {.element = hinge, .takes_hinges = true},
    [STRIA_LOSS_HUBER] = {.element = huber},
    [STRIA_LOSS_KL_DIVERGENCE] = {.row = kl_divergence},
    [STRIA_LOSS_LOG_COSH] = {.element = log_cosh},
    [STRIA_LOSS_MEAN_ABSOLUTE_ERROR] = {.element = absolute_error},
    [STRIA_LOSS_MEAN_ABSOLUTE_PERCENTAGE_ERROR] = {.element = percentage_error},
    [STRIA_LOSS_MEAN_SQUARED_ERROR] = {.element = squared_error},
    [STRIA_LOSS_MEAN_SQUARED_LOGARITHMIC_ERROR] = {.element = squared_logarithmic_error},
    [STRIA_LOSS_POISSON] = {.element = poisson},
    [STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY] = {.row = categorical_crossentropy,
                                                    .raw_output = STRIA_RAW_SOFTMAX,
                                                    .of_classes = true},
    [STRIA_LOSS_SQUARED_HINGE] = {.element = squared_hinge, .takes_hinges = true},
};

double stria_loss_row_compute(const stria_loss_row *row)
{
    const stria_loss_formula *formula = &stria_loss_formulas[row->loss->kind];
    if (formula->row != NULL)
        return formula->row(row);
    double sum = 0, slope;
    for (size_t j = 0; j < row->columns; j++) {
        sum += formula->element(row->loss, row->outputs[j], wanted(row, j), &slope);
        set_gradient(row, j, slope / (double)row->columns);
    }
    return sum / (double)row->columns;
}
