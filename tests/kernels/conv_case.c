/* Convolutions to be tested: random numbers, memory with an end that cannot be read, and running one case in
 * all directions. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "conv_case.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

/* ---- Random numbers ---- */

uint64_t test_seed(void)
{
    const char *given = getenv("STRIA_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("STRIA_TEST_SEED=%" PRIu64 "\n", seed);
    return seed;
}

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
static uint64_t next(test_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t test_random_below(test_random *random, uint32_t end)
{
    return (uint32_t)((next(random) >> 32) * end >> 32);
}

/* The sum of four uniform numbers. */
float test_random_normal(test_random *random)
{
    uint64_t bits = next(random);
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (int)(bits >> (16 * i) & 0xffff) - 0x8000;
    return (float)sum * (float)(1.0 / 37837.2);
}

size_t test_pick(test_random *random, const size_t *choices, size_t count)
{
    return choices[test_random_below(random, (uint32_t)count)];
}

/* ---- Memory with an end ---- */

#define GUARD_FLOATS 64

static float poison(void)
{
    uint32_t bits = 0x7fc0dead;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* [guard][floats][slack] up to the end of the pages, then a page that cannot be read. */
guarded guarded_create(size_t count, size_t slack, bool aligned)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (GUARD_FLOATS + count) * sizeof(float) + slack + 64;
    size_t size = (bytes + page - 1) / page * page;
    guarded memory = {.size = size + page, .count = count, .slack = slack};
    memory.pages = mmap(NULL, memory.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory.pages != MAP_FAILED);
    char *end = (char *)memory.pages + size;
    assert_int_equal(mprotect(end, page, PROT_NONE), 0);
    char *start = end - slack - count * sizeof(float);
    if (aligned)
        start -= (uintptr_t)start % 64;
    memory.values = (float *)(void *)start;
    float *last = (float *)(void *)end;
    for (float *at = memory.values - GUARD_FLOATS; at < last; at++)
        *at = poison();
    return memory;
}

void guarded_check(const guarded *memory, const char *what)
{
    const float *end = (const float *)(const void *)((const char *)memory->pages + memory->size -
                                                     (size_t)sysconf(_SC_PAGESIZE));
    const float expected = poison();
    for (const float *at = memory->values - GUARD_FLOATS; at < end; at++) {
        if (at == memory->values)
            at += memory->count;
        if (at < end && memcmp(at, &expected, sizeof expected) != 0)
            fail_msg("%s: float %td of %zu was written", what, at - memory->values, memory->count);
    }
}

void guarded_free(guarded *memory)
{
    if (memory->pages != NULL)
        munmap(memory->pages, memory->size);
    *memory = (guarded){0};
}

/* ---- Levels ---- */

const stria_cpu_level test_levels[TEST_LEVELS] = {STRIA_CPU_BASELINE, STRIA_CPU_AVX2, STRIA_CPU_AVX512,
                                                  STRIA_CPU_NEON};

stria_conv_kernels conv_case_kernels(stria_cpu_level level)
{
    stria_kernels kernels;
    stria_kernels_fill(&kernels, level);
    return kernels.conv;
}

/* ---- Shapes ---- */

static size_t volume(const size_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

stria_conv_shape conv_case_dense(size_t channels, size_t filters)
{
    stria_conv_shape shape = {.channels = channels, .filters = filters, .groups = 1};
    for (int a = 0; a < 3; a++)
        conv_case_axis(&shape, a, 1, 1, 1, 1, 0, 0);
    return shape;
}

void conv_case_axis(stria_conv_shape *shape, int axis, size_t in, size_t kernel, size_t stride,
                    size_t dilation, size_t before, size_t after)
{
    stria_window *w = &shape->window;
    size_t padded = before + in + after, window = (kernel - 1) * dilation + 1;
    w->in[axis] = in;
    w->kernel[axis] = kernel;
    w->stride[axis] = stride;
    w->dilation[axis] = dilation;
    w->before[axis] = before;
    w->out[axis] = padded < window ? 0 : (padded - window) / stride + 1;
}

size_t conv_case_work(const stria_conv_shape *s, size_t batch)
{
    return batch * volume(s->window.out) * volume(s->window.kernel) * (s->channels / s->groups) * s->filters;
}

const char *conv_case_text(const conv_case *conv)
{
    static char text[320];
    const stria_conv_shape *s = &conv->shape;
    const stria_window *w = &s->window;
    snprintf(text, sizeof text,
             "%zu x %zux%zux%zux%zu -> %zux%zux%zux%zu, kernel %zux%zux%zu, stride %zux%zux%zu, dilation "
             "%zux%zux%zu, before %zux%zux%zu, groups %zu, activation %d%s%s%s%s",
             conv->batch, w->in[0], w->in[1], w->in[2], s->channels, w->out[0], w->out[1], w->out[2],
             s->filters, w->kernel[0], w->kernel[1], w->kernel[2], w->stride[0], w->stride[1], w->stride[2],
             w->dilation[0], w->dilation[1], w->dilation[2], w->before[0], w->before[1], w->before[2],
             s->groups, (int)conv->activation.kind, conv->with_bias ? ", bias" : "",
             conv->adds ? ", adds" : "", conv->in_place ? " in place" : "",
             conv->transposes ? ", transposes" : "");
    return text;
}

/* ---- Cases ---- */

#define TENSOR_SLACK 64

static void fill(guarded *memory, test_random *random)
{
    for (size_t i = 0; i < memory->count; i++)
        memory->values[i] = test_random_normal(random);
}

conv_case conv_case_create(const stria_conv_shape *shape, size_t batch, test_random *random)
{
    const stria_conv_shape *s = shape;
    conv_case conv = {.shape = *s, .batch = batch, .with_bias = true, .training = true};
    conv.x = guarded_create(batch * volume(s->window.in) * s->channels, 0, false);
    conv.kernel = guarded_create(volume(s->window.kernel) * (s->channels / s->groups) * s->filters,
                                 TENSOR_SLACK, false);
    conv.bias = guarded_create(s->filters, TENSOR_SLACK, false);
    conv.input_bias = guarded_create(s->channels, TENSOR_SLACK, false);
    conv.dy = guarded_create(batch * volume(s->window.out) * s->filters, 0, false);
    fill(&conv.x, random);
    fill(&conv.kernel, random);
    fill(&conv.bias, random);
    fill(&conv.dy, random);
    fill(&conv.input_bias, random);
    return conv;
}

void conv_case_free(conv_case *conv)
{
    guarded_free(&conv->x);
    guarded_free(&conv->kernel);
    guarded_free(&conv->bias);
    guarded_free(&conv->dy);
    guarded_free(&conv->input_bias);
}

void conv_case_check_needs(const stria_conv_shape *shape, size_t batch, const stria_conv_kernels *kernels)
{
    for (size_t workers = 1; workers <= 4; workers += 3) {
        stria_conv_needs most = {0};
        kernels->needs(shape, batch, workers, true, &most);
        for (size_t smaller = 1; smaller < batch; smaller++) {
            stria_conv_needs needs = {0};
            kernels->needs(shape, smaller, workers, true, &needs);
            if (needs.packed != most.packed || needs.packed_transposed != most.packed_transposed ||
                needs.kept > most.kept || needs.forward_scratch > most.forward_scratch ||
                needs.input_gradient_scratch > most.input_gradient_scratch ||
                needs.kernel_gradient_scratch > most.kernel_gradient_scratch) {
                const conv_case conv = {.shape = *shape, .batch = batch};
                fail_msg("a batch of %zu needs more than this with %zu workers: %s\n"
                         "forward %zu of %zu, input gradient %zu of %zu, kernel gradient %zu of %zu, kept "
                         "%zu of %zu",
                         smaller, workers, conv_case_text(&conv), needs.forward_scratch, most.forward_scratch,
                         needs.input_gradient_scratch, most.input_gradient_scratch,
                         needs.kernel_gradient_scratch, most.kernel_gradient_scratch, needs.kept, most.kept);
            }
        }
    }
}

/* The kernel's gradient without what forward has left: the same bits. */
static void check_without_kept(const conv_case *conv, const stria_conv_call *with,
                               const stria_conv_kernels *kernels)
{
    stria_conv_needs needs = {0};
    kernels->needs(with->shape, conv->batch, stria_pool_workers(with->pool), false, &needs);
    assert_int_equal(needs.kept, 0);
    guarded scratch = guarded_create(needs.kernel_gradient_scratch, TENSOR_SLACK, true);
    guarded dkernel = guarded_create(conv->kernel.count, TENSOR_SLACK, false);
    stria_conv_call call = *with;
    call.kept = NULL;
    call.scratch = scratch.values;
    call.dkernel = dkernel.values;
    kernels->kernel_gradient(&call);
    guarded_check(&scratch, "scratch of kernel_gradient");
    guarded_check(&dkernel, "dkernel");
    const guarded before = {.values = with->dkernel, .count = dkernel.count};
    conv_case_same(&before, &dkernel, conv, "dkernel without kept");
    guarded_free(&scratch);
    guarded_free(&dkernel);
}

conv_results conv_case_run(const conv_case *conv, const stria_conv_kernels *kernels, stria_pool *pool)
{
    const stria_conv_shape *s = &conv->shape;
    stria_conv_needs needs = {0};
    kernels->needs(s, conv->batch, stria_pool_workers(pool), conv->training, &needs);
    guarded packed = guarded_create(needs.packed, TENSOR_SLACK, true);
    guarded transposed = guarded_create(needs.packed_transposed, TENSOR_SLACK, true);
    guarded kept = guarded_create(needs.kept, TENSOR_SLACK, true);
    conv_results results = {.y = guarded_create(conv->dy.count, TENSOR_SLACK, false),
                            .dx = guarded_create(conv->x.count, TENSOR_SLACK, false),
                            .dkernel = guarded_create(conv->kernel.count, TENSOR_SLACK, false),
                            .dbias = guarded_create(s->filters, TENSOR_SLACK, false)};
    stria_conv_call call = {.shape = s,
                            .batch = conv->batch,
                            .activation = conv->activation,
                            .x = conv->x.values,
                            .packed = packed.values,
                            .bias = conv->with_bias ? conv->bias.values : NULL,
                            .y = results.y.values,
                            .kept = needs.kept > 0 ? kept.values : NULL,
                            .dy = conv->dy.values,
                            .dx = results.dx.values,
                            .dkernel = results.dkernel.values,
                            .dbias = results.dbias.values,
                            .pool = pool};

    if (conv->adds) {
        memcpy(results.y.values, conv->dy.values, (conv->in_place ? conv->dy.count : 0) * sizeof(float));
        memcpy(results.dx.values, conv->x.values, conv->x.count * sizeof(float));
        call.residual = conv->in_place ? call.y : conv->dy.values;
    }
    kernels->pack(s, conv->kernel.values, packed.values, pool);
    guarded scratch = guarded_create(needs.forward_scratch, TENSOR_SLACK, true);
    call.scratch = scratch.values;
    kernels->forward(&call);
    guarded_check(&scratch, "scratch of forward");
    guarded_free(&scratch);

    kernels->pack_transposed(s, conv->kernel.values, transposed.values, pool);
    scratch = guarded_create(needs.input_gradient_scratch, TENSOR_SLACK, true);
    call.scratch = scratch.values;
    call.packed = transposed.values;
    call.residual = conv->adds ? call.dx : NULL;
    call.bias = NULL;
    call.activation = (stria_activation){.kind = STRIA_LINEAR};
    if (conv->transposes) {
        call.bias = conv->with_bias ? conv->input_bias.values : NULL;
        call.activation = conv->activation;
        if (conv->adds && !conv->in_place)
            call.residual = conv->x.values;
    }
    kernels->input_gradient(&call);
    guarded_check(&scratch, "scratch of input_gradient");
    guarded_free(&scratch);

    if (conv->training) {
        scratch = guarded_create(needs.kernel_gradient_scratch, TENSOR_SLACK, true);
        call.scratch = scratch.values;
        kernels->kernel_gradient(&call);
        guarded_check(&scratch, "scratch of kernel_gradient");
        guarded_free(&scratch);
        if (needs.kept > 0)
            check_without_kept(conv, &call, kernels);
    }
    guarded_check(&packed, "packed");
    guarded_check(&transposed, "packed_transposed");
    guarded_check(&kept, "kept");
    guarded_check(&results.y, "y");
    guarded_check(&results.dx, "dx");
    guarded_check(&results.dkernel, "dkernel");
    guarded_check(&results.dbias, "dbias");
    guarded_free(&packed);
    guarded_free(&transposed);
    guarded_free(&kept);
    return results;
}

void conv_results_free(conv_results *results)
{
    guarded_free(&results->y);
    guarded_free(&results->dx);
    guarded_free(&results->dkernel);
    guarded_free(&results->dbias);
}

/* ---- Equal bits ---- */

void conv_case_same(const guarded *a, const guarded *b, const conv_case *conv, const char *what)
{
    for (size_t i = 0; i < a->count; i++) {
        if (memcmp(&a->values[i], &b->values[i], sizeof(float)) != 0)
            fail_msg("%s[%zu]: %.9g and %.9g differ\n%s", what, i, (double)a->values[i], (double)b->values[i],
                     conv_case_text(conv));
    }
}

void conv_case_same_results(const conv_results *a, const conv_results *b, const conv_case *conv)
{
    conv_case_same(&a->y, &b->y, conv, "y");
    conv_case_same(&a->dx, &b->dx, conv, "dx");
    if (conv->training) {
        conv_case_same(&a->dkernel, &b->dkernel, conv, "dkernel");
        conv_case_same(&a->dbias, &b->dbias, conv, "dbias");
    }
}
