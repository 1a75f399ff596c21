/* The floating-point state that everything computes in, and giving the caller's back.
 *
 * While kernels run, in the caller's thread and in the workers', denormal numbers count as zeros (operands
 * and results; x86-64 and AArch64 lose a hundred cycles on each), rounding is to nearest and no exception
 * traps. Whatever the caller had set is there again afterwards, the flags of exceptions too: computing
 * neither raises nor clears any.
 *
 * Public functions that run kernels begin and end; pairs may be nested, and an inner pair costs a look at a
 * register. */
#ifndef STRIA_BASE_FLOAT_STATE_H
#define STRIA_BASE_FLOAT_STATE_H

#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#    include <fenv.h>
#endif

typedef struct stria_float_state {
#if defined(__x86_64__)
    uint32_t mxcsr;
#elif defined(__aarch64__)
    uint64_t fpcr, fpsr;
#else
    fenv_t environment; /* denormals stay: standard C has no word for them */
#endif
} stria_float_state;

/* Sets the state to compute in and returns what was there. */
stria_float_state stria_float_begin(void);
/* Puts back what stria_float_begin returned. */
void stria_float_end(stria_float_state before);

#endif
