/* See product.h. A row of the result is a sum of rows of b, from the first to the last. */
#include "kernels/product.h"

#include "kernels/cut.h"

#define COLUMNS_AT_ONCE 64

typedef struct product_job {
    stria_product product;
    const float *a, *b;
    float *y;
} product_job;

/* Rows of y, counted over the batch. */
static void product_rows(void *arguments, size_t first, size_t rows)
{
    const product_job *job = arguments;
    const stria_product *p = &job->product;
    const size_t step = p->turned ? p->rows : 1;
    for (size_t r = first; r < first + rows; r++) {
        const size_t sample = r / p->rows, row = r % p->rows;
        const float *a = job->a + sample * p->rows * p->inner + (p->turned ? row : row * p->inner);
        const float *b = job->b + sample * p->inner * p->columns;
        float *y = job->y + r * p->columns;
        for (size_t at = 0; at < p->columns; at += COLUMNS_AT_ONCE) {
            const size_t rest = p->columns - at, n = rest < COLUMNS_AT_ONCE ? rest : COLUMNS_AT_ONCE;
            double sums[COLUMNS_AT_ONCE] = {0};
            for (size_t k = 0; k < p->inner; k++) {
                const double factor = (double)a[k * step];
                const float *addend = b + k * p->columns + at;
                for (size_t c = 0; c < n; c++)
                    sums[c] += factor * (double)addend[c];
            }
            for (size_t c = 0; c < n; c++)
                y[at + c] = (float)sums[c];
        }
    }
}

void stria_product_of(const stria_product *product, size_t batch, const float *a, const float *b, float *y,
                      stria_pool *pool)
{
    product_job job = {.product = *product, .a = a, .b = b, .y = y};
    run_range(pool, batch * product->rows,
              rows_in_piece(PIECE_OF_ARITHMETIC, product->inner * product->columns), product_rows, &job);
}
