/* Verifying files with trained models: what is said of whole ones, and that damage is found wherever it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static void test_files(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_file_facts facts;
    stria_model *model = NULL;
    static const char text[] = "input 4\ndense 3 relu\nbatchnorm\n";
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "m.safetensors", path);

    assert_status(stria_file_verify(&facts, test.context, path, &err), STRIA_ERROR_MISSING, &err);
    write_test_file(path, text, sizeof text - 1);
    assert_ok(stria_file_verify(&facts, test.context, path, &err), &err);
    assert_int_equal(facts.trained, 0);

    assert_ok(stria_model_parse(&model, test.context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_save(model, path, &err), &err);
    assert_ok(stria_file_verify(&facts, test.context, path, &err), &err);
    assert_int_equal(facts.trained, 1);
    assert_int_equal(facts.has_checksums, 1);
    assert_int_equal(facts.tensors, 6);
    assert_int_equal(facts.bytes, 4 * (4 * 3 + 3 + 4 * 3));
    stria_model_free(model);

    /* Of another writer: nothing to hold the numbers against. */
    static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    char foreign[256] = {(char)(sizeof header - 1)};
    memcpy(foreign + 8, header, sizeof header - 1);
    write_test_file(path, foreign, 8 + sizeof header - 1 + 8);
    assert_ok(stria_file_verify(&facts, test.context, path, &err), &err);
    assert_int_equal(facts.trained, 1);
    assert_int_equal(facts.has_checksums, 0);
    assert_int_equal(facts.tensors, 1);
    assert_int_equal(facts.bytes, 8);

    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* Every bit of a small file, flipped one after the other, is noticed. */
static void test_every_bit(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_file_facts facts;
    stria_model *model = NULL;
    static const char text[] = "input 2\ndense 1\n";
    static char bytes[1 << 14];
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "m.safetensors", path);
    assert_ok(stria_model_parse(&model, test.context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_save(model, path, &err), &err);
    stria_model_free(model);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_in_range(size, 100, sizeof bytes - 1);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        write_test_file(path, bytes, size);
        /* A file that no longer begins like one of its kind is none. */
        if (stria_file_verify(&facts, test.context, path, &err) == STRIA_OK && facts.trained &&
            facts.has_checksums)
            fail_msg("bit %zu of byte %zu went unnoticed", bit % 8, bit / 8);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
