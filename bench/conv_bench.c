/* Times the convolution kernels, layer by layer and direction by direction:
 *
 *     conv_bench [-c LEVEL] [-r ROUNDS] [-t THREADS] [-a ALGORITHM] [PART OF A LAYER'S NAME]
 *
 * Every round runs every layer once more for some milliseconds; the best round counts, in CPU time of the
 * thread, so that other programs disturb little. Each line: microseconds and GFLOP/s (2 for each
 * multiply-add, padding counted) of forward, input gradient and kernel gradient, and microseconds of both
 * packings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/pool.h"
#include "kernels/kernels.h"

typedef struct layer {
    const char *name;
    size_t batch, height, width, channels;
    size_t filters; /* 0: depthwise, one for each channel */
    size_t kernel, stride, before, after;
} layer;

static const layer layers[] = {
    {"lenet conv1", 64, 28, 28, 1, 6, 5, 1, 2, 2},
    {"lenet conv2", 64, 14, 14, 6, 16, 5, 1, 0, 0},
    {"lenet dense1", 64, 1, 1, 400, 120, 1, 1, 0, 0},
    {"lenet dense2", 64, 1, 1, 120, 84, 1, 1, 0, 0},
    {"lenet dense3", 64, 1, 1, 84, 10, 1, 1, 0, 0},
    {"lenet conv1 n1", 1, 28, 28, 1, 6, 5, 1, 2, 2},
    {"lenet conv2 n1", 1, 14, 14, 6, 16, 5, 1, 0, 0},
    {"dense 1x400x120", 1, 1, 1, 400, 120, 1, 1, 0, 0},
    {"dense 1x4096x1000", 1, 1, 1, 4096, 1000, 1, 1, 0, 0},
    {"dense 16x4096x1000", 16, 1, 1, 4096, 1000, 1, 1, 0, 0},
    {"14x14x1024-256 1x1 n16", 16, 14, 14, 1024, 256, 1, 1, 0, 0},
    {"dense 512x512x512", 512, 1, 1, 512, 512, 1, 1, 0, 0},
    {"56x56x64-64 3x3 n1", 1, 56, 56, 64, 64, 3, 1, 1, 1},
    {"28x28x128-128 3x3 n1", 1, 28, 28, 128, 128, 3, 1, 1, 1},
    {"14x14x256-256 3x3 n1", 1, 14, 14, 256, 256, 3, 1, 1, 1},
    {"7x7x512-512 3x3 n1", 1, 7, 7, 512, 512, 3, 1, 1, 1},
    {"56x56x64-256 1x1 n1", 1, 56, 56, 64, 256, 1, 1, 0, 0},
    {"224x224x3-64 7x7s2 n1", 1, 224, 224, 3, 64, 7, 2, 2, 3},
    {"224x224x3-64 3x3 n1", 1, 224, 224, 3, 64, 3, 1, 1, 1},
    {"224x224x3-32 3x3s2 n1", 1, 224, 224, 3, 32, 3, 2, 0, 1},
    {"256x256x1-8 5x5s3 n1", 1, 256, 256, 1, 8, 5, 3, 1, 1},
    {"86x86x8-4 3x3s3 n1", 1, 86, 86, 8, 4, 3, 3, 1, 1},
    {"100x150x3-200 5x5 n1", 1, 100, 150, 3, 200, 5, 1, 2, 2},
    {"56x56x64-128 3x3s2 n1", 1, 56, 56, 64, 128, 3, 2, 0, 1},
    {"56x56x64-64 3x3 n16", 16, 56, 56, 64, 64, 3, 1, 1, 1},
    {"28x28x128-128 3x3 n16", 16, 28, 28, 128, 128, 3, 1, 1, 1},
    {"14x14x256-256 3x3 n16", 16, 14, 14, 256, 256, 3, 1, 1, 1},
    {"7x7x512-512 3x3 n16", 16, 7, 7, 512, 512, 3, 1, 1, 1},
    {"56x56x64-256 1x1 n16", 16, 56, 56, 64, 256, 1, 1, 0, 0},
    {"56x56x64-128 3x3s2 n16", 16, 56, 56, 64, 128, 3, 2, 0, 1},
    {"28x28x128-256 1x1s2 n16", 16, 28, 28, 128, 256, 1, 2, 0, 0},
    {"32x32x16-16 3x3 n16", 16, 32, 32, 16, 16, 3, 1, 1, 1},
    {"32x32x16-32 3x3 n16", 16, 32, 32, 16, 32, 3, 1, 1, 1},
    {"dw 112x112x32 3x3 n1", 1, 112, 112, 32, 0, 3, 1, 1, 1},
    {"dw 56x56x128 3x3 n1", 1, 56, 56, 128, 0, 3, 1, 1, 1},
    {"dw 28x28x256 3x3 n1", 1, 28, 28, 256, 0, 3, 1, 1, 1},
    {"dw 14x14x512 3x3 n1", 1, 14, 14, 512, 0, 3, 1, 1, 1},
    {"dw 7x7x960 3x3 n1", 1, 7, 7, 960, 0, 3, 1, 1, 1},
    {"dw 112x112x64 3x3s2 n1", 1, 112, 112, 64, 0, 3, 2, 0, 1},
    {"dw 14x14x576 3x3s2 n1", 1, 14, 14, 576, 0, 3, 2, 0, 1},
    {"dw 28x28x240 5x5 n1", 1, 28, 28, 240, 0, 5, 1, 2, 2},
    {"dw 56x56x96 7x7 n1", 1, 56, 56, 96, 0, 7, 1, 3, 3},
    {"dw 112x112x32 3x3 n16", 16, 112, 112, 32, 0, 3, 1, 1, 1},
    {"dw 14x14x512 3x3 n16", 16, 14, 14, 512, 0, 3, 1, 1, 1},
    {"dw 112x112x64 3x3s2 n16", 16, 112, 112, 64, 0, 3, 2, 0, 1},
};

#define LAYERS (sizeof layers / sizeof layers[0])

/* ---- A layer ready to run ---- */

enum { FORWARD, INPUT_GRADIENT, KERNEL_GRADIENT, PACK, PACK_TRANSPOSED, DIRECTIONS };

typedef struct bench {
    stria_conv_shape shape;
    stria_conv_call call;
    float *kernel, *packed, *transposed;
    double work, best[DIRECTIONS]; /* multiply-adds; seconds */
} bench;

static float *random_floats(size_t count)
{
    float *values = stria_allocate_floats(&stria_default_allocator, count + 1);
    if (values == NULL) {
        fputs("conv_bench: out of memory\n", stderr);
        exit(5);
    }
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) * 0x1p-23F - 1;
    }
    return values;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bench prepare(const layer *l, const stria_conv_kernels *kernels, stria_conv_algorithm wish,
                     stria_pool *pool)
{
    const size_t filters = l->filters > 0 ? l->filters : l->channels,
                 groups = l->filters > 0 ? 1 : l->channels;
    bench b = {.shape = {.channels = l->channels, .filters = filters, .groups = groups}};
    const size_t in[3] = {1, l->height, l->width};
    for (int a = 0; a < 3; a++) {
        stria_window *w = &b.shape.window;
        w->in[a] = in[a];
        w->kernel[a] = a == 0 ? 1 : l->kernel;
        w->stride[a] = a == 0 ? 1 : l->stride;
        w->dilation[a] = 1;
        w->before[a] = a == 0 ? 0 : l->before;
        w->out[a] = a == 0 ? 1 : (in[a] + l->before + l->after - l->kernel) / l->stride + 1;
    }
    const size_t *out = b.shape.window.out;
    size_t pixels = l->batch * out[1] * out[2],
           weights = l->kernel * l->kernel * l->channels / groups * filters;
    size_t inputs = l->batch * l->height * l->width * l->channels;
    b.work = (double)pixels * (double)weights;
    b.shape.algorithm = kernels->choose(&b.shape, l->batch, wish);
    stria_conv_needs needs;
    kernels->needs(&b.shape, l->batch, stria_pool_workers(pool), true, &needs);
    b.kernel = random_floats(weights);
    b.packed = random_floats(needs.packed);
    b.transposed = random_floats(needs.packed_transposed);
    size_t scratch =
        most(needs.forward_scratch, most(needs.input_gradient_scratch, needs.kernel_gradient_scratch));
    b.call = (stria_conv_call){.batch = l->batch,
                               .activation = {.kind = STRIA_RELU},
                               .x = random_floats(inputs),
                               .bias = random_floats(filters),
                               .y = random_floats(pixels * filters),
                               .kept = needs.kept > 0 ? random_floats(needs.kept) : NULL,
                               .dy = random_floats(pixels * filters),
                               .dx = random_floats(inputs),
                               .dkernel = random_floats(weights),
                               .dbias = random_floats(filters),
                               .scratch = random_floats(scratch),
                               .pool = pool};
    kernels->pack(&b.shape, b.kernel, b.packed, NULL);
    kernels->pack_transposed(&b.shape, b.kernel, b.transposed, NULL);
    for (int d = 0; d < DIRECTIONS; d++)
        b.best[d] = 1e9;
    return b;
}

static void release(bench *b)
{
    const float *all[] = {b->kernel,    b->packed,       b->transposed, b->call.x,
                          b->call.bias, b->call.y,       b->call.kept,  b->call.dy,
                          b->call.dx,   b->call.dkernel, b->call.dbias, b->call.scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        stria_release(&stria_default_allocator, (void *)(uintptr_t)all[i]);
}

static void run(bench *b, const stria_conv_kernels *kernels, int direction)
{
    b->call.shape = &b->shape;
    b->call.packed = direction == INPUT_GRADIENT ? b->transposed : b->packed;
    switch (direction) {
    case FORWARD:
        kernels->forward(&b->call);
        break;
    case INPUT_GRADIENT: {
        stria_conv_call gradient = b->call;
        gradient.bias = NULL;
        gradient.activation = (stria_activation){.kind = STRIA_LINEAR};
        kernels->input_gradient(&gradient);
        break;
    }
    case KERNEL_GRADIENT:
        kernels->kernel_gradient(&b->call);
        break;
    case PACK:
        kernels->pack(&b->shape, b->kernel, b->packed, b->call.pool);
        break;
    default:
        kernels->pack_transposed(&b->shape, b->kernel, b->transposed, b->call.pool);
    }
}

/* ---- Timing ---- */

static double seconds(const bench *b)
{
    struct timespec t;
    clock_gettime(b->call.pool == NULL ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Runs one direction for about 3 ms, at least once, and keeps the best mean. */
static void measure(bench *b, const stria_conv_kernels *kernels, int direction)
{
    double start = seconds(b);
    run(b, kernels, direction);
    double once = seconds(b) - start;
    int times = once > 1.5e-3 ? 1 : (int)(3e-3 / (once + 1e-8)) + 1;
    start = seconds(b);
    for (int i = 0; i < times; i++)
        run(b, kernels, direction);
    double mean = (seconds(b) - start) / times;
    if (mean < b->best[direction])
        b->best[direction] = mean;
}

static void print_layer(const layer *l, const bench *b, const stria_conv_kernels *kernels)
{
    printf("%-24s", l->name);
    for (int d = FORWARD; d <= KERNEL_GRADIENT; d++)
        printf(" %9.1f %6.1f", b->best[d] * 1e6, 2 * b->work / b->best[d] * 1e-9);
    printf(" %8.1f %8.1f  %s\n", b->best[PACK] * 1e6, b->best[PACK_TRANSPOSED] * 1e6,
           kernels->describe(&b->shape, l->batch));
}

static stria_cpu_level level_named(const char *name)
{
    for (int level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        if (strcmp(stria_cpu_level_name((stria_cpu_level)level), name) == 0 &&
            stria_cpu_level_available((stria_cpu_level)level))
            return (stria_cpu_level)level;
    }
    fprintf(stderr, "conv_bench: this CPU has no level '%s'\n", name);
    exit(2);
}

static stria_conv_algorithm algorithm_named(const char *name)
{
    stria_conv_algorithm algorithm;
    if (stria_conv_algorithm_by_name(name, &algorithm))
        return algorithm;
    fprintf(stderr, "conv_bench: there is no algorithm '%s'\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    static bench benches[LAYERS];
    stria_cpu_level level = stria_cpu_detect();
    stria_conv_algorithm wish = STRIA_CONV_AUTO;
    int rounds = 30, threads = 1;
    const char *part = "";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            level = level_named(argv[++i]);
        else if (strcmp(argv[i], "-r") == 0 && i + 1 < argc)
            rounds = atoi(argv[++i]);
        else if (strcmp(argv[i], "-t") == 0 && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "-a") == 0 && i + 1 < argc)
            wish = algorithm_named(argv[++i]);
        else
            part = argv[i];
    }
    stria_pool *pool = NULL;
    stria_error err = {0};
    if (threads > 1 && stria_pool_create(&pool, &stria_default_allocator, threads, &err) != STRIA_OK) {
        fprintf(stderr, "conv_bench: %s\n", err.message);
        return 4;
    }
    stria_kernels kernels;
    stria_kernels_fill(&kernels, level);
    for (size_t i = 0; i < LAYERS; i++) {
        if (strstr(layers[i].name, part) != NULL)
            benches[i] = prepare(&layers[i], &kernels.conv, wish, pool);
    }
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < LAYERS; i++) {
            for (int d = 0; d < DIRECTIONS && benches[i].kernel != NULL; d++)
                measure(&benches[i], &kernels.conv, d);
        }
    }
    printf("%-24s %16s %16s %16s %8s %8s\n", kernels.name, "forward us GF/s", "input us GF/s",
           "kernel us GF/s", "pack", "packT");
    for (size_t i = 0; i < LAYERS; i++) {
        if (benches[i].kernel == NULL)
            continue;
        print_layer(&layers[i], &benches[i], &kernels.conv);
        release(&benches[i]);
    }
    stria_pool_free(pool);
    return 0;
}
