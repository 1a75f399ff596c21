/* stria see MODEL --maximize LAYER,MAP and --top N --data DATA: what excites a feature map. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see.h"
#include "table.h"
#include "text.h"

static int refuse_words(const see *run)
{
    return run->things.count > 1
               ? cli_fail(CLI_MISUSED, "unexpected argument '%s'; see 'stria help see'", run->things.items[1])
               : CLI_DONE;
}

static int show_sheet(const see *run, stria_sheet *sheet)
{
    const int status = see_show_sheet(run, sheet, NULL);
    stria_sheet_free(sheet);
    return status;
}

/* ---- --maximize ---- */

/* "conv2d_1,5" or "conv2d_1": the layer's name into `layer`, which the caller frees. */
static int read_target(const see *run, char **layer, int64_t *map)
{
    const char *text = run->options->maximize, *comma = strrchr(text, ',');
    char *end = NULL;
    *map = comma != NULL ? strtoll(comma + 1, &end, 10) : run->options->map < 0 ? 0 : run->options->map;
    if (comma != NULL && (end == comma + 1 || *end != '\0')) {
        return cli_fail(CLI_MISUSED, "--maximize %s: must be LAYER,MAP, as in conv2d_1,5", text);
    }
    *layer = strdup(text);
    if (*layer == NULL) {
        return cli_fail_memory();
    }
    if (comma != NULL) {
        (*layer)[comma - text] = '\0';
    }
    return stria_model_find_layer(run->model, *layer) < 0 ? see_fail_layer(run, *layer) : CLI_DONE;
}

static int print_made(const see *run, const stria_maximized *made)
{
    if (!run->options->json) {
        cli_write_text(stdout, made->layer);
        printf(", map %lld: noise gives %.6g, the picture %.6g\n", (long long)made->map, made->before,
               made->after);
        return CLI_DONE;
    }
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.see.maximize/1"));
    cli_json_set(result, "layer", cli_json_text(made->layer));
    cli_json_set(result, "map", cli_json_integer(made->map));
    cli_json_set(result, "shape", cli_json_shape(&made->shape));
    cli_json_set(result, "low", cli_json_number(made->low));
    cli_json_set(result, "high", cli_json_number(made->high));
    cli_json_set(result, "before", cli_json_number(made->before));
    cli_json_set(result, "after", cli_json_number(made->after));
    return cli_json_print(result);
}

static int show_made(const see *run, const stria_maximized *made)
{
    stria_error err = {0};
    stria_sheet *sheet = NULL;
    if (see_writes_npy(run)) {
        return stria_array_write_npy(run->context, run->options->output, made->picture, &made->shape, &err) ==
                       STRIA_OK
                   ? CLI_DONE
                   : cli_fail_with(&err, CLI_FROM_FILE);
    }
    return stria_maximized_sheet(made, run->context, &sheet, &err) == STRIA_OK ? show_sheet(run, sheet)
                                                                               : see_fail(&err);
}

int see_maximize(see *run)
{
    const see_options *o = run->options;
    char *layer = NULL;
    int64_t map = 0;
    stria_error err = {0};
    stria_maximized made = {0};
    int status = refuse_words(run);
    if (status == CLI_DONE) {
        status = read_target(run, &layer, &map);
    }
    const stria_maximize_options options = {.struct_size = sizeof options,
                                            .layer = layer,
                                            .map = map,
                                            .steps = o->steps,
                                            .rate = o->rate,
                                            .decay = o->decay < 0 ? NULL : &o->decay,
                                            .blur = o->blur < 0 ? NULL : &o->blur,
                                            .jitter = o->jitter < 0 ? NULL : &o->jitter,
                                            .low = o->low,
                                            .high = o->high,
                                            .seed = (uint64_t)o->seed};
    if (status == CLI_DONE && stria_maximize(&made, run->model, &options, &err) != STRIA_OK) {
        status = see_fail(&err);
    }
    if (status == CLI_DONE) {
        see_note_untrained(run);
        status = show_made(run, &made);
    }
    if (status == CLI_DONE) {
        status = print_made(run, &made);
    }
    stria_maximized_free(&made, run->context);
    free(layer);
    return status;
}

/* ---- --top ---- */

static int print_top_json(const stria_top *top, const stria_dataset *data)
{
    cli_json *result = cli_json_object(), *list = cli_json_list();
    cli_json_set(result, "schema", cli_json_text("stria.see.top/1"));
    cli_json_set(result, "layer", cli_json_text(top->layer));
    cli_json_set(result, "map", cli_json_integer(top->map));
    cli_json_set(result, "looked_at", cli_json_integer((int64_t)top->looked_at));
    for (size_t i = 0; i < top->count; i++) {
        const stria_top_sample *s = &top->samples[i];
        cli_json *sample = cli_json_object(), *position = cli_json_list(), *first = cli_json_list(),
                 *size = cli_json_list();
        for (int a = 0; a < s->axes; a++) {
            cli_json_append(position, cli_json_integer(s->position[a]));
        }
        for (int a = 0; a < top->shape.rank - 1 && a < 3; a++) {
            cli_json_append(first, cli_json_integer(s->first[a]));
            cli_json_append(size, cli_json_integer(s->size[a]));
        }
        cli_json_set(sample, "index", cli_json_integer(s->index));
        cli_json_set(sample, "class",
                     s->label < 0 ? cli_json_null()
                                  : cli_json_text(stria_dataset_class_name(data, (size_t)s->label)));
        cli_json_set(sample, "value", cli_json_number((double)s->value));
        cli_json_set(sample, "position", position);
        cli_json_set(sample, "first", first);
        cli_json_set(sample, "size", size);
        cli_json_append(list, sample);
    }
    cli_json_set(result, "samples", list);
    return cli_json_print(result);
}

/* "3,4" of up to three numbers. */
static void write_list(char *text, size_t size, const int64_t *numbers, int count)
{
    int length = 0;
    text[0] = '\0';
    for (int a = 0; a < count && a < 3; a++) {
        length +=
            snprintf(text + length, size - (size_t)length, "%s%lld", a > 0 ? "," : "", (long long)numbers[a]);
    }
}

static int print_top(const stria_top *top, const stria_dataset *data)
{
    static const cli_column columns[] = {
        {.title = "sample", .right = true}, {.title = "value", .right = true},
        {.title = "at", .right = true},     {.title = "sees from", .right = true},
        {.title = "size", .right = true},   {.title = "class"}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    cli_write_text(stdout, top->layer);
    printf(", map %lld, of %zu samples\n", (long long)top->map, top->looked_at);
    for (size_t i = 0; i < top->count; i++) {
        const stria_top_sample *s = &top->samples[i];
        char text[96];
        const int axes = top->shape.rank - 1;
        cli_table_add(&table, "%u", s->index);
        cli_table_add(&table, "%.6g", (double)s->value);
        write_list(text, sizeof text, s->position, s->axes);
        cli_table_add(&table, "%s", text);
        write_list(text, sizeof text, s->first, axes);
        cli_table_add(&table, "%s", text);
        write_list(text, sizeof text, s->size, axes);
        cli_table_add(&table, "%s", text);
        cli_table_add(&table, "%s", s->label < 0 ? "" : stria_dataset_class_name(data, (size_t)s->label));
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static int find_and_show(const see *run, const stria_dataset *data)
{
    const see_options *o = run->options;
    stria_error err = {0};
    stria_top top = {0};
    stria_sheet *sheet = NULL;
    const stria_top_options options = {
        .struct_size = sizeof options,
        .layer = o->layer,
        .map = o->map < 0 ? 0 : o->map,
        .count = o->top,
        .part = o->part != NULL && strcmp(o->part, "test") == 0 ? STRIA_PART_TEST : STRIA_PART_TRAIN};
    if (stria_top_find(&top, run->model, data, &options, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    see_note_untrained(run);
    int status = stria_top_sheet(&top, run->context, data, &sheet, &err) == STRIA_OK ? show_sheet(run, sheet)
                                                                                     : see_fail(&err);
    if (status == CLI_DONE) {
        status = o->json ? print_top_json(&top, data) : print_top(&top, data);
    }
    stria_top_free(&top, run->context);
    return status;
}

int see_top(see *run)
{
    const see_options *o = run->options;
    stria_dataset *data = NULL;
    int status = refuse_words(run);
    if (status == CLI_DONE && o->data == NULL) {
        status = cli_fail(CLI_MISUSED, "--top needs --data DATA, whose samples it looks at");
    }
    if (status == CLI_DONE && o->layer != NULL && stria_model_find_layer(run->model, o->layer) < 0) {
        status = see_fail_layer(run, o->layer);
    }
    if (status == CLI_DONE) {
        status = cli_open_data(&data, run->context, o->data, run->model, NULL);
    }
    if (status == CLI_DONE) {
        status = find_and_show(run, data);
    }
    stria_dataset_free(data);
    return status;
}
