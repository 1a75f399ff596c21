/* A tile with more sums than there are registers, as no micro-kernel must be: the check has to find its spills. */
typedef float vec __attribute__((vector_size(32)));

enum { ROWS = 7, VECTORS = 4 };

void oversized(const float *const *x, const float *w, unsigned long depth, float *out);

void oversized(const float *const *x, const float *w, unsigned long depth, float *out)
{
    vec sums[ROWS * VECTORS] = {{0}};
    for (unsigned long c = 0; c < depth; c++, w += VECTORS * 8) {
#pragma GCC unroll 32
        for (int j = 0; j < ROWS * VECTORS; j++)
            sums[j] += (x[j / VECTORS][c] - (vec){0}) * *(const vec *)(const void *)(w + j % VECTORS * 8);
    }
#pragma GCC unroll 32
    for (int j = 0; j < ROWS * VECTORS; j++)
        *(vec *)(void *)(out + j * 8) = sums[j];
}
