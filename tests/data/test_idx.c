/* The IDX and gzip readers: every type, every wrong header, files cut at every length and with every byte
 * changed, and memory that runs out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "data/gzip.h"
#include "data/idx.h"
#include "data/make_files.h"
#include "support/check.h"
#include "support/test_context.h"

/* ---- IDX ---- */

/* Parses a copy, as parsing may change the bytes. */
static stria_status parse_copy(const blob *file, size_t size, float *values, stria_npy *array,
                               stria_error *err)
{
    blob copy = blob_copy(file->bytes, size);
    stria_status status = stria_idx_parse(array, copy.bytes, size, "a.idx", err);
    if (status == STRIA_OK && values != NULL)
        stria_dtype_to_float(array->type, array->elements, array->count, values);
    blob_free(&copy);
    return status;
}

static void reads_every_type(void **state)
{
    (void)state;
    static const uint8_t u8[6] = {0, 1, 127, 128, 254, 255};
    static const int8_t i8[6] = {0, 1, 127, -128, -2, -1};
    static const int16_t i16[6] = {0, 1, 32767, -32768, 258, -1};
    static const int32_t i32[6] = {0, 1, 16777216, -16777216, 66051, -1};
    static const float f32[6] = {0, 1.5F, -2.25F, 1e30F, -1e-30F, 3};
    static const double f64[6] = {0, 1.5, -2.25, 1e30, -1e-30, 3};
    const struct {
        unsigned code;
        stria_dtype type;
        const void *elements;
    } cases[] = {{0x08, STRIA_U8, u8},   {0x09, STRIA_I8, i8},   {0x0B, STRIA_I16, i16},
                 {0x0C, STRIA_I32, i32}, {0x0D, STRIA_F32, f32}, {0x0E, STRIA_F64, f64}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (int rank = 1; rank <= 4; rank++) {
            static const uint32_t sizes[4][4] = {{6}, {2, 3}, {3, 1, 2}, {1, 3, 2, 1}};
            float values[6];
            stria_npy array;
            stria_error err = {0};
            blob file = make_idx(cases[c].code, rank, sizes[rank - 1], cases[c].elements);
            assert_true(stria_idx_looks(file.bytes, file.size));
            assert_ok(parse_copy(&file, file.size, values, &array, &err), &err);
            assert_int_equal(array.type, cases[c].type);
            assert_int_equal(array.rank, rank);
            assert_int_equal(array.count, 6);
            for (int d = 0; d < rank; d++)
                assert_int_equal(array.sizes[d], sizes[rank - 1][d]);
            float expected[6];
            for (int i = 0; i < 6; i++)
                expected[i] = c == 0   ? (float)u8[i]
                              : c == 1 ? (float)i8[i]
                              : c == 2 ? (float)i16[i]
                              : c == 3 ? (float)i32[i]
                              : c == 4 ? f32[i]
                                       : (float)f64[i];
            assert_memory_equal(values, expected, sizeof expected);
            blob_free(&file);
        }
    }
}

static void refuses_wrong_headers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        stria_status status;
        const char *message;
    } cases[] = {
        {"", 0, STRIA_ERROR_FORMAT, "a.idx: 0 bytes are too few for an IDX file"},
        {"\0\0\x08", 3, STRIA_ERROR_FORMAT, "3 bytes are too few"},
        {"\x89PNG", 4, STRIA_ERROR_FORMAT, "not an IDX file: it begins with 89 50 4e 47"},
        {"\0\1\x08\1\0\0\0\1\0", 9, STRIA_ERROR_FORMAT, "not an IDX file"},
        {"\0\0\x0A\1\0\0\0\1\0", 9, STRIA_ERROR_FORMAT, "IDX type 0x0a is unknown"},
        {"\0\0\x08\0\0", 5, STRIA_ERROR_UNSUPPORTED, "an IDX file of 0 dimensions, supported are 1 to 4"},
        {"\0\0\x08\5\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0", 25, STRIA_ERROR_UNSUPPORTED, "5 dimensions"},
        {"\0\0\x08\3\0\0\0\1\0\0\0\1", 12, STRIA_ERROR_FORMAT, "header of 16 bytes ends early, after 12"},
        {"\0\0\x08\2\0\0\0\1\0\0\0\0", 12, STRIA_ERROR_FORMAT, "dimension 2 of the IDX file has size 0"},
        {"\0\0\x08\1\0\0\0\2\7", 9, STRIA_ERROR_FORMAT,
         "announces 2 numbers of type uint8 (2 bytes), but 1 bytes follow it"},
        {"\0\0\x08\1\0\0\0\1\7\7", 10, STRIA_ERROR_FORMAT, "(1 bytes), but 2 bytes follow it"},
        {"\0\0\x0E\4\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 20, STRIA_ERROR_FORMAT,
         "announces 4294967295x4294967295x4294967295x4294967295 numbers of type float64 (more than memory "
         "holds)"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_npy array;
        stria_error err = {0};
        blob file = blob_copy(cases[c].bytes, cases[c].size);
        assert_status(stria_idx_parse(&array, file.bytes, file.size, "a.idx", &err), cases[c].status, &err);
        assert_message(&err, cases[c].message);
        blob_free(&file);
    }
}

static void survives_damage(void **state)
{
    (void)state;
    static const uint32_t sizes[3] = {2, 3, 2};
    static const int16_t elements[12] = {1, 2, 3};
    blob file = make_idx(0x0B, 3, sizes, elements);
    stria_npy array;
    for (size_t size = 0; size < file.size; size++) {
        stria_error err = {0};
        assert_status(parse_copy(&file, size, NULL, &array, &err), STRIA_ERROR_FORMAT, &err);
    }
    /* A changed header byte is refused; a changed number is another number. */
    for (size_t at = 0; at < file.size; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t before = file.bytes[at];
            if (byte == before)
                continue;
            float values[24];
            stria_error err = {0};
            file.bytes[at] = (uint8_t)byte;
            stria_status status = parse_copy(&file, file.size, values, &array, &err);
            if (at < 16 && status == STRIA_OK) {
                print_error("byte %zu changed to 0x%02x was accepted\n", at, byte);
                fail();
            } else if (at >= 16 && status != STRIA_OK) {
                print_error("byte %zu changed to 0x%02x: %s\n", at, byte, err.message);
                fail();
            }
            file.bytes[at] = before;
        }
    }
    blob_free(&file);
}

/* ---- gzip ---- */

#if STRIA_HAVE_ZLIB

static stria_status unpack(stria_context *context, const blob *file, uint64_t limit, void **unpacked,
                           size_t *size, stria_error *err)
{
    return stria_gzip_unpack(context, file->bytes, file->size, limit, "a.gz", unpacked, size, err);
}

static blob sample_bytes(size_t size)
{
    blob file = {.bytes = malloc(size), .size = size};
    assert_non_null(file.bytes);
    uint32_t word = 1;
    for (size_t i = 0; i < size; i++) {
        word = word * 1664525U + 1013904223U;
        file.bytes[i] = (uint8_t)((word >> 24) & 0x1F);
    }
    return file;
}

static void unpacks_gzip(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    static const size_t sizes[] = {0, 1, 255, 256, 257, 5000, 300000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        blob plain = sample_bytes(sizes[s]);
        blob packed = make_gzip(plain.bytes, plain.size);
        void *unpacked = NULL;
        size_t size = 0;
        stria_error err = {0};
        assert_ok(unpack(test.context, &packed, plain.size, &unpacked, &size, &err), &err);
        assert_int_equal(size, plain.size);
        assert_memory_equal(unpacked, plain.bytes, size);
        stria_release(&test.context->allocator, unpacked);
        if (plain.size > 0) {
            assert_status(unpack(test.context, &packed, plain.size - 1, &unpacked, &size, &err),
                          STRIA_ERROR_LIMIT, &err);
            assert_message(&err, "a.gz: unpacks to more than");
        }
        blob_free(&plain);
        blob_free(&packed);
    }
    test_context_close(&test);
}

/* Two members one after another are one file (RFC 1952, section 2.2); anything else behind a member is not.
 */
static void unpacks_members(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    blob plain = sample_bytes(3000);
    blob first = make_gzip(plain.bytes, 1000), second = make_gzip(plain.bytes + 1000, 2000);
    blob both = {.bytes = malloc(first.size + second.size + 3), .size = first.size + second.size};
    assert_non_null(both.bytes);
    memcpy(both.bytes, first.bytes, first.size);
    memcpy(both.bytes + first.size, second.bytes, second.size);
    void *unpacked = NULL;
    size_t size = 0;
    stria_error err = {0};
    assert_ok(unpack(test.context, &both, 1 << 20, &unpacked, &size, &err), &err);
    assert_int_equal(size, plain.size);
    assert_memory_equal(unpacked, plain.bytes, size);
    stria_release(&test.context->allocator, unpacked);

    memcpy(both.bytes + both.size, "abc", 3);
    both.size += 3;
    assert_status(unpack(test.context, &both, 1 << 20, &unpacked, &size, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "a.gz: 3 bytes that are not gzip follow the packed data");
    blob_free(&plain);
    blob_free(&first);
    blob_free(&second);
    blob_free(&both);
    test_context_close(&test);
}

static void gzip_survives_damage(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    blob plain = sample_bytes(400);
    blob packed = make_gzip(plain.bytes, plain.size);
    void *unpacked = NULL;
    size_t size = 0;
    for (size_t cut = 0; cut < packed.size; cut++) {
        stria_error err = {0};
        blob shorter = {.bytes = packed.bytes, .size = cut};
        assert_status(unpack(test.context, &shorter, 1 << 20, &unpacked, &size, &err), STRIA_ERROR_FORMAT,
                      &err);
    }
    /* Damage is seen, or it is in a byte of the header that does not matter. */
    size_t refused = 0;
    for (size_t at = 0; at < packed.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            stria_error err = {0};
            packed.bytes[at] ^= (uint8_t)(1U << bit);
            stria_status status = unpack(test.context, &packed, 1 << 20, &unpacked, &size, &err);
            packed.bytes[at] ^= (uint8_t)(1U << bit);
            refused += status != STRIA_OK;
            if (status != STRIA_OK)
                continue;
            assert_int_equal(size, plain.size);
            assert_memory_equal(unpacked, plain.bytes, size);
            stria_release(&test.context->allocator, unpacked);
        }
    }
    assert_true(refused >= (packed.size - 10) * 8);
    blob_free(&plain);
    blob_free(&packed);
    test_context_close(&test);
}

/* 80 MB of zeros in 80 kB. */
static void refuses_a_bomb(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t size = (size_t)80 << 20;
    uint8_t *zeros = calloc(size, 1);
    assert_non_null(zeros);
    blob packed = make_gzip(zeros, size);
    free(zeros);
    void *unpacked = NULL;
    stria_error err = {0};
    assert_status(unpack(test.context, &packed, UINT64_MAX, &unpacked, &size, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "a.gz: unpacks to more than 250 times its size");
    blob_free(&packed);
    test_context_close(&test);
}

#else

static void names_the_missing_part(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    void *unpacked = NULL;
    size_t size = 0;
    stria_error err = {0};
    assert_status(stria_gzip_unpack(test.context, "\x1F\x8B", 2, 1 << 20, "a.gz", &unpacked, &size, &err),
                  STRIA_ERROR_NOT_BUILT, &err);
    assert_message(&err, "STRIA_WITH_ZLIB");
    test_context_close(&test);
}

#endif

/* ---- Reading files ---- */

static void reads_plain_and_packed_files(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    static const uint32_t sizes[2] = {2, 3};
    static const int32_t elements[6] = {1, -2, 3, -4, 5, -600000};
    blob file = make_idx(0x0C, 2, sizes, elements);
    put_file(&folder, "plain", &file);
#if STRIA_HAVE_ZLIB
    blob packed = make_gzip(file.bytes, file.size);
    put_file(&folder, "packed", &packed);
    blob_free(&packed);
    static const char *const names[] = {"plain", "packed"};
#else
    static const char *const names[] = {"plain"};
#endif
    blob_free(&file);
    stria_error err = {0};
    stria_npy array;
    void *memory = NULL;
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        temporary_folder_path(&folder, names[n], path);
        assert_ok(stria_idx_read(&array, test.context, path, &memory, &err), &err);
        assert_int_equal(array.count, 6);
        assert_memory_equal(array.elements, elements, sizeof elements);
        stria_release(&test.context->allocator, memory);
        size_t failed = 0;
        for (size_t fail_at = 1;; fail_at++) {
            size_t before = test.memory.calls;
            test.memory.fail_at = before + fail_at;
            stria_status status = stria_idx_read(&array, test.context, path, &memory, &err);
            test.memory.fail_at = 0;
            if (status == STRIA_OK) {
                stria_release(&test.context->allocator, memory);
                break;
            }
            assert_int_equal(status, STRIA_ERROR_MEMORY);
            failed++;
        }
        print_message("%s: %zu allocations made to fail, all reported\n", names[n], failed);
        assert_true(failed >= 1 + 2 * n);
    }
    assert_status(
        stria_idx_read(&array, test.context, temporary_folder_path(&folder, "none", path), &memory, &err),
        STRIA_ERROR_MISSING, &err);
    assert_message(&err, path);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(refuses_wrong_headers),
        cmocka_unit_test(survives_damage),
#if STRIA_HAVE_ZLIB
        cmocka_unit_test(unpacks_gzip),
        cmocka_unit_test(unpacks_members),
        cmocka_unit_test(gzip_survives_damage),
        cmocka_unit_test(refuses_a_bomb),
#else
        cmocka_unit_test(names_the_missing_part),
#endif
        cmocka_unit_test(reads_plain_and_packed_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
