/* The floating-point state: what is set in between, and that the caller's comes back. */
#include <fenv.h>

#include "base/float_state.h"
#include "base/pool.h"
#include "base/memory.h"
#include "support/check.h"
#include "support/float_register.h"

static const uint64_t callers[] = {FLOAT_USUAL, FLOAT_ODD, FLOAT_ODD_OTHER, FLOAT_COMPUTING};
#define CALLERS (sizeof callers / sizeof callers[0])

static void the_callers_state_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLERS; i++) {
        set_float_register(callers[i]);
        const stria_float_state before = stria_float_begin();
        const uint64_t inside = float_register();
        const stria_float_state nested = stria_float_begin();
        const uint64_t deeper = float_register();
        stria_float_end(nested);
        const uint64_t again = float_register();
        stria_float_end(before);
        const uint64_t after = float_register();
        set_float_register(FLOAT_USUAL);
        assert_int_equal(inside & ~FLOAT_FLAGS, FLOAT_COMPUTING);
        assert_int_equal(deeper, inside);
        assert_int_equal(again, inside);
        assert_int_equal(after, callers[i]);
    }
}

/* Flags that were up stay up, and those that computing raises are not seen. */
static void computing_leaves_no_flags(void **state)
{
    (void)state;
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_OVERFLOW);
    const int raised = fetestexcept(FE_ALL_EXCEPT);
    const stria_float_state before = stria_float_begin();
    volatile float zero = 0.0f, one = 1.0f, third;
    third = one / 3.0f;
    third = zero / zero + one / zero + third;
    const int inside = fetestexcept(FE_ALL_EXCEPT);
    stria_float_end(before);
    const int after = fetestexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_ALL_EXCEPT);
    assert_int_equal(inside & (FE_DIVBYZERO | FE_INVALID | FE_INEXACT),
                     FE_DIVBYZERO | FE_INVALID | FE_INEXACT);
    assert_int_equal(after, raised);
}

static void denormals_are_zeros_inside(void **state)
{
    (void)state;
    volatile float denormal = 0x1p-140f, small = 0x1p-100f, large = 0x1p100f;
    assert_true(denormal * large != 0);
    assert_true(small * 0x1p-30f != 0);
    const stria_float_state before = stria_float_begin();
    const float operand = denormal * large, result = small * 0x1p-30f;
    const bool positive = denormal > 0;
    stria_float_end(before);
    assert_true(operand == 0);
    assert_true(result == 0);
    assert_false(positive);
    assert_true(denormal > 0);
}

typedef struct seen {
    uint64_t registers[64];
} seen;

static void look(void *job, size_t task, size_t worker)
{
    ((seen *)job)->registers[worker] = float_register();
    for (volatile int i = 0; i < 20000; i++) {
    }
    (void)task;
}

/* Threads begin with the state of the one that made them; the workers' is set all the same. */
static void workers_compute_in_it(void **state)
{
    (void)state;
    stria_pool *pool;
    stria_error err = {0};
    set_float_register(FLOAT_ODD_OTHER);
    const stria_status status = stria_pool_create(&pool, &stria_default_allocator, 4, &err);
    set_float_register(FLOAT_USUAL);
    assert_ok(status, &err);
    seen all = {{0}};
    for (int i = 0; i < 10; i++)
        stria_pool_run(pool, 200, look, &all);
    size_t workers = 0;
    for (size_t w = 1; w < 4; w++) {
        if (all.registers[w] == 0)
            continue; /* had no task */
        assert_int_equal(all.registers[w] & ~FLOAT_FLAGS, FLOAT_COMPUTING);
        workers++;
    }
    print_message("%zu workers had tasks\n", workers);
    assert_int_equal(all.registers[0] & ~FLOAT_FLAGS, FLOAT_USUAL);
    stria_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_state_comes_back),
        cmocka_unit_test(computing_leaves_no_flags),
        cmocka_unit_test(denormals_are_zeros_inside),
        cmocka_unit_test(workers_compute_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
