/* Models, plans and numbers that tests begin with. */
#ifndef STRIA_TESTS_SUPPORT_MODELS_H
#define STRIA_TESTS_SUPPORT_MODELS_H

#include <stdbool.h>

#include <stria/stria.h>

/* Whether the model of this text can be made and run in a moment: its sizes are known and it has at most a
 * million parameters. */
bool is_small_model(stria_context *context, const char *text);

/* The model of this text, which must be right. */
stria_model *parse_model(stria_context *context, const char *text);

/* A plan, whose options must be right. */
stria_plan *open_plan(stria_model *model, const stria_plan_options *options);

/* Normal numbers, the same for the same seed; freed with free. */
float *draw_normals(uint64_t seed, size_t count);

#endif
