/* The inside of the lint: what the rules get. lint.c walks the model, lint_*.c hold the rules. */
#ifndef STRIA_MODEL_LINT_H
#define STRIA_MODEL_LINT_H

#include <stria/lint.h>

#include "model/model.h"
#include "model/window.h"

typedef struct stria_rule stria_rule;

typedef struct stria_lint {
    const stria_model *model;
    const char *loss;
    const stria_lint_options *options;
    const stria_rule *rule; /* that looks now */
    size_t node;            /* at which */
    bool *used;             /* an output of the model depends on the node */
    bool *is_output;
    size_t *consumers;        /* how many inputs of other nodes the node is */
    stria_layer_facts *facts; /* room for the facts of all nodes at other sizes */
    stria_lint_counts counts;
    stria_error error; /* of a rule that could not go on */
} stria_lint;

struct stria_rule {
    const char *name, *title;
    stria_severity severity;
    const char *help; /* what would help, as a command */
    void (*check)(stria_lint *lint, const stria_node *node);
};

/* Models with more inputs are not looked at for their smallest size. */
#define STRIA_MAX_LINT_INPUTS 16

/* The rules, ended by one without a name. */
extern const stria_rule stria_lint_rules[];

/* Reports what the rule that looks now has found at its node. */
void stria_lint_find(stria_lint *lint, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

/* ---- Questions of several rules ---- */

/* Whether the name of the node's kind begins so: "conv" for convolutions of every sort. */
bool stria_lint_is(const stria_node *node, const char *beginning);

/* Whether the node multiplies its input by a trained kernel and adds it up: convolutions and dense. */
bool stria_lint_is_weighted(const stria_node *node);

/* The only input of a node; NULL when it has none or several. */
const stria_node *stria_lint_input(const stria_lint *lint, const stria_node *node);

static inline size_t stria_lint_index(const stria_lint *lint, const stria_node *node)
{
    return (size_t)(node - lint->model->nodes);
}

/* ---- The rules, by what they look at ---- */

/* Neighbouring layers (lint_layers.c). */
void stria_lint_linear_stack(stria_lint *lint, const stria_node *node);
void stria_lint_two_activations(stria_lint *lint, const stria_node *node);
void stria_lint_dropout_batchnorm(stria_lint *lint, const stria_node *node);
void stria_lint_bias_batchnorm(stria_lint *lint, const stria_node *node);
void stria_lint_rescaled_twice(stria_lint *lint, const stria_node *node);
void stria_lint_value_range(stria_lint *lint, const stria_node *node);
void stria_lint_no_effect(stria_lint *lint, const stria_node *node);
void stria_lint_unused(stria_lint *lint, const stria_node *node);
void stria_lint_dense_share(stria_lint *lint, const stria_node *node);
void stria_lint_wide_flatten(stria_lint *lint, const stria_node *node);
void stria_lint_not_finite(stria_lint *lint, const stria_node *node);

/* Windows and sizes (lint_windows.c). */
void stria_lint_mostly_padding(stria_lint *lint, const stria_node *node);
void stria_lint_smallest_input(stria_lint *lint, const stria_node *node);
void stria_lint_ignored_border(stria_lint *lint, const stria_node *node);
void stria_lint_even_same(stria_lint *lint, const stria_node *node);
void stria_lint_skipped_pixels(stria_lint *lint, const stria_node *node);

/* What the loss gets (lint_outputs.c). */
void stria_lint_softmax_inside(stria_lint *lint, const stria_node *node);
void stria_lint_softmax_hidden(stria_lint *lint, const stria_node *node);
void stria_lint_softmax_alone(stria_lint *lint, const stria_node *node);
void stria_lint_loss(stria_lint *lint, const stria_node *node);
void stria_lint_sigmoid_classes(stria_lint *lint, const stria_node *node);

#endif
