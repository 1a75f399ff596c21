/* Workloads: networks and what is done with them, as a list of JSON objects that other frameworks can read as
 * well (bench/workloads.json says what its fields mean). Layers are named by their Keras classes with Keras's
 * arguments; here they become model text. */
#ifndef CLI_BENCH_WORKLOAD_H
#define CLI_BENCH_WORKLOAD_H

#include <stria/stria.h>

#include "bench_job.h"
#include "json.h"

/* The list that the command carries, or the one in the file `path`. The caller frees it. Prints what is wrong
 * and returns the exit status. */
int cli_workloads_read(cli_json **list, const char *path);

/* The workloads of the list. */
size_t cli_workload_count(const cli_json *list);
const cli_json *cli_workload_at(const cli_json *list, size_t index);

/* A workload made ready to run. */
typedef struct cli_workload {
    cli_job_mode mode;
    int64_t batch;
    stria_model *model;
    cli_job *job;
} cli_workload;

/* Builds the network of a workload, its plan and its data. Errors: UNSUPPORTED for what this version does not
 * have, VALUE for a workload that is none, those of models and plans. To be closed in any case. */
stria_status cli_workload_open(cli_workload *workload, stria_context *context, const cli_json *json,
                               stria_error *err);

/* A cleared or closed struct is allowed. */
void cli_workload_close(cli_workload *workload);

#endif
