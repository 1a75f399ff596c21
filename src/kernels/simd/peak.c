/* The multiply-add peak of an instruction set: accumulators that stay in registers, so many that each
 * instruction finds its operands ready. Every kernel is measured against this. */
#include "kernels/families.h"
#include "kernels/simd/vec.h"

/* Two factors and the accumulators: latency times instructions per cycle is at most 10 on today's cores. */
#define CHAINS (VEC_REGISTERS - 4)

/* Hides where `v` comes from, so that the loop can be neither shortened nor turned into a closed form. */
#if defined(__x86_64__)
#    define KEEP(v) __asm__ volatile("" : "+x"(v))
#    if STRIA_VECTOR_BYTES == 64
#        undef KEEP
#        define KEEP(v) __asm__ volatile("" : "+v"(v))
#    endif
#else
#    define KEEP(v) __asm__ volatile("" : "+w"(v))
#endif

/* The accumulators converge to increment / (1 - factor), far from what is slow: zero, denormals, infinity. */
static uint64_t multiply_add(size_t rounds, float *sink)
{
    vec sums[CHAINS], factor = vec_broadcast(0.5F), increment = vec_broadcast(1.0F);
    VEC_UNROLL
    for (int i = 0; i < CHAINS; i++)
        sums[i] = vec_broadcast((float)i);
    for (size_t r = 0; r < rounds; r++) {
        VEC_UNROLL
        for (int i = 0; i < CHAINS; i++)
            sums[i] = sums[i] * factor + increment;
        KEEP(factor);
        KEEP(increment);
    }
    vec total = sums[0];
    VEC_UNROLL
    for (int i = 1; i < CHAINS; i++)
        total += sums[i];
    *sink = vec_sum(total);
    return (uint64_t)rounds * CHAINS * VL;
}

void STRIA_ISA(stria_peak_fill)(stria_peak_kernels *kernels)
{
    kernels->multiply_add = multiply_add;
}
