/* Learning without labels: the S-cells of a model one layer after the other, from the input on, each by what
 * the layers below it have learned; then the read-out from the labels, when there are any. */
#include <string.h>

#include <stria/train.h>
#include <stria/version.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/random.h"
#include "base/text.h"
#include "data/dataset.h"
#include "layers/kinds.h"
#include "model/model.h"
#include "train/adapt.h"
#include "train/discriminant.h"
#include "train/fitting.h"
#include "train/outputs.h"
#include "train/view.h"
#include "train/winner.h"

#define BATCH 64 /* samples that the layers below are run for at a time */

typedef struct lesson {
    stria_context *context;
    stria_model *model;
    const stria_dataset *data;
    stria_unsupervised_options options;
    stria_learning_rule rule;
    char *preprocessing;
    size_t count; /* samples of the training part */
    uint32_t *order;
    stria_loader *loader;
    stria_outputs outputs;
    stria_unsupervised_result result;
} lesson;

/* What a layer learns from. */
static stria_status open_view(stria_view *below, const lesson *l, const stria_node *node, stria_error *err)
{
    return stria_view_open(below, l->model, l->data, node, l->count < BATCH ? l->count : BATCH, err);
}

static stria_status check_cancelled(const lesson *l, stria_error *err)
{
    if (l->options.cancelled != NULL && l->options.cancelled(l->options.payload))
        return stria_fail(err, STRIA_ERROR_CANCELLED,
                          "learning was stopped and nothing was saved: it cannot be gone on with");
    return STRIA_OK;
}

static bool learns(const stria_node *node)
{
    return node->kind == &stria_kind_s_cells && !node->frozen;
}

/* ---- S-cells ---- */

static stria_status run_pass(lesson *l, const stria_view *below, stria_winner *winner, int64_t pass,
                             stria_learned_layer *told, stria_error *err)
{
    if (l->order != NULL) {
        stria_loader_start(l->loader, NULL, 0, 0); /* its thread may be reading ahead in the old order */
        const stria_random_key key = {.seed = l->options.seed,
                                      .purpose = STRIA_RANDOM_SHUFFLE,
                                      .layer = (uint32_t)l->result.layers,
                                      .step = (uint64_t)pass};
        stria_random_order(&key, l->order, (uint32_t)l->count);
    }
    stria_loader_start(l->loader, l->order, 0, l->count);
    while (!stria_winner_is_done(winner)) {
        stria_batch batch;
        STRIA_TRY(stria_loader_next(l->loader, &batch, err));
        if (batch.taken == 0)
            break;
        if (batch.count == 0)
            continue;
        const float *x = stria_view_look(below, &batch);
        for (size_t s = 0; s < batch.count && !stria_winner_is_done(winner); s++) {
            stria_winner_show(winner, x + s * below->elements);
            told->samples++;
        }
        STRIA_TRY(check_cancelled(l, err));
    }
    return STRIA_OK;
}

static stria_status teach(lesson *l, const stria_node *node, stria_error *err)
{
    const uint64_t began = stria_context_now(l->context);
    stria_learned_layer told = {.layer = node->name};
    stria_winner winner = {0};
    stria_s_cells cells;
    stria_view below;
    stria_status status = open_view(&below, l, node, err);
    if (status != STRIA_OK)
        return status;
    stria_s_cells_read(node->kind, node->config, &below.shape, &cells);
    status = stria_winner_make(&winner, l->context, &cells, &l->rule, stria_node_param(l->model, node, 0),
                               stria_node_param(l->model, node, 1), err);
    for (int64_t pass = 0; status == STRIA_OK && pass < l->rule.passes && !stria_winner_is_done(&winner);
         pass++)
        status = run_pass(l, &below, &winner, pass, &told, err);
    if (status == STRIA_OK && winner.used == 0)
        status = stria_fail(err, STRIA_ERROR_VALUE,
                            "layer '%s' learned nothing: what it sees of the data, the output of '%s', is 0 "
                            "everywhere; a smaller selectivity of the S-cells before it lets more through",
                            node->name, below.layer);
    told.planes = (int64_t)cells.planes;
    told.planes_used = (int64_t)winner.used;
    told.seconds = (double)(stria_context_now(l->context) - began) * 1e-9;
    stria_winner_free(&winner);
    stria_view_close(&below);
    if (status != STRIA_OK)
        return status;
    l->result.layers++;
    l->result.planes += told.planes;
    l->result.planes_used += told.planes_used;
    if (l->options.on_layer != NULL)
        l->options.on_layer(&told, l->options.payload);
    return STRIA_OK;
}

/* Planes that have learned nothing are silent: all their weights are 0. */
static void clear(lesson *l, const stria_node *node)
{
    for (size_t t = 0; t < node->facts.param_count; t++) {
        const stria_model_tensor_entry *tensor = &l->model->tensors[node->first_tensor + t];
        memset(stria_node_param(l->model, node, t), 0, tensor->count * sizeof(float));
    }
}

/* ---- The read-out ---- */

/* The layer whose weights the labels' statistics give: a dense layer with a bias at the model's end. */
static const stria_node *read_out_of(const lesson *l)
{
    const stria_node *node = &l->model->nodes[l->model->outputs[0]];
    const bool fits = strcmp(node->kind->name, "dense") == 0 && node->facts.param_count == 2 &&
                      node->facts.output.rank == 1 && !node->frozen;
    return fits && stria_dataset_class_count(l->data) > 0 ? node : NULL;
}

static stria_status set_read_out(lesson *l, const stria_node *node, stria_error *err)
{
    const size_t classes = stria_dataset_class_count(l->data);
    stria_discriminant statistics = {0};
    stria_view below;
    stria_status status = open_view(&below, l, node, err);
    if (status != STRIA_OK)
        return status;
    const stria_output_view output = {.name = node->name,
                                      .shape = &node->facts.output,
                                      .rows = 1,
                                      .columns = (size_t)node->facts.output.sizes[0]};
    status =
        stria_check_output(&output, l->data, &(stria_loss){.kind = STRIA_LOSS_CATEGORICAL_CROSSENTROPY}, err);
    if (status == STRIA_OK)
        status = stria_discriminant_make(&statistics, l->context, below.elements, classes, err);
    if (status == STRIA_OK)
        stria_loader_start(l->loader, NULL, 0, l->count);
    for (size_t done = 0; status == STRIA_OK && done < l->count;) {
        stria_batch batch;
        status = stria_loader_next(l->loader, &batch, err);
        if (status != STRIA_OK)
            break;
        done += batch.taken;
        const float *x = batch.count > 0 ? stria_view_look(&below, &batch) : NULL;
        for (size_t s = 0; s < batch.count; s++)
            stria_discriminant_add(&statistics, x + s * below.elements, (size_t)batch.labels[s]);
        status = check_cancelled(l, err);
    }
    if (status == STRIA_OK)
        status = stria_discriminant_solve(&statistics, l->rule.shrinkage, stria_node_param(l->model, node, 0),
                                          stria_node_param(l->model, node, 1), output.columns, err);
    stria_discriminant_free(&statistics);
    stria_view_close(&below);
    l->result.labelled = status == STRIA_OK;
    return status;
}

/* ---- The whole ---- */

static stria_status prepare(lesson *l, const stria_unsupervised_options *options, stria_error *err)
{
    STRIA_TRY(stria_options_read(&l->options, sizeof l->options, options, "stria_unsupervised_options", err));
    STRIA_TRY(stria_learning_rule_read(&l->rule,
                                       l->options.rule != NULL ? l->options.rule : "winner-take-all", err));
    STRIA_TRY(stria_check_input(l->model, l->data, err));
    size_t layers = 0;
    for (size_t i = 0; i < l->model->node_count; i++)
        layers += learns(&l->model->nodes[i]);
    if (layers == 0)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the model has no s_cells that may learn: winners take all among those, as in the "
                          "ready model 'neocognitron'");
    l->count = stria_dataset_count(l->data, STRIA_PART_TRAIN);
    if (l->count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data has no training part");
    STRIA_TRY(stria_preprocessing_to_keep(&l->preprocessing, l->model, l->data, err));
    if (!l->options.no_shuffle) {
        l->order = stria_allocate_array(&l->context->allocator, l->count, sizeof *l->order);
        if (l->order == NULL)
            return stria_fail_memory(err, l->count * sizeof *l->order);
    }
    STRIA_TRY(stria_loader_create(&l->loader, l->data, STRIA_PART_TRAIN, l->preprocessing,
                                  l->count < BATCH ? l->count : BATCH, stria_loader_threads(l->data), err));
    STRIA_TRY(stria_outputs_open(&l->outputs, l->context, l->options.output, NULL, err));
    if (l->options.keep_parameters)
        return STRIA_OK;
    STRIA_TRY(stria_model_initialize(l->model, l->options.seed, err));
    for (size_t i = 0; i < l->model->node_count; i++)
        if (learns(&l->model->nodes[i]))
            clear(l, &l->model->nodes[i]);
    return STRIA_OK;
}

/* Layers with weights that this does not teach keep their first ones, which is seldom meant. */
static void warn_untaught(const lesson *l, const stria_node *read_out)
{
    for (size_t i = 0; i < l->model->node_count; i++) {
        const stria_node *node = &l->model->nodes[i];
        if (node->facts.param_count > 0 && node->kind != &stria_kind_s_cells &&
            node->kind != &stria_kind_normalization && node != read_out && !node->frozen &&
            !l->options.keep_parameters)
            stria_log(l->context, STRIA_LOG_WARNING,
                      "layer '%s' keeps the weights that it starts with: without labels only s_cells learn",
                      node->name);
    }
}

static stria_status set_provenance(lesson *l, stria_error *err)
{
    char seed[24];
    stria_format(seed, sizeof seed, "%llu", (unsigned long long)l->options.seed);
    STRIA_TRY(stria_model_set_metadata(l->model, "learning_rule",
                                       l->options.rule != NULL ? l->options.rule : "winner-take-all", err));
    STRIA_TRY(stria_model_set_metadata(l->model, "seed", seed, err));
    STRIA_TRY(stria_model_set_metadata(l->model, "command", l->options.command, err));
    STRIA_TRY(stria_model_set_metadata(l->model, "data_name", l->options.data_name, err));
    STRIA_TRY(stria_model_set_metadata(l->model, "trained_with", "stria " STRIA_VERSION, err));
    STRIA_TRY(stria_model_set_metadata(l->model, "cpu", stria_context_cpu(l->context), err));
    STRIA_TRY(stria_model_set_metadata(l->model, "first_parameters",
                                       l->options.keep_parameters ? "given" : "drawn", err));
    STRIA_TRY(stria_model_set_metadata(l->model, "history", NULL, err));
    STRIA_TRY(stria_model_set_metadata(l->model, "preprocessing", l->preprocessing, err));
    const size_t units = (size_t)stria_model_output_shape(l->model, 0)->sizes[0];
    return l->result.labelled ? stria_take_classes(l->model, l->data, units, err) : STRIA_OK;
}

static stria_status run(lesson *l, const stria_unsupervised_options *options, stria_error *err)
{
    STRIA_TRY(prepare(l, options, err));
    const stria_node *read_out = read_out_of(l);
    warn_untaught(l, read_out);
    const stria_adapting adapting = {
        .model = l->model,
        .data = l->data,
        .preprocessing = l->preprocessing,
        .count = l->count,
        .cancelled = l->options.cancelled,
        .payload = l->options.payload,
    };
    for (size_t i = 0; i < l->model->node_count; i++) {
        const stria_node *node = &l->model->nodes[i];
        if (learns(node))
            STRIA_TRY(teach(l, node, err));
        else if (stria_waits_for_data(l->model, node))
            STRIA_TRY(stria_adapt_layer(&adapting, node, err));
    }
    if (read_out != NULL)
        STRIA_TRY(set_read_out(l, read_out, err));
    STRIA_TRY(set_provenance(l, err));
    return l->outputs.model != NULL ? stria_model_save(l->model, l->outputs.model, err) : STRIA_OK;
}

stria_status stria_train_unsupervised(stria_model *model, const stria_dataset *data,
                                      const stria_unsupervised_options *options,
                                      stria_unsupervised_result *result, stria_error *err)
{
    lesson l = {.context = model->context, .model = model, .data = data};
    const uint64_t began = stria_context_now(l.context);
    const stria_float_state before = stria_float_begin();
    const stria_status status = run(&l, options, err);
    stria_float_end(before);
    l.result.seconds = (double)(stria_context_now(l.context) - began) * 1e-9;
    if (status == STRIA_OK && result != NULL)
        *result = l.result;
    stria_outputs_free(&l.outputs);
    stria_loader_free(l.loader);
    stria_release(&l.context->allocator, l.preprocessing);
    stria_release(&l.context->allocator, l.order); /* the loader's thread may have been reading ahead in it */
    return status;
}
