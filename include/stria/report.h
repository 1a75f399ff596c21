/* Reports: one page of HTML about a model and its training, to be read, kept, sent and printed. */
#ifndef STRIA_REPORT_H
#define STRIA_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero (NULL) means the defaults. Texts are read during the call only. */
typedef struct stria_report_options {
    size_t struct_size;
    const char *title;         /* NULL: "Report on NAME" */
    const char *name;          /* what the model is called, "lenet5.safetensors"; NULL: "the model" */
    const stria_dataset *data; /* NULL: sections that need data say how to get them */
    const char *data_name;     /* what the data is called; NULL: "the data" */
    stria_part part;           /* of the data; a part that is not there is replaced by the other */
    int64_t batch;             /* samples computed at a time in evaluation; 0: 256 */
    const char *loss;          /* as in stria_evaluate */
    int64_t mistakes;          /* how many of the worst mistakes are shown; 0: 24; -1: none; at most 500 */
    int64_t samples;           /* for how many samples feature maps are shown; 0: 2; -1: none; at most 20 */
} stria_report_options;

/* Writes the page to `path`, whole or not at all: the layers and the graph of `model`, the curves of its training (from
 * the history in its metadata), confusion matrix and the figures of every class, the worst mistakes, filters before and
 * after training, feature maps, memory, data and the command that trained it. What something is missing for is left out,
 * with a sentence on how to get it. The page loads nothing from elsewhere and runs no script; the same model, data,
 * options, instruction set and threads give the same bytes. The parameters of `model` are read only.
 * Errors: VALUE for an option, SHAPE and UNSUPPORTED (model and data do not fit), NOT_BUILT (without libpng), IO, MEMORY. */
STRIA_API stria_status stria_report_write(stria_model *model, const char *path, const stria_report_options *options,
                                          stria_error *err);

#ifdef __cplusplus
}
#endif

#endif
