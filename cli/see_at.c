/* stria see MODEL PICTURE --at ROW,COLUMN: one output of a layer worked out by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see.h"
#include "see_input.h"
#include "table.h"
#include "text.h"

static bool is_sum(const stria_pixel *pixel)
{
    return strcmp(pixel->operation, "sum") == 0;
}

/* ---- Text ---- */

static int print_terms(const stria_pixel *p)
{
    static const cli_column columns[] = {
        {.title = "", .right = true},        {.title = "", .right = true},
        {.title = "", .right = true},        {.title = "channel", .right = true},
        {.title = "input", .right = true},   {.title = "weight", .right = true},
        {.title = "product", .right = true}, {.title = ""},
    };
    static const char *const axes[] = {"plane", "row", "column"};
    const int first = 3 - (p->input.rank - 1 < 3 ? p->input.rank - 1 : 3);
    cli_column used[sizeof columns / sizeof columns[0]];
    size_t count = 0;
    for (int a = first; a < 3; a++) {
        used[count] = columns[a];
        used[count++].title = p->input.rank == 2 ? "step" : axes[a];
    }
    used[count++] = columns[3];
    used[count++] = columns[4];
    if (is_sum(p)) {
        used[count++] = columns[5];
        used[count++] = columns[6];
    }
    used[count++] = columns[7];
    cli_table table = cli_table_create(used, count);
    for (size_t i = 0; i < p->term_count; i++) {
        const stria_pixel_term *t = &p->terms[i];
        for (int a = first; a < 3; a++) {
            cli_table_add(&table, "%lld", (long long)t->place[a]);
        }
        cli_table_add(&table, "%lld", (long long)t->channel);
        cli_table_add(&table, "%.9g", (double)t->input);
        if (is_sum(p)) {
            cli_table_add(&table, "%.9g", (double)t->weight);
            cli_table_add(&table, "%.9g", t->product + 0.0); /* -0 is 0 */
        }
        const bool extreme = strcmp(p->operation, "maximum") == 0 || strcmp(p->operation, "minimum") == 0;
        cli_table_add(&table, "%s", t->padding ? "padding" : extreme && i == p->chosen ? p->operation : "");
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static void print_step(const stria_pixel_step *step)
{
    const stria_pixel_number *n = step->numbers;
    if (strcmp(step->what, "bias") == 0) {
        printf("+ bias %.9g", n[0].value);
    } else if (step->number_count == 5) {
        cli_write_text(stdout, step->layer);
        printf(": %.9g * (z - %.9g) / sqrt(%.9g + %.9g) + %.9g", n[0].value, n[1].value, n[2].value,
               n[3].value, n[4].value);
    } else if (step->number_count == 1) {
        printf("%s: e^z / %.9g", step->what, n[0].value);
    } else {
        fputs(step->what, stdout);
    }
    printf(" = %.9g", step->value);
    if (step->has_plan_value) {
        printf("; ");
        cli_write_text(stdout, step->layer);
        printf(" has %.9g", (double)step->plan_value);
    }
    putchar('\n');
}

static int print_text(const stria_pixel *p, const char *name)
{
    static const char *const axes[] = {"plane", "row", "column"};
    char input[STRIA_SHAPE_TEXT_SIZE], output[STRIA_SHAPE_TEXT_SIZE];
    cli_write_text(stdout, name);
    fputs(": ", stdout);
    cli_write_text(stdout, p->layer);
    printf(" (%s), %s to %s, map %lld", p->kind, stria_shape_text(&p->input, input, sizeof input),
           stria_shape_text(&p->output, output, sizeof output), (long long)p->map);
    for (int a = 3 - p->axes; a < 3; a++) {
        printf(", %s %lld", p->axes == 1 ? "step" : axes[a], (long long)p->position[a]);
    }
    putchar('\n');
    const int status = print_terms(p);
    if (is_sum(p)) {
        printf("sum of %zu products = %.9g", p->term_count, p->result);
    } else if (strcmp(p->operation, "value") == 0) {
        printf("input = %.9g", p->result);
    } else {
        printf("%s of %zu numbers = %.9g", p->operation, p->counted, p->result);
    }
    if (p->own_steps == 0) {
        fputs("; ", stdout);
        cli_write_text(stdout, p->layer);
        printf(" has %.9g", (double)p->plan_value);
    }
    putchar('\n');
    for (size_t i = 0; i < p->step_count; i++) {
        print_step(&p->steps[i]);
    }
    return status;
}

/* ---- JSON ---- */

static cli_json *triple(const int64_t *numbers, int axes)
{
    cli_json *list = cli_json_list();
    for (int a = 3 - axes; a < 3; a++) {
        cli_json_append(list, cli_json_integer(numbers[a]));
    }
    return list;
}

static cli_json *steps_of(const stria_pixel *p)
{
    cli_json *list = cli_json_list();
    for (size_t i = 0; i < p->step_count; i++) {
        const stria_pixel_step *s = &p->steps[i];
        cli_json *step = cli_json_object(), *numbers = cli_json_object();
        for (int n = 0; n < s->number_count; n++) {
            cli_json_set(numbers, s->numbers[n].name, cli_json_number(s->numbers[n].value));
        }
        cli_json_set(step, "layer", cli_json_text(s->layer));
        cli_json_set(step, "step", cli_json_text(s->what));
        cli_json_set(step, "numbers", numbers);
        cli_json_set(step, "value", cli_json_number(s->value));
        cli_json_set(step, "model_value",
                     s->has_plan_value ? cli_json_number((double)s->plan_value) : cli_json_null());
        cli_json_append(list, step);
    }
    return list;
}

static int print_json(const stria_pixel *p, const char *name)
{
    const int in_axes = p->input.rank - 1 < 3 ? p->input.rank - 1 : 3;
    cli_json *result = cli_json_object(), *terms = cli_json_list();
    cli_json_set(result, "schema", cli_json_text("stria.see.at/1"));
    cli_json_set(result, "picture", cli_json_text(name));
    cli_json_set(result, "layer", cli_json_text(p->layer));
    cli_json_set(result, "kind", cli_json_text(p->kind));
    cli_json_set(result, "position", triple(p->position, p->axes));
    cli_json_set(result, "map", cli_json_integer(p->map));
    cli_json_set(result, "operation", cli_json_text(p->operation));
    cli_json_set(result, "window", triple(p->window, in_axes));
    for (size_t i = 0; i < p->term_count; i++) {
        const stria_pixel_term *t = &p->terms[i];
        cli_json *term = cli_json_object();
        cli_json_set(term, "place", triple(t->place, in_axes));
        cli_json_set(term, "channel", cli_json_integer(t->channel));
        cli_json_set(term, "padding", cli_json_boolean(t->padding != 0));
        cli_json_set(term, "input", cli_json_number((double)t->input));
        cli_json_set(term, "weight", cli_json_number((double)t->weight));
        cli_json_set(term, "product", cli_json_number(t->product));
        cli_json_append(terms, term);
    }
    cli_json_set(result, "terms", terms);
    cli_json_set(result, "result", cli_json_number(p->result));
    cli_json_set(result, "steps", steps_of(p));
    cli_json_set(result, "value", cli_json_number(p->value));
    cli_json_set(result, "model_value", cli_json_number((double)p->plan_value));
    return cli_json_print(result);
}

/* ---- The mode ---- */

/* "3,4": up to four whole numbers. */
static int read_numbers(const char *text, int64_t numbers[4], int *count)
{
    const char *at = text;
    char *end;
    for (*count = 0; *count < 4; at = end + 1) {
        numbers[(*count)++] = strtoll(at, &end, 10);
        if (end == at || (*end != ',' && *end != '\0')) {
            break;
        }
        if (*end == '\0') {
            return CLI_DONE;
        }
    }
    return cli_fail(CLI_MISUSED, "--at %s: must be a place such as 3,4, and perhaps a map behind it", text);
}

/* Takes the map from behind the place, where --map does not say it. */
static int find_place(const see *run, const char *layer, int64_t numbers[4], int *count, int64_t *map)
{
    stria_layer_info info;
    const int status = read_numbers(run->options->at, numbers, count);
    if (status != CLI_DONE) {
        return status;
    }
    *map = run->options->map < 0 ? 0 : run->options->map;
    if (layer != NULL &&
        stria_model_layer(run->model, (size_t)stria_model_find_layer(run->model, layer), &info) &&
        *count == info.output.rank && run->options->map < 0) {
        *map = numbers[--*count];
    }
    return CLI_DONE;
}

static int show(const see *run, const stria_pixel *pixel)
{
    stria_error err = {0};
    stria_figure *figure = NULL;
    if (stria_pixel_figure(pixel, run->context, &figure, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const int status = see_show_figure(run, figure, "one output worked out", NULL);
    stria_figure_free(figure);
    return status;
}

int see_at(see *run)
{
    int64_t numbers[4] = {0}, map = 0;
    int count = 0;
    stria_error err = {0};
    stria_pixel pixel = {0};
    see_input input;
    int status = see_input_read(&input, run);
    if (status == CLI_DONE) {
        status = find_place(run, input.layer, numbers, &count, &map);
    }
    if (status == CLI_DONE && stria_pixel_work_out(&pixel, run->model, input.layer, numbers, count, map,
                                                   input.inputs, input.shapes, &err) != STRIA_OK) {
        status = see_fail(&err);
    }
    if (status == CLI_DONE) {
        status = show(run, &pixel);
    }
    if (status == CLI_DONE) {
        status = run->options->json ? print_json(&pixel, input.name) : print_text(&pixel, input.name);
    }
    stria_pixel_free(&pixel, run->context);
    see_input_free(&input, run);
    return status;
}
