/* Folders of CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky, "Learning multiple layers of
 * features from tiny images", 2009): records of a label, for CIFAR-100 a coarse and a fine one, and 32x32
 * bytes of red, of green and of blue. CIFAR-10 is data_batch_1.bin to data_batch_5.bin and test_batch.bin,
 * CIFAR-100 train.bin and test.bin; names of classes are in batches.meta.txt and fine_label_names.txt, which
 * may be missing. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/sources.h"

#define SIDE        32
#define PIXELS      ((size_t)SIDE * SIDE)
#define MOST_FILES  5
#define NAMES_LIMIT 65536

typedef struct kind {
    const char *files[2]; /* of each part; "%d" is 1 to MOST_FILES */
    const char *names;
    size_t label, labels; /* which of how many bytes before the pixels is the label */
    size_t classes;
} kind;

static const kind kinds[2] = {
    {{"data_batch_%d.bin", "test_batch.bin"}, "batches.meta.txt", 0, 1, 10},
    {{"train.bin", "test.bin"}, "fine_label_names.txt", 1, 2, 100},
};

/* The files of one part, whole. */
typedef struct batches {
    void *bytes[MOST_FILES];
    size_t records[MOST_FILES];
    size_t count, all;
} batches;

static stria_status path_of(stria_text *path, stria_context *context, const char *folder, const char *pattern,
                            int number, stria_error *err)
{
    const char *slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/' ? "" : "/";
    const char *place = strstr(pattern, "%d");
    *path = (stria_text){.allocator = &context->allocator};
    stria_text_format(path, "%s%s", folder, slash);
    if (place == NULL)
        stria_text_add(path, pattern);
    else
        stria_text_format(path, "%.*s%d%s", (int)(place - pattern), pattern, number, place + 2);
    return path->failed ? stria_fail_memory(err, strlen(folder) + strlen(pattern) + 8) : STRIA_OK;
}

/* *found: there is such a file. */
static stria_status probe(bool *found, stria_context *context, const char *folder, const char *pattern,
                          int number, stria_error *err)
{
    stria_text path;
    int what = 0;
    stria_status status = path_of(&path, context, folder, pattern, number, err);
    if (status == STRIA_OK)
        status = stria_data_probe(context, path.bytes, &what, err);
    stria_text_free(&path);
    *found = what == 1;
    return status;
}

static stria_status find_kind(const kind **found, stria_context *context, const char *folder,
                              stria_error *err)
{
    *found = NULL;
    for (size_t k = 0; k < 2; k++) {
        bool there;
        STRIA_TRY(probe(&there, context, folder, kinds[k].files[0], 1, err));
        if (there) {
            *found = &kinds[k];
            break;
        }
    }
    return STRIA_OK;
}

stria_status stria_cifar_looks(bool *found, stria_context *context, const char *folder, stria_error *err)
{
    const kind *of;
    STRIA_TRY(find_kind(&of, context, folder, err));
    *found = of != NULL;
    return STRIA_OK;
}

/* ---- Reading ---- */

/* Reads file `number` of a part. */
static stria_status read_batch(batches *to, stria_context *context, const kind *of, stria_part part,
                               const char *folder, int number, stria_error *err)
{
    const size_t record = of->labels + 3 * PIXELS;
    stria_text path;
    size_t size = 0;
    stria_status status = path_of(&path, context, folder, of->files[part], number, err);
    if (status == STRIA_OK)
        status =
            stria_file_read(context, path.bytes, STRIA_DATA_FILE_LIMIT, &to->bytes[to->count], &size, err);
    if (status == STRIA_OK) {
        to->records[to->count++] = size / record;
        to->all += size / record;
        if (size == 0 || size % record != 0)
            status = stria_fail(
                err, STRIA_ERROR_FORMAT,
                "%s: %zu bytes are not whole records of %zu: CIFAR-%zu's binary version is expected",
                path.bytes, size, record, of->classes);
    }
    stria_text_free(&path);
    return status;
}

/* Reads the files of a part that there are; they are numbered without a gap. */
static stria_status read_part(batches *to, stria_context *context, const kind *of, stria_part part,
                              const char *folder, stria_error *err)
{
    const int files = strchr(of->files[part], '%') != NULL ? MOST_FILES : 1;
    int missing = 0;
    for (int number = 1; number <= files; number++) {
        bool there;
        STRIA_TRY(probe(&there, context, folder, of->files[part], number, err));
        if (!there) {
            missing = number;
            continue;
        }
        if (missing > 0)
            return stria_fail(err, STRIA_ERROR_MISSING,
                              "%s: data_batch_%d.bin is missing, and later batches are there", folder,
                              missing);
        STRIA_TRY(read_batch(to, context, of, part, folder, number, err));
    }
    return STRIA_OK;
}

/* From planes of colours to pixels. */
static void unpack(const uint8_t *planes, uint8_t *pixels)
{
    for (size_t p = 0; p < PIXELS; p++)
        for (size_t c = 0; c < 3; c++)
            pixels[3 * p + c] = planes[c * PIXELS + p];
}

static stria_status take_part(stria_dataset *data, stria_part part, const kind *of, const batches *from,
                              const char *name, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    uint8_t *labels = stria_allocate_array(allocator, from->all, 1);
    void *pixels = stria_allocate_array(allocator, from->all, 3 * PIXELS);
    stria_status status = STRIA_OK;
    if (labels == NULL || pixels == NULL)
        status = stria_fail_memory(err, from->all * 3 * PIXELS);
    size_t at = 0;
    for (size_t f = 0; f < from->count && status == STRIA_OK; f++) {
        const uint8_t *record = from->bytes[f];
        for (size_t r = 0; r < from->records[f]; r++, at++, record += of->labels + 3 * PIXELS) {
            labels[at] = record[of->label];
            unpack(record + of->labels, (uint8_t *)pixels + at * 3 * PIXELS);
        }
    }
    const int64_t count = (int64_t)from->all;
    const stria_npy x = {.type = STRIA_U8,
                         .rank = 4,
                         .sizes = {count, SIDE, SIDE, 3},
                         .count = from->all * 3 * PIXELS,
                         .elements = pixels};
    const stria_npy y = {
        .type = STRIA_U8, .rank = 1, .sizes = {count}, .count = from->all, .elements = labels};
    if (status == STRIA_OK)
        status = stria_dataset_take_x(data, part, &x, &pixels, name, err);
    if (status == STRIA_OK)
        status = stria_dataset_take_y(data, part, &y, name, err);
    stria_release(allocator, labels);
    stria_release(allocator, pixels);
    return status;
}

static stria_status open_part(stria_dataset *data, stria_part part, const kind *of, const char *folder,
                              stria_error *err)
{
    batches from = {0};
    stria_status status = read_part(&from, data->context, of, part, folder, err);
    if (status == STRIA_OK && from.count > 0)
        status = take_part(data, part, of, &from, folder, err);
    for (size_t f = 0; f < MOST_FILES; f++)
        stria_release(&data->context->allocator, from.bytes[f]);
    return status;
}

/* ---- Names ---- */

/* Cuts the text into lines that are not empty; *count may be more than `most`. */
static void cut_lines(char *text, const char **lines, size_t most, size_t *count)
{
    *count = 0;
    while (*text != '\0') {
        const size_t length = strcspn(text, "\r\n");
        const char end = text[length];
        text[length] = '\0';
        if (length > 0 && (*count)++ < most)
            lines[*count - 1] = text;
        text += length + (end != '\0');
    }
}

static stria_status finish(stria_dataset *data, const kind *of, const char *folder, stria_error *err)
{
    const char *names[100];
    void *text = NULL;
    size_t size, count = 0;
    bool there;
    STRIA_TRY(probe(&there, data->context, folder, of->names, 0, err));
    if (!there)
        return stria_dataset_finish(data, NULL, of->classes, folder, err);
    stria_text path;
    stria_status status = path_of(&path, data->context, folder, of->names, 0, err);
    if (status == STRIA_OK)
        status = stria_file_read(data->context, path.bytes, NAMES_LIMIT, &text, &size, err);
    if (status == STRIA_OK) {
        cut_lines(text, names, of->classes, &count);
        status = count == of->classes ? stria_dataset_finish(data, names, of->classes, folder, err)
                                      : stria_fail(err, STRIA_ERROR_FORMAT, "%s: %zu names for %zu classes",
                                                   path.bytes, count, of->classes);
    }
    stria_release(&data->context->allocator, text);
    stria_text_free(&path);
    return status;
}

stria_status stria_cifar_open(stria_dataset **data, stria_context *context, const char *folder,
                              stria_error *err)
{
    const kind *of;
    stria_dataset *made = NULL;
    STRIA_TRY(find_kind(&of, context, folder, err));
    if (of == NULL)
        return stria_fail(err, STRIA_ERROR_MISSING, "%s: no files of CIFAR", folder);
    STRIA_TRY(stria_dataset_new(&made, context, err));
    stria_status status = open_part(made, STRIA_PART_TRAIN, of, folder, err);
    if (status == STRIA_OK)
        status = open_part(made, STRIA_PART_TEST, of, folder, err);
    if (status == STRIA_OK)
        status = finish(made, of, folder, err);
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    stria_dataset_set_scale(made, 1.0 / 255);
    *data = made;
    return STRIA_OK;
}
