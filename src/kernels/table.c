/* Fills the kernel table of a level: the definitions first, then every instruction set up to the level writes
 * over what it does faster. */
#include "kernels/families.h"

static void fill_definitions(stria_kernels *kernels)
{
    stria_ref_conv_fill(&kernels->conv);
    stria_ref_pool_fill(&kernels->pool);
    stria_ref_elementwise_fill(&kernels->elementwise);
    stria_ref_reduce_fill(&kernels->reduce);
    stria_ref_update_fill(&kernels->update);
}

void stria_kernels_fill(stria_kernels *kernels, stria_cpu_level level)
{
    *kernels = (stria_kernels){.level = level, .name = stria_cpu_level_name(level)};
    fill_definitions(kernels);
}
