/* Lists of what the library knows by name: ready models, layer kinds, choices of training. */
#ifndef CLI_READY_H
#define CLI_READY_H

#include <stdio.h>

/* One line for each ready model. */
void cli_print_ready_models(FILE *stream);

/* The line on the ready model `name`, or NULL. */
const char *cli_ready_model_title(const char *name);

/* One line for each layer kind. */
void cli_print_layer_kinds(FILE *stream);

/* The choices of `what` ("optimizer", "schedule", "loss"), a line each. */
void cli_print_choices(FILE *stream, const char *what);

/* The names of the activations, wrapped. */
void cli_print_activations(FILE *stream, int width);

#endif
