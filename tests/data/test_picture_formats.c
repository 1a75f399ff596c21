/* Files of every picture format, made with Pillow, against what Pillow decodes them to; the messages of those
 * that are refused; every file cut and changed; memory that runs out. make_pictures.py makes the files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/make_files.h"
#include "data/picture.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/test_context.h"

#ifndef STRIA_HAVE_JPEG
#    define STRIA_HAVE_JPEG 0
#endif
#ifndef STRIA_HAVE_WEBP
#    define STRIA_HAVE_WEBP 0
#endif

#define FOLDER STRIA_TEST_DATA "/data/pictures"

/* A format, whether this build has it, and how far numbers may be from Pillow's, which brings libraries of
 * its own. */
static const struct {
    const char *name;
    int built_in, tolerance;
} formats[] = {{"jpeg", STRIA_HAVE_JPEG, 1}, {"webp", STRIA_HAVE_WEBP, 1}, {"pnm", 1, 0}, {"bmp", 1, 1}};

static blob read_file(stria_context *context, const char *path)
{
    void *bytes = NULL;
    size_t size = 0;
    stria_error err = {0};
    assert_ok(stria_file_read(context, path, 1 << 20, &bytes, &size, &err), &err);
    blob file = blob_copy(bytes, size);
    stria_release(&context->allocator, bytes);
    return file;
}

typedef void (*visitor)(test_context *test, const char *name, const blob *file, int tolerance);

/* Visits every file of the formats that are built in. */
static void visit_files(visitor visit)
{
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        char path[512];
        if (!formats[f].built_in)
            continue;
        snprintf(path, sizeof path, FOLDER "/%s", formats[f].name);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, FOLDER "/%s/%s", formats[f].name, entry->d_name);
            blob file = read_file(test.context, path);
            visit(&test, entry->d_name, &file, formats[f].tolerance);
            blob_free(&file);
        }
        closedir(folder);
    }
    test_context_close(&test);
}

/* ---- Equal to Pillow ---- */

static size_t files, refused, numbers, equal;

static void compare(test_context *test, const char *name, const blob *file, int tolerance)
{
    stria_picture picture;
    stria_npy expected;
    stria_error err = {0};
    char path[512];
    snprintf(path, sizeof path, FOLDER "/expected/%s.npy", name);
    stria_status status = stria_picture_decode(&picture, test->context, file->bytes, file->size, name, &err);
    if (stria_file_probe(test->context, path) == 0) {
        assert_status(status, STRIA_ERROR_UNSUPPORTED, &err);
        refused++;
        return;
    }
    assert_ok(status, &err);
    blob npy = read_file(test->context, path);
    assert_ok(stria_npy_parse(&expected, npy.bytes, npy.size, path, &err), &err);
    assert_int_equal(expected.rank, 3);
    if (expected.sizes[0] != picture.height || expected.sizes[1] != picture.width ||
        expected.sizes[2] != picture.channels)
        fail_msg("%s is %dx%dx%d", name, (int)picture.height, (int)picture.width, (int)picture.channels);
    const uint8_t *wanted = expected.elements;
    for (size_t i = 0; i < expected.count; i++) {
        if (abs(picture.bytes[i] - wanted[i]) > tolerance)
            fail_msg("%s: number %zu is %d, not %d", name, i, picture.bytes[i], wanted[i]);
        equal += picture.bytes[i] == wanted[i];
    }
    files++;
    numbers += expected.count;
    stria_picture_free(&picture, test->context);
    blob_free(&npy);
}

static void equals_pillow(void **state)
{
    (void)state;
    visit_files(compare);
    print_message("%zu files, %zu of %zu numbers equal to Pillow's, %zu files refused\n", files, equal,
                  numbers, refused);
    assert_true(files >= 20);
}

/* ---- Damage ---- */

#define CUTS    200
#define CHANGES 1000

static size_t tries, accepted;

/* Whether the file is refused, with a message that names it and nothing left behind. */
static bool is_refused(test_context *test, const uint8_t *bytes, size_t size)
{
    stria_picture picture;
    stria_error err = {0};
    size_t blocks = test->memory.live_blocks;
    stria_status status = stria_picture_decode(&picture, test->context, bytes, size, "a", &err);
    tries++;
    if (status == STRIA_OK) {
        unsigned sum = 0;
        for (size_t i = 0; i < stria_picture_size(&picture); i++)
            sum += picture.bytes[i];
        assert_true(sum <= 255 * stria_picture_size(&picture));
        stria_picture_free(&picture, test->context);
        accepted++;
    } else {
        assert_int_equal(strncmp(err.message, "a: ", 3), 0);
    }
    assert_int_equal(test->memory.live_blocks, blocks);
    return status != STRIA_OK;
}

/* In a block of just the size, so that sanitizers see what is read past it. Only what no number belongs to
 * may be missing: white space after numbers that are text. */
static void cut(test_context *test, const char *name, const blob *file, int tolerance)
{
    (void)tolerance;
    size_t step = file->size / CUTS + 1;
    for (size_t size = 0; size < file->size; size += step) {
        blob part = blob_copy(file->bytes, size);
        bool is_text = file->bytes[0] == 'P' && file->bytes[1] <= '3' && size + 1 == file->size;
        if (!is_refused(test, part.bytes, part.size) && !is_text)
            fail_msg("%s cut to %zu bytes is read", name, size);
        blob_free(&part);
    }
}

static void change(test_context *test, const char *name, const blob *file, int tolerance)
{
    (void)tolerance;
    const stria_random_key key = {.seed = strlen(name), .purpose = STRIA_RANDOM_DATA};
    for (uint64_t i = 0; i < CHANGES; i++) {
        size_t place = stria_random_word(&key, 2 * i) % file->size;
        uint8_t old = file->bytes[place];
        file->bytes[place] = (uint8_t)(old + 1 + stria_random_word(&key, 2 * i + 1) % 255);
        is_refused(test, file->bytes, file->size);
        file->bytes[place] = old;
    }
}

static void survives_damage(void **state)
{
    (void)state;
    visit_files(cut);
    print_message("%zu cut files, all refused but %zu that lack white space\n", tries, accepted);
    tries = accepted = 0;
    visit_files(change);
    print_message("%zu changed files, %zu refused\n", tries, tries - accepted);
}

static size_t failed;

static void fail_allocations(test_context *test, const char *name, const blob *file, int tolerance)
{
    (void)tolerance;
    for (size_t fail_at = 1;; fail_at++) {
        stria_picture picture = {0};
        stria_error err = {0};
        test->memory.fail_at = test->memory.calls + fail_at;
        stria_status status =
            stria_picture_decode(&picture, test->context, file->bytes, file->size, name, &err);
        bool was_failed = test->memory.calls >= test->memory.fail_at;
        test->memory.fail_at = 0;
        if (!was_failed) {
            stria_picture_free(&picture, test->context);
            break;
        }
        failed++;
        assert_status(status, STRIA_ERROR_MEMORY, &err);
    }
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    visit_files(fail_allocations);
    print_message("%zu allocations made to fail\n", failed);
    assert_true(failed >= 20);
}

/* ---- Refusals ---- */

typedef struct refusal {
    const char *bytes;
    size_t size;
    stria_status status;
    const char *message;
} refusal;

#define BYTES(text) (text), sizeof(text) - 1

/* The headers of a BMP of these sizes, little-endian text. */
#define BMP(width, height, bits, packing, colours)                                                           \
    "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0" width height "\1\0" bits "\0" packing "\0\0\0"                  \
    "\0\0\0\0\0\0\0\0\0\0\0\0" colours "\0\0\0\0"

static const refusal refusals[] = {
    {BYTES("GIF89a"), STRIA_ERROR_UNSUPPORTED, "a: GIF pictures are not read: convert it to PNG"},
    {BYTES("II*\0...."), STRIA_ERROR_UNSUPPORTED, "a: TIFF pictures are not read: convert it to PNG"},
    {BYTES("\0\0\0\x18"
           "ftypheic"),
     STRIA_ERROR_UNSUPPORTED, "a: HEIC pictures are not read"},
    {BYTES("hello"), STRIA_ERROR_FORMAT,
     "a: not a picture (PNG, JPEG, WebP, PNM or BMP): it begins with byte 0x68"},
    {BYTES("P5\n100000 100000\n255\n"), STRIA_ERROR_LIMIT,
     "a: a picture of 100000x100000, more than the limit of 268435456 pixels"},
    {BYTES("P5\n10000 10000\n255\nabc"), STRIA_ERROR_FORMAT,
     "a: damaged PNM: 3 bytes after the header cannot hold a picture of 10000x10000x1"},
    {BYTES("P5\n2147483648 1\n255\n"), STRIA_ERROR_FORMAT,
     "a: damaged PNM: its width is more than 2147483647"},
    {BYTES("P5\n0 7\n255\n"), STRIA_ERROR_FORMAT, "a: damaged PNM: a picture of 7x0"},
    {BYTES("P5\n1 -1\n255\n"), STRIA_ERROR_FORMAT, "a: damaged PNM: no number where it has its height"},
    {BYTES("P5\n1 1\n65536\na"), STRIA_ERROR_FORMAT,
     "a: damaged PNM: its maximum is 65536, must be 1 to 65535"},
    {BYTES("P5\n1 1"), STRIA_ERROR_FORMAT, "a: damaged PNM: the file ends before its maximum"},
    {BYTES("P5\n1 1\n1"), STRIA_ERROR_FORMAT, "a: damaged PNM: the file ends early"},
    {BYTES("P5\n1 1\n1?"), STRIA_ERROR_FORMAT, "a: damaged PNM: no white space ends its header"},
    {BYTES("P5\n1 1\n7\n\10"), STRIA_ERROR_FORMAT, "a: damaged PNM: a number is larger than its maximum"},
    {BYTES("P2\n1 1\n7\n8 "), STRIA_ERROR_FORMAT, "a: damaged PNM: a number is larger than its maximum"},
    {BYTES("P2\n2 1\n7\n7 x"), STRIA_ERROR_FORMAT, "a: damaged PNM: no number where it has its next pixel"},
    {BYTES("P1\n1 1\n2"), STRIA_ERROR_FORMAT, "a: damaged PNM: a pixel that is neither 0 nor 1"},
    {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 1\nENDHDR\n12345"), STRIA_ERROR_UNSUPPORTED,
     "a: a PAM of depth 5 is not read: must be 1 to 4"},
    {BYTES("P7\nWIDTH 1\nWEIGHT 1\n"), STRIA_ERROR_FORMAT, "a: damaged PNM: an unknown line in its header"},
    {BYTES("P7\nWIDTH 1\n"), STRIA_ERROR_FORMAT, "a: damaged PNM: the file ends early"},
    {BYTES("BM"), STRIA_ERROR_FORMAT, "a: damaged BMP: the file ends early"},
    {BYTES(BMP("\xA0\x86\1\0", "\xA0\x86\1\0", "\x18", "\0", "\0\0\0\0")), STRIA_ERROR_LIMIT,
     "a: a picture of 100000x100000, more than the limit of 268435456 pixels"},
    {BYTES(BMP("\x10\x27\0\0", "\xF0\xD8\xFF\xFF", "\x18", "\0", "\0\0\0\0")), STRIA_ERROR_FORMAT,
     "a: damaged BMP: 0 bytes of pixels cannot hold a picture of 10000x10000"},
    {BYTES(BMP("\0\0\0\0", "\1\0\0\0", "\x18", "\0", "\0\0\0\0")), STRIA_ERROR_FORMAT,
     "a: damaged BMP: a picture of 1x0"},
    {BYTES(BMP("\1\0\0\0", "\0\0\0\x80", "\x18", "\0", "\0\0\0\0")), STRIA_ERROR_LIMIT,
     "a: a picture of 2147483648x1, more than the limit"},
    {BYTES(BMP("\1\0\0\0", "\1\0\0\0", "\7", "\0", "\0\0\0\0")), STRIA_ERROR_UNSUPPORTED,
     "a: a BMP of 7 bits a pixel and compression 0 is not read"},
    {BYTES(BMP("\1\0\0\0", "\1\0\0\0", "\x18", "\5", "\0\0\0\0")), STRIA_ERROR_UNSUPPORTED,
     "a: a BMP with a PNG inside is not read: take that out"},
    {BYTES(BMP("\1\0\0\0", "\1\0\0\0", "\10", "\0", "\1\1\0\0") "...."), STRIA_ERROR_FORMAT,
     "a: damaged BMP: a palette of 257 colours, at most 0 fit"},
    {BYTES(BMP("\1\0\0\0", "\1\0\0\0", "\x20", "\3", "\0\0\0\0")), STRIA_ERROR_FORMAT,
     "a: damaged BMP: its bit fields lie among its pixels"},
#if STRIA_HAVE_JPEG
    {BYTES("\xFF\xD8\xFF"), STRIA_ERROR_FORMAT, "a: damaged JPEG: the file ends early"},
    {BYTES("\xFF\xD8\xFF\xD9"), STRIA_ERROR_FORMAT, "a: damaged JPEG: "},
    {BYTES("\xFF\xD8\xFF\xC0\0\x0B\x08\xFF\xDC\xFF\xDC\1\1\x11\0\xFF\xDA\0\x08\1\1\0\0\x3F\0"),
     STRIA_ERROR_LIMIT, "a: a picture of 65500x65500, more than the limit of 268435456 pixels"},
    {BYTES("\xFF\xD8\xFF\xC0\0\x0B\x08\x10\0\x10\0\1\1\x11\0\xFF\xDA\0\x08\1\1\0\0\x3F\0"),
     STRIA_ERROR_FORMAT, "a: damaged JPEG: 25 bytes cannot hold a picture of 4096x4096"},
    {BYTES("\xFF\xD8\xFF\xC0\0\x0B\x0C\0\1\0\1\1\1\x11\0\xFF\xDA\0\x08\1\1\0\0\x3F\0"),
     STRIA_ERROR_UNSUPPORTED, "a: this kind of JPEG is not read: Unsupported JPEG data precision 12"},
#else
    {BYTES("\xFF\xD8\xFF"), STRIA_ERROR_NOT_BUILT, "a: JPEG pictures need a build with -DSTRIA_WITH_JPEG=ON"},
#endif
#if STRIA_HAVE_WEBP
    {BYTES("RIFF\0\0\0\0WEBP"), STRIA_ERROR_FORMAT, "a: damaged WebP: "},
    {BYTES("RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0"), STRIA_ERROR_FORMAT, "a: damaged WebP: the file ends early"},
#else
    {BYTES("RIFF\0\0\0\0WEBP"), STRIA_ERROR_NOT_BUILT,
     "a: WebP pictures need a build with -DSTRIA_WITH_WEBP=ON"},
#endif
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t count = sizeof refusals / sizeof refusals[0];
    for (size_t i = 0; i < count; i++) {
        stria_picture picture;
        stria_error err = {0};
        blob file = blob_copy(refusals[i].bytes, refusals[i].size);
        assert_status(stria_picture_decode(&picture, test.context, file.bytes, file.size, "a", &err),
                      refusals[i].status, &err);
        assert_message(&err, refusals[i].message);
        blob_free(&file);
    }
    print_message("%zu refusals, at most %zu bytes of memory\n", count, (size_t)test.memory.peak_bytes);
    assert_true(test.memory.peak_bytes < 1 << 20);
    test_context_close(&test);
}

#if STRIA_HAVE_JPEG && STRIA_HAVE_WEBP

static void says_how_to_convert(void **state)
{
    (void)state;
    test_context test;
    stria_picture picture;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    assert_status(stria_picture_read(&picture, test.context, FOLDER "/jpeg/cmyk.jpg", &err),
                  STRIA_ERROR_UNSUPPORTED, &err);
    assert_message(
        &err, "cmyk.jpg: a JPEG of printing colours (CMYK) is not read: convert it to RGB, as with `magick ");
    assert_status(stria_picture_read(&picture, test.context, FOLDER "/webp/animated.webp", &err),
                  STRIA_ERROR_UNSUPPORTED, &err);
    assert_message(&err,
                   "animated.webp: an animated WebP is not read: take one frame of it, as with `webpmux ");
    test_context_close(&test);
}

/* A picture larger than wanted is decoded smaller, but never below what is wanted. */
static void decodes_reduced(void **state)
{
    (void)state;
    static const struct {
        int64_t least_height, least_width, height, width;
    } cases[] = {{0, 0, 33, 45}, {33, 45, 33, 45}, {17, 10, 33, 45}, {16, 22, 17, 23},
                 {8, 11, 9, 12}, {4, 5, 5, 6},     {1, 1, 5, 6},     {0, 1, 33, 45}};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    blob file = read_file(test.context, FOLDER "/jpeg/colours_420.jpg");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_picture picture;
        assert_ok(stria_picture_decode_reduced(&picture, test.context, file.bytes, file.size, "a",
                                               cases[i].least_height, cases[i].least_width, &err),
                  &err);
        assert_int_equal(picture.height, cases[i].height);
        assert_int_equal(picture.width, cases[i].width);
        stria_picture_free(&picture, test.context);
    }
    blob_free(&file);
    /* Stored 19 wide and 10 high for a picture of 19x10 that is looked at turned */
    file = read_file(test.context, FOLDER "/jpeg/orientation_6.jpg");
    stria_picture picture;
    assert_ok(stria_picture_decode_reduced(&picture, test.context, file.bytes, file.size, "a", 9, 5, &err),
              &err);
    assert_int_equal(picture.height, 10);
    assert_int_equal(picture.width, 5);
    stria_picture_free(&picture, test.context);
    assert_ok(stria_picture_decode_reduced(&picture, test.context, file.bytes, file.size, "a", 5, 9, &err),
              &err);
    assert_int_equal(picture.height, 19);
    stria_picture_free(&picture, test.context);
    blob_free(&file);
    test_context_close(&test);
}

#endif

/* ---- EXIF ---- */

static void reads_orientations(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        int orientation;
    } cases[] = {
        {BYTES("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 6},
        {BYTES("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 6},
        {BYTES("MM\0*\0\0\0\x08\0\2\1\x0F\0\2\0\0\0\1a\0\0\0\1\x12\0\3\0\0\0\1\0\3\0\0"), 3},
        {BYTES("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x09\0\0"), 1}, /* no orientation */
        {BYTES("MM\0*\0\0\0\x08\0\1\1\x12\0\4\0\0\0\1\0\6\0\0"), 1},   /* of another type */
        {BYTES("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\2\0\6\0\0"), 1},   /* two of them */
        {BYTES("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0"), 1},     /* cut */
        {BYTES("MM\0*\0\0\0\x08\xFF\xFF\1\x13\0\3\0\0\0\1\0\6\0\0"), 1},
        {BYTES("MM\0*\xFF\xFF\xFF\xFF\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 1},
        {BYTES("MI\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 1},
        {BYTES("MM\0*\0\0\0"), 1},
        {BYTES(""), 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        blob exif = blob_copy(cases[i].bytes, cases[i].size);
        assert_int_equal(stria_exif_orientation(exif.bytes, exif.size), cases[i].orientation);
        blob_free(&exif);
    }
}

/* A picture of numbered pixels, looked at in each orientation (EXIF 2.32, table 6). */
static void turns_pictures(void **state)
{
    (void)state;
    static const uint8_t turned[9][6] = {{0},
                                         {1, 2, 3, 4, 5, 6},
                                         {3, 2, 1, 6, 5, 4},
                                         {6, 5, 4, 3, 2, 1},
                                         {4, 5, 6, 1, 2, 3},
                                         {1, 4, 2, 5, 3, 6},
                                         {4, 1, 5, 2, 6, 3},
                                         {6, 3, 5, 2, 4, 1},
                                         {3, 6, 2, 5, 1, 4}};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int64_t channels = 1; channels <= 4; channels++) {
            stria_picture picture;
            assert_ok(stria_picture_create(&picture, test.context, 2, 3, channels, &err), &err);
            for (int64_t i = 0; i < 6 * channels; i++)
                picture.bytes[i] = (uint8_t)(1 + i / channels + 10 * (i % channels));
            assert_ok(stria_picture_orient(&picture, test.context, orientation, &err), &err);
            assert_int_equal(picture.height, orientation >= 5 ? 3 : 2);
            assert_int_equal(picture.width, orientation >= 5 ? 2 : 3);
            for (int64_t i = 0; i < 6 * channels; i++)
                assert_int_equal(picture.bytes[i], turned[orientation][i / channels] + 10 * (i % channels));
            stria_picture_free(&picture, test.context);
        }
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(reads_orientations),
        cmocka_unit_test(turns_pictures),
#if STRIA_HAVE_JPEG && STRIA_HAVE_WEBP
        cmocka_unit_test(says_how_to_convert),
        cmocka_unit_test(decodes_reduced),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
