/* Fills the kernel table of a level: the definitions first, then every instruction set up to the level writes
 * over what it does faster. */
#include "kernels/families.h"

static void fill_definitions(stria_kernels *kernels)
{
    stria_ref_conv_fill(&kernels->conv);
    stria_ref_pool_fill(&kernels->pool);
    stria_ref_elementwise_fill(&kernels->elementwise);
    stria_ref_reduce_fill(&kernels->reduce);
    stria_ref_update_fill(&kernels->update);
    stria_ref_peak_fill(&kernels->peak);
}

#define STRIA_FILL_FROM(isa)                                                                                 \
    static void fill_##isa(stria_kernels *kernels)                                                           \
    {                                                                                                        \
        stria_conv_fill_##isa(&kernels->conv);                                                               \
        stria_pool_fill_##isa(&kernels->pool);                                                               \
        stria_elementwise_fill_##isa(&kernels->elementwise);                                                 \
        stria_reduce_fill_##isa(&kernels->reduce);                                                           \
        stria_update_fill_##isa(&kernels->update);                                                           \
        stria_peak_fill_##isa(&kernels->peak);                                                               \
    }

#if defined(__x86_64__)
STRIA_FILL_FROM(baseline)
STRIA_FILL_FROM(avx2)
STRIA_FILL_FROM(avx512)
#elif defined(__aarch64__)
STRIA_FILL_FROM(neon)
#endif

void stria_kernels_fill(stria_kernels *kernels, stria_cpu_level level)
{
    *kernels =
        (stria_kernels){.level = level, .name = stria_cpu_level_name(level), .algorithm = STRIA_CONV_AUTO};
    fill_definitions(kernels);
#if defined(__x86_64__)
    if (level >= STRIA_CPU_BASELINE)
        fill_baseline(kernels);
    if (level >= STRIA_CPU_AVX2)
        fill_avx2(kernels);
    if (level >= STRIA_CPU_AVX512)
        fill_avx512(kernels);
#elif defined(__aarch64__)
    if (level >= STRIA_CPU_NEON)
        fill_neon(kernels);
#endif
}
