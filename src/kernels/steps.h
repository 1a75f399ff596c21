/* Optimizer steps that are not among the update kernels: one plain-C version for every instruction set. Each
 * stored number is computed in double and rounded once; numbers are independent of each other, so that
 * threads change nothing. The formulas are those of Keras 3. */
#ifndef STRIA_KERNELS_STEPS_H
#define STRIA_KERNELS_STEPS_H

#include <stddef.h>

#include "base/pool.h"

/* Weights, what is kept for each of them, and their gradients. */
typedef struct stria_step {
    float *w;
    float *const *states;
    const float *g;
    size_t count;
    double rate;
    double beta_1, beta_2, epsilon; /* where an optimizer has them */
} stria_step;

/* w -= decay * w */
void stria_step_decay(const stria_step *step, double decay, stria_pool *pool);

/* a += g^2; w -= rate * g / sqrt(a + epsilon)   Duchi et al., JMLR 12, 2011 */
void stria_step_adagrad(const stria_step *step, stria_pool *pool);

/* a = rho a + (1 - rho) g^2; e = -g sqrt(d + epsilon) / sqrt(a + epsilon); d = rho d + (1 - rho) e^2;
 * w += rate * e; rho is beta_1   Zeiler, "ADADELTA", 2012 */
void stria_step_adadelta(const stria_step *step, stria_pool *pool);

/* m += (1 - beta_1) (g - m); u = max(beta_2 u, |g|); w -= rate * m / (u + epsilon), where `rate` has been
 * divided by 1 - beta_1^t   Kingma and Ba, ICLR 2015, section 7.1 */
void stria_step_adamax(const stria_step *step, stria_pool *pool);

/* m and v as adam's; w -= rate * (by_m m + by_g g) / (sqrt(v / correction) + epsilon)
 * Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016 */
void stria_step_nadam(const stria_step *step, double by_m, double by_g, double correction, stria_pool *pool);

/* adam with the largest v so far in the place of v; `rate` is corrected   Reddi et al., ICLR 2018 */
void stria_step_amsgrad(const stria_step *step, stria_pool *pool);

/* w -= rate * sign(beta_1 m + (1 - beta_1) g); m = beta_2 m + (1 - beta_2) g   Chen et al., NeurIPS 2023 */
void stria_step_lion(const stria_step *step, stria_pool *pool);

typedef struct stria_ftrl {
    double power, l1, l2, l2_shrinkage, beta;
} stria_ftrl;

/* a' = a + g^2; z += g + 2 l2_shrinkage w - (a'^-power - a^-power) / rate * w; a = a';
 * w = (clip(z, -l1, l1) - z) / (a^-power / rate + 2 l2 + beta / rate)   McMahan et al., KDD 2013 */
void stria_step_ftrl(const stria_step *step, const stria_ftrl *ftrl, stria_pool *pool);

/* The sum of squares, in double and in order; x *= factor; x between -limit and limit. */
double stria_square_sum(const float *x, size_t count);
void stria_multiply_all(float *x, size_t count, double factor);
void stria_clip_all(float *x, size_t count, double limit);

#endif
