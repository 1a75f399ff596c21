/* What the galleries share: choosing samples class by class. */
#ifndef STRIA_INSPECT_GALLERY_H
#define STRIA_INSPECT_GALLERY_H

#include <stria/gallery.h>

#include "base/memory.h"

/* The samples of a part in the order in which they are taken, class by class; data without classes is one
 * class. */
typedef struct stria_sample_choice {
    const stria_allocator *allocator;
    size_t class_count;
    size_t *starts;  /* [class_count + 1] where each class begins in `order` */
    uint32_t *order; /* [count] */
} stria_sample_choice;

/* The samples as they stand, or shuffled by the options' seed. Freed also after a failure. Errors: VALUE for
 * an empty part, MEMORY. */
stria_status stria_sample_choice_make(stria_sample_choice *choice, const stria_dataset *data,
                                      const stria_gallery_options *options, stria_error *err);
void stria_sample_choice_free(stria_sample_choice *choice);

/* A name for a title under the pointer: the file's path, or "sample 12". */
void stria_sample_title(const stria_dataset *data, stria_part part, uint32_t index, char *text, size_t size);

/* A number from 0 to 255 as a byte; NaN is 0. */
uint8_t stria_gallery_byte(double value);

#endif
