/* What every layer kind says of itself: `stria help` prints it and files of other formats go by it, so no
 * kind may leave a field empty, and its example must be a line that works. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/test_context.h"

/* Lines that an example may follow: a picture, a signal, features, a volume, word numbers, and any of them
 * with other sizes. One of them must fit. */
static const char *const beginnings[] = {
    "",           "input 32x32x8\n",    "input 32x32x3\n", "input 128x8\n",
    "input 64\n", "input 16x32x32x4\n", "input 28x28x1\n", "input 16000\n",
};

/* Defines the names in the parentheses of `example` as layers behind the input. */
static void define_names(const char *example, char *text, size_t size)
{
    const char *open = strchr(example, '(');
    if (open == NULL)
        return;
    size_t length = strlen(text);
    for (const char *at = open + 1; *at != '\0' && *at != ')';) {
        size_t name = strcspn(at, " ,)");
        if (name > 0)
            length += (size_t)snprintf(text + length, size - length,
                                       "%.*s = activation(input_layer) linear\n", (int)name, at);
        at += name;
        at += strspn(at, " ,");
    }
}

static bool parses(const test_context *test, const char *beginning, const char *example)
{
    char text[1024];
    stria_model *model = NULL;
    stria_error err = {0};
    snprintf(text, sizeof text, "%s", beginning);
    if (*beginning != '\0')
        define_names(example, text, sizeof text);
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s\n", example);
    bool good = stria_model_parse(&model, test->context, text, strlen(text), NULL, &err) == STRIA_OK;
    stria_model_free(model);
    return good;
}

static void test_examples_parse(void **state)
{
    (void)state;
    test_context test;
    stria_layer_kind_info kind;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; stria_layer_kind_describe(i, &kind); i++) {
        bool good = false;
        for (size_t b = 0; !good && b < sizeof beginnings / sizeof beginnings[0]; b++)
            good = parses(&test, beginnings[b], kind.example);
        if (!good)
            fail_msg("%s: its example '%s' fits none of the inputs", kind.name, kind.example);
        if (strstr(kind.example, kind.name) == NULL)
            fail_msg("%s: its example is '%s'", kind.name, kind.example);
    }
    test_context_close(&test);
}

static void test_every_field_is_filled(void **state)
{
    (void)state;
    stria_layer_kind_info kind;
    for (size_t i = 0; stria_layer_kind_describe(i, &kind); i++) {
        const char *const fields[] = {kind.name,  kind.aliases, kind.keras_class,
                                      kind.title, kind.formula, kind.example};
        for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++)
            if (fields[f] == NULL || (*fields[f] == '\0' && fields[f] != kind.aliases))
                fail_msg("%s: field %zu is empty", kind.name, f);
        if (!isupper((unsigned char)kind.keras_class[0]))
            fail_msg("%s: '%s' is no class of Keras", kind.name, kind.keras_class);
        if (kind.onnx_operator != NULL && !isupper((unsigned char)kind.onnx_operator[0]))
            fail_msg("%s: '%s' is no operator of ONNX", kind.name, kind.onnx_operator);
        if (strchr(kind.title, '\n') != NULL || kind.title[strlen(kind.title) - 1] != '.')
            fail_msg("%s: its title is not one sentence: '%s'", kind.name, kind.title);
        stria_argument_info argument;
        for (size_t a = 0; stria_layer_kind_argument(i, a, &argument); a++)
            if (argument.name == NULL || argument.help == NULL || *argument.help == '\0')
                fail_msg("%s: argument %zu is not explained", kind.name, a);
    }
}

/* A kind is found by each of its names, and no two kinds share one. */
static void test_names_are_unique(void **state)
{
    (void)state;
    stria_layer_kind_info kind;
    for (size_t i = 0; stria_layer_kind_describe(i, &kind); i++) {
        assert_int_equal(stria_layer_kind_find(kind.name), (int)i);
        assert_int_equal(stria_layer_kind_find(kind.keras_class), (int)i);
        for (const char *alias = kind.aliases; *alias != '\0';) {
            char name[64];
            size_t length = strcspn(alias, " ");
            snprintf(name, sizeof name, "%.*s", (int)length, alias);
            if (stria_layer_kind_find(name) != (int)i)
                fail_msg("%s: '%s' is the name of another kind too", kind.name, name);
            alias += length;
            alias += strspn(alias, " ");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_parse),
        cmocka_unit_test(test_every_field_is_filled),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
