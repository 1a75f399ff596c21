/* stria see MODEL --tuning [LAYER]: which direction of lines each filter of the first layer answers to. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see.h"
#include "table.h"
#include "text.h"

static int print_table(const stria_filters *filters, const stria_tuning *tunings, size_t count)
{
    static const cli_column columns[] = {
        {.title = "filter", .right = true},          {.title = "prefers", .right = true},
        {.title = "selectivity", .right = true},     {.title = "answer", .right = true},
        {.title = "at right angles", .right = true}, {.title = "waves per pixel", .right = true},
    };
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    for (size_t k = 0; k < count; k++) {
        const stria_tuning *t = &tunings[k];
        const int across = ((int)(t->preferred * STRIA_TUNING_ANGLES / 180 + 0.5) + STRIA_TUNING_ANGLES / 2) %
                           STRIA_TUNING_ANGLES;
        cli_table_add(&table, "%zu", k);
        cli_table_add(&table, "%.0f°", t->preferred);
        cli_table_add(&table, "%.3f", t->selectivity);
        cli_table_add(&table, "%.4g", t->strongest);
        cli_table_add(&table, "%.4g", t->responses[across]);
        cli_table_add(&table, "%.3f", t->frequency);
    }
    cli_write_text(stdout, stria_filters_layer(filters));
    printf(": %zu filters; angles are of the bars, 0° lies, 90° stands\n", count);
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static int print_json(const stria_filters *filters, const stria_tuning *tunings, size_t count)
{
    cli_json *result = cli_json_object(), *list = cli_json_list();
    cli_json_set(result, "schema", cli_json_text("stria.see.tuning/1"));
    cli_json_set(result, "layer", cli_json_text(stria_filters_layer(filters)));
    for (size_t k = 0; k < count; k++) {
        cli_json *one = cli_json_object(), *responses = cli_json_list();
        cli_json_set(one, "filter", cli_json_integer((int64_t)k));
        cli_json_set(one, "preferred", cli_json_number(tunings[k].preferred));
        cli_json_set(one, "selectivity", cli_json_number(tunings[k].selectivity));
        cli_json_set(one, "frequency", cli_json_number(tunings[k].frequency));
        for (int a = 0; a < STRIA_TUNING_ANGLES; a++) {
            cli_json_append(responses, cli_json_number(tunings[k].responses[a]));
        }
        cli_json_set(one, "responses", responses);
        cli_json_append(list, one);
    }
    cli_json_set(result, "filters", list);
    return cli_json_print(result);
}

static int show(const see *run, const stria_filters *filters, const stria_tuning *tunings)
{
    stria_error err = {0};
    stria_figure *figure = NULL;
    if (stria_tuning_figure(filters, tunings, &figure, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const int status =
        see_show_figure(run, figure, "Orientation tuning",
                        "Each curve is the answer of one filter to sine gratings by the direction of "
                        "their bars, at the frequency that it answers to best.");
    stria_figure_free(figure);
    return status;
}

int see_tuning(see *run)
{
    int status;
    const char *layer = see_layer(run, 1, &status);
    if (status != CLI_DONE) {
        return status;
    }
    if (layer != NULL && stria_model_find_layer(run->model, layer) < 0) {
        return see_fail_layer(run, layer);
    }
    stria_error err = {0};
    stria_filters *filters = NULL;
    if (stria_filters_create(&filters, run->context, run->model, layer, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const size_t count = (size_t)stria_filters_shape(filters)->sizes[0];
    stria_tuning *tunings = calloc(count, sizeof *tunings);
    if (tunings == NULL) {
        status = cli_fail_memory();
    } else if (stria_filters_tune(filters, tunings, &err) != STRIA_OK) {
        status = see_fail(&err);
    }
    if (status == CLI_DONE) {
        status = show(run, filters, tunings);
    }
    if (status == CLI_DONE) {
        status =
            run->options->json ? print_json(filters, tunings, count) : print_table(filters, tunings, count);
    }
    free(tunings);
    stria_filters_free(filters);
    return status;
}
