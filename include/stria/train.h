/* Training, evaluation and prediction. */
#ifndef STRIA_TRAIN_H
#define STRIA_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/layers.h>
#include <stria/model.h>
#include <stria/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Fitting a model to a data set ---- */

/* What happened in one epoch. Losses and accuracies are means over the samples; accuracy is -1 for data without labels,
 * unless the loss is a binary cross-entropy (every output that is above a half or not as its target is 1 or 0), val_* are NaN without validation data. */
typedef struct stria_epoch {
    int epoch;  /* from 1 */
    int epochs; /* planned */
    double loss, accuracy;
    double val_loss, val_accuracy;
    double learning_rate; /* of the epoch's last step */
    double seconds;       /* of this epoch, in this process */
    int is_best;          /* 1 when the monitored figure improved */
} stria_epoch;

/* Where training is, within an epoch. */
typedef struct stria_progress {
    int epoch, epochs;         /* epoch from 1 */
    int64_t step, steps;       /* steps done of this epoch */
    double loss, accuracy;     /* running means of this epoch */
    double samples_per_second; /* since this process began the epoch */
} stria_progress;

typedef void (*stria_epoch_fn)(const stria_epoch *epoch, void *payload);
typedef void (*stria_progress_fn)(const stria_progress *progress, void *payload);

/* All zero (NULL) means the defaults. Texts are read during the call only. */
typedef struct stria_train_options {
    size_t struct_size;
    int epochs;             /* 0: 10 */
    int64_t batch;          /* 0: 64 */
    const char *optimizer;  /* one of stria_train_choice("optimizer", ...) with arguments, "sgd momentum=0.9 nesterov";
                               all take weight_decay and one of clipnorm, clipvalue, global_clipnorm; NULL: adam */
    double learning_rate;   /* 0: the optimizer's default (sgd 0.01, the others 0.001) */
    const char *schedule;   /* "constant", "cosine", "cosine warmup=1", "step every=3 factor=0.5"; NULL: constant */
    const char *loss;       /* one of stria_train_choice("loss", ...) with arguments, "huber delta=1.5";
                               NULL: binary_crossentropy for models that end in a single sigmoid and for labels of a
                               single output, categorical_crossentropy for other labels and for models that end in a
                               softmax, else mean_squared_error. Cross-entropies have the softmax, or sigmoid, built in:
                               other outputs are taken as what it would get. Labels count as rows with a single 1, for a
                               single output as the 0 or 1 that they are */
    double validation;      /* share of the training part, 0 to below 1, taken from its end, or where `stratified` says
                               so of every class; 0: none */
    int validate_on_test;   /* 1: the test part is the validation data */
    uint64_t seed;          /* of initialisation, shuffling and random layers */
    int keep_parameters;    /* 1: go on from the model's parameters instead of drawing them from `seed` */
    int no_shuffle;         /* 1: samples in the order of the data */
    int patience;           /* stop after so many epochs without a better monitored figure; 0: never */
    int restore_best;       /* 1: end with the best epoch's parameters */
    const char *output;     /* path of the trained model "x.safetensors"; NULL: nothing is written.
                               Checkpoints stand beside it: x.last.safetensors, x.best.safetensors */
    int resume;             /* 1: go on from x.last.safetensors when it is there. The options must be those it was begun
                               with; epochs may be raised unless the schedule depends on them, patience may change */
    const char *log;        /* path of a CSV file with one row for each epoch; NULL: none */
    const char *command;    /* provenance kept in the file; may be NULL */
    stria_epoch_fn on_epoch;
    stria_progress_fn on_progress; /* at most about ten times a second */
    void *payload;
    int (*cancelled)(void *payload); /* asked after every step; non-zero: save the checkpoint and return CANCELLED */
    const char *data_name; /* provenance: what stria_dataset_open opens the data with again; may be NULL */
    const char *class_weight; /* what the loss of the samples of each class is multiplied by: "balanced" (samples over
                                 classes times samples of the class), a number for each class "2,1,1,0.5", or by name,
                                 1 for the others, "cat=2,dog=0.5". Targets are of the class of their largest number.
                                 Validation does not weigh. NULL: all 1 */
    int stratified;         /* 1: the share for validation is drawn by `seed`, and has its share of every class; so it is
                               also, without being asked for, for picture files that stand class by class, as a
                               folder's do, where the end would be one class */
} stria_train_options;

/* How a training ended. */
typedef struct stria_train_result {
    int epochs;        /* epochs done, earlier runs included */
    int best_epoch;    /* from 1; 0 when none ended */
    int stopped_early; /* 1 when patience ran out */
    int resumed;       /* 1 when it went on from a checkpoint */
    stria_epoch last;  /* the last epoch */
    double seconds;    /* in this process */
} stria_train_result;

/* Trains `model` on the training part of `data`. `result` may be NULL. The monitored figure is val_loss, or loss without
 * validation. The same seed, data and options give the same parameters bit for bit, on any number of threads, resumed
 * or not.
 * Errors: VALUE, SHAPE (model and data do not fit: says both), CANCELLED (checkpoint written when there is an output),
 * DIVERGED (names layer, step and epoch; the last good checkpoint stays), BUSY (another training writes the same
 * output), FORMAT (a checkpoint of other training), MISSING (no such folder for the output), IO, MEMORY. A failure before
 * the first step leaves the parameters as they were; after DIVERGED, CANCELLED, or a file that could not be written, the
 * model holds those of the last step. */
STRIA_API stria_status stria_train(stria_model *model, const stria_dataset *data, const stria_train_options *options,
                                   stria_train_result *result, stria_error *err);

/* Checks an optimizer, schedule or loss text without training. Errors: VALUE with the rule. */
STRIA_API stria_status stria_train_options_check(const stria_train_options *options, stria_error *err);

/* The line of help for optimizer, schedule, loss or learning rule `index` of `what` ("optimizer", "schedule", "loss",
 * "learning rule"), NULL past the end. Constant. */
STRIA_API const char *stria_train_choice(const char *what, size_t index);

/* Describes argument `argument` of that choice; 1, or 0 when there is none. Any thread. */
STRIA_API int stria_train_choice_argument(const char *what, size_t index, size_t argument, stria_argument_info *info);

/* ---- What happened in a training ---- */

/* The epochs of the training that a model comes from. Free with stria_history_free. */
typedef struct stria_history {
    stria_epoch *epochs; /* [count]; seconds are NaN: a trained model does not depend on how fast it was trained */
    size_t count;
} stria_history;

/* Reads the history that stria_train leaves in the model's metadata, also in the files of trained models and
 * checkpoints. A model without one has 0 epochs. Errors: FORMAT (names the line), MEMORY. */
STRIA_API stria_status stria_history_read(stria_history *history, const stria_model *model, stria_error *err);

/* A cleared struct is allowed, also with no context. */
STRIA_API void stria_history_free(stria_history *history, stria_context *context);

/* ---- Adapting to data ---- */

/* All zero (NULL) means the defaults. */
typedef struct stria_adapt_options {
    size_t struct_size;
    int keep_adapted; /* 1: leave layers alone that have other numbers than those they start with, mean 0 and variance 1
                         in all channels */
    int (*cancelled)(void *payload); /* asked between batches; non-zero: return CANCELLED */
    void *payload;
} stria_adapt_options;

/* Gives every `normalization` layer that keeps its numbers as parameters (no mean= and variance= in its text) and is not
 * frozen the mean and variance, of each channel, of what it sees of the training part of `data`, as Keras's adapt(); one
 * after the other in running order, so that each sees what the ones before it make of the data. Layers of other kinds
 * compute as in inference with the parameters they have. The context's log is told of each layer, the model keeps the
 * preprocessing (metadata), and *adapted (may be NULL) is how many layers there were. Plans of the model that are there
 * already need stria_plan_refresh. The same data and parameters give the same bits on any number of threads.
 *
 * stria_train and stria_train_unsupervised do it by themselves, with keep_adapted and the samples that are trained on,
 * before the first step (the second: when the layer's turn comes); a training that is resumed does not.
 * Errors: SHAPE and UNSUPPORTED (model and data do not fit), VALUE (no training part; a layer that sees NaN or infinite
 * numbers), CANCELLED, IO, MEMORY. After a failure all parameters are as they were. */
STRIA_API stria_status stria_model_adapt(stria_model *model, const stria_dataset *data,
                                         const stria_adapt_options *options, size_t *adapted, stria_error *err);

/* ---- Learning without labels ---- */

/* What one layer of S-cells has learned. */
typedef struct stria_learned_layer {
    const char *layer;            /* its name */
    int64_t planes, planes_used;  /* used: those that have learned a feature; the others stay silent */
    int64_t samples;              /* shown, until nothing more could be learned */
    double seconds;
} stria_learned_layer;

typedef void (*stria_learned_fn)(const stria_learned_layer *layer, void *payload);

/* All zero (NULL) means the defaults. Texts are read during the call only. */
typedef struct stria_unsupervised_options {
    size_t struct_size;
    const char *rule;     /* "winner-take-all" with arguments, "winner-take-all passes=2"; NULL: that */
    uint64_t seed;        /* of the order of the samples */
    int keep_parameters;  /* 1: planes that have learned keep their features, and the others are filled */
    int no_shuffle;       /* 1: samples in the order of the data */
    const char *output;   /* path of the trained model; NULL: nothing is written */
    const char *command;  /* provenance kept in the file; may be NULL */
    stria_learned_fn on_layer;
    void *payload;
    int (*cancelled)(void *payload); /* asked between batches; non-zero: return CANCELLED */
    const char *data_name; /* provenance, as in stria_train_options */
} stria_unsupervised_options;

/* How learning ended. */
typedef struct stria_unsupervised_result {
    int layers;                  /* of S-cells that have learned */
    int64_t planes, planes_used; /* of all of them */
    int labelled;                /* 1 when the last layer was set from the labels */
    double seconds;
} stria_unsupervised_result;

/* Teaches the s_cells of `model`, those that are not frozen, features of the training part of `data` without labels:
 * winner-take-all, one layer after the other from the input on. Data with labels and a model that ends in a `dense`
 * layer with a bias: its weights are then set from the labels by linear discriminant analysis of what it sees, so that
 * the model can be evaluated and predict as any other. Layers of other kinds keep the weights they start with, and the
 * context's log is told. `result` may be NULL. The same seed and data give the same bits on any number of threads.
 * Errors: VALUE (no s_cells; a layer that sees nothing), SHAPE (model and data do not fit), LIMIT (too many features for
 * the last layer), CANCELLED (nothing is saved), BUSY, MISSING, IO, MEMORY. After a failure past the checks the
 * parameters are those of the moment. */
STRIA_API stria_status stria_train_unsupervised(stria_model *model, const stria_dataset *data,
                                                const stria_unsupervised_options *options,
                                                stria_unsupervised_result *result, stria_error *err);

/* ---- One step at a time ---- */

/* A training plan with loss, gradients and optimizer state, for loops of one's own. One thread at a time. */
typedef struct stria_trainer stria_trainer;

/* Used of the options: batch, optimizer, learning_rate, loss, class_weight (not "balanced"), seed, keep_parameters. The caller owns the trainer; the
 * model must outlive it and not be frozen differently meanwhile. Errors: as stria_train. */
STRIA_API stria_status stria_trainer_create(stria_trainer **trainer, stria_model *model,
                                            const stria_train_options *options, stria_error *err);
/* NULL is allowed. */
STRIA_API void stria_trainer_free(stria_trainer *trainer);

/* One step: forward, loss, backward, optimizer. x is [batch, shape...]; labels [batch], or targets [batch, shape...] for
 * models trained with targets (the other is NULL). *loss (mean over the batch) and *correct (how many samples, with
 * targets and binary cross-entropies outputs, are right; else -1) may be NULL.
 * Allocates nothing. Errors: VALUE, DIVERGED (parameters are those before the step). */
STRIA_API stria_status stria_trainer_step(stria_trainer *trainer, const float *x, const int32_t *labels,
                                          const float *targets, int64_t batch, double *loss, int64_t *correct,
                                          stria_error *err);

/* The last part of a step alone, for losses of one's own: moves the parameters by the gradients that stria_plan_backward
 * has left in the trainer's plan. Allocates nothing. Errors: DIVERGED for gradients with NaN or infinity; the parameters
 * are then those before. */
STRIA_API stria_status stria_trainer_apply(stria_trainer *trainer, stria_error *err);

/* The rate of the following steps. */
STRIA_API void stria_trainer_set_learning_rate(stria_trainer *trainer, double rate);

/* The trainer's plan, for its gradients, memory and steps. */
STRIA_API stria_plan *stria_trainer_plan(stria_trainer *trainer);

/* ---- Evaluation ---- */

/* Figures over a part of a data set. Arrays belong to the struct; free with stria_evaluation_free. */
typedef struct stria_evaluation {
    int64_t count;
    double loss, accuracy; /* accuracy as in stria_epoch */
    size_t class_count;    /* 0 without labels; 2 for labels of a single output */
    int64_t *confusion;    /* [class_count, class_count], row the true class, column the predicted one */
    double *precision, *recall, *f1; /* [class_count]; 0 where undefined, as scikit-learn */
} stria_evaluation;

/* Runs the model over a part. batch 0: 256. `loss` as in training; NULL: the one that the model was trained
 * with, where its metadata says so and the data goes with it, else the default.
 * A loss that is NaN or infinite is no error; the context's log is warned and told the first layer that gave one.
 * Errors: SHAPE, VALUE (an empty part), MEMORY. */
STRIA_API stria_status stria_evaluate(stria_evaluation *evaluation, stria_model *model, const stria_dataset *data,
                                      stria_part part, int64_t batch, const char *loss, stria_error *err);

/* What a model made of one sample. */
typedef struct stria_sample_result {
    size_t index;             /* in its part */
    double loss;              /* its own, without penalties */
    size_t label, predicted;  /* classes; 0 for data with targets */
    double probability;       /* of the predicted class: what a softmax makes of the outputs for cross-entropy, else the
                                 output itself; 0 for targets */
    double label_probability; /* of the true class, likewise */
} stria_sample_result;

/* Does stria_evaluate, and writes the samples with the largest losses to `worst`, the largest first (NaN above all), the
 * earlier first among equals: of data with labels those that the model got wrong, of data with targets any. *worst_count
 * is how many there is room for, and becomes how many were found. Memory does not grow with the data. */
STRIA_API stria_status stria_evaluate_worst(stria_evaluation *evaluation, stria_sample_result *worst,
                                            size_t *worst_count, stria_model *model, const stria_dataset *data,
                                            stria_part part, int64_t batch, const char *loss, stria_error *err);

/* A cleared struct is allowed, also with no context. */
STRIA_API void stria_evaluation_free(stria_evaluation *evaluation, stria_context *context);

/* ---- Prediction ---- */

/* One class and how probable it is. */
typedef struct stria_prediction {
    size_t index;
    double probability;
} stria_prediction;

/* Writes the `top` largest of `count` outputs to predictions, largest first, the earlier first among equals; returns how
 * many were written. Any thread. */
STRIA_API size_t stria_top_predictions(const float *output, size_t count, stria_prediction *predictions, size_t top);

#ifdef __cplusplus
}
#endif

#endif
