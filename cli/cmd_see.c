/* stria see: pictures of what a network learned and what it answers. This file has the options and finds the
 * mode; each mode is a see_*.c. */
#include <math.h>
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

const char *see_picture(const see *run, const char **layer, int *status)
{
    const cli_arguments *things = &run->things;
    const bool names_layer = things->count == 3 && run->options->layer == NULL;
    *status = CLI_DONE;
    *layer = names_layer ? things->items[1] : run->options->layer;
    if (things->count < 2) {
        *status = cli_fail(CLI_MISUSED, "PICTURE is missing; see 'stria help see'");
        return NULL;
    }
    if (things->count > 2 && !names_layer) {
        *status = cli_fail(CLI_MISUSED, "unexpected argument '%s'; see 'stria help see'",
                           things->items[things->count - 1]);
        return NULL;
    }
    return things->items[things->count - 1];
}

const char *see_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
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

int see_fail(const stria_error *err)
{
    return cli_fail_with(err, err->code == STRIA_ERROR_VALUE ? CLI_FROM_OPTION : CLI_FROM_FILE);
}

static int find_mode(const see_options *options, mode *found)
{
    const mode modes[] = {
        {"--filters", options->filters, false, see_filters},
        {"--maps", options->maps, false, see_maps},
        {"--kernel", options->kernel != NULL, true, see_kernel},
        {"--receptive", options->receptive != NULL, false, see_receptive},
        {"--tuning", options->tuning, false, see_tuning},
        {"--explain", options->explain, false, see_explain},
        {"--at", options->at != NULL, false, see_at},
        {"--maximize", options->maximize != NULL, false, see_maximize},
        {"--top", options->top > 0, false, see_top},
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
    return count > 0 ? CLI_DONE
                     : cli_fail(CLI_MISUSED,
                                "nothing to see: give --filters, --maps, --kernel, --receptive, --tuning, "
                                "--at, --explain, --maximize or --top");
}

bool see_writes_npy(const see *run)
{
    const char *path = run->options->output;
    const size_t length = path != NULL ? strlen(path) : 0;
    return length > 4 && strcmp(path + length - 4, ".npy") == 0;
}

void see_note_untrained(const see *run)
{
    if (!cli_is_trained(run->model, run->things.items[0])) {
        cli_note("the model is not trained: these are the weights it would begin with");
    }
}

/* A figure cannot be written to a file of another kind: better said before the work than after it. */
static int check_output(const char *path, bool takes_npy)
{
    static const char *const ends[] = {".png", ".svg", ".html", ".npy"};
    const size_t length = path != NULL ? strlen(path) : 0;
    for (size_t i = 0; i < (takes_npy ? 4 : 3) && path != NULL; i++) {
        const size_t end = strlen(ends[i]);
        if (length > end && strcmp(path + length - end, ends[i]) == 0) {
            return CLI_DONE;
        }
    }
    return path == NULL ? CLI_DONE
                        : cli_fail(CLI_MISUSED, "--output %s: must end in .png, .svg%s", path,
                                   takes_npy ? ", .html or .npy" : " or .html");
}

static int run(int argc, char **argv)
{
    see_options options = {.zoom = 1, .map = -1, .jitter = -1, .fill = NAN, .decay = -1, .blur = -1};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_see_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    mode found = {0};
    see all = {.options = &options, .things = arguments};
    status = find_mode(&options, &found);
    if (status == CLI_DONE) {
        status = check_output(options.output, options.explain || options.maximize != NULL);
    }
    if (status == CLI_DONE && options.each && options.output == NULL) {
        status = cli_fail(CLI_MISUSED, "--each belongs to --output FILE.png");
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
        "MODEL [LAYER]: the learned kernels (default: of the first convolution) as tiles: dark is negative, "
        "white positive, grey zero; with norms; dead and twin filters are marked"),
    CLI_FLAG_ROW("maps", see_options, maps,
                 "MODEL [LAYER] PICTURE: every feature map of a layer, or an overview of all layers"),
    CLI_TEXT_ROW(
        "kernel", see_options, kernel, "NAME,...",
        "PICTURE, no model: hand-made kernels by name or file (.npy, or rows of numbers), valid and same; in "
        "HTML to be moved by hand"),
    CLI_TEXT_ROW("receptive", see_options, receptive, "LAYER,ROW,COL",
                 "MODEL [PICTURE]: the box of the picture that this output depends on"),
    CLI_FLAG_ROW("tuning", see_options, tuning,
                 "MODEL [LAYER]: how strongly each filter answers to lines of every direction"),
    CLI_TEXT_ROW("layer", see_options, layer, "NAME", "the LAYER, instead of as a word behind MODEL"),
    CLI_OUTPUT_ROW(see_options, output, "FILE",
                   "write the picture to FILE.png, FILE.svg or FILE.html instead of the terminal"),
    CLI_WORDS_ROW("scale", see_options, scale, "HOW", "common own",
                  "one scale for all tiles of a layer (the default of filters) or each its own (of maps)"),
    CLI_TEXT_ROW("palette", see_options, palette, "NAME",
                 "gray (default), sequential (dark blue to yellow), diverging (blue, white, orange) or heat"),
    CLI_FLAG_ROW("gray", see_options, gray,
                 "filters over colours: a tile for each channel instead of colours"),
    CLI_WORDS_ROW("summary", see_options, summary, "HOW", "mean norm",
                  "filters over many channels: their mean or norm instead of every channel"),
    CLI_INTEGER_ROW(
        "most", see_options, most, "N", 1, 100000,
        "show at most N filters (default 256), or N maps of a layer (256; of all layers 16 each)"),
    CLI_TEXT_ROW("data", see_options, data, "DATA",
                 "filters: also mark those that stay silent for 1,000 samples of a data set; maps, top, "
                 "explain, at: where samples are from"),
    CLI_TEXT_ROW("bands", see_options, bands, "N,...",
                 "of a picture with many bands take these, numbered from 1, as 3,2,1"),
    CLI_FLAG_ROW("flip", see_options, flip,
                 "kernels: turn them by half a turn first: a convolution in the mathematical sense, where "
                 "layers correlate"),
    CLI_INTEGER_ROW("zoom", see_options, zoom, "N", 1, 8, "pixels to a point in PNG files (default 1)"),
    CLI_FLAG_ROW(
        "each", see_options, each,
        "with -o FILE.png: every tile is a file of its own, FILE-0.png, FILE-1.png, ..., of its own pixels"),
    CLI_FLAG_ROW("dark", see_options, dark, "PNG files on a dark page; SVG and HTML follow their reader"),
    CLI_WORDS_ROW(
        "terminal", see_options, terminal, "HOW", "half sixel kitty",
        "show pictures on stdout as half blocks, sixel or kitty graphics (default: what TERM says)"),
    CLI_FLAG_ROW("explain", see_options, explain,
                 "MODEL PICTURE: what in the picture the answer depends on: a map over it"),
    CLI_WORDS_ROW(
        "method", see_options, method, "HOW",
        "gradcam saliency gradient-input smoothgrad integrated-gradients occlusion",
        "explain: gradcam (places of a layer's maps that speak for the class; default), saliency (how "
        "steep the score is in each pixel), gradient-input, smoothgrad (saliency of noisy copies), "
        "integrated-gradients, occlusion (what hiding a patch costs)"),
    CLI_TEXT_ROW("class", see_options, class_name, "NAME",
                 "explain: the class, by name or number (default: the most likely)"),
    CLI_FLAG_ROW("probabilities", see_options, probabilities,
                 "explain: the probability instead of the score before the softmax"),
    CLI_INTEGER_ROW("patch", see_options, patch, "N", 1, 100000,
                    "occlusion: rows and columns that are hidden (default: an eighth of the picture)"),
    CLI_INTEGER_ROW("stride", see_options, stride, "N", 1, 100000,
                    "occlusion: pixels from patch to patch (default: half a patch)"),
    CLI_NUMBER_ROW(
        "fill", see_options, fill, "X", -1e30, 1e30,
        "occlusion: what hides (default: the picture's mean); integrated-gradients: the empty picture "
        "(default: 0)"),
    CLI_INTEGER_ROW("samples", see_options, samples, "N", 1, 1000000,
                    "smoothgrad and integrated-gradients: pictures (default 50)"),
    CLI_NUMBER_ROW("noise", see_options, noise, "X", 0, 100,
                   "smoothgrad: deviation, as a share of the picture's range (default 0.15)"),
    CLI_TEXT_ROW(
        "at", see_options, at, "ROW,COLUMN",
        "MODEL [LAYER] PICTURE: one output of a layer (default: the first convolution) worked out: patch, "
        "kernel, products, sum, bias, activation; of a dense layer the unit"),
    CLI_INTEGER_ROW("map", see_options, map, "K", 0, 1e9, "at, top: which feature map, from 0 (default 0)"),
    CLI_TEXT_ROW("maximize", see_options, maximize, "LAYER,K",
                 "MODEL: a picture that excites map K of a layer, made by climbing its gradient from noise"),
    CLI_INTEGER_ROW("steps", see_options, steps, "N", 1, 1000000, "maximize: steps (default 200)"),
    CLI_NUMBER_ROW("rate", see_options, rate, "X", 1e-9, 10,
                   "maximize: the mean change of a pixel in a step, as a share of the range (default 0.02)"),
    CLI_NUMBER_ROW("decay", see_options, decay, "X", 0, 0.999,
                   "maximize: share by which pixels fall back to the middle in a step (default 0.01)"),
    CLI_NUMBER_ROW("blur", see_options, blur, "PIXELS", 0, 64,
                   "maximize: blur every fourth step (default 0.5)"),
    CLI_INTEGER_ROW("jitter", see_options, jitter, "PIXELS", 0, 100000,
                    "maximize: the largest shift of a step (default: a sixteenth of the picture)"),
    CLI_NUMBER_ROW("low", see_options, low, "X", -1e30, 1e30,
                   "maximize: the lowest a number of the picture may be"),
    CLI_NUMBER_ROW("high", see_options, high, "X", -1e30, 1e30,
                   "maximize: the highest (default for both: what bytes are for the model)"),
    CLI_INTEGER_ROW("seed", see_options, seed, "N", 0, 9007199254740992.0,
                    "maximize, smoothgrad: of the noise (default 0)"),
    CLI_INTEGER_ROW(
        "top", see_options, top, "N", 1, 10000,
        "MODEL: the N samples of --data that excite map --map of --layer (default: the last convolution) "
        "most"),
    CLI_REPEATED_ROW("index", see_options, index, "N",
                     "explain, at: sample N of --data instead of PICTURE (default 0)"),
    CLI_WORDS_ROW("part", see_options, part, "PART", "train test",
                  "of --data: explain and at take test by default, top takes train"),
    CLI_MACHINE_ROWS(see_options, machine),
    CLI_JSON_ROW(see_options, json),
};

static void more_help(FILE *stream, int width)
{
    const char *name, *title;
    const int column = width < 60 ? 6 : 20;
    fprintf(stream, "\nkernels\n");
    for (size_t i = 0; stria_kernel_describe(i, &name, &title); i++) {
        const int at = fprintf(stream, "  %s", name);
        fprintf(stream, "%s%*s", width < 60 ? "\n" : "", width < 60 ? column : column - at, "");
        cli_write_wrapped(stream, title, column, column, width);
    }
}

const cli_command cli_see_command = {
    .name = "see",
    .title = "shows what a network learned and what it answers, as pictures",
    .arguments = "[MODEL] [LAYER] [PICTURE]",
    .min_arguments = 0,
    .max_arguments = 4,
    .description =
        "One option says what to see. The numbers go to stdout as text or, with --json, as JSON; the picture "
        "to "
        "the file of -o, else to the terminal. A PICTURE is resized and converted to what the model takes.",
    .examples = "stria see lenet5.safetensors --filters\n"
                "stria see lenet5.safetensors --maps conv2d_1 shoe.png -o maps.png --zoom 2\n"
                "stria see --kernel vertical7,horizontal7 temple -o lines.html\n"
                "stria see lenet5.safetensors shoe.png --receptive conv2d_1,3,4 -o box.svg\n"
                "stria see lenet5.safetensors --tuning -o tuning.html\n"
                "stria see lenet5.safetensors conv2d_1 shoe.png --at 3,5 --map 2 -o sum.svg\n"
                "stria see lenet5.safetensors shoe.png --explain -o why.png\n"
                "stria see lenet5.safetensors --top 12 --data fashion-mnist --layer conv2d_1 --map 2",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .more_help = more_help,
    .run = run,
};
