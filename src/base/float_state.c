/* The control registers of each architecture.
 *
 * x86-64 keeps control and flags in one register, MXCSR (Intel SDM volume 1, 10.2.3). AArch64 has two, FPCR
 * and FPSR (Arm ARM, C5.2). Functions in a file of their own: no compiler moves arithmetic across their
 * calls. Writing these registers waits for the pipeline, reading does not, so a state that is right already
 * is only read. */
#include "base/float_state.h"

#if defined(__x86_64__)

#    include <xmmintrin.h>

/* Flush results to zero (15), nearest (14:13), all exceptions masked (12:7), denormal operands are zeros (6),
 * flags (5:0). */
#    define COMPUTING 0x9FC0u
#    define FLAGS     0x3Fu

stria_float_state stria_float_begin(void)
{
    const stria_float_state before = {.mxcsr = _mm_getcsr()};
    if ((before.mxcsr & ~FLAGS) != COMPUTING)
        _mm_setcsr(COMPUTING);
    return before;
}

void stria_float_end(stria_float_state before)
{
    if (_mm_getcsr() != before.mxcsr)
        _mm_setcsr(before.mxcsr);
}

#elif defined(__aarch64__)

/* Flush to zero (24); nearest (23:22) and no traps (15, 12:8) are zeros. */
#    define COMPUTING ((uint64_t)1 << 24)

static uint64_t read_fpcr(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

static uint64_t read_fpsr(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpsr" : "=r"(value));
    return value;
}

stria_float_state stria_float_begin(void)
{
    const stria_float_state before = {.fpcr = read_fpcr(), .fpsr = read_fpsr()};
    if (before.fpcr != COMPUTING)
        __asm__ volatile("msr fpcr, %0" ::"r"(COMPUTING));
    return before;
}

void stria_float_end(stria_float_state before)
{
    if (read_fpcr() != before.fpcr)
        __asm__ volatile("msr fpcr, %0" ::"r"(before.fpcr));
    if (read_fpsr() != before.fpsr)
        __asm__ volatile("msr fpsr, %0" ::"r"(before.fpsr));
}

#else

stria_float_state stria_float_begin(void)
{
    stria_float_state before;
    feholdexcept(&before.environment);
    fesetround(FE_TONEAREST);
    return before;
}

void stria_float_end(stria_float_state before)
{
    fesetenv(&before.environment);
}

#endif
