/* The bordered copy: pictures with their padding around them, so that windows of few channels read one run
 * per row of taps and no window needs to know where the border is. Forward makes it, the kernel gradient
 * reads it again. */
#include <string.h>

#include "kernels/conv.h"

typedef struct border_job {
    const stria_conv_method *method;
    const float *x;  /* [N,D,H,W,C] */
    float *bordered; /* [N,size[0],size[1],size[2],C] */
} border_job;

/* Inputs along an axis that the copy holds. */
static size_t copied(const stria_conv_method *m, int axis)
{
    size_t before = m->window.before[axis];
    if (m->size[axis] <= before)
        return 0;
    size_t room = m->size[axis] - before;
    return room < m->window.in[axis] ? room : m->window.in[axis];
}

/* One task is a plane of one picture. */
static void copy_plane(void *context, size_t task, size_t worker)
{
    (void)worker;
    const border_job *job = context;
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t n = task / m->size[0], d = task % m->size[0], pitch = m->size[2] * m->channels;
    float *plane = job->bordered + task * m->size[1] * pitch;
    memset(plane, 0, m->size[1] * pitch * sizeof *plane);
    if (d < w->before[0] || d - w->before[0] >= w->in[0])
        return;
    const float *from = job->x + (n * w->in[0] + d - w->before[0]) * w->in[1] * w->in[2] * m->channels;
    size_t rows = copied(m, 1), width = copied(m, 2) * m->channels;
    if (width == 0)
        return;
    float *to = plane + w->before[1] * pitch + w->before[2] * m->channels;
    for (size_t h = 0; h < rows; h++)
        memcpy(to + h * pitch, from + h * w->in[2] * m->channels, width * sizeof *to);
}

void stria_conv_border(const stria_conv_method *method, const float *x, float *bordered, stria_pool *pool)
{
    border_job job = {method, x, bordered};
    stria_pool_run(stria_conv_pool(pool, 4 * method->batch * stria_conv_picture(method)),
                   method->batch * method->size[0], copy_plane, &job);
}

size_t stria_conv_bordered_size(const stria_conv_method *method)
{
    return stria_conv_lines(method->batch * stria_conv_picture(method)) + 16;
}
