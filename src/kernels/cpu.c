/* Which instruction sets this build and this CPU have.
 *
 * The compiler's own run-time check is used: it asks the CPU and whether the operating system saves the wide
 * registers. It keeps its findings, so asking again costs nothing. */
#include "kernels/kernels.h"

#if defined(__linux__) && defined(__aarch64__)
#    include <sys/auxv.h>
#endif

const char *stria_cpu_level_name(stria_cpu_level level)
{
    switch (level) {
    case STRIA_CPU_PLAIN:
        return "plain";
    case STRIA_CPU_BASELINE:
        return "baseline";
    case STRIA_CPU_AVX2:
        return "avx2";
    case STRIA_CPU_AVX512:
        return "avx512";
    case STRIA_CPU_NEON:
        return "neon";
    }
    return "unknown";
}

#if defined(__x86_64__)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool stria_cpu_level_available(stria_cpu_level level)
{
    switch (level) {
    case STRIA_CPU_PLAIN:
    case STRIA_CPU_BASELINE:
        return true;
    case STRIA_CPU_AVX2:
        return has_avx2();
    case STRIA_CPU_AVX512:
        return has_avx512();
    case STRIA_CPU_NEON:
        return false;
    }
    return false;
}

#elif defined(__aarch64__)

static bool has_neon(void)
{
#    if defined(__linux__)
    enum { ADVANCED_SIMD = 1 << 1 }; /* HWCAP_ASIMD */
    return getauxval(AT_HWCAP) & ADVANCED_SIMD;
#    else
    return true; /* part of every other AArch64 system's interface */
#    endif
}

bool stria_cpu_level_available(stria_cpu_level level)
{
    return level == STRIA_CPU_PLAIN || (level == STRIA_CPU_NEON && has_neon());
}

#else

bool stria_cpu_level_available(stria_cpu_level level)
{
    return level == STRIA_CPU_PLAIN;
}

#endif

stria_cpu_level stria_cpu_detect(void)
{
    int level = STRIA_CPU_NEON;
    while (level > STRIA_CPU_PLAIN && !stria_cpu_level_available((stria_cpu_level)level))
        level--;
    return (stria_cpu_level)level;
}
