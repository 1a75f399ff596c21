/* Weights of classes: every way to write them, what is refused, and what they are part of. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "train/class_weights.h"
#include "train/training_fixture.h"

static test_context test;
static stria_dataset *data;
static stria_model *model;

static const int32_t labels[8] = {0, 0, 0, 0, 1, 1, 3, 0};

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {"cat", "dog", "a=b", "bird"};
    const stria_shape shape = {1, {3}};
    float x[8 * 3];
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    fill_numbers(x, 24, 1);
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 8, labels, 4, NULL, NULL, &err), &err);
    model = make_model(test.context, "input 3\ndense 4 softmax\n");
    assert_ok(stria_model_set_classes(model, names, 4, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
    return 0;
}

static void reads(const char *text, const stria_dataset *of, size_t count, const double wanted[4])
{
    double *weights = NULL;
    stria_error err = {0};
    assert_ok(stria_class_weights_read(&weights, model, text, 4, of, NULL, count, &err), &err);
    for (size_t c = 0; c < 4; c++)
        assert_near(weights[c], wanted[c], 0);
    stria_release(&test.context->allocator, weights);
}

static void refuses(const char *text, const char *message)
{
    double *weights = NULL;
    stria_error err = {0};
    assert_status(stria_class_weights_read(&weights, model, text, 4, NULL, NULL, 0, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, message);
    assert_null(weights);
}

static void written(void **state)
{
    (void)state;
    reads("2,1,0.5,1/4", NULL, 0, (const double[]){2, 1, 0.5, 0.25});
    reads("dog=3", NULL, 0, (const double[]){1, 3, 1, 1});
    reads("bird=0,a=b=2", NULL, 0, (const double[]){1, 1, 2, 0});
    reads("0=7,3=0.5", data, 8, (const double[]){7, 1, 1, 0.5});
    /* sklearn.utils.class_weight.compute_class_weight("balanced", classes=np.unique(y), y=y) */
    reads("balanced", data, 8, (const double[]){8 / 15.0, 8 / 6.0, 1, 8 / 3.0});
    reads("balanced", data, 6, (const double[]){6 / 8.0, 6 / 4.0, 1, 1});
}

static void refused(void **state)
{
    (void)state;
    refuses("1,2", "has 2 numbers and there are 4 classes: one for each, or by name, as in 'cat=2'");
    refuses("1,2,3,4,5", "has 5 numbers");
    refuses("1,2,,4", "a weight is a number of 0 or more");
    refuses("1,2,-3,4", "'-3': a weight");
    refuses("1,nan,3,4", "'nan': a weight");
    refuses("1,inf,3,4", "'inf': a weight");
    refuses("cow=2", "'cow=2': no class has this name; the first is 'cat'");
    refuses("4=2", "no class has this name");
    refuses("cat=2,1", "'1' names no class");
    refuses("cat=", "a weight is a number");
    refuses("=2", "no class has this name");
    refuses("balanced", "counts labels, and there are none");
    refuses("balance", "'balance': a weight is");
}

/* Weights of all 1 change nothing; weights of 2 are the gradient of twice the loss; 0 leaves samples out. */
static void in_training(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL, "1,1,1,1", "2,2,2,2", "balanced"};
    double losses[4];
    stria_error err = {0};
    for (size_t i = 0; i < 4; i++) {
        const stria_train_options options = {.epochs = 1,
                                             .batch = 8,
                                             .learning_rate = i == 2 ? 0.05 : 0.1,
                                             .optimizer = "sgd",
                                             .seed = 3,
                                             .class_weight = texts[i],
                                             .validation = 0};
        stria_train_result result;
        stria_model *trained = make_model(test.context, "input 3\ndense 4 softmax\n");
        assert_ok(stria_train(trained, data, &options, &result, &err), &err);
        losses[i] = result.last.loss;
        if (texts[i] == NULL)
            assert_null(stria_model_metadata(trained, "class_weight"));
        else
            assert_string_equal(stria_model_metadata(trained, "class_weight"), texts[i]);
        if (i == 2)
            assert_near(losses[2], 2 * losses[0], 0);
        stria_model_free(trained);
    }
    assert_near(losses[1], losses[0], 0);
    assert_true(losses[3] != losses[0]);

    stria_model *places = make_model(test.context, "input 2x3\nconv1d 4 1\n");
    stria_trainer *trainer = NULL;
    const stria_train_options options = {.class_weight = "1,1,1,2"};
    assert_status(stria_trainer_create(&trainer, places, &options, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "one row of classes");
    const stria_train_options balanced = {.class_weight = "balanced"};
    assert_status(stria_trainer_create(&trainer, model, &balanced, &err), STRIA_ERROR_VALUE, &err);
    assert_null(trainer);
    const stria_train_options empty = {.class_weight = ""};
    assert_status(stria_train_options_check(&empty, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "class_weight is empty");
    stria_model_free(places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_training, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("class_weights", tests, NULL, NULL);
}
