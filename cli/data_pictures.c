/* Pictures of a data set as a file: a contact sheet, and what a model's random layers make of some samples.
 */
#include <string.h>

#include "data.h"
#include "failure.h"

static int write_sheet(const data_options *options, stria_sheet *sheet, const char *path)
{
    stria_error err = {0};
    stria_figure *figure = NULL;
    const stria_figure_options library = {.struct_size = sizeof library,
                                          .scale = (double)options->zoom,
                                          .dark = options->dark,
                                          .title = stria_sheet_title(sheet)};
    stria_status status = stria_sheet_figure(sheet, 0, &figure, &err);
    if (status == STRIA_OK) {
        status = stria_figure_write(figure, path, &library, &err);
    }
    if (status == STRIA_OK) {
        cli_note("wrote %s: %.0f x %.0f", path, stria_figure_width(figure) * library.scale,
                 stria_figure_height(figure) * library.scale);
    }
    stria_figure_free(figure);
    stria_sheet_free(sheet);
    if (status == STRIA_ERROR_LIMIT) {
        return cli_fail(CLI_MISUSED, "%s; fewer --samples would help", err.message);
    }
    return status == STRIA_OK ? CLI_DONE : cli_fail_with(&err, CLI_FROM_FILE);
}

/* What the library is told; the part asked for, or the training part as far as there is one. */
static int read_options(stria_gallery_options *library, const data_options *options, const char *name,
                        const stria_dataset *data)
{
    const bool has[2] = {stria_dataset_count(data, STRIA_PART_TRAIN) > 0,
                         stria_dataset_count(data, STRIA_PART_TEST) > 0};
    const bool test = options->part != NULL ? strcmp(options->part, "test") == 0 : !has[STRIA_PART_TRAIN];
    *library = (stria_gallery_options){.struct_size = sizeof *library,
                                       .name = name,
                                       .part = test ? STRIA_PART_TEST : STRIA_PART_TRAIN,
                                       .samples = (size_t)options->samples,
                                       .shuffle = options->seed >= 0,
                                       .seed = options->seed >= 0 ? (uint64_t)options->seed : 0,
                                       .draws = (size_t)options->draws};
    if (!has[library->part]) {
        return cli_fail(CLI_BAD_INPUT, "%s has no %s part", name, test ? "test" : "training");
    }
    return CLI_DONE;
}

int data_write_sheet(const data_options *options, stria_context *context, const char *name)
{
    stria_error err = {0};
    stria_dataset *data = NULL;
    stria_sheet *sheet = NULL;
    stria_gallery_options library;
    int status = data_open(&data, context, name, options->decode_threads);
    if (status == CLI_DONE) {
        status = read_options(&library, options, name, data);
    }
    if (status == CLI_DONE && stria_contact_sheet(&sheet, data, &library, &err) != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_FILE);
    }
    if (status == CLI_DONE) {
        status = write_sheet(options, sheet, options->sheet);
    }
    stria_dataset_free(data);
    return status;
}

int data_write_augmented(const data_options *options, stria_context *context, const char *name)
{
    stria_error err = {0};
    stria_model *model = NULL;
    stria_dataset *data = NULL;
    stria_sheet *sheet = NULL;
    stria_gallery_options library;
    const cli_data_options pictures = {.decode_threads = options->decode_threads, .empty_classes = true};
    int status = cli_open_model(&model, context, options->model);
    if (status == CLI_DONE) {
        status = cli_open_data(&data, context, name, model, &pictures);
    }
    if (status == CLI_DONE) {
        status = read_options(&library, options, name, data);
    }
    if (status == CLI_DONE && stria_augmented_sheet(&sheet, model, data, &library, &err) != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_FILE);
    }
    if (status == CLI_DONE) {
        status = write_sheet(options, sheet, options->augmented);
    }
    stria_dataset_free(data);
    stria_model_free(model);
    return status;
}
