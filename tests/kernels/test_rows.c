/* Functions of rows that have one version: sparsemax by what defines it, the nearest point of the probability
 * simplex, and rows along other axes. (Keras's sparsemax does not sum to 1, so it is no measure.) */
#include <math.h>

#include "kernels/kernel_check.h"
#include "kernels/rows.h"

static void sparsemax(const float *x, size_t rows, size_t columns, float *y)
{
    stria_rows_activate(definitions(), STRIA_SPARSEMAX, x, rows, columns, y, NULL);
}

/* Worked out by hand: (1, 1, -0.5) - 0.5 and (2, 1.5, 0.1) - 1.25; a lead of 1 takes all. */
static void sparsemax_is_known(void **state)
{
    (void)state;
    const float x[] = {1, 1, -0.5f, 2, 1.5f, 0.1f, 5, 4, 3, 0, 0, 0};
    const float want[] = {0.5f, 0.5f, 0, 0.75f, 0.25f, 0, 1, 0, 0, 1.0f / 3, 1.0f / 3, 1.0f / 3};
    float y[12];
    sparsemax(x, 4, 3, y);
    expect_close(y, want, 12, (tolerance){1, 0}, "sparsemax");
}

/* Nothing is negative, rows sum to 1, and what stays has lost the same everywhere, what is gone less. */
static void sparsemax_projects(void **state)
{
    (void)state;
    float x[37], y[37];
    for (size_t trial = 0; trial < 200; trial++) {
        const size_t n = random_below(37) + 1;
        double sum = 0, threshold = NAN;
        fill_normal(x, n);
        sparsemax(x, 1, n, y);
        for (size_t i = 0; i < n; i++) {
            assert_true(y[i] >= 0);
            sum += (double)y[i];
            if (y[i] > 0)
                threshold = (double)x[i] - (double)y[i];
        }
        assert_true(fabs(sum - 1) < 1e-6);
        for (size_t i = 0; i < n; i++)
            assert_true(y[i] > 0 ? fabs((double)x[i] - (double)y[i] - threshold) < 1e-6
                                 : (double)x[i] <= threshold + 1e-6);
    }
}

static void rows_are_gathered(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; /* [2, 3, 2] */
    const float want[] = {1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12};
    float y[12], back[12];
    stria_rows_gather(x, 2, 3, 2, y, NULL);
    expect_same(y, want, sizeof y, "gathered");
    stria_rows_gather(y, 2, 2, 3, back, NULL);
    expect_same(back, x, sizeof x, "brought back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparsemax_is_known),
        cmocka_unit_test(sparsemax_projects),
        cmocka_unit_test(rows_are_gathered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
