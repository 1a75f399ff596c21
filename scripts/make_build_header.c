/* Prints include/stria/build_layers.h from the argument tables of the library it is linked with.
 *
 *     make_build_header > include/stria/build_layers.h
 *     make_build_header --check FILE     exits with 1 when FILE is not what would be printed */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/layers.h>

#define WIDTH 120

/* The declaration of the member of an argument, by src/model/build.c's rule. */
static void print_member(FILE *out, const stria_argument_info *argument)
{
    static const struct {
        const char *type, *declaration;
    } types[] = {
        {"integer", "int64_t %s;"},  {"number", "double %s;"},     {"yes or no", "stria_yes_no %s;"},
        {"sizes", "int64_t %s[3];"}, {"shape", "stria_shape %s;"},
    };
    const char *declaration = "const char *%s;";
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].type, argument->type) == 0)
            declaration = types[i].declaration;
    char member[128], note[512], text[700];
    snprintf(member, sizeof member, declaration, argument->name);
    if (argument->default_value == NULL)
        snprintf(note, sizeof note, "; must be given");
    else if (argument->default_value[0] == '\0')
        note[0] = '\0';
    else
        snprintf(note, sizeof note, "; default %s", argument->default_value);
    if (argument->words != NULL)
        snprintf(note + strlen(note), sizeof note - strlen(note), "; of: %s", argument->words);
    snprintf(text, sizeof text, "%s%s", argument->help, note);
    if (strlen(member) + strlen(text) + 12 <= WIDTH) {
        fprintf(out, "    %s /* %s */\n", member, text);
        return;
    }
    fprintf(out, "    /* ");
    size_t column = 7;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        if (column + strlen(word) + 4 > WIDTH) {
            fprintf(out, "\n     * ");
            column = 7;
        }
        fprintf(out, column > 7 ? " %s" : "%s", word);
        column += strlen(word) + 1;
    }
    fprintf(out, " */\n    %s\n", member);
}

static void print_kind(FILE *out, size_t index, const stria_layer_kind_info *kind)
{
    fprintf(out, "/* %s In model text: %s */\n", kind->title, kind->example);
    fprintf(out,
            "typedef struct stria_%s_options {\n    const char *name; /* NULL: named after its kind */\n",
            kind->name);
    stria_argument_info argument;
    for (size_t i = 0; stria_layer_kind_argument(index, i, &argument); i++)
        print_member(out, &argument);
    fprintf(out, "} stria_%s_options;\n\n", kind->name);
    fprintf(
        out,
        "static inline stria_status stria_add_%s(stria_model *model, const char *inputs,\n"
        "    const stria_%s_options *options, stria_error *err)\n"
        "{\n    return stria_model_add_kind(model, \"%s\", inputs, options, sizeof *options, err);\n}\n\n",
        kind->name, kind->name, kind->name);
}

static void print_header(FILE *out)
{
    fputs("/* The options of every layer kind and the functions that add one; see stria/build.h for what "
          "they share.\n"
          " * Made by scripts/make_build_header.c from the layers' argument tables. */\n"
          "#ifndef STRIA_BUILD_LAYERS_H\n#define STRIA_BUILD_LAYERS_H\n\n#include <stria/build.h>\n\n"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
          out);
    stria_layer_kind_info kind;
    for (size_t i = 0; stria_layer_kind_describe(i, &kind); i++)
        print_kind(out, i, &kind);
    fputs("#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}

/* Whether the file holds what was printed. */
static bool is_current(const char *path, FILE *printed)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    rewind(printed);
    int a, b;
    do {
        a = getc(printed);
        b = getc(file);
    } while (a == b && a != EOF);
    fclose(file);
    return a == b;
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--check") != 0) {
        print_header(stdout);
        return 0;
    }
    FILE *printed = tmpfile();
    if (printed == NULL)
        return 2;
    print_header(printed);
    bool current = is_current(argv[2], printed);
    fclose(printed);
    if (!current)
        printf("%s is not what the layers' tables say; make it anew:\n  make_build_header > %s\n", argv[2],
               argv[2]);
    return current ? 0 : 1;
}
