/* stria see MODEL [LAYER] PICTURE --maps: what the layers answer to a picture. */
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see_input.h"
#include "see.h"
#include "table.h"
#include "text.h"

/* One layer: a row for each map. All layers: a row for each. */
static int print_table(const stria_maps *maps)
{
    static const cli_column map_columns[] = {
        {.title = "map", .right = true},  {.title = "from", .right = true},    {.title = "to", .right = true},
        {.title = "mean", .right = true}, {.title = "above 0", .right = true},
    };
    static const cli_column layer_columns[] = {
        {.title = "layer"},
        {.title = "output"},
        {.title = "maps", .right = true},
        {.title = "from", .right = true},
        {.title = "to", .right = true},
        {.title = "never above 0", .right = true},
    };
    stria_maps_layer_info layer;
    stria_map_info map;
    const bool one = !stria_maps_layer_at(maps, 1, &layer);
    cli_table table = one ? cli_table_create(map_columns, 5) : cli_table_create(layer_columns, 6);
    for (size_t i = 0; stria_maps_layer_at(maps, i, &layer); i++) {
        char shape[STRIA_SHAPE_TEXT_SIZE];
        double low = 0, high = 0;
        int64_t never = 0;
        for (size_t k = 0; stria_maps_at(maps, i, k, &map); k++) {
            low = k == 0 || map.minimum < low ? map.minimum : low;
            high = k == 0 || map.maximum > high ? map.maximum : high;
            never += !(map.active > 0);
            if (one) {
                cli_table_add(&table, "%zu", k);
                cli_table_add(&table, "%.4g", map.minimum);
                cli_table_add(&table, "%.4g", map.maximum);
                cli_table_add(&table, "%.4g", map.mean);
                cli_table_add(&table, "%.1f %%", 100 * map.active);
            }
        }
        if (one) {
            cli_write_text(stdout, layer.layer);
            printf(": %s\n", stria_shape_text(&layer.output, shape, sizeof shape));
        } else {
            cli_table_add(&table, "%s", layer.layer);
            cli_table_add(&table, "%s", stria_shape_text(&layer.output, shape, sizeof shape));
            cli_table_add(&table, "%lld", (long long)layer.count);
            cli_table_add(&table, "%.4g", low);
            cli_table_add(&table, "%.4g", high);
            cli_table_add(&table, "%lld", (long long)never);
        }
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static int print_json(const stria_maps *maps)
{
    cli_json *result = cli_json_object(), *layers = cli_json_list();
    stria_maps_layer_info layer;
    stria_map_info map;
    cli_json_set(result, "schema", cli_json_text("stria.see.maps/1"));
    for (size_t i = 0; stria_maps_layer_at(maps, i, &layer); i++) {
        cli_json *one = cli_json_object(), *list = cli_json_list();
        cli_json_set(one, "layer", cli_json_text(layer.layer));
        cli_json_set(one, "kind", cli_json_text(layer.kind));
        cli_json_set(one, "output", cli_json_shape(&layer.output));
        for (size_t k = 0; stria_maps_at(maps, i, k, &map); k++) {
            cli_json *numbers = cli_json_object();
            cli_json_set(numbers, "map", cli_json_integer((int64_t)k));
            cli_json_set(numbers, "minimum", cli_json_number(map.minimum));
            cli_json_set(numbers, "maximum", cli_json_number(map.maximum));
            cli_json_set(numbers, "mean", cli_json_number(map.mean));
            cli_json_set(numbers, "active", cli_json_number(map.active));
            cli_json_append(list, numbers);
        }
        cli_json_set(one, "maps", list);
        cli_json_append(layers, one);
    }
    cli_json_set(result, "layers", layers);
    return cli_json_print(result);
}

static int show(const see *run, const stria_maps *maps, const char *picture)
{
    const see_options *options = run->options;
    char title[512];
    snprintf(title, sizeof title, "Feature maps of %s", see_base_name(picture));
    const stria_maps_options how = {.struct_size = sizeof how,
                                    .title = title,
                                    .palette = options->palette,
                                    .common_scale =
                                        options->scale != NULL && strcmp(options->scale, "common") == 0,
                                    .most = (size_t)options->most};
    stria_error err = {0};
    stria_sheet *sheet = NULL;
    if (stria_maps_sheet(maps, &how, &sheet, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const int status = see_show_sheet(run, sheet, NULL);
    stria_sheet_free(sheet);
    return status;
}

int see_maps(see *run)
{
    stria_error err = {0};
    see_input input;
    stria_maps *maps = NULL;
    int status = see_input_read(&input, run);
    if (status == CLI_DONE && stria_maps_create(&maps, run->context, run->model, input.inputs, input.shapes,
                                                input.layer, &err) != STRIA_OK) {
        status = see_fail(&err);
    }
    if (status == CLI_DONE) {
        status = show(run, maps, input.name);
    }
    if (status == CLI_DONE) {
        status = run->options->json ? print_json(maps) : print_table(maps);
    }
    stria_maps_free(maps);
    see_input_free(&input, run);
    return status;
}
