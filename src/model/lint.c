/* Looking at a model with every rule. A rule sees one node at a time and what surrounds it; it reports
 * through stria_lint_find, which adds the rule's own words. */
#include "model/lint.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"

const stria_rule stria_lint_rules[] = {
    {"linear-stack", "two linear layers in a row, which can do no more than one", STRIA_PROBLEM,
     "give the first an activation, such as relu", stria_lint_linear_stack},
    {"two-activations", "an activation of what an activation gave", STRIA_PROBLEM, "leave one of the two out",
     stria_lint_two_activations},
    {"dropout-before-batchnorm", "dropout whose output batch normalisation takes statistics of",
     STRIA_PROBLEM, "put dropout behind the last batch normalisation", stria_lint_dropout_batchnorm},
    {"bias-before-batchnorm", "a bias that batch normalisation takes away again", STRIA_HINT,
     "use_bias=no saves its parameters", stria_lint_bias_batchnorm},
    {"rescaled-twice", "pictures scaled from 0...255 a second time", STRIA_PROBLEM,
     "leave one of the two out", stria_lint_rescaled_twice},
    {"value-range", "a random layer for values of 0...255 where they are 0...1", STRIA_PROBLEM,
     "write value_range=0,1, or what the rescaling gives; or put a rescaling 1/255 behind the layer",
     stria_lint_value_range},
    {"no-effect", "a layer that changes nothing", STRIA_HINT, "leave it out", stria_lint_no_effect},
    {"unused", "a layer that no output depends on", STRIA_PROBLEM,
     "use it, leave it out, or make it an output with a line such as 'output(NAME)'", stria_lint_unused},
    {"dense-share", "a dense layer with more than 90 % of a convolutional network's parameters",
     STRIA_PROBLEM, "global_avgpool2d instead of flatten, or more pooling before it", stria_lint_dense_share},
    {"wide-flatten", "more than 16,384 numbers in a row for a dense layer", STRIA_HINT,
     "global_avgpool2d instead of flatten, or more pooling before it", stria_lint_wide_flatten},
    {"not-finite", "parameters that are NaN or infinite", STRIA_PROBLEM,
     "train again, with a lower learning rate", stria_lint_not_finite},
    {"mostly-padding", "a window larger than its input, most of it in the padding", STRIA_PROBLEM,
     "a smaller window, or less pooling before it", stria_lint_mostly_padding},
    {"smallest-input", "pictures below a size that do not fit a model with open sizes", STRIA_HINT,
     "padding=same or less pooling takes smaller ones", stria_lint_smallest_input},
    {"ignored-border", "rows or columns at the end that no window reaches", STRIA_HINT,
     "padding=same, or an input of another size", stria_lint_ignored_border},
    {"even-same", "an even window with padding=same, which is padded more at the end", STRIA_HINT,
     "an odd window keeps outputs above their inputs", stria_lint_even_same},
    {"skipped-pixels", "a stride larger than the window, so that pixels between are never seen",
     STRIA_PROBLEM, "a smaller stride or a larger window", stria_lint_skipped_pixels},
    {"softmax-inside", "a softmax that is not at the end", STRIA_PROBLEM,
     "another activation, such as relu; softmax at the output only", stria_lint_softmax_inside},
    {"softmax-hidden", "a softmax behind which only the shape is changed: cross-entropy would take it again",
     STRIA_PROBLEM, "make the softmax the last layer", stria_lint_softmax_hidden},
    {"softmax-alone", "a softmax of one number, which is always 1", STRIA_PROBLEM,
     "two outputs with softmax, or one with sigmoid", stria_lint_softmax_alone},
    {"loss", "an output that the loss does not expect (--loss)", STRIA_PROBLEM,
     "softmax with categorical_crossentropy and kl_divergence, sigmoid with binary_crossentropy, linear or "
     "tanh with hinge, linear or sigmoid with mean_squared_error",
     stria_lint_loss},
    {"sigmoid-classes", "several outputs with sigmoid, which do not share out one probability", STRIA_HINT,
     "softmax, when exactly one class is right", stria_lint_sigmoid_classes},
    {NULL, NULL, STRIA_HINT, NULL, NULL},
};

void stria_lint_find(stria_lint *lint, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(message, sizeof message, format, arguments);
    va_end(arguments);
    const stria_rule *rule = lint->rule;
    if (rule->severity == STRIA_PROBLEM)
        lint->counts.problems++;
    else
        lint->counts.hints++;
    if (lint->options->finding != NULL)
        lint->options->finding(&(stria_finding){.rule = rule->name,
                                                .severity = rule->severity,
                                                .layer = lint->node,
                                                .name = lint->model->nodes[lint->node].name,
                                                .message = message,
                                                .help = rule->help},
                               lint->options->payload);
}

bool stria_lint_is(const stria_node *node, const char *beginning)
{
    return strncmp(node->kind->name, beginning, strlen(beginning)) == 0;
}

bool stria_lint_is_weighted(const stria_node *node)
{
    return stria_lint_is(node, "conv") || stria_lint_is(node, "table_conv") ||
           stria_lint_is(node, "depthwise_conv") || stria_lint_is(node, "separable_conv") ||
           strcmp(node->kind->name, "dense") == 0;
}

const stria_node *stria_lint_input(const stria_lint *lint, const stria_node *node)
{
    return node->input_count == 1 ? &lint->model->nodes[node->inputs[0]] : NULL;
}

/* What is known of every node before the rules look. */
static void survey(stria_lint *lint)
{
    const stria_model *model = lint->model;
    for (size_t i = 0; i < model->output_count; i++)
        lint->used[model->outputs[i]] = lint->is_output[model->outputs[i]] = true;
    for (size_t i = model->node_count; i-- > 0;)
        for (size_t k = 0; k < model->nodes[i].input_count; k++) {
            lint->used[model->nodes[i].inputs[k]] |= lint->used[i];
            lint->consumers[model->nodes[i].inputs[k]]++;
        }
}

static stria_status look(stria_lint *lint, stria_error *err)
{
    const size_t count = lint->model->node_count;
    survey(lint);
    for (lint->node = 0; lint->node < count; lint->node++)
        for (lint->rule = stria_lint_rules; lint->rule->name != NULL; lint->rule++) {
            lint->rule->check(lint, &lint->model->nodes[lint->node]);
            if (lint->error.code != STRIA_OK)
                return stria_fail(err, lint->error.code, "%s", lint->error.message);
        }
    return STRIA_OK;
}

stria_status stria_model_lint(const stria_model *model, const stria_lint_options *given,
                              stria_lint_counts *counts, stria_error *err)
{
    stria_lint_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_lint_options", err));
    const stria_allocator *allocator = &model->context->allocator;
    const size_t count = model->node_count;
    stria_lint lint = {.model = model, .loss = options.loss, .options = &options};
    lint.used = stria_allocate_array(allocator, count, sizeof *lint.used);
    lint.is_output = stria_allocate_array(allocator, count, sizeof *lint.is_output);
    lint.consumers = stria_allocate_array(allocator, count, sizeof *lint.consumers);
    lint.facts = stria_allocate_array(allocator, count, sizeof *lint.facts);
    stria_status status =
        lint.used == NULL || lint.is_output == NULL || lint.consumers == NULL || lint.facts == NULL
            ? stria_fail_memory(err, count * sizeof *lint.facts)
            : look(&lint, err);
    stria_release(allocator, lint.used);
    stria_release(allocator, lint.is_output);
    stria_release(allocator, lint.consumers);
    stria_release(allocator, lint.facts);
    if (status == STRIA_OK && counts != NULL)
        *counts = lint.counts;
    return status;
}

int stria_lint_rule(size_t index, stria_lint_rule_info *info)
{
    if (index >= sizeof stria_lint_rules / sizeof stria_lint_rules[0] - 1)
        return 0;
    const stria_rule *rule = &stria_lint_rules[index];
    *info = (stria_lint_rule_info){rule->name, rule->title, rule->severity};
    return 1;
}
