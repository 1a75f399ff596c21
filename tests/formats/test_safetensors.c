/* The container: what is written reads back, what others wrote is read, and everything wrong is refused by
 * name. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "formats/files.h"
#include "formats/safetensors.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

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
    temporary_folder_path(&f.folder, "x.safetensors", f.path);
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

static void test_round_trip(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    const uint8_t bytes[64] = {1, 2, 3, 4, 5};
    const stria_safetensor tensors[] = {
        {"layer/kernel", STRIA_F32, {2, {2, 3}}, bytes, 24},
        {"scalar", STRIA_F64, {0}, bytes, 8},
        {"empty", STRIA_I64, {3, {4, 0, 2}}, NULL, 0},
        {"\xc3\xa9\"\\", STRIA_U8, {1, {5}}, bytes, 5},
        {"half", STRIA_F16, {1, {3}}, bytes, 6},
        {"brain", STRIA_BF16, {1, {3}}, bytes, 6},
        {"i8", STRIA_I8, {1, {1}}, bytes, 1},
        {"i16", STRIA_I16, {1, {1}}, bytes, 2},
        {"u16", STRIA_U16, {1, {1}}, bytes, 2},
        {"i32", STRIA_I32, {1, {1}}, bytes, 4},
        {"u32", STRIA_U32, {1, {1}}, bytes, 4},
        {"u64", STRIA_U64, {1, {1}}, bytes, 8},
        {"deep", STRIA_U8, {8, {1, 1, 1, 1, 1, 1, 1, 2}}, bytes, 2},
    };
    const stria_safetext texts[] = {{"format", "stria"}, {"note", "two\nlines, \xff"}, {"", "empty key"}};
    const size_t count = sizeof tensors / sizeof tensors[0];
    assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, count, texts, 3, false, &err), &err);

    stria_safetensors file;
    assert_ok(stria_safetensors_open(&file, f->test.context, f->path, &err), &err);
    assert_true(file.has_checksums);
    assert_int_equal(file.tensor_count, count);
    assert_int_equal(((const char *)file.tensors[0].bytes - (const char *)file.bytes) % 64, 0);
    for (size_t i = 0; i < count; i++) {
        const stria_safetensor *tensor = stria_safetensors_find(&file, tensors[i].name);
        assert_non_null(tensor);
        assert_string_equal(tensor->name, tensors[i].name);
        assert_int_equal(tensor->type, tensors[i].type);
        assert_true(stria_shape_equal(&tensor->shape, &tensors[i].shape));
        assert_int_equal(tensor->size, tensors[i].size);
        if (tensor->size > 0)
            assert_memory_equal(tensor->bytes, tensors[i].bytes, tensor->size);
    }
    assert_null(stria_safetensors_find(&file, "layer"));
    assert_string_equal(stria_safetensors_text(&file, "format"), "stria");
    assert_string_equal(stria_safetensors_text(&file, "note"), "two\nlines, \xef\xbf\xbd");
    assert_string_equal(stria_safetensors_text(&file, ""), "empty key");
    assert_null(stria_safetensors_text(&file, "absent"));
    stria_safetensors_free(&file);
    stria_safetensors_free(&file);
}

static void test_nothing_in_it(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_safetensors file;
    assert_ok(stria_safetensors_write(f->test.context, f->path, NULL, 0, NULL, 0, false, &err), &err);
    assert_ok(stria_safetensors_open(&file, f->test.context, f->path, &err), &err);
    assert_int_equal(file.tensor_count, 0);
    assert_true(file.has_checksums);
    assert_null(stria_safetensors_find(&file, "a"));
    stria_safetensors_free(&file);

    file_bytes bare = make_safetensors("{}", 0);
    assert_ok(stria_safetensors_parse(&file, f->test.context, bare.bytes, bare.size, "bare", &err), &err);
    assert_int_equal(file.tensor_count, 0);
    assert_false(file.has_checksums);
    stria_safetensors_free(&file);
    free_bytes(&bare);
}

/* data/every_type.safetensors, made by the format's Python package. */
static void test_file_of_the_python_package(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *name;
        stria_dtype type;
    } cases[] = {
        {"float64", STRIA_F64}, {"float32", STRIA_F32}, {"float16", STRIA_F16}, {"int64", STRIA_I64},
        {"int32", STRIA_I32},   {"int16", STRIA_I16},   {"int8", STRIA_I8},     {"uint64", STRIA_U64},
        {"uint32", STRIA_U32},  {"uint16", STRIA_U16},  {"uint8", STRIA_U8},    {"bool", STRIA_U8},
    };
    stria_error err = {0};
    char path[1024];
    stria_safetensors file;
    assert_ok(stria_safetensors_open(&file, f->test.context, data_path("every_type.safetensors", path), &err),
              &err);
    assert_false(file.has_checksums);
    assert_int_equal(file.tensor_count, sizeof cases / sizeof cases[0] + 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const stria_safetensor *tensor = stria_safetensors_find(&file, cases[i].name);
        assert_non_null(tensor);
        assert_int_equal(tensor->type, cases[i].type);
        assert_true(stria_shape_equal(&tensor->shape, &(stria_shape){2, {2, 3}}));
        float values[6];
        stria_dtype_to_float(tensor->type, tensor->bytes, 6, values);
        for (int k = 0; k < 6; k++) { /* k/8; whole numbers were cut to 0, truth is 1 but for k = 0 */
            bool real =
                cases[i].type == STRIA_F64 || cases[i].type == STRIA_F32 || cases[i].type == STRIA_F16;
            bool truth = strcmp(cases[i].name, "bool") == 0;
            assert_true(values[k] == (real ? (float)k / 8 : truth && k > 0 ? 1.0F : 0.0F));
        }
    }
    const stria_safetensor *scalar = stria_safetensors_find(&file, "scalar");
    float value = 0;
    assert_int_equal(scalar->shape.rank, 0);
    stria_dtype_to_float(scalar->type, scalar->bytes, 1, &value);
    assert_true(value == 2.5F);
    assert_int_equal(stria_safetensors_find(&file, "empty")->size, 0);
    stria_safetensors_free(&file);
}

#define TENSOR(name, begin, end)                                                                             \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[" begin "," end "]}"
#define ENTRY(members) "{\"a\":{" members "}}"

typedef struct refusal {
    const char *header;
    size_t data_size;
    stria_status status;
    const char *message;
} refusal;

static const refusal refusals[] = {
    {"", 0, STRIA_ERROR_FORMAT, "x: the header does not begin with '{'"},
    {"[]", 0, STRIA_ERROR_FORMAT, "x: the header does not begin with '{'"},
    {" {}", 0, STRIA_ERROR_FORMAT, "x: the header does not begin with '{'"},
    {"{}x", 0, STRIA_ERROR_FORMAT, "x: the header is not right: JSON line 1 column 3"},
    {"{\"a\":", 0, STRIA_ERROR_FORMAT, "x: the header is not right: JSON line 1 column 5"},
    {"{" TENSOR("a", "0", "2") "," TENSOR("a", "2", "4") "}", 4, STRIA_ERROR_FORMAT, "duplicate object key"},
    {"{\"a\\u0000b\":1}", 0, STRIA_ERROR_FORMAT, "NUL byte in object key not supported"},
    {"{\"__metadata__\":[]}", 0, STRIA_ERROR_FORMAT, "x: '__metadata__' is not an object"},
    {"{\"__metadata__\":{\"k\":\"v\",\"n\\n\":5}}", 0, STRIA_ERROR_FORMAT,
     "x: metadata 'n\\x0a' is not a string"},
    {"{\"__metadata__\":{\"k\":\"v\",\"k\":\"v\"}}", 0, STRIA_ERROR_FORMAT, "duplicate object key"},
    {"{\"a\":5}", 0, STRIA_ERROR_FORMAT,
     "x: tensor 'a': its entry is not an object of 'dtype', 'shape', 'data_offsets'"},
    {"{\"a\":{}}", 0, STRIA_ERROR_FORMAT,
     "x: tensor 'a': its entry is not an object of 'dtype', 'shape', 'data_offsets'"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2],\"more\":1"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': its entry is not an object of 'dtype', 'shape', 'data_offsets'"},
    {ENTRY("\"dtype\":8,\"shape\":[2],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'dtype' is not a string"},
    {ENTRY("\"type\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'dtype' is not a string"},
    {ENTRY("\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_UNSUPPORTED,
     "x: tensor 'a': the element type 'F8_E4M3' is not supported"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":2,\"data_offsets\":[0,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'shape' is not a list"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[2,2.0],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': size 1 of 'shape' is not a whole number from 0 up"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[-2],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': size 0 of 'shape' is not a whole number from 0 up"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,2]"), 2, STRIA_ERROR_LIMIT,
     "x: tensor 'a': 9 dimensions, at most 8 are supported"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 0,
     STRIA_ERROR_FORMAT, "x: tensor 'a': the product of the sizes is larger than any file"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]"), 0, STRIA_ERROR_FORMAT,
     "x: tensor 'a': the product of the sizes is larger than any file"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,0]"), 0, STRIA_ERROR_FORMAT,
     "too big integer"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'data_offsets' is not a list of two whole numbers"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,\"2\"]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'data_offsets' is not a list of two whole numbers"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2,2]"), 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': 'data_offsets' is not a list of two whole numbers"},
    {"{" TENSOR("a", "0", "3") "}", 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': bytes 0 to 3 are not within the 2 bytes of tensors that the file has"},
    {"{" TENSOR("a", "-2", "0") "}", 2, STRIA_ERROR_FORMAT, "x: tensor 'a': bytes -2 to 0 are not within"},
    {"{" TENSOR("a", "2", "0") "}", 2, STRIA_ERROR_FORMAT, "x: tensor 'a': bytes 2 to 0 are not within"},
    {"{" TENSOR("a", "0", "1") "}", 2, STRIA_ERROR_FORMAT,
     "x: tensor 'a': shape [2] of uint8 needs 2 bytes, 'data_offsets' gives 1"},
    {"{" TENSOR("b", "2", "4") "," TENSOR("a", "1", "3") "}", 4, STRIA_ERROR_FORMAT,
     "x: 1 bytes before tensor 'a' belong to no tensor"},
    {"{" TENSOR("a", "0", "2") "," TENSOR("b", "1", "3") "}", 3, STRIA_ERROR_FORMAT,
     "x: tensors 'a' and 'b' overlap"},
    {"{" TENSOR("a", "0", "2") "," TENSOR("b", "0", "2") "}", 2, STRIA_ERROR_FORMAT, "overlap"},
    {"{" TENSOR("a", "0", "2") "," TENSOR("b", "3", "5") "}", 5, STRIA_ERROR_FORMAT,
     "x: 1 bytes before tensor 'b' belong to no tensor"},
    {"{" TENSOR("a", "0", "2") "}", 5, STRIA_ERROR_FORMAT,
     "x: 3 bytes at the end of the file belong to no tensor"},
    {"{}", 1, STRIA_ERROR_FORMAT, "x: 1 bytes at the end of the file belong to no tensor"},
    {"{\"__metadata__\":{\"stria.checksums\":\"{}\"}}", 0, STRIA_ERROR_FORMAT,
     "x: the file is damaged: metadata 'stria.checksums' is there, but not 'stria.header_checksum'"},
    {"{\"__metadata__\":{\"stria.header_checksum\":\"00000000\"}}", 0, STRIA_ERROR_FORMAT,
     "x: the file is damaged: metadata 'stria.header_checksum' is there, but not 'stria.checksums'"},
    {"{\"__metadata__\":{\"stria.header_checksum\":\"00000000\",\"stria.checksums\":\"{}\"}}", 0,
     STRIA_ERROR_FORMAT,
     "x: the header does not have its checksum: the file is damaged, or another tool changed it"},
    {"{\"__metadata__\":{\"stria.header_checksum\": \"00000000\",\"stria.checksums\":\"{}\"}}", 0,
     STRIA_ERROR_FORMAT, "x: the header does not have its checksum"},
    {"{\"__metadata__\":{\"stria.checksums\":\"{}\",\"stria.header_checksum\":\"\"}}", 0, STRIA_ERROR_FORMAT,
     "x: the header does not have its checksum"},
};

static void test_refusals(void **state)
{
    fixture *f = *state;
    const size_t count = sizeof refusals / sizeof refusals[0];
    for (size_t i = 0; i < count; i++) {
        stria_error err = {0};
        stria_safetensors file;
        file_bytes made = make_safetensors(refusals[i].header, refusals[i].data_size);
        assert_status(stria_safetensors_parse(&file, f->test.context, made.bytes, made.size, "x", &err),
                      refusals[i].status, &err);
        assert_message(&err, refusals[i].message);
        assert_null(file.tensors);
        free_bytes(&made);
    }
    print_message("%zu refusals checked\n", count);
}

static void test_length_of_the_header(void **state)
{
    fixture *f = *state;
    static const struct {
        uint8_t start[9];
        size_t size;
        const char *message;
    } cases[] = {
        {{0}, 0, "x: 0 bytes are not a safetensors file"},
        {{2}, 7, "x: 7 bytes are not a safetensors file"},
        {{2}, 8, "x: the header is announced with 2 bytes, but only 0 follow"},
        {{2, 0, 0, 0, 0, 0, 0, 0, '{'}, 9, "x: the header is announced with 2 bytes, but only 1 follow"},
        {{255, 255, 255, 255, 255, 255, 255, 255, '{'}, 9, "announced with 18446744073709551615 bytes"},
        {{1, 0, 0, 0, 0, 0, 0, 0, '{'}, 9, "x: the header is not right"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_safetensors file;
        assert_status(
            stria_safetensors_parse(&file, f->test.context, cases[i].start, cases[i].size, "x", &err),
            STRIA_ERROR_FORMAT, &err);
        assert_message(&err, cases[i].message);
    }
}

/* A header above the limit is refused by its length alone, before anything is parsed. */
static void test_header_above_the_limit(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_safetensors file;
    const size_t size = 8 + (size_t)STRIA_SAFETENSORS_MAX_HEADER + 1;
    uint8_t *bytes = calloc(size, 1);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)(size - 8) >> 8 * i);
    assert_status(stria_safetensors_parse(&file, f->test.context, bytes, size, "x", &err), STRIA_ERROR_LIMIT,
                  &err);
    assert_message(&err, "x: the header has 100000001 bytes, the format allows 100000000");
    free(bytes);
}

/* The checksum of each tensor is looked at, and there must be exactly one for each. */
static void test_tensor_checksums(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_safetensors file;
    const uint8_t bytes[4] = {1, 2, 3, 4};
    const stria_safetensor tensors[] = {{"a", STRIA_U8, {1, {4}}, bytes, 4},
                                        {"b", STRIA_U8, {1, {4}}, bytes, 4}};
    assert_ok(stria_safetensors_write(f->test.context, f->path, tensors, 2, NULL, 0, false, &err), &err);
    file_bytes made = read_test_file(f->path);
    made.bytes[made.size - 1] ^= 0x40;
    assert_status(stria_safetensors_parse(&file, f->test.context, made.bytes, made.size, "x", &err),
                  STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "x: tensor 'b' does not have its checksum: the file is damaged");
    free_bytes(&made);
}

static void test_writing_refuses(void **state)
{
    fixture *f = *state;
    const uint8_t bytes[4] = {1, 2, 3, 4};
    const stria_safetensor good = {"a", STRIA_U8, {1, {4}}, bytes, 4};
    const stria_safetensor cases[][2] = {
        {good, good},
        {good, {"__metadata__", STRIA_U8, {1, {4}}, bytes, 4}},
        {good, {"\xff", STRIA_U8, {1, {4}}, bytes, 4}},
        {good, {"b", STRIA_F32, {1, {4}}, bytes, 4}},
        {good, {"b", STRIA_U8, {2, {INT64_MAX, INT64_MAX}}, bytes, 4}},
        {good, {"b", STRIA_U8, {1, {-4}}, bytes, 4}},
    };
    const char *messages[] = {"tensor name 'a' is given twice or is reserved",
                              "tensor name '__metadata__' is given twice or is reserved",
                              "tensor name '\\xff' is not UTF-8",
                              "tensor 'b' has 4 bytes, which do not make float32 [4]",
                              "tensor 'b' has 4 bytes, which do not make uint8",
                              "tensor 'b' has 4 bytes, which do not make uint8 [-4]"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        assert_status(stria_safetensors_write(f->test.context, f->path, cases[i], 2, NULL, 0, false, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_message(&err, messages[i]);
    }
    const char *keys[] = {"k", STRIA_HEADER_CHECKSUM_KEY, STRIA_TENSOR_CHECKSUMS_KEY, "\x80"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        stria_error err = {0};
        const stria_safetext texts[] = {{"k", "v"}, {keys[i], "v"}};
        assert_status(stria_safetensors_write(f->test.context, f->path, NULL, 0, texts, 2, false, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_message(&err, "metadata key '");
    }
    assert_int_equal(temporary_folder_count(&f->folder), 0);
}

static void test_missing_file(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_safetensors file;
    assert_status(stria_safetensors_open(&file, f->test.context, f->path, &err), STRIA_ERROR_MISSING, &err);
    stria_safetensors_free(&file);
    write_test_file(f->path, "12345678[]", 10);
    assert_status(stria_safetensors_open(&file, f->test.context, f->path, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, f->path);
    stria_safetensors_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_in_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_of_the_python_package, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_length_of_the_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_header_above_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tensor_checksums, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writing_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
