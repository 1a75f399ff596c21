/* Times everything but convolutions: activations, pooling, reductions and optimizer steps, in the sizes of
 * LeNet-5 at batch 64 and some larger ones, on one thread:
 *
 *     elementwise_bench [-c LEVEL] [-r ROUNDS] [PART OF A CASE'S NAME]
 *
 * Every round runs every case once more for about a millisecond; the best round counts, in CPU time of the
 * thread, so that other programs disturb little. Each line: microseconds of a call, nanoseconds for each
 * element. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "kernels/kernels.h"

/* The arrays every case works on: large enough for the largest, the labels below 10. */
#define LARGEST (64 * 56 * 56 * 16)

typedef struct arrays {
    float *a, *b, *y, *z;
    double *losses;
    int32_t *labels;
    uint8_t *bytes;
} arrays;

typedef void (*case_fn)(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option);

/* In place where that is what a plan does. */
static void run_activate(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int kind)
{
    k->elementwise.activate((stria_activation){.kind = (stria_activation_kind)kind, .alpha = 0.2f}, m->a,
                            rows > 1 ? m->a : m->y, rows * columns, NULL);
}

static void run_activate_gradient(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                                  int kind)
{
    k->elementwise.activate_gradient((stria_activation){.kind = (stria_activation_kind)kind, .alpha = 0.2f},
                                     m->a, m->y, rows > 1 ? m->y : m->z, rows * columns, NULL);
}

static void run_add(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->elementwise.add(m->a, m->b, m->y, rows * columns, NULL);
}

static void run_dropout(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    const stria_random_key key = {.seed = 1, .purpose = STRIA_RANDOM_DROPOUT};
    k->elementwise.dropout(&key, 0.5f, m->a, m->y, rows * columns, NULL);
}

static void run_from_bytes(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->elementwise.from_bytes(m->bytes, 1.0f / 255, m->y, rows * columns);
}

/* `rows` pictures of side x side x columns, 2x2 windows with stride 2 or (kind + 10) 3x3 with stride 2. */
static stria_window window_of(size_t side, bool overlapping)
{
    size_t kernel = overlapping ? 3 : 2, before = overlapping ? 1 : 0, out = side / 2;
    return (stria_window){{1, side, side}, {1, out, out}, {1, kernel, kernel},
                          {1, 2, 2},       {1, 1, 1},     {0, before, before}};
}

/* `rows` is 100 * batch + side. */
static void run_pool(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    stria_window w = window_of(rows % 100, option >= 10);
    k->pool.forward((stria_pool_kind)(option % 10), &w, columns, rows / 100, m->a, m->y,
                    option % 10 == STRIA_POOL_AVERAGE ? NULL : m->bytes, NULL);
}

static void run_pool_backward(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                              int option)
{
    stria_window w = window_of(rows % 100, option >= 10);
    k->pool.backward((stria_pool_kind)(option % 10), &w, columns, rows / 100, m->y, m->bytes, m->b, NULL);
}

/* A global average of a whole picture. */
static void run_global_average(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                               int option)
{
    (void)option;
    size_t side = rows % 100;
    stria_window w = {{1, side, side}, {1, 1, 1}, {1, side, side}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}};
    k->pool.forward(STRIA_POOL_AVERAGE, &w, columns, rows / 100, m->a, m->y, NULL, NULL);
}

static void run_column_sums(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->reduce.column_sums(m->a, rows, columns, m->y, NULL);
}

static void run_column_moments(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                               int option)
{
    (void)option;
    k->reduce.column_moments(m->a, rows, columns, m->y, m->z, NULL);
}

static void run_column_products(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                                int option)
{
    (void)option;
    const stria_column_gradient gradient = {.dy = m->b, .x = m->a, .rows = rows, .columns = columns};
    k->reduce.column_products(&gradient, m->z, m->y, m->y + columns, NULL);
}

static void run_column_scale(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->reduce.column_scale(m->a, m->b, m->b + columns, (stria_activation){.kind = STRIA_RELU}, rows, columns,
                           m->y, NULL);
}

static void run_column_combine(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                               int option)
{
    (void)option;
    const stria_column_gradient gradient = {.dy = m->b, .x = m->a, .rows = rows, .columns = columns};
    k->reduce.column_combine(&gradient, m->z, m->z + columns, m->z, m->y, NULL);
}

static void run_softmax(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->reduce.softmax(m->a, rows, columns, m->y, NULL);
}

static void run_cross_entropy(const stria_kernels *k, const arrays *m, size_t rows, size_t columns,
                              int option)
{
    (void)option;
    k->reduce.softmax_cross_entropy(m->a, m->labels, rows, columns, 1.0f / 64, m->losses, m->y, NULL);
}

static void run_all_finite(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->reduce.all_finite(m->a, rows * columns, NULL);
}

static void run_sgd(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    k->update.sgd(m->y, m->b, m->a, rows * columns, 1e-6f, option ? 0.9f : 0, false, NULL);
}

static void run_adam(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->update.adam(m->y, m->b, m->z, m->a, rows * columns, 1e-6f, 0.9, 0.999, 1e-7f, 0, NULL);
}

static void run_rmsprop(const stria_kernels *k, const arrays *m, size_t rows, size_t columns, int option)
{
    (void)option;
    k->update.rmsprop(m->y, m->z, NULL, m->a, rows * columns, 1e-6f, 0.9, 0, 1e-7f, NULL);
}

typedef struct bench_case {
    const char *name;
    case_fn run;
    size_t rows, columns;
    int option;
} bench_case;

static const bench_case cases[] = {
    {"relu 64x28x28x6", run_activate, 64 * 28 * 28, 6, STRIA_RELU},
    {"tanh 64x28x28x6", run_activate, 64 * 28 * 28, 6, STRIA_TANH},
    {"tanh 64x10x10x16", run_activate, 64 * 10 * 10, 16, STRIA_TANH},
    {"exponential 4096", run_activate, 1, 4096, STRIA_EXPONENTIAL},
    {"tanh 4096", run_activate, 1, 4096, STRIA_TANH},
    {"sigmoid 4096", run_activate, 1, 4096, STRIA_SIGMOID},
    {"elu 4096", run_activate, 1, 4096, STRIA_ELU},
    {"silu 4096", run_activate, 1, 4096, STRIA_SILU},
    {"gelu 4096", run_activate, 1, 4096, STRIA_GELU},
    {"mish 4096", run_activate, 1, 4096, STRIA_MISH},
    {"softplus 4096", run_activate, 1, 4096, STRIA_SOFTPLUS},
    {"relu gradient 64x28x28x6", run_activate_gradient, 64 * 28 * 28, 6, STRIA_RELU},
    {"tanh gradient 64x28x28x6", run_activate_gradient, 64 * 28 * 28, 6, STRIA_TANH},
    {"silu gradient 4096", run_activate_gradient, 1, 4096, STRIA_SILU},
    {"gelu gradient 4096", run_activate_gradient, 1, 4096, STRIA_GELU},
    {"add 64x28x28x6", run_add, 64 * 28 * 28, 6, 0},
    {"dropout 64x400", run_dropout, 64, 400, 0},
    {"bytes 64x28x28", run_from_bytes, 64, 28 * 28, 0},
    {"average 2x2 64x28x28x6", run_pool, 6428, 6, STRIA_POOL_AVERAGE},
    {"average 2x2 64x10x10x16", run_pool, 6410, 16, STRIA_POOL_AVERAGE},
    {"max 2x2 64x28x28x6", run_pool, 6428, 6, STRIA_POOL_MAX},
    {"max 2x2 64x10x10x16", run_pool, 6410, 16, STRIA_POOL_MAX},
    {"max 2x2 16x56x56x64", run_pool, 1656, 64, STRIA_POOL_MAX},
    {"max 3x3 16x56x56x64", run_pool, 1656, 64, STRIA_POOL_MAX + 10},
    {"global 16x7x7x512", run_global_average, 1607, 512, 0},
    {"back average 64x28x28x6", run_pool_backward, 6428, 6, STRIA_POOL_AVERAGE},
    {"back average 64x10x10x16", run_pool_backward, 6410, 16, STRIA_POOL_AVERAGE},
    {"back max 64x28x28x6", run_pool_backward, 6428, 6, STRIA_POOL_MAX},
    {"back max 64x10x10x16", run_pool_backward, 6410, 16, STRIA_POOL_MAX},
    {"back max 2x2 16x56x56x64", run_pool_backward, 1656, 64, STRIA_POOL_MAX},
    {"back max 3x3 16x56x56x64", run_pool_backward, 1656, 64, STRIA_POOL_MAX + 10},
    {"sums 50176x6", run_column_sums, 50176, 6, 0},
    {"sums 64x120", run_column_sums, 64, 120, 0},
    {"sums 12544x64", run_column_sums, 12544, 64, 0},
    {"moments 50176x6", run_column_moments, 50176, 6, 0},
    {"moments 12544x64", run_column_moments, 12544, 64, 0},
    {"products 12544x64", run_column_products, 12544, 64, 0},
    {"scale relu 50176x6", run_column_scale, 50176, 6, 0},
    {"scale relu 12544x64", run_column_scale, 12544, 64, 0},
    {"combine 12544x64", run_column_combine, 12544, 64, 0},
    {"softmax 64x10", run_softmax, 64, 10, 0},
    {"softmax 64x1000", run_softmax, 64, 1000, 0},
    {"cross-entropy 64x10", run_cross_entropy, 64, 10, 0},
    {"cross-entropy 64x1000", run_cross_entropy, 64, 1000, 0},
    {"all finite 61706", run_all_finite, 1, 61706, 0},
    {"sgd 61706", run_sgd, 1, 61706, 0},
    {"sgd momentum 61706", run_sgd, 1, 61706, 1},
    {"adam 61706", run_adam, 1, 61706, 0},
    {"rmsprop 61706", run_rmsprop, 1, 61706, 0},
};
#define CASES (sizeof cases / sizeof cases[0])

static void *allocate(size_t size)
{
    void *memory = stria_allocate_floats(&stria_default_allocator, size / sizeof(float) + 1);
    if (memory == NULL) {
        fputs("elementwise_bench: out of memory\n", stderr);
        exit(5);
    }
    memset(memory, 0, size);
    return memory;
}

static arrays make_arrays(void)
{
    arrays m = {.a = allocate(LARGEST * sizeof(float)),
                .b = allocate(LARGEST * sizeof(float)),
                .y = allocate(LARGEST * sizeof(float)),
                .z = allocate(LARGEST * sizeof(float)),
                .losses = allocate(64 * sizeof(double)),
                .labels = allocate(64 * sizeof(int32_t)),
                .bytes = allocate(LARGEST)};
    uint32_t state = 1;
    for (size_t i = 0; i < LARGEST; i++) {
        state = state * 1664525u + 1013904223u;
        m.a[i] = (float)(state >> 8) * 0x1p-22F - 2;
        m.b[i] = m.y[i] = m.a[i];
        m.z[i] = m.a[i] * m.a[i];
        m.bytes[i] = (uint8_t)(state >> 30); /* a tap of a 2x2 window */
    }
    for (size_t i = 0; i < 64; i++)
        m.labels[i] = (int32_t)(i % 10);
    return m;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The mean of calls for about a millisecond. */
static double measure(const bench_case *c, const stria_kernels *k, const arrays *m)
{
    double start = cpu_seconds();
    c->run(k, m, c->rows, c->columns, c->option);
    int times = (int)(1e-3 / (cpu_seconds() - start + 1e-8)) + 1;
    start = cpu_seconds();
    for (int i = 0; i < times; i++)
        c->run(k, m, c->rows, c->columns, c->option);
    return (cpu_seconds() - start) / times;
}

/* Elements a case reads (pooling: of the picture). */
static size_t elements_of(const bench_case *c)
{
    bool picture = c->run == run_pool || c->run == run_pool_backward || c->run == run_global_average;
    size_t side = c->rows % 100;
    return (picture ? c->rows / 100 * side * side : c->rows) * c->columns;
}

static stria_cpu_level level_named(const char *name)
{
    for (int level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        if (strcmp(stria_cpu_level_name((stria_cpu_level)level), name) == 0 &&
            stria_cpu_level_available((stria_cpu_level)level))
            return (stria_cpu_level)level;
    }
    fprintf(stderr, "elementwise_bench: this CPU has no level '%s'\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    stria_cpu_level level = stria_cpu_detect();
    int rounds = 30;
    const char *part = "";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            level = level_named(argv[++i]);
        else if (strcmp(argv[i], "-r") == 0 && i + 1 < argc)
            rounds = atoi(argv[++i]);
        else
            part = argv[i];
    }
    stria_kernels kernels;
    stria_kernels_fill(&kernels, level);
    arrays m = make_arrays();
    double best[CASES];
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < CASES; i++) {
            if (strstr(cases[i].name, part) == NULL)
                continue;
            double seconds = measure(&cases[i], &kernels, &m);
            if (round == 0 || seconds < best[i])
                best[i] = seconds;
        }
    }
    printf("%-26s %10s %10s\n", kernels.name, "us", "ns/element");
    for (size_t i = 0; i < CASES; i++) {
        if (rounds > 0 && strstr(cases[i].name, part) != NULL)
            printf("%-26s %10.2f %10.4f\n", cases[i].name, best[i] * 1e6,
                   best[i] * 1e9 / (double)elements_of(&cases[i]));
    }
    void *all[] = {m.a, m.b, m.y, m.z, m.losses, m.labels, m.bytes};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        stria_release(&stria_default_allocator, all[i]);
    return 0;
}
