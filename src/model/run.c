/* Running a plan: a loop over its nodes, forward, and backward for training. Nothing is allocated, chosen or
 * checked here beyond the batch. */
#include <string.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/size.h"
#include "model/penalty.h"
#include "model/plan_inside.h"

/* ---- Forward ---- */

static void pack_node(const stria_plan *plan, size_t index)
{
    const stria_node *node = &plan->model->nodes[index];
    if (plan->nodes[index].used && plan->nodes[index].host == index && node->kind->pack != NULL)
        node->kind->pack(&plan->nodes[index].call);
}

void stria_plan_refresh(stria_plan *plan)
{
    const stria_float_state before = stria_float_begin();
    for (size_t i = 0; i < plan->node_count; i++)
        pack_node(plan, i);
    stria_float_end(before);
}

void stria_plan_set_step(stria_plan *plan, uint64_t step)
{
    plan->step = step;
}

/* Notes, when a profile is taken, that a step has ended. */
static void end_step(stria_plan *plan, size_t step)
{
    if (plan->times == NULL)
        return;
    const uint64_t now = stria_context_now(plan->context);
    plan->times[step] += now - plan->tick;
    plan->tick = now;
}

/* Points a node at the caller's memory wherever an input of the model stands behind it. */
static void attach_inputs(stria_plan *plan, size_t index, const float *const *inputs)
{
    const stria_node *node = &plan->model->nodes[index];
    const size_t residual = plan->nodes[index].residual;
    stria_layer_call *call = &plan->nodes[index].call;
    for (size_t k = 0; k < node->input_count; k++) {
        int external = plan->nodes[node->inputs[k]].external;
        if (external >= 0)
            call->inputs[k] = inputs[external];
    }
    if (residual != STRIA_NO_NODE && plan->nodes[residual].external >= 0)
        call->taken.residual = inputs[plan->nodes[residual].external];
}

/* What the caller gave for the input that a node is. */
static const float *external_input(const stria_plan *plan, const stria_plan_node *p)
{
    return plan->nodes[plan->model->inputs[p->external]].call.inputs[0];
}

/* Spectral normalisation, before the kernel is read. */
static void normalize_kernel(const stria_plan *plan, size_t index)
{
    const stria_plan_node *p = &plan->nodes[index];
    const stria_node *node = &plan->model->nodes[index];
    const stria_shape *u = &node->facts.params[node->facts.param_count - 1].shape;
    stria_spectral_normalize(p->kernel, p->kernel_rows, (size_t)u->sizes[1], p->vector_u, plan->scratch);
}

static void forward_node(stria_plan *plan, size_t index)
{
    stria_plan_node *p = &plan->nodes[index];
    if (!p->used || p->view || p->external >= 0)
        return;
    if (p->vector_u != NULL && !p->call.again)
        normalize_kernel(plan, index);
    if (plan->training)
        pack_node(plan, index);
    plan->model->nodes[index].kind->forward(&p->call);
}

/* Moves a node's call from one sample to another, in tensors that hold the whole batch. */
static void move_call(stria_plan *plan, size_t index, ptrdiff_t samples)
{
    const stria_node *node = &plan->model->nodes[index];
    stria_plan_node *p = &plan->nodes[index];
    for (size_t k = 0; k < node->input_count; k++) {
        const stria_plan_node *input = &plan->nodes[node->inputs[k]];
        if (!plan->nodes[input->root].grouped)
            p->call.inputs[k] += samples * (ptrdiff_t)input->elements;
    }
    if (p->residual != STRIA_NO_NODE && !plan->nodes[plan->nodes[p->residual].root].grouped)
        p->call.taken.residual += samples * (ptrdiff_t)p->elements;
    if (!plan->nodes[p->root].grouped && p->external < 0)
        p->call.output += samples * (ptrdiff_t)p->elements;
}

/* Runs `count` samples from `first` on through a pass. Looks, when `nonfinite` is not NULL, at the outputs of
 * nodes before that one, and puts the first there that is not finite. */
static void run_group(stria_plan *plan, const stria_plan_pass *pass, size_t first, size_t count,
                      size_t *nonfinite)
{
    for (size_t i = pass->first; i <= pass->last; i++) {
        stria_plan_node *p = &plan->nodes[i];
        p->call.batch = count * p->entries;
        if (first > 0 && p->used)
            move_call(plan, i, (ptrdiff_t)first);
        forward_node(plan, i);
        if (nonfinite != NULL && p->used && i < *nonfinite) {
            const float *value =
                p->external >= 0 ? external_input(plan, p) + first * p->elements : p->call.output;
            if (!plan->context->kernels->reduce.all_finite(value, p->elements * count, plan->context->pool))
                *nonfinite = i;
        }
        if (first > 0 && p->used)
            move_call(plan, i, -(ptrdiff_t)first);
        end_step(plan, i);
    }
}

static void run_pass(stria_plan *plan, const stria_plan_pass *pass, size_t batch, size_t *nonfinite)
{
    for (size_t first = 0; first < batch; first += pass->group)
        run_group(plan, pass, first, batch - first < pass->group ? batch - first : pass->group, nonfinite);
}

stria_status stria_plan_run(stria_plan *plan, const float *const *inputs, int64_t batch, stria_error *err)
{
    if (batch < 1 || (uint64_t)batch > plan->batch)
        return stria_fail(err, STRIA_ERROR_VALUE, "a batch of %lld is not from 1 to the planned %zu",
                          (long long)batch, plan->batch);
    const stria_float_state before = stria_float_begin();
    for (size_t i = 0; i < plan->model->input_count; i++)
        plan->nodes[plan->model->inputs[i]].call.inputs[0] = inputs[i];
    for (size_t i = 0; i < plan->node_count; i++) {
        plan->nodes[i].call.random.step = plan->step;
        attach_inputs(plan, i, inputs);
    }
    for (size_t q = 0; q < plan->pass_count; q++)
        run_pass(plan, &plan->passes[q], (size_t)batch, NULL);
    stria_float_end(before);
    plan->last_batch = (size_t)batch;
    return STRIA_OK;
}

/* ---- Backward ---- */

/* A view that cannot share its input's gradient hands its own on. */
static void pass_on(const stria_plan *plan, const stria_plan_node *p)
{
    size_t count = p->elements * plan->last_batch;
    if (p->call.dinputs[0] != NULL)
        memcpy(p->call.dinputs[0], p->call.dy, count * sizeof(float));
}

/* Adds the gradients of one use of parameters to those of the uses behind it. */
static void add_params(const stria_plan *plan, const stria_node *node, const stria_layer_call *call)
{
    for (size_t q = 0; q < node->facts.param_count; q++) {
        const stria_model_tensor_entry *tensor = &plan->model->tensors[node->first_tensor + q];
        float *sum = plan->gradients + tensor->offset;
        if (call->dparams[q] != NULL)
            plan->context->kernels->elementwise.add(sum, call->dparams[q], sum, tensor->count,
                                                    plan->context->pool);
    }
}

static void backward_node(stria_plan *plan, size_t index)
{
    const stria_node *node = &plan->model->nodes[index];
    stria_plan_node *p = &plan->nodes[index];
    if (p->kept_gradient != STRIA_NO_BUFFER)
        memcpy(stria_plan_buffer(plan, p->kept_gradient), p->call.dy,
               p->elements * plan->last_batch * sizeof(float));
    if (!p->differentiated || node->kind->max_inputs == 0 || p->gradient_shared)
        return;
    if (plan->training && stria_node_has_penalty(node))
        stria_plan_node_penalty(plan, index, p->call.dy);
    if (p->view)
        pass_on(plan, p);
    else
        node->kind->backward(&p->call);
    if (p->adds_params)
        add_params(plan, node, &p->call);
    for (size_t k = 0; k < node->input_count; k++) {
        if (p->routes[k].into == NULL)
            continue;
        size_t count = plan->nodes[node->inputs[k]].elements * plan->last_batch;
        plan->context->kernels->elementwise.add(p->routes[k].into, p->call.dinputs[k], p->routes[k].into,
                                                count, plan->context->pool);
    }
}

void stria_plan_backward_in_place(stria_plan *plan)
{
    const stria_float_state before = stria_float_begin();
    if (plan->times != NULL)
        plan->tick = stria_context_now(plan->context);
    for (size_t i = plan->node_count; i-- > 0;) {
        backward_node(plan, i);
        end_step(plan, 2 * plan->node_count - 1 - i);
    }
    stria_float_end(before);
}

float *stria_plan_output_gradient(stria_plan *plan, size_t index)
{
    if (index >= plan->output_count)
        return NULL;
    return plan->nodes[plan->outputs[index]].call.dy;
}

stria_status stria_plan_backward(stria_plan *plan, const float *const *output_gradients, stria_error *err)
{
    if (!plan->differentiates)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "only training and gradient plans have gradients; this one is for inference");
    if (plan->last_batch == 0)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the plan has not been run: there is nothing to go back from");
    for (size_t i = 0; i < plan->output_count; i++) {
        stria_plan_node *p = &plan->nodes[plan->outputs[i]];
        if (p->gradient_callers)
            p->call.dy = (float *)(uintptr_t)output_gradients[i]; /* kept as it is */
        else if (p->differentiated)
            memcpy(p->call.dy, output_gradients[i], p->elements * plan->last_batch * sizeof(float));
    }
    stria_plan_backward_in_place(plan);
    for (size_t i = 0; i < plan->output_count; i++) {
        stria_plan_node *p = &plan->nodes[plan->outputs[i]];
        if (p->gradient_callers)
            p->call.dy = stria_plan_buffer(plan, p->gradient);
    }
    return STRIA_OK;
}

stria_status stria_plan_profile(stria_plan *plan, const float *const *inputs, int64_t batch,
                                const float *const *output_gradients, uint64_t *nanoseconds, stria_error *err)
{
    memset(nanoseconds, 0, stria_plan_step_count(plan) * sizeof *nanoseconds);
    plan->times = nanoseconds;
    plan->tick = stria_context_now(plan->context);
    stria_status status = stria_plan_run(plan, inputs, batch, err);
    if (status == STRIA_OK && output_gradients != NULL)
        status = stria_plan_backward(plan, output_gradients, err);
    plan->times = NULL;
    return status;
}

/* ---- Looking ---- */

/* Where a node's output of the last run is: in the block, or in the caller's memory. */
static const float *node_value(const stria_plan *plan, size_t index)
{
    const stria_plan_node *p = &plan->nodes[index];
    if (plan->last_batch == 0)
        return NULL;
    if (p->external >= 0)
        return external_input(plan, p);
    return p->call.output;
}

const float *stria_plan_output(const stria_plan *plan, size_t index)
{
    return index < plan->output_count ? node_value(plan, plan->outputs[index]) : NULL;
}

const float *stria_plan_value(const stria_plan *plan, const char *layer)
{
    int node = stria_model_find_layer(plan->model, layer);
    if (node < 0)
        return NULL;
    for (size_t i = 0; i < plan->output_count; i++)
        if (plan->outputs[i] == (size_t)node)
            return node_value(plan, (size_t)node);
    const stria_plan_node *p = &plan->nodes[node];
    return p->kept || p->external >= 0 ? node_value(plan, (size_t)node) : NULL;
}

const stria_shape *stria_plan_shape(const stria_plan *plan, const char *layer)
{
    int node = stria_model_find_layer(plan->model, layer);
    return node < 0 ? NULL : &plan->nodes[node].shape;
}

const float *stria_plan_tensor_gradient(const stria_plan *plan, size_t index)
{
    if (!plan->training || index >= plan->model->tensor_count)
        return NULL;
    const stria_model_tensor_entry *tensor = &plan->model->tensors[index];
    return stria_tensor_is_trained(plan->model, tensor) ? plan->gradients + tensor->offset : NULL;
}

const float *stria_plan_input_gradient(const stria_plan *plan, size_t index)
{
    if (!plan->input_gradients || index >= plan->model->input_count)
        return NULL;
    return plan->nodes[plan->model->inputs[index]].call.dy;
}

const float *stria_plan_value_gradient(const stria_plan *plan, const char *layer)
{
    int node = stria_model_find_layer(plan->model, layer);
    if (node < 0)
        return NULL;
    const stria_plan_node *p = &plan->nodes[node];
    if (p->kept_gradient != STRIA_NO_BUFFER)
        return stria_plan_buffer(plan, p->kept_gradient);
    return p->kept && plan->model->nodes[node].kind->max_inputs == 0 ? p->call.dy : NULL;
}

float *stria_plan_gradients(stria_plan *plan)
{
    return plan->gradients;
}

static bool node_mixes(const stria_plan *plan, size_t index)
{
    return plan->training && plan->nodes[index].used && plan->model->nodes[index].kind->mixes != NULL;
}

size_t stria_plan_mixing_count(const stria_plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->node_count; i++)
        count += node_mixes(plan, i);
    return count;
}

void stria_plan_mixing(const stria_plan *plan, size_t index, size_t sample, size_t *partner, double *weight)
{
    size_t node = 0;
    for (;; node++)
        if (node_mixes(plan, node) && index-- == 0)
            break;
    plan->model->nodes[node].kind->mixes(&plan->nodes[node].call, sample, partner, weight);
}

const stria_kernels *stria_plan_kernels(const stria_plan *plan)
{
    return plan->context->kernels;
}

stria_pool *stria_plan_pool(const stria_plan *plan)
{
    return plan->context->pool;
}

void stria_plan_memory_use(const stria_plan *plan, stria_plan_memory *memory)
{
    *memory = plan->memory;
}

/* A gradient costs as much as the layer itself, once for the parameters and once for the inputs. */
static int64_t step_macs(const stria_plan *plan, const stria_plan_node *p, bool backward)
{
    const int64_t times = backward ? (p->call.dparams[0] != NULL) + p->call.wants_dinput : 1;
    int64_t macs;
    return stria_count_multiply(p->macs, (int64_t)plan->batch * times, &macs) ? macs : INT64_MAX;
}

static uint64_t step_bytes(const stria_plan *plan, size_t node, bool backward)
{
    const stria_plan_node *p = &plan->nodes[node];
    const stria_node *layer = &plan->model->nodes[node];
    uint64_t batched = p->elements, params = 0; /* floats; dy stands for y */
    for (size_t k = 0; k < layer->input_count; k++) {
        const uint64_t input = plan->nodes[layer->inputs[k]].elements;
        if (!backward)
            batched += input;
        else
            batched += (p->call.dinputs[k] != NULL ? input : 0) + (p->needs.backward_reads_input ? input : 0);
    }
    if (backward ? p->needs.backward_reads_output : p->residual != STRIA_NO_NODE)
        batched += p->elements;
    if (!backward && p->residual != STRIA_NO_NODE)
        batched += p->elements;
    for (size_t q = 0; q < layer->facts.param_count; q++) {
        const uint64_t count = plan->model->tensors[layer->first_tensor + q].count;
        params += backward && p->call.dparams[q] != NULL ? 2 * count : count;
    }
    return (batched * plan->batch + params) * sizeof(float);
}

size_t stria_plan_step_count(const stria_plan *plan)
{
    return plan->differentiates ? 2 * plan->node_count : plan->node_count;
}

int stria_plan_step(const stria_plan *plan, size_t index, stria_step_info *info)
{
    if (index >= stria_plan_step_count(plan))
        return 0;
    bool backward = index >= plan->node_count;
    size_t node = backward ? 2 * plan->node_count - 1 - index : index;
    const stria_plan_node *p = &plan->nodes[node];
    size_t buffer = backward ? p->gradient : plan->nodes[p->root].value;
    bool computes = p->used && (backward ? p->differentiated && !p->gradient_shared : !p->view);
    bool taken = p->in_host != NULL && (!backward || p->differentiated);
    *info = (stria_step_info){
        .layer = plan->model->nodes[node].name,
        .kernel = computes || taken ? p->needs.kernel : "",
        .backward = backward,
        .output_bytes = p->elements * plan->batch * sizeof(float),
        .offset = buffer != STRIA_NO_BUFFER ? plan->buffers[buffer].offset : 0,
        .macs = computes ? step_macs(plan, p, backward) : 0,
        .bytes = computes ? step_bytes(plan, node, backward) : 0,
        .within = plan->model->nodes[p->host].name,
        .samples = (int64_t)plan->passes[plan->nodes[p->host].pass].group,
    };
    return 1;
}

/* The last run is done again, looking at each output before a later step can reuse its memory. */
const char *stria_plan_first_nonfinite(stria_plan *plan)
{
    if (plan->last_batch == 0)
        return NULL;
    const stria_float_state before = stria_float_begin();
    size_t first = plan->node_count;
    for (size_t i = 0; i < plan->node_count; i++)
        plan->nodes[i].call.again = true;
    for (size_t q = 0; q < plan->pass_count && first == plan->node_count; q++)
        run_pass(plan, &plan->passes[q], plan->last_batch, &first);
    for (size_t i = 0; i < plan->node_count; i++)
        plan->nodes[i].call.again = false;
    stria_float_end(before);
    return first < plan->node_count ? plan->model->nodes[first].name : NULL;
}
