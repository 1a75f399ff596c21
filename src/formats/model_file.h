/* Trained models as safetensors files: the model text, class names and provenance as metadata, parameters as tensors.
 * Metadata keys: "format" = "stria", "stria.version", "stria.model" (the text), "stria.classes" (a JSON list), and every
 * metadata entry of the model as "stria.KEY". Checkpoints are the same with more tensors and texts. */
#ifndef STRIA_FORMATS_MODEL_FILE_H
#define STRIA_FORMATS_MODEL_FILE_H

#include <stria/model.h>

#include "formats/safetensors.h"

/* Writes `model` with further tensors and texts (may be NULL with count 0). */
stria_status stria_model_file_write(const stria_model *model, const char *path, const stria_safetensor *more_tensors,
                                    size_t more_tensor_count, const stria_safetext *more_texts, size_t more_text_count,
                                    stria_error *err);

/* Makes a model from an opened file; tensors whose names start with "optimizer/" or "training/" are not the model's. Errors:
 * FORMAT (no model text, a tensor missing, left over or of another shape, each by name), SYNTAX, MEMORY. `name` is the
 * file in messages. */
stria_status stria_model_file_read(stria_model **model, stria_context *context, const stria_safetensors *file,
                                   const char *name, stria_error *err);

/* Overwrites the parameters of an existing model of the same text; on failure nothing changed. */
stria_status stria_model_file_restore(stria_model *model, const stria_safetensors *file, const char *name,
                                      stria_error *err);

#endif
