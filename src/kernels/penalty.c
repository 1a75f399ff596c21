/* Penalties on the size of numbers, by the definitions of Keras's regularizers. */
#include "kernels/penalty.h"

#include <math.h>

#define LANES 8 /* sums that do not wait for each other */

static double sign(double number)
{
    return (number > 0) - (number < 0);
}

double stria_penalty_l1_l2(const float *x, size_t count, double l1, double l2, float *gradient)
{
    double sizes[LANES] = {0}, squares[LANES] = {0};
    for (size_t i = 0; i < count; i++) {
        const double number = (double)x[i];
        sizes[i % LANES] += fabs(number);
        squares[i % LANES] += number * number;
    }
    for (size_t i = 0; gradient != NULL && i < count; i++)
        gradient[i] = (float)((double)gradient[i] + l1 * sign((double)x[i]) + 2 * l2 * (double)x[i]);
    double size = 0, square = 0;
    for (size_t lane = 0; lane < LANES; lane++) {
        size += sizes[lane];
        square += squares[lane];
    }
    return l1 * size + l2 * square;
}

/* Vectors of x: `count` numbers that are `next` apart. */
typedef struct vectors {
    const float *x;
    size_t count, next, between; /* between the first numbers of neighbouring vectors */
} vectors;

static double product(const vectors *v, size_t a, size_t b)
{
    const float *left = v->x + a * v->between, *right = v->x + b * v->between;
    double sum = 0;
    for (size_t i = 0; i < v->count; i++)
        sum += (double)left[i * v->next] * (double)right[i * v->next];
    return sum;
}

/* The derivative of |c|, where c = <a,b> / (|a| |b|), by a: sign(c) (b / (|a| |b|) - c a / |a|^2). */
static void add_derivative(const vectors *v, size_t a, size_t b, double by_b, double by_a, float *gradient)
{
    for (size_t i = 0; i < v->count; i++) {
        const size_t at = a * v->between + i * v->next;
        gradient[at] = (float)((double)gradient[at] + by_b * (double)v->x[b * v->between + i * v->next] +
                               by_a * (double)v->x[at]);
    }
}

double stria_penalty_orthogonal(const float *x, size_t rows, size_t columns, bool of_columns, double factor,
                                float *gradient)
{
    const size_t n = of_columns ? columns : rows;
    const vectors v = {.x = x,
                       .count = of_columns ? rows : columns,
                       .next = of_columns ? columns : 1,
                       .between = of_columns ? 1 : columns};
    if (n < 2)
        return 0;
    const double share = factor / ((double)n * ((double)n - 1) / 2);
    double sum = 0;
    for (size_t a = 0; a < n; a++) {
        /* Keras takes no length below 1e-12 for the square's root. */
        const double aa = fmax(product(&v, a, a), 1e-12);
        for (size_t b = a + 1; b < n; b++) {
            const double bb = fmax(product(&v, b, b), 1e-12), lengths = sqrt(aa) * sqrt(bb);
            const double cosine = product(&v, a, b) / lengths, slope = share * sign(cosine);
            sum += fabs(cosine);
            if (gradient == NULL)
                continue;
            add_derivative(&v, a, b, slope / lengths, -slope * cosine / aa, gradient);
            add_derivative(&v, b, a, slope / lengths, -slope * cosine / bb, gradient);
        }
    }
    return share * sum;
}
