/* The register that says how this thread computes, read and written directly: what src/base/float_state.c
 * sets is checked by other means than its own. */
#ifndef STRIA_TESTS_SUPPORT_FLOAT_REGISTER_H
#define STRIA_TESTS_SUPPORT_FLOAT_REGISTER_H

#include <stdint.h>

#if defined(__x86_64__)

/* MXCSR, with the flags of exceptions in its lowest six bits. */
#    define FLOAT_USUAL     UINT64_C(0x1F80)
#    define FLOAT_COMPUTING UINT64_C(0x9FC0) /* denormals are zeros, nearest, nothing traps */
#    define FLOAT_FLAGS     UINT64_C(0x3F)
#    define FLOAT_ODD       UINT64_C(0x5010) /* rounding up, all exceptions but inexact trap, one flag up */
#    define FLOAT_ODD_OTHER UINT64_C(0x3FA1) /* rounding down, nothing traps, two flags up */

static inline uint64_t float_register(void)
{
    return __builtin_ia32_stmxcsr();
}

static inline void set_float_register(uint64_t value)
{
    __builtin_ia32_ldmxcsr((unsigned)value);
}

#elif defined(__aarch64__)

/* FPCR; its flags are in a register of their own. Few processors can trap. */
#    define FLOAT_USUAL     UINT64_C(0)
#    define FLOAT_COMPUTING (UINT64_C(1) << 24)
#    define FLOAT_FLAGS     UINT64_C(0)
#    define FLOAT_ODD       (UINT64_C(1) << 22) /* rounding up */
#    define FLOAT_ODD_OTHER (UINT64_C(2) << 22) /* rounding down */

static inline uint64_t float_register(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

static inline void set_float_register(uint64_t value)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(value));
}

#else
#    error "which register is it on this architecture?"
#endif

#endif
