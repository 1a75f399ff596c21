/* stria bench: how fast this machine computes a model, single layers, and the kernels themselves. The
 * subjects are in bench_*.c; here are the options and who gets them. */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"

bool cli_bench_wants(const cli_bench_options *options, const char *name)
{
    return options->pattern == NULL || regexec(options->pattern, name, 0, NULL, 0) == 0;
}

int cli_bench_nothing(const cli_bench_options *options, const char *what)
{
    return cli_fail(CLI_MISUSED, "--match '%s': the name of no %s has it", options->match, what);
}

static bool is_list(const char *subject)
{
    return strcmp(subject, "layers") == 0 || strcmp(subject, "models") == 0;
}

/* Options that this subject would leave unheard are mistakes. `subject` is NULL when there is none. */
static int check(const cli_bench_options *options, const char *subject)
{
    const bool kernels = subject != NULL && strcmp(subject, "kernels") == 0;
    const bool list = subject != NULL && is_list(subject), model = subject != NULL && !kernels && !list;
    if (options->worker && subject != NULL) {
        return cli_fail(CLI_MISUSED, "--worker takes its models from stdin");
    }
    if (options->tune && subject != NULL) {
        return cli_fail(CLI_MISUSED, "--tune takes no subject: it times convolutions of its own");
    }
    if (options->tune && options->worker) {
        return cli_fail(CLI_MISUSED, "give either --tune or --worker, not both");
    }
    if (subject == NULL && !options->worker && !options->tune) {
        return cli_fail(CLI_MISUSED, "a subject is missing; usage: stria bench [options] "
                                     "MODEL|kernels|layers|models");
    }
    if (options->profile && !model && !list) {
        return cli_fail(CLI_MISUSED, "--profile belongs to a model, layers and models");
    }
    if (options->training && !(options->profile && model)) {
        return cli_fail(CLI_MISUSED, "--training belongs to --profile of a model");
    }
    if (options->batch > 0 && !model) {
        return cli_fail(CLI_MISUSED, "--batch belongs to a model");
    }
    if (options->match != NULL && (model || options->worker)) {
        return cli_fail(CLI_MISUSED, "--match belongs to kernels, layers, models and --tune");
    }
    if (options->workloads != NULL && !list) {
        return cli_fail(CLI_MISUSED, "--workloads belongs to layers and models");
    }
    return CLI_DONE;
}

static int bench(const cli_bench_options *options, const char *subject)
{
    stria_context *context = NULL;
    int status = options->json ? cli_json_check() : CLI_DONE;
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &options->machine);
    }
    if (status != CLI_DONE) {
        return status;
    }
    if (options->tune) {
        status = cli_bench_tune(context, options);
    } else if (strcmp(subject, "kernels") == 0) {
        status = cli_bench_kernels(context, options);
    } else if (is_list(subject)) {
        status = cli_bench_list(context, subject, options);
    } else if (options->profile) {
        status = cli_bench_profile(context, subject, options);
    } else {
        status = cli_bench_model(context, subject, options);
    }
    stria_context_free(context);
    return status;
}

static int run(int argc, char **argv)
{
    cli_bench_options options = {.seconds = -1, .lock = "/tmp/bench.lock"};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_bench_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const char *subject = arguments.count > 0 ? arguments.items[0] : NULL;
    status = check(&options, subject);
    if (status != CLI_DONE) {
        return status;
    }
    if (options.worker) {
        return cli_bench_worker(&options);
    }
    regex_t pattern;
    if (options.match != NULL) {
        const int fault = regcomp(&pattern, options.match, REG_EXTENDED | REG_NOSUB);
        if (fault != 0) {
            char why[128];
            regerror(fault, &pattern, why, sizeof why);
            return cli_fail(CLI_MISUSED, "--match '%s' is no regular expression: %s", options.match, why);
        }
        options.pattern = &pattern;
    }
    status = bench(&options, subject);
    if (options.pattern != NULL) {
        regfree(&pattern);
    }
    return status;
}

static const cli_option options_table[] = {
    CLI_INTEGER_ROW("batch", cli_bench_options, batch, "N", 1, 1e6,
                    "samples of a model computed at a time (default 64)"),
    CLI_NUMBER_ROW("seconds", cli_bench_options, seconds, "F", 0, 3600,
                   "how long to measure each thing (default: 1 for a model, less for lists)"),
    CLI_FLAG_ROW("profile", cli_bench_options, profile,
                 "time each layer of a model, or of each network in a list: its share, its rate, its kernel"),
    CLI_FLAG_ROW("training", cli_bench_options, training,
                 "with --profile of a model: a training plan, and its gradients"),
    CLI_TEXT_ROW("match", cli_bench_options, match, "REGEX",
                 "only what has this in its name (an extended regular expression)"),
    CLI_TEXT_ROW("workloads", cli_bench_options, workloads, "FILE",
                 "take layers and models from this list instead of the one built in"),
    CLI_FLAG_ROW("tune", cli_bench_options, tune,
                 "time direct and Winograd convolution against each other, shape by shape, beside the choice "
                 "that the library makes"),
    CLI_MACHINE_ROWS(cli_bench_options, machine),
    CLI_JSON_ROW(cli_bench_options, json),
    CLI_FLAG_ROW(
        "worker", cli_bench_options, worker,
        "answer requests on stdin, a line of JSON each, until it ends: for timing beside other frameworks"),
    CLI_TEXT_ROW("lock", cli_bench_options, lock, "FILE",
                 "with --worker: the file that is locked while timing, so that workers take turns (default "
                 "/tmp/bench.lock)"),
};

const cli_command cli_bench_command = {
    .name = "bench",
    .title = "times models, layers and kernels on this machine",
    .arguments = "MODEL|kernels|layers|models",
    .min_arguments = 0,
    .max_arguments = 1,
    .description =
        "With a MODEL: inference and training steps, or with --profile each of its layers. With 'kernels': "
        "what "
        "the machine can do at most, and how much of it each kernel reaches. With 'layers' or 'models': a "
        "list of "
        "layers of well-known networks, or such networks as a whole, the same that scripts/bench-peers gives "
        "to "
        "other frameworks.\n\nParameters and samples are random. Each time is the median over samples of at "
        "least "
        "4 ms, or of single runs where one step is timed. Rates count 2 operations for each multiply-add of "
        "the "
        "definition, so Winograd convolution can be above the peak. A model in a file of such a name is "
        "./kernels, ./layers or ./models.",
    .examples = "stria bench lenet5 --threads 1\nstria bench lenet5 --profile --training\n"
                "stria bench kernels --match conv\nstria bench layers --match 3x3 --threads 1 --json",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
