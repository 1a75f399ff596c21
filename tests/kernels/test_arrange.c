/* The kernels that have one version for all levels: moving numbers, bins, a middle axis, resampling, looking
 * up. Each is linear or picks its numbers, so that the gradient is proved by the adjoint identity; each gives
 * the same bits on several threads; and none reads or writes outside of its arrays, which end at guard pages.
 */
#include "kernels/arrange.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "kernels/bins.h"
#include "kernels/kernel_check.h"
#include "kernels/lookup.h"
#include "kernels/middle.h"
#include "kernels/resample.h"

static stria_pool *workers;

/* Some case of a kernel: what run needs besides its arrays, and the numbers of x and y. */
typedef struct linear_case {
    size_t in, out;
    const void *what;
    size_t batch;
    void (*forward)(const struct linear_case *c, const float *x, float *y, stria_pool *pool);
    void (*backward)(const struct linear_case *c, const float *dy, float *dx, stria_pool *pool);
} linear_case;

/* <dy, A x> = <backward(dy), x>, with and without a pool. */
static void check(const linear_case *c, const char *name)
{
    float *x = guarded_floats(c->in), *dy = guarded_floats(c->out), *y[2], *dx[2];
    fill_normal(x, c->in);
    fill_normal(dy, c->out);
    for (int p = 0; p < 2; p++) {
        y[p] = guarded_floats(c->out);
        dx[p] = guarded_floats(c->in);
        c->forward(c, x, y[p], p == 0 ? NULL : workers);
        c->backward(c, dy, dx[p], p == 0 ? NULL : workers);
    }
    expect_same(y[1], y[0], c->out * sizeof(float), "%s on three threads", name);
    expect_same(dx[1], dx[0], c->in * sizeof(float), "gradient of %s on three threads", name);
    double left = 0, right = 0, size = 1;
    for (size_t i = 0; i < c->out; i++) {
        left += (double)dy[i] * (double)y[0][i];
        size += fabs((double)dy[i] * (double)y[0][i]);
    }
    for (size_t i = 0; i < c->in; i++) {
        right += (double)dx[0][i] * (double)x[i];
        size += fabs((double)dx[0][i] * (double)x[i]);
    }
    if (!(fabs(left - right) <= 2e-6 * size))
        fail_msg("%s, %zu to %zu numbers: %g and %g", name, c->in, c->out, left, right);
    guards_release();
}

static size_t some(size_t most)
{
    return 1 + random_below(most);
}

/* ---- Boxes and repetitions ---- */

static void box_forward(const linear_case *c, const float *x, float *y, stria_pool *pool)
{
    stria_box_copy(c->what, c->batch, x, y, pool);
}

static void box_backward(const linear_case *c, const float *dy, float *dx, stria_pool *pool)
{
    const stria_box back = stria_box_reverse(c->what);
    stria_box_copy(&back, c->batch, dy, dx, pool);
}

static void boxes(void **state)
{
    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        stria_box box = {.channels = some(trial % 2 == 0 ? 3 : 40)};
        for (int a = 0; a < 3; a++) {
            box.in[a] = some(a == 0 ? 3 : 9);
            box.out[a] = some(a == 0 ? 3 : 12);
            box.offset[a] = (int64_t)random_below(14) - 6; /* also beside the input */
        }
        linear_case c = {.what = &box, .batch = some(3), .forward = box_forward, .backward = box_backward};
        c.in = c.batch * stria_size_volume(box.in) * box.channels;
        c.out = c.batch * stria_size_volume(box.out) * box.channels;
        check(&c, "box");
    }
    const stria_box shifted = {{1, 1, 3}, {1, 1, 4}, {0, 0, -2}, 1};
    const float x[3] = {1, 2, 3}, want[4] = {0, 0, 1, 2};
    float y[4];
    stria_box_copy(&shifted, 1, x, y, NULL);
    expect_same(y, want, sizeof want, "a box shifted by two");
}

static void repeat_forward(const linear_case *c, const float *x, float *y, stria_pool *pool)
{
    stria_repeat_forward(c->what, c->batch, x, y, pool);
}

static void repeat_backward(const linear_case *c, const float *dy, float *dx, stria_pool *pool)
{
    stria_repeat_backward(c->what, c->batch, dy, dx, pool);
}

static void repetitions(void **state)
{
    (void)state;
    for (int trial = 0; trial < 100; trial++) {
        stria_repeat r = {.channels = trial % 3 == 0 ? 1 : some(40)};
        for (int a = 0; a < 3; a++) {
            r.in[a] = some(5);
            r.times[a] = some(3);
        }
        linear_case c = {
            .what = &r, .batch = some(3), .forward = repeat_forward, .backward = repeat_backward};
        c.in = c.batch * stria_size_volume(r.in) * r.channels;
        c.out = c.in * stria_size_volume(r.times);
        check(&c, "repeat");
    }
}

/* ---- Exchanged axes ---- */

/* There and back. */
static void exchanged_axes(void **state)
{
    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        int rank = (int)some(5), axes[5], back[5];
        size_t sizes[5], out[5], count = 1, batch = some(3);
        for (int a = 0; a < rank; a++) {
            sizes[a] = some(rank < 3 ? 40 : 7);
            axes[a] = a;
            count *= sizes[a];
        }
        for (int a = rank; a-- > 1;) {
            int other = (int)random_below((size_t)a + 1), kept = axes[a];
            axes[a] = axes[other];
            axes[other] = kept;
        }
        for (int a = 0; a < rank; a++) {
            out[a] = sizes[axes[a]];
            back[axes[a]] = a;
        }
        const stria_permute there = stria_permute_make(rank, sizes, axes),
                            home = stria_permute_make(rank, out, back);
        float *x = guarded_floats(batch * count), *y = guarded_floats(batch * count),
              *z = guarded_floats(batch * count), *again = guarded_floats(batch * count);
        fill_normal(x, batch * count);
        stria_permute_copy(&there, batch, x, y, NULL);
        stria_permute_copy(&there, batch, x, z, workers);
        expect_same(z, y, batch * count * sizeof *x, "permute on three threads");
        stria_permute_copy(&home, batch, y, again, NULL);
        expect_same(again, x, batch * count * sizeof *x, "permute there and back");
        /* A number looked up by hand. */
        size_t at = random_below(count), rest = at, place[5] = {0}, input = 0;
        for (int a = rank; a-- > 0; rest /= out[a])
            place[axes[a]] = rest % out[a];
        for (int a = 0; a < rank; a++)
            input = input * sizes[a] + place[a];
        expect_same(&y[at], &x[input], sizeof *x, "a number of permute");
        if (stria_permute_is_identity(&there))
            expect_same(y, x, batch * count * sizeof *x, "no exchange");
        guards_release();
    }
}

/* ---- Pools ---- */

static void bins_forward(const linear_case *c, const float *x, float *y, stria_pool *pool)
{
    const stria_bins *b = c->what;
    stria_bins_pool(STRIA_POOL_AVERAGE, b, c->in / stria_size_volume(b->in) / c->batch, c->batch, x, y, NULL,
                    pool);
}

static void bins_backward(const linear_case *c, const float *dy, float *dx, stria_pool *pool)
{
    const stria_bins *b = c->what;
    stria_bins_pool_gradient(STRIA_POOL_AVERAGE, b, c->in / stria_size_volume(b->in) / c->batch, c->batch, dy,
                             NULL, dx, pool);
}

static void bins(void **state)
{
    (void)state;
    for (int trial = 0; trial < 100; trial++) {
        stria_bins b;
        size_t channels = some(130);
        for (int a = 0; a < 3; a++) {
            b.in[a] = some(a == 0 ? 2 : 9);
            b.out[a] = some(a == 0 ? 2 : 9);
        }
        linear_case c = {.what = &b, .batch = some(3), .forward = bins_forward, .backward = bins_backward};
        c.in = c.batch * stria_size_volume(b.in) * channels;
        c.out = c.batch * stria_size_volume(b.out) * channels;
        check(&c, "average of bins");
    }
}

static void middle_forward(const linear_case *c, const float *x, float *y, stria_pool *pool)
{
    stria_middle_pool(STRIA_POOL_AVERAGE, c->what, x, y, pool);
}

static void middle_backward(const linear_case *c, const float *dy, float *dx, stria_pool *pool)
{
    stria_middle_pool_gradient(STRIA_POOL_AVERAGE, c->what, NULL, NULL, dy, dx, pool);
}

static void middles(void **state)
{
    (void)state;
    for (int trial = 0; trial < 100; trial++) {
        const stria_middle m = {some(trial % 10 == 0 ? 9000 : 9), some(20), trial % 2 == 0 ? 1 : some(150)};
        linear_case c = {.what = &m,
                         .in = m.outer * m.middle * m.inner,
                         .out = m.outer * m.inner,
                         .forward = middle_forward,
                         .backward = middle_backward};
        check(&c, "average of a middle axis");
    }
    /* Two of three share; NaN stays; infinities are numbers like others. */
    const stria_middle m = {3, 3, 1};
    const float x[9] = {5, 1, 5, 2, NAN, 3, -INFINITY, -INFINITY, -INFINITY}, dy[3] = {1, 1, 3};
    const float want[3] = {5, NAN, -INFINITY};
    const float want_dx[9] = {0.5F, 0, 0.5F, NAN, NAN, NAN, 1, 1, 1};
    float y[3], dx[9];
    stria_middle_pool(STRIA_POOL_MAX, &m, x, y, NULL);
    expect_close(y, want, 3, (tolerance){0, 0}, "maxima of a middle axis");
    stria_middle_pool_gradient(STRIA_POOL_MAX, &m, x, y, dy, dx, NULL);
    expect_close(dx, want_dx, 9, (tolerance){0, 0}, "their gradient");
}

/* ---- Resampling ---- */

typedef struct resampling {
    stria_resample r;
    float *table, *scratch;
} resampling;

static void resample_forward(const linear_case *c, const float *x, float *y, stria_pool *pool)
{
    const resampling *s = c->what;
    stria_resample_forward(&s->r, s->table, c->batch, x, y, s->scratch, pool);
}

static void resample_backward(const linear_case *c, const float *dy, float *dx, stria_pool *pool)
{
    const resampling *s = c->what;
    stria_resample_backward(&s->r, s->table, c->batch, dy, dx, s->scratch, pool);
}

static stria_resample random_resample(void)
{
    stria_resample r = {.channels = random_below(2) == 0 ? 1 + 2 * random_below(2) : some(20),
                        .interpolation = (stria_interpolation)random_below(STRIA_AREA + 1),
                        .antialias = random_below(2) == 0};
    for (int a = 0; a < 2; a++) {
        size_t in = some(20), extent = in;
        int64_t start = 0;
        if (random_below(3) == 0) { /* a crop */
            extent = some(in);
            start = (int64_t)random_below(in - extent + 1);
        } else if (random_below(3) == 0) { /* a border, which may be wider than the picture */
            size_t border = random_below(30);
            extent += 2 * border;
            start = -(int64_t)border;
        }
        r.axes[a] = (stria_resample_axis){.in = in, .out = some(30), .extent = extent, .start = start};
    }
    return r;
}

static void resamplings(void **state)
{
    (void)state;
    for (int trial = 0; trial < 300; trial++) {
        resampling s = {.r = random_resample()};
        s.table = guarded_floats(stria_resample_table_size(&s.r));
        s.scratch = guarded_floats(stria_resample_scratch(&s.r, 3));
        stria_resample_fill_table(&s.r, s.table);
        linear_case c = {
            .what = &s, .batch = some(3), .forward = resample_forward, .backward = resample_backward};
        c.in = c.batch * s.r.axes[0].in * s.r.axes[1].in * s.r.channels;
        c.out = c.batch * s.r.axes[0].out * s.r.axes[1].out * s.r.channels;
        check(&c, "resampling");
    }
}

/* A picture of one number stays one, whatever is around it: weights sum to 1. */
static void weights_sum_to_one(void **state)
{
    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        stria_resample r = random_resample();
        r.fill = 3;
        size_t in = r.axes[0].in * r.axes[1].in * r.channels,
               out = r.axes[0].out * r.axes[1].out * r.channels;
        float *table = guarded_floats(stria_resample_table_size(&r)), *x = guarded_floats(in),
              *y = guarded_floats(out), *want = guarded_floats(out),
              *scratch = guarded_floats(stria_resample_scratch(&r, 1));
        for (size_t i = 0; i < in; i++)
            x[i] = 3;
        for (size_t i = 0; i < out; i++)
            want[i] = 3;
        stria_resample_fill_table(&r, table);
        stria_resample_forward(&r, table, 1, x, y, scratch, NULL);
        expect_close(y, want, out, (tolerance){0, 1e-5}, "interpolation %d", (int)r.interpolation);
        guards_release();
    }
}

/* ---- Looking up ---- */

static void lookups(void **state)
{
    (void)state;
    const float table[6] = {1, 2, 3, 4, 5, 6}, indices[7] = {2, 0, -1, 3, 0.5F, NAN, 2};
    const float want[14] = {5, 6, 1, 2, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 5, 6};
    const float dy[14] = {1, 2, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9, 10, 20}, want_table[6] = {3, 4, 0, 0, 11, 22};
    float y[14], dtable[6];
    stria_lookup(table, 3, 2, indices, 7, y, NULL);
    expect_close(y, want, 14, (tolerance){0, 0}, "looking up");
    stria_lookup_gradient(indices, 7, dy, 3, 2, dtable, NULL);
    expect_same(dtable, want_table, sizeof dtable, "gradient of looking up");

    const size_t rows = 300, width = 500, count = 400;
    float *wide = guarded_floats(rows * width), *some_rows = guarded_floats(count),
          *out[2] = {guarded_floats(count * width), guarded_floats(count * width)};
    fill_normal(wide, rows * width);
    for (size_t i = 0; i < count; i++)
        some_rows[i] = (float)random_below(rows);
    float *gradients[2] = {guarded_floats(rows * width), guarded_floats(rows * width)};
    for (int p = 0; p < 2; p++) {
        stria_lookup(wide, rows, width, some_rows, count, out[p], p == 0 ? NULL : workers);
        stria_lookup_gradient(some_rows, count, out[0], rows, width, gradients[p], p == 0 ? NULL : workers);
    }
    expect_same(out[1], out[0], count * width * sizeof(float), "looking up on three threads");
    expect_same(gradients[1], gradients[0], rows * width * sizeof(float), "its gradient on three threads");
    for (size_t i = 0; i < count; i++)
        expect_same(out[0] + i * width, wide + (size_t)some_rows[i] * width, width * sizeof(float), "row %zu",
                    i);
    guards_release();
}

static int set_up(void **state)
{
    (void)state;
    return stria_pool_create(&workers, &stria_default_allocator, 3, NULL) != STRIA_OK;
}

static int tear_down(void **state)
{
    (void)state;
    stria_pool_free(workers);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes),
        cmocka_unit_test(repetitions),
        cmocka_unit_test(exchanged_axes),
        cmocka_unit_test(bins),
        cmocka_unit_test(middles),
        cmocka_unit_test(resamplings),
        cmocka_unit_test(weights_sum_to_one),
        cmocka_unit_test(lookups),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
