/* stria see MODEL PICTURE --explain: what in the picture the answer depends on. */
#include <math.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "see.h"
#include "see_input.h"
#include "text.h"

static int print_json(const stria_attribution *a, const char *name)
{
    cli_json *result = cli_json_object(), *class_of = cli_json_object(), *rows = cli_json_list();
    cli_json_set(result, "schema", cli_json_text("stria.see.explain/1"));
    cli_json_set(result, "picture", cli_json_text(name));
    cli_json_set(result, "method", cli_json_text(a->method));
    cli_json_set(result, "layer", a->layer[0] != '\0' ? cli_json_text(a->layer) : cli_json_null());
    cli_json_set(class_of, "index", cli_json_integer((int64_t)a->class_index));
    cli_json_set(class_of, "name", cli_json_text(a->class_name));
    cli_json_set(result, "class", class_of);
    cli_json_set(result, "probability", cli_json_number(a->probability));
    cli_json_set(result, "score", cli_json_number(a->score));
    for (int64_t i = 0; i < a->map_height; i++) {
        cli_json *row = cli_json_list();
        for (int64_t j = 0; j < a->map_width; j++) {
            cli_json_append(row, cli_json_number((double)a->map[i * a->map_width + j]));
        }
        cli_json_append(rows, row);
    }
    cli_json_set(result, "map", rows);
    return cli_json_print(result);
}

static void print_text(const stria_attribution *a, const char *name)
{
    int64_t most = 0;
    double low = (double)a->map[0], sum = 0;
    for (int64_t i = 0; i < a->map_height * a->map_width; i++) {
        most = a->map[i] > a->map[most] ? i : most;
        low = fmin(low, (double)a->map[i]);
        sum += (double)a->map[i];
    }
    cli_write_text(stdout, name);
    char number[CLI_NUMBER_SIZE];
    snprintf(number, sizeof number, "%zu", a->class_index);
    printf(": class %s", number);
    if (a->class_name != NULL && strcmp(a->class_name, number) != 0) {
        fputs(", ", stdout);
        cli_write_text(stdout, a->class_name);
    }
    printf(", probability %.4f, score %.6g\n", a->probability, a->score);
    cli_write_text(stdout, a->method);
    if (a->layer[0] != '\0') {
        fputs(" at ", stdout);
        cli_write_text(stdout, a->layer);
    }
    printf(": map of %lldx%lld, from %.6g to %.6g, largest at %lld,%lld\n", (long long)a->map_height,
           (long long)a->map_width, low, (double)a->map[most], (long long)(most / a->map_width),
           (long long)(most % a->map_width));
    if (a->patch > 0) {
        printf("a patch of %lldx%lld, every %lld pixels\n", (long long)a->patch, (long long)a->patch,
               (long long)a->stride);
    }
    if (strcmp(a->method, "integrated-gradients") == 0) {
        printf("the map's sum is %.6g; the scores of the picture and of the empty one differ by %.6g\n", sum,
               a->score - a->baseline_score);
    }
}

/* A .npy of the map at the picture's size, or the figure. */
static int show(const see *run, const stria_attribution *a, const see_input *input)
{
    stria_error err = {0};
    stria_sheet *sheet = NULL;
    if (see_writes_npy(run)) {
        const stria_shape shape = {2, {a->height, a->width}};
        return stria_array_write_npy(run->context, run->options->output, a->full, &shape, &err) == STRIA_OK
                   ? CLI_DONE
                   : cli_fail_with(&err, CLI_FROM_FILE);
    }
    const stria_picture *photo = input->shown->bytes != NULL ? input->shown : NULL;
    if (stria_attribution_sheet(a, run->context, photo, run->options->palette, &sheet, &err) != STRIA_OK) {
        return see_fail(&err);
    }
    const int status = see_show_sheet(run, sheet, NULL);
    stria_sheet_free(sheet);
    return status;
}

int see_explain(see *run)
{
    const see_options *o = run->options;
    stria_error err = {0};
    stria_attribution found = {0};
    see_input input;
    int status = see_input_read(&input, run);
    const stria_attribution_options options = {.struct_size = sizeof options,
                                               .method = o->method,
                                               .target_class = o->class_name,
                                               .layer = input.layer,
                                               .probabilities = o->probabilities,
                                               .samples = o->samples,
                                               .noise = o->noise,
                                               .seed = (uint64_t)o->seed,
                                               .patch = o->patch,
                                               .stride = o->stride,
                                               .fill = isnan(o->fill) ? NULL : &o->fill};
    if (status == CLI_DONE && stria_attribution_compute(&found, run->model, input.inputs[0], &input.shapes[0],
                                                        &options, &err) != STRIA_OK) {
        status = see_fail(&err);
    }
    if (status == CLI_DONE) {
        see_note_untrained(run);
        status = show(run, &found, &input);
    }
    if (status == CLI_DONE && o->json) {
        status = print_json(&found, input.name);
    } else if (status == CLI_DONE) {
        print_text(&found, input.name);
    }
    stria_attribution_free(&found, run->context);
    see_input_free(&input, run);
    return status;
}
