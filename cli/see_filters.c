/* stria see MODEL --filters [LAYER]: the learned kernels of a layer. */
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see.h"
#include "table.h"
#include "text.h"

static const char *remark_on(const stria_filter_info *info, char text[64])
{
    text[0] = '\0';
    if (info->dead) {
        snprintf(text, 64, "dead");
    } else if (info->silent) {
        snprintf(text, 64, "silent");
    } else if (info->twin >= 0) {
        snprintf(text, 64, "twin of %lld (%.4f)", (long long)info->twin, info->cosine);
    }
    return text;
}

static int print_table(const stria_filters *filters, bool watched)
{
    static const cli_column columns[] = {
        {.title = "filter", .right = true}, {.title = "norm", .right = true},
        {.title = "mean", .right = true},   {.title = "from", .right = true},
        {.title = "to", .right = true},     {.title = "remark"},
    };
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    stria_filter_info info;
    size_t dead = 0, silent = 0, twins = 0;
    for (size_t k = 0; stria_filters_at(filters, k, &info); k++) {
        char remark[64];
        cli_table_add(&table, "%zu", k);
        cli_table_add(&table, "%.4f", info.norm);
        cli_table_add(&table, "%.4f", info.mean);
        cli_table_add(&table, "%.4f", info.minimum);
        cli_table_add(&table, "%.4f", info.maximum);
        cli_table_add(&table, "%s", remark_on(&info, remark));
        dead += info.dead != 0;
        silent += !info.dead && info.silent;
        twins += !info.dead && !info.silent && info.twin >= 0;
    }
    const stria_shape *shape = stria_filters_shape(filters);
    cli_write_text(stdout, stria_filters_layer(filters));
    printf(": %lld filters of %lldx%lld over %lld channel%s\n", (long long)shape->sizes[0],
           (long long)shape->sizes[2], (long long)shape->sizes[3], (long long)shape->sizes[1],
           shape->sizes[1] == 1 ? "" : "s");
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    printf("%zu dead, ", dead);
    if (watched) {
        printf("%zu silent, ", silent);
    }
    printf("%zu twins\n", twins);
    return status;
}

static int print_json(const stria_filters *filters)
{
    const stria_shape *shape = stria_filters_shape(filters);
    cli_json *result = cli_json_object(), *list = cli_json_list();
    stria_filter_info info;
    cli_json_set(result, "schema", cli_json_text("stria.see.filters/1"));
    cli_json_set(result, "layer", cli_json_text(stria_filters_layer(filters)));
    cli_json_set(result, "shape", cli_json_shape(shape));
    for (size_t k = 0; stria_filters_at(filters, k, &info); k++) {
        cli_json *filter = cli_json_object();
        cli_json_set(filter, "filter", cli_json_integer((int64_t)k));
        cli_json_set(filter, "norm", cli_json_number(info.norm));
        cli_json_set(filter, "mean", cli_json_number(info.mean));
        cli_json_set(filter, "minimum", cli_json_number(info.minimum));
        cli_json_set(filter, "maximum", cli_json_number(info.maximum));
        cli_json_set(filter, "dead", cli_json_boolean(info.dead != 0));
        cli_json_set(filter, "silent", cli_json_boolean(info.silent != 0));
        cli_json_set(filter, "twin", info.twin >= 0 ? cli_json_integer(info.twin) : cli_json_null());
        cli_json_set(filter, "cosine", info.twin >= 0 ? cli_json_number(info.cosine) : cli_json_null());
        cli_json_append(list, filter);
    }
    cli_json_set(result, "filters", list);
    return cli_json_print(result);
}

static int watch(const see *run, stria_filters *filters)
{
    stria_error err = {0};
    stria_dataset *data = NULL;
    int status = cli_open_data(&data, run->context, run->options->data, run->model, NULL);
    if (status == CLI_DONE && stria_filters_watch(filters, run->model, data, 0, &err) != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_FILE);
    }
    stria_dataset_free(data);
    return status;
}

static int show(const see *run, const stria_filters *filters)
{
    const see_options *options = run->options;
    const stria_filters_options how = {.struct_size = sizeof how,
                                       .palette = options->palette,
                                       .own_scale =
                                           options->scale != NULL && strcmp(options->scale, "own") == 0,
                                       .separate = options->gray,
                                       .summary = options->summary,
                                       .most_filters = (size_t)options->most};
    stria_error err = {0};
    stria_sheet *sheet = NULL;
    if (stria_filters_sheet(filters, &how, &sheet, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const int status = see_show_sheet(run, sheet, NULL);
    stria_sheet_free(sheet);
    return status;
}

int see_filters(see *run)
{
    int status;
    stria_error err = {0};
    stria_filters *filters = NULL;
    const char *layer = see_layer(run, 1, &status);
    if (status != CLI_DONE) {
        return status;
    }
    if (layer != NULL && stria_model_find_layer(run->model, layer) < 0) {
        return see_fail_layer(run, layer);
    }
    if (stria_filters_create(&filters, run->context, run->model, layer, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    if (!cli_is_trained(run->model, run->things.items[0])) {
        cli_note("the model is not trained: these are the weights it would begin with");
    }
    status = run->options->data != NULL ? watch(run, filters) : CLI_DONE;
    if (status == CLI_DONE) {
        status = show(run, filters);
    }
    if (status == CLI_DONE) {
        status = run->options->json ? print_json(filters) : print_table(filters, run->options->data != NULL);
    }
    stria_filters_free(filters);
    return status;
}
