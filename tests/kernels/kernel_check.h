/* Comparing kernels: the levels to test, arrays that end where memory ends, numbers to fill them with, and
 * comparisons that print what differs. After the way of dav1d's checkasm. */
#ifndef STRIA_TESTS_KERNELS_KERNEL_CHECK_H
#define STRIA_TESTS_KERNELS_KERNEL_CHECK_H

#include "kernels/kernels.h"
#include "support/check.h"

/* ---- Levels ---- */

/* Fills tables for every level of this build and CPU but plain C; returns how many. */
#define LEVELS_MAX 4
size_t fast_levels(stria_kernels levels[LEVELS_MAX]);

/* The definitions. */
const stria_kernels *definitions(void);

/* The table of a level, or NULL where it is not available. */
const stria_kernels *table_of(stria_cpu_level level);

/* ---- Guarded memory ---- */

/* `bytes` bytes that end at an unreadable page, so that they start at any address; bytes in front hold a
 * pattern. They are filled with bytes 0xff, which make NaN. guards_release() checks all patterns and frees
 * all of them; a test calls it when it is done, or more often. */
void *guarded_bytes(size_t bytes);
float *guarded_floats(size_t count);
/* The same, holding a copy. */
float *guarded_copy(const float *from, size_t count);
void guards_release(void);

/* ---- Numbers ---- */

/* A generator with a fixed seed; the environment's STRIA_TEST_SEED sets another. */
uint32_t random_word(void);
size_t random_below(size_t bound);
float random_normal(void);
void fill_normal(float *to, size_t count);
/* Small whole numbers: many equal ones, and exact sums. */
void fill_whole(float *to, size_t count);
/* Replaces one number in eight by NaN, an infinity, a denormal number, -0, the largest ones. */
void sprinkle_special(float *to, size_t count);

/* The number of test case sizes, and each: 0, 1, around vectors of 4, 8 and 16, primes, some thousands. */
extern const size_t awkward_counts[];
extern const size_t awkward_count_of_counts;

/* ---- Comparisons ---- */

/* How far a number may lie from the wanted one: |got - want| <= ulps * (spacing of floats at want) +
 * absolute. NaN equals NaN; infinities must be equal. */
typedef struct tolerance {
    double ulps, absolute;
} tolerance;

/* The distance in units of the spacing of floats at `want`. */
double ulps_between(float got, double want);

/* Fails, after printing the first differences, unless all `count` are within the tolerance. The format says
 * what was compared. */
void expect_close(const float *got, const float *want, size_t count, tolerance t, const char *format, ...)
    STRIA_PRINTF_LIKE(5, 6);
/* The same bits. */
void expect_same(const void *got, const void *want, size_t bytes, const char *format, ...)
    STRIA_PRINTF_LIKE(4, 5);

#endif
