/* Fuzz target: lists of pictures in .csv files, from bytes to paths, labels and targets. */
#include "data/dataset.h"
#include "fuzz/bounded_context.h"
#include "fuzz/one_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    one_file file = {.name = "list.csv", .bytes = data, .size = size};
    stria_context *context = one_file_context(&file);
    const stria_dataset_options options = {.height = 1, .width = 1, .channels = 1};
    stria_dataset *set = NULL;
    if (stria_dataset_open_with(&set, context, "list.csv", &options, NULL) == STRIA_OK) {
        for (int p = 0; p < 2; p++) {
            const stria_part part = (stria_part)p;
            for (size_t i = 0; i < stria_dataset_count(set, part); i++) {
                char path[64];
                REQUIRE(stria_dataset_path(set, part, i, path, sizeof path) > 0);
                REQUIRE(stria_dataset_label(set, part, i) < (int32_t)stria_dataset_class_count(set));
            }
        }
        stria_dataset_free(set);
    }
    stria_context_free(context);
    return 0;
}
