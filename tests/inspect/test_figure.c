/* Figures: pixels of shapes that are known, text, files that read back, and what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/figure.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

#define NUMBER_OF(array) (sizeof(array) / sizeof(array)[0])

static const uint8_t *pixel(const stria_picture *picture, int64_t y, int64_t x)
{
    return picture->bytes + (y * picture->width + x) * picture->channels;
}

static void assert_pixel(const stria_picture *picture, int64_t y, int64_t x, unsigned expected)
{
    const uint8_t *p = pixel(picture, y, x);
    const unsigned got = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
    if (got != expected)
        fail_msg("pixel (%d, %d) is %06x instead of %06x", (int)y, (int)x, got, expected);
}

static stria_figure *new_figure(const test_context *test, double width, double height)
{
    stria_figure *figure = NULL;
    stria_error err = {0};
    assert_ok(stria_figure_create(&figure, test->context, width, height, &err), &err);
    return figure;
}

static void raster(const stria_figure *figure, double scale, int dark, stria_picture *picture)
{
    stria_error err = {0};
    const stria_figure_options options = {.scale = scale, .dark = dark};
    assert_ok(stria_figure_raster(figure, &options, picture, &err), &err);
}

static void draws_boxes_and_pages(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_figure *figure = new_figure(&test, 10, 8);
    stria_figure_box(figure, 2, 2, 4, 3, &(stria_paint){.fill = STRIA_RGB(0x0000FF)});
    stria_figure_box(figure, 7.5, 0, 1, 1, &(stria_paint){.fill = STRIA_RGB(0x000000)}); /* half of two */
    stria_figure_box(figure, 0, 6, 1, 1, &(stria_paint){.fill = STRIA_RGB(0), .opacity = 0.2});
    stria_figure_box(figure, (double)NAN, 0, 10, 10, &(stria_paint){.fill = STRIA_RGB(0)}); /* nowhere */
    stria_figure_box(figure, -1e300, 7, 1e301, 1, &(stria_paint){.fill = STRIA_RGB(0x00FF00)});
    for (int scale = 1; scale <= 2; scale++) {
        stria_picture picture = {0};
        raster(figure, scale, 0, &picture);
        assert_int_equal(picture.width, 10 * scale);
        assert_int_equal(picture.height, 8 * scale);
        assert_int_equal(picture.channels, 3);
        assert_pixel(&picture, 0, 0, 0xFFFFFF);
        assert_pixel(&picture, 2 * scale, 2 * scale, 0x0000FF);
        assert_pixel(&picture, 5 * scale - 1, 6 * scale - 1, 0x0000FF);
        assert_pixel(&picture, 5 * scale, 6 * scale, 0xFFFFFF);
        assert_pixel(&picture, 6 * scale, 0, 0xCCCCCC);
        if (scale == 1) {
            assert_pixel(&picture, 0, 7, 0x808080);
            assert_pixel(&picture, 0, 8, 0x808080);
        } else {
            assert_pixel(&picture, 0, 14, 0xFFFFFF);
            assert_pixel(&picture, 0, 15, 0);
            assert_pixel(&picture, 0, 16, 0);
        }
        stria_picture_free(&picture, test.context);
    }
    stria_picture dark = {0};
    raster(figure, 1, 1, &dark);
    assert_pixel(&dark, 0, 0, 0x121519);
    stria_picture_free(&dark, test.context);
    stria_figure_free(figure);
    test_context_close(&test);
}

/* Pictures: hard squares when enlarged, means when made smaller, between the two for smooth ones, alpha over
 * the page. */
static void draws_pictures(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    uint8_t grey[] = {0, 100, 200, 50}, colours[] = {255, 0, 0, 128, 0, 0, 255, 0};
    const stria_picture small = {.height = 2, .width = 2, .channels = 1, .bytes = grey};
    const stria_picture see_through = {.height = 1, .width = 2, .channels = 4, .bytes = colours};
    stria_figure *figure = new_figure(&test, 20, 10);
    stria_figure_picture(figure, &small, 0, 0, 8, 8, 0, NULL);
    stria_figure_picture(figure, &small, 8, 0, 1, 1, 0, NULL);
    stria_figure_picture(figure, &small, 10, 0, 4, 4, 1, NULL);
    stria_figure_picture(figure, &see_through, 10, 6, 2, 1, 0, NULL);
    stria_figure_picture(figure, &small, 18, -1, 4, 4, 0, NULL); /* mostly outside */
    stria_picture picture = {0};
    raster(figure, 1, 0, &picture);
    assert_pixel(&picture, 3, 3, 0x000000);
    assert_pixel(&picture, 3, 4, 0x646464);
    assert_pixel(&picture, 4, 3, 0xC8C8C8);
    assert_pixel(&picture, 7, 7, 0x323232);
    assert_pixel(&picture, 0, 8, 0x585858);  /* (0+100+200+50)/4 */
    assert_pixel(&picture, 0, 10, 0x000000); /* the border is held */
    assert_pixel(&picture, 0, 11, 0x191919); /* a quarter between 0 and 100 */
    assert_pixel(&picture, 6, 10, 0xFF7F7F);
    assert_pixel(&picture, 6, 11, 0xFFFFFF);
    assert_pixel(&picture, 0, 18, 0x000000);
    assert_pixel(&picture, 2, 19, 0xC8C8C8);
    stria_picture_free(&picture, test.context);
    stria_figure_free(figure);
    test_context_close(&test);
}

/* The ink on a white page, in whole pixels, and the columns (box[0] to box[1]) and rows it lies in. */
static double ink_of(const stria_picture *picture, int64_t box[4])
{
    double ink = 0;
    box[0] = picture->width;
    box[2] = picture->height;
    box[1] = box[3] = -1;
    for (int64_t y = 0; y < picture->height; y++) {
        for (int64_t x = 0; x < picture->width; x++) {
            const double dark = (255 - pixel(picture, y, x)[0]) / 255.0;
            ink += dark;
            if (dark > 0) {
                box[0] = x < box[0] ? x : box[0];
                box[1] = x > box[1] ? x : box[1];
                box[2] = y < box[2] ? y : box[2];
                box[3] = y > box[3] ? y : box[3];
            }
        }
    }
    return ink;
}

/* A line of text lies within its width and height, and is the same turned. */
static void check_text(const test_context *test, const char *text, stria_anchor anchor)
{
    const double width = stria_text_width(text, 16, 0), left = 200 - width * (int)anchor / 2;
    stria_figure *figure = new_figure(test, 400, 40), *turned = new_figure(test, 40, 400);
    stria_lettering lettering = {.size = 16, .anchor = anchor, .color = STRIA_RGB(0)};
    stria_figure_text(figure, 200, 25, text, &lettering);
    lettering.upward = 1;
    stria_figure_text(turned, 25, 200, text, &lettering);
    stria_picture picture = {0}, upward = {0};
    int64_t box[4], turned_box[4];
    raster(figure, 1, 0, &picture);
    raster(turned, 1, 0, &upward);
    const double ink = ink_of(&picture, box), turned_ink = ink_of(&upward, turned_box);
    assert_true(ink > 5);
    assert_true((double)box[0] >= left - 1 && (double)box[1] <= left + width + 1);
    assert_true(box[2] >= 25 - 16 && box[3] <= 25 + 5);
    assert_true(fabs(ink - turned_ink) < 0.02 * ink + 0.5);
    assert_int_equal(turned_box[0], box[2]);
    assert_int_equal(turned_box[1], box[3]);
    stria_picture_free(&picture, test->context);
    stria_picture_free(&upward, test->context);
    stria_figure_free(figure);
    stria_figure_free(turned);
}

static void text_takes_its_width(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    /* Advances of DejaVu Sans: n 1298, W 2025, a space 651, of 2048. */
    assert_true(fabs(stria_text_width("n", 2048, 0) - 1298) < 1e-9);
    assert_true(fabs(stria_text_width("W n", 2048, 0) - (2025 + 651 + 1298)) < 1e-9);
    assert_true(stria_text_width("filter", 12, 1) > stria_text_width("filter", 12, 0));
    assert_true(stria_text_width("", 12, 0) == 0);
    assert_true(fabs(stria_text_width("\xE6\xBC\xA2", 10, 0) - 6) <
                1e-9);                                             /* a sign it does not have: a box */
    assert_true(fabs(stria_text_width("\xFF", 10, 0) - 6) < 1e-9); /* nor is this any */
    static const char *const texts[] = {"conv2d 3 × 3 · σ = 0.25", "Σ → µ ≥ é ½ ÷ … ² °", "−1",
                                        "\xE6\xBC\xA2"};
    for (size_t i = 0; i < NUMBER_OF(texts); i++) {
        for (int anchor = 0; anchor < 3; anchor++)
            check_text(&test, texts[i], (stria_anchor)anchor);
    }
    test_context_close(&test);
}

/* Each map begins and ends where it should and goes there by steps of lightness in one direction on each arm.
 */
static void color_maps_differ_in_lightness(void **state)
{
    (void)state;
    uint8_t rgb[3], end[3];
    assert_false(stria_color_map("rainbow", 0.5, rgb));
    for (size_t i = 0; stria_color_map_name(i) != NULL; i++) {
        const char *name = stria_color_map_name(i);
        double last = -1;
        int turns = 0;
        bool rising = true;
        for (int v = 0; v <= 100; v++) {
            assert_true(stria_color_map(name, v / 100.0, rgb));
            const double light = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
            if (last >= 0 && fabs(light - last) > 0.01 && (light > last) != rising) {
                rising = !rising;
                turns++;
            }
            last = light;
        }
        assert_int_equal(turns, strcmp(name, "diverging") == 0 ? 1 : 0);
        stria_color_map(name, -5, rgb);
        stria_color_map(name, 0, end);
        assert_memory_equal(rgb, end, 3);
        stria_color_map(name, (double)INFINITY, rgb);
        stria_color_map(name, 1, end);
        assert_memory_equal(rgb, end, 3);
        stria_color_map(name, (double)NAN, rgb);
        assert_int_equal(rgb[0], 128);
    }
    stria_color_map("gray", 0.5, rgb);
    assert_int_equal(rgb[0], 128);
    stria_color_map("diverging", 0.5, rgb);
    assert_true(rgb[0] > 235 && rgb[1] > 235 && rgb[2] > 235);
}

#if STRIA_HAVE_PNG

/* Some of everything. */
static void draw_much(stria_figure *figure)
{
    uint8_t grey[] = {0, 100, 200, 50};
    const stria_picture small = {.height = 2, .width = 2, .channels = 1, .bytes = grey};
    const double points[] = {10, 10, 40, 50, 70, 20};
    stria_figure_box(figure, 1, 1, 50, 20,
                     &(stria_paint){.fill = STRIA_COLOR_PANEL, .stroke = STRIA_COLOR_FAINT});
    stria_figure_line(
        figure, 0, 0, 99.5, 59.25,
        &(stria_paint){.stroke = STRIA_COLOR_SERIES + 1, .width = 1.5, .dashed = 1, .title = "a \"line\""});
    stria_figure_polyline(
        figure, points, 3, 1,
        &(stria_paint){.fill = STRIA_RGB(0x123456), .stroke = STRIA_COLOR_INK, .opacity = 0.5});
    stria_figure_disc(figure, 50, 30, 4,
                      &(stria_paint){.fill = STRIA_COLOR_MARK, .stroke = STRIA_COLOR_PAPER});
    stria_figure_picture(figure, &small, 60, 30, 20, 20, 0, "pixels <2x2>");
    stria_figure_text(figure, 5, 55, "a < b && c > \"d\"\t\n\x1b[1m\xFF é", NULL);
    stria_figure_text(figure, 95, 30, "up",
                      &(stria_lettering){.upward = 1, .bold = 1, .anchor = STRIA_ANCHOR_MIDDLE});
}

/* Every element is closed by its own name, no entity is unknown, and there are no control bytes: what an XML
 * reader asks of text that declares nothing. Names of open elements go on a stack. */
static void assert_well_formed(const char *text, size_t length)
{
    char open[16][16];
    size_t depth = 0, elements = 0;
    assert_int_equal(strlen(text), length);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
        if (*at == '&') {
            assert_true(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                        strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                        strncmp(at, "&#39;", 5) == 0);
        } else if (*at == '<' && at[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_true(strncmp(at + 2, open[depth], strlen(open[depth])) == 0);
            at = strchr(at, '>');
        } else if (*at == '<') {
            assert_true(depth < 16);
            const size_t name = strcspn(at + 1, " />");
            assert_true(name > 0 && name < 16);
            memcpy(open[depth], at + 1, name);
            open[depth][name] = '\0';
            bool quoted = false;
            for (at++; quoted || *at != '>'; at++) {
                assert_true(*at != '\0' && *at != '<');
                quoted = quoted != (*at == '"');
            }
            elements++;
            depth += at[-1] != '/';
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 10);
}

static void svg_is_well_formed(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_error err = {0};
    stria_figure *figure = new_figure(&test, 100, 60);
    draw_much(figure);
    const char *text = NULL;
    size_t length = 0;
    const stria_figure_options options = {.title = "a & \"b\""};
    assert_ok(stria_figure_svg(figure, &options, &text, &length, &err), &err);
    assert_well_formed(text, length);
    assert_non_null(strstr(text, "a &lt; b &amp;&amp; c &gt; &quot;d&quot;[1m\xEF\xBF\xBD é</text>"));
    assert_non_null(strstr(text, "<title>pixels &lt;2x2&gt;</title>"));
    assert_non_null(strstr(text, "points=\"0,0 99.5,59.25\""));
    assert_non_null(strstr(text, "data:image/png;base64,iVBORw0KGgo"));
    assert_non_null(strstr(text, "aria-label=\"a &amp; &quot;b&quot;\""));
    assert_non_null(strstr(text, "prefers-color-scheme:dark"));
    stria_figure_free(figure);
    test_context_close(&test);
}

static void files_read_back(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    temporary_folder folder;
    temporary_folder_make(&folder);
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_figure *figure = new_figure(&test, 100, 60);
    draw_much(figure);
    static const char *const names[] = {"a.SVG", "a.html", "a.png"};
    const stria_figure_options options = {.scale = 2, .title = "<one>", .caption = "two & three"};
    for (size_t i = 0; i < NUMBER_OF(names); i++)
        assert_ok(stria_figure_write(figure, temporary_folder_path(&folder, names[i], path), &options, &err),
                  &err);
    stria_picture drawn = {0}, read = {0};
    raster(figure, 2, 0, &drawn);
    assert_ok(stria_picture_read(&read, test.context, path, &err), &err);
    assert_int_equal(read.height, 120);
    assert_int_equal(read.width, 200);
    assert_int_equal(read.channels, 3);
    assert_memory_equal(read.bytes, drawn.bytes, 120 * 200 * 3);
    stria_picture_free(&read, test.context);
    stria_picture_free(&drawn, test.context);

    FILE *file = fopen(temporary_folder_path(&folder, "a.html", path), "r");
    assert_non_null(file);
    static char page[100000];
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    assert_non_null(strstr(page, "<title>&lt;one&gt;</title>"));
    assert_non_null(strstr(page, "<p>two &amp; three</p>"));
    assert_null(strstr(page, "src="));

    assert_status(stria_figure_write(figure, "a.gif", NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, ".png, .svg or .html");
    stria_figure_free(figure);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* Every allocation fails once, while making, adding and drawing. */
static void failing_allocations_are_told(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_context test;
        test_context_open(&test, 1, NULL);
        test.memory.fail_at = test.memory.calls + n;
        stria_error err = {0};
        stria_figure *figure = NULL;
        const char *text;
        size_t length;
        stria_picture picture = {0};
        stria_status status = stria_figure_create(&figure, test.context, 100, 60, &err);
        if (status == STRIA_OK) {
            draw_much(figure);
            status = stria_figure_svg(figure, NULL, &text, &length, &err);
        }
        if (status == STRIA_OK)
            status = stria_figure_raster(figure, NULL, &picture, &err);
        stria_picture_free(&picture, test.context);
        stria_figure_free(figure);
        const bool all = test.memory.failures == 0;
        test_context_close(&test);
        assert_int_equal(status, all ? STRIA_OK : STRIA_ERROR_MEMORY);
        if (all) {
            assert_true(n > 10);
            break;
        }
    }
}

#endif

static void refuses_sizes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_error err = {0};
    stria_figure *figure = NULL;
    static const struct {
        double width, height;
        stria_status status;
    } cases[] = {{0, 5, STRIA_ERROR_VALUE},
                 {5, -1, STRIA_ERROR_VALUE},
                 {(double)NAN, 5, STRIA_ERROR_VALUE},
                 {1e6, 5, STRIA_ERROR_LIMIT},
                 {(double)INFINITY, 5, STRIA_ERROR_LIMIT},
                 {5, 1e6, STRIA_ERROR_LIMIT},
                 {3e4, 3e4, STRIA_ERROR_LIMIT}};
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        assert_status(stria_figure_create(&figure, test.context, cases[i].width, cases[i].height, &err),
                      cases[i].status, &err);
        assert_null(figure);
    }
    figure = new_figure(&test, 8000, 8000);
    stria_picture picture = {0};
    static const double scales[] = {2, 9, (double)NAN};
    for (size_t i = 0; i < NUMBER_OF(scales); i++)
        assert_status(
            stria_figure_raster(figure, &(stria_figure_options){.scale = scales[i]}, &picture, &err),
            i == 0 ? STRIA_ERROR_LIMIT : STRIA_ERROR_VALUE, &err);
    stria_figure_free(figure);
    stria_figure_free(NULL);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_boxes_and_pages),
        cmocka_unit_test(draws_pictures),
        cmocka_unit_test(text_takes_its_width),
        cmocka_unit_test(color_maps_differ_in_lightness),
#if STRIA_HAVE_PNG
        cmocka_unit_test(svg_is_well_formed),
        cmocka_unit_test(files_read_back),
        cmocka_unit_test(failing_allocations_are_told),
#endif
        cmocka_unit_test(refuses_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
