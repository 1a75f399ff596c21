/* Damaged files: every good file is cut at each of its lengths and changed in a thousand places, and each
 * result is either refused with a message or read without harm (the sanitizers watch). Where there are
 * checksums, every change must be refused, down to each single bit. */
#include <stdlib.h>
#include <string.h>

#include <stria/model.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/random.h"
#include "formats/files.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

#define CHANGES   1000
#define MOST_CUTS 4096 /* files are shorter: every length is tried */

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

/* Reads all there is to read of a file and frees it. */
typedef stria_status (*reader)(stria_context *context, const void *bytes, size_t size, stria_error *err);

static stria_status read_model(stria_context *context, const void *bytes, size_t size, stria_error *err)
{
    stria_model *model = NULL;
    stria_status status = stria_model_load_memory(&model, context, bytes, size, "m", NULL, err);
    stria_model_free(model);
    return status;
}

/* Sums the bytes, so that the sanitizers see each one read. */
static void touch(const void *bytes, size_t size)
{
    static volatile unsigned sink;
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += ((const uint8_t *)bytes)[i];
    sink = sink + sum;
}

static stria_status read_container(stria_context *context, const void *bytes, size_t size, stria_error *err)
{
    stria_safetensors file;
    stria_status status = stria_safetensors_parse(&file, context, bytes, size, "m", err);
    for (size_t i = 0; i < file.tensor_count; i++)
        touch(file.tensors[i].bytes, file.tensors[i].size);
    stria_safetensors_free(&file);
    return status;
}

static stria_status read_npy(stria_context *context, const void *bytes, size_t size, stria_error *err)
{
    (void)context;
    stria_npy array;
    stria_status status = stria_npy_parse(&array, bytes, size, "m", err);
    if (status == STRIA_OK)
        touch(array.elements, array.count * stria_dtype_size(array.type));
    return status;
}

static stria_status read_npz(stria_context *context, const void *bytes, size_t size, stria_error *err)
{
    stria_npz *npz = NULL;
    stria_status status = stria_npz_open(&npz, context, bytes, size, "m", err);
    for (size_t i = 0; status == STRIA_OK && i < stria_npz_count(npz); i++) {
        stria_npy array;
        void *memory = NULL;
        status = stria_npz_read(npz, stria_npz_name(npz, i), 1 << 20, &array, &memory, err);
        if (status == STRIA_OK)
            touch(array.elements, array.count * stria_dtype_size(array.type));
        stria_release(&context->allocator, memory);
    }
    stria_npz_free(npz);
    return status;
}

/* Whether it was refused, with a message and nothing left behind. */
static bool is_refused(fixture *f, reader read, const uint8_t *bytes, size_t size)
{
    stria_error err = {0};
    size_t blocks = f->test.memory.live_blocks;
    stria_status status = read(f->test.context, bytes, size, &err);
    assert_int_equal(f->test.memory.live_blocks, blocks);
    if (status == STRIA_OK)
        return false;
    assert_int_equal(err.code, status);
    assert_true(strlen(err.message) > 0);
    return true;
}

/* The first `size` bytes in a block of just that size. */
static bool is_cut_refused(fixture *f, reader read, const file_bytes *file, size_t size)
{
    uint8_t *cut = malloc(size > 0 ? size : 1);
    assert_non_null(cut);
    memcpy(cut, file->bytes, size);
    bool refused = is_refused(f, read, cut, size);
    free(cut);
    return refused;
}

/* Cuts and changes a good file; with `all` every one of them must be refused. */
static void damage(fixture *f, const char *what, reader read, file_bytes *file, bool all)
{
    size_t cuts_refused = 0, changes_refused = 0;
    assert_true(file->size < MOST_CUTS);
    assert_false(is_refused(f, read, file->bytes, file->size));
    for (size_t size = 0; size < file->size; size++)
        cuts_refused += is_cut_refused(f, read, file, size);
    const stria_random_key key = {.seed = 1, .purpose = STRIA_RANDOM_DATA};
    for (uint64_t i = 0; i < CHANGES; i++) {
        size_t place = stria_random_word(&key, 2 * i) % file->size;
        uint8_t old = file->bytes[place];
        file->bytes[place] = (uint8_t)(old + 1 + stria_random_word(&key, 2 * i + 1) % 255);
        changes_refused += is_refused(f, read, file->bytes, file->size);
        file->bytes[place] = old;
    }
    print_message("%-26s %zu of %zu cuts and %zu of %d changes refused\n", what, cuts_refused, file->size,
                  changes_refused, CHANGES);
    if (all) {
        assert_int_equal(cuts_refused, file->size);
        assert_int_equal(changes_refused, CHANGES);
    }
}

/* A small trained model as Stria saves it. */
static file_bytes make_trained(fixture *f)
{
    static const char text[] = "input 4x4x1\nconv2d 2 3 relu\nbatchnorm\nflatten\ndense 3 softmax\n";
    static const char *const classes[] = {"cat", "dog", "fish"};
    stria_error err = {0};
    stria_model *model = NULL;
    assert_ok(stria_model_parse(&model, f->test.context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_set_classes(model, classes, 3, &err), &err);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "scale=0.5", &err), &err);
    assert_ok(stria_model_save(model, f->path, &err), &err);
    stria_model_free(model);
    return read_test_file(f->path);
}

static void test_saved_model(void **state)
{
    fixture *f = *state;
    file_bytes file = make_trained(f);
    damage(f, "saved model", read_model, &file, true);
    free_bytes(&file);
}

static void test_every_bit_of_a_saved_model(void **state)
{
    fixture *f = *state;
    file_bytes file = make_trained(f);
    size_t flips = 8 * file.size;
    for (size_t bit = 0; bit < flips; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!is_refused(f, read_model, file.bytes, file.size) ||
            !is_refused(f, read_container, file.bytes, file.size)) {
            print_error("bit %zu of byte %zu may be flipped\n", bit % 8, bit / 8);
            fail();
        }
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    print_message("%zu of %zu flipped bits refused\n", flips, flips);
    free_bytes(&file);
}

/* Without checksums the numbers may change unseen, nothing worse. */
static void test_other_files(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *name;
        reader read;
    } cases[] = {
        {"other_tool_float32.safetensors", read_model},
        {"other_tool_float16.safetensors", read_model},
        {"every_type.safetensors", read_container},
        {"version1.npy", read_npy},
        {"version2.npy", read_npy},
        {"version3.npy", read_npy},
        {"savez.npz", read_npz},
        {"savez_compressed.npz", read_npz},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_bytes file = read_data_file(cases[i].name);
        damage(f, cases[i].name, cases[i].read, &file, false);
        free_bytes(&file);
    }
}

/* A cut .npy, .npz or safetensors file never passes as a shorter one. */
static void test_cuts_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *name;
        reader read;
    } cases[] = {{"other_tool_float32.safetensors", read_container},
                 {"every_type.safetensors", read_container},
                 {"version1.npy", read_npy},
                 {"savez.npz", read_npz},
                 {"savez_compressed.npz", read_npz}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_bytes file = read_data_file(cases[i].name);
        for (size_t size = 0; size < file.size; size++)
            if (!is_cut_refused(f, cases[i].read, &file, size)) {
                print_error("%s cut to %zu bytes is read\n", cases[i].name, size);
                fail();
            }
        free_bytes(&file);
    }
}

static void test_model_text(void **state)
{
    fixture *f = *state;
    const char *text = stria_architecture_text("lenet5-classic");
    file_bytes file = {.bytes = malloc(strlen(text)), .size = strlen(text)};
    assert_non_null(file.bytes);
    memcpy(file.bytes, text, file.size);
    damage(f, "model text", read_model, &file, false);
    free_bytes(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_saved_model), TEST(test_every_bit_of_a_saved_model),
        TEST(test_other_files), TEST(test_cuts_are_refused),
        TEST(test_model_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
