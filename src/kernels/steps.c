/* Optimizer steps in plain C, over ranges of a fixed length. */
#include "kernels/steps.h"

#include <math.h>

#define TASK ((size_t)1 << 14) /* numbers */

typedef struct job job;
struct job {
    const stria_step *step;
    const stria_ftrl *ftrl;
    double a, b, c; /* of the kind of step */
    void (*one)(const job *j, size_t i);
};

static void run_task(void *pointer, size_t task, size_t worker)
{
    (void)worker;
    const job *j = pointer;
    const size_t first = task * TASK, left = j->step->count - first,
                 end = first + (left < TASK ? left : TASK);
    for (size_t i = first; i < end; i++)
        j->one(j, i);
}

static void run(job *j, stria_pool *pool)
{
    stria_pool_run(pool, (j->step->count + TASK - 1) / TASK, run_task, j);
}

static double square(double number)
{
    return number * number;
}

/* Brings a state nearer to a value and returns what was stored. */
static double approach(float *state, double value, double share)
{
    *state = (float)((double)*state + (value - (double)*state) * share);
    return (double)*state;
}

static double store(float *state, double value)
{
    *state = (float)value;
    return (double)*state;
}

static void decay_one(const job *j, size_t i)
{
    float *w = &j->step->w[i];
    *w = (float)((double)*w - j->a * (double)*w);
}

void stria_step_decay(const stria_step *step, double decay, stria_pool *pool)
{
    run(&(job){.step = step, .a = decay, .one = decay_one}, pool);
}

static void adagrad_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], a = store(&s->states[0][i], (double)s->states[0][i] + g * g);
    s->w[i] = (float)((double)s->w[i] - s->rate * g / sqrt(a + s->epsilon));
}

void stria_step_adagrad(const stria_step *step, stria_pool *pool)
{
    run(&(job){.step = step, .one = adagrad_one}, pool);
}

static void adadelta_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], rho = s->beta_1, d = (double)s->states[1][i];
    const double a = store(&s->states[0][i], rho * (double)s->states[0][i] + (1 - rho) * g * g);
    const double change = -g * sqrt(d + s->epsilon) / sqrt(a + s->epsilon);
    s->states[1][i] = (float)(rho * d + (1 - rho) * square(change));
    s->w[i] = (float)((double)s->w[i] + s->rate * change);
}

void stria_step_adadelta(const stria_step *step, stria_pool *pool)
{
    run(&(job){.step = step, .one = adadelta_one}, pool);
}

static void adamax_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], m = approach(&s->states[0][i], g, 1 - s->beta_1);
    const double u = store(&s->states[1][i], fmax(s->beta_2 * (double)s->states[1][i], fabs(g)));
    s->w[i] = (float)((double)s->w[i] - s->rate * m / (u + s->epsilon));
}

void stria_step_adamax(const stria_step *step, stria_pool *pool)
{
    run(&(job){.step = step, .one = adamax_one}, pool);
}

static void nadam_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], m = approach(&s->states[0][i], g, 1 - s->beta_1);
    const double v = approach(&s->states[1][i], g * g, 1 - s->beta_2);
    s->w[i] = (float)((double)s->w[i] - s->rate * (j->a * m + j->b * g) / (sqrt(v / j->c) + s->epsilon));
}

void stria_step_nadam(const stria_step *step, double by_m, double by_g, double correction, stria_pool *pool)
{
    run(&(job){.step = step, .a = by_m, .b = by_g, .c = correction, .one = nadam_one}, pool);
}

static void amsgrad_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], m = approach(&s->states[0][i], g, 1 - s->beta_1);
    const double v = approach(&s->states[1][i], g * g, 1 - s->beta_2);
    const double largest = store(&s->states[2][i], fmax((double)s->states[2][i], v));
    s->w[i] = (float)((double)s->w[i] - s->rate * m / (sqrt(largest) + s->epsilon));
}

void stria_step_amsgrad(const stria_step *step, stria_pool *pool)
{
    run(&(job){.step = step, .one = amsgrad_one}, pool);
}

static void lion_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const double g = (double)s->g[i], m = (double)s->states[0][i];
    const double direction = s->beta_1 * m + (1 - s->beta_1) * g;
    s->w[i] = (float)((double)s->w[i] - s->rate * ((direction > 0) - (direction < 0)));
    s->states[0][i] = (float)(s->beta_2 * m + (1 - s->beta_2) * g);
}

void stria_step_lion(const stria_step *step, stria_pool *pool)
{
    run(&(job){.step = step, .one = lion_one}, pool);
}

static void ftrl_one(const job *j, size_t i)
{
    const stria_step *s = j->step;
    const stria_ftrl *f = j->ftrl;
    const double g = (double)s->g[i], w = (double)s->w[i], a = (double)s->states[0][i];
    const double grown = pow(a + g * g, -f->power), change = (grown - pow(a, -f->power)) / s->rate;
    const double z =
        store(&s->states[1][i], (double)s->states[1][i] + g + 2 * f->l2_shrinkage * w - change * w);
    const double clipped = fmin(fmax(z, -f->l1), f->l1);
    s->w[i] = (float)((clipped - z) / (grown / s->rate + 2 * f->l2 + f->beta / s->rate));
    s->states[0][i] = (float)(a + g * g);
}

void stria_step_ftrl(const stria_step *step, const stria_ftrl *ftrl, stria_pool *pool)
{
    run(&(job){.step = step, .ftrl = ftrl, .one = ftrl_one}, pool);
}

/* ---- Clipping ---- */

double stria_square_sum(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += square((double)x[i]);
    return sum;
}

void stria_multiply_all(float *x, size_t count, double factor)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)((double)x[i] * factor);
}

void stria_clip_all(float *x, size_t count, double limit)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)fmin(fmax((double)x[i], -limit), limit);
}
