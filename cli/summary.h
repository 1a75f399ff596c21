/* The forms in which `stria summary` shows a model. Each prints what the library knows and returns the exit
 * status. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <stdbool.h>

#include <stria/model.h>

/* What is to be shown. */
typedef struct cli_summary {
    const stria_model *model;
    const char *name;          /* of the model, as on the command line */
    int64_t batch;             /* samples that memory is told for */
    bool all;                  /* every column */
    stria_value_memory memory; /* for the batch */
} cli_summary;

int cli_summary_table(const cli_summary *summary);
int cli_summary_json(const cli_summary *summary);
int cli_summary_markdown(const cli_summary *summary);
int cli_summary_dot(const cli_summary *summary);

/* The arithmetic of layer `index`. */
int cli_explain_text(const cli_summary *summary, size_t index);
int cli_explain_json(const cli_summary *summary, size_t index);

/* ---- What the forms share ---- */

#define CLI_FIELD_SIZE 96

/* The part of the input that one output sees: "5x5", or "all". Returns `text`. */
char *cli_field_text(const stria_receptive_field *field, char text[CLI_FIELD_SIZE]);

/* Numbers of a field along its axes, its stride or offset: "2" when all are the same, else "2,1"; "1/2" where
 * they are to be divided (divisors NULL: nowhere); "" when an output sees all. Returns `text`. */
char *cli_field_numbers(const stria_receptive_field *field, const int64_t numbers[3], const int64_t *divisors,
                        char text[CLI_FIELD_SIZE]);

/* The names of a layer's inputs: "stem, x". Returns `text`. */
char *cli_input_names(const stria_model *model, const stria_layer_info *layer, char *text, size_t size);

/* Whether the layer just takes the one before it. */
bool cli_is_next(const stria_layer_info *layer, size_t index);

/* Prints the lines below the table, each behind `mark`. */
void cli_summary_totals(const cli_summary *summary, const char *mark);

#endif
