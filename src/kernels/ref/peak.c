/* The multiply-adds of plain C: independent sums in local variables, one product and one addition each, as
 * the definitions have them. */
#include "kernels/families.h"

static uint64_t multiply_add(size_t rounds, float *sink)
{
    /* Volatile, so that nothing is known of it at compile time. */
    volatile float given = 0.5F;
    const float factor = given, increment = 2 * given;
    float a = 0, b = 1, c = 2, d = 3, e = 4, f = 5, g = 6, h = 7;
    for (size_t r = 0; r < rounds; r++) {
        a = a * factor + increment;
        b = b * factor + increment;
        c = c * factor + increment;
        d = d * factor + increment;
        e = e * factor + increment;
        f = f * factor + increment;
        g = g * factor + increment;
        h = h * factor + increment;
    }
    *sink = a + b + c + d + e + f + g + h;
    return (uint64_t)rounds * 8;
}

void stria_ref_peak_fill(stria_peak_kernels *kernels)
{
    kernels->multiply_add = multiply_add;
}
