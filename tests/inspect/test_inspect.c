/* Filters, feature maps, hand-made kernels and tuning: taken in the right order, measured, shown, and
 * refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/inspect.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

#define NUMBER_OF(array) (sizeof(array) / sizeof(array)[0])

static stria_model *model_of(const test_context *test, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), NULL, &err), &err);
    return model;
}

/* Sets a tensor to 1, 2, 3, ... */
static void number_tensor(stria_model *model, const char *name)
{
    const int index = stria_model_find_tensor(model, name);
    stria_tensor_info info;
    assert_true(index >= 0 && stria_model_tensor(model, (size_t)index, &info));
    float *data = stria_model_tensor_data(model, (size_t)index);
    for (int64_t i = 0; i < info.count; i++)
        data[i] = (float)(i + 1);
}

/* ---- Filters ---- */

static void filters_come_in_one_order(void **state)
{
    (void)state;
    static const struct {
        const char *text, *layer, *tensor;
        int64_t shape[4];          /* filters, channels, height, width */
        int64_t k, c, y, x, place; /* weight (k,c,y,x) is number `place` of the tensor */
    } cases[] = {
        {"input 8x8x2\nconv2d 3 4x5\n",
         "conv2d",
         "conv2d/kernel",
         {3, 2, 4, 5},
         1,
         1,
         2,
         3,
         ((2 * 5 + 3) * 2 + 1) * 3 + 1},
        {"input 8x8x2\nconv2d_transpose 3 4x5\n",
         "conv2d_transpose",
         "conv2d_transpose/kernel",
         {3, 2, 4, 5},
         2,
         1,
         2,
         3,
         ((2 * 5 + 3) * 3 + 2) * 2 + 1},
        {"input 8x8x2\ndepthwise_conv2d 3 depth_multiplier=2\n",
         "depthwise_conv2d",
         "depthwise_conv2d/kernel",
         {4, 1, 3, 3},
         3,
         0,
         1,
         2,
         (1 * 3 + 2) * 4 + 3},
        {"input 9x2\nconv1d 3 4\n", "conv1d", "conv1d/kernel", {3, 2, 1, 4}, 1, 1, 0, 3, (3 * 2 + 1) * 3 + 1},
        {"input 6x6x6x2\nconv3d 3 2x3x4\n",
         "conv3d",
         "conv3d/kernel",
         {3, 4, 3, 4},
         1,
         3,
         2,
         1,
         (((1 * 3 + 2) * 4 + 1) * 2 + 1) * 3 + 1},
        {"input 4x5x2\nflatten\ndense 3\n",
         "dense",
         "dense/kernel",
         {3, 2, 4, 5},
         2,
         1,
         3,
         4,
         ((3 * 5 + 4) * 2 + 1) * 3 + 2},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        stria_model *model = model_of(&test, cases[i].text);
        stria_filters *filters = NULL;
        stria_error err = {0};
        number_tensor(model, cases[i].tensor);
        assert_ok(stria_filters_create(&filters, test.context, model, i % 2 ? NULL : cases[i].layer, &err),
                  &err);
        assert_string_equal(stria_filters_layer(filters), cases[i].layer);
        const int64_t *shape = stria_filters_shape(filters)->sizes;
        assert_memory_equal(shape, cases[i].shape, sizeof cases[i].shape);
        const int64_t at =
            ((cases[i].k * shape[1] + cases[i].c) * shape[2] + cases[i].y) * shape[3] + cases[i].x;
        assert_true(stria_filters_values(filters)[at] == (float)(cases[i].place + 1));
        stria_filters_free(filters);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Four filters: one, its double, nothing, and the first with another sign. */
static const float known_weights[3 * 3 * 4] = {[0 * 4 + 0] = 1,  [0 * 4 + 1] = 2,  [0 * 4 + 3] = -1,
                                               [8 * 4 + 0] = -2, [8 * 4 + 1] = -4, [8 * 4 + 3] = 2};

static stria_filters *known_filters(const test_context *test, stria_model **model)
{
    stria_filters *filters = NULL;
    stria_error err = {0};
    *model = model_of(test, "input 5x5x1\nconv2d 4 3 relu\n");
    assert_ok(stria_model_set_tensor(*model, "conv2d/kernel", known_weights, NUMBER_OF(known_weights), &err),
              &err);
    assert_ok(stria_filters_create(&filters, test->context, *model, NULL, &err), &err);
    return filters;
}

static void dead_and_twin_filters_are_found(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model;
    stria_filters *filters = known_filters(&test, &model);
    stria_filter_info info[4];
    for (size_t k = 0; k < 4; k++)
        assert_true(stria_filters_at(filters, k, &info[k]));
    assert_false(stria_filters_at(filters, 4, &info[0]));
    assert_true(fabs(info[1].norm - sqrt(20)) < 1e-6);
    assert_true(fabs(info[1].mean + 2.0 / 9) < 1e-6);
    assert_true(info[1].minimum == -4 && info[1].maximum == 2);
    assert_int_equal(info[1].twin, 0);
    assert_true(info[1].cosine > 0.999999 && info[1].cosine <= 1);
    assert_true(info[2].dead && !info[0].dead && info[2].twin == -1);
    assert_int_equal(info[3].twin, -1);

    /* Pictures all of whose numbers are 1: the first three answer with -1, -2 and 0, the last with 1. */
    float x[25];
    for (int i = 0; i < 25; i++)
        x[i] = 1;
    const int32_t label = 0;
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, test.context, x, &(stria_shape){3, {5, 5, 1}}, 1, &label, 1, NULL,
                                   NULL, &err),
              &err);
    assert_ok(stria_filters_watch(filters, model, data, 0, &err), &err);
    for (size_t k = 0; k < 4; k++) {
        stria_filters_at(filters, k, &info[k]);
        assert_int_equal(info[k].silent, k < 3);
    }
    stria_dataset_free(data);
    stria_filters_free(filters);
    stria_model_free(model);
    test_context_close(&test);
}

/* Darker is more negative, whiter more positive, 0 the middle grey. */
static void tiles_show_signs(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model;
    stria_filters *filters = known_filters(&test, &model);
    for (int own = 0; own < 2; own++) {
        stria_sheet *sheet = NULL;
        stria_error err = {0};
        const stria_filters_options options = {.own_scale = own};
        assert_ok(stria_filters_sheet(filters, &options, &sheet, &err), &err);
        assert_int_equal(stria_sheet_tile_count(sheet), 4);
        static const uint8_t common[4][3] = {{159, 128, 64}, {191, 128, 0}, {128, 128, 128}, {96, 128, 191}};
        static const uint8_t owns[4][3] = {{191, 128, 0}, {191, 128, 0}, {128, 128, 128}, {64, 128, 255}};
        static const char *const marks[4] = {NULL, "twin of 0", "dead", NULL};
        for (size_t k = 0; k < 4; k++) {
            stria_picture picture;
            stria_tile tile;
            size_t group;
            assert_true(stria_sheet_tile_at(sheet, k, &picture, &tile, &group));
            assert_int_equal(picture.height, 3);
            assert_int_equal(picture.channels, 4);
            const uint8_t *expected = own ? owns[k] : common[k];
            assert_int_equal(picture.bytes[0], expected[0]);
            assert_int_equal(picture.bytes[4 * 4], expected[1]);
            assert_int_equal(picture.bytes[8 * 4], expected[2]);
            assert_int_equal(picture.bytes[8 * 4 + 3], 255);
            if (marks[k] == NULL)
                assert_null(tile.mark);
            else
                assert_string_equal(tile.mark, marks[k]);
        }
        stria_figure *figure = NULL;
        assert_ok(stria_sheet_figure(sheet, 0, &figure, &err), &err);
        assert_true(stria_figure_width(figure) > 4 * 90 && stria_figure_width(figure) < 960);
        stria_figure_free(figure);
        stria_sheet_free(sheet);
    }
    stria_filters_free(filters);
    stria_model_free(model);
    test_context_close(&test);
}

static void filters_are_refused(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_error err = {0};
    stria_filters *filters = NULL;
    stria_model *model = model_of(&test, "input 12\ndense 3\n");
    assert_status(stria_filters_create(&filters, test.context, model, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_filters_create(&filters, test.context, model, "dense", &err), STRIA_ERROR_VALUE,
                  &err);
    assert_status(stria_filters_create(&filters, test.context, model, "conv", &err), STRIA_ERROR_MISSING,
                  &err);
    stria_model_free(model);
    filters = known_filters(&test, &model);
    stria_sheet *sheet = NULL;
    assert_status(stria_filters_sheet(filters, &(stria_filters_options){.palette = "jet"}, &sheet, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "diverging");
    assert_status(stria_filters_sheet(filters, &(stria_filters_options){.summary = "sum"}, &sheet, &err),
                  STRIA_ERROR_VALUE, &err);
    stria_filters_free(filters);
    stria_filters_free(NULL);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Hand-made kernels ---- */

static double largest(const stria_array *map)
{
    double most = -(double)INFINITY;
    for (int64_t i = 0; i < map->shape.sizes[0] * map->shape.sizes[1]; i++)
        most = fmax(most, (double)map->values[i]);
    return most;
}

/* A vertical line one pixel wide: the vertical filter of 7 answers 7, the horizontal one 1. */
static void line_filters_answer_their_lines(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    static float picture[20 * 24];
    for (int y = 0; y < 20; y++)
        picture[y * 24 + 11] = 1;
    static const struct {
        const char *name;
        double answer;
    } cases[] = {{"vertical7", 7},  {"horizontal7", 1}, {"vertical3", 3}, {"diagonal5", 1},
                 {"box3", 1.0 / 3}, {"sobel-x", 4},     {"sobel-y", 0},   {"identity", 1}};
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        stria_kernel kernel;
        stria_error err = {0};
        assert_ok(stria_kernel_read(&kernel, test.context, cases[i].name, &err), &err);
        stria_array valid = {0}, same = {0};
        assert_ok(stria_kernel_apply(&kernel, test.context, picture, 20, 24, 0, &valid, &err), &err);
        assert_ok(stria_kernel_apply(&kernel, test.context, picture, 20, 24, 1, &same, &err), &err);
        assert_int_equal(valid.shape.sizes[0], 20 - kernel.height + 1);
        assert_int_equal(valid.shape.sizes[1], 24 - kernel.width + 1);
        assert_int_equal(same.shape.sizes[0], 20);
        assert_int_equal(same.shape.sizes[1], 24);
        assert_true(fabs(largest(&valid) - cases[i].answer) < 1e-6);
        /* Padding darkens the border: the first row of "same" has lost a part of the line. */
        if (kernel.height == 7 && cases[i].answer == 7)
            assert_true(fabs((double)same.values[11] - 4) < 1e-6);
        stria_array_free(&valid, test.context);
        stria_array_free(&same, test.context);
        stria_kernel_free(&kernel, test.context);
    }
    test_context_close(&test);
}

static void kernels_come_from_files(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    temporary_folder folder;
    temporary_folder_make(&folder);
    char path[TEMPORARY_PATH_SIZE];
    stria_kernel kernel;
    stria_error err = {0};
    static const struct {
        const char *text;
        int64_t height, width;
        const char *message; /* NULL: it reads, and its last number is -0.5 */
    } cases[] = {
        {"1 2 3\n4 5 -0.5\n", 2, 3, NULL},
        {"# a comment\n\n1,2;3\t4  # and one\r\n-1 0 0 -.5", 2, 4, NULL},
        {"-0.5", 1, 1, NULL},
        {"1 2\n3\n", 0, 0, "k.txt:2: 1 numbers, and 2 in the rows above"},
        {"1 2\n3 x\n", 0, 0, "k.txt:2: 'x' is not a number"},
        {"\n# nothing\n", 0, 0, "holds no numbers"},
        {"nan", 0, 0, "is not a number"},
    };
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        write_test_file(temporary_folder_path(&folder, "k.txt", path), cases[i].text, strlen(cases[i].text));
        if (cases[i].message != NULL) {
            assert_status(stria_kernel_read(&kernel, test.context, path, &err), STRIA_ERROR_FORMAT, &err);
            assert_message(&err, cases[i].message);
            continue;
        }
        assert_ok(stria_kernel_read(&kernel, test.context, path, &err), &err);
        assert_int_equal(kernel.height, cases[i].height);
        assert_int_equal(kernel.width, cases[i].width);
        assert_true(kernel.values[kernel.height * kernel.width - 1] == -0.5f);
        stria_kernel_free(&kernel, test.context);
    }
    write_test_file(path, "1\0 2", 4);
    assert_status(stria_kernel_read(&kernel, test.context, path, &err), STRIA_ERROR_FORMAT, &err);

    const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    temporary_folder_path(&folder, "k.npy", path);
    assert_ok(stria_array_write_npy(test.context, path, values, &(stria_shape){4, {2, 4, 1, 1}}, &err), &err);
    assert_ok(stria_kernel_read(&kernel, test.context, path, &err), &err);
    assert_int_equal(kernel.height, 2);
    assert_int_equal(kernel.width, 4);
    assert_true(kernel.values[5] == 6);
    stria_kernel_free(&kernel, test.context);
    assert_ok(stria_array_write_npy(test.context, path, values, &(stria_shape){3, {2, 2, 2}}, &err), &err);
    assert_status(stria_kernel_read(&kernel, test.context, path, &err), STRIA_ERROR_SHAPE, &err);

    assert_status(stria_kernel_read(&kernel, test.context, "vertical0", &err), STRIA_ERROR_LIMIT, &err);
    assert_status(stria_kernel_read(&kernel, test.context, "box1000000", &err), STRIA_ERROR_LIMIT, &err);
    assert_status(stria_kernel_read(&kernel, test.context, "sobel", &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, "sobel-x");
    const float small[4] = {0};
    stria_array result = {0};
    assert_ok(stria_kernel_read(&kernel, test.context, "vertical3", &err), &err);
    assert_status(stria_kernel_apply(&kernel, test.context, small, 2, 2, 0, &result, &err), STRIA_ERROR_SHAPE,
                  &err);
    stria_kernel_free(&kernel, test.context);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* Texts of the signs that rows of numbers are made of, in any order, are read or refused. */
static void no_text_breaks_the_reader(void **state)
{
    (void)state;
    static const char signs[] = "0123456789.-+e \t\n,;#\r/x";
    test_context test;
    test_context_open(&test, 1, NULL);
    temporary_folder folder;
    temporary_folder_make(&folder);
    char path[TEMPORARY_PATH_SIZE], text[64];
    temporary_folder_path(&folder, "k.txt", path);
    unsigned seed = 3;
    size_t read = 0;
    for (int n = 0; n < 2000; n++) {
        stria_kernel kernel;
        stria_error err = {0};
        const size_t length = (size_t)n % sizeof text;
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = signs[(seed >> 16) % (n % 2 ? 12 : sizeof signs - 1)];
        }
        write_test_file(path, text, length);
        const stria_status status = stria_kernel_read(&kernel, test.context, path, &err);
        assert_true(status == STRIA_OK || status == STRIA_ERROR_FORMAT || status == STRIA_ERROR_LIMIT);
        read += status == STRIA_OK;
        stria_kernel_free(&kernel, test.context);
    }
    assert_true(read > 20);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* ---- Tuning ---- */

static void tuning_finds_directions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double preferred, least, most; /* the selectivity */
    } cases[] = {{"vertical7", 90, 0.3, 1}, {"horizontal7", 0, 0.3, 1}, {"diagonal7", 135, 0.3, 1},
                 {"sobel-x", 90, 0.3, 1},   {"sobel-y", 0, 0.3, 1},     {"laplacian8", -1, 0, 0.2},
                 {"gauss7", -1, 0, 0.1}};
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        stria_kernel kernel;
        stria_error err = {0};
        char text[64];
        assert_ok(stria_kernel_read(&kernel, test.context, cases[i].name, &err), &err);
        snprintf(text, sizeof text, "input 9x9x1\nconv2d 1 %d\n", (int)kernel.height);
        stria_model *model = model_of(&test, text);
        assert_ok(stria_model_set_tensor(model, "conv2d/kernel", kernel.values,
                                         (size_t)(kernel.height * kernel.width), &err),
                  &err);
        stria_filters *filters = NULL;
        stria_tuning tuning;
        assert_ok(stria_filters_create(&filters, test.context, model, NULL, &err), &err);
        assert_ok(stria_filters_tune(filters, &tuning, &err), &err);
        if (cases[i].preferred >= 0)
            assert_true(fabs(tuning.preferred - cases[i].preferred) < 1e-9);
        assert_true(tuning.selectivity >= cases[i].least && tuning.selectivity <= cases[i].most);
        if (i == 0)
            assert_true(fabs(tuning.strongest - 7) < 1e-9);
        stria_figure *figure = NULL;
        assert_ok(stria_tuning_figure(filters, &tuning, &figure, &err), &err);
        stria_figure_free(figure);
        stria_filters_free(filters);
        stria_model_free(model);
        stria_kernel_free(&kernel, test.context);
    }
    test_context_close(&test);
}

/* ---- Maps ---- */

static void maps_are_the_layers_outputs(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_error err = {0};
    stria_model *model =
        model_of(&test, "input 4x5x1\nconv2d 2 1 use_bias=no\nmaxpool2d 2\nflatten\ndense 3\n");
    const float weights[2] = {1, -2};
    float x[20], values[20];
    for (int i = 0; i < 20; i++)
        x[i] = (float)i;
    const float *inputs[] = {x};
    assert_ok(stria_model_set_tensor(model, "conv2d/kernel", weights, 2, &err), &err);
    stria_maps *maps = NULL;
    assert_ok(stria_maps_create(&maps, test.context, model, inputs, NULL, NULL, &err), &err);
    static const char *const layers[] = {"conv2d", "max_pooling2d", "dense"}; /* flatten changes no number */
    static const int64_t counts[] = {2, 2, 1}, heights[] = {4, 2, 1}, widths[] = {5, 2, 3};
    stria_maps_layer_info layer;
    for (size_t i = 0; i < 3; i++) {
        assert_true(stria_maps_layer_at(maps, i, &layer));
        assert_string_equal(layer.layer, layers[i]);
        assert_int_equal(layer.count, counts[i]);
        assert_int_equal(layer.height, heights[i]);
        assert_int_equal(layer.width, widths[i]);
    }
    assert_false(stria_maps_layer_at(maps, 3, &layer));
    stria_map_info info;
    assert_true(stria_maps_at(maps, 0, 1, &info));
    assert_true(info.minimum == -38 && info.maximum == 0 && info.mean == -19 && info.active == 0);
    assert_true(stria_maps_at(maps, 1, 0, &info));
    assert_true(info.minimum == 6 && info.maximum == 18 && info.active == 1);
    assert_false(stria_maps_at(maps, 1, 2, &info));
    assert_true(stria_maps_read(maps, 0, 1, values));
    for (int i = 0; i < 20; i++)
        assert_true(values[i] == -2 * x[i]);
    stria_sheet *sheet = NULL;
    stria_picture picture;
    stria_tile tile;
    size_t group;
    assert_ok(stria_maps_sheet(maps, &(stria_maps_options){.most = 1}, &sheet, &err), &err);
    assert_int_equal(stria_sheet_tile_count(sheet), 3);
    assert_true(stria_sheet_tile_at(sheet, 0, &picture, &tile, &group));
    assert_int_equal(picture.bytes[0], 0);
    assert_int_equal(picture.bytes[3 * 19], 255);
    stria_sheet_free(sheet);
    stria_maps_free(maps);
    maps = NULL;
    assert_status(stria_maps_create(&maps, test.context, model, inputs, NULL, "input_layer", &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_maps_create(&maps, test.context, model, inputs, NULL, "conv", &err),
                  STRIA_ERROR_MISSING, &err);
    stria_maps_free(NULL);
    stria_model_free(model);
    test_context_close(&test);
}

/* Every allocation fails once, from the model's filters to the figure of their sheet. */
static void failing_allocations_are_told(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_context test;
        test_context_open(&test, 1, NULL);
        stria_model *model = model_of(&test, "input 6x6x1\nconv2d 4 3 relu\ndense 2\n");
        test.memory.fail_at = test.memory.calls + n;
        const float x[36] = {1};
        const float *inputs[] = {x};
        stria_error err = {0};
        stria_filters *filters = NULL;
        stria_maps *maps = NULL;
        stria_sheet *sheet = NULL;
        stria_figure *figure = NULL, *chart = NULL;
        stria_kernel kernel = {0};
        stria_array answer = {0};
        stria_tuning tunings[4];
        stria_status status = stria_filters_create(&filters, test.context, model, NULL, &err);
        if (status == STRIA_OK)
            status = stria_filters_sheet(filters, NULL, &sheet, &err);
        if (status == STRIA_OK)
            status = stria_sheet_figure(sheet, 0, &figure, &err);
        stria_sheet_free(sheet);
        sheet = NULL;
        if (status == STRIA_OK)
            status = stria_filters_tune(filters, tunings, &err);
        if (status == STRIA_OK)
            status = stria_tuning_figure(filters, tunings, &chart, &err);
        if (status == STRIA_OK)
            status = stria_maps_create(&maps, test.context, model, inputs, NULL, NULL, &err);
        if (status == STRIA_OK)
            status = stria_maps_sheet(maps, NULL, &sheet, &err);
        if (status == STRIA_OK)
            status = stria_kernel_read(&kernel, test.context, "gauss5", &err);
        if (status == STRIA_OK)
            status = stria_kernel_apply(&kernel, test.context, x, 6, 6, 1, &answer, &err);
        stria_array_free(&answer, test.context);
        stria_kernel_free(&kernel, test.context);
        stria_figure_free(figure);
        stria_figure_free(chart);
        stria_sheet_free(sheet);
        stria_maps_free(maps);
        stria_filters_free(filters);
        stria_model_free(model);
        const bool all = test.memory.failures == 0;
        test_context_close(&test);
        if (all) {
            assert_int_equal(status, STRIA_OK);
            assert_true(n > 30);
            break;
        }
        /* What only failed in adding to a figure is told when that is written. */
        assert_true(status == STRIA_OK || status == STRIA_ERROR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_come_in_one_order),
        cmocka_unit_test(dead_and_twin_filters_are_found),
        cmocka_unit_test(tiles_show_signs),
        cmocka_unit_test(filters_are_refused),
        cmocka_unit_test(line_filters_answer_their_lines),
        cmocka_unit_test(kernels_come_from_files),
        cmocka_unit_test(no_text_breaks_the_reader),
        cmocka_unit_test(tuning_finds_directions),
        cmocka_unit_test(maps_are_the_layers_outputs),
        cmocka_unit_test(failing_allocations_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
