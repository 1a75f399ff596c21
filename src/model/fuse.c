/* Which neighbouring layers run as one step. A layer that can (kind->takes) takes over the parts of the
 * layers behind it, as long as each is the only reader of the one before and nothing else can see what lies
 * between: the batch normalisation is folded into the kernel, the residual is added and the activation
 * applied to sums that are still in registers.
 *
 * A layer taken by another has no step: it is a view of its host's output, and its gradient is its host's. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/plan_inside.h"

/* Who reads a node: how many times, and one of them. Only layers that run count. */
typedef struct readers {
    size_t count, reader;
} readers;

static void find_readers(const stria_plan *plan, readers *of)
{
    const stria_model *model = plan->model;
    for (size_t i = 0; i < plan->node_count; i++)
        for (size_t k = 0; plan->nodes[i].used && k < model->nodes[i].input_count; k++) {
            readers *input = &of[model->nodes[i].inputs[k]];
            input->count++;
            input->reader = i;
        }
    /* The caller is one more reader of an output. */
    for (size_t i = 0; i < plan->output_count; i++)
        of[plan->outputs[i]].count += 2;
}

static stria_activation activation_of(const stria_node *node)
{
    return node->kind->activation != NULL ? node->kind->activation(node->config)
                                          : (stria_activation){.kind = STRIA_LINEAR};
}

/* Takes the sum `index` of the host's output and a value that is there before the host runs. */
static bool take_sum(stria_plan *plan, size_t host, size_t end, size_t index)
{
    const stria_node *node = &plan->model->nodes[index];
    if (node->input_count != 2)
        return false;
    size_t other = node->inputs[0] == end ? node->inputs[1] : node->inputs[0];
    if (plan->nodes[other].host >= host || plan->nodes[end].elements != plan->nodes[index].elements ||
        plan->nodes[other].elements != plan->nodes[index].elements)
        return false;
    plan->nodes[host].residual = other;
    plan->nodes[host].call.taken.sum = true;
    return true;
}

static bool take_activation(stria_plan *plan, size_t host, unsigned takes, size_t index)
{
    stria_activation activation = activation_of(&plan->model->nodes[index]);
    unsigned part = stria_activation_needs_input(activation.kind) ? STRIA_PART_CURVED : STRIA_PART_ACTIVATION;
    if (stria_activation_by_rows(activation.kind) || activation.kind == STRIA_LINEAR || (takes & part) == 0 ||
        plan->nodes[index].call.raw_output)
        return false;
    plan->nodes[host].call.taken.activation = activation;
    return true;
}

/* Whether the host takes layer `index`, which reads its output `end`, after the parts that it has. */
static bool take(stria_plan *plan, size_t host, unsigned takes, size_t end, size_t index)
{
    const stria_node *node = &plan->model->nodes[index];
    stria_taken *taken = &plan->nodes[host].call.taken;
    if (taken->activation.kind != STRIA_LINEAR || node->wrapper != STRIA_WRAPPER_NONE)
        return false;
    switch (node->kind->part) {
    case STRIA_PART_SCALING:
        if ((takes & STRIA_PART_SCALING) == 0 || taken->scaling != NULL || taken->sum)
            return false;
        taken->scaling = &plan->nodes[index].call;
        taken->scale = node->kind->scale;
        return true;
    case STRIA_PART_SUM:
        return (takes & STRIA_PART_SUM) != 0 && !taken->sum && take_sum(plan, host, end, index);
    case STRIA_PART_ACTIVATION:
        return take_activation(plan, host, takes, index);
    default:
        return false;
    }
}

/* Leaves the derivative of the relu that a host ends with, in node `end`, to the only layer that reads it,
 * when that selects: where nothing is selected the gradient is 0 anyway. */
static void leave_derivative(stria_plan *plan, size_t host, unsigned takes, size_t end, size_t reader)
{
    stria_layer_call *call = &plan->nodes[host].call;
    stria_activation own = activation_of(&plan->model->nodes[host]);
    stria_activation activation = own.kind != STRIA_LINEAR ? own : call->taken.activation;
    const stria_node *node = &plan->model->nodes[reader];
    bool selects = node->kind->part == STRIA_PART_SELECTION && node->wrapper == STRIA_WRAPPER_NONE;
    if (!plan->differentiates || (takes & STRIA_PART_SELECTION) == 0 || !selects || plan->nodes[end].kept ||
        (activation.kind != STRIA_RELU && activation.kind != STRIA_RELU6))
        return;
    call->derived = true;
    plan->nodes[reader].call.derives = activation;
}

/* "in conv1", for printing. */
static stria_status name_host(stria_plan *plan, size_t host, size_t index, stria_error *err)
{
    const char *name = plan->model->nodes[host].name;
    size_t size = strlen(name) + sizeof "in ";
    char *text = stria_arena_allocate(&plan->arena, size);
    if (text == NULL)
        return stria_fail_memory(err, size);
    snprintf(text, size, "in %s", name);
    plan->nodes[index].in_host = text;
    return STRIA_OK;
}

stria_status stria_plan_fuse(stria_plan *plan, stria_error *err)
{
    const stria_model *model = plan->model;
    for (size_t i = 0; i < plan->node_count; i++) {
        plan->nodes[i].host = i;
        plan->nodes[i].residual = STRIA_NO_NODE;
    }
    if (plan->separate)
        return STRIA_OK;
    readers *of = stria_arena_allocate(&plan->arena, plan->node_count * sizeof *of);
    if (of == NULL)
        return stria_fail_memory(err, plan->node_count * sizeof *of);
    find_readers(plan, of);
    for (size_t i = 0; i < plan->node_count; i++) {
        const stria_node *node = &model->nodes[i];
        unsigned takes = plan->differentiates ? node->kind->takes_in_training : node->kind->takes;
        bool linear = activation_of(node).kind == STRIA_LINEAR;
        size_t end = i;
        if (!plan->nodes[i].used || plan->nodes[i].host != i || node->wrapper != STRIA_WRAPPER_NONE)
            continue;
        for (; linear && of[end].count == 1 && !plan->nodes[end].kept; end = of[end].reader) {
            size_t next = of[end].reader;
            if (!take(plan, i, takes, end, next))
                break;
            plan->nodes[next].host = i;
            STRIA_TRY(name_host(plan, i, next, err));
        }
        if (of[end].count == 1)
            leave_derivative(plan, i, takes, end, of[end].reader);
    }
    return STRIA_OK;
}
