/* Reading .npz, a zip archive of .npy files, by libzip. This is the only file that includes it. Sizes are
 * taken from the central directory, never from the local headers (numpy.savez writes 0xFFFFFFFF and a zip64
 * field there), and are compared with the packed bytes before anything is allocated. */
#include "formats/npy.h"

#include <inttypes.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/quote.h"

#if STRIA_HAVE_ZIP
#    include <zip.h>

#    define SUFFIX        ".npy"
#    define SUFFIX_LENGTH (sizeof SUFFIX - 1)

/* Deflate codes at best 258 bytes in two bits: nothing unpacks to more than 1,032 times its size (RFC
 * 1951, 3.2.5). */
#    define MAX_RATIO 1032

typedef struct entry {
    const char *name; /* without .npy */
    zip_uint64_t index;
} entry;

struct stria_npz {
    stria_context *context;
    stria_arena names;
    const char *file; /* for messages */
    size_t size;
    zip_t *zip;
    entry *members;
    size_t count, capacity;
};

static stria_status fail_zip(stria_error *err, zip_error_t *error)
{
    stria_status status =
        zip_error_code_zip(error) == ZIP_ER_MEMORY ? STRIA_ERROR_MEMORY : STRIA_ERROR_FORMAT;
    return stria_fail(err, status, "%s", zip_error_strerror(error));
}

static stria_status open_zip(stria_npz *npz, const void *bytes, size_t size, stria_error *err)
{
    if (size == 0) /* to libzip an archive without members */
        return stria_fail(err, STRIA_ERROR_FORMAT, "the file is empty");
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &error);
    if (source != NULL)
        npz->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (npz->zip == NULL && source != NULL)
        zip_source_free(source);
    stria_status status = npz->zip != NULL ? STRIA_OK : fail_zip(err, &error);
    zip_error_fini(&error);
    return status;
}

static stria_status add_member(stria_npz *npz, const char *name, size_t length, zip_uint64_t index,
                               stria_error *err)
{
    const stria_allocator *allocator = &npz->context->allocator;
    if (npz->count == STRIA_NPZ_MAX_MEMBERS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than %d arrays", STRIA_NPZ_MAX_MEMBERS);
    char *copy = stria_arena_copy_text(&npz->names, name, length);
    void *members = npz->members;
    if (copy == NULL ||
        !stria_grow(allocator, &members, &npz->capacity, npz->count + 1, sizeof *npz->members))
        return stria_fail_memory(err, length + 1 + (npz->count + 1) * sizeof *npz->members);
    npz->members = members;
    for (size_t i = 0; i < npz->count; i++)
        if (strcmp(npz->members[i].name, copy) == 0)
            return stria_fail(err, STRIA_ERROR_FORMAT, "the member '%s" SUFFIX "' is there twice",
                              stria_quote(STRIA_QUOTE_BUFFER, copy));
    npz->members[npz->count++] = (entry){copy, index};
    return STRIA_OK;
}

static stria_status list_members(stria_npz *npz, stria_error *err)
{
    zip_int64_t entries = zip_get_num_entries(npz->zip, 0);
    for (zip_int64_t i = 0; i < entries; i++) {
        const char *name = zip_get_name(npz->zip, (zip_uint64_t)i, 0);
        if (name == NULL)
            return fail_zip(err, zip_get_error(npz->zip));
        size_t length = strlen(name);
        if (length > SUFFIX_LENGTH && strcmp(name + length - SUFFIX_LENGTH, SUFFIX) == 0)
            STRIA_TRY(add_member(npz, name, length - SUFFIX_LENGTH, (zip_uint64_t)i, err));
    }
    return STRIA_OK;
}

stria_status stria_npz_open(stria_npz **npz, stria_context *context, const void *bytes, size_t size,
                            const char *name, stria_error *err)
{
    stria_npz *made = stria_allocate(&context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->context = context;
    made->names.allocator = &context->allocator;
    made->size = size;
    made->file = stria_arena_copy_text(&made->names, name, strlen(name));
    stria_status status = STRIA_OK;
    if (made->file == NULL)
        status = stria_fail_memory(err, strlen(name) + 1);
    if (status == STRIA_OK)
        status = open_zip(made, bytes, size, err);
    if (status == STRIA_OK)
        status = list_members(made, err);
    if (status != STRIA_OK) {
        stria_npz_free(made);
        return stria_fail_in(err, status, "%s: ", name);
    }
    *npz = made;
    return STRIA_OK;
}

void stria_npz_free(stria_npz *npz)
{
    if (npz == NULL)
        return;
    stria_context *context = npz->context;
    if (npz->zip != NULL)
        zip_discard(npz->zip);
    stria_release(&context->allocator, npz->members);
    stria_arena_clear(&npz->names);
    stria_release(&context->allocator, npz);
}

size_t stria_npz_count(const stria_npz *npz)
{
    return npz->count;
}

const char *stria_npz_name(const stria_npz *npz, size_t index)
{
    return index < npz->count ? npz->members[index].name : NULL;
}

/* Everything that can be known without unpacking. */
static stria_status check_member(const stria_npz *npz, zip_uint64_t index, uint64_t limit, size_t *size,
                                 stria_error *err)
{
    const zip_uint64_t needed =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t stat;
    if (zip_stat_index(npz->zip, index, 0, &stat) != 0)
        return fail_zip(err, zip_get_error(npz->zip));
    if ((stat.valid & needed) != needed)
        return stria_fail(err, STRIA_ERROR_FORMAT, "the directory does not tell its sizes");
    if (stat.encryption_method != ZIP_EM_NONE)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "it is encrypted");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "compression method %u is not supported, 0 (stored) and 8 (deflate) are",
                          (unsigned)stat.comp_method);
    if (stat.comp_size > npz->size)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%" PRIu64 " packed bytes are announced in a file of %zu bytes",
                          (uint64_t)stat.comp_size, npz->size);
    bool fits = stat.comp_method == ZIP_CM_STORE ? stat.size == stat.comp_size
                                                 : stat.size / MAX_RATIO <= stat.comp_size;
    if (!fits)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%" PRIu64 " packed bytes cannot hold the %" PRIu64 " announced",
                          (uint64_t)stat.comp_size, (uint64_t)stat.size);
    if (stat.size > limit || stat.size > SIZE_MAX / 2)
        return stria_fail(err, STRIA_ERROR_LIMIT,
                          "it unpacks to %" PRIu64 " bytes, at most %" PRIu64 " are read",
                          (uint64_t)stat.size, limit);
    *size = (size_t)stat.size;
    return STRIA_OK;
}

/* Reads `size` bytes and then asks for one more: there must be none, and libzip checks the CRC at the end. */
static stria_status unpack(zip_file_t *file, uint8_t *bytes, size_t size, stria_error *err)
{
    size_t at = 0;
    uint8_t more;
    for (;;) {
        zip_int64_t got = at < size ? zip_fread(file, bytes + at, size - at) : zip_fread(file, &more, 1);
        if (got < 0)
            return fail_zip(err, zip_file_get_error(file));
        if (got == 0)
            break;
        if (at == size)
            return stria_fail(err, STRIA_ERROR_FORMAT, "it unpacks to more than the %zu bytes announced",
                              size);
        at += (size_t)got;
    }
    if (at < size)
        return stria_fail(err, STRIA_ERROR_FORMAT, "it unpacks to %zu bytes, %zu are announced", at, size);
    return STRIA_OK;
}

static stria_status unpack_member(const stria_npz *npz, zip_uint64_t index, uint64_t limit, void **memory,
                                  size_t *size, stria_error *err)
{
    const stria_allocator *allocator = &npz->context->allocator;
    STRIA_TRY(check_member(npz, index, limit, size, err));
    void *bytes = allocator->allocate(allocator->payload, *size > 0 ? *size : 1, STRIA_TENSOR_ALIGNMENT);
    if (bytes == NULL)
        return stria_fail_memory(err, *size);
    zip_file_t *file = zip_fopen_index(npz->zip, index, 0);
    stria_status status =
        file != NULL ? unpack(file, bytes, *size, err) : fail_zip(err, zip_get_error(npz->zip));
    if (file != NULL)
        zip_fclose(file);
    if (status == STRIA_OK)
        *memory = bytes;
    else
        stria_release(allocator, bytes);
    return status;
}

stria_status stria_npz_read(stria_npz *npz, const char *member, uint64_t limit, stria_npy *array,
                            void **memory, stria_error *err)
{
    char name[STRIA_QUOTE_SIZE + sizeof SUFFIX];
    stria_format(name, sizeof name, "%s" SUFFIX, stria_quote(STRIA_QUOTE_BUFFER, member));
    size_t i = 0, size = 0;
    while (i < npz->count && strcmp(npz->members[i].name, member) != 0)
        i++;
    if (i == npz->count)
        return stria_fail(err, STRIA_ERROR_MISSING, "%s: there is no member %s", npz->file, name);
    void *bytes = NULL;
    stria_status status = unpack_member(npz, npz->members[i].index, limit, &bytes, &size, err);
    if (status != STRIA_OK)
        return stria_fail_in(err, status, "%s: %s: ", npz->file, name);
    status = stria_npy_parse(array, bytes, size, name, err);
    if (status != STRIA_OK) {
        stria_release(&npz->context->allocator, bytes);
        return stria_fail_in(err, status, "%s: ", npz->file);
    }
    *memory = bytes;
    return STRIA_OK;
}

#else

stria_status stria_npz_open(stria_npz **npz, stria_context *context, const void *bytes, size_t size,
                            const char *name, stria_error *err)
{
    (void)npz;
    (void)context;
    (void)bytes;
    (void)size;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT,
                      "%s: reading .npz needs libzip: build with -DSTRIA_WITH_ZIP=ON", name);
}

void stria_npz_free(stria_npz *npz)
{
    (void)npz;
}

size_t stria_npz_count(const stria_npz *npz)
{
    (void)npz;
    return 0;
}

const char *stria_npz_name(const stria_npz *npz, size_t index)
{
    (void)npz;
    (void)index;
    return NULL;
}

stria_status stria_npz_read(stria_npz *npz, const char *member, uint64_t limit, stria_npy *array,
                            void **memory, stria_error *err)
{
    (void)npz;
    (void)limit;
    (void)array;
    (void)memory;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT,
                      "%s: reading .npz needs libzip: build with -DSTRIA_WITH_ZIP=ON", member);
}

#endif
