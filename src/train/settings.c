/* Checking training options, and the public tables of what there is to choose from. */
#include "train/settings.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "train/learning_rule.h"

static stria_status check_numbers(const stria_train_options *options, stria_error *err)
{
    if (options->epochs < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "epochs is %d: it must be 1 or more, or 0 for 10",
                          options->epochs);
    if (options->batch < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch is %lld: it must be 1 or more, or 0 for 64",
                          (long long)options->batch);
    if (options->patience < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "patience is %d: it must be 1 or more, or 0 for never",
                          options->patience);
    if (!(options->learning_rate >= 0 && options->learning_rate <= (double)FLT_MAX))
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "learning_rate is %g: it must be a number above 0, or 0 for the optimizer's default",
            options->learning_rate);
    if (!(options->validation >= 0 && options->validation < 1))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "validation is %g: it must be a share of the training part, 0 to below 1",
                          options->validation);
    if (options->validation > 0 && options->validate_on_test)
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "validation is %g and validate_on_test is set: the validation data is either a share of the "
            "training part or the test part",
            options->validation);
    if (options->stratified && !(options->validation > 0))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "stratified is how a share for validation is drawn, and there is none");
    if (options->output != NULL && options->output[0] == '\0')
        return stria_fail(err, STRIA_ERROR_VALUE, "output is empty: it must be the path of a file");
    if (options->log != NULL && options->log[0] == '\0')
        return stria_fail(err, STRIA_ERROR_VALUE, "log is empty: it must be the path of a file");
    if (options->class_weight != NULL && options->class_weight[0] == '\0')
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight is empty: there are 'balanced', '2,1,1,0.5' and 'cat=2,dog=1'");
    if (options->resume && options->output == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "resume needs an output: checkpoints stand beside it");
    return STRIA_OK;
}

stria_status stria_settings_read(stria_settings *settings, const stria_train_options *options,
                                 stria_error *err)
{
    stria_settings read = {.options = {0}};
    STRIA_TRY(stria_options_read(&read.options, sizeof(read.options), options, "stria_train_options", err));
    stria_train_options *known = &read.options;
    STRIA_TRY(check_numbers(known, err));
    STRIA_TRY(
        stria_optimizer_read(&read.optimizer, known->optimizer != NULL ? known->optimizer : "adam", err));
    STRIA_TRY(
        stria_schedule_read(&read.schedule, known->schedule != NULL ? known->schedule : "constant", err));
    STRIA_TRY(stria_loss_read(&read.loss, known->loss, err));

    const double in_text = read.optimizer.learning_rate;
    if (known->learning_rate > 0 && in_text > 0 &&
        (known->learning_rate > in_text || known->learning_rate < in_text))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the learning rate is given twice, as %g and, in '%s', as %g: give it once",
                          known->learning_rate, known->optimizer, in_text);
    if (known->learning_rate <= 0)
        known->learning_rate = in_text > 0 ? in_text : stria_optimizer_default_rate(read.optimizer.kind);
    if (known->epochs == 0)
        known->epochs = 10;
    if (known->batch == 0)
        known->batch = 64;
    if (read.schedule.kind == STRIA_SCHEDULE_COSINE && read.schedule.warmup >= known->epochs)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "schedule '%s': a warm-up of %g epochs leaves none of %d epochs", known->schedule,
                          read.schedule.warmup, known->epochs);
    *settings = read;
    return STRIA_OK;
}

stria_status stria_train_options_check(const stria_train_options *options, stria_error *err)
{
    stria_settings settings;
    return stria_settings_read(&settings, options, err);
}

static const stria_choice *find_choice(const char *what, size_t index)
{
    static const struct {
        const char *what;
        const stria_choice *choices;
        size_t count;
    } tables[] = {
        {"optimizer", stria_optimizers, STRIA_OPTIMIZER_COUNT},
        {"schedule", stria_schedules, STRIA_SCHEDULE_COUNT},
        {"loss", stria_losses, STRIA_LOSS_COUNT},
        {"learning rule", stria_learning_rules, STRIA_RULE_COUNT},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(tables[i].what, what) == 0 && index < tables[i].count)
            return &tables[i].choices[index];
    return NULL;
}

const char *stria_train_choice(const char *what, size_t index)
{
    const stria_choice *choice = find_choice(what, index);
    return choice != NULL ? choice->help : NULL;
}

int stria_train_choice_argument(const char *what, size_t index, size_t argument, stria_argument_info *info)
{
    const stria_choice *choice = find_choice(what, index);
    if (choice == NULL || argument >= choice->argument_count)
        return 0;
    stria_argument_tell(&choice->arguments[argument], info);
    return 1;
}
