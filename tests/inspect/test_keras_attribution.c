/* Attribution against Keras 3: the numbers of make_keras_attribution.py, for four layers, two classes, logits
 * and probabilities. Differences are far below the 1e-4 that is promised: rounding of sums in another order.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <stria/attribution.h>

#include "train/keras_archive.h"

#define SIDE    14
#define CLASSES 5

static const char network[] = "x = input 14x14x3\n"
                              "a = conv2d 6 3 same\nan = batchnorm\nar = relu\n"
                              "b = conv2d 6 3 same use_bias=no\nbn = batchnorm\n"
                              "s = add(ar, bn)\nsr = relu\ndrop = dropout 0.5\n"
                              "c = conv2d 8 3 2 relu\ng = global_avgpool2d\nd = dense 5 softmax\n";

static keras_archive archive;
static stria_model *model;
static float *picture;

static int open_network(void **state)
{
    (void)state;
    open_archive(&archive, "../inspect/keras_attribution.npz");
    model = make_model(archive.test.context, network);
    start_from_keras(&archive, model, "net");
    picture = read_member(&archive, "x", SIDE * SIDE * 3, NULL);
    return 0;
}

static int close_network(void **state)
{
    (void)state;
    free(picture);
    stria_model_free(model);
    close_archive(&archive);
    return 0;
}

/* Within 5e-6 of the largest value. */
static void compare(const char *name, const float *found, size_t count)
{
    float *expected = read_member(&archive, name, count, NULL);
    double largest = 1e-3;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)found[i] - (double)expected[i]) <= 5e-6 * largest))
            fail_msg("%s: number %zu is %.9g, Keras has %.9g", name, i, (double)found[i],
                     (double)expected[i]);
    free(expected);
}

static stria_attribution explain(int class_index, stria_attribution_options options)
{
    char text[16];
    stria_error err = {0};
    stria_attribution found;
    snprintf(text, sizeof text, "%d", class_index);
    options.target_class = text;
    assert_ok(
        stria_attribution_compute(&found, model, picture, stria_model_input_shape(model, 0), &options, &err),
        &err);
    assert_int_equal(found.class_index, class_index);
    assert_int_equal(found.height, SIDE);
    assert_int_equal(found.width, SIDE);
    return found;
}

static void check(int class_index, const char *name, const char *full, stria_attribution_options options)
{
    char member[64];
    stria_attribution found = explain(class_index, options);
    snprintf(member, sizeof member, "%s.%d", name, class_index);
    compare(member, found.map, (size_t)(found.map_height * found.map_width));
    snprintf(member, sizeof member, "%s.%d", full, class_index);
    compare(member, found.full, SIDE * SIDE);
    stria_attribution_free(&found, archive.test.context);
}

static void test_gradcam(void **state)
{
    (void)state;
    static const char *const layers[] = {"ar", "b", "sr", "c"};
    for (int c = 0; c <= 2; c += 2)
        for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
            char name[32], full[32];
            snprintf(name, sizeof name, "cam.%s", layers[i]);
            snprintf(full, sizeof full, "cam_full.%s", layers[i]);
            check(c, name, full, (stria_attribution_options){.layer = layers[i]});
            snprintf(name, sizeof name, "cam_probability.%s.%d", layers[i], c);
            stria_attribution found =
                explain(c, (stria_attribution_options){.layer = layers[i], .probabilities = 1});
            compare(name, found.map, (size_t)(found.map_height * found.map_width));
            assert_true(fabs(found.score - found.probability) < 1e-12);
            stria_attribution_free(&found, archive.test.context);
        }
}

static void test_gradients(void **state)
{
    (void)state;
    for (int c = 0; c <= 2; c += 2) {
        check(c, "saliency", "saliency", (stria_attribution_options){.method = "saliency"});
        check(c, "saliency_probability", "saliency_probability",
              (stria_attribution_options){.method = "saliency", .probabilities = 1});
        check(c, "gradient_input", "gradient_input", (stria_attribution_options){.method = "gradient-input"});
        check(c, "integrated", "integrated",
              (stria_attribution_options){.method = "integrated-gradients", .samples = 20, .batch = 7});
    }
}

static void test_occlusion(void **state)
{
    (void)state;
    const double fill = 0.25;
    for (int c = 0; c <= 2; c += 2)
        check(c, "occlusion", "occlusion_full",
              (stria_attribution_options){
                  .method = "occlusion", .patch = 5, .stride = 3, .fill = &fill, .batch = 6});
}

static void test_scores(void **state)
{
    (void)state;
    float *scores = read_member(&archive, "scores", CLASSES, NULL);
    float *probabilities = read_member(&archive, "probabilities", CLASSES, NULL);
    int likeliest = 0;
    for (int c = 0; c < CLASSES; c++) {
        stria_attribution found = explain(c, (stria_attribution_options){.method = "gradcam"});
        assert_true(fabs(found.score - (double)scores[c]) < 2e-5);
        assert_true(fabs(found.probability - (double)probabilities[c]) < 5e-6);
        assert_string_equal(found.layer, "c");
        stria_attribution_free(&found, archive.test.context);
        likeliest = probabilities[c] > probabilities[likeliest] ? c : likeliest;
    }
    stria_error err = {0};
    stria_attribution found;
    assert_ok(
        stria_attribution_compute(&found, model, picture, stria_model_input_shape(model, 0), NULL, &err),
        &err);
    assert_int_equal(found.class_index, likeliest);
    stria_attribution_free(&found, archive.test.context);
    free(scores);
    free(probabilities);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradcam),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_occlusion),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests(tests, open_network, close_network);
}
