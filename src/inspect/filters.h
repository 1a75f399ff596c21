/* The inside of a layer's filters, for the files that take, show and tune them. */
#ifndef STRIA_INSPECT_FILTERS_H
#define STRIA_INSPECT_FILTERS_H

#include <stdbool.h>

#include <stria/inspect.h>

#include "base/text.h"

struct stria_filters {
    stria_context *context;
    char *layer;
    stria_shape shape; /* [filters, channels, height, width]; the channels with their slices */
    int64_t slices;
    size_t filter_size; /* channels * height * width */
    bool reads_input;   /* its channels are the picture's colours */
    float *values;
    stria_filter_info *infos; /* [filters] */
    double *sorted;           /* [filters], work space */
};

#endif
