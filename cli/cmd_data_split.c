/* stria data split DATA: deals the samples of a data set of picture files out to lists, which `stria train`
 * and the other commands read in its place. Pictures are neither moved nor copied.
 *
 * Each group becomes a list of its own, and data.csv holds the two that a training needs as its parts. A list
 * names its pictures from its own folder on where the two have a folder in common, else from the root. */
#define _XOPEN_SOURCE 700 /* realpath */

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "data.h"
#include "failure.h"
#include "json.h"
#include "table.h"
#include "text.h"

#define MOST_GROUPS 3
#define BOTH        MOST_GROUPS /* the list of two parts */

typedef struct split_options {
    const char *shares, *how, *output;
    int64_t seed;
    bool force, json;
} split_options;

/* A sample's list. */
typedef struct group {
    const char *name; /* "train" */
    size_t count;
    stria_part part; /* in data.csv; the third group is not in it */
} group;

typedef struct split {
    const split_options *options;
    const char *name;
    const stria_dataset *data;
    char folder[PATH_MAX]; /* of the lists, as the system calls it */
    group groups[MOST_GROUPS];
    size_t group_count;
    uint8_t *dealt;     /* [count] the group of each sample of the training part */
    bool names_classes; /* labels are written as names; else as numbers */
    char last_folder[PATH_MAX],
        last_found[PATH_MAX]; /* of the last picture, as given and as the system calls it */
} split;

/* ---- Shares and groups ---- */

static int read_shares(const char *text, double *shares, size_t *count)
{
    double sum = 0;
    *count = 0;
    for (const char *at = text;; at++) {
        char *end = NULL;
        const double share = strtod(at, &end);
        if (end == at || !(share > 0) || share > 1 || (*end != ',' && *end != '\0')) {
            return cli_fail(CLI_MISUSED, "--shares '%s' are no numbers above 0 such as 0.8,0.1,0.1", text);
        }
        if (*count == MOST_GROUPS) {
            return cli_fail(CLI_MISUSED, "--shares '%s': give 2, or 3 for a validation list", text);
        }
        shares[(*count)++] = share;
        sum += share;
        at = end;
        if (*at == '\0') {
            break;
        }
    }
    if (*count < 2) {
        return cli_fail(CLI_MISUSED, "--shares '%s': give 2, or 3 for a validation list", text);
    }
    if (sum < 1 - 1e-6 || sum > 1 + 1e-6) {
        return cli_fail(CLI_MISUSED, "--shares '%s' make %g together, not 1", text, sum);
    }
    return CLI_DONE;
}

/* What the groups are called. Data that has a test part keeps it: its training part is dealt out. */
static int name_groups(split *s, size_t shares)
{
    const bool has_test = stria_dataset_count(s->data, STRIA_PART_TEST) > 0;
    static const char *const names[MOST_GROUPS] = {"train", "validation", "test"};
    if (has_test && shares > 2) {
        return cli_fail(CLI_MISUSED,
                        "%s has a test part, which stays one: give 2 shares, for training and validation",
                        s->name);
    }
    s->group_count = has_test ? 3 : shares;
    for (size_t g = 0; g < s->group_count; g++) {
        s->groups[g].name = names[s->group_count == 2 && g == 1 ? 2 : g];
        s->groups[g].part = g == 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    }
    return CLI_DONE;
}

static int deal(split *s)
{
    double shares[MOST_GROUPS];
    size_t count;
    stria_error err = {0};
    int status = read_shares(s->options->shares, shares, &count);
    if (status == CLI_DONE) {
        status = name_groups(s, count);
    }
    if (status != CLI_DONE) {
        return status;
    }
    const size_t samples = stria_dataset_count(s->data, STRIA_PART_TRAIN);
    s->dealt = malloc(samples > 0 ? samples : 1);
    if (s->dealt == NULL) {
        return cli_fail_memory();
    }
    if (stria_dataset_split(s->data, STRIA_PART_TRAIN, shares, count, s->options->how,
                            (uint64_t)s->options->seed, s->dealt, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    for (size_t i = 0; i < samples; i++) {
        s->groups[s->dealt[i]].count++;
    }
    if (s->group_count > count) {
        s->groups[count].count = stria_dataset_count(s->data, STRIA_PART_TEST);
    }
    return CLI_DONE;
}

static size_t group_of(const split *s, stria_place place)
{
    return place.part == STRIA_PART_TEST ? s->group_count - 1 : s->dealt[place.index];
}

/* ---- Writing ---- */

/* A field as in RFC 4180. */
static void write_field(FILE *file, const char *text)
{
    if (text[0] != '\0' && text[0] != ' ' && strpbrk(text, "\",\r\n\t") == NULL) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text != '\0'; text++) {
        fputs(*text == '"' ? "\"" : "", file);
        fputc(*text, file);
    }
    fputc('"', file);
}

/* Points `found` to the folder of a picture as the system calls it, without links; remembers the last. */
static bool find_folder(split *s, const char *folder, const char **found)
{
    if (s->last_found[0] == '\0' || strcmp(folder, s->last_folder) != 0) {
        if (strlen(folder) >= sizeof s->last_folder || realpath(folder, s->last_found) == NULL) {
            s->last_found[0] = '\0';
            return false;
        }
        strcpy(s->last_folder, folder);
    }
    *found = s->last_found;
    return true;
}

/* The way from the lists' folder to `folder`, both whole paths: "" or with a slash at its end; `folder`
 * itself when they have nothing in common. */
static void write_way(const char *from, const char *folder, char *way, size_t size)
{
    size_t common = 0, at = 0;
    for (; from[at] == folder[at] && from[at] != '\0'; at++) {
        common = from[at] == '/' ? at : common;
    }
    if ((from[at] == '\0' || from[at] == '/') && (folder[at] == '\0' || folder[at] == '/')) {
        common = at;
    }
    way[0] = '\0';
    size_t length = 0;
    if (common > 0) {
        for (const char *up = from + common; *up != '\0'; up++) {
            if (*up == '/') {
                length += (size_t)snprintf(way + length, length < size ? size - length : 0, "../");
            }
        }
    }
    const char *rest = common > 0 ? folder + common + (folder[common] == '/') : folder;
    if (*rest != '\0' && length < size) {
        snprintf(way + length, size - length, "%s%s", rest, rest[strlen(rest) - 1] == '/' ? "" : "/");
    }
}

/* A picture's path as the lists have it. */
static int write_path(split *s, FILE *file, stria_place place)
{
    char *path = data_sample_name(s->data, place), way[2 * PATH_MAX];
    if (path == NULL) {
        return cli_fail_memory();
    }
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path, *found = NULL;
    if (slash != NULL) {
        *slash = '\0';
    }
    int status = CLI_DONE;
    if (!find_folder(s, slash == NULL ? "." : slash == path ? "/" : path, &found)) {
        status = cli_fail(CLI_ENVIRONMENT, "%s: the folder cannot be found: %s", path, strerror(errno));
    } else {
        write_way(s->folder, found, way, sizeof way);
        const size_t length = strlen(way) + strlen(name) + 1;
        char *whole = malloc(length);
        if (whole != NULL) {
            snprintf(whole, length, "%s%s", way, name);
            write_field(file, whole);
        } else {
            status = cli_fail_memory();
        }
        free(whole);
    }
    free(path);
    return status;
}

static void write_answer(const split *s, FILE *file, stria_place place)
{
    const int32_t label = stria_dataset_label(s->data, place.part, place.index);
    const float *targets = stria_dataset_targets(s->data, place.part, place.index);
    const int64_t count = stria_dataset_target_shape(s->data)->sizes[0];
    if (targets == NULL && s->names_classes) {
        fputc(',', file);
        write_field(file, stria_dataset_class_name(s->data, (size_t)label));
    } else if (targets == NULL) {
        fprintf(file, ",%ld", (long)label);
    }
    for (int64_t t = 0; t < count && targets != NULL; t++) {
        fprintf(file, ",%.9g", (double)targets[t]);
    }
}

static int write_rows(split *s, FILE *file, size_t list)
{
    const int64_t targets = stria_dataset_target_shape(s->data)->sizes[0];
    const bool has_labels = stria_dataset_class_count(s->data) > 0;
    fputs("path", file);
    fputs(has_labels ? ",label" : "", file);
    for (int64_t t = 0; t < targets && !has_labels; t++) {
        fprintf(file, ",target%lld", (long long)t);
    }
    fputs(list == BOTH ? ",part\n" : "\n", file);
    for (int part = 0; part < 2; part++) {
        const size_t count = stria_dataset_count(s->data, (stria_part)part);
        for (size_t i = 0; i < count; i++) {
            const stria_place place = {(stria_part)part, (uint32_t)i};
            const size_t of = group_of(s, place);
            if (list == BOTH ? of > 1 : of != list) {
                continue;
            }
            const int status = write_path(s, file, place);
            if (status != CLI_DONE) {
                return status;
            }
            write_answer(s, file, place);
            fputs(list != BOTH ? "\n" : of == 0 ? ",train\n" : ",test\n", file);
        }
    }
    return CLI_DONE;
}

/* "FOLDER/train.csv"; `kind` is behind it. */
static char *list_path(const split *s, size_t list, const char *kind, char path[PATH_MAX])
{
    const char *name = list == BOTH ? "data" : s->groups[list].name;
    return snprintf(path, PATH_MAX, "%s/%s.csv%s", s->options->output, name, kind) < PATH_MAX ? path : NULL;
}

/* Writes a list beside its place and moves it there, so that there is never half a list. */
static int write_list(split *s, size_t list)
{
    char path[PATH_MAX], partial[PATH_MAX];
    if (list_path(s, list, "", path) == NULL || list_path(s, list, ".partial", partial) == NULL) {
        return cli_fail(CLI_MISUSED, "--output: the path is too long");
    }
    FILE *file = fopen(partial, "w");
    if (file == NULL) {
        return cli_fail(CLI_ENVIRONMENT, "%s: cannot be written: %s", partial, strerror(errno));
    }
    int status = write_rows(s, file, list);
    const bool failed = ferror(file) != 0;
    errno = 0;
    if ((fclose(file) != 0 || failed || (status == CLI_DONE && rename(partial, path) != 0)) &&
        status == CLI_DONE) {
        status =
            cli_fail(CLI_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno != 0 ? errno : EIO));
    }
    if (status != CLI_DONE) {
        remove(partial);
    }
    return status;
}

/* ---- Checks ---- */

/* Labels are named, unless all names are numbers: a list of those would be read as numbers. */
static bool has_names(const stria_dataset *data)
{
    for (size_t c = 0; c < stria_dataset_class_count(data); c++) {
        const char *name = stria_dataset_class_name(data, c);
        char *end = NULL;
        (void)strtod(name, &end);
        if (end == name || *end != '\0') {
            return true;
        }
    }
    return false;
}

static int check_files(const split *s)
{
    const stria_part part =
        stria_dataset_count(s->data, STRIA_PART_TRAIN) > 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    if (stria_dataset_path(s->data, part, 0, NULL, 0) == 0) {
        return cli_fail(
            CLI_BAD_INPUT,
            "%s: its samples are not in files of their own, so no list can name them; 'stria train' "
            "takes a share of them with --validation 0.1 --stratified",
            s->name);
    }
    return CLI_DONE;
}

/* Whether the lists' folder is that of the data, or within it: a folder there is a class. */
static bool is_within_data(const split *s)
{
    char data[PATH_MAX];
    struct stat about;
    if (stat(s->name, &about) != 0 || !S_ISDIR(about.st_mode) || realpath(s->name, data) == NULL) {
        return false;
    }
    const size_t length = strlen(data);
    return strncmp(data, s->folder, length) == 0 && (s->folder[length] == '/' || s->folder[length] == '\0');
}

static int prepare_folder(split *s)
{
    const char *output = s->options->output;
    const bool made = mkdir(output, 0777) == 0;
    if (!made && errno != EEXIST) {
        return cli_fail(CLI_ENVIRONMENT, "%s: the folder cannot be made: %s", output, strerror(errno));
    }
    if (realpath(output, s->folder) == NULL) {
        return cli_fail(CLI_ENVIRONMENT, "%s: cannot be found: %s", output, strerror(errno));
    }
    if (is_within_data(s)) {
        if (made) {
            rmdir(output);
        }
        return cli_fail(CLI_MISUSED, "--output %s lies in %s, where folders are classes; give one beside it",
                        output, s->name);
    }
    for (size_t list = 0; list <= BOTH; list++) {
        char path[PATH_MAX];
        if ((list < s->group_count || list == BOTH) && list_path(s, list, "", path) != NULL &&
            cli_exists(path) && !s->options->force) {
            return cli_fail(CLI_ENVIRONMENT, "%s exists; --force overwrites it", path);
        }
    }
    return CLI_DONE;
}

/* Classes of which a group has no sample: named lists then number classes differently. */
static int check_classes(const split *s)
{
    const size_t classes = stria_dataset_class_count(s->data);
    size_t *counts = calloc(classes * MOST_GROUPS + 1, sizeof *counts);
    if (counts == NULL) {
        return cli_fail_memory();
    }
    for (int part = 0; part < 2 && classes > 0; part++) {
        for (size_t i = 0; i < stria_dataset_count(s->data, (stria_part)part); i++) {
            const stria_place place = {(stria_part)part, (uint32_t)i};
            const int32_t label = stria_dataset_label(s->data, place.part, i);
            counts[(size_t)label * MOST_GROUPS + group_of(s, place)]++;
        }
    }
    for (size_t g = 0; g < s->group_count; g++) {
        for (size_t c = 0; c < classes; c++) {
            const size_t *of = counts + c * MOST_GROUPS;
            if (of[g] == 0 && of[0] + of[1] + of[2] > 0) {
                cli_note("warning: %s.csv has no samples of class '%s'%s", s->groups[g].name,
                         stria_dataset_class_name(s->data, c),
                         s->names_classes ? ", so that it numbers the classes behind it differently" : "");
                break;
            }
        }
    }
    free(counts);
    return CLI_DONE;
}

/* ---- Telling ---- */

static int tell(const split *s)
{
    static const cli_column columns[] = {
        {.title = "list"}, {.title = "samples", .right = true}, {.title = "for"}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    char number[CLI_NUMBER_SIZE], path[PATH_MAX];
    for (size_t g = 0; g < s->group_count; g++) {
        cli_table_add(&table, "%s", list_path(s, g, "", path));
        cli_table_add(&table, "%s", cli_count_text((int64_t)s->groups[g].count, number));
        cli_table_add(&table, "%s", s->groups[g].name);
    }
    cli_table_add(&table, "%s", list_path(s, BOTH, "", path));
    cli_table_add(&table, "%s", cli_count_text((int64_t)(s->groups[0].count + s->groups[1].count), number));
    cli_table_add(&table, "train and %s as the parts of one", s->groups[1].name);
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

static int tell_json(const split *s)
{
    char path[PATH_MAX];
    cli_json *object = cli_json_object(), *lists = cli_json_list();
    for (size_t g = 0; g < s->group_count; g++) {
        cli_json *list = cli_json_object();
        cli_json_set(list, "list", cli_json_text(s->groups[g].name));
        cli_json_set(list, "file", cli_json_text(list_path(s, g, "", path)));
        cli_json_set(list, "count", cli_json_integer((int64_t)s->groups[g].count));
        cli_json_append(lists, list);
    }
    cli_json_set(object, "schema", cli_json_text("stria.split/1"));
    cli_json_set(object, "data", cli_json_text(s->name));
    cli_json_set(object, "file", cli_json_text(list_path(s, BOTH, "", path)));
    cli_json_set(object, "lists", lists);
    return cli_json_print(object);
}

/* ---- The command ---- */

static int write_lists(split *s)
{
    s->names_classes = has_names(s->data);
    int status = check_files(s);
    if (status == CLI_DONE) {
        status = deal(s);
    }
    if (status == CLI_DONE) {
        status = prepare_folder(s);
    }
    for (size_t list = 0; list <= BOTH && status == CLI_DONE; list++) {
        status = list < s->group_count || list == BOTH ? write_list(s, list) : CLI_DONE;
    }
    if (status == CLI_DONE) {
        status = check_classes(s);
    }
    if (status == CLI_DONE) {
        status = s->options->json ? tell_json(s) : tell(s);
    }
    return status;
}

static int run(int argc, char **argv)
{
    split_options options = {.shares = "0.8,0.2"};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_data_split_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    if (options.output == NULL) {
        return cli_fail(CLI_MISUSED, "the folder for the lists is missing: -o FOLDER");
    }
    split s = {.options = &options, .name = arguments.items[0]};
    stria_context *context = NULL;
    stria_dataset *data = NULL;
    if (options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &(cli_machine){0});
    }
    if (status == CLI_DONE) {
        status = data_open(&data, context, s.name, 0);
    }
    if (status == CLI_DONE) {
        s.data = data;
        status = write_lists(&s);
    }
    free(s.dealt);
    stria_dataset_free(data);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_TEXT_ROW(
        "shares", split_options, shares, "A,B[,C]",
        "shares for training and testing, or for training, validation and testing (default 0.8,0.2)"),
    CLI_WORDS_ROW("how", split_options, how, "HOW", "stratified random end",
                  "stratified: every class has its share of every list; random; or end: the lists take the "
                  "samples as they "
                  "stand (default: stratified where there are classes, else random)"),
    CLI_INTEGER_ROW("seed", split_options, seed, "N", 0, 9007199254740992.0,
                    "of the dealing (default 0); the same seed gives the same lists"),
    CLI_OUTPUT_ROW(split_options, output, "FOLDER", "where the lists go; made when it is missing"),
    CLI_FLAG_ROW("force", split_options, force, "overwrite lists that are there"),
    CLI_JSON_ROW(split_options, json),
};

const cli_command cli_data_split_command = {
    .name = "data split",
    .title = "deals pictures out to lists for training and testing",
    .arguments = "DATA",
    .min_arguments = 1,
    .max_arguments = 1,
    .description = "Writes FOLDER/train.csv and test.csv, with three shares also validation.csv, and "
                   "data.csv, which has training "
                   "and testing (or validation) as its two parts. Commands read each of them as DATA. "
                   "Pictures stay where they "
                   "are. Data that has a test part keeps it: its training part is dealt out to train.csv and "
                   "validation.csv.\n\nA data set in a folder called split is ./split.",
    .examples = "stria data split photos/ -o lists\n"
                "stria data split photos/ --shares 0.7,0.15,0.15 --seed 1 -o lists\n"
                "stria train net.stria lists/data.csv --validation test",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};
