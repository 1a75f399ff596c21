/* Reading option structs of the public interface, whose first member is `size_t struct_size`. */
#ifndef STRIA_BASE_OPTIONS_H
#define STRIA_BASE_OPTIONS_H

#include <stddef.h>

#include <stria/error.h>

/* Copies a caller's options to `known`, a struct of `size` bytes as this version declares it. NULL gives all zero, which
 * means the defaults; struct_size 0 stands for `size`; a smaller struct, of a program made for an older version, leaves
 * the members it does not have at zero. Errors: VALUE for a larger one. `name` is the type in the message. */
stria_status stria_options_read(void *known, size_t size, const void *given, const char *name, stria_error *err);

#endif
