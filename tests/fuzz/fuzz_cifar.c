/* Fuzz target: the batches of CIFAR-10 in a folder. */
#include "data/dataset.h"
#include "fuzz/bounded_context.h"
#include "fuzz/one_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    one_file file = {.name = "folder/data_batch_1.bin", .folder = "folder", .bytes = data, .size = size};
    stria_context *context = one_file_context(&file);
    stria_dataset *set = NULL;
    if (stria_dataset_open(&set, context, "folder", NULL) == STRIA_OK) {
        REQUIRE(stria_dataset_count(set, STRIA_PART_TRAIN) * 3073 == size);
        for (size_t i = 0; i < stria_dataset_count(set, STRIA_PART_TRAIN); i++)
            REQUIRE((size_t)stria_dataset_label(set, STRIA_PART_TRAIN, i) < 10);
        stria_dataset_free(set);
    }
    stria_context_free(context);
    return 0;
}
