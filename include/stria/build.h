/* Building models from C with a typed struct of options for each layer kind, beside the text form of stria_model_add:
 *
 *     stria_add_input(model, NULL, &(stria_input_options){.shape = {3, {28, 28, 1}}}, &err);
 *     stria_add_conv2d(model, NULL, &(stria_conv2d_options){.name = "stem", .filters = 6, .kernel_size = {5}}, &err);
 *     stria_add_conv2d(model, NULL, &(stria_conv2d_options){.filters = 6, .kernel_size = {3, 3}, .padding = "same"}, &err);
 *     stria_add_add(model, "stem, conv2d", NULL, &err);
 *
 * The structs and functions of the kinds are in stria/build_layers.h, made from the tables that model text is read by:
 * names, defaults, bounds and messages are the same.
 *
 * All fields zero means the defaults. Where 0 is a value of its own beside another default, it is written STRIA_ZERO or
 * STRIA_ZERO_INTEGER. A size of three entries gives one for every spatial axis, outermost first; {5} means 5 on each. What
 * is text in the struct (padding, activation, initializer, lists) is written as in model text: "same", "leaky_relu(0.1)". */
#ifndef STRIA_BUILD_H
#define STRIA_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/shape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A yes or no that may be left to the default. */
typedef enum stria_yes_no { STRIA_DEFAULT = 0, STRIA_YES, STRIA_NO } stria_yes_no;

/* The number 0 where a plain 0 would mean the default. */
#define STRIA_ZERO         (-0.0)
#define STRIA_ZERO_INTEGER INT64_MIN

/* Adds a layer of `kind`. `inputs` names the layers it takes, separated by commas; NULL: the layer added last. `options` is
 * the struct of that kind, `size` its sizeof (programs compiled with an older, shorter one stay valid); NULL: all defaults.
 * What stria_add_conv2d and the others call.
 * Errors: MISSING (no such kind), SYNTAX (an option's value, an unknown input, a name in use; message as for the line of
 * model text), SHAPE, VALUE, MEMORY; the model is then as before. */
STRIA_API stria_status stria_model_add_kind(stria_model *model, const char *kind, const char *inputs,
                                            const void *options, size_t size, stria_error *err);

#ifdef __cplusplus
}
#endif

#include <stria/build_layers.h>

#endif
