/* A choice by name with arguments, "sgd momentum=0.9 nesterov": what optimizers, schedules and losses have in
 * common. Each is a row of a constant table; the arguments are read by the parser of layer lines. */
#ifndef STRIA_TRAIN_CHOICE_H
#define STRIA_TRAIN_CHOICE_H

#include <stddef.h>

#include <stria/error.h>

#include "base/text.h"
#include "layers/arguments.h"

typedef struct stria_choice {
    const char *name;
    const char *alias; /* another name that reads the same; NULL for none */
    const stria_argument *arguments;
    size_t argument_count;
    const char *help; /* one line: how it is written with its defaults, a colon, what it does */
} stria_choice;

/* Finds the choice that `text` names and fills `config` (zeroed by the caller) from its arguments. `what` is
 * "optimizer", ... Errors: VALUE with the names to choose from, or the argument and its rule. */
stria_status stria_choice_read(const char *what, const stria_choice *choices, size_t count, const char *text,
                               size_t *index, void *config, stria_error *err);

/* Appends the name and the arguments that differ from their defaults: the same for every way to write the
 * same choice. */
void stria_choice_write(const stria_choice *choice, const void *config, stria_text *text);

#endif
