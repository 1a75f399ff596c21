/* Builds without a library: what needs it says which switch turns it on; what does not need it works. */
#include <string.h>

#include <stria/model.h>

#include "base/context.h"
#include "formats/files.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static void test_trained_models(void **state)
{
    (void)state;
    static const char text[] = "input 2\ndense 1\n";
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_model *model = NULL, *loaded = NULL;
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "m.safetensors", path);
    assert_ok(stria_model_load_memory(&model, test.context, text, sizeof text - 1, "m", NULL, &err), &err);
    assert_ok(stria_model_save(model, path, &err), &err);
    stria_status status = stria_model_load(&loaded, test.context, path, NULL, &err);
#if STRIA_HAVE_JSON
    assert_ok(status, &err);
#else
    assert_status(status, STRIA_ERROR_NOT_BUILT, &err);
    assert_message(&err, "m.safetensors: reading safetensors needs jansson: build with -DSTRIA_WITH_JSON=ON");
#endif
    stria_model_free(loaded);
    stria_model_free(model);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

static void test_archives(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_npz *npz = NULL;
    test_context_open(&test, 1, NULL);
    file_bytes file = read_data_file("savez.npz");
    stria_status status = stria_npz_open(&npz, test.context, file.bytes, file.size, "savez.npz", &err);
#if STRIA_HAVE_ZIP
    assert_ok(status, &err);
#else
    assert_status(status, STRIA_ERROR_NOT_BUILT, &err);
    assert_message(&err, "savez.npz: reading .npz needs libzip: build with -DSTRIA_WITH_ZIP=ON");
#endif
    stria_npz_free(npz);
    free_bytes(&file);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trained_models),
                                       cmocka_unit_test(test_archives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
