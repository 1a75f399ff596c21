/* One thing to time: a model in one mode, with its plan, data and buffers made beforehand. */
#ifndef CLI_BENCH_JOB_H
#define CLI_BENCH_JOB_H

#include <stria/stria.h>

typedef enum cli_job_mode {
    CLI_JOB_INFERENCE,        /* forward */
    CLI_JOB_FORWARD_BACKWARD, /* forward in training mode, gradients of input and parameters for a given one
                                 of the output */
    CLI_JOB_TRAIN_STEP,       /* forward, cross-entropy, backward, Adam; the batch lies in memory */
    CLI_JOB_TRAIN_EPOCH /* shuffle, then train steps over all samples, each batch gathered from memory */
} cli_job_mode;

typedef struct cli_job cli_job;

/* Makes a job. `samples` is the size of the data set of an epoch, else ignored. The model must outlive it.
 * The numbers are random, the same each time, and never denormal. Training needs a model that ends in a
 * softmax over classes. */
stria_status cli_job_create(cli_job **job, stria_context *context, stria_model *model, cli_job_mode mode,
                            int64_t batch, int64_t samples, stria_error *err);
void cli_job_free(cli_job *job);

/* Does it `runs` times. *seconds is how long one took, *switches how often the system took the CPU away
 * meanwhile. */
stria_status cli_job_time(cli_job *job, int64_t runs, double *seconds, int64_t *switches, stria_error *err);

/* How many runs make a sample of at least `seconds`; finds out by running, which also warms up. An epoch is
 * one run. */
stria_status cli_job_calibrate(cli_job *job, double seconds, int64_t *runs, stria_error *err);

/* The kernels that the job's plan uses, each once, separated by ", ". */
void cli_job_kernels(const cli_job *job, char *text, size_t size);

#endif
