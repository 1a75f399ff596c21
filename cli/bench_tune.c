/* stria bench --tune: direct against Winograd convolution of 3x3 windows, shape by shape, and what the
 * library chooses. The choice goes by two thresholds (src/kernels/conv_method.c): channels and filters, and
 * tiles of 4x4 outputs. Here it is seen which thresholds would have cost least on this machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_steps.h"
#include "bench_times.h"
#include "failure.h"
#include "table.h"
#include "text.h"

#define USUAL_SECONDS 0.15
#define TILE          4 /* outputs along one side of a tile */

static const struct {
    int64_t size, batch;
} pictures[] = {{7, 1}, {12, 1}, {14, 1}, {28, 1}, {7, 16}, {56, 1}};

static const struct {
    int64_t channels, filters;
} widths[] = {{8, 8},   {16, 16},  {16, 32},   {32, 32},   {32, 64},  {64, 32},
              {64, 64}, {64, 128}, {128, 128}, {128, 256}, {256, 256}};

#define PICTURES (sizeof pictures / sizeof pictures[0])
#define WIDTHS   (sizeof widths / sizeof widths[0])

enum { DIRECT, WINOGRAD, ALGORITHMS };
static const char *const algorithms[ALGORITHMS] = {"direct", "winograd"};

/* One shape, timed. */
typedef struct trial {
    char name[48];
    int64_t narrower; /* of channels and filters */
    int64_t tiles;
    double seconds[ALGORITHMS]; /* medians */
    bool library;               /* takes Winograd */
} trial;

typedef struct tuning {
    stria_context *context;
    const cli_bench_options *options;
    size_t count;
    trial trials[PICTURES * WIDTHS];
    double samples[ALGORITHMS][CLI_MOST_SAMPLES];
} tuning;

static stria_status open_plan(cli_steps *steps, stria_model *model, int64_t batch, const char *algorithm,
                              stria_error *err)
{
    const stria_plan_options options = {
        .struct_size = sizeof options, .batch = batch, .algorithm = algorithm};
    return cli_steps_open(steps, model, &options, err);
}

static double last_run(const cli_steps *steps)
{
    double sum = 0;
    for (size_t i = 0; i < steps->count; i++) {
        sum += (double)steps->times[i] * 1e-9;
    }
    return sum;
}

/* In turns, so that what disturbs one disturbs the other. */
static stria_status time_both(tuning *t, trial *one, cli_steps *steps, stria_error *err)
{
    const double wanted = t->options->seconds >= 0 ? t->options->seconds : USUAL_SECONDS;
    size_t count = 0;
    stria_status status = STRIA_OK;
    for (int a = 0; a < ALGORITHMS && status == STRIA_OK; a++) {
        status = cli_steps_run(&steps[a], err); /* touches the memory */
    }
    const uint64_t start = stria_context_now(t->context);
    while (status == STRIA_OK && count < CLI_MOST_SAMPLES) {
        const double spent = (double)(stria_context_now(t->context) - start) * 1e-9;
        if (count >= CLI_FEWEST_SAMPLES && spent >= wanted) {
            break;
        }
        for (int a = 0; a < ALGORITHMS && status == STRIA_OK; a++) {
            status = cli_steps_run(&steps[a], err);
            t->samples[a][count] = last_run(&steps[a]);
        }
        count++;
    }
    for (int a = 0; a < ALGORITHMS && status == STRIA_OK; a++) {
        one->seconds[a] = cli_figures_of(t->samples[a], count).median;
    }
    return status;
}

static bool takes_winograd(const cli_steps *steps)
{
    stria_step_info info;
    for (size_t i = 0; stria_plan_step(steps->plan, i, &info); i++) {
        if (strstr(info.kernel, algorithms[WINOGRAD]) != NULL) {
            return true;
        }
    }
    return false;
}

static stria_status time_trial(tuning *t, trial *one, const char *text, int64_t batch, stria_error *err)
{
    stria_model *model = NULL;
    cli_steps steps[ALGORITHMS] = {{0}}, chosen = {0};
    stria_status status = stria_model_parse(&model, t->context, text, strlen(text), NULL, err);
    for (int a = 0; a < ALGORITHMS && status == STRIA_OK; a++) {
        status = open_plan(&steps[a], model, batch, algorithms[a], err);
    }
    if (status == STRIA_OK && !takes_winograd(&steps[WINOGRAD])) {
        snprintf(err->message, sizeof err->message,
                 "--tune: '%s' has no Winograd convolution to compare with", stria_context_cpu(t->context));
        status = err->code = STRIA_ERROR_VALUE;
    }
    if (status == STRIA_OK) {
        status = time_both(t, one, steps, err);
    }
    if (status == STRIA_OK) {
        status = open_plan(&chosen, model, batch, "auto", err);
        one->library = status == STRIA_OK && takes_winograd(&chosen);
    }
    cli_steps_close(&chosen);
    cli_steps_close(&steps[DIRECT]);
    cli_steps_close(&steps[WINOGRAD]);
    stria_model_free(model);
    return status;
}

/* ---- What would have cost least ---- */

/* How much slower than the better one a choice is, as the logarithm of the ratio. */
static double loss(const trial *one, bool winograd)
{
    const double taken = one->seconds[winograd ? WINOGRAD : DIRECT];
    return log(taken / fmin(one->seconds[DIRECT], one->seconds[WINOGRAD]));
}

typedef struct thresholds {
    int64_t channels, tiles; /* Winograd from these on; 0 tiles: never */
    double slower;           /* than the best choices, as a geometric mean: 0.02 for 2 % */
} thresholds;

static bool passes(const trial *one, const thresholds *limits)
{
    return limits->tiles > 0 && one->narrower >= limits->channels && one->tiles >= limits->tiles;
}

static double mean_slowdown(const tuning *t, const thresholds *limits)
{
    double sum = 0;
    for (size_t i = 0; i < t->count; i++) {
        sum += loss(&t->trials[i], limits != NULL ? passes(&t->trials[i], limits) : t->trials[i].library);
    }
    return exp(sum / (double)t->count) - 1;
}

/* Among the sizes that were timed. */
static thresholds best_thresholds(const tuning *t)
{
    thresholds best = {0};
    best.slower = mean_slowdown(t, &best);
    for (size_t c = 0; c < t->count; c++) {
        for (size_t s = 0; s < t->count; s++) {
            thresholds one = {.channels = t->trials[c].narrower, .tiles = t->trials[s].tiles};
            one.slower = mean_slowdown(t, &one);
            best = one.slower < best.slower ? one : best;
        }
    }
    return best;
}

/* ---- Telling ---- */

static int winner(const trial *one)
{
    return one->seconds[WINOGRAD] < one->seconds[DIRECT] ? WINOGRAD : DIRECT;
}

static int tell_trial(const tuning *t, cli_table *table, const trial *one)
{
    const int won = winner(one);
    const double factor = one->seconds[!won] / one->seconds[won];
    if (t->options->json) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "schema", cli_json_text("stria.bench.tune/1"));
        cli_json_set(object, "shape", cli_json_text(one->name));
        cli_json_set(object, "narrower", cli_json_integer(one->narrower));
        cli_json_set(object, "tiles", cli_json_integer(one->tiles));
        for (int a = 0; a < ALGORITHMS; a++) {
            cli_json_set(object, algorithms[a], cli_json_number(one->seconds[a]));
        }
        cli_json_set(object, "faster", cli_json_text(algorithms[won]));
        cli_json_set(object, "times", cli_json_number(factor));
        cli_json_set(object, "library", cli_json_text(algorithms[one->library]));
        return cli_json_print(object);
    }
    char number[CLI_NUMBER_SIZE];
    cli_table_clear(table);
    cli_table_add(table, "%s", one->name);
    cli_table_add(table, "%lld", (long long)one->tiles);
    for (int a = 0; a < ALGORITHMS; a++) {
        cli_table_add(table, "%s", cli_short_time_text(one->seconds[a], number));
    }
    cli_table_add(table, "%s %.2f times", algorithms[won], factor);
    cli_table_add(table, "%s%s", algorithms[one->library],
                  (one->library ? WINOGRAD : DIRECT) != won ? " !" : "");
    const int status = cli_table_print(table, stdout, false);
    return cli_finish_output(status);
}

static int tell_end(const tuning *t)
{
    const thresholds best = best_thresholds(t);
    const double library = mean_slowdown(t, NULL);
    if (t->options->json) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "schema", cli_json_text("stria.bench.tune.result/1"));
        cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(t->context)));
        cli_json_set(object, "threads", cli_json_integer(stria_context_threads(t->context)));
        cli_json_set(object, "shapes", cli_json_integer((int64_t)t->count));
        cli_json_set(object, "library_slower", cli_json_number(library));
        cli_json_set(object, "best_channels",
                     best.tiles > 0 ? cli_json_integer(best.channels) : cli_json_null());
        cli_json_set(object, "best_tiles", best.tiles > 0 ? cli_json_integer(best.tiles) : cli_json_null());
        cli_json_set(object, "best_slower", cli_json_number(best.slower));
        return cli_json_print(object);
    }
    char text[512], limits[160];
    if (best.tiles > 0) {
        snprintf(limits, sizeof limits,
                 "Thresholds that fit these times best: %lld channels and filters, %lld tiles",
                 (long long)best.channels, (long long)best.tiles);
    } else {
        snprintf(limits, sizeof limits, "Best for these times is never to use Winograd");
    }
    snprintf(text, sizeof text,
             "\nThe library's choices, against always the faster one: %.1f %% slower.\n%s: %.1f %% "
             "slower.\nA mean "
             "over the shapes above; '!' marks where the library's choice was the slower one.",
             100 * library, limits, 100 * best.slower);
    cli_bench_print_wrapped(text);
    return CLI_DONE;
}

static int tune(tuning *t)
{
    static const cli_column columns[] = {{.title = "3x3, stride 1", .min_width = 18},
                                         {.title = "tiles", .right = true, .min_width = 5},
                                         {.title = "direct", .right = true, .min_width = 8},
                                         {.title = "winograd", .right = true, .min_width = 8},
                                         {.title = "faster", .min_width = 19},
                                         {.title = "library", .min_width = 10}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    int status = CLI_DONE;
    for (size_t w = 0; w < WIDTHS; w++) {
        for (size_t p = 0; p < PICTURES && status == CLI_DONE; p++) {
            const long long size = pictures[p].size, batch = pictures[p].batch;
            const long long channels = widths[w].channels, filters = widths[w].filters;
            const int64_t side = (size + TILE - 1) / TILE;
            trial one = {.narrower = channels < filters ? channels : filters, .tiles = batch * side * side};
            char text[96];
            snprintf(one.name, sizeof one.name, "%lldx%lldx%lld-%lld b%lld", size, size, channels, filters,
                     batch);
            snprintf(text, sizeof text, "input %lldx%lldx%lld\nconv2d %lld 3 same", size, size, channels,
                     filters);
            if (!cli_bench_wants(t->options, one.name)) {
                continue;
            }
            stria_error err = {0};
            if (time_trial(t, &one, text, batch, &err) != STRIA_OK) {
                status = cli_fail_with(&err, CLI_FROM_OPTION);
                continue;
            }
            if (t->count == 0 && !t->options->json) {
                const int threads = stria_context_threads(t->context);
                printf("%s, %d thread%s\n\n", stria_context_cpu(t->context), threads,
                       threads == 1 ? "" : "s");
                status = cli_table_print(&table, stdout, true);
            }
            t->trials[t->count++] = one;
            status = status == CLI_DONE ? tell_trial(t, &table, &one) : status;
        }
    }
    cli_table_free(&table);
    if (status == CLI_DONE) {
        status = t->count > 0 ? tell_end(t) : cli_bench_nothing(t->options, "shape");
    }
    return status;
}

int cli_bench_tune(stria_context *context, const cli_bench_options *options)
{
    tuning *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return cli_fail_memory();
    }
    t->context = context;
    t->options = options;
    const int status = tune(t);
    free(t);
    return status;
}
