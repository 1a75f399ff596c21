/* One thing to time. See bench_job.h. */
#include "bench_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench_random.h"
#include "samples.h"

#define MOST_RUNS 100000

struct cli_job {
    stria_context *context;
    cli_job_mode mode;
    int64_t batch, samples;
    stria_plan *plan; /* the trainer's own when training */
    stria_trainer *trainer;
    size_t sample_size; /* numbers in one sample */
    float *x;           /* [samples, input...] */
    int32_t *labels;    /* [samples] */
    float *gradient;    /* [batch, output...], of the outputs */
    uint32_t *order;    /* [samples], of an epoch */
    float *batch_x;     /* [batch, input...], gathered */
    int32_t *batch_labels;
    uint64_t random;
};

static stria_status refuse(stria_error *err, stria_status code, const char *message)
{
    err->code = code;
    snprintf(err->message, sizeof err->message, "%s", message);
    return code;
}

/* Pictures that can be told apart: half a pattern of the class, half noise. */
static stria_status make_samples(cli_job *job, size_t classes, stria_error *err)
{
    float *patterns = cli_floats(classes * job->sample_size);
    job->x = cli_floats((size_t)job->samples * job->sample_size);
    job->labels = malloc((size_t)job->samples * sizeof *job->labels);
    if (patterns == NULL || job->x == NULL || job->labels == NULL) {
        free(patterns);
        return refuse(err, STRIA_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < classes * job->sample_size; i++) {
        patterns[i] = cli_random_unit(&job->random);
    }
    for (int64_t i = 0; i < job->samples; i++) {
        job->labels[i] = (int32_t)(cli_random_bits(&job->random) % classes);
        const float *pattern = patterns + (size_t)job->labels[i] * job->sample_size;
        float *x = job->x + (size_t)i * job->sample_size;
        for (size_t k = 0; k < job->sample_size; k++) {
            x[k] = 0.5f * pattern[k] + 0.5f * cli_random_unit(&job->random);
        }
    }
    free(patterns);
    return STRIA_OK;
}

static stria_status prepare_training(cli_job *job, stria_model *model, stria_error *err)
{
    const stria_shape *output = stria_model_output_shape(model, 0);
    if (output->rank != 1) {
        return refuse(err, STRIA_ERROR_UNSUPPORTED, "training is timed on models that end in classes");
    }
    const stria_train_options options = {
        .struct_size = sizeof options,
        .batch = job->batch,
        .optimizer = "adam",
        .loss = "sparse_categorical_crossentropy",
    };
    stria_status status = stria_trainer_create(&job->trainer, model, &options, err);
    if (status == STRIA_OK) {
        job->plan = stria_trainer_plan(job->trainer);
        status = make_samples(job, (size_t)output->sizes[0], err);
    }
    if (status != STRIA_OK || job->mode == CLI_JOB_TRAIN_STEP) {
        return status;
    }
    job->order = malloc((size_t)job->samples * sizeof *job->order);
    job->batch_x = cli_floats((size_t)job->batch * job->sample_size);
    job->batch_labels = malloc((size_t)job->batch * sizeof *job->batch_labels);
    if (job->order == NULL || job->batch_x == NULL || job->batch_labels == NULL) {
        return refuse(err, STRIA_ERROR_MEMORY, "out of memory");
    }
    for (int64_t i = 0; i < job->samples; i++) {
        job->order[i] = (uint32_t)i;
    }
    return STRIA_OK;
}

static stria_status prepare_plan(cli_job *job, stria_model *model, stria_error *err)
{
    const stria_plan_options options = {
        .struct_size = sizeof options,
        .mode = job->mode == CLI_JOB_INFERENCE ? STRIA_MODE_INFERENCE : STRIA_MODE_TRAINING,
        .batch = job->batch,
        .input_gradients = job->mode == CLI_JOB_FORWARD_BACKWARD,
    };
    const stria_status status = stria_plan_create(&job->plan, model, &options, err);
    if (status != STRIA_OK) {
        return status;
    }
    const stria_shape *output = stria_plan_shape(job->plan, stria_model_output_name(model, 0));
    job->x = cli_random_floats(&job->random, (size_t)job->batch * job->sample_size);
    job->gradient = cli_random_floats(&job->random, (size_t)job->batch * cli_shape_elements(output));
    return job->x != NULL && job->gradient != NULL ? STRIA_OK
                                                   : refuse(err, STRIA_ERROR_MEMORY, "out of memory");
}

stria_status cli_job_create(cli_job **job, stria_context *context, stria_model *model, cli_job_mode mode,
                            int64_t batch, int64_t samples, stria_error *err)
{
    cli_job *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return refuse(err, STRIA_ERROR_MEMORY, "out of memory");
    }
    const stria_shape *input = stria_model_input_shape(model, 0);
    const bool is_open = input == NULL || stria_model_macs(model) < 0;
    made->context = context;
    made->mode = mode;
    made->batch = batch;
    made->samples = mode == CLI_JOB_TRAIN_EPOCH ? samples : batch;
    made->random = 1;
    stria_status status;
    if (is_open || stria_model_input_count(model) != 1) {
        status = refuse(err, STRIA_ERROR_UNSUPPORTED, "models with one input of a fixed size are timed");
    } else {
        made->sample_size = cli_shape_elements(input);
        const bool trains = mode == CLI_JOB_TRAIN_STEP || mode == CLI_JOB_TRAIN_EPOCH;
        status = trains ? prepare_training(made, model, err) : prepare_plan(made, model, err);
    }
    if (status != STRIA_OK) {
        cli_job_free(made);
        return status;
    }
    *job = made;
    return STRIA_OK;
}

void cli_job_free(cli_job *job)
{
    if (job == NULL) {
        return;
    }
    if (job->trainer != NULL) {
        stria_trainer_free(job->trainer);
    } else {
        stria_plan_free(job->plan);
    }
    free(job->x);
    free(job->labels);
    free(job->gradient);
    free(job->order);
    free(job->batch_x);
    free(job->batch_labels);
    free(job);
}

static void shuffle(cli_job *job)
{
    for (size_t i = (size_t)job->samples; i > 1; i--) { /* Fisher and Yates */
        const size_t other = (size_t)(cli_random_bits(&job->random) % i);
        const uint32_t swapped = job->order[i - 1];
        job->order[i - 1] = job->order[other];
        job->order[other] = swapped;
    }
}

static stria_status run_epoch(cli_job *job, stria_error *err)
{
    shuffle(job);
    stria_status status = STRIA_OK;
    for (int64_t first = 0; first < job->samples && status == STRIA_OK; first += job->batch) {
        const int64_t count = job->samples - first < job->batch ? job->samples - first : job->batch;
        for (int64_t i = 0; i < count; i++) {
            const uint32_t sample = job->order[first + i];
            memcpy(job->batch_x + (size_t)i * job->sample_size, job->x + sample * job->sample_size,
                   job->sample_size * sizeof *job->x);
            job->batch_labels[i] = job->labels[sample];
        }
        status =
            stria_trainer_step(job->trainer, job->batch_x, job->batch_labels, NULL, count, NULL, NULL, err);
    }
    return status;
}

static stria_status run_once(cli_job *job, stria_error *err)
{
    const float *x = job->x, *gradient = job->gradient;
    switch (job->mode) {
    case CLI_JOB_INFERENCE:
        return stria_plan_run(job->plan, &x, job->batch, err);
    case CLI_JOB_FORWARD_BACKWARD: {
        const stria_status status = stria_plan_run(job->plan, &x, job->batch, err);
        return status == STRIA_OK ? stria_plan_backward(job->plan, &gradient, err) : status;
    }
    case CLI_JOB_TRAIN_STEP:
        return stria_trainer_step(job->trainer, x, job->labels, NULL, job->batch, NULL, NULL, err);
    case CLI_JOB_TRAIN_EPOCH:
        return run_epoch(job, err);
    }
    return STRIA_OK;
}

static int64_t involuntary_switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

stria_status cli_job_time(cli_job *job, int64_t runs, double *seconds, int64_t *switches, stria_error *err)
{
    const int64_t before = involuntary_switches();
    const uint64_t start = stria_context_now(job->context);
    for (int64_t i = 0; i < runs; i++) {
        const stria_status status = run_once(job, err);
        if (status != STRIA_OK) {
            return status;
        }
    }
    *seconds = (double)(stria_context_now(job->context) - start) * 1e-9 / (double)runs;
    *switches = involuntary_switches() - before;
    return STRIA_OK;
}

stria_status cli_job_calibrate(cli_job *job, double seconds, int64_t *runs, stria_error *err)
{
    *runs = 1;
    if (job->mode == CLI_JOB_TRAIN_EPOCH) {
        return STRIA_OK;
    }
    double one;
    int64_t switches;
    int long_enough = 0; /* samples in a row: a single one may have been disturbed */
    stria_status status = cli_job_time(job, 1, &one, &switches, err); /* touches the memory */
    while (status == STRIA_OK && long_enough < 2 && *runs < MOST_RUNS) {
        status = cli_job_time(job, *runs, &one, &switches, err);
        if (one * (double)*runs >= seconds) {
            long_enough++;
            continue;
        }
        long_enough = 0;
        const double wanted = 1.25 * seconds / (one > 1e-9 ? one : 1e-9);
        const int64_t more = wanted < MOST_RUNS ? (int64_t)wanted : MOST_RUNS;
        *runs = more > 2 * *runs ? more : 2 * *runs;
        *runs = *runs < MOST_RUNS ? *runs : MOST_RUNS;
    }
    return status;
}

/* Whether `text` holds `name` between its commas already. */
static bool is_listed(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == text || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

void cli_job_kernels(const cli_job *job, char *text, size_t size)
{
    size_t length = 0;
    stria_step_info step;
    text[0] = '\0';
    for (size_t i = 0; stria_plan_step(job->plan, i, &step) && length < size; i++) {
        if (step.within == step.layer && *step.kernel != '\0' && !is_listed(text, step.kernel)) {
            length +=
                (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "", step.kernel);
        }
    }
}
