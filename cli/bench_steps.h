/* A plan whose steps are timed one by one, with random inputs and gradients. */
#ifndef CLI_BENCH_STEPS_H
#define CLI_BENCH_STEPS_H

#include <stdbool.h>

#include <stria/stria.h>

typedef struct cli_steps {
    stria_plan *plan;
    int64_t batch;
    size_t count;    /* of steps */
    uint64_t *times; /* [count] of the last run, in nanoseconds */
    size_t input_count, output_count;
    float **inputs;    /* [input_count] */
    float **gradients; /* [output_count]; NULL for inference */
} cli_steps;

/* Makes the plan that the options ask for. The model must outlive it. To be closed in any case. */
stria_status cli_steps_open(cli_steps *steps, stria_model *model, const stria_plan_options *options,
                            stria_error *err);

/* Runs the plan, a training plan backward as well, and writes steps->times. */
stria_status cli_steps_run(cli_steps *steps, stria_error *err);

/* A cleared or closed struct is allowed. */
void cli_steps_close(cli_steps *steps);

/* The step of that layer in that direction; false when the plan has none that computes. */
bool cli_steps_find(const cli_steps *steps, const char *layer, bool backward, size_t *index,
                    stria_step_info *info);

#endif
