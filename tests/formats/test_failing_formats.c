/* Running out of memory or failing files, at each call in turn: one error, nothing leaked, the old file
 * whole. */
#include <stdlib.h>
#include <string.h>

#include <stria/data.h>
#include <stria/model.h>

#if STRIA_HAVE_JSON
#    include <jansson.h>
#endif

#include "base/context.h"
#include "base/memory.h"
#include "formats/files.h"
#include "formats/model_file.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static const char text[] = "input 4x4x1\nconv2d 2 3 relu\nbatchnorm\nflatten\ndense 3 softmax\n";
static const char *const classes[] = {"cat", "dog", "fish"};

typedef struct fixture {
    test_context test;
    temporary_folder folder;
    char old[TEMPORARY_PATH_SIZE], path[TEMPORARY_PATH_SIZE];
    file_bytes content; /* of a good file, at `old` and at `path` */
} fixture;

static stria_model *make_model(stria_context *context, uint64_t seed)
{
    stria_error err = {0};
    stria_model *model = NULL;
    assert_ok(stria_model_parse(&model, context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_initialize(model, seed, &err), &err);
    assert_ok(stria_model_set_classes(model, classes, 3, &err), &err);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "scale=0.5", &err), &err);
    return model;
}

static int set_up(void **state)
{
    static fixture f;
    stria_error err = {0};
    test_context_open(&f.test, 1, NULL);
    temporary_folder_make(&f.folder);
    temporary_folder_path(&f.folder, "old.safetensors", f.old);
    temporary_folder_path(&f.folder, "m.safetensors", f.path);
    stria_model *model = make_model(f.test.context, 1);
    assert_ok(stria_model_save(model, f.old, &err), &err);
    stria_model_free(model);
    f.content = read_test_file(f.old);
    write_test_file(f.path, f.content.bytes, f.content.size);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    free_bytes(&f->content);
    temporary_folder_remove(&f->folder);
    test_context_close(&f->test);
    return 0;
}

/* One thing to do. What it makes it frees again. */
typedef stria_status (*scenario)(fixture *f, stria_model *model, stria_error *err);

static stria_status save(fixture *f, stria_model *model, stria_error *err)
{
    return stria_model_save(model, f->path, err);
}

static stria_status write_array(fixture *f, stria_model *model, stria_error *err)
{
    const float numbers[4] = {1, 2, 3, 4};
    (void)model;
    return stria_array_write_npy(f->test.context, f->path, numbers, &(stria_shape){1, {4}}, err);
}

static stria_status load(fixture *f, stria_model *model, stria_error *err)
{
    stria_model *loaded = NULL;
    (void)model;
    stria_status status = stria_model_load(&loaded, f->test.context, f->old, NULL, err);
    stria_model_free(loaded);
    return status;
}

static stria_status restore(fixture *f, stria_model *model, stria_error *err)
{
    stria_safetensors file;
    stria_status status = stria_safetensors_open(&file, f->test.context, f->old, err);
    if (status == STRIA_OK)
        status = stria_model_file_restore(model, &file, f->old, err);
    stria_safetensors_free(&file);
    return status;
}

static stria_status make_array(fixture *f, stria_model *model, stria_error *err)
{
    stria_array array = {.values = NULL};
    (void)model;
    stria_status status = stria_array_create(&array, f->test.context, &(stria_shape){2, {2, 2}}, err);
    stria_array_free(&array, f->test.context);
    return status;
}

static stria_status read_archive(fixture *f, stria_model *model, stria_error *err)
{
    stria_npz *npz = NULL;
    stria_npy array;
    void *memory = NULL;
    file_bytes file = read_data_file("savez.npz");
    (void)model;
    stria_status status = stria_npz_open(&npz, f->test.context, file.bytes, file.size, "x.npz", err);
    if (status == STRIA_OK)
        status = stria_npz_read(npz, "y_test", 1 << 20, &array, &memory, err);
    stria_release(&f->test.context->allocator, memory);
    stria_npz_free(npz);
    free_bytes(&file);
    return status;
}

/* Fails the n-th allocation, for n = 1, 2, ... until the scenario gets by without it. */
static void fail_each_allocation(fixture *f, const char *what, scenario run, bool later_too)
{
    failing_allocator *memory = &f->test.memory;
    stria_model *model = make_model(f->test.context, 2);
    size_t n = 1;
    for (;; n++) {
        stria_error err = {0};
        size_t blocks = memory->live_blocks;
        memory->calls = 0;
        memory->fail_at = n;
        memory->fail_all_later = later_too;
        stria_status status = run(f, model, &err);
        bool reached = memory->calls >= n;
        memory->fail_at = 0;
        assert_int_equal(memory->live_blocks, blocks);
        assert_status(status, reached ? STRIA_ERROR_MEMORY : STRIA_OK, &err);
        if (!reached)
            break;
        assert_file_holds(f->path, f->content.bytes, f->content.size);
        assert_int_equal(temporary_folder_count(&f->folder), 2);
    }
    print_message("%s: %zu allocations failed, each one told\n", what, n - 1);
    assert_true(n > 1);
    stria_model_free(model);
}

static void test_memory(void **state)
{
    fixture *f = *state;
    for (int later_too = 0; later_too < 2; later_too++) {
        fail_each_allocation(f, "load", load, later_too);
        fail_each_allocation(f, "restore", restore, later_too);
        fail_each_allocation(f, "make an array", make_array, later_too);
        fail_each_allocation(f, "read an archive", read_archive, later_too);
    }
}

static void test_memory_while_saving(void **state)
{
    fixture *f = *state;
    for (int later_too = 0; later_too < 2; later_too++) {
        write_test_file(f->path, f->content.bytes, f->content.size);
        fail_each_allocation(f, "save", save, later_too);
    }
}

/* Fails the n-th call of the I/O table. The file is the old one or, when only what comes after the renaming
 * failed, the new one; never anything else. */
static void fail_each_call(fixture *f, const char *what, scenario run, bool later_too)
{
    failing_io *io = &f->test.io;
    stria_model *model = make_model(f->test.context, 2);
    stria_error err = {0};
    io->fail_at = 0;
    assert_ok(run(f, model, &err), &err);
    file_bytes after = read_test_file(f->path);
    size_t n = 1, failed = 0, done = 0;
    for (;; n++) {
        write_test_file(f->path, f->content.bytes, f->content.size);
        io->calls = 0;
        io->fail_at = n;
        io->fail_all_later = later_too;
        stria_status status = run(f, model, &err);
        bool reached = io->calls >= n;
        io->fail_at = 0;
        assert_int_equal(io->open_files, 0);
        if (!reached) {
            assert_int_equal(status, STRIA_OK);
            break;
        }
        file_bytes found = read_test_file(f->path);
        bool is_old = found.size == f->content.size && memcmp(found.bytes, f->content.bytes, found.size) == 0;
        bool is_new = found.size == after.size && memcmp(found.bytes, after.bytes, found.size) == 0;
        free_bytes(&found);
        assert_true(is_old || is_new);
        assert_true(status != STRIA_OK || is_new);
        if (status != STRIA_OK)
            assert_status(status, STRIA_ERROR_IO, &err);
        if (!later_too) /* else the temporary file cannot be removed either */
            assert_int_equal(temporary_folder_count(&f->folder), 2);
        failed += status != STRIA_OK;
        done += status == STRIA_OK;
    }
    print_message("%s: %zu calls failed, %zu times it was told, %zu times it did not matter, files lost 0\n",
                  what, n - 1, failed, done);
    assert_true(failed > 0);
    free_bytes(&after);
    stria_model_free(model);
}

static void test_files(void **state)
{
    fixture *f = *state;
    /* Last the one that leaves temporary files behind. */
    fail_each_call(f, "save", save, false);
    fail_each_call(f, "write an array", write_array, false);
    fail_each_call(f, "save, all later calls too", save, true);
}

/* Reading with failing files: an error or the whole model. */
static void test_files_while_loading(void **state)
{
    fixture *f = *state;
    failing_io *io = &f->test.io;
    size_t n = 1;
    for (;; n++) {
        stria_error err = {0};
        io->calls = 0;
        io->fail_at = n;
        stria_status status = load(f, NULL, &err);
        bool reached = io->calls >= n;
        io->fail_at = 0;
        assert_int_equal(io->open_files, 0);
        assert_true(reached || status == STRIA_OK);
        if (!reached)
            break;
    }
    io->read_limit = 1; /* a byte at a time */
    stria_error err = {0};
    assert_ok(load(f, NULL, &err), &err);
    io->read_limit = 0;
    print_message("load: %zu calls failed\n", n - 1);
    assert_true(n > 4);
}

static void test_full_disk(void **state)
{
    fixture *f = *state;
    stria_model *model = make_model(f->test.context, 2);
    for (int cannot_reserve = 0; cannot_reserve < 2; cannot_reserve++)
        for (uint64_t space = 0; space < f->content.size; space += 97) {
            stria_error err = {0};
            f->test.io.disk_space = space;
            f->test.io.cannot_reserve = cannot_reserve;
            assert_status(stria_model_save(model, f->path, &err), STRIA_ERROR_IO, &err);
            assert_message(&err, f->path);
            assert_file_holds(f->path, f->content.bytes, f->content.size);
            assert_int_equal(temporary_folder_count(&f->folder), 2);
        }
    f->test.io.disk_space = UINT64_MAX;
    stria_model_free(model);
}

#if STRIA_HAVE_JSON
/* Jansson takes its memory from the C library unless the program says otherwise, as this one does. */
static size_t json_calls, json_fail_at, json_live;
static bool json_fail_later_too;

static void *json_allocate(size_t size)
{
    json_calls++;
    bool failing = json_fail_later_too ? json_calls >= json_fail_at : json_calls == json_fail_at;
    void *memory = failing ? NULL : malloc(size);
    json_live += memory != NULL;
    return memory;
}

static void json_release(void *memory)
{
    json_live -= memory != NULL;
    free(memory);
}

static size_t fail_each_json_allocation(fixture *f)
{
    size_t n = 1;
    for (;; n++) {
        stria_error err = {0};
        json_calls = 0;
        json_fail_at = n;
        stria_status status = load(f, NULL, &err);
        assert_int_equal(json_live, 0);
        if (json_calls < n) {
            assert_ok(status, &err);
            return n - 1;
        }
        /* Without any memory left, jansson may call the text wrong. It must never read a part of it as the
         * whole. */
        if (status != STRIA_ERROR_FORMAT || !json_fail_later_too)
            assert_status(status, STRIA_ERROR_MEMORY, &err);
    }
}

static void test_memory_of_the_json_library(void **state)
{
    fixture *f = *state;
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(json_allocate, json_release);
    json_fail_later_too = false;
    size_t once = fail_each_json_allocation(f);
    json_fail_later_too = true;
    size_t for_good = fail_each_json_allocation(f);
    json_set_alloc_funcs(allocate, release);
    print_message("JSON: %zu allocations failed alone, %zu with all later ones, each one told\n", once,
                  for_good);
    assert_true(once > 10);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_memory),
        TEST(test_memory_while_saving),
        TEST(test_files),
        TEST(test_files_while_loading),
        TEST(test_full_disk),
#if STRIA_HAVE_JSON
        TEST(test_memory_of_the_json_library),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
