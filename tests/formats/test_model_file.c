/* Trained models: what is saved loads bit for bit, what others wrote loads, what does not fit is refused by
 * name; and any file given as a model is recognised by content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stria/model.h>
#include <stria/version.h>

#include "base/context.h"
#include "formats/files.h"
#include "formats/model_file.h"
#include "model/model.h"
#include "support/check.h"
#include "support/models.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

#define TEXT "input 2x2x1\nconv2d 2 2 relu\nflatten\ndense 3\n"

static const char rule[] = "a model is model text (*.stria) or a trained model (*.safetensors)";

typedef struct fixture {
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
} fixture;

static int set_up(void **state)
{
    static fixture f;
    test_context_open(&f.test, 1, NULL);
    temporary_folder_make(&f.folder);
    temporary_folder_path(&f.folder, "m.safetensors", f.path);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    temporary_folder_remove(&f->folder);
    test_context_close(&f->test);
    return 0;
}

static stria_model *parse(fixture *f, const char *text)
{
    stria_error err = {0};
    stria_model *model = NULL;
    assert_ok(stria_model_parse(&model, f->test.context, text, strlen(text), NULL, &err), &err);
    return model;
}

static void assert_same_text(const stria_model *a, const stria_model *b)
{
    char first[16384], second[16384];
    assert_true(stria_model_text(a, first, sizeof first) < sizeof first);
    assert_true(stria_model_text(b, second, sizeof second) < sizeof second);
    assert_string_equal(first, second);
}

static void assert_same_tensors(const stria_model *a, const stria_model *b)
{
    assert_int_equal(stria_model_tensor_count(a), stria_model_tensor_count(b));
    for (size_t i = 0; i < stria_model_tensor_count(a); i++) {
        stria_tensor_info first, second;
        assert_true(stria_model_tensor(a, i, &first) && stria_model_tensor(b, i, &second));
        assert_string_equal(first.name, second.name);
        assert_int_equal(first.count, second.count);
        assert_memory_equal(stria_model_tensor_data_const(a, i), stria_model_tensor_data_const(b, i),
                            (size_t)first.count * sizeof(float));
    }
}

/* ---- Saving and loading ---- */

static void test_round_trip(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    const char *const classes[] = {"T-shirt/top", "\"quoted\"", "caf\xc3\xa9"};
    stria_model *model =
        parse(f, "input 8x8x2\nstem = conv2d 3 3 same strides=2\nbatchnorm\nmaxpool2d 2\nflatten\n"
                 "dense 3 softmax\n");
    stria_model *loaded = NULL;
    assert_ok(stria_model_initialize(model, 42, &err), &err);
    float *bias = stria_model_tensor_data(model, (size_t)stria_model_find_tensor(model, "stem/bias"));
    const uint32_t strange[3] = {0x7fc12345u, 0xff800000u,
                                 0x80000001u}; /* NaN, -infinity, a subnormal: kept */
    memcpy(bias, strange, sizeof strange);
    assert_ok(stria_model_set_classes(model, classes, 3, &err), &err);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "scale=0.00392156862745098", &err), &err);
    assert_ok(stria_model_set_metadata(model, "command", "stria train\t\"x\"\n", &err), &err);
    assert_ok(stria_model_save(model, f->path, &err), &err);
    assert_int_equal(temporary_folder_count(&f->folder), 1);

    assert_ok(stria_model_load(&loaded, f->test.context, f->path, NULL, &err), &err);
    assert_same_text(model, loaded);
    assert_same_tensors(model, loaded);
    assert_int_equal(stria_model_class_count(loaded), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(stria_model_class_name(loaded, i), classes[i]);
    assert_string_equal(stria_model_metadata(loaded, "preprocessing"), "scale=0.00392156862745098");
    assert_string_equal(stria_model_metadata(loaded, "command"), "stria train\t\"x\"\n");
    assert_null(stria_model_metadata(loaded, "version"));
    assert_null(stria_model_metadata(loaded, "checksums"));

    /* Saved again, the file is the same to the byte. */
    file_bytes first = read_test_file(f->path);
    assert_ok(stria_model_save(loaded, f->path, &err), &err);
    assert_file_holds(f->path, first.bytes, first.size);
    free_bytes(&first);
    stria_model_free(model);
    stria_model_free(loaded);
}

static void test_ready_models_round_trip(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        stria_error err = {0};
        const char *text = stria_architecture_text(stria_architecture_name(i));
        if (!is_small_model(f->test.context, text))
            continue;
        stria_model *model = parse(f, text);
        stria_model *loaded = NULL;
        assert_ok(stria_model_save(model, f->path, &err), &err);
        assert_ok(stria_model_load(&loaded, f->test.context, f->path, NULL, &err), &err);
        assert_same_text(model, loaded);
        assert_same_tensors(model, loaded);
        stria_model_free(model);
        stria_model_free(loaded);
    }
}

/* data/other_tool_*.safetensors, made by the format's Python package: element k of each tensor is k/8. */
static void test_files_of_other_tools(void **state)
{
    fixture *f = *state;
    const char *const names[] = {"other_tool_float32.safetensors", "other_tool_float16.safetensors",
                                 "other_tool_float64.safetensors"};
    stria_model *expected = parse(f, TEXT);
    for (size_t i = 0; i < 3; i++) {
        stria_error err = {0};
        stria_model *model = NULL;
        char path[1024];
        assert_ok(stria_model_load(&model, f->test.context, data_path(names[i], path), NULL, &err), &err);
        assert_same_text(model, expected);
        for (size_t t = 0; t < stria_model_tensor_count(model); t++) {
            stria_tensor_info info;
            assert_true(stria_model_tensor(model, t, &info));
            const float *values = stria_model_tensor_data_const(model, t);
            for (int64_t k = 0; k < info.count; k++)
                assert_true(values[k] == (float)k / 8);
        }
        assert_int_equal(stria_model_class_count(model), 3);
        assert_string_equal(stria_model_class_name(model, 2), "fish");
        assert_string_equal(stria_model_metadata(model, "seed"), "7");
        stria_model_free(model);
    }
    stria_model_free(expected);
}

/* Described only: the file is still compared with the text, but no parameters are taken into memory. */
static void test_without_parameters(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = 1};
    stria_model *model = NULL;
    char path[1024];
    assert_ok(stria_model_load(&model, f->test.context, data_path("other_tool_float32.safetensors", path),
                               &options, &err),
              &err);
    assert_null(stria_model_tensor_data(model, 0));
    assert_int_equal(stria_model_params(model), 10 + 9);
    assert_status(stria_model_save(model, f->path, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "m.safetensors: a model without parameters cannot be saved");
    stria_model_free(model);
    assert_ok(stria_model_create(&model, f->test.context, &err), &err);
    assert_status(stria_model_save(model, f->path, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "m.safetensors: a model without layers cannot be saved");
    stria_model_free(model);
    assert_int_equal(temporary_folder_count(&f->folder), 0);
}

static void test_metadata_that_cannot_be_kept(void **state)
{
    fixture *f = *state;
    const char *const keys[] = {"version", "model", "checksums", "header_checksum"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        stria_error err = {0};
        char expected[64];
        stria_model *model = parse(f, TEXT);
        assert_ok(stria_model_set_metadata(model, keys[i], "x", &err), &err);
        assert_status(stria_model_save(model, f->path, &err), STRIA_ERROR_VALUE, &err);
        snprintf(expected, sizeof expected, "metadata key 'stria.%s' is given twice or is reserved", keys[i]);
        assert_message(&err, expected);
        stria_model_free(model);
    }
}

/* ---- Checkpoints ---- */

static void test_checkpoint(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    const float moments[2] = {0.5F, -1.0F};
    const int64_t step = 1234;
    const stria_safetensor more[] = {
        {"optimizer/m/conv2d/bias", STRIA_F32, {1, {2}}, moments, sizeof moments},
        {"training/step", STRIA_I64, {0}, &step, sizeof step}};
    const stria_safetext texts[] = {{"training.epoch", "3"}};
    stria_model *model = parse(f, TEXT), *other = parse(f, TEXT), *loaded = NULL;
    assert_ok(stria_model_initialize(model, 5, &err), &err);
    assert_ok(stria_model_file_write(model, f->path, more, 2, texts, 1, &err), &err);

    stria_safetensors file;
    assert_ok(stria_safetensors_open(&file, f->test.context, f->path, &err), &err);
    assert_string_equal(stria_safetensors_text(&file, "training.epoch"), "3");
    assert_memory_equal(stria_safetensors_find(&file, "training/step")->bytes, &step, sizeof step);
    assert_memory_equal(stria_safetensors_find(&file, "optimizer/m/conv2d/bias")->bytes, moments,
                        sizeof moments);
    assert_ok(stria_model_file_read(&loaded, f->test.context, &file, f->path, &err), &err);
    assert_same_tensors(model, loaded);
    assert_null(stria_model_metadata(loaded, "training.epoch"));
    assert_ok(stria_model_file_restore(other, &file, f->path, &err), &err);
    assert_same_tensors(model, other);
    stria_safetensors_free(&file);
    stria_model_free(model);
    stria_model_free(other);
    stria_model_free(loaded);
}

/* What cannot be restored leaves every parameter as it was. */
static void test_restoring_refuses(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = parse(f, TEXT), *before = parse(f, TEXT);
    const float bias[2] = {1, 2}, kernel[8] = {3};
    const stria_safetensor tensors[] = {
        {"conv2d/bias", STRIA_F32, {1, {2}}, bias, sizeof bias},
        {"conv2d/kernel", STRIA_F32, {4, {2, 2, 1, 2}}, kernel, sizeof kernel}};
    char text[1024];
    assert_true(stria_model_text(model, text, sizeof text) < sizeof text);
    const stria_safetext texts[][1] = {{{"stria.model", text}},
                                       {{"stria.model", "input 2x2x1\nconv2d 2 2 tanh\nflatten\ndense 3\n"}},
                                       {{"format", "pt"}}};
    const char *messages[] = {
        "m: tensor 'dense/kernel' is missing", "m: the file is of another model: its model text differs",
        ("m: no model text in the metadata ('stria.model'): the file holds 2 tensors of the "
         "format 'pt'")};
    for (size_t i = 0; i < 3; i++) {
        stria_safetensors file;
        assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, 2, texts[i], 1, false, &err),
                  &err);
        assert_ok(stria_safetensors_open(&file, f->test.context, f->path, &err), &err);
        assert_status(stria_model_file_restore(model, &file, "m", &err), STRIA_ERROR_FORMAT, &err);
        assert_string_equal(err.message, messages[i]);
        assert_same_tensors(model, before);
        stria_safetensors_free(&file);
    }
    stria_model_free(model);
    stria_model_free(before);
}

/* ---- Files that do not fit ---- */

typedef struct misfit {
    const char *text, *classes;
    const char *name; /* of a third tensor beside d/kernel [2,1] and d/bias [1] */
    stria_shape bias_shape;
    stria_dtype bias_type;
    stria_status status;
    const char *message;
} misfit;

static const misfit misfits[] = {
    {NULL,
     NULL,
     NULL,
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: no model text in the metadata ('stria.model'): the file holds 2 tensors and nothing on how they are "
     "connected"},
    {"input 2\nd = dense 1\n",
     NULL,
     "e/kernel",
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'e/kernel' does not belong to the model text"},
    {"input 2\nd = dense 1\n",
     NULL,
     "optimizer",
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'optimizer' does not belong to the model text"},
    {"input 2\nd = dense 1\ne = dense 1\n",
     NULL,
     NULL,
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'e/kernel' is missing"},
    {"input 2\nd = dense 1\n",
     NULL,
     NULL,
     {2, {1, 1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'd/bias' is [1x1], but the model text makes it [1]"},
    {"input 2\nd = dense 1\n",
     NULL,
     NULL,
     {1, {2}},
     STRIA_F16,
     STRIA_ERROR_FORMAT,
     "m: tensor 'd/bias' is [2], but the model text makes it [1]"},
    {"input 2\nd = dense 1\n",
     NULL,
     NULL,
     {1, {0}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'd/bias' is [0], but the model text makes it [1]"},
    {"input 2\nd = dense 1\n",
     NULL,
     NULL,
     {1, {1}},
     STRIA_I32,
     STRIA_ERROR_FORMAT,
     "m: tensor 'd/bias' is int32, but parameters are floating-point numbers"},
    {"input 2\nd = dence 1\n", NULL, NULL, {1, {1}}, STRIA_F32, STRIA_ERROR_SYNTAX, "m (model text):2:5: "},
    {"", NULL, NULL, {1, {1}}, STRIA_F32, STRIA_ERROR_SYNTAX, "m (model text)"},
    {"input 2\nd = dense 1\n",
     "{}",
     NULL,
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: metadata 'stria.classes' is not a list of names"},
    {"input 2\nd = dense 1\n",
     "[\"a\",5]",
     NULL,
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: metadata 'stria.classes' is not a list of names"},
    {"input 2\nd = dense 1\n",
     "[\"a\"",
     NULL,
     {1, {1}},
     STRIA_F32,
     STRIA_ERROR_FORMAT,
     "m: metadata 'stria.classes': JSON line 1 column 4"},
};

static void test_misfits(void **state)
{
    fixture *f = *state;
    const size_t count = sizeof misfits / sizeof misfits[0];
    for (size_t i = 0; i < count; i++) {
        const misfit *m = &misfits[i];
        stria_error err = {0};
        stria_model *model = NULL;
        const float numbers[2] = {0};
        size_t bias_size = stria_dtype_size(m->bias_type);
        for (int d = 0; d < m->bias_shape.rank; d++)
            bias_size *= (size_t)m->bias_shape.sizes[d];
        const stria_safetensor tensors[] = {{"d/kernel", STRIA_F32, {2, {2, 1}}, numbers, 8},
                                            {"d/bias", m->bias_type, m->bias_shape, numbers, bias_size},
                                            {m->name, STRIA_F32, {1, {1}}, numbers, 4}};
        stria_safetext texts[2];
        size_t text_count = 0;
        if (m->text)
            texts[text_count++] = (stria_safetext){"stria.model", m->text};
        if (m->classes)
            texts[text_count++] = (stria_safetext){"stria.classes", m->classes};
        assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, m->name ? 3 : 2, texts,
                                          text_count, false, &err),
                  &err);
        file_bytes file = read_test_file(f->path);
        assert_status(
            stria_model_load_memory(&model, f->test.context, file.bytes, file.size, "m", NULL, &err),
            m->status, &err);
        assert_message(&err, m->message);
        assert_null(model);
        free_bytes(&file);
    }
    print_message("%zu refusals checked\n", count);
}

static void test_limits_of_texts(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL;
    const float numbers[2] = {0};
    const stria_safetensor tensors[] = {{"dense/kernel", STRIA_F32, {2, {2, 1}}, numbers, 8},
                                        {"dense/bias", STRIA_F32, {1, {1}}, numbers, 4}};
    static char keys[STRIA_MAX_MODEL_METADATA + 1][16];
    static stria_safetext texts[STRIA_MAX_MODEL_METADATA + 2];
    texts[0] = (stria_safetext){"stria.model", "input 2\ndense 1\n"};
    for (int i = 0; i <= STRIA_MAX_MODEL_METADATA; i++) {
        snprintf(keys[i], sizeof keys[i], "stria.%d", i);
        texts[i + 1] = (stria_safetext){keys[i], "v"};
    }
    size_t most = STRIA_MAX_MODEL_METADATA + 1;
    assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, 2, texts, most, false, &err), &err);
    assert_ok(stria_model_load(&model, f->test.context, f->path, NULL, &err), &err);
    assert_string_equal(stria_model_metadata(model, "999"), "v");
    stria_model_free(model);
    model = NULL;
    assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, 2, texts, most + 1, false, &err),
              &err);
    assert_status(stria_model_load(&model, f->test.context, f->path, NULL, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "more than 1000 texts with keys of 'stria.' in the metadata");

    char *longest = malloc(STRIA_MAX_MODEL_TEXT + 2);
    assert_non_null(longest);
    memset(longest, '#', STRIA_MAX_MODEL_TEXT + 1);
    longest[STRIA_MAX_MODEL_TEXT + 1] = '\0';
    texts[0].value = longest;
    assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, 2, texts, 1, false, &err), &err);
    assert_status(stria_model_load(&model, f->test.context, f->path, NULL, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "the model text has 1048577 bytes, at most 1048576 are read");
    assert_status(
        stria_model_load_memory(&model, f->test.context, longest, STRIA_MAX_MODEL_TEXT + 1, "m", NULL, &err),
        STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "m: a model text of 1048577 bytes, at most 1048576 are read");
    write_test_file(f->path, longest, STRIA_MAX_MODEL_TEXT + 1);
    assert_status(stria_model_load(&model, f->test.context, f->path, NULL, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, f->path);
    free(longest);
}

/* Model text with more layers than anybody needs is refused at the first line too many, in little time. */
static void test_limit_of_layers(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL;
    const char line[] = "relu\n";
    const size_t length = sizeof line - 1, lines = STRIA_MAX_LAYERS; /* and the input's */
    char *text = malloc(8 + lines * length);
    assert_non_null(text);
    memcpy(text, "input 1\n", 8);
    for (size_t i = 0; i < lines; i++)
        memcpy(text + 8 + i * length, line, length);
    assert_status(stria_model_load_memory(&model, f->test.context, text, 8 + lines * length, "m", NULL, &err),
                  STRIA_ERROR_LIMIT, NULL);
    assert_message(&err, "m:10001:1: a model has at most 10000 layers");
    assert_ok(
        stria_model_load_memory(&model, f->test.context, text, 8 + (lines - 1) * length, "m", NULL, &err),
        &err);
    assert_int_equal(stria_model_layer_count(model), STRIA_MAX_LAYERS);
    assert_int_equal(stria_model_find_layer(model, "re_lu_9998"), STRIA_MAX_LAYERS - 1);
    stria_model_free(model);
    free(text);
}

/* Numbers after a kind go on where they are free, whatever the text itself is called. */
static void test_names_of_layers(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"input", "re_lu",   "re_lu_2", "re_lu_1",
                                        "dense", "re_lu_3", "re_lu_4"};
    stria_model *model = parse(f, "input 4\nrelu\nre_lu_2 = dense 2\nrelu\ndense 3\nrelu\nrelu\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        stria_layer_info info;
        assert_true(stria_model_layer(model, i, &info));
        if (i > 0) /* Keras makes "re_lu" of ReLU; how inputs are called is not the matter here */
            assert_string_equal(info.name, names[i]);
    }
    stria_model_free(model);
}

/* Options of a program made for an older version are read as far as they go, of a newer one refused. */
static void test_sizes_of_options(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL;
    char path[1024];
    data_path("other_tool_float32.safetensors", path);
    stria_parse_options options = {.struct_size = offsetof(stria_parse_options, without_parameters),
                                   .without_parameters = 1};
    assert_ok(stria_model_load(&model, f->test.context, path, &options, &err), &err);
    assert_non_null(stria_model_tensor_data(model, 0));
    stria_model_free(model);
    options.struct_size = sizeof options + 8;
    assert_status(stria_model_load(&model, f->test.context, path, &options, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "stria_parse_options of ");
}

/* ---- Any file as a model ---- */

static void test_model_text_loads(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL, *expected = parse(f, TEXT);
    const char *texts[] = {TEXT, ("\xef\xbb\xbf" TEXT),
                           "input 2x2x1\r\nconv2d 2 2 relu\r\nflatten\r\n\tdense 3\r\n"};
    for (size_t i = 0; i < 3; i++) {
        write_test_file(f->path, texts[i], strlen(texts[i]));
        assert_ok(stria_model_load(&model, f->test.context, f->path, NULL, &err), &err);
        assert_same_text(model, expected);
        stria_model_free(model);
    }
    stria_model_free(expected);
}

static void count_diagnostic(const stria_diagnostic *diagnostic, void *payload)
{
    int *lines = payload;
    assert_non_null(strstr(diagnostic->file, "m.s"));
    *lines = *lines * 10 + diagnostic->line;
}

/* Both kinds of files tell every mistake. */
static void test_diagnostics(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL;
    static const char text[] = "input 2x2x1\nconv2d\nflatten\ndensity 3\n";
    int lines = 0;
    const stria_parse_options options = {
        .diagnostic = count_diagnostic, .payload = &lines, .file_name = "ignored"};
    write_test_file(f->path, text, sizeof text - 1);
    assert_status(stria_model_load(&model, f->test.context, f->path, &options, &err), STRIA_ERROR_SYNTAX,
                  NULL);
    assert_int_equal(lines, 224); /* two arguments are missing on line 2 */
    assert_message(&err, "m.safetensors:2:");
    const stria_safetext texts[] = {{"stria.model", text}};
    assert_ok(stria_safetensors_write(f->test.context, f->path, NULL, 0, texts, 1, false, &err), &err);
    lines = 0;
    assert_status(stria_model_load(&model, f->test.context, f->path, &options, &err), STRIA_ERROR_SYNTAX,
                  NULL);
    assert_int_equal(lines, 224); /* two arguments are missing on line 2 */
    assert_message(&err, "m.safetensors (model text):2:");
}

static void test_foreign_files(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t size;
        stria_status status;
        const char *message;
    } cases[] = {
        {"", 0, STRIA_ERROR_FORMAT, ": the file is empty; "},
        {"PK\x03\x04\x14\0\0\0\0\0", 10, STRIA_ERROR_UNSUPPORTED, ": the file is a zip archive, as .keras"},
        {"PK\x05\x06\0\0\0\0", 8, STRIA_ERROR_UNSUPPORTED, ": the file is an empty zip archive; "},
        {"\x89HDF\r\n\x1a\n\0\0", 10, STRIA_ERROR_UNSUPPORTED, ": the file is an HDF5 file, as Keras's .h5"},
        {"\x89PNG\r\n\x1a\n\0\0", 10, STRIA_ERROR_UNSUPPORTED, ": the file is a PNG picture; "},
        {"\xff\xd8\xff\xe0", 4, STRIA_ERROR_UNSUPPORTED, ": the file is a JPEG picture; "},
        {"\x93NUMPY\1\0", 8, STRIA_ERROR_UNSUPPORTED, ": the file is a NumPy array (.npy); "},
        {"\x1f\x8b\x08", 3, STRIA_ERROR_UNSUPPORTED, ": the file is compressed with gzip; "},
        {"\x08\x07\x12\x0cskl2onnx", 12, STRIA_ERROR_UNSUPPORTED, ": the file is an ONNX file; "},
        {"\x08\x03:\xaa\x01", 5, STRIA_ERROR_UNSUPPORTED, ": the file is an ONNX file; "},
        {"\x80\x02\x8a\nl\xfc", 6, STRIA_ERROR_UNSUPPORTED, ": the file is a Python pickle"},
        {"\x1c\0\0\0TFL3", 8, STRIA_ERROR_UNSUPPORTED, ": the file is a TensorFlow Lite file; "},
        {"\xff\xfei\0n\0", 6, STRIA_ERROR_UNSUPPORTED,
         ": the file is text in UTF-16, to be saved as UTF-8; "},
        {"input 2\n\x1b[2J", 12, STRIA_ERROR_FORMAT, ": not text (byte 0x1b at offset 8); "},
        {"input 2\ndense 1\n\0", 17, STRIA_ERROR_FORMAT, ": not text (byte 0x00 at offset 16); "},
        {"input 2\n\x7f", 9, STRIA_ERROR_FORMAT, ": not text (byte 0x7f at offset 8); "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_model *model = NULL;
        write_test_file(f->path, cases[i].bytes, cases[i].size);
        assert_status(stria_model_load(&model, f->test.context, f->path, NULL, &err), cases[i].status, &err);
        assert_message(&err, f->path);
        assert_message(&err, cases[i].message);
        assert_message(&err, rule);
        assert_status(
            stria_model_load_memory(&model, f->test.context, cases[i].bytes, cases[i].size, "m", NULL, &err),
            cases[i].status, &err);
        assert_message(&err, cases[i].message);
    }
}

static void test_what_is_no_file(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL;
    assert_status(stria_model_load(&model, f->test.context, f->path, NULL, &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, f->path);
    assert_status(stria_model_load(&model, f->test.context, f->folder.path, NULL, &err), STRIA_ERROR_IO,
                  &err);
    assert_message(&err, f->folder.path);
    assert_status(stria_model_load(&model, f->test.context, "/dev/null", NULL, &err), STRIA_ERROR_FORMAT,
                  &err);
    assert_message(&err, "/dev/null: the file is empty");
}

/* A pipe can be read once only: nothing is looked at ahead. */
static void test_model_text_from_a_pipe(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_model *model = NULL, *expected = parse(f, TEXT);
    char path[TEMPORARY_PATH_SIZE], command[TEMPORARY_PATH_SIZE + 128];
    temporary_folder_path(&f->folder, "pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(command, sizeof command, "printf '%s' > '%s'",
             "input 2x2x1\\nconv2d 2 2 relu\\nflatten\\ndense 3\\n", path);
    FILE *writer = popen(command, "r");
    assert_non_null(writer);
    assert_ok(stria_model_load(&model, f->test.context, path, NULL, &err), &err);
    assert_int_equal(pclose(writer), 0);
    assert_same_text(model, expected);
    stria_model_free(model);
    stria_model_free(expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_ready_models_round_trip),
        TEST(test_files_of_other_tools),
        TEST(test_without_parameters),
        TEST(test_metadata_that_cannot_be_kept),
        TEST(test_checkpoint),
        TEST(test_restoring_refuses),
        TEST(test_misfits),
        TEST(test_limits_of_texts),
        TEST(test_limit_of_layers),
        TEST(test_names_of_layers),
        TEST(test_sizes_of_options),
        TEST(test_model_text_loads),
        TEST(test_diagnostics),
        TEST(test_foreign_files),
        TEST(test_what_is_no_file),
        TEST(test_model_text_from_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
