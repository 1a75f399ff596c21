/* stria eval MODEL DATA: how good a model is on a part of a data set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

typedef struct eval_options {
    const char *part;
    double min_accuracy;
    int64_t batch;
    const char *loss;
    cli_machine machine;
    cli_data_options data;
    bool json;
} eval_options;

/* What was evaluated, for the printing functions. */
typedef struct subject {
    const char *model_name, *data_name;
    const stria_dataset *data;
    const stria_model *model;
    stria_part part;
    const stria_evaluation *result;
} subject;

static const char *part_name(stria_part part)
{
    return part == STRIA_PART_TRAIN ? "train" : "test";
}

#define CLASS_NUMBER_SIZE 24

/* The data's name of a class. Models may have more outputs than the data has classes: then the model's, else
 * the number. */
static const char *class_name(const subject *of, size_t class, char number[CLASS_NUMBER_SIZE])
{
    const char *name = stria_dataset_class_name(of->data, class);
    if (name == NULL) {
        name = stria_model_class_name(of->model, class);
    }
    if (name == NULL) {
        snprintf(number, CLASS_NUMBER_SIZE, "%zu", class);
        name = number;
    }
    return name;
}

static int64_t samples_of_class(const stria_evaluation *result, size_t class)
{
    int64_t sum = 0;
    for (size_t i = 0; i < result->class_count; i++) {
        sum += result->confusion[class * result->class_count + i];
    }
    return sum;
}

static int print_classes(const subject *of)
{
    static const cli_column columns[] = {{.title = "class"},
                                         {.title = "samples", .right = true},
                                         {.title = "precision", .right = true},
                                         {.title = "recall", .right = true},
                                         {.title = "f1", .right = true, .min_width = 6}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    char number[CLI_NUMBER_SIZE], name[CLASS_NUMBER_SIZE];
    for (size_t i = 0; i < of->result->class_count; i++) {
        cli_table_add(&table, "%s", class_name(of, i, name));
        cli_table_add(&table, "%s", cli_count_text(samples_of_class(of->result, i), number));
        cli_table_add(&table, "%.4f", of->result->precision[i]);
        cli_table_add(&table, "%.4f", of->result->recall[i]);
        cli_table_add(&table, "%.4f", of->result->f1[i]);
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static int digits_of(int64_t number)
{
    int digits = 1;
    for (; number >= 10; number /= 10) {
        digits++;
    }
    return digits;
}

/* Rows are true classes, columns predicted ones; the classes are numbered so that columns stay narrow. */
static void print_matrix(const subject *of, const cli_terminal *terminal, int label_width, int cell_width)
{
    const size_t count = of->result->class_count;
    const char *bold = cli_style_text(terminal, CLI_BOLD), *dim = cli_style_text(terminal, CLI_DIM),
               *plain = cli_style_text(terminal, CLI_PLAIN);
    printf("confusion: rows are the true classes, columns the predicted ones\n%*s", label_width, "");
    for (size_t j = 0; j < count; j++) {
        printf("%s%*zu%s", bold, cell_width, j, plain);
    }
    fputc('\n', stdout);
    for (size_t i = 0; i < count; i++) {
        char number[CLASS_NUMBER_SIZE], label[160];
        const char *name = class_name(of, i, number);
        snprintf(label, sizeof label, "%zu", i);
        if (strcmp(label, name) != 0) {
            snprintf(label, sizeof label, "%zu %s", i, name);
        }
        cli_write_text(stdout, label);
        printf("%*s", label_width - cli_text_width(label), "");
        for (size_t j = 0; j < count; j++) {
            const int64_t cell = of->result->confusion[i * count + j];
            printf("%s%*lld%s",
                   i == j      ? bold
                   : cell == 0 ? dim
                               : "",
                   cell_width, (long long)cell, i == j || cell == 0 ? plain : "");
        }
        fputc('\n', stdout);
    }
}

typedef struct mix_up {
    int64_t count;
    size_t actual, predicted;
} mix_up;

static int more_first(const void *a, const void *b)
{
    const mix_up *left = a, *right = b;
    if (left->count != right->count) {
        return left->count < right->count ? 1 : -1;
    }
    return left->actual != right->actual
               ? (left->actual > right->actual ? 1 : -1)
               : (left->predicted > right->predicted) - (left->predicted < right->predicted);
}

#define MIX_UPS_SHOWN 20

/* Where the matrix is too wide for the screen: its largest entries off the diagonal. */
static int print_mix_ups(const subject *of)
{
    const size_t count = of->result->class_count;
    mix_up *list = malloc(count * count * sizeof *list); /* the matrix of that size exists already */
    if (list == NULL) {
        return cli_fail_memory();
    }
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int64_t cell = of->result->confusion[i * count + j];
            if (i != j && cell > 0) {
                list[found++] = (mix_up){cell, i, j};
            }
        }
    }
    qsort(list, found, sizeof *list, more_first);
    const size_t shown = found < MIX_UPS_SHOWN ? found : MIX_UPS_SHOWN;
    printf("taken for another class, most often first");
    if (found > shown) {
        printf(" (%zu of %zu pairs; all with --json)", shown, found);
    }
    fputc('\n', stdout);
    static const cli_column columns[] = {
        {.title = "times", .right = true}, {.title = "true class"}, {.title = "predicted"}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    char number[CLI_NUMBER_SIZE], name[CLASS_NUMBER_SIZE];
    for (size_t i = 0; i < shown; i++) {
        cli_table_add(&table, "%s", cli_count_text(list[i].count, number));
        cli_table_add(&table, "%s", class_name(of, list[i].actual, name));
        cli_table_add(&table, "%s", class_name(of, list[i].predicted, name));
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    free(list);
    return status;
}

static int print_confusion(const subject *of)
{
    const stria_evaluation *result = of->result;
    const cli_terminal terminal = cli_terminal_of(stdout);
    int64_t largest = (int64_t)result->class_count;
    int label_width = 0;
    for (size_t i = 0; i < result->class_count * result->class_count; i++) {
        largest = result->confusion[i] > largest ? result->confusion[i] : largest;
    }
    for (size_t i = 0; i < result->class_count; i++) {
        char name[CLASS_NUMBER_SIZE];
        const int width = cli_text_width(class_name(of, i, name)) + 1 + digits_of((int64_t)i);
        label_width = width > label_width ? width : label_width;
    }
    const int cell_width = digits_of(largest) + 2;
    const int64_t needed = label_width + (int64_t)result->class_count * cell_width;
    if (needed - (int64_t)result->class_count <= terminal.width) {
        print_matrix(of, &terminal, label_width, needed <= terminal.width ? cell_width : cell_width - 1);
        return CLI_DONE;
    }
    return print_mix_ups(of);
}

static int print_text(const subject *of)
{
    const stria_evaluation *result = of->result;
    char number[CLI_NUMBER_SIZE];
    cli_write_text(stdout, of->model_name);
    printf(" on ");
    cli_write_text(stdout, of->data_name);
    printf(", %s part, %s samples\n", part_name(of->part), cli_count_text(result->count, number));
    printf("loss      %s\n", cli_figure_text(result->loss, number));
    if (result->accuracy >= 0) {
        printf("accuracy  %.4f\n", result->accuracy);
    }
    if (result->class_count == 0) {
        return CLI_DONE;
    }
    fputc('\n', stdout);
    const int status = print_classes(of);
    if (status != CLI_DONE) {
        return status;
    }
    fputc('\n', stdout);
    return print_confusion(of);
}

static int print_json(const subject *of)
{
    const stria_evaluation *result = of->result;
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.eval/1"));
    cli_json_set(object, "model", cli_json_text(of->model_name));
    cli_json_set(object, "data", cli_json_text(of->data_name));
    cli_json_set(object, "part", cli_json_text(part_name(of->part)));
    cli_json_set(object, "count", cli_json_integer(result->count));
    cli_json_set(object, "loss", cli_json_number(result->loss));
    cli_json_set(object, "accuracy",
                 result->accuracy >= 0 ? cli_json_number(result->accuracy) : cli_json_null());
    if (result->class_count > 0) {
        cli_json *classes = cli_json_list(), *confusion = cli_json_list();
        for (size_t i = 0; i < result->class_count; i++) {
            char name[CLASS_NUMBER_SIZE];
            cli_json *class = cli_json_object();
            cli_json_set(class, "class", cli_json_text(class_name(of, i, name)));
            cli_json_set(class, "index", cli_json_integer((int64_t)i));
            cli_json_set(class, "count", cli_json_integer(samples_of_class(result, i)));
            cli_json_set(class, "precision", cli_json_number(result->precision[i]));
            cli_json_set(class, "recall", cli_json_number(result->recall[i]));
            cli_json_set(class, "f1", cli_json_number(result->f1[i]));
            cli_json_append(classes, class);
            cli_json *row = cli_json_list();
            for (size_t j = 0; j < result->class_count; j++) {
                cli_json_append(row, cli_json_integer(result->confusion[i * result->class_count + j]));
            }
            cli_json_append(confusion, row);
        }
        cli_json_set(object, "classes", classes);
        cli_json_set(object, "confusion", confusion);
    }
    return cli_json_print(object);
}

/* The part asked for; without a wish the test part, or all there is. */
static int choose_part(const eval_options *options, const stria_dataset *data, const char *data_name,
                       stria_part *part)
{
    const bool has_test = stria_dataset_count(data, STRIA_PART_TEST) > 0;
    if (options->part == NULL) {
        *part = has_test ? STRIA_PART_TEST : STRIA_PART_TRAIN;
        if (!has_test) {
            cli_note("%s has no test part; taking the training part", data_name);
        }
        return CLI_DONE;
    }
    *part = strcmp(options->part, "test") == 0 ? STRIA_PART_TEST : STRIA_PART_TRAIN;
    if (*part == STRIA_PART_TEST && !has_test) {
        return cli_fail(CLI_BAD_INPUT, "%s has no test part; --part train takes the samples there are",
                        data_name);
    }
    return CLI_DONE;
}

static int evaluate(const eval_options *options, stria_context *context, stria_model *model, subject *of)
{
    stria_error err = {0};
    stria_evaluation result = {0};
    if (stria_evaluate(&result, model, of->data, of->part, options->batch, options->loss, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    if (stria_dataset_broken(of->data) > 0) {
        cli_note("%zu files of %s cannot be read and are left out", stria_dataset_broken(of->data),
                 of->data_name);
    }
    of->result = &result;
    int status = options->json ? print_json(of) : print_text(of);
    const bool asked = options->min_accuracy >= 0;
    if (status == CLI_DONE && asked && result.accuracy < 0) {
        status = cli_fail(CLI_MISUSED, "--min-accuracy: %s has no classes, so there is no accuracy",
                          of->data_name);
    } else if (status == CLI_DONE && asked && result.accuracy < options->min_accuracy) {
        status = cli_fail(CLI_NO, "accuracy %.4f is below --min-accuracy %g", result.accuracy,
                          options->min_accuracy);
    }
    stria_evaluation_free(&result, context);
    return status;
}

static int run(int argc, char **argv)
{
    eval_options options = {.min_accuracy = -1};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_eval_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    subject of = {.model_name = arguments.items[0], .data_name = arguments.items[1]};
    stria_context *context = NULL;
    stria_model *model = NULL;
    stria_dataset *data = NULL;
    if (options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &options.machine);
    }
    if (status == CLI_DONE) {
        status = cli_open_model(&model, context, of.model_name);
    }
    if (status == CLI_DONE) {
        status = cli_open_data(&data, context, of.data_name, model, &options.data);
    }
    if (status == CLI_DONE) {
        status = choose_part(&options, data, of.data_name, &of.part);
    }
    if (status == CLI_DONE) {
        of.data = data;
        of.model = model;
        status = evaluate(&options, context, model, &of);
    }
    stria_dataset_free(data);
    stria_model_free(model);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_WORDS_ROW("part", eval_options, part, "PART", "train test",
                  "train or test (default: test, or train when there is no other)"),
    CLI_NUMBER_ROW("min-accuracy", eval_options, min_accuracy, "F", 0, 1,
                   "end with status 1 when the accuracy is below F"),
    CLI_TEXT_ROW("loss", eval_options, loss, "LOSS",
                 "loss to compute (default: the one that the model was trained with)"),
    CLI_INTEGER_ROW("batch", eval_options, batch, "N", 1, 1e6, "samples computed at a time (default 256)"),
    CLI_DATA_ROWS(eval_options, data),
    CLI_MACHINE_ROWS(eval_options, machine),
    CLI_JSON_ROW(eval_options, json),
};

const cli_command cli_eval_command = {
    .name = "eval",
    .title = "measures a model on data: loss, accuracy, each class, confusion",
    .arguments = "MODEL DATA",
    .min_arguments = 2,
    .max_arguments = 2,
    .description = "MODEL is a trained model. DATA is a folder of pictures for each class, a .csv list of "
                   "pictures, a folder of IDX or "
                   "CIFAR files, a .npz file, or a known name: "
                   "digits, fashion-mnist.",
    .examples = "stria eval lenet5.safetensors fashion-mnist\n"
                "stria eval lenet5.safetensors fashion-mnist --min-accuracy 0.89",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
