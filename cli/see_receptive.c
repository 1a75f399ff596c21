/* stria see MODEL [PICTURE] --receptive LAYER,ROW,COL: the box of the picture that one output depends on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "picture_input.h"
#include "see.h"
#include "text.h"

#define LARGE 480.0 /* pixels of the picture's longer side */

/* What is seen: rows and columns of the input, which may reach over its borders. */
typedef struct field {
    const char *layer;
    int64_t place[2];       /* the output's row and column */
    int64_t from[2], to[2]; /* the first and the last row and column */
    int64_t input[2];       /* rows and columns of the input */
    stria_layer_info info;
} field;

static const char *const axes[] = {"row", "column"};

/* Takes "LAYER,ROW,COL" apart; the layer's name is copied to `name`. */
static int parse(const see *run, char *name, size_t size, field *f)
{
    const char *text = run->options->receptive, *end = text + strlen(text);
    int found = 0;
    for (int i = 1; i >= 0; i--) {
        const char *comma = end;
        while (comma > text && comma[-1] != ',') {
            comma--;
        }
        char *stop;
        f->place[i] = comma < end ? strtoll(comma, &stop, 10) : 0;
        found += comma > text && comma < end && stop == end && f->place[i] >= 0 && comma[0] != '-' &&
                 comma[0] != '+';
        end = comma > text ? comma - 1 : text;
    }
    if (found != 2 || end == text || (size_t)(end - text) >= size) {
        return cli_fail(CLI_MISUSED, "--receptive %s: must be LAYER,ROW,COL, as conv2d_1,3,4", text);
    }
    memcpy(name, text, (size_t)(end - text));
    name[end - text] = '\0';
    f->layer = name;
    const int index = stria_model_find_layer(run->model, name);
    return index < 0 ? see_fail_layer(run, name)
                     : (stria_model_layer(run->model, (size_t)index, &f->info) ? CLI_DONE : CLI_MISUSED);
}

static int compute(const see *run, field *f)
{
    const stria_shape *input = stria_model_input_shape(run->model, 0);
    const stria_receptive_field *seen = &f->info.receptive_field;
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (seen->axes != 2 || input->rank != 3) {
        return cli_fail(CLI_BAD_INPUT, "the model's input is %s; receptive fields are drawn for pictures",
                        stria_shape_text(input, text, sizeof text));
    }
    if (input->sizes[0] < 1 || input->sizes[1] < 1) {
        return cli_fail(CLI_MISUSED, "the model takes pictures of any size; give a PICTURE");
    }
    for (int i = 0; i < 2; i++) {
        f->input[i] = input->sizes[i];
        if (f->info.output.rank == 3 && f->place[i] >= f->info.output.sizes[i]) {
            return cli_fail(CLI_MISUSED, "--receptive: layer '%s' has %lld %ss; there is no %s %lld",
                            f->layer, (long long)f->info.output.sizes[i], axes[i], axes[i],
                            (long long)f->place[i]);
        }
        const bool whole = seen->size[i] == 0 || f->info.output.rank != 3;
        f->from[i] = whole ? 0 : seen->offset[i] + f->place[i] * seen->stride[i];
        f->to[i] = whole ? f->input[i] - 1 : f->from[i] + seen->size[i] - 1;
    }
    return CLI_DONE;
}

static void print_text(const field *f)
{
    cli_write_text(stdout, f->layer);
    if (f->info.output.rank == 3) {
        printf(" (%lld, %lld)", (long long)f->place[0], (long long)f->place[1]);
    }
    printf(" sees rows %lld to %lld and columns %lld to %lld of the %lldx%lld input: %lldx%lld\n",
           (long long)f->from[0], (long long)f->to[0], (long long)f->from[1], (long long)f->to[1],
           (long long)f->input[0], (long long)f->input[1], (long long)(f->to[0] - f->from[0] + 1),
           (long long)(f->to[1] - f->from[1] + 1));
    for (int i = 0; i < 2; i++) {
        const int64_t before = f->from[i] < 0 ? -f->from[i] : 0;
        const int64_t after = f->to[i] >= f->input[i] ? f->to[i] - f->input[i] + 1 : 0;
        if (before > 0 || after > 0) {
            printf("%ss of padding in it: %lld before the picture, %lld behind it\n", axes[i],
                   (long long)before, (long long)after);
        }
    }
}

static int print_json(const field *f)
{
    cli_json *result = cli_json_object();
    static const char *const names[] = {"rows", "columns"};
    cli_json_set(result, "schema", cli_json_text("stria.see.receptive/1"));
    cli_json_set(result, "layer", cli_json_text(f->layer));
    cli_json_set(result, "output", cli_json_shape(&(stria_shape){2, {f->place[0], f->place[1]}}));
    cli_json_set(result, "input", cli_json_shape(&(stria_shape){2, {f->input[0], f->input[1]}}));
    for (int i = 0; i < 2; i++) {
        cli_json *ends = cli_json_list();
        cli_json_append(ends, cli_json_integer(f->from[i]));
        cli_json_append(ends, cli_json_integer(f->to[i]));
        cli_json_set(result, names[i], ends);
    }
    return cli_json_print(result);
}

/* The picture enlarged, with as much page around it as the box reaches over, and the box. */
static int show(const see *run, const field *f, const stria_picture *picture)
{
    const double longer = (double)(f->input[0] > f->input[1] ? f->input[0] : f->input[1]);
    const double factor = longer <= LARGE ? floor(LARGE / longer) : LARGE / longer;
    double before[2], size[2];
    for (int i = 0; i < 2; i++) {
        const double over = f->from[i] < 0 ? (double)-f->from[i] : 0;
        const double behind = f->to[i] >= f->input[i] ? (double)(f->to[i] - f->input[i] + 1) : 0;
        before[i] = 16 + over * factor;
        size[i] = before[i] + (double)f->input[i] * factor + behind * factor + 16;
    }
    char line[512];
    snprintf(line, sizeof line, "%s (%lld, %lld) sees %lldx%lld", f->layer, (long long)f->place[0],
             (long long)f->place[1], (long long)(f->to[0] - f->from[0] + 1),
             (long long)(f->to[1] - f->from[1] + 1));
    const double width = fmax(size[1], stria_text_width(line, 14, 1) + 32), head = 34;
    stria_error err = {0};
    stria_figure *figure = NULL;
    if (stria_figure_create(&figure, run->context, width, size[0] + head, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    stria_figure_text(figure, 16, 26, line, &(stria_lettering){.size = 14, .bold = 1});
    const double left = before[1], top = before[0] + head;
    const double w = (double)f->input[1] * factor, h = (double)f->input[0] * factor;
    if (picture->bytes != NULL) {
        stria_figure_picture(figure, picture, left, top, w, h, 0, NULL);
    }
    stria_figure_box(figure, left - 0.5, top - 0.5, w + 1, h + 1, &(stria_paint){.stroke = STRIA_COLOR_SOFT});
    const double x = left + (double)f->from[1] * factor, y = top + (double)f->from[0] * factor;
    const double box_width = (double)(f->to[1] - f->from[1] + 1) * factor;
    const double box_height = (double)(f->to[0] - f->from[0] + 1) * factor;
    stria_figure_box(figure, x, y, box_width, box_height,
                     &(stria_paint){.fill = STRIA_COLOR_MARK, .opacity = 0.25});
    stria_figure_box(figure, x, y, box_width, box_height,
                     &(stria_paint){.stroke = STRIA_COLOR_MARK, .width = 2.5, .title = line});
    const int status = see_show_figure(run, figure, line, NULL);
    stria_figure_free(figure);
    return status;
}

int see_receptive(see *run)
{
    char name[512];
    field f = {0};
    cli_picture_input input = {0};
    stria_error err = {0};
    if (run->things.count > 2) {
        return cli_fail(CLI_MISUSED, "unexpected argument '%s'; --receptive takes MODEL and PICTURE",
                        run->things.items[2]);
    }
    int status = run->things.count == 2 ? cli_picture_input_read(&input, run->context, run->model,
                                                                 run->things.items[1], run->options->bands)
                                        : CLI_DONE;
    if (status == CLI_DONE && run->things.count == 2) {
        const stria_shape shape = cli_picture_input_shape(&input);
        if (stria_model_set_input_shapes(run->model, &shape, 1, &err) != STRIA_OK) {
            status = cli_fail_with(&err, CLI_FROM_FILE);
        }
    }
    if (status == CLI_DONE) {
        status = parse(run, name, sizeof name, &f);
    }
    if (status == CLI_DONE) {
        status = compute(run, &f);
    }
    if (status == CLI_DONE) {
        status = show(run, &f, &input.shown);
    }
    if (status == CLI_DONE) {
        if (run->options->json) {
            status = print_json(&f);
        } else {
            print_text(&f);
        }
    }
    cli_picture_input_free(&input, run->context);
    return status;
}
