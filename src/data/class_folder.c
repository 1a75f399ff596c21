/* A folder with a folder of pictures for each class, listed in the order of Keras's
 * image_dataset_from_directory: classes are the subfolders sorted by name; a class's files are those of its
 * folder and of the folders in it, sorted by folder, then by name. Names are compared as bytes, which for
 * UTF-8 is the order of their characters. Unlike there, names that begin with a dot are left out everywhere,
 * and a class without pictures is an error unless it is asked for. Subfolders "train" and "test" (or "val",
 * "valid", "validation") with nothing beside them are the two parts. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/files.h"
#include "data/sources.h"
#include "formats/quote.h"

/* Names, in an arena. */
typedef struct name_list {
    const char **names;
    size_t count, capacity;
} name_list;

/* A file of a class: the folder it is in, from the data set's folder on, and its name. */
typedef struct found_file {
    const char *folder, *name;
} found_file;

typedef struct scan {
    stria_dataset *data;
    stria_context *context;
    const char *root;  /* the data set's folder */
    stria_arena arena; /* of the names of one class */
    name_list queue;   /* folders of the class, from the root on */
    found_file *files;
    size_t count, capacity;
} scan;

/* ---- Reading folders ---- */

typedef stria_status (*visit_fn)(void *payload, const char *name, int kind, stria_error *err);

static stria_status fail_folder(const char *path, int failure, stria_error *err)
{
    char cause[128];
    return stria_fail(err, stria_status_from_errno(failure), "%s: the folder cannot be read: %s", path,
                      stria_errno_text(failure, cause, sizeof cause));
}

/* Visits every name in a folder that does not begin with a dot. */
static stria_status read_folder(stria_context *context, const char *path, visit_fn visit, void *payload,
                                stria_error *err)
{
    const stria_io *io = &context->io;
    void *folder = NULL;
    if (io->open_folder == NULL)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s: the context's files have no folders", path);
    int failure = io->open_folder(io->payload, path, &folder);
    if (failure != 0)
        return fail_folder(path, failure, err);
    stria_status status = STRIA_OK;
    while (status == STRIA_OK) {
        const char *name = NULL;
        int kind = 0;
        failure = io->read_folder(io->payload, folder, &name, &kind);
        if (failure != 0)
            status = fail_folder(path, failure, err);
        else if (name == NULL)
            break;
        else if (name[0] != '.')
            status = visit(payload, name, kind, err);
    }
    io->close_folder(io->payload, folder); /* nothing was written */
    return status;
}

static stria_status add_name(const stria_allocator *allocator, stria_arena *arena, name_list *list,
                             const char *folder, const char *name, stria_error *err)
{
    const size_t before = strlen(folder), length = strlen(name);
    char *copy = stria_arena_allocate(arena, before + length + 2);
    if (copy == NULL ||
        !stria_grow(allocator, (void **)&list->names, &list->capacity, list->count + 1, sizeof *list->names))
        return stria_fail_memory(err, before + length + 2);
    memcpy(copy, folder, before);
    if (before > 0)
        copy[before] = '/';
    memcpy(copy + before + (before > 0), name, length + 1);
    list->names[list->count++] = copy;
    return STRIA_OK;
}

/* "root/inner", which the caller frees with stria_text_free. */
static stria_status path_of(stria_text *path, stria_context *context, const char *root, const char *inner,
                            stria_error *err)
{
    *path = (stria_text){.allocator = &context->allocator};
    stria_text_add(path, root);
    if (root[0] != '\0' && root[strlen(root) - 1] != '/')
        stria_text_add(path, "/");
    stria_text_add(path, inner);
    return path->failed ? stria_fail_memory(err, strlen(root) + strlen(inner) + 1) : STRIA_OK;
}

/* ---- The files of a class ---- */

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".bmp", ".gif", ".jpeg", ".jpg", ".pbm",
                                          ".pgm", ".png", ".pnm",  ".ppm", ".webp"};
    const size_t length = strlen(name);
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
        const size_t size = strlen(endings[e]);
        size_t i = 0;
        while (length > size && i < size && stria_to_small(name[length - size + i]) == endings[e][i])
            i++;
        if (i == size)
            return true;
    }
    return false;
}

typedef struct class_visit {
    scan *of;
    const char *folder;
} class_visit;

/* Links to folders are not followed: they may lead back. */
static stria_status visit_in_class(void *payload, const char *name, int kind, stria_error *err)
{
    const class_visit *visit = payload;
    scan *s = visit->of;
    const stria_allocator *allocator = &s->context->allocator;
    if (kind == 2)
        return add_name(allocator, &s->arena, &s->queue, visit->folder, name, err);
    if (kind != 1 || !is_picture(name))
        return STRIA_OK;
    char *copy = stria_arena_copy_text(&s->arena, name, strlen(name));
    if (copy == NULL ||
        !stria_grow(allocator, (void **)&s->files, &s->capacity, s->count + 1, sizeof *s->files))
        return stria_fail_memory(err, strlen(name) + 1);
    s->files[s->count++] = (found_file){visit->folder, copy};
    return STRIA_OK;
}

static int by_folder_and_name(const void *a, const void *b)
{
    const found_file *left = a, *right = b;
    const int folders = strcmp(left->folder, right->folder);
    return folders != 0 ? folders : strcmp(left->name, right->name);
}

static stria_status add_files(scan *s, stria_part part, int32_t label, stria_error *err)
{
    stria_text path = {.allocator = &s->context->allocator};
    stria_status status = STRIA_OK;
    for (size_t i = 0; i < s->count && status == STRIA_OK; i++) {
        path.length = 0;
        stria_text_format(&path, "%s/%s", s->files[i].folder, s->files[i].name);
        status = path.failed ? stria_fail_memory(err, strlen(s->files[i].name))
                             : stria_files_add(s->data, part, path.bytes, path.length, label, NULL, 0, err);
    }
    stria_text_free(&path);
    return status;
}

/* Lists the class whose folder, from the root on, is `folder`; *count files were found. */
static stria_status scan_class(scan *s, stria_part part, const char *folder, int32_t label, size_t *count,
                               stria_error *err)
{
    s->queue.count = s->count = 0;
    stria_status status = add_name(&s->context->allocator, &s->arena, &s->queue, "", folder, err);
    for (size_t next = 0; next < s->queue.count && status == STRIA_OK; next++) {
        stria_text path;
        class_visit visit = {s, s->queue.names[next]};
        status = path_of(&path, s->context, s->root, visit.folder, err);
        if (status == STRIA_OK)
            status = read_folder(s->context, path.bytes, visit_in_class, &visit, err);
        stria_text_free(&path);
    }
    if (status == STRIA_OK && s->count > 0) {
        qsort(s->files, s->count, sizeof *s->files, by_folder_and_name);
        status = add_files(s, part, label, err);
    }
    *count = s->count;
    stria_arena_clear(&s->arena);
    return status;
}

/* ---- Classes and parts ---- */

/* What a folder holds, hidden names left out. */
typedef struct listing {
    const stria_allocator *allocator;
    stria_arena arena;
    name_list folders; /* sorted */
    size_t pictures;   /* that lie in it directly */
} listing;

static stria_status visit_in_root(void *payload, const char *name, int kind, stria_error *err)
{
    listing *list = payload;
    if (kind == 2 || kind == 4)
        return add_name(list->allocator, &list->arena, &list->folders, "", name, err);
    list->pictures += kind == 1 && is_picture(name);
    return STRIA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static stria_status list_folder(listing *list, stria_context *context, const char *path, stria_error *err)
{
    *list = (listing){.allocator = &context->allocator, .arena = {.allocator = &context->allocator}};
    STRIA_TRY(read_folder(context, path, visit_in_root, list, err));
    if (list->folders.count > 0)
        qsort(list->folders.names, list->folders.count, sizeof *list->folders.names, by_name);
    return STRIA_OK;
}

static void listing_free(listing *list)
{
    if (list->allocator == NULL)
        return;
    stria_release(list->allocator, (void *)list->folders.names);
    stria_arena_clear(&list->arena);
}

#define PART_NAMES "train test val valid validation"

/* The subfolders of the parts when the folder has those and nothing else; test is NULL when there is none. Of
 * several that could be the test part "test" is. */
static bool find_parts(const listing *root, const char **train, const char **test)
{
    *train = *test = NULL;
    int best = INT32_MAX;
    for (size_t i = 0; i < root->folders.count; i++) {
        const char *name = root->folders.names[i];
        const int which = stria_words_find(PART_NAMES, name, strlen(name));
        if (which < 0)
            return false;
        if (which == 0)
            *train = name;
        else if (which < best) {
            *test = name;
            best = which;
        }
    }
    return *train != NULL;
}

static stria_status fail_empty(const char *root, const char *class, stria_error *err)
{
    return stria_fail(err, STRIA_ERROR_VALUE,
                      "%s: class folder '%s' holds no pictures: remove it, or allow empty classes", root,
                      stria_quote(STRIA_QUOTE_BUFFER, class));
}

/* Lists the classes of a part, whose folder from the root on is `part_folder` ("" for the root itself). */
static stria_status scan_part(scan *s, stria_part part, const char *part_folder, const name_list *classes,
                              bool keep_empty, stria_error *err)
{
    for (size_t c = 0; c < classes->count; c++) {
        stria_text folder = {.allocator = &s->context->allocator};
        stria_text_format(&folder, "%s%s%s", part_folder, part_folder[0] != '\0' ? "/" : "",
                          classes->names[c]);
        size_t count = 0;
        stria_status status = folder.failed ? stria_fail_memory(err, strlen(classes->names[c]))
                                            : scan_class(s, part, folder.bytes, (int32_t)c, &count, err);
        if (status == STRIA_OK && count == 0 && !keep_empty)
            status = fail_empty(s->root, folder.bytes, err);
        stria_text_free(&folder);
        STRIA_TRY(status);
    }
    return STRIA_OK;
}

/* Both parts have the same classes. */
static stria_status check_classes(const char *root, const char *test_name, const name_list *train,
                                  const name_list *test, stria_error *err)
{
    for (size_t i = 0; i < train->count || i < test->count; i++) {
        const char *of_train = i < train->count ? train->names[i] : NULL;
        const char *of_test = i < test->count ? test->names[i] : NULL;
        const int order = of_train == NULL ? 1 : of_test == NULL ? -1 : strcmp(of_train, of_test);
        if (order != 0)
            return stria_fail(err, STRIA_ERROR_VALUE, "%s: class '%s' has a folder in '%s' and none in '%s'",
                              root, stria_quote(STRIA_QUOTE_BUFFER, order < 0 ? of_train : of_test),
                              order < 0 ? "train" : test_name, order < 0 ? test_name : "train");
    }
    return STRIA_OK;
}

static stria_status scan_classes(scan *s, const name_list *classes, const char *train, const char *test,
                                 const stria_dataset_options *options, stria_error *err)
{
    const bool keep_empty = options->keep_empty_classes != 0;
    if (classes->count > STRIA_MAX_LABEL + 1)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: %zu classes, at most %d are supported", s->root,
                          classes->count, STRIA_MAX_LABEL + 1);
    stria_status status = scan_part(s, STRIA_PART_TRAIN, train, classes, keep_empty, err);
    if (status == STRIA_OK && test != NULL)
        status = scan_part(s, STRIA_PART_TEST, test, classes, keep_empty, err);
    if (status == STRIA_OK)
        status = stria_files_finish(s->data, options, classes->names, classes->count, s->root, err);
    return status;
}

/* Lists the classes of a part's folder. */
static stria_status list_part(listing *list, stria_context *context, const char *root, const char *part,
                              stria_error *err)
{
    stria_text path;
    stria_status status = path_of(&path, context, root, part, err);
    if (status == STRIA_OK)
        status = list_folder(list, context, path.bytes, err);
    stria_text_free(&path);
    return status;
}

static stria_status open_classes(scan *s, const listing *root, const stria_dataset_options *options,
                                 stria_error *err)
{
    const char *train, *test;
    if (!find_parts(root, &train, &test))
        return scan_classes(s, &root->folders, "", NULL, options, err);
    listing training = {0}, testing = {0};
    stria_status status = list_part(&training, s->context, s->root, train, err);
    if (status == STRIA_OK && training.folders.count == 0) { /* a class that is called "train" */
        listing_free(&training);
        return scan_classes(s, &root->folders, "", NULL, options, err);
    }
    if (status == STRIA_OK && test != NULL)
        status = list_part(&testing, s->context, s->root, test, err);
    if (status == STRIA_OK && test != NULL)
        status = check_classes(s->root, test, &training.folders, &testing.folders, err);
    if (status == STRIA_OK)
        status = scan_classes(s, &training.folders, train, test, options, err);
    listing_free(&training);
    listing_free(&testing);
    return status;
}

stria_status stria_class_folder_open(stria_dataset **data, stria_context *context, const char *folder,
                                     const stria_dataset_options *options, stria_error *err)
{
    listing root = {0};
    scan s = {.context = context, .root = folder, .arena = {.allocator = &context->allocator}};
    stria_status status = list_folder(&root, context, folder, err);
    if (status == STRIA_OK && root.folders.count == 0)
        status =
            root.pictures > 0
                ? stria_fail(err, STRIA_ERROR_MISSING,
                             "%s: %zu pictures, but no class folders: put those of each class into a folder "
                             "called as the class",
                             folder, root.pictures)
                : stria_fail(err, STRIA_ERROR_MISSING,
                             "%s: no data set in this folder: looked for IDX files with MNIST's names, "
                             "train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz, for CIFAR's "
                             "data_batch_1.bin or train.bin, and for a folder of pictures for each class",
                             folder);
    if (status == STRIA_OK)
        status = stria_files_new(&s.data, context, folder, options, err);
    if (status == STRIA_OK)
        status = open_classes(&s, &root, options, err);
    stria_release(&context->allocator, (void *)s.queue.names);
    stria_release(&context->allocator, s.files);
    stria_arena_clear(&s.arena);
    listing_free(&root);
    if (status != STRIA_OK) {
        stria_dataset_free(s.data);
        return status;
    }
    *data = s.data;
    return STRIA_OK;
}
