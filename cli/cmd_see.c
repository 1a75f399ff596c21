/* stria see: pictures of what a network learned and what it answers. This file has the options and finds the
 * mode; each mode is a see_*.c. */
#include <string.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "see.h"
#include "text.h"

/* A mode: the option that chooses it, whether it was given, and what runs. */
typedef struct mode {
    const char *option;
    bool chosen;
    bool without_model;
    int (*run)(see *run);
} mode;

const char *see_layer(const see *run, int first, int *status)
{
    const cli_arguments *things = &run->things;
    *status = CLI_DONE;
    if (things->count > first + 1 || (things->count > first && run->options->layer != NULL)) {
        *status = cli_fail(CLI_MISUSED, "unexpected argument '%s'; see 'stria help see'",
                           things->items[things->count - 1]);
    }
    return run->options->layer != NULL ? run->options->layer
           : things->count > first     ? things->items[first]
                                       : NULL;
}

int see_fail_layer(const see *run, const char *layer)
{
    cli_nearest nearest = cli_nearest_to(layer);
    stria_layer_info info;
    for (size_t i = 0; stria_model_layer(run->model, i, &info); i++) {
        cli_nearest_offer(&nearest, info.name);
    }
    if (nearest.best != NULL) {
        return cli_fail(CLI_MISUSED, "there is no layer '%s'; did you mean '%s'?", layer, nearest.best);
    }
    return cli_fail(CLI_MISUSED, "there is no layer '%s'; 'stria summary' lists them", layer);
}

int see_fail(const see *run, const stria_error *err)
{
    (void)run;
    return cli_fail_with(err, err->code == STRIA_ERROR_VALUE ? CLI_FROM_OPTION : CLI_FROM_FILE);
}

static int find_mode(const see_options *options, mode *found)
{
    const mode modes[] = {
        {"--filters", options->filters, false, see_filters},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (!modes[i].chosen) {
            continue;
        }
        if (count++ > 0) {
            return cli_fail(CLI_MISUSED, "%s and %s are two things to see; give one", found->option,
                            modes[i].option);
        }
        *found = modes[i];
    }
    return count > 0 ? CLI_DONE : cli_fail(CLI_MISUSED, "nothing to see: give --filters");
}

/* A figure cannot be written to a file of another kind: better said before the work than after it. */
static int check_output(const char *path)
{
    static const char *const ends[] = {".png", ".svg", ".html"};
    const size_t length = path != NULL ? strlen(path) : 0;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] && path != NULL; i++) {
        const size_t end = strlen(ends[i]);
        if (length > end && strcmp(path + length - end, ends[i]) == 0) {
            return CLI_DONE;
        }
    }
    return path == NULL ? CLI_DONE
                        : cli_fail(CLI_MISUSED, "--output %s: must end in .png, .svg or .html", path);
}

static int run(int argc, char **argv)
{
    see_options options = {.scale = "common", .zoom = 1};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_see_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    mode found = {0};
    see all = {.options = &options, .things = arguments};
    status = find_mode(&options, &found);
    if (status == CLI_DONE) {
        status = check_output(options.output);
    }
    if (status == CLI_DONE && options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE && !found.without_model && arguments.count == 0) {
        status = cli_fail(CLI_MISUSED, "MODEL is missing; see 'stria help see'");
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&all.context, &options.machine);
    }
    if (status == CLI_DONE && !found.without_model) {
        status = cli_open_model(&all.model, all.context, arguments.items[0]);
    }
    if (status == CLI_DONE) {
        status = found.run(&all);
    }
    stria_model_free(all.model);
    stria_context_free(all.context);
    return status;
}

static const cli_option options_table[] = {
    CLI_FLAG_ROW(
        "filters", see_options, filters,
        "the learned kernels of a layer (default: the first convolution) as tiles: dark is negative, white "
        "positive, grey zero; with norms, and dead and twin filters marked"),
    CLI_TEXT_ROW("layer", see_options, layer, "NAME",
                 "the layer, which may also stand as a word behind MODEL"),
    CLI_OUTPUT_ROW(see_options, output, "FILE",
                   "write the picture to FILE.png, FILE.svg or FILE.html instead of the terminal"),
    CLI_WORDS_ROW("scale", see_options, scale, "HOW", "common own",
                  "of filters and maps: common, all tiles have one scale (default), or own, each its own"),
    CLI_TEXT_ROW("palette", see_options, palette, "NAME",
                 "gray, sequential (dark blue to yellow), diverging (blue, white, orange) or heat"),
    CLI_FLAG_ROW("gray", see_options, gray,
                 "filters over colours: a tile for each channel instead of colours"),
    CLI_WORDS_ROW("summary", see_options, summary, "HOW", "mean norm",
                  "filters over many channels: their mean or norm instead of every channel"),
    CLI_INTEGER_ROW("most", see_options, most, "N", 1, 100000,
                    "show at most N filters, or N maps of a layer"),
    CLI_TEXT_ROW("data", see_options, data, "DATA",
                 "filters: also mark those that stay silent for 1,000 samples of a data set"),
    CLI_INTEGER_ROW("zoom", see_options, zoom, "N", 1, 8, "pixels to a point in PNG files (default 1)"),
    CLI_FLAG_ROW("dark", see_options, dark, "PNG files on a dark page; SVG and HTML follow their reader"),
    CLI_WORDS_ROW(
        "terminal", see_options, terminal, "HOW", "half sixel kitty",
        "show pictures on stdout as half blocks, sixel or kitty graphics (default: what TERM says)"),
    CLI_MACHINE_ROWS(see_options, machine),
    CLI_JSON_ROW(see_options, json),
};

const cli_command cli_see_command = {
    .name = "see",
    .title = "shows what a network learned and what it answers, as pictures",
    .arguments = "MODEL ...",
    .min_arguments = 0,
    .max_arguments = 4,
    .description = "The numbers go to stdout as text or, with --json, as JSON. The picture goes to the file "
                   "of -o, else to "
                   "the terminal.",
    .examples = "stria see lenet5.safetensors --filters\n"
                "stria see lenet5.safetensors --filters conv2d_1 -o filters.png --zoom 2",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
