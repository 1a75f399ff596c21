/* Paths: coverage of shapes whose areas are known, wherever they lie and however they are cut. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/path.h"
#include "support/check.h"

#define SIDE 64

typedef struct drawing {
    stria_path path;
    float coverage[SIDE][SIDE + 2];
    double sum;
} drawing;

static void cover(drawing *d)
{
    const stria_extent extent = stria_path_extent(&d->path, SIDE, SIDE);
    assert_false(d->path.failed);
    assert_true(extent.left >= 0 && extent.right <= SIDE && extent.top >= 0 && extent.bottom <= SIDE);
    stria_path_cover(&d->path, 0, SIDE, 0, SIDE, &d->coverage[0][0]);
    d->sum = 0;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            assert_true(d->coverage[y][x] >= 0 && d->coverage[y][x] <= 1);
            d->sum += (double)d->coverage[y][x];
        }
    }
    stria_path_free(&d->path);
}

static drawing begin(void)
{
    return (drawing){.path = {.allocator = &stria_default_allocator}};
}

static void assert_near(double got, double expected, double tolerance)
{
    if (fabs(got - expected) > tolerance)
        fail_msg("%.6f instead of %.6f", got, expected);
}

/* A box between pixels: whole ones inside, parts on the border, products of parts in the corners. */
static void boxes_cover_their_pixels(void **state)
{
    (void)state;
    drawing d = begin();
    stria_path_box(&d.path, 2.25, 3.5, 3.5, 2);
    cover(&d);
    static const double columns[] = {0, 0, 0.75, 1, 1, 0.75, 0}, rows[] = {0, 0, 0, 0.5, 1, 0.5, 0};
    for (int y = 0; y < 7; y++) {
        for (int x = 0; x < 7; x++)
            assert_near((double)d.coverage[y][x], rows[y] * columns[x], 1e-6);
    }
    assert_near(d.sum, 7, 1e-5);
}

/* A triangle with a slope of one half: pixel by pixel by hand. */
static void triangles_cover_their_pixels(void **state)
{
    (void)state;
    drawing d = begin();
    stria_path_move(&d.path, 0, 0);
    stria_path_line(&d.path, 4, 0);
    stria_path_line(&d.path, 0, 2);
    cover(&d);
    static const double expected[2][4] = {{1, 1, 0.75, 0.25}, {0.75, 0.25, 0, 0}};
    for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 4; x++)
            assert_near((double)d.coverage[y][x], expected[y][x], 1e-6);
    }
}

static double random_number(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / 16777216;
}

static void add_triangle(stria_path *path, const double *p)
{
    stria_path_move(path, p[0], p[1]);
    stria_path_line(path, p[2], p[3]);
    stria_path_line(path, p[4], p[5]);
}

/* The sum of coverage is the area, for triangles anywhere inside the page, drawn either way round. */
static void coverage_sums_to_the_area(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int n = 0; n < 500; n++) {
        double p[6];
        for (int i = 0; i < 6; i++)
            p[i] = random_number(&seed) * SIDE;
        drawing d = begin();
        add_triangle(&d.path, p);
        cover(&d);
        assert_near(d.sum, fabs((p[2] - p[0]) * (p[5] - p[1]) - (p[4] - p[0]) * (p[3] - p[1])) / 2, 2e-2);
    }
}

/* A part of the page by itself is the same part of the whole, for triangles that reach far outside. */
static void what_is_outside_is_cut_off(void **state)
{
    (void)state;
    unsigned seed = 11;
    for (int n = 0; n < 200; n++) {
        double p[6];
        for (int i = 0; i < 6; i++)
            p[i] = (random_number(&seed) - 0.3) * 2.5 * SIDE;
        drawing whole = begin(), part = begin();
        add_triangle(&whole.path, p);
        add_triangle(&part.path, p);
        cover(&whole);
        (void)stria_path_extent(&part.path, SIDE, SIDE);
        float rows[20 * 32]; /* the rows 16 to 35 of the columns 10 to 39 */
        stria_path_cover(&part.path, 10, 40, 16, 20, rows);
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < 30; x++)
                assert_near((double)rows[y * 32 + x], (double)whole.coverage[16 + y][10 + x], 1e-4);
        }
        stria_path_free(&part.path);
    }
}

static void curves_and_discs_have_their_areas(void **state)
{
    (void)state;
    drawing d = begin();
    stria_path_disc(&d.path, 30.3, 31.7, 20);
    cover(&d);
    assert_near(d.sum, acos(-1) * 400, 6);
    d = begin();
    stria_path_ring(&d.path, 30, 30, 20, 2);
    cover(&d);
    assert_near(d.sum, 2 * acos(-1) * 20 * 2, 2);
    d = begin(); /* the area between y = x*(40-x)/20 and its chord of 40 */
    stria_path_move(&d.path, 5, 5);
    stria_path_curve(&d.path, 25, 45, 45, 5);
    cover(&d);
    assert_near(d.sum, 64000.0 / 120, 1);
}

static void strokes_have_their_areas(void **state)
{
    (void)state;
    drawing d = begin();
    stria_path_frame(&d.path, 10, 10, 20, 30, 1);
    cover(&d);
    assert_near(d.sum, 21 * 31 - 19 * 29, 1e-3);
    assert_near((double)d.coverage[20][20], 0, 1e-6);
    d = begin(); /* 50 long */
    stria_path_stroke(&d.path, (const double[]){5, 5, 35, 45}, 2, false, 3);
    cover(&d);
    assert_near(d.sum, 150, 0.1);
    d = begin(); /* a mitre: two arms of 30 whose joint is counted once and whole */
    stria_path_stroke(&d.path, (const double[]){10, 10, 40, 10, 40, 40}, 3, false, 4);
    cover(&d);
    assert_near(d.sum, 240, 2.1);
    d = begin(); /* closed, with a point twice */
    stria_path_stroke(&d.path, (const double[]){10, 10, 40, 10, 40, 10, 40, 40, 10, 40}, 5, true, 2);
    cover(&d);
    assert_near(d.sum, 240, 4.1);
    d = begin(); /* six dashes of 6 */
    stria_path_dash(&d.path, (const double[]){2, 10, 62, 10}, 2, 2, 6, 4);
    cover(&d);
    assert_near(d.sum, 6 * 6 * 2, 0.1);
    d = begin(); /* no direction: nothing */
    stria_path_stroke(&d.path, (const double[]){7, 7, 7, 7}, 2, false, 4);
    cover(&d);
    assert_near(d.sum, 0, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_cover_their_pixels),          cmocka_unit_test(triangles_cover_their_pixels),
        cmocka_unit_test(coverage_sums_to_the_area),         cmocka_unit_test(what_is_outside_is_cut_off),
        cmocka_unit_test(curves_and_discs_have_their_areas), cmocka_unit_test(strokes_have_their_areas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
