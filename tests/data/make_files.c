/* Makes the files that the readers of the data room are tested with. Packing is done by the libraries that
 * other programs use for it. */
#include "data/make_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#if STRIA_HAVE_PNG
#    include <png.h>
#endif
#if STRIA_HAVE_ZIP
#    include <zip.h>
#endif
#if STRIA_HAVE_ZLIB
#    include <zlib.h>
#endif

void blob_free(blob *file)
{
    free(file->bytes);
    *file = (blob){0};
}

blob blob_copy(const void *bytes, size_t size)
{
    blob file = {.bytes = malloc(size + 1), .size = size};
    assert_non_null(file.bytes);
    memcpy(file.bytes, bytes, size);
    return file;
}

void put_file(const temporary_folder *folder, const char *name, const blob *file)
{
    char path[TEMPORARY_PATH_SIZE];
    write_test_file(temporary_folder_path(folder, name, path), file->bytes, file->size);
}

/* ---- IDX ---- */

static size_t idx_element_size(unsigned type)
{
    return type == 0x0B ? 2 : type == 0x0C || type == 0x0D ? 4 : type == 0x0E ? 8 : 1;
}

blob make_idx(unsigned type, int rank, const uint32_t *sizes, const void *elements)
{
    size_t count = 1, element = idx_element_size(type), header = 4 + 4 * (size_t)rank;
    for (int d = 0; d < rank; d++)
        count *= sizes[d];
    blob file = {.bytes = malloc(header + count * element), .size = header + count * element};
    assert_non_null(file.bytes);
    uint8_t *to = file.bytes;
    *to++ = 0;
    *to++ = 0;
    *to++ = (uint8_t)type;
    *to++ = (uint8_t)rank;
    for (int d = 0; d < rank; d++) {
        for (int shift = 24; shift >= 0; shift -= 8)
            *to++ = (uint8_t)(sizes[d] >> shift);
    }
    const uint8_t *from = elements;
    for (size_t i = 0; i < count; i++, from += element) {
        for (size_t b = 0; b < element; b++)
            *to++ = from[element - 1 - b];
    }
    return file;
}

void put_idx(const temporary_folder *folder, const char *name, int rank, const uint32_t *sizes,
             const uint8_t *bytes)
{
    blob file = make_idx(0x08, rank, sizes, bytes);
    put_file(folder, name, &file);
    blob_free(&file);
}

/* ---- gzip ---- */

#if STRIA_HAVE_ZLIB
blob make_gzip(const void *bytes, size_t size)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    blob file = {.size = deflateBound(&stream, size)};
    file.bytes = malloc(file.size);
    assert_non_null(file.bytes);
    blob plain = blob_copy(bytes, size);
    stream.next_in = plain.bytes;
    stream.avail_in = (unsigned)size;
    stream.next_out = file.bytes;
    stream.avail_out = (unsigned)file.size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    file.size = stream.total_out;
    deflateEnd(&stream);
    blob_free(&plain);
    return file;
}
#endif

/* ---- NumPy ---- */

blob make_npy(const char *type, int rank, const int64_t *sizes, const void *elements, size_t size)
{
    char header[256];
    int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (int d = 0; d < rank; d++)
        length += snprintf(header + length, sizeof header - (size_t)length, "%lld,%s", (long long)sizes[d],
                           d + 1 < rank ? " " : "");
    length += snprintf(header + length, sizeof header - (size_t)length, "), }");
    while ((10 + length + 1) % 64 != 0)
        header[length++] = ' ';
    header[length++] = '\n';
    blob file = {.size = 10 + (size_t)length + size};
    file.bytes = malloc(file.size);
    assert_non_null(file.bytes);
    memcpy(file.bytes, "\x93NUMPY\x01\x00", 8);
    file.bytes[8] = (uint8_t)(length & 0xFF);
    file.bytes[9] = (uint8_t)(length >> 8);
    memcpy(file.bytes + 10, header, (size_t)length);
    if (size > 0)
        memcpy(file.bytes + 10 + length, elements, size);
    return file;
}

#if STRIA_HAVE_ZIP
blob make_npz(const npz_member *members, size_t count, bool deflate_them)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *archive = zip_source_buffer_create(NULL, 0, 0, &error);
    assert_non_null(archive);
    zip_t *zip = zip_open_from_source(archive, ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    zip_source_keep(archive);
    for (size_t m = 0; m < count; m++) {
        zip_source_t *source = zip_source_buffer(zip, members[m].file.bytes, members[m].file.size, 0);
        assert_non_null(source);
        zip_int64_t index = zip_file_add(zip, members[m].name, source, ZIP_FL_ENC_UTF_8);
        assert_true(index >= 0);
        assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)index,
                                                  deflate_them ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0),
                         0);
    }
    assert_int_equal(zip_close(zip), 0);
    zip_stat_t stat;
    assert_int_equal(zip_source_stat(archive, &stat), 0);
    blob file = {.size = (size_t)stat.size};
    file.bytes = malloc(file.size);
    assert_non_null(file.bytes);
    assert_int_equal(zip_source_open(archive), 0);
    assert_int_equal(zip_source_read(archive, file.bytes, stat.size), stat.size);
    zip_source_close(archive);
    zip_source_free(archive);
    zip_error_fini(&error);
    return file;
}
#endif

/* ---- PNG ---- */

#if STRIA_HAVE_PNG
static void png_append(png_structp png, png_bytep bytes, size_t size)
{
    blob *file = png_get_io_ptr(png);
    file->bytes = realloc(file->bytes, file->size + size);
    assert_non_null(file->bytes);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

static void png_nothing(png_structp png)
{
    (void)png;
}

blob make_png(const png_plan *plan)
{
    blob file = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    assert_non_null(png);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    png_set_write_fn(png, &file, png_append, png_nothing);
    png_set_IHDR(png, info, plan->width, plan->height, plan->depth, plan->colour,
                 plan->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_color palette[256];
    for (int c = 0; c < plan->palette_count; c++)
        palette[c] = (png_color){plan->palette[3 * c], plan->palette[3 * c + 1], plan->palette[3 * c + 2]};
    if (plan->palette_count > 0)
        png_set_PLTE(png, info, palette, plan->palette_count);
    png_color_16 key = {
        .red = plan->key[0], .green = plan->key[1], .blue = plan->key[2], .gray = plan->key[0]};
    if (plan->alpha_count > 0 || plan->has_key)
        png_set_tRNS(png, info, plan->alphas, plan->alpha_count, plan->has_key ? &key : NULL);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (unsigned y = 0; y < plan->height; y++)
            png_write_row(png, plan->rows + y * plan->row_size);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}
#endif
