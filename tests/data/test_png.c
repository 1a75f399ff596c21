/* The PNG reader: every kind of PNG against the numbers it was made from, damage, announcements that are too
 * large, and memory that runs out. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "data/make_files.h"
#include "data/picture.h"
#include "support/check.h"
#include "support/test_context.h"

#if STRIA_HAVE_PNG

#    include <png.h>

static stria_status decode(stria_picture *picture, stria_context *context, const blob *file, stria_error *err)
{
    const stria_picture_file png = {.name = "a.png", .bytes = file->bytes, .size = file->size};
    return stria_png_decode(picture, context, &png, err);
}

/* Makes the picture plain and interlaced; both must decode to `expected` [height, width, channels]. */
static void assert_decodes(const png_plan *plan, int64_t channels, const uint8_t *expected)
{
    test_context test;
    test_context_open(&test, 1, NULL);
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        png_plan made = *plan;
        made.interlaced = interlaced == 1;
        stria_picture picture;
        stria_error err = {0};
        blob file = make_png(&made);
        assert_true(stria_png_looks(file.bytes, file.size));
        assert_ok(decode(&picture, test.context, &file, &err), &err);
        assert_int_equal(picture.height, plan->height);
        assert_int_equal(picture.width, plan->width);
        assert_int_equal(picture.channels, channels);
        assert_memory_equal(picture.bytes, expected, (size_t)(plan->height * plan->width) * (size_t)channels);
        stria_release(&test.context->allocator, picture.bytes);
        blob_free(&file);
    }
    test_context_close(&test);
}

/* 8 bits of every colour type come out as they went in. */
static void decodes_eight_bits(void **state)
{
    (void)state;
    static const struct {
        int colour, channels;
    } kinds[] = {{PNG_COLOR_TYPE_GRAY, 1},
                 {PNG_COLOR_TYPE_GRAY_ALPHA, 2},
                 {PNG_COLOR_TYPE_RGB, 3},
                 {PNG_COLOR_TYPE_RGBA, 4}};
    static const unsigned sizes[][2] = {{1, 1}, {1, 9}, {9, 1}, {7, 5}, {16, 17}};
    uint8_t rows[16 * 17 * 4];
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (uint8_t)(i * 37 + i / 11);
    for (size_t k = 0; k < 4; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const png_plan plan = {.width = sizes[s][0],
                                   .height = sizes[s][1],
                                   .depth = 8,
                                   .colour = kinds[k].colour,
                                   .rows = rows,
                                   .row_size = sizes[s][0] * (size_t)kinds[k].channels};
            assert_decodes(&plan, kinds[k].channels, rows);
        }
    }
}

/* Every number of 16 bits becomes the nearest of 8: v*255/65535, rounded. */
static void rounds_sixteen_bits(void **state)
{
    (void)state;
    static uint8_t rows[65536 * 2], expected[65536];
    for (unsigned v = 0; v < 65536; v++) {
        rows[2 * v] = (uint8_t)(v >> 8);
        rows[2 * v + 1] = (uint8_t)v;
        expected[v] = (uint8_t)((v * 255 + 32767) / 65535);
    }
    const png_plan grey = {.width = 256,
                           .height = 256,
                           .depth = 16,
                           .colour = PNG_COLOR_TYPE_GRAY,
                           .rows = rows,
                           .row_size = 512};
    assert_decodes(&grey, 1, expected);
    const png_plan colours = {.width = 64,
                              .height = 256,
                              .depth = 16,
                              .colour = PNG_COLOR_TYPE_RGBA,
                              .rows = rows,
                              .row_size = 512};
    assert_decodes(&colours, 4, expected);
}

/* Grey of 1, 2 and 4 bits is spread over 0 to 255. */
static void spreads_few_bits(void **state)
{
    (void)state;
    static const uint8_t one[2] = {0xB1, 0x80}, two[2] = {0x1B, 0xC0}, four[3] = {0x0F, 0x3A, 0x50};
    const png_plan plans[] = {
        {.width = 9, .height = 1, .depth = 1, .colour = PNG_COLOR_TYPE_GRAY, .rows = one, .row_size = 2},
        {.width = 5, .height = 1, .depth = 2, .colour = PNG_COLOR_TYPE_GRAY, .rows = two, .row_size = 2},
        {.width = 5, .height = 1, .depth = 4, .colour = PNG_COLOR_TYPE_GRAY, .rows = four, .row_size = 3},
    };
    assert_decodes(&plans[0], 1, (const uint8_t[]){255, 0, 255, 255, 0, 0, 0, 255, 255});
    assert_decodes(&plans[1], 1, (const uint8_t[]){0, 85, 170, 255, 255});
    assert_decodes(&plans[2], 1, (const uint8_t[]){0, 255, 51, 170, 85});
}

static void expands_palettes(void **state)
{
    (void)state;
    static const uint8_t palette[12] = {1, 2, 3, 40, 50, 60, 255, 0, 128, 9, 8, 7}, alphas[2] = {0, 77};
    static const uint8_t packed[2] = {0x1B, 0x00}, bytes[5] = {0, 1, 2, 3, 0};
    png_plan plan = {.width = 5,
                     .height = 1,
                     .depth = 2,
                     .colour = PNG_COLOR_TYPE_PALETTE,
                     .rows = packed,
                     .row_size = 2,
                     .palette = palette,
                     .palette_count = 4};
    static const uint8_t rgb[15] = {1, 2, 3, 40, 50, 60, 255, 0, 128, 9, 8, 7, 1, 2, 3};
    assert_decodes(&plan, 3, rgb);
    plan.depth = 8;
    plan.rows = bytes;
    plan.row_size = 5;
    assert_decodes(&plan, 3, rgb);
    /* Entries without an alpha are opaque. */
    plan.alphas = alphas;
    plan.alpha_count = 2;
    assert_decodes(&plan, 4,
                   (const uint8_t[]){1, 2, 3, 0, 40, 50, 60, 77, 255, 0, 128, 255, 9, 8, 7, 255, 1, 2, 3, 0});
}

static void makes_transparent_colours_alpha(void **state)
{
    (void)state;
    static const uint8_t grey[3] = {5, 6, 7}, colours[6] = {5, 6, 7, 5, 6, 8};
    png_plan plan = {.width = 3,
                     .height = 1,
                     .depth = 8,
                     .colour = PNG_COLOR_TYPE_GRAY,
                     .rows = grey,
                     .row_size = 3,
                     .has_key = true,
                     .key = {6, 0, 0}};
    assert_decodes(&plan, 2, (const uint8_t[]){5, 255, 6, 0, 7, 255});
    plan = (png_plan){.width = 2,
                      .height = 1,
                      .depth = 8,
                      .colour = PNG_COLOR_TYPE_RGB,
                      .rows = colours,
                      .row_size = 6,
                      .has_key = true,
                      .key = {5, 6, 8}};
    assert_decodes(&plan, 4, (const uint8_t[]){5, 6, 7, 255, 5, 6, 8, 0});
}

static blob small_picture(bool interlaced)
{
    static uint8_t rows[6 * 5 * 3];
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (uint8_t)(i * 53);
    const png_plan plan = {.width = 6,
                           .height = 5,
                           .depth = 8,
                           .colour = PNG_COLOR_TYPE_RGB,
                           .interlaced = interlaced,
                           .rows = rows,
                           .row_size = 18};
    return make_png(&plan);
}

/* Cut anywhere a picture is refused; with a byte changed it is refused, or the byte belongs to nothing that
 * is used. */
static void survives_damage(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t tried = 0, accepted = 0;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        blob file = small_picture(interlaced == 1);
        stria_picture whole, picture;
        stria_error err = {0};
        assert_ok(decode(&whole, test.context, &file, &err), &err);
        for (size_t size = 0; size < file.size; size++) {
            blob cut = blob_copy(file.bytes, size);
            assert_status(decode(&picture, test.context, &cut, &err), STRIA_ERROR_FORMAT, &err);
            assert_message(&err, "a.png: damaged PNG: ");
            blob_free(&cut);
        }
        for (size_t at = 0; at < file.size; at++) {
            for (unsigned change = 1; change < 256; change++) {
                file.bytes[at] ^= (uint8_t)change;
                tried++;
                if (decode(&picture, test.context, &file, &err) == STRIA_OK) {
                    accepted++;
                    assert_int_equal(picture.height * picture.width * picture.channels, 90);
                    assert_memory_equal(picture.bytes, whole.bytes, 90);
                    stria_release(&test.context->allocator, picture.bytes);
                }
                file.bytes[at] ^= (uint8_t)change;
            }
        }
        stria_release(&test.context->allocator, whole.bytes);
        blob_free(&file);
    }
    print_message("%zu changed pictures, %zu accepted\n", tried, accepted);
    test_context_close(&test);
}

/* The CRC of a chunk (PNG specification, annex D). */
static void write_crc(uint8_t *chunk, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 4; i < 8 + length; i++) {
        crc ^= chunk[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    crc = ~crc;
    for (size_t b = 0; b < 4; b++)
        chunk[8 + length + b] = (uint8_t)(crc >> (24 - 8 * b));
}

/* A small file that announces a large picture is refused before memory is asked for. */
static void refuses_large_announcements(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        stria_status status;
        const char *message;
    } cases[] = {
        {16384, 16384, STRIA_ERROR_FORMAT, "bytes cannot hold a picture of 16384x16384"},
        {16385, 16384, STRIA_ERROR_LIMIT,
         "a.png: a picture of 16384x16385, more than the limit of 268435456 pixels"},
        {0x7FFFFFFF, 0x7FFFFFFF, STRIA_ERROR_LIMIT, "more than the limit of 268435456 pixels"},
        {0xFFFFFFFF, 1, STRIA_ERROR_FORMAT, "damaged PNG"},
        {0, 5, STRIA_ERROR_FORMAT, "damaged PNG"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    blob file = small_picture(false);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_picture picture;
        stria_error err = {0};
        for (size_t b = 0; b < 4; b++) {
            file.bytes[16 + b] = (uint8_t)(cases[c].width >> (24 - 8 * b));
            file.bytes[20 + b] = (uint8_t)(cases[c].height >> (24 - 8 * b));
        }
        write_crc(file.bytes + 8, 13);
        assert_status(decode(&picture, test.context, &file, &err), cases[c].status, &err);
        assert_message(&err, cases[c].message);
    }
    print_message("at most %zu bytes of memory\n", (size_t)test.memory.peak_bytes);
    assert_true(test.memory.peak_bytes < 1 << 20);
    blob_free(&file);
    test_context_close(&test);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    blob file = small_picture(true);
    size_t fail_at = 1;
    for (;; fail_at++) {
        stria_picture picture;
        stria_error err = {0};
        test.memory.fail_at = test.memory.calls + fail_at;
        stria_status status = decode(&picture, test.context, &file, &err);
        bool was_failed = test.memory.calls >= test.memory.fail_at;
        test.memory.fail_at = 0;
        if (!was_failed) {
            assert_ok(status, &err);
            stria_release(&test.context->allocator, picture.bytes);
            break;
        }
        assert_status(status, STRIA_ERROR_MEMORY, &err);
    }
    print_message("%zu allocations made to fail\n", fail_at - 1);
    assert_true(fail_at > 5);
    blob_free(&file);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_eight_bits),
        cmocka_unit_test(rounds_sixteen_bits),
        cmocka_unit_test(spreads_few_bits),
        cmocka_unit_test(expands_palettes),
        cmocka_unit_test(makes_transparent_colours_alpha),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(refuses_large_announcements),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void names_the_missing_part(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_picture picture;
    stria_error err = {0};
    assert_status(stria_picture_decode(&picture, test.context, "\x89PNG\r\n\x1a\n", 8, "a.png", &err),
                  STRIA_ERROR_NOT_BUILT, &err);
    assert_message(&err, "STRIA_WITH_PNG");
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_the_missing_part)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
