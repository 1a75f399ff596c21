/* The part of an HTML page in which a reader moves a kernel over a picture by hand: window, kernel, products,
 * their sum, and the output pixel. */
#ifndef CLI_SEE_STEPPER_H
#define CLI_SEE_STEPPER_H

#include <stria/stria.h>

/* The page's text, with what is large of the picture [1, H, W, 1] cut to its middle; the caller frees it.
 * NULL without memory. */
char *see_stepper(const stria_array *picture, const stria_kernel *kernel, const char *name);

#endif
