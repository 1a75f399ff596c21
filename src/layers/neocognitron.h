/* S-cells as training without labels sees them (train/winner.c): their windows and constants. */
#ifndef STRIA_LAYERS_NEOCOGNITRON_H
#define STRIA_LAYERS_NEOCOGNITRON_H

#include <stdbool.h>

#include "layers/layer.h"

/* A layer of S-cells over an input whose sizes are known. Parameter 0 is the kernel [kh,kw,C,planes], 1 the
 * inhibition [planes]. */
typedef struct stria_s_cells {
    stria_window window;
    size_t channels, planes;
    double learning_selectivity, decay;
    size_t competition; /* side of the squares that have one winner each, odd */
} stria_s_cells;

/* Whether the kind is s_cells; fills *cells. */
bool stria_s_cells_read(const stria_layer_kind *kind, const void *config, const stria_shape *input,
                        stria_s_cells *cells);

#endif
