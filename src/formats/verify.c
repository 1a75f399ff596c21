/* What can be said of a file with a trained model before it is used: that it is whole. The reader of
 * safetensors checks everything; this tells what there was to check. */
#include <stria/lint.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/foreign.h"
#include "formats/safetensors.h"

static stria_status verify(stria_file_facts *facts, stria_context *context, const void *bytes, size_t size,
                           const char *path, stria_error *err)
{
    stria_safetensors file = {0};
    *facts = (stria_file_facts){0};
    if (!stria_begins_like_safetensors(bytes, size))
        return STRIA_OK;
    STRIA_TRY(stria_safetensors_parse(&file, context, bytes, size, path, err));
    facts->trained = 1;
    facts->has_checksums = file.has_checksums;
    facts->tensors = file.tensor_count;
    for (size_t i = 0; i < file.tensor_count; i++)
        facts->bytes += file.tensors[i].size;
    stria_safetensors_free(&file);
    return STRIA_OK;
}

stria_status stria_file_verify(stria_file_facts *facts, stria_context *context, const char *path,
                               stria_error *err)
{
    stria_file_facts found;
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_SAFETENSORS_MAX_FILE, &bytes, &size, err));
    stria_status status = verify(&found, context, bytes, size, path, err);
    stria_release(&context->allocator, bytes);
    if (status == STRIA_OK)
        *facts = found;
    return status;
}
