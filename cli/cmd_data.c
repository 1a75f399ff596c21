/* stria data DATA: what is in a data set. The library looks at every sample; this file opens the data and
 * shows how far that is. data_tell.c and data_json.c print what was found. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "data.h"
#include "failure.h"
#include "json.h"
#include "progress.h"
#include "terminal.h"
#include "text.h"

/* How far examining is, on a terminal: one line that is written again a few times a second. */
typedef struct meter {
    stria_context *context;
    uint64_t last; /* when it was written */
    cli_progress progress;
} meter;

#define METER_NS UINT64_C(100000000)

static int show_progress(size_t done, size_t total, void *payload)
{
    meter *of = payload;
    const uint64_t now = stria_context_now(of->context);
    if (of->last == 0) {
        of->last = now;
    }
    if (now - of->last < METER_NS || !cli_terminal_of(stderr).is_terminal) {
        return 0;
    }
    char number[CLI_NUMBER_SIZE], all[CLI_NUMBER_SIZE];
    fprintf(stderr, "\r%s of %s  %3.0f %%", cli_count_text((int64_t)done, number),
            cli_count_text((int64_t)total, all), 100.0 * (double)done / (double)total);
    fflush(stderr);
    of->progress.bar_is_shown = true;
    of->last = now;
    return 0;
}

/* Nothing is resized: samples are looked at as they are stored. Sizes are said all the same, so that the
 * first file, which would tell them, may be broken. */
int data_open(stria_dataset **data, stria_context *context, const char *name, int64_t decode_threads)
{
    const cli_data_options library = {
        .size = "1x1", .channels = 3, .decode_threads = decode_threads, .empty_classes = true};
    return cli_open_data(data, context, name, NULL, &library);
}

static int examine(const data_options *options, stria_context *context, const char *name)
{
    stria_error err = {0};
    stria_dataset *data = NULL;
    int status = data_open(&data, context, name, options->decode_threads);
    if (status != CLI_DONE) {
        return status;
    }
    data_subject of = {.name = name, .data = data};
    stria_examination found = {0};
    meter progress = {.context = context};
    const stria_examine_options library = {
        .struct_size = sizeof library, .progress = show_progress, .payload = &progress};
    const stria_status done = stria_dataset_examine(&found, data, &library, &err);
    cli_progress_clear(&progress.progress);
    of.found = &found;
    if (done != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_FILE);
    } else {
        status = options->json ? data_tell_json(&of) : data_tell(&of);
    }
    if (status == CLI_DONE && found.broken_count > 0) {
        char number[CLI_NUMBER_SIZE];
        status = cli_fail(
            CLI_NO, "%s of the samples cannot be read; 'stria train' leaves them out with --skip-broken",
            cli_count_text((int64_t)found.broken_count, number));
    }
    stria_examination_free(&found, context);
    stria_dataset_free(data);
    return status;
}

/* Options that nothing would hear are mistakes. */
static int check(const data_options *options)
{
    const bool pictures = options->sheet != NULL || options->augmented != NULL;
    if (options->sheet != NULL && options->augmented != NULL) {
        return cli_fail(CLI_MISUSED, "--sheet and --augmented are two pictures; give one");
    }
    if ((options->augmented != NULL) != (options->model != NULL)) {
        return cli_fail(CLI_MISUSED, options->model == NULL
                                         ? "--augmented needs --model MODEL, whose random layers it shows"
                                         : "--model belongs to --augmented FILE");
    }
    if (options->json && pictures) {
        return cli_fail(CLI_MISUSED, "--json belongs to what is told, not to pictures");
    }
    if (!pictures && (options->samples > 0 || options->seed >= 0 || options->part != NULL || options->dark ||
                      options->zoom > 1)) {
        return cli_fail(CLI_MISUSED,
                        "--samples, --seed, --part, --zoom and --dark belong to --sheet and --augmented");
    }
    if (options->draws > 0 && options->augmented == NULL) {
        return cli_fail(CLI_MISUSED, "--draws belongs to --augmented");
    }
    const char *path = options->sheet != NULL ? options->sheet : options->augmented;
    const char *end = path != NULL ? strrchr(path, '.') : NULL;
    if (path != NULL && (end == NULL || (strcmp(end, ".png") != 0 && strcmp(end, ".svg") != 0 &&
                                         strcmp(end, ".html") != 0))) {
        return cli_fail(CLI_MISUSED, "%s: must end in .png, .svg or .html", path);
    }
    return options->json ? cli_json_check() : CLI_DONE;
}

static int run(int argc, char **argv)
{
    data_options options = {.seed = -1, .zoom = 1};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_data_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const char *name = arguments.items[0];
    stria_context *context = NULL;
    status = check(&options);
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &options.machine);
    }
    if (status != CLI_DONE) {
        return status;
    }
    status = options.sheet != NULL       ? data_write_sheet(&options, context, name)
             : options.augmented != NULL ? data_write_augmented(&options, context, name)
                                         : examine(&options, context, name);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_TEXT_ROW(
        "sheet", data_options, sheet, "FILE",
        "instead of numbers: write a contact sheet, some samples of each class, to FILE.png, FILE.svg or "
        "FILE.html"),
    CLI_TEXT_ROW(
        "augmented", data_options, augmented, "FILE",
        "instead of numbers: write what the random layers of --model make of some samples while training"),
    CLI_TEXT_ROW("model", data_options, model, "MODEL", "the model of --augmented, trained or not"),
    CLI_INTEGER_ROW(
        "samples", data_options, samples, "N", 1, 1000,
        "of each class on a sheet (default 10, or 4 of many classes); pictures to augment (default 4)"),
    CLI_INTEGER_ROW("seed", data_options, seed, "N", 0, 9007199254740992.0,
                    "choose samples at random (default: the first), and draw so"),
    CLI_INTEGER_ROW("draws", data_options, draws, "N", 1, 64, "of each augmented picture (default 8)"),
    CLI_WORDS_ROW("part", data_options, part, "PART", "train test",
                  "whose samples are shown (default: train, or test when there is no other)"),
    CLI_INTEGER_ROW("zoom", data_options, zoom, "N", 1, 8, "pixels to a point in PNG files (default 1)"),
    CLI_FLAG_ROW("dark", data_options, dark, "PNG files on a dark page; SVG and HTML follow their reader"),
    CLI_INTEGER_ROW("decode-threads", data_options, decode_threads, "N", 1, 256,
                    "threads that decode pictures (default: as --threads); the results do not depend on it"),
    CLI_MACHINE_ROWS(data_options, machine),
    CLI_JSON_ROW(data_options, json),
};

const cli_command cli_data_command = {
    .name = "data",
    .title = "tells what is in a data set: classes, sizes, broken files, duplicates",
    .arguments = "DATA",
    .min_arguments = 1,
    .max_arguments = 1,
    .description =
        "DATA is a folder with a folder of pictures for each class, a .csv list, a folder of IDX or CIFAR "
        "files, a .npz file, or a known name: digits, fashion-mnist.\n\nEvery sample is read as it is "
        "stored. "
        "The exit status is 1 when some cannot be read.\n\n'stria data split DATA' deals pictures out to "
        "lists for training and testing; see 'stria help data split'.",
    .examples =
        "stria data photos/\nstria data digits --json\nstria data photos/ --sheet photos.png --seed 1\n"
        "stria data photos/ --model net.stria --augmented augmented.png",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
