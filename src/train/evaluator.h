/* Running a model over a stretch of samples: the work behind evaluation and validation. */
#ifndef STRIA_TRAIN_EVALUATOR_H
#define STRIA_TRAIN_EVALUATOR_H

#include "data/dataset.h"
#include "train/fitting.h"
#include "train/loss.h"
#include "train/worst.h"

typedef struct stria_evaluator {
    stria_context *context;
    const stria_model *model;
    stria_plan *plan;
    stria_loader *loader;
    stria_loss loss; /* resolved */
    bool has_labels;
    stria_output_view output;
    const uint32_t *order; /* NULL: the data's own */
    size_t first, end;     /* samples order[first..end) of the part */
    size_t seen;           /* of them in the last run: without those left out */
    double *losses;        /* [batch] */
    const char **kept;     /* names of layers whose outputs have a penalty */
    size_t kept_count;
    stria_worst *worst; /* told of every sample; NULL: nobody is */
} stria_evaluator;

/* For samples order[first..end) of `part` (NULL: first, first + 1 ...), which there must be, in batches of
 * `batch`. Model, data, preprocessing and order must outlive it. Errors: SHAPE, UNSUPPORTED, VALUE, MEMORY.
 */
stria_status stria_evaluator_create(stria_evaluator **evaluator, stria_model *model,
                                    const stria_dataset *data, stria_part part, const char *preprocessing,
                                    const uint32_t *order, size_t first, size_t end, size_t batch,
                                    const stria_loss *loss, stria_error *err);
/* NULL is allowed. */
void stria_evaluator_free(stria_evaluator *evaluator);

/* Computes the mean loss, penalties of regularizers included, and the accuracy, -1 where the loss has none
 * (stria_loss_marks), with the model's parameters as they are now. `confusion` [classes, classes] of
 * stria_loss_classes, unless NULL, is added to. `cancelled` (may be NULL) is asked after every batch; *ended
 * is whether the end was reached. When a loss is not finite the context's log is told, once, which layer's
 * output was the first. Errors: as stria_loader_next; VALUE when every sample was left out. */
stria_status stria_evaluator_run(stria_evaluator *evaluator, double *loss, double *accuracy,
                                 int64_t *confusion, int (*cancelled)(void *payload), void *payload,
                                 bool *ended, stria_error *err);

#endif
