/* Grad-CAM (Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via gradient-based
 * localization", ICCV 2017): the maps of a layer, weighted by how much the class's score rises with each of
 * them on the mean. */
#include <string.h>

#include "base/error.h"
#include "inspect/attribution.h"
#include "kernels/resample.h"
#include "model/window.h"
#include "tensor/shape.h"

/* Whether a node is a convolution that gives maps, or may give them when sizes are known. */
static bool gives_maps(const stria_model *model, const stria_node *node, int rank)
{
    stria_node_window window;
    bool convolves = (stria_node_window_of(model, node, &window) && window.weighted) ||
                     stria_node_transposed_of(model, node, &window);
    if (!convolves || node->wrapper == STRIA_TIME_DISTRIBUTED || node->facts.output.rank != rank)
        return false;
    for (int a = 0; a < rank - 1; a++)
        if (node->facts.output.sizes[a] != 1)
            return true;
    return false;
}

stria_status stria_gradcam_layer(stria_subject *subject, const char *wanted, const char **layer,
                                 stria_error *err)
{
    const stria_model *model = subject->model;
    if (wanted != NULL) {
        const int node = stria_model_find_layer(model, wanted);
        if (node < 0)
            return stria_fail(err, STRIA_ERROR_MISSING, "the model has no layer '%.200s'", wanted);
        *layer = model->nodes[node].name;
        return STRIA_OK;
    }
    const int rank = model->nodes[model->inputs[0]].facts.output.rank;
    bool *leads = stria_arena_allocate(&subject->arena, model->node_count * sizeof *leads);
    if (leads == NULL)
        return stria_fail_memory(err, model->node_count * sizeof *leads);
    leads[model->outputs[0]] = true;
    for (size_t i = model->node_count; i-- > 0;) {
        const stria_node *node = &model->nodes[i];
        if (leads[i] && gives_maps(model, node, rank)) {
            *layer = node->name;
            return STRIA_OK;
        }
        for (size_t k = 0; leads[i] && k < node->input_count; k++)
            leads[node->inputs[k]] = true;
    }
    return stria_fail(
        err, STRIA_ERROR_UNSUPPORTED,
        "the model has no convolution whose maps are larger than one number; name a layer whose output "
        "has height and width, or take the saliency");
}

/* Bilinear, from the layer's places to the picture's. */
static stria_status enlarge(stria_subject *subject, stria_attribution *result, stria_error *err)
{
    const size_t height = (size_t)result->map_height, width = (size_t)result->map_width;
    const stria_resample resample = {
        .axes = {{height, subject->height, height, 0}, {width, subject->width, width, 0}},
        .channels = 1,
        .interpolation = STRIA_BILINEAR};
    stria_pool *pool = subject->model->context->pool;
    float *table, *scratch;
    STRIA_TRY(stria_subject_floats(subject, stria_resample_table_size(&resample), 1, &table, err));
    STRIA_TRY(stria_subject_floats(subject, stria_resample_scratch(&resample, stria_pool_workers(pool)), 1,
                                   &scratch, err));
    stria_resample_fill_table(&resample, table);
    stria_resample_forward(&resample, table, 1, result->map, result->full, scratch, pool);
    return STRIA_OK;
}

/* With Z places: weight[k] = 1/Z sum over places of dS/dA[place,k]; map = relu(sum over k of weight[k]
 * A[place,k]). */
stria_status stria_attribute_gradcam(stria_subject *subject, const stria_attribution_options *options,
                                     stria_attribution *result, stria_error *err)
{
    (void)options;
    char text[STRIA_SHAPE_TEXT_SIZE];
    const stria_shape *shape = stria_plan_shape(subject->plan, result->layer);
    const int rank = stria_model_input_shape(subject->model, 0)->rank;
    if (shape->rank != rank)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "layer '%s' gives %s and no maps of a picture; name one before it that has height and width",
            result->layer, stria_shape_text(shape, text, sizeof text));
    const size_t height = rank == 3 ? (size_t)shape->sizes[0] : 1;
    const size_t width = (size_t)shape->sizes[rank - 2], maps = (size_t)shape->sizes[rank - 1];
    double *weight;
    STRIA_TRY(stria_attribution_maps(subject, result, height, width, err));
    STRIA_TRY(stria_subject_doubles(subject, maps, &weight, err));
    STRIA_TRY(stria_subject_back(subject, err));
    const float *value = stria_plan_value(subject->plan, result->layer); /* [height, width, maps] */
    const float *gradient = stria_plan_value_gradient(subject->plan, result->layer); /* the same */
    if (gradient == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "the output does not depend on layer '%s'", result->layer);
    for (size_t i = 0; i < height * width * maps; i++)
        weight[i % maps] += (double)gradient[i];
    for (size_t p = 0; p < height * width; p++) {
        double sum = 0;
        for (size_t k = 0; k < maps; k++)
            sum += weight[k] * (double)value[p * maps + k];
        sum /= (double)(height * width);
        result->map[p] = sum > 0 || sum != sum ? (float)sum : 0.0F;
    }
    return enlarge(subject, result, err);
}
