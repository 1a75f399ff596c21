/* stria see --kernel NAME[,NAME...] PICTURE: hand-made kernels applied to a picture, with padding "valid" and
 * "same". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "picture_input.h"
#include "see.h"
#include "see_stepper.h"
#include "table.h"
#include "text.h"

#define LARGE 300.0 /* pixels of the longer side of the pictures in a sheet */

typedef struct answer {
    const char *name;
    stria_kernel kernel;
    stria_array valid, same;
} answer;

/* The largest and smallest number of a map, and where they are first. */
typedef struct range {
    double low, high;
    int64_t low_row, low_column, high_row, high_column;
} range;

static range range_of(const stria_array *map)
{
    const int64_t width = map->shape.sizes[1];
    range r = {.low = INFINITY, .high = -INFINITY};
    for (int64_t i = 0; i < map->shape.sizes[0] * width; i++) {
        const double value = (double)map->values[i];
        if (value < r.low) {
            r.low = value;
            r.low_row = i / width;
            r.low_column = i % width;
        }
        if (value > r.high) {
            r.high = value;
            r.high_row = i / width;
            r.high_column = i % width;
        }
    }
    return r;
}

/* ---- Numbers ---- */

static int print_table(const answer *answers, size_t count)
{
    static const cli_column columns[] = {
        {.title = "kernel"}, {.title = "padding"},
        {.title = "output"}, {.title = "from", .right = true},
        {.title = "at"},     {.title = "to", .right = true},
        {.title = "at"},
    };
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        for (int same = 0; same < 2; same++) {
            const stria_array *map = same ? &answers[i].same : &answers[i].valid;
            const range r = range_of(map);
            cli_table_add(&table, "%s", answers[i].name);
            cli_table_add(&table, "%s", same ? "same" : "valid");
            cli_table_add(&table, "%lldx%lld", (long long)map->shape.sizes[0],
                          (long long)map->shape.sizes[1]);
            cli_table_add(&table, "%.4g", r.low);
            cli_table_add(&table, "%lld,%lld", (long long)r.low_row, (long long)r.low_column);
            cli_table_add(&table, "%.4g", r.high);
            cli_table_add(&table, "%lld,%lld", (long long)r.high_row, (long long)r.high_column);
        }
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static cli_json *map_json(const stria_array *map)
{
    const range r = range_of(map);
    cli_json *json = cli_json_object();
    cli_json_set(json, "output",
                 cli_json_shape(&(stria_shape){2, {map->shape.sizes[0], map->shape.sizes[1]}}));
    cli_json_set(json, "minimum", cli_json_number(r.low));
    cli_json_set(json, "minimum_at", cli_json_shape(&(stria_shape){2, {r.low_row, r.low_column}}));
    cli_json_set(json, "maximum", cli_json_number(r.high));
    cli_json_set(json, "maximum_at", cli_json_shape(&(stria_shape){2, {r.high_row, r.high_column}}));
    return json;
}

static int print_json(const answer *answers, size_t count)
{
    cli_json *result = cli_json_object(), *list = cli_json_list();
    cli_json_set(result, "schema", cli_json_text("stria.see.kernel/1"));
    for (size_t i = 0; i < count; i++) {
        const stria_kernel *kernel = &answers[i].kernel;
        cli_json *one = cli_json_object(), *weights = cli_json_list();
        cli_json_set(one, "kernel", cli_json_text(answers[i].name));
        cli_json_set(one, "size", cli_json_shape(&(stria_shape){2, {kernel->height, kernel->width}}));
        for (int64_t k = 0; k < kernel->height * kernel->width; k++) {
            cli_json_append(weights, cli_json_number((double)kernel->values[k]));
        }
        cli_json_set(one, "weights", weights);
        cli_json_set(one, "valid", map_json(&answers[i].valid));
        cli_json_set(one, "same", map_json(&answers[i].same));
        cli_json_append(list, one);
    }
    cli_json_set(result, "kernels", list);
    return cli_json_print(result);
}

/* ---- Pictures ---- */

/* Adds numbers as a tile: `low` is the palette's dark end. Every picture of a sheet is drawn by the same
 * factor. */
static int add_tile(stria_sheet *sheet, const char *palette, const float *values, int64_t height,
                    int64_t width, double low, double high, double factor, const char *caption)
{
    uint8_t colors[256][3], *bytes = malloc((size_t)(3 * height * width));
    if (bytes == NULL) {
        return cli_fail_memory();
    }
    for (int i = 0; i < 256; i++) {
        stria_color_map(palette, i / 255.0, colors[i]);
    }
    for (int64_t i = 0; i < height * width; i++) {
        const double part = high > low ? ((double)values[i] - low) / (high - low) : 0.5;
        memcpy(bytes + 3 * i, colors[(int)(255 * fmin(1, fmax(0, part)) + 0.5)], 3);
    }
    const stria_picture picture = {.height = height, .width = width, .channels = 3, .bytes = bytes};
    stria_sheet_tile(sheet, &picture,
                     &(stria_tile){.caption = caption,
                                   .width = fmax(1, floor((double)width * factor + 0.5)),
                                   .height = fmax(1, floor((double)height * factor + 0.5))});
    free(bytes);
    return CLI_DONE;
}

static int add_answer(stria_sheet *sheet, const char *palette, const answer *a, const stria_array *picture,
                      double factor)
{
    const int64_t height = picture->shape.sizes[1], width = picture->shape.sizes[2];
    const range valid = range_of(&a->valid), same = range_of(&a->same);
    const double low = fmin(valid.low, same.low), high = fmax(valid.high, same.high);
    double largest = 0;
    char caption[160], heading[256];
    for (int64_t i = 0; i < a->kernel.height * a->kernel.width; i++) {
        largest = fmax(largest, fabs((double)a->kernel.values[i]));
    }
    snprintf(heading, sizeof heading, "%s · %lldx%lld", a->name, (long long)a->kernel.height,
             (long long)a->kernel.width);
    stria_sheet_group(sheet, &(stria_sheet_group_options){.heading = heading, .size = LARGE, .columns = 4});
    snprintf(caption, sizeof caption, "kernel\n%.3g to %.3g", -largest, largest);
    const double longer = (double)(a->kernel.height > a->kernel.width ? a->kernel.height : a->kernel.width);
    int status = add_tile(sheet, palette, a->kernel.values, a->kernel.height, a->kernel.width, -largest,
                          largest, fmax(1, floor(84 / longer)), caption);
    snprintf(caption, sizeof caption, "picture\n%lldx%lld", (long long)height, (long long)width);
    if (status == CLI_DONE) {
        range shown = {.low = 0, .high = 1};
        for (int64_t i = 0; i < height * width; i++) {
            shown.low = fmin(shown.low, (double)picture->values[i]);
            shown.high = fmax(shown.high, (double)picture->values[i]);
        }
        status =
            add_tile(sheet, "gray", picture->values, height, width, shown.low, shown.high, factor, caption);
    }
    for (int padded = 0; padded < 2 && status == CLI_DONE; padded++) {
        const stria_array *map = padded ? &a->same : &a->valid;
        const range *r = padded ? &same : &valid;
        snprintf(caption, sizeof caption, "%s %lldx%lld\n%.4g to %.4g", padded ? "same" : "valid",
                 (long long)map->shape.sizes[0], (long long)map->shape.sizes[1], r->low, r->high);
        status = add_tile(sheet, palette, map->values, map->shape.sizes[0], map->shape.sizes[1], low, high,
                          factor, caption);
    }
    return status;
}

static int show(const see *run, const answer *answers, size_t count, const stria_array *picture,
                const char *name)
{
    stria_error err = {0};
    stria_sheet *sheet = NULL;
    char title[512];
    const char *palette = run->options->palette != NULL ? run->options->palette : "gray";
    uint8_t rgb[3];
    if (!stria_color_map(palette, 0, rgb)) {
        return cli_fail(CLI_MISUSED,
                        "there is no colour map '%s'; there are gray, sequential, diverging and heat",
                        palette);
    }
    snprintf(title, sizeof title, "Hand-made kernels over %s", see_base_name(name));
    if (stria_sheet_create(&sheet, run->context, title, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    const int64_t height = picture->shape.sizes[1], width = picture->shape.sizes[2];
    const double longer = (double)(height > width ? height : width);
    const double factor = longer <= LARGE ? floor(LARGE / longer) : LARGE / longer;
    int status = CLI_DONE;
    for (size_t i = 0; i < count && status == CLI_DONE; i++) {
        status = add_answer(sheet, palette, &answers[i], picture, factor);
    }
    stria_sheet_note(
        sheet, "Valid windows lie within the picture; with same padding the picture has a border of zeros, "
               "which shows where the windows reach over it. The two have one scale.");
    char *stepper = NULL;
    const char *output = run->options->output;
    const size_t length = output != NULL ? strlen(output) : 0;
    if (status == CLI_DONE && length > 5 && strcmp(output + length - 5, ".html") == 0) {
        stepper = see_stepper(picture, &answers[0].kernel, answers[0].name);
        status = stepper != NULL ? CLI_DONE : cli_fail_memory();
    }
    if (status == CLI_DONE) {
        status = see_show_sheet(run, sheet, stepper);
    }
    free(stepper);
    stria_sheet_free(sheet);
    return status;
}

/* ---- The whole ---- */

static int apply(const see *run, answer *a, const char *name, const stria_array *picture)
{
    stria_error err = {0};
    const int64_t height = picture->shape.sizes[1], width = picture->shape.sizes[2];
    a->name = name;
    if (stria_kernel_read(&a->kernel, run->context, name, &err) != STRIA_OK) {
        return cli_fail_with(&err, err.code == STRIA_ERROR_MISSING ? CLI_FROM_OPTION : CLI_FROM_FILE);
    }
    if (run->options->flip) { /* a convolution in the mathematical sense turns the kernel by half a turn */
        const int64_t size = a->kernel.height * a->kernel.width;
        for (int64_t i = 0; i < size / 2; i++) {
            const float first = a->kernel.values[i];
            a->kernel.values[i] = a->kernel.values[size - 1 - i];
            a->kernel.values[size - 1 - i] = first;
        }
    }
    if (stria_kernel_apply(&a->kernel, run->context, picture->values, height, width, 0, &a->valid, &err) !=
            STRIA_OK ||
        stria_kernel_apply(&a->kernel, run->context, picture->values, height, width, 1, &a->same, &err) !=
            STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    return CLI_DONE;
}

int see_kernel(see *run)
{
    if (run->things.count != 1) {
        return run->things.count == 0
                   ? cli_fail(CLI_MISUSED, "--kernel needs a PICTURE")
                   : cli_fail(CLI_MISUSED,
                              "unexpected argument '%s'; --kernel takes one PICTURE and no model",
                              run->things.items[1]);
    }
    char *names = malloc(strlen(run->options->kernel) + 1);
    if (names == NULL) {
        return cli_fail_memory();
    }
    strcpy(names, run->options->kernel);
    answer answers[SEE_MOST_KERNELS] = {0};
    size_t count = 0;
    cli_picture_input input;
    int status =
        cli_picture_input_read(&input, run->context, NULL, run->things.items[0], run->options->bands);
    for (char *name = names; name != NULL && status == CLI_DONE;) {
        char *comma = strchr(name, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        status = count < SEE_MOST_KERNELS
                     ? apply(run, &answers[count++], name, &input.array)
                     : cli_fail(CLI_MISUSED, "--kernel takes up to %d kernels", SEE_MOST_KERNELS);
        name = comma != NULL ? comma + 1 : NULL;
    }
    if (status == CLI_DONE) {
        status = show(run, answers, count, &input.array, run->things.items[0]);
    }
    if (status == CLI_DONE) {
        status = run->options->json ? print_json(answers, count) : print_table(answers, count);
    }
    for (size_t i = 0; i < count; i++) {
        stria_kernel_free(&answers[i].kernel, run->context);
        stria_array_free(&answers[i].valid, run->context);
        stria_array_free(&answers[i].same, run->context);
    }
    cli_picture_input_free(&input, run->context);
    free(names);
    return status;
}
