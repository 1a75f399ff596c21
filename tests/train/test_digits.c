/* A small network learns the built-in digits: at least 97 % of the held-back fifth, in a few seconds. */
#include <stdlib.h>

#include "train/training_fixture.h"

static void digits(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    stria_error err = {0};
    stria_dataset *data = NULL;
    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    stria_model *model = make_model(test.context, "input 8x8x1\n"
                                                  "conv2d 12 3 same relu\n"
                                                  "maxpool2d 2\n"
                                                  "conv2d 24 3 relu\n"
                                                  "flatten\n"
                                                  "dense 10 softmax\n");
    stria_train_result result;
    assert_ok(stria_train(model, data,
                          &(stria_train_options){.epochs = 12,
                                                 .batch = 16,
                                                 .learning_rate = 0.004,
                                                 .schedule = "cosine",
                                                 .validate_on_test = 1,
                                                 .seed = 1},
                          &result, &err),
              &err);
    stria_evaluation e = {0};
    assert_ok(stria_evaluate(&e, model, data, STRIA_PART_TEST, 0, NULL, &err), &err);
    print_message("accuracy %.2f %% of %lld digits, loss %.4f\n", 100 * e.accuracy, (long long)e.count,
                  e.loss);
    assert_true(e.accuracy >= 0.97);
    assert_near(e.accuracy, result.last.val_accuracy, 0);
    assert_near(e.loss, result.last.val_loss, 0);
    stria_evaluation_free(&e, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digits)};
    return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}
