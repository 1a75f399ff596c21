/* Transforms of every small length and some large ones against the definition, and back again. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "kernels/fft.h"
#include "support/check.h"

#define TWO_PI 6.283185307179586476925

static double *numbers(size_t count)
{
    double *made = malloc((count + 1) * sizeof *made);
    assert_non_null(made);
    return made;
}

static void check_length(size_t n)
{
    const stria_random_key key = {.seed = n, .purpose = STRIA_RANDOM_DATA};
    double *table = numbers(stria_fft_table_size(n)), *scratch = numbers(stria_fft_scratch_size(n));
    double *x = numbers(2 * n), *z = numbers(2 * n);
    stria_fft_make_table(n, table);
    for (size_t e = 0; e < 2 * n; e++)
        z[e] = x[e] = stria_random_normal(&key, e);
    for (int inverse = 0; inverse < 2; inverse++) {
        for (size_t e = 0; e < 2 * n; e++)
            z[e] = x[e];
        stria_fft(n, table, inverse != 0, z, scratch);
        for (size_t k = 0; k<n; k += n> 200 ? n / 50 : 1) {
            double re = 0, im = 0;
            for (size_t t = 0; t < n; t++) {
                const double angle = (inverse ? TWO_PI : -TWO_PI) * (double)(k * t % n) / (double)n;
                re += x[2 * t] * cos(angle) - x[2 * t + 1] * sin(angle);
                im += x[2 * t] * sin(angle) + x[2 * t + 1] * cos(angle);
            }
            if (hypot(z[2 * k] - re, z[2 * k + 1] - im) > 1e-12 * sqrt((double)n) * (double)(n + 10))
                fail_msg("length %zu, frequency %zu: %g %+gi, not %g %+gi", n, k, z[2 * k], z[2 * k + 1], re,
                         im);
        }
    }
    stria_fft(n, table, false, z, scratch);
    for (size_t e = 0; e < 2 * n; e++)
        assert_true(fabs(z[e] / (double)n - x[e]) < 1e-11);
    free(table);
    free(scratch);
    free(x);
    free(z);
}

static void test_lengths(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 40; n++)
        check_length(n);
    const size_t large[] = {100, 127, 128, 400, 1000, 2048, 4099};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        check_length(large[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
