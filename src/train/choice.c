/* Reading and writing choices by name. The nearest name is suggested for a mistyped one, since these texts
 * are typed by hand on a command line. */
#include "train/choice.h"

#include <string.h>

#include "base/error.h"

/* The names with commas between them, cut to `size` bytes. */
static void list_names(const stria_choice *choices, size_t count, char *names, size_t size)
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *separator = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        const size_t separator_length = strlen(separator), length = strlen(choices[i].name);
        if (used + separator_length + length + 1 > size)
            return;
        memcpy(names + used, separator, separator_length);
        memcpy(names + used + separator_length, choices[i].name, length + 1);
        used += separator_length + length;
    }
}

static bool is_named(const char *choice, const stria_token *name)
{
    return choice != NULL && strlen(choice) == name->length && memcmp(choice, name->text, name->length) == 0;
}

static stria_status fail_unknown(const char *what, const stria_choice *choices, size_t count,
                                 const stria_token *name, stria_error *err)
{
    char names[512];
    list_names(choices, count, names, sizeof(names));
    const int length = name->length > 60 ? 60 : (int)name->length;
    const char *nearest = NULL, *verb = count == 1 ? "is" : "are";
    size_t least = 3; /* further away it is no typing mistake */
    for (size_t i = 0; i < count; i++) {
        const size_t distance =
            stria_text_distance(name->text, name->length, choices[i].name, strlen(choices[i].name));
        if (distance < least) {
            least = distance;
            nearest = choices[i].name;
        }
    }
    if (nearest != NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "unknown %s '%.*s': did you mean '%s'? There %s %s", what,
                          length, name->text, nearest, verb, names);
    return stria_fail(err, STRIA_ERROR_VALUE, "unknown %s '%.*s': there %s %s", what, length, name->text,
                      verb, names);
}

stria_status stria_choice_read(const char *what, const stria_choice *choices, size_t count, const char *text,
                               size_t *index, void *config, stria_error *err)
{
    stria_token name;
    if (stria_tokens_split(text, strlen(text), &name, 1) == 0) {
        char names[512];
        list_names(choices, count, names, sizeof(names));
        return stria_fail(err, STRIA_ERROR_VALUE, "the %s is empty: there are %s", what, names);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_named(choices[i].name, &name) || is_named(choices[i].alias, &name)) {
            const stria_status status = stria_arguments_read_text(
                choices[i].name, choices[i].arguments, choices[i].argument_count, text, config, err);
            if (status != STRIA_OK)
                return stria_fail_in(err, status, "%s '%s': ", what, text);
            *index = i;
            return STRIA_OK;
        }
    }
    return fail_unknown(what, choices, count, &name, err);
}

void stria_choice_write(const stria_choice *choice, const void *config, stria_text *text)
{
    stria_text_add(text, choice->name);
    stria_arguments_write(choice->arguments, choice->argument_count, config, text);
}
