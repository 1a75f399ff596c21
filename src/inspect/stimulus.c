/* Choosing what is to be excited. */
#include "inspect/stimulus.h"

#include "base/error.h"
#include "model/model.h"
#include "model/window.h"
#include "tensor/shape.h"

stria_status stria_stimulus_layer(const stria_model *model, const char *wanted, const char **layer,
                                  stria_error *err)
{
    stria_node_window window;
    const int found = wanted != NULL ? stria_model_find_layer(model, wanted) : -1;
    if (wanted != NULL && found < 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "the model has no layer '%.200s'", wanted);
    if (found >= 0) {
        *layer = model->nodes[found].name;
        return STRIA_OK;
    }
    for (size_t i = model->node_count; i-- > 0;) {
        const stria_node *node = &model->nodes[i];
        if ((stria_node_window_of(model, node, &window) && window.weighted) ||
            stria_node_transposed_of(model, node, &window)) {
            *layer = node->name;
            return STRIA_OK;
        }
    }
    return stria_fail(err, STRIA_ERROR_MISSING, "the model has no convolution; name a layer");
}

stria_status stria_stimulus_map(const char *layer, const stria_shape *output, int64_t map, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (output->rank < 1 || output->rank > 4)
        return stria_fail(err, STRIA_ERROR_SHAPE, "the output of layer '%s', %s, is not made of maps", layer,
                          stria_shape_text(output, text, sizeof text));
    const int64_t maps = output->sizes[output->rank - 1];
    if (map < 0 || map >= maps)
        return stria_fail(err, STRIA_ERROR_VALUE, "map %lld is not from 0 to %lld, the last of layer '%s'",
                          (long long)map, (long long)maps - 1, layer);
    return STRIA_OK;
}

stria_status stria_stimulus_tell(stria_stimulus_fn progress, void *payload, size_t done, size_t total,
                                 stria_error *err)
{
    if (progress == NULL || progress((int64_t)done, (int64_t)total, payload) == 0)
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_CANCELLED, "stopped after %zu of %zu", done, total);
}
