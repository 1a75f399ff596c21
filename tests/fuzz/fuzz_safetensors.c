/* Fuzz target: safetensors, as a container and as a trained model. */
#include <string.h>

#include "formats/model_file.h"
#include "fuzz/bounded_context.h"

#define LIMIT ((size_t)32 << 20)

/* Every tensor lies in the file and is found by its name. */
static void check_tensors(const stria_safetensors *file, const uint8_t *data, size_t size)
{
    size_t bytes = 0;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const stria_safetensor *tensor = &file->tensors[i];
        const uint8_t *begin = tensor->bytes;
        REQUIRE(begin >= data && begin <= data + size && tensor->size <= (size_t)(data + size - begin));
        REQUIRE(stria_safetensors_find(file, tensor->name) == tensor);
        touch(tensor->bytes, tensor->size);
        bytes += tensor->size;
    }
    REQUIRE(bytes <= size);
    for (size_t i = 0; i < file->text_count; i++)
        REQUIRE(stria_safetensors_text(file, file->texts[i].key) == file->texts[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_context *context = bounded_context_make(LIMIT);
    stria_safetensors file;
    stria_model *model = NULL;
    stria_error err = {0};
    if (stria_safetensors_parse(&file, context, data, size, "fuzz", &err) == STRIA_OK) {
        check_tensors(&file, data, size);
        if (stria_model_file_read(&model, context, &file, "fuzz", &err) == STRIA_OK) {
            REQUIRE(stria_model_file_restore(model, &file, "fuzz", &err) == STRIA_OK ||
                    err.code == STRIA_ERROR_FORMAT); /* the text in the file need not be as Stria writes it */
            for (size_t i = 0; i < stria_model_tensor_count(model); i++) {
                stria_tensor_info info;
                REQUIRE(stria_model_tensor(model, i, &info));
                touch(stria_model_tensor_data(model, i), (size_t)info.count * sizeof(float));
            }
        }
        stria_model_free(model);
    }
    stria_safetensors_free(&file);
    REQUIRE(memchr(err.message, '\0', sizeof err.message) != NULL);
    bounded_context_free(context);
    return 0;
}
