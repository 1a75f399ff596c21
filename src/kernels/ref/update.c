/* Optimizer steps in plain C: the definitions that every faster version is tested against. The formulas are
 * those of Keras 3; each stored number is computed in double and rounded once, and what follows uses it as
 * stored. */
#include <math.h>

#include "kernels/families.h"

static void sgd(float *w, float *m, const float *g, size_t count, float rate, float momentum, bool nesterov,
                stria_pool *pool)
{
    (void)pool;
    double factor = (double)momentum;
    for (size_t i = 0; i < count; i++) {
        double step = -(double)rate * (double)g[i];
        if (momentum != 0) {
            m[i] = (float)(factor * (double)m[i] + step);
            step = nesterov ? factor * (double)m[i] + step : (double)m[i];
        }
        w[i] = (float)((double)w[i] + step);
    }
}

/* Kingma and Ba, "Adam: a method for stochastic optimization", 2015, with the second form of section 2:
 * epsilon is added to the uncorrected root. The decay is that of Loshchilov and Hutter, "Decoupled weight
 * decay regularization", 2019. */
static void adam(float *w, float *m, float *v, const float *g, size_t count, float corrected_rate,
                 double beta1, double beta2, float epsilon, float rate_decay, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++) {
        double gradient = (double)g[i];
        m[i] = (float)((double)m[i] + (gradient - (double)m[i]) * (1 - beta1));
        v[i] = (float)((double)v[i] + (gradient * gradient - (double)v[i]) * (1 - beta2));
        double step = (double)corrected_rate * (double)m[i] / (sqrt((double)v[i]) + (double)epsilon);
        w[i] = (float)((double)w[i] - (double)rate_decay * (double)w[i] - step);
    }
}

/* Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012. */
static void rmsprop(float *w, float *v, float *m, const float *g, size_t count, float rate, double rho,
                    float momentum, float epsilon, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++) {
        double gradient = (double)g[i];
        v[i] = (float)(rho * (double)v[i] + (1 - rho) * gradient * gradient);
        double step = (double)rate * gradient / sqrt((double)v[i] + (double)epsilon);
        if (momentum != 0) {
            m[i] = (float)((double)momentum * (double)m[i] + step);
            step = (double)m[i];
        }
        w[i] = (float)((double)w[i] - step);
    }
}

void stria_ref_update_fill(stria_update_kernels *kernels)
{
    *kernels = (stria_update_kernels){.sgd = sgd, .adam = adam, .rmsprop = rmsprop};
}
