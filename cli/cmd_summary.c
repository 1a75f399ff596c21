/* stria summary MODEL: what is known of a network before anything runs. It prints what the library's graph
 * knows and computes nothing of its own. */
#include <stdio.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "table.h"
#include "text.h"

typedef struct summary_options {
    bool json;
} summary_options;

/* The part of the input that one output of the layer sees: "5x5", or "all". */
static void field_text(const stria_receptive_field *field, char *text, size_t size)
{
    if (field->size[0] == 0) {
        snprintf(text, size, "all");
    } else {
        size_t length = 0;
        for (int a = 0; a < field->axes && length < size; a++) {
            length += (size_t)snprintf(text + length, size - length, "%s%lld", a > 0 ? "x" : "",
                                       (long long)field->size[a]);
        }
    }
}

/* Whether every layer takes the one before it, so that the table need not say where inputs come from. */
static bool is_chain(const stria_model *model)
{
    stria_layer_info layer;
    for (size_t i = 1; stria_model_layer(model, i, &layer); i++) {
        if (layer.input_count != 1 || layer.inputs[0] != i - 1) {
            return false;
        }
    }
    return true;
}

static void add_inputs(cli_table *table, const stria_model *model, const stria_layer_info *layer)
{
    char names[512] = "";
    size_t length = 0;
    for (size_t i = 0; i < layer->input_count && length < sizeof names; i++) {
        stria_layer_info input;
        if (stria_model_layer(model, layer->inputs[i], &input)) {
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? ", " : "",
                                       input.name);
        }
    }
    cli_table_add(table, "%s", names);
}

static int print_table(const stria_model *model)
{
    cli_column columns[7] = {{.title = "layer"}, {.title = "output"}};
    size_t count = 2;
    const bool chain = is_chain(model);
    if (!chain) {
        columns[count++] = (cli_column){.title = "inputs"};
    }
    columns[count++] = (cli_column){.title = "params", .right = true};
    columns[count++] = (cli_column){.title = "multiply-adds", .right = true};
    columns[count++] = (cli_column){.title = "sees", .right = true};
    columns[count++] = (cli_column){.title = "memory", .right = true};
    cli_table table = cli_table_create(columns, count);
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        char shape[STRIA_SHAPE_TEXT_SIZE], number[CLI_NUMBER_SIZE], field[72];
        cli_table_add(&table, "%s%s", layer.name, layer.frozen ? " (frozen)" : "");
        cli_table_add(&table, "%s", stria_shape_text(&layer.output, shape, sizeof shape));
        if (!chain) {
            add_inputs(&table, model, &layer);
        }
        cli_table_add(&table, "%s", cli_count_text(layer.params, number));
        cli_table_add(&table, "%s", cli_count_text(layer.macs, number));
        field_text(&layer.receptive_field, field, sizeof field);
        cli_table_add(&table, "%s", field);
        cli_table_add(&table, "%s", cli_bytes_text(layer.bytes, number));
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static void print_params(const char *what, int64_t params)
{
    char number[CLI_NUMBER_SIZE], bytes[CLI_NUMBER_SIZE];
    printf("%s: %s (%s)\n", what, cli_count_text(params, number),
           cli_bytes_text(params * (int64_t)sizeof(float), bytes));
}

static int print_text(const stria_model *model)
{
    const int status = print_table(model);
    const int64_t params = stria_model_params(model), trainable = stria_model_trainable_params(model);
    char number[CLI_NUMBER_SIZE];
    fputc('\n', stdout);
    print_params("Total params", params);
    print_params("Trainable params", trainable);
    print_params("Non-trainable params", params - trainable);
    printf("Multiply-adds: %s for one sample\n", cli_count_text(stria_model_macs(model), number));
    return status;
}

static cli_json *axes(const stria_receptive_field *field, const int64_t values[3])
{
    cli_json *list = cli_json_list();
    for (int a = 0; a < field->axes; a++) {
        cli_json_append(list, cli_json_integer(values[a]));
    }
    return list;
}

static cli_json *layer_json(const stria_model *model, const stria_layer_info *layer)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "name", cli_json_text(layer->name));
    cli_json_set(object, "kind", cli_json_text(layer->kind));
    cli_json_set(object, "text", cli_json_text(layer->text));
    cli_json *inputs = cli_json_list();
    for (size_t i = 0; i < layer->input_count; i++) {
        stria_layer_info input;
        if (stria_model_layer(model, layer->inputs[i], &input)) {
            cli_json_append(inputs, cli_json_text(input.name));
        }
    }
    cli_json_set(object, "inputs", inputs);
    cli_json_set(object, "output", cli_json_shape(&layer->output));
    cli_json_set(object, "params", cli_json_integer(layer->params));
    cli_json_set(object, "trainable_params", cli_json_integer(layer->trainable_params));
    cli_json_set(object, "macs", cli_json_count(layer->macs));
    const stria_receptive_field *field = &layer->receptive_field;
    const bool sees_all = field->size[0] == 0; /* then a window has no size, step or offset */
    cli_json_set(object, "receptive_field", sees_all ? cli_json_null() : axes(field, field->size));
    cli_json_set(object, "receptive_stride", sees_all ? cli_json_null() : axes(field, field->stride));
    cli_json_set(object, "receptive_offset", sees_all ? cli_json_null() : axes(field, field->offset));
    cli_json_set(object, "bytes", cli_json_count(layer->bytes));
    return object;
}

static int print_json(const stria_model *model, const char *name)
{
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.summary/1"));
    cli_json_set(result, "model", cli_json_text(name));
    cli_json *layers = cli_json_list();
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        cli_json_append(layers, layer_json(model, &layer));
    }
    cli_json_set(result, "layers", layers);
    cli_json_set(result, "params", cli_json_integer(stria_model_params(model)));
    cli_json_set(result, "trainable_params", cli_json_integer(stria_model_trainable_params(model)));
    cli_json_set(result, "macs", cli_json_count(stria_model_macs(model)));
    return cli_json_print(result);
}

static int run(int argc, char **argv)
{
    summary_options options = {0};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_summary_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const char *name = arguments.items[0];
    stria_context *context = NULL;
    stria_model *model = NULL;
    if (options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &(cli_machine){.threads = 1});
    }
    if (status == CLI_DONE) {
        status = cli_open_description(&model, context, name);
    }
    if (status == CLI_DONE) {
        status = options.json ? print_json(model, name) : print_text(model);
    }
    stria_model_free(model);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_JSON_ROW(summary_options, json),
};

const cli_command cli_summary_command = {
    .name = "summary",
    .title = "shows a model's layers: shapes, parameters, multiplications",
    .arguments = "MODEL",
    .min_arguments = 1,
    .max_arguments = 1,
    .description = "MODEL is a file of model text, a trained model (.safetensors) or the name of a ready "
                   "model.\n\n'sees' is the part of the input that one output of the layer depends on, its "
                   "receptive field; 'memory' is the layer's output for one sample.",
    .examples = "stria summary lenet5\nstria summary lenet5.stria --json",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
