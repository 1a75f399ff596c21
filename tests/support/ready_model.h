/* Which of the ready models a test can take through its whole life. */
#ifndef STRIA_TESTS_SUPPORT_READY_MODEL_H
#define STRIA_TESTS_SUPPORT_READY_MODEL_H

#include <stdbool.h>

#include <stria/context.h>

/* Whether the model of this text can be made and run in a moment: its sizes are known and it has at most a
 * million parameters. */
bool is_small_model(stria_context *context, const char *text);

#endif
