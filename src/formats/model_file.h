/* Trained models as safetensors files: the model text, class names and provenance as metadata, parameters as
 * tensors. Metadata keys: "format" = "stria", "stria.version", "stria.model" (the text), "stria.classes" (a
 * JSON list), and every metadata entry of the model as "stria.KEY". Checkpoints are the same with more
 * tensors and texts. docs/file-format.md describes the whole. */
#ifndef STRIA_FORMATS_MODEL_FILE_H
#define STRIA_FORMATS_MODEL_FILE_H

#include <stria/model.h>

#include "formats/safetensors.h"

/* Most bytes of a model text, in a file of its own or in a trained model. */
#define STRIA_MAX_MODEL_TEXT ((size_t)1 << 20)

/* Most metadata entries that are read with a model. */
#define STRIA_MAX_MODEL_METADATA 1000

/* Writes `model` with further tensors and texts (may be NULL with count 0). Names of further tensors begin
 * with "optimizer/" or "training/", keys of further texts with anything but "stria.", so that they are not
 * taken for the model's. Errors: those of stria_safetensors_write, and VALUE for a model without layers or
 * parameters. */
stria_status stria_model_file_write(const stria_model *model, const char *path,
                                    const stria_safetensor *more_tensors, size_t more_tensor_count,
                                    const stria_safetext *more_texts, size_t more_text_count,
                                    stria_error *err);

/* Makes a model from an opened file; tensors whose names start with "optimizer/" or "training/" are not the
 * model's. Parameters stored as float64, float16 or bfloat16 are converted. Errors: FORMAT (no model text, a
 * tensor missing, left over, of another shape or of integers, each by name), SYNTAX, SHAPE, LIMIT, MEMORY.
 * `name` is the file in messages. */
stria_status stria_model_file_read(stria_model **model, stria_context *context, const stria_safetensors *file,
                                   const char *name, stria_error *err);

/* Overwrites the parameters of an existing model of the same text; on failure nothing changed. Errors:
 * FORMAT, MEMORY. */
stria_status stria_model_file_restore(stria_model *model, const stria_safetensors *file, const char *name,
                                      stria_error *err);

#endif
