/* Convolution on one instruction set: its micro-kernels and tile sizes in one table, which the drivers
 * (conv_*.c) run, and the entries of the kernel table. */
#include "kernels/conv_depthwise.h"
#include "kernels/families.h"
#include "kernels/simd/conv.h"

static void activate_more(stria_activation activation, float *y, size_t count)
{
    stria_elementwise_kernels kernels;
    stria_ref_elementwise_fill(&kernels);
    STRIA_ISA(stria_elementwise_fill)(&kernels);
    kernels.activate(activation, y, y, count, NULL);
}

static void column_sums(const float *x, size_t rows, size_t columns, float *sums, stria_pool *pool)
{
    stria_reduce_kernels kernels;
    stria_ref_reduce_fill(&kernels);
    STRIA_ISA(stria_reduce_fill)(&kernels);
    kernels.column_sums(x, rows, columns, sums, pool);
}

#if STRIA_VECTOR_BYTES == 64
#    define GATHER_TILE "14x32"
#    define NARROW_TILE "28x16"
#elif STRIA_VECTOR_BYTES == 32 || VEC_REGISTERS == 32
#    define GATHER_TILE "6x16"
#    define NARROW_TILE "12x8"
#else
#    define GATHER_TILE "6x8"
#    define NARROW_TILE "10x4"
#endif

static const stria_conv_isa isa = {
    .lanes = VL,
    .main_rows = MAIN_ROWS,
    .main_vectors = MAIN_VECTORS,
    .narrow_rows = NARROW_ROWS,
    .narrow_vectors = NARROW_VECTORS,
    .wide_rows = WIDE_ROWS,
    .wide_panels = WIDE_PANELS,
    .gather_main = STRIA_ISA(stria_gather_main),
    .gather_far = STRIA_ISA(stria_gather_far),
    .gather_narrow = STRIA_ISA(stria_gather_narrow),
    .gather_wide = STRIA_ISA(stria_gather_wide),
    .outer_main = STRIA_ISA(stria_outer_main),
    .outer_narrow = STRIA_ISA(stria_outer_narrow),
    .pack_rows = STRIA_ISA(stria_pack_rows),
    .pack_columns = STRIA_ISA(stria_pack_columns),
#if STRIA_VECTOR_BYTES == 64
    .pair = STRIA_ISA(stria_pair),
    .pair_outer = STRIA_ISA(stria_pair_outer),
#endif
    .winograd_inside = STRIA_ISA(stria_winograd_inside),
    .winograd_border = STRIA_ISA(stria_winograd_border),
    .winograd_result = STRIA_ISA(stria_winograd_result),
    .winograd_weights = STRIA_ISA(stria_winograd_weights),
    .fft_forward = STRIA_ISA(stria_conv_fft_forward),
    .fft_backward = STRIA_ISA(stria_conv_fft_backward),
    .depthwise = &STRIA_ISA(stria_depthwise),
    .activate = activate_more,
    .column_sums = column_sums,
    .gather_name = "gather " GATHER_TILE " " STRIA_ISA_NAME,
    .narrow_name = "gather " NARROW_TILE " " STRIA_ISA_NAME,
    .pair_name = "pair " STRIA_ISA_NAME,
    .winograd_name = "winograd 4x4 " STRIA_ISA_NAME,
    .fft_name = "fft " STRIA_ISA_NAME,
};

/* The definition, for shapes that ask for it; NULL for the others. */
static const stria_conv_kernels *definition(const stria_conv_shape *shape, stria_conv_kernels *kernels)
{
    if (shape->algorithm != STRIA_CONV_REF)
        return NULL;
    stria_ref_conv_fill(kernels);
    return kernels;
}

static stria_conv_algorithm choose(const stria_conv_shape *shape, size_t batch, stria_conv_algorithm wish)
{
    return stria_conv_choose_algorithm(shape, batch, wish);
}

static void needs(const stria_conv_shape *shape, size_t batch, size_t workers, bool training,
                  stria_conv_needs *result)
{
    stria_conv_kernels plain;
    if (definition(shape, &plain) != NULL)
        plain.needs(shape, batch, workers, training, result);
    else
        stria_conv_needs_of(&isa, shape, batch, workers, training, result);
}

static const char *describe(const stria_conv_shape *shape, size_t batch)
{
    stria_conv_kernels plain;
    return definition(shape, &plain) != NULL ? plain.describe(shape, batch)
                                             : stria_conv_describe(&isa, shape, batch);
}

static void pack(const stria_conv_shape *shape, const float *kernel, float *packed, stria_pool *pool)
{
    stria_conv_kernels plain;
    if (definition(shape, &plain) != NULL)
        plain.pack(shape, kernel, packed, pool);
    else
        stria_conv_pack(&isa, shape, kernel, packed, pool);
}

static void pack_transposed(const stria_conv_shape *shape, const float *kernel, float *packed,
                            stria_pool *pool)
{
    stria_conv_kernels plain;
    if (definition(shape, &plain) != NULL)
        plain.pack_transposed(shape, kernel, packed, pool);
    else
        stria_conv_pack_transposed(&isa, shape, kernel, packed, pool);
}

static void forward(const stria_conv_call *call)
{
    stria_conv_kernels plain;
    if (definition(call->shape, &plain) != NULL)
        plain.forward(call);
    else
        stria_conv_forward(&isa, call);
}

static void input_gradient(const stria_conv_call *call)
{
    stria_conv_kernels plain;
    if (definition(call->shape, &plain) != NULL)
        plain.input_gradient(call);
    else
        stria_conv_input_gradient(&isa, call);
}

static void kernel_gradient(const stria_conv_call *call)
{
    stria_conv_kernels plain;
    if (definition(call->shape, &plain) != NULL)
        plain.kernel_gradient(call);
    else
        stria_conv_kernel_gradient(&isa, call);
}

void STRIA_ISA(stria_conv_fill)(stria_conv_kernels *kernels)
{
    *kernels = (stria_conv_kernels){.choose = choose,
                                    .needs = needs,
                                    .describe = describe,
                                    .pack = pack,
                                    .pack_transposed = pack_transposed,
                                    .forward = forward,
                                    .input_gradient = input_gradient,
                                    .kernel_gradient = kernel_gradient};
}
