/* Training options: what is accepted, what is refused and how the refusal reads; schedules; the lines of
 * help. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/settings.h"
#include "train/training_fixture.h"

static void check(const stria_train_options *options, const char *message)
{
    stria_error err = {0};
    if (message == NULL) {
        assert_ok(stria_train_options_check(options, &err), &err);
        return;
    }
    assert_status(stria_train_options_check(options, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, message);
}

#define ACCEPTED(...)         check(&(stria_train_options){__VA_ARGS__}, NULL)
#define REFUSED(message, ...) check(&(stria_train_options){__VA_ARGS__}, message)

static void accepted(void **state)
{
    (void)state;
    check(NULL, NULL);
    ACCEPTED(.epochs = 1, .batch = 1, .learning_rate = 1e30, .validation = 0.999);
    ACCEPTED(.optimizer = "sgd momentum=0.9 nesterov", .schedule = "step every=3 factor=0.5");
    ACCEPTED(.optimizer = "  rmsprop   rho=0.95 ", .schedule = "cosine warmup=1");
    ACCEPTED(.optimizer = "adam learning_rate=0.01", .learning_rate = 0.01);
    ACCEPTED(.schedule = "constant", .loss = "mean_squared_error");
    ACCEPTED(.loss = "sparse_categorical_crossentropy");
    ACCEPTED(.loss = "binary_focal_crossentropy 0.5 gamma=0 apply_class_balancing");
    ACCEPTED(.struct_size = sizeof(stria_train_options), .epochs = 3);
}

static void refused(void **state)
{
    (void)state;
    REFUSED("epochs is -1", .epochs = -1);
    REFUSED("batch is -64", .batch = -64);
    REFUSED("patience is -2", .patience = -2);
    REFUSED("learning_rate is -0.1", .learning_rate = -0.1);
    REFUSED("learning_rate is nan", .learning_rate = (double)NAN);
    REFUSED("learning_rate is inf", .learning_rate = (double)INFINITY);
    REFUSED("validation is 1", .validation = 1);
    REFUSED("validation is -0.5", .validation = -0.5);
    REFUSED("validate_on_test", .validation = 0.1, .validate_on_test = 1);
    REFUSED("output is empty", .output = "");
    REFUSED("log is empty", .log = "");
    REFUSED("resume needs an output", .resume = 1);
    REFUSED("did you mean 'adam'", .optimizer = "adm");
    REFUSED("lion, nadam, rmsprop or sgd", .optimizer = "lbfgs");
    REFUSED("the optimizer is empty", .optimizer = " ");
    REFUSED("momentum", .optimizer = "sgd momentum=1.5");
    REFUSED("momentun", .optimizer = "sgd momentun=0.5");
    REFUSED("nesterov needs a momentum", .optimizer = "sgd nesterov");
    REFUSED("beta_2", .optimizer = "adam beta_2=1");
    REFUSED("epsilon", .optimizer = "adam epsilon=0");
    REFUSED("given twice, as 0.1 and", .optimizer = "adam learning_rate=0.01", .learning_rate = 0.1);
    REFUSED("did you mean 'cosine'", .schedule = "cosin");
    REFUSED("every", .schedule = "step");
    REFUSED("every", .schedule = "step every=0");
    REFUSED("leaves none of 5 epochs", .schedule = "cosine warmup=5", .epochs = 5);
    REFUSED("unknown loss 'hing': did you mean 'hinge'?", .loss = "hing");
    REFUSED("'0' does not fit delta", .loss = "huber delta=0");
    REFUSED("'1.5' does not fit label_smoothing", .loss = "bce label_smoothing=1.5");
    REFUSED("label_smoothing", .loss = "sparse_categorical_crossentropy label_smoothing=0.1");
}

static void defaults(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_settings settings;
    assert_ok(stria_settings_read(&settings, NULL, &err), &err);
    assert_int_equal(settings.options.epochs, 10);
    assert_int_equal(settings.options.batch, 64);
    assert_int_equal(settings.optimizer.kind, STRIA_OPTIMIZER_ADAM);
    assert_int_equal(settings.schedule.kind, STRIA_SCHEDULE_CONSTANT);
    assert_near(settings.options.learning_rate, 0.001, 0);
    assert_ok(stria_settings_read(&settings, &(stria_train_options){.optimizer = "sgd"}, &err), &err);
    assert_near(settings.options.learning_rate, 0.01, 0);
    assert_ok(
        stria_settings_read(&settings, &(stria_train_options){.optimizer = "sgd learning_rate=0.5"}, &err),
        &err);
    assert_near(settings.options.learning_rate, 0.5, 0);
}

/* A caller built against a shorter struct: what lies behind it is not read. */
static void shorter_struct(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_settings settings;
    const stria_train_options options = {.struct_size = offsetof(stria_train_options, optimizer),
                                         .epochs = 7,
                                         .batch = 3,
                                         .optimizer = "no such"};
    assert_ok(stria_settings_read(&settings, &options, &err), &err);
    assert_int_equal(settings.options.epochs, 7);
    assert_int_equal(settings.optimizer.kind, STRIA_OPTIMIZER_ADAM);
}

static double rate(const char *text, int epochs, int64_t steps, int epoch, int64_t step)
{
    stria_error err = {0};
    stria_schedule schedule;
    assert_ok(stria_schedule_read(&schedule, text, &err), &err);
    return stria_schedule_rate(&schedule, 0.1, epochs, steps, epoch, step);
}

static void schedules(void **state)
{
    (void)state;
    assert_near(rate("constant", 10, 100, 10, 99), 0.1, 0);

    assert_near(rate("cosine", 4, 10, 1, 0), 0.1, 1e-15);
    assert_near(rate("cosine", 4, 10, 2, 0), 0.1 * 0.5 * (1 + cos(0.25 * 3.14159265358979323846)), 1e-15);
    assert_near(rate("cosine", 4, 10, 3, 0), 0.05, 1e-15);
    assert_near(rate("cosine", 4, 10, 4, 9), 0.1 * 0.5 * (1 + cos(39.0 / 40 * 3.14159265358979323846)),
                1e-15);

    assert_near(rate("cosine warmup=1", 5, 10, 1, 0), 0.01, 1e-15);
    assert_near(rate("cosine warmup=1", 5, 10, 1, 9), 0.1, 1e-15);
    assert_near(rate("cosine warmup=1", 5, 10, 2, 0), 0.1, 1e-15);
    assert_near(rate("cosine warmup=1", 5, 10, 4, 0), 0.05, 1e-15);
    assert_near(rate("cosine warmup=0.25", 5, 10, 1, 0), 0.04, 1e-15);
    assert_near(rate("cosine warmup=0.25", 5, 10, 1, 2), 0.1, 1e-15);

    assert_near(rate("step every=3 factor=0.5", 10, 7, 1, 6), 0.1, 1e-15);
    assert_near(rate("step every=3 factor=0.5", 10, 7, 3, 6), 0.1, 1e-15);
    assert_near(rate("step every=3 factor=0.5", 10, 7, 4, 0), 0.05, 1e-15);
    assert_near(rate("step every=3 factor=0.5", 10, 7, 7, 3), 0.025, 1e-15);
    assert_near(rate("step 2", 10, 7, 3, 0), 0.01, 1e-15);
}

/* Never above the rate it started from, never below 0, whatever the warm-up. */
static void cosine_stays_in_bounds(void **state)
{
    (void)state;
    static const char *const texts[] = {"cosine", "cosine warmup=0.1", "cosine warmup=1.55",
                                        "cosine warmup=2.999"};
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        for (int epoch = 1; epoch <= 3; epoch++) {
            for (int64_t step = 0; step < 17; step++) {
                const double r = rate(texts[t], 3, 17, epoch, step);
                if (!(r > 0 && r <= 0.1))
                    print_error("%s, epoch %d, step %lld: %.17g\n", texts[t], epoch, (long long)step, r);
                assert_true(r > 0 && r <= 0.1);
            }
        }
    }
}

/* Every line of help starts with a text that is accepted and that spells out the defaults, but for the
 * arguments that all optimizers have. */
static void help_tells_the_truth(void **state)
{
    (void)state;
    static const char for_all[] = "weight_decay clipnorm clipvalue global_clipnorm";
    stria_error err = {0};
    size_t lines = 0;
    for (size_t i = 0; stria_train_choice("optimizer", i) != NULL; i++, lines++) {
        const char *help = stria_train_choice("optimizer", i);
        char text[200], name[40];
        const char *colon = strstr(help, ": ");
        assert_non_null(colon);
        assert_true((size_t)(colon - help) < sizeof(text));
        memcpy(text, help, (size_t)(colon - help));
        text[colon - help] = '\0';
        memcpy(name, text, strcspn(text, " "));
        name[strcspn(text, " ")] = '\0';
        stria_optimizer spelled, plain;
        assert_ok(stria_optimizer_read(&spelled, text, &err), &err);
        assert_ok(stria_optimizer_read(&plain, name, &err), &err);
        assert_near(spelled.learning_rate, stria_optimizer_default_rate(plain.kind), 0);
        stria_text of_spelled = {.allocator = &stria_default_allocator};
        stria_text of_plain = {.allocator = &stria_default_allocator};
        stria_optimizer_write(&spelled, &of_spelled);
        stria_optimizer_write(&plain, &of_plain);
        assert_string_equal(of_spelled.bytes, of_plain.bytes);
        assert_string_equal(of_plain.bytes, name);
        stria_text_free(&of_spelled);
        stria_text_free(&of_plain);
        for (size_t a = 0; a < stria_optimizers[i].argument_count; a++)
            assert_true(strstr(text, stria_optimizers[i].arguments[a].name) != NULL ||
                        strstr(for_all, stria_optimizers[i].arguments[a].name) != NULL);
    }
    assert_int_equal(lines, STRIA_OPTIMIZER_COUNT);
    for (size_t i = 0; stria_train_choice("schedule", i) != NULL; i++, lines++) {
        const char *help = stria_train_choice("schedule", i);
        char text[200];
        const char *colon = strstr(help, ": ");
        assert_non_null(colon);
        memcpy(text, help, (size_t)(colon - help));
        text[colon - help] = '\0';
        stria_schedule schedule;
        assert_ok(stria_schedule_read(&schedule, text, &err), &err);
    }
    for (size_t i = 0; stria_train_choice("loss", i) != NULL; i++, lines++)
        assert_non_null(strstr(stria_train_choice("loss", i), ": "));
    assert_int_equal(lines, STRIA_OPTIMIZER_COUNT + STRIA_SCHEDULE_COUNT + STRIA_LOSS_COUNT);
    assert_null(stria_train_choice("no such", 0));
}

/* However an optimizer or schedule is written, the text kept in a checkpoint is the same. */
static void one_text_for_one_choice(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"sgd momentum=0.9 nesterov", " sgd  nesterov=yes momentum=.90 learning_rate=3"},
        {"adam", "adam beta_1=0.9"},
        {"rmsprop epsilon=0.001", "rmsprop epsilon=1e-3"},
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        stria_error err = {0};
        stria_text texts[2] = {{.allocator = &stria_default_allocator},
                               {.allocator = &stria_default_allocator}};
        for (int k = 0; k < 2; k++) {
            stria_optimizer optimizer, again;
            assert_ok(stria_optimizer_read(&optimizer, same[i][k], &err), &err);
            stria_optimizer_write(&optimizer, &texts[k]);
            assert_ok(stria_optimizer_read(&again, texts[k].bytes, &err), &err);
        }
        assert_string_equal(texts[0].bytes, texts[1].bytes);
        stria_text_free(&texts[0]);
        stria_text_free(&texts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(defaults),
        cmocka_unit_test(shorter_struct),
        cmocka_unit_test(schedules),
        cmocka_unit_test(cosine_stays_in_bounds),
        cmocka_unit_test(help_tells_the_truth),
        cmocka_unit_test(one_text_for_one_choice),
    };
    return cmocka_run_group_tests_name("train_options", tests, NULL, NULL);
}
