/* What regularizers add to the loss and its gradient, and what constraints do to the weights. Frozen
 * parameters are left out of both, as in Keras; outputs count whether their layer is frozen or not. */
#include "model/penalty.h"

#include "layers/constraints.h"
#include "layers/regularizers.h"
#include "model/plan_inside.h"

double stria_model_penalty(const stria_model *model, float *gradients)
{
    double sum = 0;
    for (size_t i = 0; i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        const stria_node *node = &model->nodes[tensor->node];
        const stria_regularizer *regularizer = &node->facts.params[tensor->param].regularizer;
        if (regularizer->kind == STRIA_REGULARIZER_NONE || !stria_tensor_is_trained(model, tensor))
            continue;
        sum += stria_regularize(regularizer, &tensor->shape, model->weights + tensor->offset, 1,
                                gradients != NULL ? gradients + tensor->offset : NULL);
    }
    return sum;
}

void stria_model_constrain(stria_model *model)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        const stria_node *node = &model->nodes[tensor->node];
        const stria_constraint *constraint = &node->facts.params[tensor->param].constraint;
        if (constraint->kind != STRIA_CONSTRAINT_NONE && stria_tensor_is_trained(model, tensor))
            stria_constrain(constraint, &tensor->shape, model->weights + tensor->offset);
    }
}

bool stria_node_has_penalty(const stria_node *node)
{
    return node->facts.activity_regularizer.kind != STRIA_REGULARIZER_NONE;
}

double stria_plan_node_penalty(const stria_plan *plan, size_t index, float *gradient)
{
    const stria_plan_node *p = &plan->nodes[index];
    const stria_regularizer *regularizer = &plan->model->nodes[index].facts.activity_regularizer;
    stria_shape shape = {.rank = p->shape.rank + 1, .sizes = {(int64_t)plan->last_batch}};
    for (int a = 0; a < p->shape.rank; a++)
        shape.sizes[a + 1] = p->shape.sizes[a];
    return stria_regularize(regularizer, &shape, p->call.output, 1 / (double)plan->last_batch, gradient);
}

double stria_plan_penalty(const stria_plan *plan)
{
    double sum = 0;
    for (size_t i = 0; i < plan->node_count; i++)
        if (plan->nodes[i].used && stria_node_has_penalty(&plan->model->nodes[i]))
            sum += stria_plan_node_penalty(plan, i, NULL);
    return sum;
}
