/* What the pages of `stria help` share. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include <stria/layers.h>

/* Columns of a page: those of the terminal, at most 100. */
int cli_page_width(FILE *stream);

/* "integer, 1 to 4096; default 3", or the words to choose from. */
void cli_describe_argument(const stria_argument_info *argument, char *text, size_t size);

/* The pages "initializers", "losses" ...: the name of page `index`, NULL past the end. */
const char *cli_functions_topic(size_t index);

/* Prints such a page. False when `topic` is none. */
bool cli_print_functions(const char *topic);

#endif
