/* The cache of decoded pictures.
 *
 * A file is a head, a table with a checksum for each sample, 0 for one that is not there, and the samples. A
 * sample counts only when its bytes have its checksum: so a file that was left half filled, or that several
 * runs fill at a time, is as good as any, and a damaged one costs only the decoding. */
#include "data/cache.h"

#include <stdatomic.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "data/files.h"
#include "kernels/kernels.h"

#define DEFAULT_LIMIT ((uint64_t)1 << 32)
#define MAGIC         "stria\ncache\n\x1a\x01"

/* As it stands in the file, in the machine's byte order: a file of another one has another key. */
typedef struct head {
    char magic[16];
    uint64_t key, count, sample;
} head;

enum { EMPTY, FILLING, FULL };

struct stria_picture_cache {
    const stria_dataset *data;
    stria_context *context;
    size_t sample;   /* bytes of one */
    size_t first[2]; /* place of each part's first */
    size_t count;
    /* In memory: the first `held` samples. */
    size_t held;
    uint8_t *bytes;       /* [held, sample] */
    atomic_uchar *states; /* [held] */
    /* In a file. */
    void *file;
    _Atomic uint32_t *checksums; /* [count] */
    uint64_t samples_at;
    atomic_bool full; /* nothing more is written */
};

static size_t place_of(const stria_picture_cache *cache, stria_part part, size_t index)
{
    return cache->first[part] + index;
}

static uint32_t checksum_of(const stria_picture_cache *cache, const uint8_t *bytes)
{
    const uint32_t checksum = stria_crc32c(0, bytes, cache->sample);
    return checksum != 0 ? checksum : 1;
}

/* ---- Opening ---- */

static stria_status make_memory(stria_picture_cache *cache, uint64_t limit, stria_error *err)
{
    const stria_allocator *allocator = &cache->context->allocator;
    const uint64_t fit = (limit > 0 ? limit : DEFAULT_LIMIT) / cache->sample;
    cache->held = fit < cache->count ? (size_t)fit : cache->count;
    if (cache->held == 0)
        return STRIA_OK;
    cache->bytes =
        allocator->allocate(allocator->payload, cache->held * cache->sample, STRIA_TENSOR_ALIGNMENT);
    cache->states = stria_allocate_array(allocator, cache->held, sizeof *cache->states);
    if (cache->bytes == NULL || cache->states == NULL)
        return stria_fail_memory(err, cache->held * cache->sample);
    for (size_t i = 0; i < cache->held; i++)
        atomic_init(&cache->states[i], EMPTY);
    return STRIA_OK;
}

/* A number that tells the data apart: what its files are called, their sizes and times, and what becomes of
 * them. */
static stria_status make_key(const stria_dataset *data, uint64_t *key, stria_error *err)
{
    const stria_io *io = &data->context->io;
    uint64_t hash = stria_hash(0, data->preprocessing, strlen(data->preprocessing) + 1);
    for (int part = 0; part < 2; part++) {
        for (size_t i = 0; i < data->parts[part].count; i++) {
            struct {
                uint64_t size;
                int64_t changed;
            } about = {0};
            stria_text path;
            STRIA_TRY(stria_files_path(&path, data, (stria_part)part, i, err));
            if (io->measure == NULL || io->measure(io->payload, path.bytes, &about.size, &about.changed) != 0)
                memset(&about, 0, sizeof about); /* reading tells */
            stria_text_free(&path);
            const char *name = stria_files_name(data->files, (stria_part)part, i);
            hash = stria_hash(hash, name, strlen(name) + 1);
            hash = stria_hash(hash, &about, sizeof about);
        }
        hash = stria_hash(hash, &part, sizeof part);
    }
    *key = hash;
    return STRIA_OK;
}

static stria_status fail_file(const char *path, int failure, const char *what, stria_error *err)
{
    char cause[128];
    return stria_fail(err, stria_status_from_errno(failure), "%s: the cache cannot be %s: %s", path, what,
                      stria_errno_text(failure, cause, sizeof cause));
}

/* Takes over the file's table, or writes an empty one. */
static stria_status take_file(stria_picture_cache *cache, const char *path, uint64_t size, uint64_t key,
                              stria_error *err)
{
    const stria_io *io = &cache->context->io;
    const size_t table = cache->count * sizeof *cache->checksums;
    head wanted = {.magic = MAGIC, .key = key, .count = cache->count, .sample = cache->sample}, found;
    int failure = 0;
    if (size > 0) {
        if (size < sizeof found || io->read_at(io->payload, cache->file, 0, &found, sizeof found) != 0 ||
            memcmp(found.magic, wanted.magic, sizeof found.magic) != 0)
            return stria_fail(err, STRIA_ERROR_FORMAT,
                              "%s: this is no cache of pictures, and is left as it is", path);
        if (memcmp(&found, &wanted, sizeof found) == 0 && size >= sizeof found + table) {
            failure = io->read_at(io->payload, cache->file, sizeof found, (void *)cache->checksums, table);
            return failure == 0 ? STRIA_OK : fail_file(path, failure, "read", err);
        }
        stria_log(cache->context, STRIA_LOG_INFO, "%s: the cache is of other data and begins anew", path);
    }
    failure = io->write_at(io->payload, cache->file, sizeof wanted, (void *)cache->checksums, table);
    if (failure == 0)
        failure = io->write_at(io->payload, cache->file, 0, &wanted, sizeof wanted);
    return failure == 0 ? STRIA_OK : fail_file(path, failure, "written", err);
}

static stria_status open_file(stria_picture_cache *cache, const char *where, stria_error *err)
{
    const stria_io *io = &cache->context->io;
    const stria_allocator *allocator = &cache->context->allocator;
    uint64_t key, size = 0;
    if (io->open_update == NULL || io->read_at == NULL || io->write_at == NULL)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the context's files cannot be changed in place: no cache");
    STRIA_TRY(make_key(cache->data, &key, err));
    stria_text path = {.allocator = allocator};
    int kind = 0;
    stria_text_add(&path, where);
    if (io->probe(io->payload, where, &kind) == 0 && kind == 2)
        stria_text_format(&path, "/stria-%016llx.cache", (unsigned long long)key);
    cache->checksums = stria_allocate_array(allocator, cache->count, sizeof *cache->checksums);
    stria_status status = STRIA_OK;
    if (path.failed || cache->checksums == NULL) {
        status = stria_fail_memory(err, cache->count * sizeof *cache->checksums);
        goto done;
    }
    for (size_t i = 0; i < cache->count; i++)
        atomic_init(&cache->checksums[i], 0);
    const int failure = io->open_update(io->payload, path.bytes, &cache->file, &size);
    if (failure != 0) {
        cache->file = NULL;
        status = fail_file(path.bytes, failure, "opened", err);
        goto done;
    }
    cache->samples_at = sizeof(head) + cache->count * sizeof *cache->checksums;
    status = take_file(cache, path.bytes, size, key, err);
done:
    stria_text_free(&path);
    return status;
}

stria_status stria_picture_cache_open(stria_picture_cache **cache, const stria_dataset *data,
                                      const char *where, uint64_t limit, stria_error *err)
{
    if (where == NULL)
        return STRIA_OK;
    stria_picture_cache *made = stria_allocate(&data->context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->data = data;
    made->context = data->context;
    made->sample = (size_t)stria_shape_elements(&data->shape);
    made->first[1] = data->parts[0].count;
    made->count = data->parts[0].count + data->parts[1].count;
    atomic_init(&made->full, false);
    const stria_status status =
        strcmp(where, "memory") == 0 ? make_memory(made, limit, err) : open_file(made, where, err);
    if (status != STRIA_OK) {
        stria_picture_cache_free(made);
        return status;
    }
    *cache = made;
    return STRIA_OK;
}

void stria_picture_cache_free(stria_picture_cache *cache)
{
    if (cache == NULL)
        return;
    const stria_io *io = &cache->context->io;
    const stria_allocator *allocator = &cache->context->allocator;
    if (cache->file != NULL)
        io->close(io->payload, cache->file); /* what did not reach it is decoded again */
    stria_release(allocator, cache->bytes);
    stria_release(allocator, (void *)cache->states);
    stria_release(allocator, (void *)cache->checksums);
    stria_release(allocator, cache);
}

/* ---- Samples ---- */

static void scale_bytes(const stria_picture_cache *cache, const uint8_t *bytes, double scale, float *x)
{
    cache->context->kernels->elementwise.from_bytes(bytes, (float)scale, x, cache->sample);
}

static bool read_file(stria_picture_cache *cache, size_t place, double scale, float *x)
{
    const stria_io *io = &cache->context->io;
    const stria_allocator *allocator = &cache->context->allocator;
    const uint32_t checksum = atomic_load_explicit(&cache->checksums[place], memory_order_acquire);
    uint8_t *bytes = checksum != 0 ? allocator->allocate(allocator->payload, cache->sample, 16) : NULL;
    if (bytes == NULL)
        return false;
    const uint64_t at = cache->samples_at + (uint64_t)place * cache->sample;
    const bool good = io->read_at(io->payload, cache->file, at, bytes, cache->sample) == 0 &&
                      checksum_of(cache, bytes) == checksum;
    if (good)
        scale_bytes(cache, bytes, scale, x);
    stria_release(allocator, bytes);
    return good;
}

bool stria_picture_cache_read(stria_picture_cache *cache, stria_part part, size_t index, double scale,
                              float *x)
{
    const size_t place = place_of(cache, part, index);
    if (cache->file != NULL)
        return read_file(cache, place, scale, x);
    if (place >= cache->held || atomic_load_explicit(&cache->states[place], memory_order_acquire) != FULL)
        return false;
    scale_bytes(cache, cache->bytes + place * cache->sample, scale, x);
    return true;
}

static void write_file(stria_picture_cache *cache, size_t place, const uint8_t *bytes)
{
    const stria_io *io = &cache->context->io;
    if (atomic_load(&cache->full))
        return;
    const uint32_t checksum = checksum_of(cache, bytes);
    int failure = io->write_at(io->payload, cache->file, cache->samples_at + (uint64_t)place * cache->sample,
                               bytes, cache->sample);
    if (failure == 0)
        failure = io->write_at(io->payload, cache->file, sizeof(head) + place * sizeof checksum, &checksum,
                               sizeof checksum);
    if (failure == 0) {
        atomic_store_explicit(&cache->checksums[place], checksum, memory_order_release);
    } else if (!atomic_exchange(&cache->full, true)) {
        char cause[128];
        stria_log(cache->context, STRIA_LOG_WARNING, "the cache takes no more pictures: %s",
                  stria_errno_text(failure, cause, sizeof cause));
    }
}

void stria_picture_cache_write(stria_picture_cache *cache, stria_part part, size_t index,
                               const uint8_t *bytes)
{
    const size_t place = place_of(cache, part, index);
    if (cache->file != NULL) {
        write_file(cache, place, bytes);
        return;
    }
    unsigned char empty = EMPTY;
    if (place >= cache->held || !atomic_compare_exchange_strong(&cache->states[place], &empty, FILLING))
        return; /* no room, or another thread is at it */
    memcpy(cache->bytes + place * cache->sample, bytes, cache->sample);
    atomic_store_explicit(&cache->states[place], FULL, memory_order_release);
}
