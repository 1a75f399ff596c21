/* Finding what is probably a mistake in a network that is valid: two linear layers in a row, columns that no window reaches,
 * a softmax where the loss does not expect it ... */
#ifndef STRIA_LINT_H
#define STRIA_LINT_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum stria_severity {
    STRIA_HINT,   /* worth knowing; may well be meant so */
    STRIA_PROBLEM /* very likely a mistake */
} stria_severity;

/* One thing found. Strings live during the callback. */
typedef struct stria_finding {
    const char *rule; /* "linear-stack" */
    stria_severity severity;
    size_t layer;        /* index */
    const char *name;    /* the layer's */
    const char *message; /* what is the matter, with the numbers */
    const char *help;    /* what would help */
} stria_finding;

typedef void (*stria_finding_fn)(const stria_finding *finding, void *payload);

/* All zero means the defaults. */
typedef struct stria_lint_options {
    size_t struct_size;
    const char *loss;         /* that the model will be trained with, by its name there; NULL: not known */
    stria_finding_fn finding; /* called for each finding, in the order of the layers; may be NULL */
    void *payload;
} stria_lint_options;

/* What was found. */
typedef struct stria_lint_counts {
    size_t problems, hints;
} stria_lint_counts;

/* Looks at every layer with every rule. With parameters these are looked at too. `counts` may be NULL.
 * Errors: VALUE for an option, MEMORY. */
STRIA_API stria_status stria_model_lint(const stria_model *model, const stria_lint_options *options,
                                        stria_lint_counts *counts, stria_error *err);

/* One rule. Strings are constant. */
typedef struct stria_lint_rule_info {
    const char *name;  /* "linear-stack" */
    const char *title; /* what it finds, one line */
    stria_severity severity;
} stria_lint_rule_info;

/* Describes rule `index`; 1, or 0 past the end. Any thread. */
STRIA_API int stria_lint_rule(size_t index, stria_lint_rule_info *info);

/* What was verified of a file with a trained model. */
typedef struct stria_file_facts {
    int trained;       /* 0: the file is model text; the rest is then 0 */
    int has_checksums; /* 1: of the header and of every tensor, and they are right. 0: the writer left none, and changed
                          numbers would not be noticed */
    size_t tensors;    /* in the file, with those of an optimizer */
    uint64_t bytes;    /* of these tensors */
} stria_file_facts;

/* Reads the file at `path` and verifies what it has of its own: structure, sizes and offsets, checksums. Whether the tensors
 * are those of its model text stria_model_load verifies. Errors: MISSING, IO, FORMAT when it is damaged, UNSUPPORTED,
 * NOT_BUILT, LIMIT, MEMORY. */
STRIA_API stria_status stria_file_verify(stria_file_facts *facts, stria_context *context, const char *path,
                                         stria_error *err);

#ifdef __cplusplus
}
#endif

#endif
