/* Plans: the memory they lay out, what running allocates (nothing), batches, kept outputs, open sizes,
 * gradients, and what they refuse. Plans on several threads are in test_plan_threads.c. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "model/plan_inside.h"
#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

static void run(stria_plan *plan, const float *x, int64_t batch)
{
    stria_error err = {0};
    const float *inputs[2] = {x, x};
    assert_ok(stria_plan_run(plan, inputs, batch, &err), &err);
}

static void backward(stria_plan *plan, const float *dy)
{
    stria_error err = {0};
    const float *gradients[2] = {dy, dy};
    assert_ok(stria_plan_backward(plan, gradients, &err), &err);
}

static size_t count_of(const stria_shape *shape)
{
    return (size_t)stria_shape_elements(shape);
}

static const char lenet[] =
    "input 28x28x1\nconv2d 6 5 same relu\nmaxpool2d 2\nconv2d 16 5 relu\nmaxpool2d 2\n"
    "flatten\ndense 120 relu\ndense 84 relu\ndense 10 softmax\n";

/* ---- Where buffers lie ---- */

static void assert_apart(const stria_buffer *buffers, size_t count, size_t total)
{
    for (size_t i = 0; i < count; i++) {
        const stria_buffer *a = &buffers[i];
        assert_int_equal(a->offset % STRIA_TENSOR_ALIGNMENT, 0);
        assert_true(a->offset + a->size <= total);
        for (size_t j = 0; j < i; j++) {
            const stria_buffer *b = &buffers[j];
            const bool together = a->first <= b->last && b->first <= a->last;
            const bool apart = a->offset + a->size <= b->offset || b->offset + b->size <= a->offset;
            if (together && !apart)
                fail_msg(
                    "buffers %zu (%zu bytes at %zu) and %zu (%zu bytes at %zu) live together and overlap", j,
                    b->size, b->offset, i, a->size, a->offset);
        }
    }
}

static void test_random_buffers(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    const stria_random_key key = {.seed = 3, .purpose = STRIA_RANDOM_DATA};
    double excess = 0;
    for (uint32_t round = 0; round < 200; round++) {
        stria_buffer buffers[40];
        size_t count = round % 41, total = 1, bound = 1;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t words[4];
            stria_random_block(&key, 41 * round + i, words);
            size_t first = words[0] % 50;
            buffers[i] =
                (stria_buffer){.size = words[1] % 5000, .first = first, .last = first + words[2] % 10};
        }
        assert_true(stria_arena_plan(buffers, count, &memory.table, &total, &bound));
        assert_apart(buffers, count, total);
        /* The bound is the fullest moment, counted here over all moments. */
        size_t fullest = 0;
        for (size_t time = 0; time < 60; time++) {
            size_t sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += buffers[i].first <= time && time <= buffers[i].last ? buffers[i].size : 0;
            fullest = sum > fullest ? sum : fullest;
        }
        assert_int_equal(bound, fullest);
        assert_true(total >= bound);
        excess += bound > 0 ? (double)total / (double)bound : 1;
    }
    assert_int_equal(memory.live_blocks, 0);
    /* Random lifetimes are harder than networks; still few blocks are above the bound. */
    if (excess / 200 > 1.002)
        fail_msg("blocks are %.4f times the bound on average", excess / 200);
}

static void test_buffers_too_large(void **state)
{
    (void)state;
    stria_buffer buffers[3] = {{.size = SIZE_MAX / 2, .first = 0, .last = 5},
                               {.size = SIZE_MAX / 2, .first = 1, .last = 3},
                               {.size = SIZE_MAX / 2, .first = 2, .last = 3}};
    size_t total, bound;
    failing_allocator memory;
    failing_allocator_init(&memory);
    assert_false(stria_arena_plan(buffers, 3, &memory.table, &total, &bound));
    buffers[0].size = SIZE_MAX - 3;
    assert_false(stria_arena_plan(buffers, 1, &memory.table, &total, &bound));
    assert_int_equal(memory.live_blocks, 0);
}

static void test_network_blocks(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        const char *text = stria_architecture_text(stria_architecture_name(i));
        if (!is_small_model(test.context, text))
            continue;
        stria_model *model = parse_model(test.context, text);
        for (int mode = STRIA_MODE_INFERENCE; mode <= STRIA_MODE_TRAINING; mode++) {
            stria_plan *plan = open_plan(model, &(stria_plan_options){.mode = (stria_mode)mode, .batch = 16});
            stria_plan_memory memory;
            stria_plan_memory_use(plan, &memory);
            assert_apart(plan->buffers, plan->buffer_count, memory.activations);
            assert_true(memory.activations >= memory.lower_bound);
            if (memory.activations > memory.lower_bound)
                fail_msg("%s: %llu bytes in mode %d, at least %llu", stria_architecture_name(i),
                         (unsigned long long)memory.activations, mode,
                         (unsigned long long)memory.lower_bound);
            assert_true(memory.parameters >= 4 * (uint64_t)stria_model_params(model));
            assert_int_equal(memory.gradients == 0, mode == STRIA_MODE_INFERENCE);
            stria_plan_free(plan);
        }
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* LeNet-5's inference needs two neighbouring layers at a time: the first convolution's output and its pooled
 * picture. */
static void test_inference_needs_two_layers(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, lenet);
    stria_plan *plan = open_plan(model, &(stria_plan_options){.batch = 10});
    stria_plan_memory memory;
    stria_plan_memory_use(plan, &memory);
    assert_int_equal(memory.activations, 10 * 4 * (28 * 28 * 6 + 14 * 14 * 6));
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Buffers that are shared too early would show in the numbers: random graphs with and without sharing
 * ---- */

/* Writes a network of pictures 6x6x2 that joins and forks at random. */
static void write_graph(uint32_t seed, char *text, size_t size)
{
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA, .layer = 9};
    size_t at = (size_t)snprintf(text, size, "n0 = input 6x6x2\n");
    unsigned last = 0;
    for (unsigned n = 1; n <= 14; n++) {
        uint32_t w[4];
        stria_random_block(&key, n, w);
        /* Mostly the newest, so that the graph is deep. */
        unsigned a = w[0] % 3 != 0 ? last : w[1] % n, b = w[2] % n;
        switch (w[3] % 9) {
        case 0:
        case 1:
            at += (size_t)snprintf(text + at, size - at, "n%u = conv2d(n%u) 2 3 same tanh\n", n, a);
            break;
        case 2:
            at += (size_t)snprintf(text + at, size - at, "n%u = add(n%u, n%u)\n", n, a, b);
            break;
        case 3:
            at += (size_t)snprintf(text + at, size - at, "c%u = concat(n%u, n%u)\nn%u = conv2d(c%u) 2 1\n", n,
                                   a, b, n, n);
            break;
        case 4:
            at += (size_t)snprintf(text + at, size - at, "n%u = maxpool2d(n%u) 3 1 same\n", n, a);
            break;
        case 5:
            at += (size_t)snprintf(text + at, size - at, "n%u = silu(n%u)\n", n, a);
            break;
        case 6:
            at += (size_t)snprintf(text + at, size - at, "n%u = softmax(n%u)\n", n, a);
            break;
        case 7:
            at += (size_t)snprintf(text + at, size - at, "n%u = avgpool2d(n%u) 2 1 same\n", n, a);
            break;
        default:
            at += (size_t)snprintf(text + at, size - at, "n%u = rescaling(n%u) 0.5 offset=0.1\n", n, a);
            break;
        }
        last = n;
    }
    /* Views with one and with several readers, and two outputs, one of which is read on. */
    at += (size_t)snprintf(
        text + at, size - at,
        "f = flatten(n%u)\ng = flatten(f)\nh = dense(g) 5 tanh\ni = dense(f) 5\nj = add(h, i)\n"
        "output(j, h, n%u)\n",
        last, last - 1);
    assert_true(at < size);
}

static void test_sharing_changes_nothing(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    const size_t batch = 3;
    float *x = draw_normals(1, batch * 72), *dy = draw_normals(2, batch * 72);
    const float *inputs[1] = {x}, *upstream[3] = {dy, dy, dy};
    for (uint32_t seed = 0; seed < 80; seed++) {
        char text[2048];
        write_graph(seed, text, sizeof text);
        stria_model *model = parse_model(test.context, text);
        const char *keep[64];
        size_t count = stria_model_layer_count(model);
        assert_true(count <= 64);
        for (size_t i = 0; i < count; i++) {
            stria_layer_info info;
            stria_model_layer(model, i, &info);
            keep[i] = info.name;
        }
        stria_plan *plans[4] = {
            open_plan(model, &(stria_plan_options){.batch = 3}),
            open_plan(model, &(stria_plan_options){.batch = 3, .keep = keep, .keep_count = count}),
            open_plan(model,
                      &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 3, .input_gradients = 1}),
            open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING,
                                                   .batch = 3,
                                                   .input_gradients = 1,
                                                   .keep = keep,
                                                   .keep_count = count}),
        };
        stria_error err = {0};
        for (size_t p = 0; p < 4; p++) {
            assert_apart(plans[p]->buffers, plans[p]->buffer_count, plans[p]->memory.activations);
            assert_ok(stria_plan_run(plans[p], inputs, 3, &err), &err);
            for (size_t o = 0; o < 3; o++)
                if (memcmp(stria_plan_output(plans[0], o), stria_plan_output(plans[p], o),
                           batch * count_of(stria_model_output_shape(model, o)) * sizeof(float)) != 0)
                    fail_msg("output %zu of plan %zu differs from the first plan's:\n%s", o, p, text);
        }
        for (size_t p = 2; p < 4; p++)
            assert_ok(stria_plan_backward(plans[p], upstream, &err), &err);
        assert_memory_equal(stria_plan_input_gradient(plans[2], 0), stria_plan_input_gradient(plans[3], 0),
                            batch * 72 * sizeof(float));
        stria_tensor_info info;
        for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
            assert_memory_equal(stria_plan_tensor_gradient(plans[2], t),
                                stria_plan_tensor_gradient(plans[3], t), (size_t)info.count * sizeof(float));
        /* What was kept before the backward is still there after it. */
        for (size_t i = 0; i < count; i++)
            assert_memory_equal(stria_plan_value(plans[1], keep[i]), stria_plan_value(plans[3], keep[i]),
                                batch * count_of(stria_plan_shape(plans[1], keep[i])) * sizeof(float));
        for (size_t p = 0; p < 4; p++)
            stria_plan_free(plans[p]);
        stria_model_free(model);
    }
    free(x);
    free(dy);
    test_context_close(&test);
}

/* ---- Running ---- */

static void test_running_allocates_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        lenet,
        "input 8x8x4\nconv2d 8 3 same groups=2 gelu\nbatchnorm\nrelu\ndropout 0.3\navgpool2d 3 2 "
        "same\nflatten\n"
        "dense 5 softmax\n",
    };
    for (int threads = 1; threads <= 2; threads++) {
        test_context test;
        test_context_open(&test, threads, NULL);
        for (size_t i = 0; i < 2; i++) {
            stria_model *model = parse_model(test.context, texts[i]);
            float *x = draw_normals(1, 8 * 784), *dy = draw_normals(2, 80);
            stria_plan *inference = open_plan(model, &(stria_plan_options){.batch = 8});
            stria_plan *training = open_plan(
                model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 8, .input_gradients = 1});
            const size_t calls = test.memory.calls;
            for (int64_t batch = 1; batch <= 8; batch += 7) {
                run(inference, x, batch);
                run(training, x, batch);
                backward(training, dy);
                stria_plan_refresh(inference);
                assert_null(stria_plan_first_nonfinite(training));
            }
            assert_int_equal(test.memory.calls, calls);
            stria_plan_free(inference);
            stria_plan_free(training);
            stria_model_free(model);
            free(x);
            free(dy);
        }
        test_context_close(&test);
    }
}

/* A plan for 9 that runs 1 to 9 samples gives each the bits that a plan of that size gives. */
static void test_smaller_batches(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "input 12x11x3\nconv2d 7 3 same relu\nmaxpool2d 2\nconv2d 9 3 tanh\nflatten\n"
                      "dense 33 gelu\ndense 5 softmax\n");
    float *x = draw_normals(1, 9 * 396), *dy = draw_normals(2, 9 * 5);
    stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = 9, .input_gradients = 1};
    stria_plan *large = open_plan(model, &options);
    for (int64_t batch = 9; batch >= 1; batch--) {
        options.batch = batch;
        stria_plan *exact = open_plan(model, &options);
        run(large, x, batch);
        run(exact, x, batch);
        backward(large, dy);
        backward(exact, dy);
        assert_memory_equal(stria_plan_output(large, 0), stria_plan_output(exact, 0),
                            (size_t)batch * 5 * sizeof(float));
        assert_memory_equal(stria_plan_input_gradient(large, 0), stria_plan_input_gradient(exact, 0),
                            (size_t)batch * 396 * sizeof(float));
        stria_tensor_info info;
        for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
            assert_memory_equal(stria_plan_tensor_gradient(large, t), stria_plan_tensor_gradient(exact, t),
                                (size_t)info.count * sizeof(float));
        stria_plan_free(exact);
    }
    stria_plan_free(large);
    stria_model_free(model);
    free(x);
    free(dy);
    test_context_close(&test);
}

static void test_steps(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, lenet);
    stria_plan *plan = open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 4});
    stria_plan_memory memory;
    stria_plan_memory_use(plan, &memory);
    size_t forward = 0, back = 0, count = stria_plan_step_count(plan);
    for (size_t i = 0; i < count; i++) {
        stria_step_info info;
        assert_int_equal(stria_plan_step(plan, i, &info), 1);
        int layer = stria_model_find_layer(model, info.layer);
        assert_true(layer >= 0);
        assert_non_null(info.kernel);
        stria_layer_info described;
        stria_model_layer(model, (size_t)layer, &described);
        assert_int_equal(info.output_bytes, 4 * described.bytes);
        assert_true(info.offset + (strlen(info.kernel) > 0 ? info.output_bytes : 0) <= memory.activations);
        if (strcmp(described.kind, "flatten") == 0)
            assert_string_equal(info.kernel, "");
        if (strcmp(described.kind, "conv2d") == 0)
            assert_true(strlen(info.kernel) > 0);
        forward += !info.backward;
        back += info.backward != 0;
    }
    assert_int_equal(forward, 9);
    assert_true(back >= 7);
    stria_step_info past;
    assert_int_equal(stria_plan_step(plan, count, &past), 0);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- What can be read ---- */

/* A kept layer holds what the model cut off behind it gives. */
static void test_kept_outputs(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    static const char *const lines[] = {"input 9x9x2", "conv2d 4 3 same relu", "maxpool2d 2",
                                        "flatten",     "dense 6 sigmoid",      "dense 3 softmax"};
    static const char *const names[] = {"input_layer", "conv2d", "max_pooling2d",
                                        "flatten",     "dense",  "dense_1"};
    float *x = draw_normals(1, 2 * 162);
    stria_model *cut = NULL, *whole = NULL;
    assert_ok(stria_model_create(&whole, test.context, &err), &err);
    for (size_t i = 0; i < 6; i++)
        assert_ok(stria_model_add(whole, lines[i], &err), &err);
    stria_plan *plan = open_plan(whole, &(stria_plan_options){.batch = 2, .keep = names, .keep_count = 6});
    stria_plan *plain = open_plan(whole, &(stria_plan_options){.batch = 2});
    assert_null(stria_plan_output(plan, 0)); /* nothing has been run */
    run(plan, x, 2);
    run(plain, x, 2);
    for (size_t n = 1; n <= 6; n++) {
        assert_ok(stria_model_create(&cut, test.context, &err), &err);
        for (size_t i = 0; i < n; i++)
            assert_ok(stria_model_add(cut, lines[i], &err), &err);
        stria_plan *shorter = open_plan(cut, &(stria_plan_options){.batch = 2});
        run(shorter, x, 2);
        const stria_shape *shape = stria_plan_shape(plan, names[n - 1]);
        assert_true(stria_shape_equal(shape, stria_model_output_shape(cut, 0)));
        assert_memory_equal(stria_plan_value(plan, names[n - 1]), stria_plan_output(shorter, 0),
                            2 * count_of(shape) * sizeof(float));
        stria_plan_free(shorter);
        stria_model_free(cut);
    }
    /* Without being kept only inputs and outputs can be read. */
    assert_ptr_equal(stria_plan_value(plain, "input_layer"), x);
    assert_null(stria_plan_value(plain, "conv2d"));
    assert_null(stria_plan_value(plain, "dense"));
    assert_ptr_equal(stria_plan_value(plain, "dense_1"), stria_plan_output(plain, 0));
    assert_null(stria_plan_value(plain, "nothing"));
    assert_null(stria_plan_shape(plain, "nothing"));
    assert_null(stria_plan_output(plain, 1));
    stria_plan_free(plan);
    stria_plan_free(plain);
    stria_model_free(whole);
    free(x);
    test_context_close(&test);
}

static void test_open_sizes(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *open = parse_model(
        test.context, "input ?x?x2\nconv2d 3 3 2 same relu\nmaxpool2d 2\nglobal_avgpool2d\ndense 4\n");
    static const stria_shape sizes[] = {{3, {9, 12, 2}}, {3, {20, 5, 2}}};
    static const char *const fixed[] = {
        "input 9x12x2\nconv2d 3 3 2 same relu\nmaxpool2d 2\nglobal_avgpool2d\ndense 4\n",
        "input 20x5x2\nconv2d 3 3 2 same relu\nmaxpool2d 2\nglobal_avgpool2d\ndense 4\n"};
    float *x = draw_normals(1, 2 * 216);
    stria_plan *plans[2];
    for (size_t i = 0; i < 2; i++)
        plans[i] = open_plan(open, &(stria_plan_options){.batch = 2, .input_shapes = &sizes[i]});
    for (size_t i = 0; i < 2; i++) {
        stria_model *model = parse_model(test.context, fixed[i]);
        stria_plan *plan = open_plan(model, &(stria_plan_options){.batch = 2});
        run(plan, x, 2);
        run(plans[i], x, 2);
        assert_memory_equal(stria_plan_output(plan, 0), stria_plan_output(plans[i], 0), 8 * sizeof(float));
        char text[STRIA_SHAPE_TEXT_SIZE];
        stria_shape_text(stria_plan_shape(plans[i], "conv2d"), text, sizeof text);
        assert_string_equal(text, i == 0 ? "5x6x3" : "10x3x3");
        stria_plan_free(plan);
        stria_plan_free(plans[i]);
        stria_model_free(model);
    }

    stria_plan *plan = NULL;
    assert_status(stria_plan_create(&plan, open, NULL, &err), STRIA_ERROR_SHAPE, &err);
    static const stria_shape refused[] = {
        {3, {9, 12, 3}}, {2, {9, 12}}, {3, {9, STRIA_ANY_SIZE, 2}}, {3, {9, 0, 2}}, {3, {9, 1, 2}}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_status(
            stria_plan_create(&plan, open, &(stria_plan_options){.input_shapes = &refused[i]}, &err),
            STRIA_ERROR_SHAPE, &err);
    /* The last is too narrow for the pooling, and the message says which layer. */
    assert_message(&err, "max_pooling2d");
    assert_null(plan);
    stria_model_free(open);
    free(x);
    test_context_close(&test);
}

/* ---- Training plans ---- */

static void test_raw_output(void **state)
{
    (void)state;
    static const char *const texts[] = {"input 7\ndense 5 softmax\n", "input 7\ndense 5\nsoftmax\n",
                                        "input 7\ndense 5\nactivation softmax\n",
                                        "input 7\ndense 5 sigmoid\n", "input 7\ndense 5\nsigmoid\n"};
    test_context test;
    test_context_open(&test, 1, NULL);
    float *x = draw_normals(1, 3 * 7), *dy = draw_normals(2, 15);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        stria_model *model = parse_model(test.context, texts[i]),
                    *linear = parse_model(test.context, "input 7\ndense 5\n");
        stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = 3, .input_gradients = 1};
        stria_plan *logits = open_plan(linear, &options);
        options.raw_output = i < 3 ? STRIA_RAW_SOFTMAX : STRIA_RAW_SIGMOID;
        stria_plan *raw = open_plan(model, &options);
        run(raw, x, 3);
        run(logits, x, 3);
        backward(raw, dy);
        backward(logits, dy);
        assert_memory_equal(stria_plan_output(raw, 0), stria_plan_output(logits, 0), 15 * sizeof(float));
        assert_memory_equal(stria_plan_input_gradient(raw, 0), stria_plan_input_gradient(logits, 0),
                            21 * sizeof(float));
        assert_memory_equal(stria_plan_tensor_gradient(raw, 0), stria_plan_tensor_gradient(logits, 0),
                            35 * sizeof(float));
        stria_plan_free(raw);
        stria_plan_free(logits);
        stria_model_free(model);
        stria_model_free(linear);
    }
    /* Where the model does not end in it there is nothing to leave out. */
    static const char *const others[] = {"input 7\nx = dense 5 softmax\ndense 2 tanh\n",
                                         "input 7\ndense 5 sigmoid\ndense 2 sigmoid\n",
                                         "input 7\ndense 5\ndense 2 softmax\n"};
    for (size_t i = 0; i < 3; i++) {
        stria_model *model = parse_model(test.context, others[i]);
        const int left_out = i < 2 ? STRIA_RAW_SOFTMAX : STRIA_RAW_SIGMOID;
        stria_plan *raw = open_plan(model, &(stria_plan_options){.batch = 3, .raw_output = left_out});
        stria_plan *plain = open_plan(model, &(stria_plan_options){.batch = 3});
        run(raw, x, 3);
        run(plain, x, 3);
        assert_memory_equal(stria_plan_output(raw, 0), stria_plan_output(plain, 0), 6 * sizeof(float));
        stria_plan_free(raw);
        stria_plan_free(plain);
        stria_model_free(model);
    }
    free(x);
    free(dy);
    test_context_close(&test);
}

static void test_frozen_layers(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 6x6x1\nconv2d 2 3 tanh\nbatchnorm\nflatten\ndense 3\n");
    float *x = draw_normals(1, 4 * 36), *dy = draw_normals(2, 12);
    const stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = 4};
    assert_ok(stria_model_freeze(model, "conv2d,batch_*", &err), &err);
    stria_plan *plan = open_plan(model, &options);
    float before[2], after[2];
    assert_ok(stria_model_get_tensor(model, "batch_normalization/moving_mean", before, 2, &err), &err);
    run(plan, x, 4);
    backward(plan, dy);
    assert_ok(stria_model_get_tensor(model, "batch_normalization/moving_mean", after, 2, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        const bool dense = strncmp(info.name, "dense/", 6) == 0;
        assert_int_equal(info.trainable, dense);
        assert_int_equal(stria_plan_tensor_gradient(plan, t) != NULL, dense);
    }
    assert_null(stria_plan_tensor_gradient(plan, stria_model_tensor_count(model)));
    stria_plan_free(plan);
    stria_model_free(model);
    free(x);
    free(dy);
    test_context_close(&test);
}

static void test_dropout(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 5000\ndropout 0.3\n");
    float *ones = malloc(5000 * sizeof *ones), *first = malloc(5000 * sizeof *first);
    assert_non_null(ones);
    assert_non_null(first);
    for (size_t i = 0; i < 5000; i++)
        ones[i] = 1;
    stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .seed = 5};
    stria_plan *plan = open_plan(model, &options);
    run(plan, ones, 1);
    memcpy(first, stria_plan_output(plan, 0), 5000 * sizeof *first);
    size_t dropped = 0;
    for (size_t i = 0; i < 5000; i++) {
        const bool zero = first[i] >= 0 && first[i] <= 0;
        dropped += zero;
        if (!zero)
            assert_true(fabsf(first[i] - 1 / 0.7F) < 1e-6F);
    }
    /* 1,500 with a standard error of 32. */
    assert_in_range(dropped, 1500 - 160, 1500 + 160);
    run(plan, ones, 1);
    assert_memory_equal(stria_plan_output(plan, 0), first, 5000 * sizeof *first);
    stria_plan_set_step(plan, 1);
    run(plan, ones, 1);
    assert_true(memcmp(stria_plan_output(plan, 0), first, 5000 * sizeof *first) != 0);
    stria_plan_free(plan);
    options.seed = 6;
    plan = open_plan(model, &options);
    run(plan, ones, 1);
    assert_true(memcmp(stria_plan_output(plan, 0), first, 5000 * sizeof *first) != 0);
    stria_plan_free(plan);
    plan = open_plan(model, NULL);
    run(plan, ones, 1);
    assert_memory_equal(stria_plan_output(plan, 0), ones, 5000 * sizeof *ones);
    stria_plan_free(plan);
    stria_model_free(model);
    free(ones);
    free(first);
    test_context_close(&test);
}

static void test_changed_parameters(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 6x6x2\nconv2d 3 3 same\nbatchnorm\nflatten\ndense 4\n");
    float *x = draw_normals(1, 2 * 72);
    stria_plan *inference = open_plan(model, &(stria_plan_options){.batch = 2});
    stria_plan *training = open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 2});
    assert_ok(stria_model_initialize(model, 99, &err), &err);
    stria_plan_refresh(inference);
    stria_plan *fresh = open_plan(model, &(stria_plan_options){.batch = 2});
    stria_plan *fresh_training =
        open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 2});
    run(inference, x, 2);
    run(fresh, x, 2);
    assert_memory_equal(stria_plan_output(inference, 0), stria_plan_output(fresh, 0), 8 * sizeof(float));
    run(training, x, 2);
    run(fresh_training, x, 2);
    assert_memory_equal(stria_plan_output(training, 0), stria_plan_output(fresh_training, 0),
                        8 * sizeof(float));
    stria_plan_free(inference);
    stria_plan_free(training);
    stria_plan_free(fresh);
    stria_plan_free(fresh_training);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

static void test_first_nonfinite(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 4\na = dense 4\nb = batchnorm\nc = dense 4\nd = dense 2\n");
    float *x = draw_normals(1, 12), mean[4], again[4], kernel[16];
    for (int mode = STRIA_MODE_INFERENCE; mode <= STRIA_MODE_TRAINING; mode++) {
        assert_ok(stria_model_initialize(model, 0, &err), &err);
        stria_plan *plan = open_plan(model, &(stria_plan_options){.mode = (stria_mode)mode, .batch = 3});
        assert_null(stria_plan_first_nonfinite(plan)); /* nothing has been run */
        run(plan, x, 3);
        assert_null(stria_plan_first_nonfinite(plan));
        assert_ok(stria_model_get_tensor(model, "c/kernel", kernel, 16, &err), &err);
        kernel[5] = NAN;
        assert_ok(stria_model_set_tensor(model, "c/kernel", kernel, 16, &err), &err);
        stria_plan_refresh(plan);
        run(plan, x, 3);
        /* Looking for the layer changes no statistics. */
        assert_ok(stria_model_get_tensor(model, "b/moving_mean", mean, 4, &err), &err);
        const char *layer = stria_plan_first_nonfinite(plan);
        assert_non_null(layer);
        assert_string_equal(layer, "c");
        assert_ok(stria_model_get_tensor(model, "b/moving_mean", again, 4, &err), &err);
        assert_memory_equal(mean, again, sizeof mean);
        x[3] = INFINITY;
        run(plan, x, 3);
        assert_string_equal(stria_plan_first_nonfinite(plan), "input_layer");
        x[3] = 1;
        stria_plan_free(plan);
    }
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

/* ---- Refusals ---- */

static void test_refusals(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 4\ndense 3\n");
    stria_plan *plan = NULL;
    float *x = draw_normals(1, 8);
    const float *inputs[1] = {x};
    static const char *const keep[] = {"dense", "dens"};
    assert_status(stria_plan_create(&plan, model, &(stria_plan_options){.batch = -1}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_create(&plan, model, &(stria_plan_options){.batch = INT64_MAX}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_create(&plan, model, &(stria_plan_options){.keep = keep, .keep_count = 2}, &err),
                  STRIA_ERROR_MISSING, &err);
    assert_message(&err, "dens");
    assert_null(plan);

    plan = open_plan(model, &(stria_plan_options){.batch = 2});
    assert_status(stria_plan_run(plan, inputs, 0, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_run(plan, inputs, 3, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "3");
    assert_status(stria_plan_run(plan, inputs, -1, &err), STRIA_ERROR_VALUE, &err);
    run(plan, x, 2);
    assert_status(stria_plan_backward(plan, inputs, &err), STRIA_ERROR_VALUE, &err);
    assert_null(stria_plan_tensor_gradient(plan, 0));
    assert_null(stria_plan_input_gradient(plan, 0));
    stria_plan_free(plan);

    plan = open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = 2});
    assert_status(stria_plan_backward(plan, inputs, &err), STRIA_ERROR_VALUE, &err);
    assert_null(stria_plan_input_gradient(plan, 0)); /* not asked for */
    stria_plan_free(plan);
    stria_plan_free(NULL);
    stria_model_free(model);

    /* More memory than there is: a message with the size, not a crash. */
    model = parse_model(test.context, "input 1000x1000x3\nconv2d 64 3 same\n");
    plan = NULL;
    test.memory.limit = 256U << 20;
    assert_status(stria_plan_create(&plan, model, &(stria_plan_options){.batch = 16}, &err),
                  STRIA_ERROR_MEMORY, &err);
    stria_status status = stria_plan_create(&plan, model, &(stria_plan_options){.batch = INT32_MAX}, &err);
    assert_true(status == STRIA_ERROR_MEMORY || status == STRIA_ERROR_LIMIT);
    test.memory.limit = 0;
    stria_model_free(model);

    assert_ok(stria_model_create(&model, test.context, &err), &err);
    assert_status(stria_plan_create(&plan, model, NULL, &err), STRIA_ERROR_SHAPE, &err);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_buffers),
        cmocka_unit_test(test_buffers_too_large),
        cmocka_unit_test(test_network_blocks),
        cmocka_unit_test(test_inference_needs_two_layers),
        cmocka_unit_test(test_sharing_changes_nothing),
        cmocka_unit_test(test_running_allocates_nothing),
        cmocka_unit_test(test_smaller_batches),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_kept_outputs),
        cmocka_unit_test(test_open_sizes),
        cmocka_unit_test(test_raw_output),
        cmocka_unit_test(test_frozen_layers),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_changed_parameters),
        cmocka_unit_test(test_first_nonfinite),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
