/* Comparing the shapes of model and data. Messages say both and what would help. */
#include "train/fitting.h"

#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "tensor/shape.h"

static bool input_takes(const stria_shape *input, const stria_shape *sample)
{
    if (input->rank != sample->rank)
        return false;
    for (int i = 0; i < input->rank; i++)
        if (input->sizes[i] != STRIA_ANY_SIZE && input->sizes[i] != sample->sizes[i])
            return false;
    return true;
}

stria_status stria_check_input(const stria_model *model, const stria_dataset *data, stria_error *err)
{
    const size_t inputs = stria_model_input_count(model), outputs = stria_model_output_count(model);
    if (inputs != 1 || outputs != 1)
        return stria_fail(
            err, STRIA_ERROR_UNSUPPORTED,
            "data sets go with models of one input and one output, and the model has %zu and %zu", inputs,
            outputs);
    const stria_shape *input = stria_model_input_shape(model, 0), *sample = stria_dataset_shape(data);
    if (!input_takes(input, sample)) {
        char wanted[STRIA_SHAPE_TEXT_SIZE], given[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "the data's samples are %s and the model's input is %s: the line 'input %s' would take them",
            stria_shape_text(sample, given, sizeof(given)), stria_shape_text(input, wanted, sizeof(wanted)),
            given);
    }
    return STRIA_OK;
}

stria_output_view stria_planned_output(const stria_model *model, const stria_plan *plan)
{
    stria_output_view view = {.name = stria_model_output_name(model, 0)};
    view.shape = stria_plan_shape(plan, view.name);
    const size_t count = (size_t)stria_shape_elements(view.shape);
    view.columns = view.shape->rank > 0 ? (size_t)view.shape->sizes[view.shape->rank - 1] : 1;
    view.rows = count / view.columns;
    return view;
}

stria_status stria_check_output(const stria_output_view *output, const stria_dataset *data,
                                const stria_loss *loss, stria_error *err)
{
    char given[STRIA_SHAPE_TEXT_SIZE], wanted[STRIA_SHAPE_TEXT_SIZE];
    stria_shape_text(output->shape, given, sizeof(given));
    const size_t classes = stria_dataset_class_count(data);
    if (classes == 0) {
        const stria_shape *target = stria_dataset_target_shape(data);
        if (!stria_shape_equal(target, output->shape))
            return stria_fail(err, STRIA_ERROR_SHAPE,
                              "the data's targets are %s and the model's output '%s' is %s",
                              stria_shape_text(target, wanted, sizeof(wanted)), output->name, given);
        return STRIA_OK;
    }
    if (output->rows != 1 || output->shape->rank != 1)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "the data has one label for a sample and the model's output '%s' is %s: it must be one row "
            "of classes, as from 'flatten' or 'global_avgpool2d' and then 'dense %zu softmax'",
            output->name, given, classes);
    if (stria_loss_classes(loss, output->columns) < classes)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "the data has %zu classes and the model's output '%s' has %zu: 'dense %zu softmax' at its "
            "end would fit%s",
            classes, output->name, output->columns, classes,
            output->columns == 1 && classes == 2 ? ", or the loss 'binary_crossentropy'" : "");
    return STRIA_OK;
}

stria_status stria_take_classes(stria_model *model, const stria_dataset *data, size_t known, stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    const size_t classes = stria_dataset_class_count(data);
    if (classes == 0 || classes != known) {
        if (classes > 0)
            stria_log(model->context, STRIA_LOG_WARNING,
                      "the data has %zu classes, the model's output '%s' has %zu", classes,
                      stria_model_output_name(model, 0), known);
        return STRIA_OK;
    }
    const char **names = stria_allocate_array(allocator, classes, sizeof(*names));
    if (names == NULL)
        return stria_fail_memory(err, classes * sizeof(*names));
    for (size_t c = 0; c < classes; c++)
        names[c] = stria_dataset_class_name(data, c);
    const stria_status status = stria_model_set_classes(model, names, classes, err);
    stria_release(allocator, (void *)names);
    return status;
}
