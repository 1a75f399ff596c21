/* The ready model lenet5-1998 against the paper (LeCun, Bottou, Bengio and Haffner, 1998, section II.B): the
 * maps of every layer, their trainable parameters and, where it gives them, connections, of which biases are
 * a part; and that it learns. */
#include <stria/stria.h>

#include <string.h>

#include "support/check.h"
#include "support/test_context.h"

typedef struct published {
    const char *layer;
    int64_t rows, columns, maps;
    int64_t params;
    int64_t connections; /* 0: not of this kind */
} published;

/* The paper counts the connections of its poolings before the sum, four and a bias for each unit. */
static const published layers[] = {
    {"c1", 28, 28, 6, 156, 122304}, {"s2", 14, 14, 6, 12, 0},        {"c3", 10, 10, 16, 1516, 151600},
    {"s4", 5, 5, 16, 32, 0},        {"c5", 1, 1, 120, 48120, 48120},
};

static stria_model *open_model(const test_context *test)
{
    stria_model *model = NULL;
    stria_error err = {0};
    const char *text = stria_architecture_text("lenet5-1998");
    assert_non_null(text);
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), NULL, &err), &err);
    return model;
}

static void test_numbers_of_the_paper(void **state)
{
    (void)state;
    test_context test;
    stria_layer_info info;
    test_context_open(&test, 1, NULL);
    stria_model *model = open_model(&test);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        const published *p = &layers[i];
        const int index = stria_model_find_layer(model, p->layer);
        assert_true(index >= 0);
        assert_int_equal(stria_model_layer(model, (size_t)index, &info), 1);
        assert_int_equal(info.output.rank, 3);
        assert_int_equal(info.output.sizes[0], p->rows);
        assert_int_equal(info.output.sizes[1], p->columns);
        assert_int_equal(info.output.sizes[2], p->maps);
        assert_int_equal(info.trainable_params, p->params);
        if (p->connections > 0)
            assert_int_equal(info.macs + p->rows * p->columns * p->maps, p->connections);
    }
    const int f6 = stria_model_find_layer(model, "f6");
    assert_true(f6 >= 0);
    assert_int_equal(stria_model_layer(model, (size_t)f6, &info), 1);
    assert_int_equal(info.output.sizes[0], 84);
    assert_int_equal(info.trainable_params, 10164);
    /* The paper's 60,000, and the 850 of the softmax that stands for its fixed RBF units. */
    assert_int_equal(stria_model_trainable_params(model), 60000 + 850);
    stria_model_free(model);
    test_context_close(&test);
}

/* The paper says how C1 sees its 32x32 pictures: with a border of background. A shift into the border is the
 * same picture for C1, so nothing of the 28x28 is lost: its corner reaches C5. */
static void test_it_sees_the_corners(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_layer_info info;
    test_context_open(&test, 1, NULL);
    stria_model *model = open_model(&test);
    assert_int_equal(stria_model_layer(model, (size_t)stria_model_find_layer(model, "c5"), &info), 1);
    assert_int_equal(info.receptive_field.size[0], 32);
    assert_int_equal(info.receptive_field.offset[0], -2);
    stria_plan *plan = NULL;
    assert_ok(stria_plan_create(&plan, model, &(stria_plan_options){.batch = 2}, &err), &err);
    static float x[2][28 * 28];
    x[1][0] = 1;
    const float *input = x[0];
    assert_ok(stria_plan_run(plan, &input, 2, &err), &err);
    const float *y = stria_plan_output(plan, 0);
    assert_memory_not_equal(y, y + 10, 10 * sizeof(float));
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* 0.98 of the digits after 20 epochs; six are enough for nine of ten. */
static void test_it_learns(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_dataset *data = NULL;
    stria_evaluation result = {0};
    test_context_open(&test, 2, NULL);
    stria_model *model = open_model(&test);
    assert_ok(stria_dataset_open(&data, test.context, "digits16@28x28", &err), &err);
    assert_ok(stria_train(model, data, &(stria_train_options){.epochs = 6}, NULL, &err), &err);
    assert_ok(stria_evaluate(&result, model, data, STRIA_PART_TEST, 0, NULL, &err), &err);
    print_message("accuracy %.4f\n", result.accuracy);
    assert_true(result.accuracy > 0.9);
    stria_evaluation_free(&result, test.context);
    stria_dataset_free(data);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_the_paper),
        cmocka_unit_test(test_it_sees_the_corners),
        cmocka_unit_test(test_it_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
