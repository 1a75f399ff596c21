/* Fourier transforms. Powers of two: the order of bits is reversed, then butterflies of growing span, each a
 * rotation by a root of unity from the table (Cooley and Tukey, 1965). Other lengths (Bluestein, 1970): with
 * k t = (k^2 + t^2 - (k - t)^2) / 2 the transform is a convolution with the chirp exp(i pi t^2 / n), which
 * powers of two compute. */
#include "kernels/fft.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static bool is_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

/* The power of two that a convolution of n with 2n-1 numbers takes. */
static size_t convolution_length(size_t n)
{
    size_t m = 1;
    while (m < 2 * n - 1)
        m *= 2;
    return m;
}

size_t stria_fft_table_size(size_t length)
{
    if (is_power_of_two(length))
        return length;
    const size_t m = convolution_length(length);
    return m + 2 * length + 2 * m; /* roots, chirp, the chirp's transform */
}

size_t stria_fft_scratch_size(size_t length)
{
    return is_power_of_two(length) ? 0 : 2 * convolution_length(length);
}

/* exp(-2 pi i k / n) for k below n / 2. */
static void make_roots(size_t n, double *roots)
{
    for (size_t k = 0; k < n / 2; k++) {
        roots[2 * k] = cos(2 * PI * (double)k / (double)n);
        roots[2 * k + 1] = -sin(2 * PI * (double)k / (double)n);
    }
}

static void reverse_bits(size_t n, double *z)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n / 2;
        for (; (j & bit) != 0; bit /= 2)
            j ^= bit;
        j ^= bit;
        if (i >= j)
            continue;
        const double re = z[2 * i], im = z[2 * i + 1];
        z[2 * i] = z[2 * j];
        z[2 * i + 1] = z[2 * j + 1];
        z[2 * j] = re;
        z[2 * j + 1] = im;
    }
}

static void transform_power(size_t n, const double *roots, bool inverse, double *z)
{
    const double sign = inverse ? -1 : 1;
    reverse_bits(n, z);
    for (size_t span = 1; span < n; span *= 2)
        for (size_t first = 0; first < n; first += 2 * span)
            for (size_t k = 0; k < span; k++) {
                const double c = roots[k * (n / span)], s = sign * roots[k * (n / span) + 1];
                double *a = z + 2 * (first + k), *b = a + 2 * span;
                const double re = b[0] * c - b[1] * s, im = b[0] * s + b[1] * c;
                b[0] = a[0] - re;
                b[1] = a[1] - im;
                a[0] += re;
                a[1] += im;
            }
}

void stria_fft_make_table(size_t length, double *table)
{
    if (is_power_of_two(length)) {
        make_roots(length, table);
        return;
    }
    const size_t n = length, m = convolution_length(n);
    double *chirp = table + m, *transformed = chirp + 2 * n;
    make_roots(m, table);
    memset(transformed, 0, 2 * m * sizeof *transformed);
    for (size_t t = 0; t < n; t++) {
        /* t^2 modulo the chirp's period, so that the angle stays exact. */
        const double angle = PI * (double)(t * t % (2 * n)) / (double)n;
        chirp[2 * t] = cos(angle);
        chirp[2 * t + 1] = sin(angle);
        for (int side = 0; side < 2; side++) {
            const size_t at = side == 0 || t == 0 ? t : m - t;
            transformed[2 * at] = chirp[2 * t];
            transformed[2 * at + 1] = chirp[2 * t + 1];
        }
    }
    transform_power(m, table, false, transformed);
}

/* X[k] = conj(c[k]) * sum over t of (x[t] * conj(c[t])) * c[k - t]. The inverse is the transform of the
 * conjugate, conjugated. */
static void transform_any(size_t n, const double *table, bool inverse, double *z, double *scratch)
{
    const size_t m = convolution_length(n);
    const double *chirp = table + m, *transformed = chirp + 2 * n;
    const double sign = inverse ? -1 : 1;
    memset(scratch, 0, 2 * m * sizeof *scratch);
    for (size_t t = 0; t < n; t++) {
        const double re = z[2 * t], im = sign * z[2 * t + 1], c = chirp[2 * t], s = chirp[2 * t + 1];
        scratch[2 * t] = re * c + im * s;
        scratch[2 * t + 1] = im * c - re * s;
    }
    transform_power(m, table, false, scratch);
    for (size_t k = 0; k < m; k++) {
        const double re = scratch[2 * k], im = scratch[2 * k + 1];
        scratch[2 * k] = re * transformed[2 * k] - im * transformed[2 * k + 1];
        scratch[2 * k + 1] = re * transformed[2 * k + 1] + im * transformed[2 * k];
    }
    transform_power(m, table, true, scratch);
    for (size_t k = 0; k < n; k++) {
        const double re = scratch[2 * k] / (double)m, im = scratch[2 * k + 1] / (double)m;
        const double c = chirp[2 * k], s = chirp[2 * k + 1];
        z[2 * k] = re * c + im * s;
        z[2 * k + 1] = sign * (im * c - re * s);
    }
}

void stria_fft(size_t length, const double *table, bool inverse, double *z, double *scratch)
{
    if (is_power_of_two(length))
        transform_power(length, table, inverse, z);
    else
        transform_any(length, table, inverse, z, scratch);
}
