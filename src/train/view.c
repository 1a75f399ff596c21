/* Views of a data set from inside a model. The data itself needs no plan: a layer at the beginning looks at
 * the batch, and the rest of the network is not computed. */
#include "train/view.h"

#include "base/error.h"

stria_status stria_view_open(stria_view *view, stria_model *model, const stria_dataset *data,
                             const stria_node *node, size_t batch, stria_error *err)
{
    const stria_node *before = &model->nodes[node->inputs[0]];
    *view = (stria_view){.layer = before->name, .shape = *stria_dataset_shape(data)};
    if (before->input_count > 0) {
        const stria_plan_options options = {
            .batch = (int64_t)batch,
            .input_shapes = stria_dataset_shape(data),
            .keep = &view->layer,
            .keep_count = 1,
        };
        STRIA_TRY(stria_plan_create(&view->plan, model, &options, err));
        view->shape = *stria_plan_shape(view->plan, view->layer);
    }
    view->elements = (size_t)stria_shape_elements(&view->shape);
    return STRIA_OK;
}

void stria_view_close(stria_view *view)
{
    stria_plan_free(view->plan);
    *view = (stria_view){0};
}

const float *stria_view_look(const stria_view *view, const stria_batch *batch)
{
    if (view->plan == NULL)
        return batch->x;
    /* Cannot fail: the batch is within what was planned. */
    (void)stria_plan_run(view->plan, &batch->x, (int64_t)batch->count, NULL);
    return stria_plan_value(view->plan, view->layer);
}
