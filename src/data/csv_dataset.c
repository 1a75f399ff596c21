/* Data sets listed in a .csv file: a picture's path in each row, from the file's folder on, with a label by
 * number or by name, or with numbers to predict; and perhaps the part it belongs to. A header names the
 * columns: path (or file, filename, image), label (or class), part (or split) as train or test; without a
 * label column all others are targets. Without a header the first column is the path, a second one the label,
 * and several are targets. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/csv.h"
#include "data/files.h"
#include "data/sources.h"
#include "formats/quote.h"

#define NONE SIZE_MAX

typedef struct row {
    const char *path, *value; /* value: the label, where there is one column of labels */
    stria_part part;
} row;

typedef struct list {
    stria_dataset *data;
    const stria_allocator *allocator;
    const char *name;
    stria_csv csv;
    size_t columns, path, value, part; /* NONE where there is none */
    bool *is_target;                   /* [columns] */
    size_t target_count;
    row *rows;
    size_t count, capacity;
    float *targets; /* [count, target_count] */
    size_t targets_capacity;
} list;

/* ---- Columns ---- */

static bool is_word(const char *words, const char *field)
{
    char small[16];
    size_t length = strlen(field);
    if (length >= sizeof small)
        return false;
    for (size_t i = 0; i < length; i++)
        small[i] = stria_to_small(field[i]);
    return stria_words_find(words, small, length) >= 0;
}

static size_t find_column(const stria_csv *csv, const char *words)
{
    for (size_t c = 0; c < csv->count; c++)
        if (is_word(words, csv->fields[c]))
            return c;
    return NONE;
}

/* Learns what the columns are from the first row; *header is whether that only names them. */
static stria_status find_columns(list *l, bool *header, stria_error *err)
{
    const stria_csv *csv = &l->csv;
    l->columns = csv->count;
    l->path = find_column(csv, "path file filename image");
    *header = l->path != NONE;
    l->value = l->part = NONE;
    if (*header) {
        l->value = find_column(csv, "label class");
        l->part = find_column(csv, "part split");
    } else {
        l->path = 0;
    }
    l->is_target = stria_allocate_array(l->allocator, l->columns, sizeof *l->is_target);
    if (l->is_target == NULL)
        return stria_fail_memory(err, l->columns);
    size_t others = 0, last = 0;
    for (size_t c = 0; c < l->columns; c++) {
        if (c != l->path && c != l->value && c != l->part) {
            others++;
            last = c;
        }
    }
    if (l->value == NONE && others == 0)
        return stria_fail(
            err, STRIA_ERROR_FORMAT, "%s: line %lld: %s, and labels are expected behind the path", l->name,
            (long long)csv->line, *header ? "no column is called 'label'" : "there is one column");
    if (l->value == NONE && others == 1)
        l->value = last;
    for (size_t c = 0; c < l->columns && l->value == NONE; c++) {
        l->is_target[c] = c != l->path && c != l->part;
        l->target_count += l->is_target[c];
    }
    return STRIA_OK;
}

/* ---- Rows ---- */

static stria_status read_part(const list *l, stria_part *part, stria_error *err)
{
    *part = STRIA_PART_TRAIN;
    if (l->part == NONE || is_word("train training", l->csv.fields[l->part]))
        return STRIA_OK;
    *part = STRIA_PART_TEST;
    if (is_word("test val valid validation", l->csv.fields[l->part]))
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_FORMAT, "%s: line %lld: part '%s' is neither train nor test", l->name,
                      (long long)l->csv.line, stria_quote(STRIA_QUOTE_BUFFER, l->csv.fields[l->part]));
}

static stria_status read_targets(list *l, stria_error *err)
{
    size_t at = l->count * l->target_count;
    if (!stria_grow(l->allocator, (void **)&l->targets, &l->targets_capacity, at + l->target_count,
                    sizeof *l->targets))
        return stria_fail_memory(err, (at + l->target_count) * sizeof *l->targets);
    for (size_t c = 0; c < l->columns; c++) {
        double value;
        if (!l->is_target[c])
            continue;
        if (!stria_text_to_double(l->csv.fields[c], strlen(l->csv.fields[c]), &value))
            return stria_fail(
                err, STRIA_ERROR_FORMAT,
                "%s: line %lld: column %zu is '%s', and a target is a number; a column of classes is "
                "called 'label' in a first line that names the columns",
                l->name, (long long)l->csv.line, c + 1, stria_quote(STRIA_QUOTE_BUFFER, l->csv.fields[c]));
        l->targets[at++] = (float)value;
    }
    return STRIA_OK;
}

static stria_status add_row(list *l, stria_error *err)
{
    const stria_csv *csv = &l->csv;
    row made = {.path = csv->count == l->columns ? csv->fields[l->path] : ""};
    if (csv->count != l->columns)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: line %lld: %zu columns, and the first row has %zu",
                          l->name, (long long)csv->line, csv->count, l->columns);
    if (l->value != NONE)
        made.value = csv->fields[l->value];
    if (made.path[0] == '\0' || (made.value != NULL && made.value[0] == '\0'))
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: line %lld: the %s is empty", l->name,
                          (long long)csv->line, made.path[0] == '\0' ? "path" : "label");
    STRIA_TRY(read_part(l, &made.part, err));
    if (l->target_count > 0)
        STRIA_TRY(read_targets(l, err));
    if (!stria_grow(l->allocator, (void **)&l->rows, &l->capacity, l->count + 1, sizeof *l->rows))
        return stria_fail_memory(err, (l->count + 1) * sizeof *l->rows);
    l->rows[l->count++] = made;
    return STRIA_OK;
}

static stria_status read_rows(list *l, stria_error *err)
{
    bool header;
    STRIA_TRY(stria_csv_next(&l->csv, err));
    if (l->csv.count == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the list is empty", l->name);
    STRIA_TRY(find_columns(l, &header, err));
    if (!header)
        STRIA_TRY(add_row(l, err));
    for (;;) {
        STRIA_TRY(stria_csv_next(&l->csv, err));
        if (l->csv.count == 0)
            return STRIA_OK;
        STRIA_TRY(add_row(l, err));
    }
}

/* ---- Labels ---- */

/* Whole numbers are labels, other numbers targets, and anything else names classes. */
typedef enum value_kind { NUMBERS, TARGETS, NAMES } value_kind;

static value_kind kind_of_values(const list *l)
{
    value_kind kind = NUMBERS;
    for (size_t i = 0; i < l->count; i++) {
        const char *value = l->rows[i].value;
        int64_t integer;
        double number;
        if (!stria_text_to_double(value, strlen(value), &number))
            return NAMES;
        if (!stria_text_to_integer(value, strlen(value), &integer))
            kind = TARGETS;
    }
    return kind;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* *names: the different values, sorted. */
static stria_status collect_names(const list *l, const char ***names, size_t *count, stria_error *err)
{
    const char **all = stria_allocate_array(l->allocator, l->count, sizeof *all);
    if (all == NULL)
        return stria_fail_memory(err, l->count * sizeof *all);
    for (size_t i = 0; i < l->count; i++)
        all[i] = l->rows[i].value;
    qsort(all, l->count, sizeof *all, by_text);
    *count = 0;
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || strcmp(all[i], all[*count - 1]) != 0)
            all[(*count)++] = all[i];
    *names = all;
    if (*count > STRIA_MAX_LABEL + 1)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: %zu classes, at most %d are supported", l->name,
                          *count, STRIA_MAX_LABEL + 1);
    return STRIA_OK;
}

static stria_status label_of(const list *l, const row *of, const char *const *names, size_t name_count,
                             int32_t *label, stria_error *err)
{
    int64_t number = 0;
    if (names != NULL) {
        const char *const *found = bsearch(&of->value, names, name_count, sizeof *names, by_text);
        *label = (int32_t)(found - names);
        return STRIA_OK;
    }
    stria_text_to_integer(of->value, strlen(of->value), &number);
    if (number < 0 || number > STRIA_MAX_LABEL)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: label %lld of %s is outside 0 to %d", l->name,
                          (long long)number, stria_quote(STRIA_QUOTE_BUFFER, of->path), STRIA_MAX_LABEL);
    *label = (int32_t)number;
    return STRIA_OK;
}

static stria_status add_files(list *l, const char *const *names, size_t name_count, stria_error *err)
{
    for (size_t i = 0; i < l->count; i++) {
        const row *r = &l->rows[i];
        int32_t label = 0;
        const float *targets = NULL;
        float one;
        if (l->target_count > 0 && l->value == NONE) {
            targets = l->targets + i * l->target_count;
        } else if (l->target_count > 0) {
            double number = 0;
            stria_text_to_double(r->value, strlen(r->value), &number);
            one = (float)number;
            targets = &one;
        } else {
            STRIA_TRY(label_of(l, r, names, name_count, &label, err));
        }
        STRIA_TRY(stria_files_add(l->data, r->part, r->path, strlen(r->path), label, targets, l->target_count,
                                  err));
    }
    return STRIA_OK;
}

static stria_status build(list *l, const stria_dataset_options *options, stria_error *err)
{
    const char **names = NULL;
    size_t name_count = 0;
    stria_status status = STRIA_OK;
    if (l->count == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the list names no pictures", l->name);
    if (l->value != NONE) {
        const value_kind kind = kind_of_values(l);
        if (kind == NAMES)
            status = collect_names(l, &names, &name_count, err);
        else
            l->target_count = kind == TARGETS;
    }
    if (status == STRIA_OK && l->target_count > 0)
        l->data->target_shape = (stria_shape){.rank = 1, .sizes = {(int64_t)l->target_count}};
    if (status == STRIA_OK)
        status = add_files(l, names, name_count, err);
    if (status == STRIA_OK)
        status = stria_files_finish(l->data, options, names, name_count, l->name, err);
    stria_release(l->allocator, (void *)names);
    return status;
}

bool stria_csv_looks(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && is_word(".csv", path + length - 4);
}

stria_status stria_csv_dataset_open(stria_dataset **data, stria_context *context, const char *path,
                                    const stria_dataset_options *options, stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    const char *slash = strrchr(path, '/');
    const size_t folder_length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    list l = {.allocator = &context->allocator, .name = path};
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    stria_csv_begin(&l.csv, l.allocator, bytes, size, path);
    stria_status status = read_rows(&l, err);
    char *folder = stria_copy_text(l.allocator, path, folder_length);
    if (status == STRIA_OK && folder == NULL)
        status = stria_fail_memory(err, folder_length + 1);
    if (status == STRIA_OK)
        status = stria_files_new(&l.data, context, folder, options, err);
    if (status == STRIA_OK)
        status = build(&l, options, err);
    stria_release(l.allocator, folder);
    stria_release(l.allocator, l.rows);
    stria_release(l.allocator, l.targets);
    stria_release(l.allocator, l.is_target);
    stria_csv_free(&l.csv);
    stria_release(l.allocator, bytes);
    if (status != STRIA_OK) {
        stria_dataset_free(l.data);
        return status;
    }
    *data = l.data;
    return STRIA_OK;
}
