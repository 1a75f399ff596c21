/* The list of layer kinds, how they are found by name, and the public description of them. */
#include <float.h>
#include <string.h>

#include <stria/layers.h>

#include "base/error.h"
#include "layers/kinds.h"

const stria_layer_kind *const stria_layer_kinds[] = {
#define STRIA_KIND(name) &stria_kind_##name,
#include "layers/kind_list.def"
#undef STRIA_KIND
    NULL,
};

static bool same_letters(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (stria_to_small(a[i]) != stria_to_small(b[i]))
            return false;
    return true;
}

static bool is_name(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && same_letters(name, text, length);
}

static bool is_alias(const char *aliases, const char *text, size_t length)
{
    while (*aliases != '\0') {
        size_t alias_length = strcspn(aliases, " ");
        if (alias_length == length && same_letters(aliases, text, length))
            return true;
        aliases += alias_length;
        aliases += strspn(aliases, " ");
    }
    return false;
}

static int find(const char *name, size_t length)
{
    for (int i = 0; stria_layer_kinds[i] != NULL; i++) {
        const stria_layer_kind *kind = stria_layer_kinds[i];
        if (is_name(kind->name, name, length) || is_name(kind->keras_class, name, length) ||
            is_alias(kind->aliases, name, length))
            return i;
    }
    return -1;
}

const stria_layer_kind *stria_layer_kind_by_name(const char *name, size_t length)
{
    int index = find(name, length);
    return index < 0 ? NULL : stria_layer_kinds[index];
}

/* Takes a candidate when it is nearer than the best so far; of equally near ones that for pictures, since
 * "maxpool" most often means maxpool2d. */
static void consider(const char *candidate, size_t candidate_length, const char *kind_name, const char *text,
                     size_t length, size_t *best_distance, const char **best)
{
    size_t distance = stria_text_distance(text, length, candidate, candidate_length);
    bool for_pictures = candidate_length > 2 && strncmp(candidate + candidate_length - 2, "2d", 2) == 0;
    if (distance < *best_distance || (distance == *best_distance && *best != NULL && for_pictures)) {
        *best_distance = distance;
        *best = kind_name;
    }
}

const char *stria_layer_kind_nearest(const char *name, size_t length)
{
    const char *best = NULL;
    size_t best_distance = length / 3 + 2;
    for (int i = 0; stria_layer_kinds[i] != NULL; i++) {
        const stria_layer_kind *kind = stria_layer_kinds[i];
        consider(kind->name, strlen(kind->name), kind->name, name, length, &best_distance, &best);
        for (const char *alias = kind->aliases; *alias != '\0';) {
            size_t alias_length = strcspn(alias, " ");
            consider(alias, alias_length, kind->name, name, length, &best_distance, &best);
            alias += alias_length;
            alias += strspn(alias, " ");
        }
    }
    for (size_t i = 0; stria_activation_text(i) != NULL; i++)
        consider(stria_activation_text(i), strlen(stria_activation_text(i)), stria_activation_text(i), name,
                 length, &best_distance, &best);
    return best;
}

stria_status stria_require_channels(const stria_shape *input, const char *kind, int64_t *channels,
                                    stria_error *err)
{
    *channels = input->rank == 0 ? STRIA_ANY_SIZE : input->sizes[input->rank - 1];
    if (*channels != STRIA_ANY_SIZE)
        return STRIA_OK;
    char text[STRIA_SHAPE_TEXT_SIZE];
    return stria_fail(err, STRIA_ERROR_SHAPE, "%s needs to know the last size of its input, which is %s; %s",
                      kind, stria_shape_text(input, text, sizeof text),
                      input->rank > 1
                          ? "give the number of channels, as in ?x?x3"
                          : "give the input's sizes, or take global_avgpool2d instead of flatten");
}

stria_status stria_require_spatial(const stria_shape *input, int axes, const char *kind, stria_error *err)
{
    static const char *const takes[] = {"signals of length x channels",
                                        "pictures of height x width x channels",
                                        "volumes of depth x height x width x channels"};
    static const char *const one_channel[] = {"100x1", "28x28x1", "16x28x28x1"};
    if (input->rank == axes + 1)
        return STRIA_OK;
    char text[STRIA_SHAPE_TEXT_SIZE], help[96] = "";
    if (input->rank == 1 && axes > 1)
        stria_format(help, sizeof help, "; it has to stand before flatten and dense");
    else if (input->rank == axes)
        stria_format(help, sizeof help, "; one channel is written as in %s", one_channel[axes - 1]);
    return stria_fail(err, STRIA_ERROR_SHAPE, "%s takes %s, and its input is %s%s", kind, takes[axes - 1],
                      stria_shape_text(input, text, sizeof text), help);
}

stria_status stria_find_axis(int64_t axis, const stria_shape *shape, const char *kind, int *index,
                             stria_error *err)
{
    int64_t found = axis < 0 ? axis + shape->rank : axis - 1;
    if (found < 0 || found >= shape->rank)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "%s: axis %lld is not one of an input of %d sizes; use -1 for the last", kind,
                          (long long)axis, shape->rank);
    *index = (int)found;
    return STRIA_OK;
}

/* ---- The public description ---- */

size_t stria_layer_kind_count(void)
{
    return sizeof stria_layer_kinds / sizeof stria_layer_kinds[0] - 1;
}

int stria_layer_kind_describe(size_t index, stria_layer_kind_info *info)
{
    if (index >= stria_layer_kind_count())
        return 0;
    const stria_layer_kind *kind = stria_layer_kinds[index];
    *info = (stria_layer_kind_info){.name = kind->name,
                                    .aliases = kind->aliases,
                                    .keras_class = kind->keras_class,
                                    .onnx_operator = kind->onnx_operator,
                                    .title = kind->title,
                                    .formula = kind->formula,
                                    .example = kind->example,
                                    .argument_count = kind->argument_count};
    return 1;
}

int stria_layer_kind_find(const char *name)
{
    return find(name, strlen(name));
}

int stria_layer_kind_argument(size_t index, size_t argument, stria_argument_info *info)
{
    if (index >= stria_layer_kind_count() || argument >= stria_layer_kinds[index]->argument_count)
        return 0;
    stria_argument_tell(&stria_layer_kinds[index]->arguments[argument], info);
    return 1;
}

/* ---- Functions ---- */

static const stria_function *find_function(const char *family, size_t index)
{
    static const stria_function_family *const families[] = {
        &stria_activation_functions, &stria_initializer_functions, &stria_regularizer_functions,
        &stria_constraint_functions};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(families[i]->name, family) == 0)
            return index < families[i]->count ? &families[i]->functions[index] : NULL;
    return NULL;
}

static size_t parameter_count(const stria_function *function)
{
    size_t count = 0;
    while (function->parameters != NULL && function->parameters[count].name != NULL)
        count++;
    return count;
}

int stria_function_describe(const char *family, size_t index, stria_function_info *info)
{
    const stria_function *function = find_function(family, index);
    if (function == NULL)
        return 0;
    *info = (stria_function_info){.name = function->name,
                                  .aliases = function->aliases != NULL ? function->aliases : "",
                                  .formula = function->help,
                                  .argument_count = parameter_count(function)};
    return 1;
}

int stria_function_argument(const char *family, size_t index, size_t argument, stria_argument_info *info)
{
    static const char *const types[] = {[STRIA_PARAMETER_NUMBER] = "number",
                                        [STRIA_PARAMETER_WORD] = "word",
                                        [STRIA_PARAMETER_AXES] = "axis or axes"};
    const stria_function *function = find_function(family, index);
    if (function == NULL || argument >= parameter_count(function))
        return 0;
    const stria_parameter *p = &function->parameters[argument];
    const bool bounded = p->minimum > -(double)FLT_MAX;
    *info = (stria_argument_info){.name = p->name,
                                  .type = types[p->type],
                                  .default_value = p->default_value,
                                  .minimum = bounded ? p->minimum : 0,
                                  .maximum = bounded ? p->maximum : 0,
                                  .words = p->words};
    return 1;
}

/* ---- Names ---- */

const char *stria_layer_kind_suggest(const char *name)
{
    return stria_layer_kind_nearest(name, strlen(name));
}

const char *stria_activation_name(size_t index)
{
    return stria_activation_text(index);
}
