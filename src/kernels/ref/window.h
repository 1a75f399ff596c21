/* Which inputs a window sees, as the plain-C definitions of convolution and pooling read it: the triples
 * (output, tap, input), from either side. Only for ref/. */
#ifndef STRIA_KERNELS_REF_WINDOW_H
#define STRIA_KERNELS_REF_WINDOW_H

#include "base/size.h"
#include "kernels/kernels.h"

/* A place in a volume: of an input, an output or a tap. */
typedef struct position {
    size_t axis[3];
} position;

/* Position `index` of a row-major grid. */
static inline position position_at(const size_t sizes[3], size_t index)
{
    return (position){{index / (sizes[1] * sizes[2]), index / sizes[2] % sizes[1], index % sizes[2]}};
}

static inline size_t index_of(const size_t sizes[3], const position *p)
{
    return (p->axis[0] * sizes[1] + p->axis[1]) * sizes[2] + p->axis[2];
}

/* The input that output `o` sees through tap `t`; false when it is padding. */
static inline bool input_of(const stria_window *w, const position *o, const position *t, size_t *input)
{
    position i;
    for (int a = 0; a < 3; a++) {
        size_t shifted = o->axis[a] * w->stride[a] + t->axis[a] * w->dilation[a];
        if (shifted < w->before[a] || shifted - w->before[a] >= w->in[a])
            return false;
        i.axis[a] = shifted - w->before[a];
    }
    *input = index_of(w->in, &i);
    return true;
}

/* The output that sees input `i` through tap `t`; false when there is none. */
static inline bool output_of(const stria_window *w, const position *i, const position *t, size_t *output)
{
    position o;
    for (int a = 0; a < 3; a++) {
        size_t shifted = i->axis[a] + w->before[a], back = t->axis[a] * w->dilation[a];
        if (shifted < back || (shifted - back) % w->stride[a] != 0 ||
            (shifted - back) / w->stride[a] >= w->out[a])
            return false;
        o.axis[a] = (shifted - back) / w->stride[a];
    }
    *output = index_of(w->out, &o);
    return true;
}

#endif
