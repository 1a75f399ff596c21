/* Adding layers from the option structs of stria/build_layers.h. A struct is its kind's argument table in C:
 * a name, then one member for each argument, in order, of the C type of its argument type. So it can be
 * walked by the table, and becomes the line of model text that says the same. */
#include <stria/build.h>

#include <assert.h>
#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/model.h"

#define SIZE_AXES 3

/* Size and alignment of the member of an argument type. */
typedef struct member {
    size_t size, alignment;
} member;

#define MEMBER(type)                                                                                         \
    {                                                                                                        \
        sizeof(type), alignof(type)                                                                          \
    }

static member member_of(stria_argument_type type)
{
    static const member integer = MEMBER(int64_t), number = MEMBER(double), boolean = MEMBER(stria_yes_no),
                        shape = MEMBER(stria_shape), text = MEMBER(const char *),
                        sizes = {SIZE_AXES * sizeof(int64_t), alignof(int64_t)};
    switch (type) {
    case STRIA_ARG_INTEGER:
        return integer;
    case STRIA_ARG_NUMBER:
        return number;
    case STRIA_ARG_BOOLEAN:
        return boolean;
    case STRIA_ARG_SIZES:
        return sizes;
    case STRIA_ARG_SHAPE:
        return shape;
    default:
        return text;
    }
}

static void write_sizes(stria_text *line, const char *name, const int64_t *sizes)
{
    for (int a = 0; a < SIZE_AXES && sizes[a] != 0; a++)
        stria_text_format(line, a == 0 ? " %s=%lld" : "x%.0s%lld", name, (long long)sizes[a]);
}

/* Appends " name=value" unless the member is zero. */
static void write_member(stria_text *line, const stria_argument *argument, const void *at)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    switch (argument->type) {
    case STRIA_ARG_INTEGER: {
        int64_t integer;
        memcpy(&integer, at, sizeof integer);
        if (integer != 0)
            stria_text_format(line, " %s=%lld", argument->name,
                              (long long)(integer == STRIA_ZERO_INTEGER ? 0 : integer));
        break;
    }
    case STRIA_ARG_NUMBER: {
        double number;
        memcpy(&number, at, sizeof number);
        if (!(number >= 0 && number <= 0) || signbit(number))
            stria_text_format(line, " %s=%s", argument->name,
                              stria_double_text(number == 0 ? 0 : number, text, sizeof text));
        break;
    }
    case STRIA_ARG_BOOLEAN: {
        stria_yes_no choice;
        memcpy(&choice, at, sizeof choice);
        if (choice != STRIA_DEFAULT)
            stria_text_format(line, " %s=%s", argument->name, choice == STRIA_YES ? "yes" : "no");
        break;
    }
    case STRIA_ARG_SIZES: {
        int64_t sizes[SIZE_AXES];
        memcpy(sizes, at, sizeof sizes);
        write_sizes(line, argument->name, sizes);
        break;
    }
    case STRIA_ARG_SHAPE: {
        stria_shape shape;
        memcpy(&shape, at, sizeof shape);
        if (shape.rank != 0)
            stria_text_format(line, " %s=%s", argument->name, stria_shape_text(&shape, text, sizeof text));
        break;
    }
    default: {
        const char *value;
        memcpy(&value, at, sizeof value);
        if (value != NULL)
            stria_text_format(line, " %s=%s", argument->name, value);
        break;
    }
    }
}

static void write_line(stria_text *line, const stria_layer_kind *kind, const char *inputs,
                       const unsigned char *options, size_t size)
{
    const char *name = NULL;
    if (size >= sizeof name)
        memcpy(&name, options, sizeof name);
    if (name != NULL)
        stria_text_format(line, "%s = ", name);
    stria_text_add(line, kind->name);
    if (inputs != NULL)
        stria_text_format(line, "(%s)", inputs);
    size_t at = sizeof name;
    for (size_t i = 0; i < kind->argument_count; i++) {
        const stria_argument *argument = &kind->arguments[i];
        const member m = member_of(argument->type);
        at = (at + m.alignment - 1) / m.alignment * m.alignment;
        if (at + m.size > size)
            break;
        write_member(line, argument, options + at);
        at += m.size;
    }
}

stria_status stria_model_add_kind(stria_model *model, const char *kind_name, const char *inputs,
                                  const void *options, size_t size, stria_error *err)
{
    const stria_layer_kind *kind = stria_layer_kind_by_name(kind_name, strlen(kind_name));
    if (kind == NULL)
        return stria_fail(err, STRIA_ERROR_MISSING, "there is no layer kind '%s'", kind_name);
    stria_text line = {.allocator = &model->context->allocator};
    write_line(&line, kind, inputs, options, options != NULL ? size : 0);
    stria_status status = STRIA_OK;
    if (line.failed)
        status = stria_fail(err, STRIA_ERROR_MEMORY, "not enough memory to add a layer");
    else if (strpbrk(line.bytes, "#\n") != NULL)
        status = stria_fail(err, STRIA_ERROR_SYNTAX,
                            "%s: an option, name or input has '#' or a line break in it", kind->name);
    else
        status = stria_model_add(model, line.bytes, err);
    stria_text_free(&line);
    return status;
}
