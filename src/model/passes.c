/* Which steps of an inference plan run over and over for a few samples at a time. Layer by layer over a large
 * batch, every output would leave the second cache before the next layer reads it. Where a step's tensors for
 * the batch do not fit there, it and its neighbours run as one pass: first all of them for the first group of
 * samples, then for the next. What only they read needs memory for one group. No result depends on it: every
 * layer computes each sample of an inference by itself. */
#include "base/error.h"
#include "model/plan_inside.h"

/* Of the tensors that a step reads and writes, for one group and worker. About half of a second cache, of
 * which every worker is taken to have one. */
#define PASS_BYTES ((size_t)1 << 20)

static bool is_step(const stria_plan_node *p)
{
    return p->used && !p->view && p->external < 0;
}

/* Samples for which a step's tensors fit; the whole batch where they do anyway, and where the weights, which
 * are read for every group, are as much as what is saved. */
static size_t group_of(const stria_plan *plan, size_t index)
{
    const stria_node *node = &plan->model->nodes[index];
    const stria_plan_node *p = &plan->nodes[index];
    size_t bytes = p->elements * (p->residual != STRIA_NO_NODE ? 2 : 1);
    for (size_t k = 0; k < node->input_count; k++)
        bytes += plan->nodes[node->inputs[k]].elements;
    bytes *= sizeof(float);
    size_t room = PASS_BYTES * stria_pool_workers(plan->context->pool);
    if (bytes <= room / plan->batch)
        return plan->batch;
    size_t group = bytes < room ? room / bytes : 1;
    return 2 * p->needs.packed * sizeof(float) > group * bytes ? plan->batch : group;
}

/* Adds a pass, or makes the last one longer when both take the whole batch. */
static void add_pass(stria_plan *plan, size_t last, size_t group)
{
    stria_plan_pass *before = plan->pass_count > 0 ? &plan->passes[plan->pass_count - 1] : NULL;
    if (before != NULL && before->group == plan->batch && group == plan->batch) {
        before->last = last;
        return;
    }
    size_t first = before != NULL ? before->last + 1 : 0;
    plan->passes[plan->pass_count++] = (stria_plan_pass){first, last, group};
}

/* Steps from `first` on whose groups are alike run as one pass; a single one gains nothing. */
static size_t find_pass(stria_plan *plan, size_t first)
{
    size_t group = plan->batch, largest = 0, steps = 0, last = first;
    for (size_t i = first; i < plan->node_count; last = i++) {
        if (!is_step(&plan->nodes[i]))
            continue;
        size_t own = group_of(plan, i);
        size_t smaller = own < group ? own : group, larger = own > largest ? own : largest;
        if (own == plan->batch ? steps > 0 : steps > 0 && larger > 2 * smaller)
            break;
        steps++;
        if (own == plan->batch) {
            last = i;
            break;
        }
        group = smaller;
        largest = larger;
    }
    add_pass(plan, last, steps > 1 ? group : plan->batch);
    return last + 1;
}

/* Whether a node's output is read within its own pass only. */
static bool stays_in_pass(const stria_plan *plan, size_t root)
{
    const stria_model *model = plan->model;
    const stria_plan_pass *pass = &plan->passes[plan->nodes[root].pass];
    for (size_t j = 0; j < plan->node_count; j++) {
        const stria_plan_node *p = &plan->nodes[j];
        if (!p->used)
            continue;
        if (p->root == root) {
            if (p->kept)
                return false;
            for (size_t o = 0; o < plan->output_count; o++)
                if (plan->outputs[o] == j)
                    return false;
        }
        for (size_t k = 0; k < model->nodes[j].input_count; k++)
            if (plan->nodes[model->nodes[j].inputs[k]].root == root && p->host > pass->last)
                return false;
    }
    return true;
}

stria_status stria_plan_find_passes(stria_plan *plan, stria_error *err)
{
    size_t n = plan->node_count;
    plan->passes = stria_arena_allocate(&plan->arena, n * sizeof *plan->passes);
    if (plan->passes == NULL)
        return stria_fail_memory(err, n * sizeof *plan->passes);
    if (plan->differentiates || plan->separate)
        add_pass(plan, n - 1, plan->batch);
    else
        for (size_t i = 0; i < n; i = find_pass(plan, i))
            continue;
    for (size_t q = 0; q < plan->pass_count; q++)
        for (size_t i = plan->passes[q].first; i <= plan->passes[q].last; i++)
            plan->nodes[i].pass = q;
    for (size_t i = 0; i < n; i++) {
        stria_plan_node *p = &plan->nodes[i];
        p->grouped = is_step(p) && plan->passes[p->pass].group < plan->batch && stays_in_pass(plan, i);
    }
    return STRIA_OK;
}
