/* Linear discriminant analysis (Fisher, 1936): were the features of every class spread about its mean m_k by
 * one covariance S, the class k of n_k samples would be probable as softmax of
 *     x . S^-1 m_k  -  m_k . S^-1 m_k / 2  +  log(n_k)
 * which is a dense layer. S is drawn towards equal variances, (1-s) * S + s * trace(S)/D * I, so that it has
 * an inverse when there are more features than samples tell apart (Friedman, "Regularized discriminant
 * analysis", 1989). A class without samples counts as if half of one had been seen, at a mean of 0. */
#include "train/discriminant.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/size.h"

stria_status stria_discriminant_make(stria_discriminant *d, const stria_context *context, size_t features,
                                     size_t classes, stria_error *err)
{
    *d = (stria_discriminant){.context = context, .features = features, .classes = classes};
    if (features > STRIA_MAX_DISCRIMINANT)
        return stria_fail(
            err, STRIA_ERROR_LIMIT,
            "a read-out from statistics takes up to %d features, and these are %zu: fewer planes, "
            "or c_cells over larger windows, would do",
            STRIA_MAX_DISCRIMINANT, features);
    const stria_allocator *allocator = &context->allocator;
    size_t sums;
    d->counts = stria_allocate_array(allocator, classes, sizeof(size_t));
    if (stria_size_multiply(features, classes, &sums))
        d->sums = stria_allocate_array(allocator, sums, sizeof(double));
    d->moments = stria_allocate_array(allocator, features * features, sizeof(double));
    d->means = stria_allocate_array(allocator, features, sizeof(double));
    if (d->counts == NULL || d->sums == NULL || d->moments == NULL || d->means == NULL)
        return stria_fail_memory(err, features * features * sizeof(double));
    return STRIA_OK;
}

void stria_discriminant_free(stria_discriminant *d)
{
    if (d->context == NULL)
        return;
    const stria_allocator *allocator = &d->context->allocator;
    stria_release(allocator, d->counts);
    stria_release(allocator, d->sums);
    stria_release(allocator, d->moments);
    stria_release(allocator, d->means);
}

void stria_discriminant_add(stria_discriminant *d, const float *x, size_t label)
{
    double *sums = d->sums + label * d->features;
    d->counts[label]++;
    d->count++;
    for (size_t i = 0; i < d->features; i++) {
        const double value = (double)x[i];
        sums[i] += value;
        if (!(fabs(value) > 0))
            continue;
        double *row = d->moments + i * d->features;
        for (size_t j = 0; j <= i; j++)
            row[j] += value * (double)x[j];
    }
}

/* Sums become means, moments the covariance within the classes; returns its trace. */
static double center(stria_discriminant *d)
{
    const size_t features = d->features;
    double trace = 0;
    for (size_t k = 0; k < d->classes; k++) {
        double *mean = d->sums + k * features;
        if (d->counts[k] == 0)
            continue;
        for (size_t i = 0; i < features; i++) {
            const double sum = mean[i];
            mean[i] = sum / (double)d->counts[k];
            for (size_t j = 0; j <= i; j++)
                d->moments[i * features + j] -= sum * mean[j]; /* mean[i] * sum of j */
        }
    }
    for (size_t i = 0; i < features; i++) {
        for (size_t j = 0; j <= i; j++)
            d->moments[i * features + j] /= (double)d->count;
        trace += d->moments[i * features + i];
    }
    return trace;
}

/* S = L L^T, L in the lower triangle. */
static void factorize(stria_discriminant *d)
{
    const size_t n = d->features;
    double *l = d->moments;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = l[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
}

/* b = S^-1 b */
static void solve(const stria_discriminant *d, double *b)
{
    const size_t n = d->features;
    const double *l = d->moments;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        b[i] /= l[i * n + i];
        for (size_t k = 0; k < i; k++)
            b[k] -= l[i * n + k] * b[i];
    }
}

stria_status stria_discriminant_solve(stria_discriminant *d, double shrinkage, float *kernel, float *bias,
                                      size_t units, stria_error *err)
{
    const size_t n = d->features;
    const double level = center(d) / (double)n;
    if (!(level > 0))
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "what the read-out sees is the same for all samples of a class: no plane answers; a "
            "smaller selectivity lets them");
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double *entry = &d->moments[i * n + j];
            *entry = (1 - shrinkage) * *entry + (i == j ? shrinkage * level : 0);
        }
    factorize(d);
    for (size_t k = 0; k < units; k++) {
        const size_t seen = k < d->classes ? d->counts[k] : 0;
        double *weights = d->sums + (k < d->classes ? k : 0) * n, product = 0;
        for (size_t i = 0; i < n; i++)
            d->means[i] = seen > 0 ? weights[i] : 0;
        if (seen > 0)
            solve(d, weights);
        for (size_t i = 0; i < n; i++) {
            const double weight = seen > 0 ? weights[i] : 0;
            kernel[i * units + k] = (float)weight;
            product += weight * d->means[i];
        }
        bias[k] = (float)(log(seen > 0 ? (double)seen : 0.5) - product / 2);
    }
    return STRIA_OK;
}
