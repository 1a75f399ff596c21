/* The cells of the neocognitron (layers/neocognitron.c has the formulas): windows of fixed weights, the
 * inhibitory cells, and the responses of S-cells and C-cells. One version in plain C serves every instruction
 * set: the excitatory sums, where the time goes, are those of the convolution kernels.
 *
 * Sums have a fixed order: the same bits come out on any number of threads. Tensors need no slack. */
#ifndef STRIA_KERNELS_CELLS_H
#define STRIA_KERNELS_CELLS_H

#include "kernels/kernels.h"

/* Weights of a window that decrease with the distance from its centre, decay^distance, times `total` / their
 * sum. weights [kd,kh,kw]. */
void stria_cells_weights(const stria_window *window, double decay, double total, float *weights);

/* What windows of the same weights for every channel do. */
typedef struct stria_cells_blur {
    const stria_window *window;
    const float *weights; /* [kd,kh,kw] */
    size_t channels, batch;
} stria_cells_blur;

/* y[n,o,c] = sum over taps t of weights[t] * x[n, o*stride - before + t, c]; padding counts as 0.
 * x [N,D,H,W,C], y [N,Do,Ho,Wo,C]. */
void stria_cells_blur_forward(const stria_cells_blur *blur, const float *x, float *y, stria_pool *pool);
/* The gradient of x, written to dx, or added to it. */
void stria_cells_blur_backward(const stria_cells_blur *blur, const float *dy, float *dx, bool adds,
                               stria_pool *pool);

/* y = x / (alpha + x) where x is above 0, else 0; may work in place. */
void stria_cells_saturate(float alpha, const float *x, float *y, size_t count, stria_pool *pool);
/* dx = dy * (1 - y)^2 / alpha where y is above 0, else 0; may work in place. */
void stria_cells_saturate_gradient(float alpha, const float *y, const float *dy, float *dx, size_t count,
                                   stria_pool *pool);

/* y[r] = sum over c of x[r,c]^2 */
void stria_cells_power(const float *x, size_t rows, size_t channels, float *y, stria_pool *pool);

/* y = sqrt(x), in place. */
void stria_cells_root(float *x, size_t count, stria_pool *pool);

/* The excitatory sums of planes 0 ... used-1 for one picture x [D,H,W,C] that is mostly 0, as for learning,
 * where weights change with every picture: e[o,k] = sum over t, c of x[o - before + t, c] * kernel[t,c,k],
 * and 0 for the other planes. kernel [kd,kh,kw,C,planes], e [Do,Ho,Wo,planes]. */
void stria_cells_excite(const stria_window *window, size_t channels, size_t planes, size_t used,
                        const float *x, const float *kernel, float *e, stria_pool *pool);

/* The responses of S-cells and what goes back from them. Inhibition below 0 counts as 0. */
typedef struct stria_cells_response {
    size_t rows, planes;
    float selectivity;       /* r */
    const float *inhibition; /* b [planes] */
    const float *v;          /* [rows]: the inhibitory cells */
} stria_cells_response;

/* u = r * max(0, (1 + e) / (1 + r/(1+r) * b * v) - 1); e and u [rows, planes] may be the same memory. */
void stria_cells_respond(const stria_cells_response *cells, const float *e, float *u, stria_pool *pool);
/* From u and its gradient du: de, which may be du's memory, and unless NULL db [planes] and dv [rows]. */
void stria_cells_respond_gradient(const stria_cells_response *cells, const float *u, const float *du,
                                  float *de, float *db, float *dv, stria_pool *pool);

/* dv[r] /= v[r], 0 where v is 0: the gradient of v^2, twice. */
void stria_cells_root_gradient(const float *v, float *dv, size_t rows, stria_pool *pool);

/* dx[r,c] += x[r,c] * dpower[r], with dpower the gradient of stria_cells_power's y, twice. */
void stria_cells_power_gradient(const float *x, const float *dpower, size_t rows, size_t channels, float *dx,
                                stria_pool *pool);

#endif
