/* What random layers share. */
#include "layers/random.h"

void stria_random_bind(stria_layer_call *call, int64_t seed, stria_random_purpose purpose)
{
    if (seed >= 0)
        call->random.seed = (uint64_t)seed;
    call->random.purpose = (uint32_t)purpose;
}

stria_status stria_same_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                              stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count, (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}
