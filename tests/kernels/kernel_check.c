/* See kernel_check.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kernels/kernel_check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t fast_levels(stria_kernels levels[LEVELS_MAX])
{
    static const stria_cpu_level all[LEVELS_MAX] = {STRIA_CPU_BASELINE, STRIA_CPU_AVX2, STRIA_CPU_AVX512,
                                                    STRIA_CPU_NEON};
    size_t count = 0;
    for (size_t i = 0; i < LEVELS_MAX; i++)
        if (stria_cpu_level_available(all[i]))
            stria_kernels_fill(&levels[count++], all[i]);
    return count;
}

const stria_kernels *table_of(stria_cpu_level level)
{
    static stria_kernels tables[STRIA_CPU_NEON + 1];
    if (!stria_cpu_level_available(level))
        return NULL;
    if (tables[level].name == NULL)
        stria_kernels_fill(&tables[level], level);
    return &tables[level];
}

const stria_kernels *definitions(void)
{
    return table_of(STRIA_CPU_PLAIN);
}

/* ---- Guarded memory ---- */

#define GUARDS_MAX 64

typedef struct guard {
    unsigned char *mapping;
    size_t mapped, front; /* bytes of the mapping, and of the pattern at its start */
} guard;

static guard guards[GUARDS_MAX];
static size_t guard_count;

static unsigned char pattern_at(size_t i)
{
    return (unsigned char)(0xA5 ^ (i * 31));
}

void *guarded_bytes(size_t bytes)
{
    assert_true(guard_count < GUARDS_MAX);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t readable = (bytes / page + 2) * page; /* at least one page of pattern */
    unsigned char *mapping =
        mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(mapping != MAP_FAILED);
    assert_int_equal(mprotect(mapping + readable, page, PROT_NONE), 0);
    size_t front = readable - bytes;
    for (size_t i = 0; i < front; i++)
        mapping[i] = pattern_at(i);
    memset(mapping + front, 0xff, bytes);
    guards[guard_count++] = (guard){mapping, readable + page, front};
    return mapping + front;
}

float *guarded_floats(size_t count)
{
    return guarded_bytes(count * sizeof(float));
}

float *guarded_copy(const float *from, size_t count)
{
    float *copy = guarded_floats(count);
    if (count > 0)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

void guards_release(void)
{
    bool whole = true;
    for (size_t g = 0; g < guard_count; g++) {
        for (size_t i = 0; i < guards[g].front; i++)
            whole = whole && guards[g].mapping[i] == pattern_at(i);
        munmap(guards[g].mapping, guards[g].mapped);
    }
    guard_count = 0;
    if (!whole)
        fail_msg("something was written in front of an array");
}

/* ---- Numbers ---- */

const size_t awkward_counts[] = {0,  1,  2,  3,  4,  5,  7,   8,   9,   15,  16,  17,   31,   32,
                                 33, 47, 63, 64, 65, 97, 127, 128, 129, 509, 521, 1021, 4099, 16411};
const size_t awkward_count_of_counts = sizeof awkward_counts / sizeof awkward_counts[0];

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016). */
uint32_t random_word(void)
{
    static uint64_t random_state;
    if (random_state == 0) {
        const char *seed = getenv("STRIA_TEST_SEED");
        random_state = seed != NULL ? strtoull(seed, NULL, 10) * 2 + 1 : 88172645463325252u;
    }
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u) >> 32);
}

size_t random_below(size_t bound)
{
    return (size_t)((uint64_t)random_word() * bound >> 32);
}

float random_normal(void)
{
    double u = (random_word() + 1.0) * 0x1p-32, v = random_word() * 0x1p-32;
    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

void fill_normal(float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = random_normal();
}

void fill_whole(float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)random_below(5) - 2;
}

void sprinkle_special(float *to, size_t count)
{
    static const float special[] = {NAN,   INFINITY, -INFINITY, 0x1p-149f, -0x1.8p-130f,
                                    -0.0f, 0.0f,     FLT_MAX,   -FLT_MAX,  FLT_MIN};
    for (size_t i = 0; i < count; i++)
        if (random_below(8) == 0)
            to[i] = special[random_below(sizeof special / sizeof special[0])];
}

/* ---- Comparisons ---- */

/* The spacing of floats at `value`. */
static double spacing_at(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

double ulps_between(float got, double want)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(got) || isinf((float)want))
        return got == (float)want ? 0 : INFINITY;
    return fabs((double)got - want) / spacing_at(want);
}

static bool is_close(float got, float want, tolerance t)
{
    double ulps = ulps_between(got, (double)want);
    return ulps <= t.ulps ||
           (isfinite(got) && isfinite(want) &&
            fabs((double)got - (double)want) <= t.ulps * spacing_at((double)want) + t.absolute);
}

static void print_heading(const char *format, va_list arguments)
{
    fputs("compared: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void expect_close(const float *got, const float *want, size_t count, tolerance t, const char *format, ...)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_close(got[i], want[i], t))
            continue;
        if (wrong == 0) {
            va_list arguments;
            va_start(arguments, format);
            print_heading(format, arguments);
            va_end(arguments);
        }
        if (wrong < 5)
            fprintf(stderr, "  [%zu] got %.9g, wanted %.9g, %.3g ulps\n", i, (double)got[i], (double)want[i],
                    ulps_between(got[i], (double)want[i]));
        wrong++;
    }
    if (wrong > 0)
        fail_msg("%zu of %zu numbers are further than %g ulps + %g from the wanted ones", wrong, count,
                 t.ulps, t.absolute);
}

void expect_same(const void *got, const void *want, size_t bytes, const char *format, ...)
{
    if (bytes == 0 || memcmp(got, want, bytes) == 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_heading(format, arguments);
    va_end(arguments);
    const unsigned char *a = got, *b = want;
    size_t i = 0;
    while (a[i] == b[i])
        i++;
    fail_msg("the bits differ, first in byte %zu of %zu", i, bytes);
}
