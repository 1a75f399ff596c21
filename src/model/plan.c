/* Making a plan: shapes for its sizes, which nodes are needed and which get gradients, what each layer needs,
 * when each buffer is alive, where it lies, and the calls with every pointer filled in. Running (run.c) only
 * walks the result.
 *
 * Time, for the memory plan: node i runs forward at time i, the loss at n, backward of node i at 2n - i. */
#include "model/penalty.h"
#include "model/plan_inside.h"

#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "tensor/shape.h"

/* ---- Shapes ---- */

/* Runs the shape rules again for the sizes of this plan. */
static stria_status find_shapes(stria_plan *plan, const stria_shape *input_shapes, stria_error *err)
{
    const stria_model *model = plan->model;
    size_t next_input = 0;
    for (size_t i = 0; i < plan->node_count; i++) {
        const stria_node *node = &model->nodes[i];
        stria_plan_node *p = &plan->nodes[i];
        stria_layer_facts facts;
        stria_shape shapes[STRIA_MAX_INPUTS];
        if (node->kind->max_inputs == 0) {
            p->shape = input_shapes != NULL ? input_shapes[next_input] : node->facts.output;
            STRIA_TRY(stria_model_check_input(model, next_input, &p->shape, err));
            next_input++;
        } else {
            for (size_t k = 0; k < node->input_count; k++)
                shapes[k] = plan->nodes[node->inputs[k]].shape;
            memset(&facts, 0, sizeof facts);
            stria_status status = stria_wrapper_shape(node->wrapper, node->kind, node->config, shapes,
                                                      node->input_count, &facts, err);
            if (status != STRIA_OK)
                return stria_fail_in(err, status, "layer '%s': ", node->name);
            p->shape = facts.output;
            p->macs = facts.macs;
        }
        int64_t elements;
        stria_status status = stria_shape_count(&p->shape, &elements, err);
        if (status != STRIA_OK)
            return stria_fail_in(err, status, "layer '%s': ", node->name);
        if (elements < 0) {
            char text[STRIA_SHAPE_TEXT_SIZE];
            return stria_fail(err, STRIA_ERROR_SHAPE,
                              "layer '%s' is %s: the plan needs the sizes of the input", node->name,
                              stria_shape_text(&p->shape, text, sizeof text));
        }
        p->elements = (size_t)elements;
    }
    return STRIA_OK;
}

/* ---- Which nodes matter ---- */

static void mark_used(stria_plan *plan, const bool *wanted)
{
    for (size_t i = plan->node_count; i-- > 0;) {
        stria_plan_node *p = &plan->nodes[i];
        p->used = p->used || wanted[i];
        for (size_t k = 0; p->used && k < plan->model->nodes[i].input_count; k++)
            plan->nodes[plan->model->nodes[i].inputs[k]].used = true;
    }
}

static bool is_output(const stria_plan *plan, size_t node)
{
    for (size_t i = 0; i < plan->output_count; i++)
        if (plan->outputs[i] == node)
            return true;
    return false;
}

static bool has_trained_params(const stria_model *model, const stria_node *node)
{
    for (size_t p = 0; p < node->facts.param_count; p++)
        if (stria_tensor_is_trained(model, &model->tensors[node->first_tensor + p]))
            return true;
    return false;
}

/* A node's gradient is computed when something that it is wanted of (a parameter, an input, a kept layer)
 * lies at or before it and an output at or after it. */
static void mark_differentiated(stria_plan *plan)
{
    const stria_model *model = plan->model;
    for (size_t i = 0; i < plan->node_count; i++) {
        const stria_node *node = &model->nodes[i];
        bool wanted = node->kind->max_inputs == 0 ? plan->input_gradients
                                                  : plan->training && has_trained_params(model, node);
        wanted = wanted || (!plan->training && plan->nodes[i].kept);
        for (size_t k = 0; k < node->input_count; k++)
            wanted = wanted || plan->nodes[node->inputs[k]].differentiated;
        plan->nodes[i].differentiated = wanted;
    }
    for (size_t i = plan->node_count; i-- > 0;) {
        bool reaches = is_output(plan, i);
        for (size_t j = i + 1; !reaches && j < plan->node_count; j++)
            for (size_t k = 0; k < model->nodes[j].input_count; k++)
                reaches = reaches || (model->nodes[j].inputs[k] == i && plan->nodes[j].differentiated);
        plan->nodes[i].differentiated = plan->nodes[i].differentiated && reaches;
    }
}

/* ---- Binding ---- */

static size_t consumer_count(const stria_plan *plan, size_t node)
{
    size_t count = 0;
    for (size_t j = node + 1; j < plan->node_count; j++)
        for (size_t k = 0; plan->nodes[j].used && k < plan->model->nodes[j].input_count; k++)
            count += plan->model->nodes[j].inputs[k] == node;
    return count;
}

/* Makes the entries of the first axis samples, for a layer that is distributed over them. */
static stria_status wrap_node(stria_plan *plan, size_t index, stria_error *err)
{
    const stria_node *node = &plan->model->nodes[index];
    stria_plan_node *p = &plan->nodes[index];
    p->entries = 1;
    if (node->wrapper != STRIA_TIME_DISTRIBUTED)
        return STRIA_OK;
    p->entries = (size_t)stria_wrapper_entry(&plan->nodes[node->inputs[0]].shape, &p->entry_input);
    stria_wrapper_entry(&p->shape, &p->entry);
    p->call.input_shapes[0] = &p->entry_input;
    p->call.output_shape = &p->entry;
    if (!stria_size_multiply(plan->batch, p->entries, &p->call.batch))
        return stria_fail(err, STRIA_ERROR_LIMIT, "a batch of %zu does not fit in memory", plan->batch);
    return STRIA_OK;
}

/* Floats that one step of the power iteration needs. */
static size_t spectral_room(const stria_node *node)
{
    const stria_shape *kernel = &node->facts.params[stria_spectral_kernel(&node->facts)].shape;
    size_t columns = (size_t)kernel->sizes[kernel->rank - 1];
    return (size_t)stria_shape_elements(kernel) / columns + 2 * columns;
}

static stria_status bind_node(stria_plan *plan, size_t index, stria_error *err)
{
    const stria_node *node = &plan->model->nodes[index];
    stria_plan_node *p = &plan->nodes[index];
    stria_layer_call *call = &p->call;
    call->config = node->config;
    call->kernels = plan->context->kernels;
    call->pool = plan->context->pool;
    call->training = plan->training;
    call->differentiates = plan->differentiates;
    call->statistics_off = plan->model->nodes[node->owner].frozen;
    call->algorithm = plan->algorithm;
    call->batch = plan->batch;
    call->random =
        (stria_random_key){.seed = plan->seed, .purpose = STRIA_RANDOM_DROPOUT, .layer = (uint32_t)index};
    call->input_count = node->input_count;
    for (size_t k = 0; k < node->input_count; k++) {
        call->input_shapes[k] = &plan->nodes[node->inputs[k]].shape;
        call->wants_dinput = call->wants_dinput || plan->nodes[node->inputs[k]].differentiated;
    }
    call->wants_dinput = call->wants_dinput && p->differentiated;
    call->output_shape = &p->shape;
    STRIA_TRY(wrap_node(plan, index, err));
    if (node->kind->state_size > 0) {
        call->state = stria_arena_allocate(&plan->arena, node->kind->state_size);
        if (call->state == NULL)
            return stria_fail_memory(err, node->kind->state_size);
    }
    const char *left_out = stria_activation_text((size_t)stria_model_last_activation(plan->model));
    if (plan->training && call->raw_output && stria_node_has_penalty(node))
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "layer '%s': the %s is joined with the loss, so that there is no output to put "
                          "activity_regularizer on; put the %s on a line of its own",
                          node->name, left_out, left_out);
    node->kind->bind(call, &p->needs);
    if (node->wrapper == STRIA_SPECTRAL_NORMALIZATION && plan->training)
        p->needs.scratch = stria_size_max(p->needs.scratch, spectral_room(node));
    if (plan->training && stria_node_has_penalty(node))
        p->needs.backward_keeps_dy = false; /* the penalty's derivative is added to it */
    if (p->host != index)
        p->needs = (stria_layer_needs){.view = true, .kernel = p->in_host};
    p->view = p->needs.view;
    size_t behind = p->host != index ? p->host : p->view ? node->inputs[0] : index;
    p->root = behind != index ? plan->nodes[behind].root : index;
    p->external = behind != index ? plan->nodes[behind].external : -1;
    for (size_t i = 0; i < plan->model->input_count; i++)
        if (plan->model->inputs[i] == index)
            p->external = (int)i;
    return STRIA_OK;
}

/* ---- Buffers and their lifetimes ---- */

static stria_status add_buffer(stria_plan *plan, size_t elements, size_t samples, size_t first, size_t last,
                               size_t *buffer, stria_error *err)
{
    size_t size;
    if (!stria_size_multiply(elements, sizeof(float), &size) || !stria_size_multiply(size, samples, &size))
        return stria_fail(err, STRIA_ERROR_LIMIT, "a batch of %zu does not fit in memory", plan->batch);
    if (!stria_grow(&plan->context->allocator, (void **)&plan->buffers, &plan->buffer_capacity,
                    plan->buffer_count + 1, sizeof *plan->buffers))
        return stria_fail_memory(err, sizeof *plan->buffers);
    *buffer = plan->buffer_count;
    plan->buffers[plan->buffer_count++] = (stria_buffer){.size = size, .first = first, .last = last};
    return STRIA_OK;
}

static void live_until(stria_plan *plan, size_t buffer, size_t time)
{
    if (buffer != STRIA_NO_BUFFER && plan->buffers[buffer].last < time)
        plan->buffers[buffer].last = time;
}

static void live_from(stria_plan *plan, size_t buffer, size_t time)
{
    if (buffer != STRIA_NO_BUFFER && plan->buffers[buffer].first > time)
        plan->buffers[buffer].first = time;
}

/* Whether a host can write its output over the residual that it adds: nobody else reads that from then on. */
static bool replaces_residual(const stria_plan *plan, size_t host)
{
    const stria_model *model = plan->model;
    size_t residual = plan->nodes[host].residual;
    if (residual == STRIA_NO_NODE || plan->nodes[residual].external >= 0)
        return false;
    size_t root = plan->nodes[residual].root;
    if (plan->nodes[root].grouped != plan->nodes[host].grouped ||
        (plan->nodes[root].grouped && plan->nodes[root].pass != plan->nodes[host].pass))
        return false;
    for (size_t j = 0; j < plan->node_count; j++) {
        const stria_plan_node *p = &plan->nodes[j];
        if (p->used && p->root == root && (p->kept || is_output(plan, j)))
            return false;
        for (size_t k = 0; p->used && k < model->nodes[j].input_count; k++) {
            size_t input = model->nodes[j].inputs[k];
            bool is_sum =
                p->host == host && input == residual && model->nodes[j].kind->part == STRIA_PART_SUM;
            if (plan->nodes[input].root == root && !is_sum && p->host >= host)
                return false;
        }
    }
    return true;
}

/* Values: alive from their own step to the last that reads them, in forward or backward. */
static stria_status plan_values(stria_plan *plan, stria_error *err)
{
    const stria_model *model = plan->model;
    size_t n = plan->node_count, end = 2 * n + 1;
    for (size_t i = 0; i < n; i++) {
        stria_plan_node *p = &plan->nodes[i];
        p->value = p->gradient = p->saved = p->kept_gradient = STRIA_NO_BUFFER;
        if (!p->used)
            continue;
        const stria_plan_pass *pass = &plan->passes[plan->nodes[p->host].pass];
        if (replaces_residual(plan, i))
            p->value = plan->nodes[plan->nodes[p->residual].root].value;
        else if (!p->view && p->external < 0)
            STRIA_TRY(
                add_buffer(plan, p->elements, p->grouped ? pass->group : plan->batch, i, i, &p->value, err));
        /* A pass comes back to what is there for the whole batch. */
        const bool returns = pass->group < plan->batch;
        if (returns && !p->grouped && !p->view)
            live_from(plan, p->value, pass->first);
        if (p->needs.saved > 0) {
            STRIA_TRY(add_buffer(plan, 1, 1, i, 2 * n - i, &p->saved, err));
            plan->buffers[p->saved].size = p->needs.saved;
        }
        for (size_t k = 0; k < model->nodes[i].input_count; k++) {
            const stria_plan_node *root = &plan->nodes[plan->nodes[model->nodes[i].inputs[k]].root];
            size_t read = returns && !root->grouped ? pass->last : p->host;
            live_until(plan, root->value,
                       p->differentiated && p->needs.backward_reads_input ? 2 * n - i : read);
        }
        size_t own = plan->nodes[p->root].value;
        if (p->differentiated && p->needs.backward_reads_output)
            live_until(plan, own, 2 * n - i);
        if (p->kept || is_output(plan, i))
            live_until(plan, own, end);
    }
    return STRIA_OK;
}

/* Whether a view's gradient can be its input's: nothing else adds to that. */
static bool shares_gradient(const stria_plan *plan, size_t index)
{
    size_t input = plan->model->nodes[index].inputs[0];
    return plan->nodes[index].view && plan->nodes[input].differentiated && consumer_count(plan, input) == 1 &&
           !is_output(plan, input);
}

/* The node that reads a node's gradient: itself, or behind views that share it. */
static size_t behind_shared(const stria_plan *plan, size_t node)
{
    while (shares_gradient(plan, node))
        node = plan->model->nodes[node].inputs[0];
    return node;
}

/* Whether nothing has been written to the gradient of input k of a sum when the sum goes back, so that it may
 * become the sum's. */
static bool can_share_sum(const stria_plan *plan, size_t sum, size_t k)
{
    const stria_node *node = &plan->model->nodes[sum];
    size_t gradient = plan->nodes[node->inputs[k]].gradient;
    size_t times = 0;
    for (size_t j = 0; j < node->input_count; j++)
        times += node->inputs[j] == node->inputs[k];
    return plan->nodes[node->inputs[k]].differentiated && times == 1 &&
           plan->nodes[node->inputs[k]].elements == plan->nodes[sum].elements &&
           !is_output(plan, node->inputs[k]) &&
           (gradient == STRIA_NO_BUFFER || gradient == plan->nodes[sum].gradient);
}

/* Whether two inputs of a sum can have the same gradient: the later one is done with it, and has left it as
 * it was, before anything is added to the earlier one's or that one goes back itself. */
static bool can_share_both(const stria_plan *plan, size_t sum, size_t earlier, size_t later)
{
    const stria_model *model = plan->model;
    if (consumer_count(plan, later) != 1)
        return false;
    later = behind_shared(plan, later);
    if (later <= earlier || !plan->nodes[later].needs.backward_keeps_dy)
        return false;
    for (size_t j = later; j < plan->node_count; j++)
        for (size_t k = 0; plan->nodes[j].used && k < model->nodes[j].input_count; k++)
            if (model->nodes[j].inputs[k] == earlier && j != sum)
                return false;
    return true;
}

/* Whether input k of a sum has the sum's gradient as its own: the earliest input that can, and of two inputs
 * the other too, which then borrows it, when they do not disturb each other. */
static bool shares_sum(const stria_plan *plan, size_t sum, size_t k, bool *borrows)
{
    const stria_node *node = &plan->model->nodes[sum];
    if (plan->separate || node->kind->part != STRIA_PART_SUM || !can_share_sum(plan, sum, k))
        return false;
    *borrows = false;
    for (size_t j = 0; j < node->input_count; j++) {
        bool before = node->inputs[j] < node->inputs[k] && can_share_sum(plan, sum, j);
        if (before &&
            (node->input_count != 2 || !can_share_both(plan, sum, node->inputs[j], node->inputs[k])))
            return false;
        *borrows = *borrows || before;
    }
    return true;
}

/* Whether a node's backward can write its input's gradient over its own, which nobody else needs. */
static bool goes_back_in_place(const stria_plan *plan, size_t index)
{
    const stria_plan_node *p = &plan->nodes[index];
    size_t input = plan->model->nodes[index].inputs[0];
    return p->needs.backward_in_place && !p->gradient_borrowed && !plan->separate &&
           !is_output(plan, index) && !is_output(plan, input) &&
           plan->nodes[input].gradient == STRIA_NO_BUFFER;
}

/* Gradients: alive from the first backward step that writes them to the node's own. The first consumer to run
 * backward, which is the last in forward order, writes; the others add, themselves or by a temporary. The
 * gradient of an output is written by the loss, so there every consumer adds. */
static stria_status plan_gradients(stria_plan *plan, stria_error *err)
{
    const stria_model *model = plan->model;
    size_t n = plan->node_count, end = 2 * n + 1;
    for (size_t i = n; i-- > 0;) {
        stria_plan_node *p = &plan->nodes[i];
        const stria_node *node = &model->nodes[i];
        for (size_t k = 0; k < STRIA_MAX_INPUTS; k++)
            p->routes[k] = (stria_gradient_route){STRIA_NO_BUFFER, NULL};
        if (!p->differentiated)
            continue;
        /* Consumers have made the buffer already, unless this is an output that nothing consumes. */
        if (p->gradient == STRIA_NO_BUFFER)
            STRIA_TRY(add_buffer(plan, p->elements, plan->batch, n, 2 * n - i, &p->gradient, err));
        live_until(plan, p->gradient, node->kind->max_inputs == 0 ? end : 2 * n - i);
        if (!plan->training && p->kept && node->kind->max_inputs > 0)
            STRIA_TRY(add_buffer(plan, p->elements, plan->batch, 2 * n - i, end, &p->kept_gradient, err));
        p->gradient_shared = node->input_count > 0 && shares_gradient(plan, i);
        for (size_t k = 0; k < node->input_count; k++) {
            stria_plan_node *input = &plan->nodes[node->inputs[k]];
            if (!input->differentiated)
                continue;
            if (p->gradient_shared) {
                input->gradient = p->gradient;
                continue;
            }
            bool borrows = false;
            if (shares_sum(plan, i, k, &borrows) || (k == 0 && goes_back_in_place(plan, i))) {
                input->gradient = p->gradient;
                plan->nodes[behind_shared(plan, node->inputs[k])].gradient_borrowed |= borrows;
                continue;
            }
            bool first = input->gradient == STRIA_NO_BUFFER;
            if (first)
                STRIA_TRY(add_buffer(plan, input->elements, plan->batch, 2 * n - i, 2 * n - i,
                                     &input->gradient, err));
            if (first && is_output(plan, node->inputs[k]))
                live_from(plan, input->gradient, n);
            bool adds = !first || is_output(plan, node->inputs[k]);
            p->call.adds_dinput[k] = adds && p->needs.backward_adds && !plan->separate;
            if (adds && !p->call.adds_dinput[k])
                STRIA_TRY(add_buffer(plan, input->elements, plan->batch, 2 * n - i, 2 * n - i,
                                     &p->routes[k].buffer, err));
        }
    }
    return STRIA_OK;
}

/* Whether only the step of an output reads the output's gradient, and nothing writes to it. */
static bool reads_callers_gradient(const stria_plan *plan, size_t output)
{
    const stria_plan_node *p = &plan->nodes[output];
    if (!p->differentiated || p->view || p->host != output || !p->needs.backward_keeps_dy)
        return false;
    for (size_t i = 0; i < plan->node_count; i++)
        if (i != output && plan->nodes[i].differentiated && plan->nodes[i].gradient == p->gradient)
            return false;
    return consumer_count(plan, output) == 0;
}

/* ---- Memory ---- */

static stria_status allocate_block(stria_plan *plan, size_t floats, float **block, stria_error *err)
{
    *block = stria_allocate_floats(&plan->context->allocator, floats);
    return *block != NULL ? STRIA_OK : stria_fail_memory(err, floats * sizeof(float));
}

/* Whether a node's gradients are added to those of a later use of the same parameters, which goes back first
 * and overwrites. */
static bool is_used_later(const stria_plan *plan, size_t index)
{
    const stria_model *model = plan->model;
    size_t owner = model->nodes[index].owner;
    for (size_t j = index + 1; model->nodes[owner].shared && j < plan->node_count; j++)
        if (model->nodes[j].owner == owner && plan->nodes[j].differentiated)
            return true;
    return false;
}

/* Floats for the gradients of all of a layer's parameters, one behind the other. */
static size_t gradient_room(const stria_model *model, const stria_node *node)
{
    size_t room = 0;
    for (size_t q = 0; q < node->facts.param_count; q++)
        room += stria_size_round_up(model->tensors[node->first_tensor + q].count, 16);
    return room;
}

static stria_status allocate_memory(stria_plan *plan, stria_error *err)
{
    size_t total, lower_bound, packed = 0, scratch = 0, shared = 0;
    if (!stria_arena_plan(plan->buffers, plan->buffer_count, &plan->context->allocator, &total, &lower_bound))
        return stria_fail(err, STRIA_ERROR_MEMORY,
                          "the memory of the plan cannot be laid out for a batch of %zu", plan->batch);
    for (size_t i = 0; i < plan->node_count; i++) {
        stria_plan_node *p = &plan->nodes[i];
        if (!p->used)
            continue;
        p->adds_params = plan->training && p->differentiated && is_used_later(plan, i);
        if (p->adds_params)
            shared = stria_size_max(shared, gradient_room(plan->model, &plan->model->nodes[i]));
        packed += stria_size_round_up(p->needs.packed, 16);
        if (p->needs.scratch > scratch)
            scratch = p->needs.scratch;
    }
    STRIA_TRY(allocate_block(plan, total / sizeof(float), &plan->block, err));
    STRIA_TRY(allocate_block(plan, packed, &plan->packed, err));
    STRIA_TRY(allocate_block(plan, scratch, &plan->scratch, err));
    STRIA_TRY(allocate_block(plan, shared, &plan->shared_gradients, err));
    if (plan->training) {
        STRIA_TRY(allocate_block(plan, plan->model->weight_count, &plan->gradients, err));
        memset(plan->gradients, 0, plan->model->weight_count * sizeof(float));
    }
    plan->memory = (stria_plan_memory){
        .parameters = (plan->model->weight_count + plan->model->statistic_count) * sizeof(float),
        .packed = packed * sizeof(float),
        .gradients = plan->training ? plan->model->weight_count * sizeof(float) : 0,
        .activations = total,
        .scratch = (scratch + shared) * sizeof(float),
        .lower_bound = lower_bound,
    };
    return STRIA_OK;
}

/* Sends the gradients of a use that is not the last to where they are added from. */
static void point_shared(const stria_plan *plan, const stria_node *node, stria_layer_call *call)
{
    size_t at = 0;
    for (size_t q = 0; q < node->facts.param_count; q++) {
        if (call->dparams[q] != NULL)
            call->dparams[q] = plan->shared_gradients + at;
        at += stria_size_round_up(plan->model->tensors[node->first_tensor + q].count, 16);
    }
}

/* Fills in every pointer of a node's call that does not change from run to run. */
static void point_node(stria_plan *plan, size_t index, float **packed)
{
    const stria_model *model = plan->model;
    const stria_node *node = &model->nodes[index];
    stria_plan_node *p = &plan->nodes[index];
    stria_layer_call *call = &p->call;
    size_t value = plan->nodes[p->root].value;
    call->output = value != STRIA_NO_BUFFER ? stria_plan_buffer(plan, value) : NULL;
    call->saved = p->saved != STRIA_NO_BUFFER ? stria_plan_buffer(plan, p->saved) : NULL;
    call->scratch = plan->scratch;
    if (p->needs.packed > 0) {
        call->packed = *packed;
        *packed += stria_size_round_up(p->needs.packed, 16);
    }
    for (size_t k = 0; k < node->input_count; k++) {
        size_t input = plan->nodes[plan->nodes[node->inputs[k]].root].value;
        call->inputs[k] = input != STRIA_NO_BUFFER ? stria_plan_buffer(plan, input) : NULL;
    }
    if (p->residual != STRIA_NO_NODE) {
        size_t residual = plan->nodes[plan->nodes[p->residual].root].value;
        call->taken.residual = residual != STRIA_NO_BUFFER ? stria_plan_buffer(plan, residual) : NULL;
    }
    const size_t own_params = node->facts.param_count - stria_wrapper_params(node->wrapper);
    for (size_t q = 0; q < own_params; q++) {
        const stria_model_tensor_entry *tensor = &model->tensors[node->first_tensor + q];
        call->params[q] = stria_node_param(model, node, q);
        if (plan->training && p->differentiated && stria_tensor_is_trained(model, tensor))
            call->dparams[q] = plan->gradients + tensor->offset;
    }
    if (node->wrapper == STRIA_SPECTRAL_NORMALIZATION && plan->training &&
        !model->nodes[node->owner].frozen) {
        int kernel = stria_spectral_kernel(&node->facts);
        const stria_shape *u = &node->facts.params[own_params].shape;
        p->kernel = call->params[kernel];
        p->vector_u = stria_node_param(model, node, own_params);
        p->kernel_rows = model->tensors[node->first_tensor + (size_t)kernel].count / (size_t)u->sizes[1];
    }
    if (p->adds_params)
        point_shared(plan, node, call);
    if (!p->differentiated)
        return;
    call->dy = stria_plan_buffer(plan, p->gradient);
    for (size_t k = 0; k < node->input_count; k++) {
        const stria_plan_node *input = &plan->nodes[node->inputs[k]];
        if (!input->differentiated)
            continue;
        float *place = stria_plan_buffer(plan, input->gradient);
        bool added = p->routes[k].buffer != STRIA_NO_BUFFER;
        call->dinputs[k] = added ? stria_plan_buffer(plan, p->routes[k].buffer) : place;
        p->routes[k].into = added ? place : NULL;
    }
}

/* ---- Making ---- */

static stria_status check_options(const stria_model *model, const stria_plan_options *options,
                                  stria_error *err)
{
    if (options->batch < 0 || options->batch > INT32_MAX)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch %lld is not from 1 to %d", (long long)options->batch,
                          INT32_MAX);
    if (model->input_count == 0)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the model has no input; add a line such as 'input 28x28x1'");
    if (options->mode != STRIA_MODE_INFERENCE && options->mode != STRIA_MODE_TRAINING &&
        options->mode != STRIA_MODE_GRADIENTS)
        return stria_fail(err, STRIA_ERROR_VALUE, "mode %d is not inference, training or gradients",
                          (int)options->mode);
    return STRIA_OK;
}

static stria_status find_node(const stria_plan *plan, const char *name, const char *purpose, size_t *node,
                              stria_error *err)
{
    const int found = stria_model_find_layer(plan->model, name);
    if (found < 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "the model has no layer '%.200s' to %s", name, purpose);
    *node = (size_t)found;
    return STRIA_OK;
}

/* The nodes that the plan ends at: those asked for, or the model's outputs. */
static stria_status find_outputs(stria_plan *plan, const stria_plan_options *options, stria_error *err)
{
    plan->output_count = options->output_count > 0 ? options->output_count : plan->model->output_count;
    plan->outputs = stria_arena_allocate(&plan->arena, plan->output_count * sizeof *plan->outputs);
    if (plan->outputs == NULL)
        return stria_fail_memory(err, plan->output_count * sizeof *plan->outputs);
    for (size_t i = 0; i < plan->output_count; i++) {
        if (options->output_count > 0)
            STRIA_TRY(find_node(plan, options->outputs[i], "end at", &plan->outputs[i], err));
        else
            plan->outputs[i] = plan->model->outputs[i];
    }
    return STRIA_OK;
}

/* Marks the nodes whose outputs must be readable; everything they depend on is used. */
static stria_status mark_wanted(stria_plan *plan, const stria_plan_options *options, stria_error *err)
{
    bool *wanted = stria_arena_allocate(&plan->arena, plan->node_count * sizeof *wanted);
    if (wanted == NULL)
        return stria_fail_memory(err, plan->node_count);
    STRIA_TRY(find_outputs(plan, options, err));
    for (size_t i = 0; i < plan->output_count; i++)
        wanted[plan->outputs[i]] = true;
    for (size_t i = 0; i < plan->model->input_count; i++)
        wanted[plan->model->inputs[i]] = true;
    for (size_t i = 0; i < options->keep_count; i++) {
        size_t node = 0;
        STRIA_TRY(find_node(plan, options->keep[i], "keep", &node, err));
        wanted[node] = plan->nodes[node].kept = true;
    }
    mark_used(plan, wanted);
    /* The penalty on an output needs that output as it is, when the layer goes back. */
    for (size_t i = 0; i < plan->node_count; i++)
        plan->nodes[i].kept |=
            plan->training && plan->nodes[i].used && stria_node_has_penalty(&plan->model->nodes[i]);
    return STRIA_OK;
}

/* Marks the output whose activation is left out, before the layer in front of it could take it. */
static void mark_raw(stria_plan *plan, int raw_output)
{
    size_t output = plan->model->outputs[0];
    stria_activation_kind left_out = raw_output == STRIA_RAW_SIGMOID ? STRIA_SIGMOID : STRIA_SOFTMAX;
    plan->nodes[output].call.raw_output = raw_output != STRIA_RAW_NOTHING && is_output(plan, output) &&
                                          consumer_count(plan, output) == 0 &&
                                          stria_model_last_activation(plan->model) == left_out;
}

static stria_status build(stria_plan *plan, const stria_plan_options *options, stria_error *err)
{
    plan->nodes = stria_arena_allocate(&plan->arena, plan->node_count * sizeof *plan->nodes);
    if (plan->nodes == NULL)
        return stria_fail_memory(err, plan->node_count * sizeof *plan->nodes);
    STRIA_TRY(find_shapes(plan, options->input_shapes, err));
    STRIA_TRY(mark_wanted(plan, options, err));
    if (plan->differentiates)
        mark_differentiated(plan);
    mark_raw(plan, options->raw_output);
    STRIA_TRY(stria_plan_fuse(plan, err));
    for (size_t i = 0; i < plan->node_count; i++)
        STRIA_TRY(bind_node(plan, i, err));
    STRIA_TRY(stria_plan_find_passes(plan, err));
    STRIA_TRY(plan_values(plan, err));
    if (plan->differentiates) {
        STRIA_TRY(plan_gradients(plan, err));
        for (size_t i = 0; i < plan->output_count; i++) {
            size_t output = plan->outputs[i];
            plan->nodes[output].gradient_callers = reads_callers_gradient(plan, output);
        }
    }
    STRIA_TRY(allocate_memory(plan, err));
    float *packed = plan->packed;
    for (size_t i = 0; i < plan->node_count; i++)
        if (plan->nodes[i].used)
            point_node(plan, i, &packed);
    if (!plan->training)
        stria_plan_refresh(plan);
    return STRIA_OK;
}

stria_status stria_plan_create(stria_plan **plan, stria_model *model, const stria_plan_options *given,
                               stria_error *err)
{
    stria_plan_options known;
    const stria_plan_options *options = &known;
    STRIA_TRY(stria_options_read(&known, sizeof known, given, "stria_plan_options", err));
    STRIA_TRY(check_options(model, options, err));
    if (!model->materialized)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the model was made without parameters; initialize it first");
    stria_conv_algorithm algorithm;
    STRIA_TRY(
        stria_conv_algorithm_read(options->algorithm, model->context->kernels->algorithm, &algorithm, err));
    stria_plan *p = stria_allocate(&model->context->allocator, sizeof *p);
    if (p == NULL)
        return stria_fail_memory(err, sizeof *p);
    p->context = model->context;
    p->model = model;
    p->arena.allocator = &model->context->allocator;
    p->mode = options->mode;
    p->training = options->mode == STRIA_MODE_TRAINING;
    p->differentiates = p->mode != STRIA_MODE_INFERENCE;
    p->input_gradients = p->differentiates && options->input_gradients;
    p->separate = options->separate_layers != 0;
    p->batch = options->batch == 0 ? 1 : (size_t)options->batch;
    p->seed = options->seed;
    p->algorithm = algorithm;
    p->node_count = model->node_count;
    stria_status status = build(p, options, err);
    if (status != STRIA_OK) {
        stria_plan_free(p);
        return status;
    }
    *plan = p;
    return STRIA_OK;
}

void stria_plan_free(stria_plan *plan)
{
    if (plan == NULL)
        return;
    const stria_allocator *allocator = &plan->context->allocator;
    stria_release(allocator, plan->block);
    stria_release(allocator, plan->packed);
    stria_release(allocator, plan->scratch);
    stria_release(allocator, plan->shared_gradients);
    stria_release(allocator, plan->gradients);
    stria_release(allocator, plan->buffers);
    stria_arena_clear(&plan->arena);
    stria_release(allocator, plan);
}
