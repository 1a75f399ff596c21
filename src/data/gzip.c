/* gzip through zlib: the only file that includes zlib.h. Memory, zlib's own included, comes from the
 * context's allocator; the output grows as it is needed, never as the file announces. */
#include "data/gzip.h"

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"

bool stria_gzip_looks(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    return size >= 2 && b[0] == 0x1F && b[1] == 0x8B;
}

#if STRIA_HAVE_ZLIB

#    define ZLIB_CONST
#    include <zlib.h>

#    include <limits.h>
#    include <string.h>

/* Deflate packs at most 1032 to 1. A large file beyond the ratio here is one made to fill memory. */
#    define RATIO_LIMIT      250
#    define RATIO_FREE_BYTES ((size_t)64 << 20)

static void *allocate(void *opaque, unsigned items, unsigned size)
{
    return stria_allocate_array(opaque, items, size);
}

static void release(void *opaque, void *memory)
{
    stria_release(opaque, memory);
}

/* Moves the output to a block of `capacity` bytes, uninitialised after the first `length`. */
static bool resize(const stria_allocator *allocator, void **out, size_t length, size_t capacity)
{
    void *larger = allocator->allocate(allocator->payload, capacity, _Alignof(max_align_t));
    if (larger == NULL)
        return false;
    if (length > 0)
        memcpy(larger, *out, length);
    stria_release(allocator, *out);
    *out = larger;
    return true;
}

/* A first guess at the unpacked size: what the last member's trailer says, as far as the packed size can make
 * it true. Right for every file of one member below 4 GiB, which then needs no growing. */
static size_t first_capacity(const uint8_t *bytes, size_t size, uint64_t limit)
{
    uint64_t guess = 256;
    if (size >= 18) {
        const uint8_t *t = bytes + size - 4;
        uint64_t announced =
            (uint64_t)t[0] | (uint64_t)t[1] << 8 | (uint64_t)t[2] << 16 | (uint64_t)t[3] << 24;
        uint64_t possible = (uint64_t)size * 16;
        guess += announced < possible ? announced : possible;
    }
    return (size_t)(guess < limit + 1 ? guess : limit + 1);
}

/* Unpacks into *out [*capacity], growing it; *length is what was written. */
static stria_status inflate_all(z_stream *stream, const stria_allocator *allocator, const uint8_t *bytes,
                                size_t size, uint64_t limit, const char *name, void **out, size_t *capacity,
                                size_t *length, stria_error *err)
{
    size_t taken = 0, members = 0;
    for (;;) {
        size_t in_step = size - taken < UINT_MAX ? size - taken : UINT_MAX;
        size_t room = *capacity - *length;
        size_t out_step = room < UINT_MAX ? room : UINT_MAX;
        stream->next_in = bytes + taken;
        stream->avail_in = (unsigned)in_step;
        stream->next_out = (uint8_t *)*out + *length;
        stream->avail_out = (unsigned)out_step;
        int code = inflate(stream, Z_NO_FLUSH);
        taken += in_step - stream->avail_in;
        *length += out_step - stream->avail_out;
        if (code == Z_MEM_ERROR)
            return stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory while unpacking", name);
        if (code == Z_STREAM_END) {
            members++;
            if (taken == size)
                return STRIA_OK;
            if (!stria_gzip_looks(bytes + taken, size - taken))
                return stria_fail(err, STRIA_ERROR_FORMAT,
                                  "%s: %zu bytes that are not gzip follow the packed data", name,
                                  size - taken);
            if (inflateReset(stream) != Z_OK)
                return stria_fail(err, STRIA_ERROR_FORMAT, "%s: gzip member %zu cannot be read", name,
                                  members + 1);
            continue;
        }
        if (code != Z_OK && code != Z_BUF_ERROR)
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: damaged gzip data at byte %zu: %s", name, taken,
                              stream->msg != NULL ? stream->msg : "unknown cause");
        if (stream->avail_out > 0 && taken == size)
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the gzip data ends early, after %zu bytes", name,
                              size);
        if (*length > limit)
            return stria_fail(err, STRIA_ERROR_LIMIT, "%s: unpacks to more than %llu bytes", name,
                              (unsigned long long)limit);
        if (*length > RATIO_FREE_BYTES && *length / RATIO_LIMIT > size)
            return stria_fail(err, STRIA_ERROR_LIMIT, "%s: unpacks to more than %d times its size", name,
                              RATIO_LIMIT);
        /* Room for one byte over the limit shows whether it is passed. */
        if (*length == *capacity) {
            size_t needed = *capacity < limit / 2 ? *capacity * 2 : (size_t)limit + 1;
            if (!resize(allocator, out, *length, needed))
                return stria_fail_memory(err, needed);
            *capacity = needed;
        }
    }
}

stria_status stria_gzip_unpack(stria_context *context, const void *bytes, size_t size, uint64_t limit,
                               const char *name, void **unpacked, size_t *unpacked_size, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    z_stream stream = {.zalloc = allocate, .zfree = release, .opaque = (void *)allocator};
    /* 16: a gzip header; 15: the largest window. */
    if (inflateInit2(&stream, 16 + 15) != Z_OK)
        return stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory while unpacking", name);
    if (limit > SIZE_MAX / 2)
        limit = SIZE_MAX / 2;
    void *out = NULL;
    size_t capacity = first_capacity(bytes, size, limit), length = 0;
    stria_status status = STRIA_OK;
    if (!resize(allocator, &out, 0, capacity))
        status = stria_fail_memory(err, capacity);
    if (status == STRIA_OK)
        status = inflate_all(&stream, allocator, bytes, size, limit, name, &out, &capacity, &length, err);
    if (status == STRIA_OK && length > limit)
        status = stria_fail(err, STRIA_ERROR_LIMIT, "%s: unpacks to more than %llu bytes", name,
                            (unsigned long long)limit);
    inflateEnd(&stream);
    if (status != STRIA_OK) {
        stria_release(allocator, out);
        return status;
    }
    *unpacked = out;
    *unpacked_size = length;
    return STRIA_OK;
}

#else

stria_status stria_gzip_unpack(stria_context *context, const void *bytes, size_t size, uint64_t limit,
                               const char *name, void **unpacked, size_t *unpacked_size, stria_error *err)
{
    (void)context, (void)bytes, (void)size, (void)limit, (void)unpacked, (void)unpacked_size;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT,
                      "%s: gzip files need a build with -DSTRIA_WITH_ZLIB=ON; or unpack it with gunzip",
                      name);
}

#endif
