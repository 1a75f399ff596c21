/* The summary as a table for people, on a screen and in Markdown. See summary.h. */
#include <stdio.h>
#include <string.h>

#include "summary.h"
#include "table.h"
#include "text.h"

char *cli_field_text(const stria_receptive_field *field, char text[CLI_FIELD_SIZE])
{
    size_t length = 0;
    if (field->size[0] == 0) {
        return strcpy(text, "all");
    }
    text[0] = '\0';
    for (int a = 0; a < field->axes; a++) {
        length += (size_t)snprintf(text + length, CLI_FIELD_SIZE - length, "%s%lld", a > 0 ? "x" : "",
                                   (long long)field->size[a]);
    }
    return text;
}

char *cli_field_numbers(const stria_receptive_field *field, const int64_t numbers[3], const int64_t *divisors,
                        char text[CLI_FIELD_SIZE])
{
    static const int64_t ones[3] = {1, 1, 1};
    size_t length = 0;
    bool same = true;
    text[0] = '\0';
    divisors = divisors != NULL ? divisors : ones;
    for (int a = 1; a < field->axes; a++) {
        same = same && numbers[a] == numbers[0] && divisors[a] == divisors[0];
    }
    for (int a = 0; field->size[0] != 0 && a < (same ? 1 : field->axes); a++) {
        length += (size_t)snprintf(text + length, CLI_FIELD_SIZE - length, "%s%lld", a > 0 ? "," : "",
                                   (long long)numbers[a]);
        if (divisors[a] > 1) {
            length +=
                (size_t)snprintf(text + length, CLI_FIELD_SIZE - length, "/%lld", (long long)divisors[a]);
        }
    }
    return text;
}

char *cli_input_names(const stria_model *model, const stria_layer_info *layer, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < layer->input_count && length < size; i++) {
        stria_layer_info input;
        if (stria_model_layer(model, layer->inputs[i], &input)) {
            length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? ", " : "", input.name);
        }
    }
    return text;
}

bool cli_is_next(const stria_layer_info *layer, size_t index)
{
    return layer->input_count == 0 || (layer->input_count == 1 && layer->inputs[0] + 1 == index);
}

/* Whether every layer takes the one before it, so that the table need not say where inputs come from. */
static bool is_chain(const stria_model *model)
{
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        if (!cli_is_next(&layer, i)) {
            return false;
        }
    }
    return true;
}

static void print_params(const char *mark, const char *what, int64_t params)
{
    char number[CLI_NUMBER_SIZE], bytes[CLI_NUMBER_SIZE];
    printf("%s%s: %s (%s)\n", mark, what, cli_count_text(params, number),
           cli_bytes_text(params * (int64_t)sizeof(float), bytes));
}

void cli_summary_totals(const cli_summary *summary, const char *mark)
{
    const stria_model *model = summary->model;
    const int64_t params = stria_model_params(model), trainable = stria_model_trainable_params(model);
    char number[CLI_NUMBER_SIZE], samples[CLI_NUMBER_SIZE + 16] = "one sample";
    stria_layer_info peak = {.name = ""};
    print_params(mark, "Total params", params);
    print_params(mark, "Trainable params", trainable);
    print_params(mark, "Non-trainable params", params - trainable);
    printf("%sMultiply-adds: %s for one sample\n", mark, cli_count_text(stria_model_macs(model), number));
    if (summary->batch > 1) {
        snprintf(samples, sizeof samples, "a batch of %s", cli_count_text(summary->batch, number));
    }
    printf("%sOutputs, training: %s for %s\n", mark, cli_bytes_text(summary->memory.training, number),
           samples);
    if (summary->memory.inference >= 0 && stria_model_layer(model, summary->memory.inference_layer, &peak)) {
        printf("%sOutputs, inference: %s for %s, at %s\n", mark,
               cli_bytes_text(summary->memory.inference, number), samples, peak.name);
    }
}

int cli_summary_table(const cli_summary *summary)
{
    const stria_model *model = summary->model;
    cli_column columns[9] = {
        {.title = "layer"},
        {.title = "output"},
        {.title = "params", .right = true},
        {.title = "multiply-adds", .right = true},
        {.title = "sees", .right = true},
    };
    size_t count = 5;
    const bool chain = is_chain(model);
    if (summary->all) {
        columns[count++] = (cli_column){.title = "step", .right = true};
        columns[count++] = (cli_column){.title = "from", .right = true};
    }
    columns[count++] = (cli_column){.title = "memory", .right = true};
    if (!chain) {
        columns[count++] = (cli_column){.title = "inputs"};
    }
    cli_table table = cli_table_create(columns, count);
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        char shape[STRIA_SHAPE_TEXT_SIZE], number[CLI_NUMBER_SIZE], field[CLI_FIELD_SIZE], names[2048];
        const stria_receptive_field *sees = &layer.receptive_field;
        cli_table_add(&table, "%s%s", layer.name, layer.frozen ? " (frozen)" : "");
        cli_table_add(&table, "%s", stria_shape_text(&layer.output, shape, sizeof shape));
        cli_table_add(&table, "%s", cli_count_text(layer.params, number));
        cli_table_add(&table, "%s", cli_count_text(layer.macs, number));
        cli_table_add(&table, "%s", cli_field_text(sees, field));
        if (summary->all) {
            cli_table_add(&table, "%s", cli_field_numbers(sees, sees->stride, sees->divisor, field));
            cli_table_add(&table, "%s", cli_field_numbers(sees, sees->offset, NULL, field));
        }
        cli_table_add(&table, "%s",
                      cli_bytes_text(layer.bytes < 0 ? -1 : layer.bytes * summary->batch, number));
        if (!chain) {
            cli_table_add(&table, "%s",
                          cli_is_next(&layer, i) ? "" : cli_input_names(model, &layer, names, sizeof names));
        }
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    fputc('\n', stdout);
    cli_summary_totals(summary, "");
    return status;
}

/* ---- Markdown ---- */

/* Text in a cell: what would end the cell or begin markup is escaped. */
static void print_cell(const char *text)
{
    char escaped[4096];
    size_t length = 0;
    for (; *text != '\0' && length + 3 < sizeof escaped; text++) {
        if (strchr("|\\`*_<>[]&~$#", *text) != NULL) {
            escaped[length++] = '\\';
        }
        escaped[length++] = *text;
    }
    escaped[length] = '\0';
    fputs(" ", stdout);
    cli_write_text(stdout, escaped);
    fputs(" |", stdout);
}

int cli_summary_markdown(const cli_summary *summary)
{
    const stria_model *model = summary->model;
    const bool chain = is_chain(model);
    printf("| layer | output | params | multiply-adds | sees | step | from | memory |%s\n",
           chain ? "" : " inputs |");
    printf("| :-- | :-- | --: | --: | --: | --: | --: | --: |%s\n", chain ? "" : " :-- |");
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        char shape[STRIA_SHAPE_TEXT_SIZE], number[CLI_NUMBER_SIZE], field[CLI_FIELD_SIZE], names[2048];
        const stria_receptive_field *sees = &layer.receptive_field;
        fputc('|', stdout);
        print_cell(layer.name);
        print_cell(stria_shape_text(&layer.output, shape, sizeof shape));
        print_cell(cli_count_text(layer.params, number));
        print_cell(cli_count_text(layer.macs, number));
        print_cell(cli_field_text(sees, field));
        print_cell(cli_field_numbers(sees, sees->stride, sees->divisor, field));
        print_cell(cli_field_numbers(sees, sees->offset, NULL, field));
        print_cell(cli_bytes_text(layer.bytes < 0 ? -1 : layer.bytes * summary->batch, number));
        if (!chain) {
            print_cell(cli_input_names(model, &layer, names, sizeof names));
        }
        fputc('\n', stdout);
    }
    fputc('\n', stdout);
    cli_summary_totals(summary, "- ");
    return 0;
}
