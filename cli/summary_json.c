/* The summary for programs. See summary.h. */
#include "exit_status.h"
#include "json.h"
#include "summary.h"

/* Whole numbers where they are; divisors NULL: all are. */
static cli_json *axes(const stria_receptive_field *field, const int64_t values[3], const int64_t *divisors)
{
    if (field->size[0] == 0) { /* it sees all: a window has no size, step or offset then */
        return cli_json_null();
    }
    cli_json *list = cli_json_list();
    for (int a = 0; a < field->axes; a++) {
        cli_json_append(list, divisors != NULL && divisors[a] > 1
                                  ? cli_json_number((double)values[a] / (double)divisors[a])
                                  : cli_json_integer(values[a]));
    }
    return list;
}

static cli_json *layer_json(const cli_summary *summary, const stria_layer_info *layer)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "name", cli_json_text(layer->name));
    cli_json_set(object, "kind", cli_json_text(layer->kind));
    cli_json_set(object, "text", cli_json_text(layer->text));
    cli_json *inputs = cli_json_list();
    for (size_t i = 0; i < layer->input_count; i++) {
        stria_layer_info input;
        if (stria_model_layer(summary->model, layer->inputs[i], &input)) {
            cli_json_append(inputs, cli_json_text(input.name));
        }
    }
    cli_json_set(object, "inputs", inputs);
    cli_json_set(object, "output", cli_json_shape(&layer->output));
    cli_json_set(object, "params", cli_json_integer(layer->params));
    cli_json_set(object, "trainable_params", cli_json_integer(layer->trainable_params));
    cli_json_set(object, "shares", cli_json_text(layer->shares));
    cli_json_set(object, "frozen", cli_json_boolean(layer->frozen));
    cli_json_set(object, "macs", cli_json_count(layer->macs));
    const stria_receptive_field *field = &layer->receptive_field;
    cli_json_set(object, "receptive_field", axes(field, field->size, NULL));
    cli_json_set(object, "receptive_stride", axes(field, field->stride, field->divisor));
    cli_json_set(object, "receptive_offset", axes(field, field->offset, NULL));
    cli_json_set(object, "bytes", cli_json_count(layer->bytes));
    cli_json_set(object, "batch_bytes",
                 cli_json_count(layer->bytes < 0 ? -1 : layer->bytes * summary->batch));
    return object;
}

int cli_summary_json(const cli_summary *summary)
{
    const stria_model *model = summary->model;
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.summary/1"));
    cli_json_set(result, "model", cli_json_text(summary->name));
    cli_json *layers = cli_json_list();
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        cli_json_append(layers, layer_json(summary, &layer));
    }
    cli_json_set(result, "layers", layers);
    cli_json *outputs = cli_json_list();
    for (size_t i = 0; stria_model_output_name(model, i) != NULL; i++) {
        cli_json_append(outputs, cli_json_text(stria_model_output_name(model, i)));
    }
    cli_json_set(result, "outputs", outputs);
    cli_json_set(result, "params", cli_json_integer(stria_model_params(model)));
    cli_json_set(result, "trainable_params", cli_json_integer(stria_model_trainable_params(model)));
    cli_json_set(result, "macs", cli_json_count(stria_model_macs(model)));
    cli_json_set(result, "batch", cli_json_integer(summary->batch));
    cli_json *memory = cli_json_object();
    const bool known =
        summary->memory.inference >= 0 && stria_model_layer(model, summary->memory.inference_layer, &layer);
    cli_json_set(memory, "inference_bytes", cli_json_count(summary->memory.inference));
    cli_json_set(memory, "inference_layer", cli_json_text(known ? layer.name : NULL));
    cli_json_set(memory, "training_bytes", cli_json_count(summary->memory.training));
    cli_json_set(result, "memory", memory);
    return cli_json_print(result);
}
