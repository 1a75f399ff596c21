/* Trained models to and from safetensors files, and the opening of any model by content. Reading trusts only
 * the model text: it says which tensors there must be and of which shapes, and the file must hold exactly
 * these. */
#include "formats/model_file.h"

#include <string.h>

#include <stria/version.h>

#include "base/error.h"
#include "base/options.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/foreign.h"
#include "formats/json.h"
#include "formats/quote.h"
#include "model/model.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "parameters are written as they lie in memory, which must be little-endian"
#endif

#define PREFIX      "stria."
#define VERSION_KEY PREFIX "version"
#define MODEL_KEY   PREFIX "model"
#define CLASSES_KEY PREFIX "classes"

/* Most bytes that are read from what is not a regular file, and so does not tell its size. */
#define MAX_PIPE ((uint64_t)256 << 20)

static const char *const rule = "a model is model text (*.stria) or a trained model (*.safetensors)";

/* ---- Writing ---- */

/* Everything that a file of a model needs and that must be freed afterwards. */
typedef struct parts {
    stria_safetensor *tensors;
    stria_safetext *texts;
    char *model_text;
    stria_text classes;
    stria_text keys; /* "stria.KEY" of every metadata entry, each with its NUL */
} parts;

static char *copy_model_text(const stria_model *model)
{
    size_t size = stria_model_text(model, NULL, 0) + 1;
    char *text = stria_allocate(&model->context->allocator, size);
    if (text != NULL)
        stria_model_text(model, text, size);
    return text;
}

static void write_classes(stria_text *text, const stria_model *model)
{
    stria_text_add(text, "[");
    for (size_t i = 0; i < model->class_count; i++) {
        stria_text_add(text, i > 0 ? "," : "");
        stria_json_write_string(text, model->classes[i]);
    }
    stria_text_add(text, "]");
}

/* Fills the parts and counts the texts; false when out of memory. */
static bool collect(parts *all, const stria_model *model, const stria_safetensor *more_tensors,
                    size_t more_tensor_count, const stria_safetext *more_texts, size_t more_text_count,
                    size_t *text_count)
{
    const stria_allocator *allocator = &model->context->allocator;
    *all = (parts){.classes = {.allocator = allocator}, .keys = {.allocator = allocator}};
    all->tensors =
        stria_allocate_array(allocator, model->tensor_count + more_tensor_count, sizeof *all->tensors);
    all->texts =
        stria_allocate_array(allocator, 4 + model->metadata_count + more_text_count, sizeof *all->texts);
    all->model_text = copy_model_text(model);
    write_classes(&all->classes, model);
    for (size_t i = 0; i < model->metadata_count; i++) {
        stria_text_add(&all->keys, PREFIX);
        stria_text_append(&all->keys, model->metadata[i].key, strlen(model->metadata[i].key) + 1);
    }
    if (all->tensors == NULL || all->texts == NULL || all->model_text == NULL || all->classes.failed ||
        all->keys.failed)
        return false;

    for (size_t i = 0; i < model->tensor_count; i++) {
        stria_tensor_info info = {0};
        stria_model_tensor(model, i, &info);
        all->tensors[i] = (stria_safetensor){.name = info.name,
                                             .type = STRIA_F32,
                                             .shape = info.shape,
                                             .bytes = stria_model_tensor_data_const(model, i),
                                             .size = (size_t)info.count * sizeof(float)};
    }
    if (more_tensor_count > 0)
        memcpy(all->tensors + model->tensor_count, more_tensors, more_tensor_count * sizeof *more_tensors);

    size_t count = 0;
    all->texts[count++] = (stria_safetext){"format", "stria"};
    all->texts[count++] = (stria_safetext){VERSION_KEY, STRIA_VERSION};
    all->texts[count++] = (stria_safetext){MODEL_KEY, all->model_text};
    if (model->class_count > 0)
        all->texts[count++] = (stria_safetext){CLASSES_KEY, all->classes.bytes};
    const char *key = all->keys.bytes;
    for (size_t i = 0; i < model->metadata_count; i++, key += strlen(key) + 1)
        all->texts[count++] = (stria_safetext){key, model->metadata[i].value};
    for (size_t i = 0; i < more_text_count; i++)
        all->texts[count++] = more_texts[i];
    *text_count = count;
    return true;
}

stria_status stria_model_file_write(const stria_model *model, const char *path,
                                    const stria_safetensor *more_tensors, size_t more_tensor_count,
                                    const stria_safetext *more_texts, size_t more_text_count,
                                    stria_error *err)
{
    if (model->node_count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: a model without layers cannot be saved", path);
    if (!model->materialized)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "%s: a model without parameters cannot be saved, stria_model_initialize makes them",
                          path);
    parts all;
    size_t text_count = 0;
    stria_status status;
    if (collect(&all, model, more_tensors, more_tensor_count, more_texts, more_text_count, &text_count))
        status = stria_safetensors_write(model->context, path, all.tensors,
                                         model->tensor_count + more_tensor_count, all.texts, text_count, true,
                                         err);
    else
        status = stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory for writing", path);
    const stria_allocator *allocator = &model->context->allocator;
    stria_release(allocator, all.tensors);
    stria_release(allocator, all.texts);
    stria_release(allocator, all.model_text);
    stria_text_free(&all.classes);
    stria_text_free(&all.keys);
    return status;
}

stria_status stria_model_save(const stria_model *model, const char *path, stria_error *err)
{
    return stria_model_file_write(model, path, NULL, 0, NULL, 0, err);
}

/* ---- Reading ---- */

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_training_state(const char *tensor)
{
    return begins_with(tensor, "optimizer/") || begins_with(tensor, "training/");
}

/* Finds the tensor of the file for tensor `index` of the model. */
static stria_status match_tensor(const stria_safetensor **found, const stria_model *model, size_t index,
                                 const stria_safetensors *file, stria_error *err)
{
    stria_tensor_info info = {0};
    stria_model_tensor(model, index, &info);
    const stria_safetensor *tensor = stria_safetensors_find(file, info.name);
    if (tensor == NULL)
        return stria_fail(err, STRIA_ERROR_FORMAT, "tensor '%s' is missing", info.name);
    if (!stria_shape_equal(&tensor->shape, &info.shape)) {
        char has[STRIA_SHAPE_TEXT_SIZE], wanted[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(err, STRIA_ERROR_FORMAT, "tensor '%s' is [%s], but the model text makes it [%s]",
                          info.name, stria_shape_text(&tensor->shape, has, sizeof has),
                          stria_shape_text(&info.shape, wanted, sizeof wanted));
    }
    if (tensor->type != STRIA_F32 && tensor->type != STRIA_F64 && tensor->type != STRIA_F16 &&
        tensor->type != STRIA_BF16)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "tensor '%s' is %s, but parameters are floating-point numbers", info.name,
                          stria_dtype_name(tensor->type));
    *found = tensor;
    return STRIA_OK;
}

/* Matches all tensors: matches[i] is the file's tensor for tensor i of the model. Tensors of the file that
 * match none must be training state. */
static stria_status match_tensors(const stria_safetensor **matches, bool *used, const stria_model *model,
                                  const stria_safetensors *file, stria_error *err)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        STRIA_TRY(match_tensor(&matches[i], model, i, file, err));
        used[matches[i] - file->tensors] = true;
    }
    for (size_t i = 0; i < file->tensor_count; i++)
        if (!used[i] && !is_training_state(file->tensors[i].name))
            return stria_fail(err, STRIA_ERROR_FORMAT, "tensor '%s' does not belong to the model text",
                              stria_quote(STRIA_QUOTE_BUFFER, file->tensors[i].name));
    return STRIA_OK;
}

/* Overwrites all parameters, or none. With `check_only` nothing is written: the file is just compared with
 * the model. */
static stria_status copy_tensors(stria_model *model, const stria_safetensors *file, bool check_only,
                                 stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    const stria_safetensor **matches = stria_allocate_array(allocator, model->tensor_count, sizeof *matches);
    bool *used = stria_allocate_array(allocator, file->tensor_count, sizeof *used);
    stria_status status = STRIA_OK;
    if (matches == NULL || used == NULL)
        status = stria_fail_memory(err, model->tensor_count * sizeof *matches + file->tensor_count);
    if (status == STRIA_OK)
        status = match_tensors(matches, used, model, file, err);
    if (status == STRIA_OK && !check_only)
        status = stria_model_materialize(model, err);
    for (size_t i = 0; i < model->tensor_count && status == STRIA_OK && !check_only; i++)
        stria_dtype_to_float(matches[i]->type, matches[i]->bytes,
                             matches[i]->size / stria_dtype_size(matches[i]->type),
                             stria_model_tensor_data(model, i));
    stria_release(allocator, matches);
    stria_release(allocator, used);
    return status;
}

static stria_status read_classes(stria_model *model, const stria_safetensors *file, stria_error *err)
{
    const char *text = stria_safetensors_text(file, CLASSES_KEY);
    if (text == NULL)
        return STRIA_OK;
    const stria_allocator *allocator = &model->context->allocator;
    const char **names = NULL;
    stria_json *list = NULL;
    stria_status status = stria_json_parse(&list, text, strlen(text), err);
    if (status != STRIA_OK) {
        status = stria_fail_in(err, status, "metadata '" CLASSES_KEY "': ");
        goto done;
    }
    size_t count = stria_json_count(list);
    names = stria_allocate_array(allocator, count, sizeof *names);
    if (names == NULL) {
        status = stria_fail_memory(err, count * sizeof *names);
        goto done;
    }
    bool is_list = stria_json_is_array(list);
    for (size_t i = 0; i < count && is_list; i++)
        is_list = (names[i] = stria_json_string(stria_json_at(list, i))) != NULL;
    status = is_list
                 ? stria_model_set_classes(model, names, count, err)
                 : stria_fail(err, STRIA_ERROR_FORMAT, "metadata '" CLASSES_KEY "' is not a list of names");
done:
    stria_release(allocator, names);
    stria_json_free(list);
    return status;
}

/* Texts that are not carried as the model's metadata, because they mean something else. */
static bool is_reserved(const char *key)
{
    static const char *const reserved[] = {VERSION_KEY, MODEL_KEY, CLASSES_KEY, STRIA_HEADER_CHECKSUM_KEY,
                                           STRIA_TENSOR_CHECKSUMS_KEY};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(key, reserved[i]) == 0)
            return true;
    return false;
}

static stria_status read_metadata(stria_model *model, const stria_safetensors *file, stria_error *err)
{
    int count = 0;
    for (size_t i = 0; i < file->text_count; i++) {
        const stria_safetext *text = &file->texts[i];
        if (!begins_with(text->key, PREFIX) || is_reserved(text->key))
            continue;
        if (++count > STRIA_MAX_MODEL_METADATA)
            return stria_fail(err, STRIA_ERROR_LIMIT,
                              "more than %d texts with keys of '" PREFIX "' in the metadata",
                              STRIA_MAX_MODEL_METADATA);
        STRIA_TRY(stria_model_set_metadata(model, text->key + strlen(PREFIX), text->value, err));
    }
    return STRIA_OK;
}

static const char *find_model_text(const stria_safetensors *file, stria_error *err)
{
    const char *text = stria_safetensors_text(file, MODEL_KEY);
    const char *format = stria_safetensors_text(file, "format");
    if (text == NULL && format != NULL)
        stria_fail(err, STRIA_ERROR_FORMAT,
                   "no model text in the metadata ('" MODEL_KEY
                   "'): the file holds %zu tensors of the format '%s'",
                   file->tensor_count, stria_quote(STRIA_QUOTE_BUFFER, format));
    else if (text == NULL)
        stria_fail(err, STRIA_ERROR_FORMAT,
                   "no model text in the metadata ('" MODEL_KEY
                   "'): the file holds %zu tensors and nothing on how they "
                   "are connected",
                   file->tensor_count);
    return text;
}

/* Parses the text within the file, without drawing parameters that the file holds anyway. Mistakes are named
 * with "FILE (model text)" as the file. */
static stria_status parse_inner_text(stria_model **model, stria_context *context, const char *text,
                                     const char *name, const stria_parse_options *options, stria_error *err)
{
    size_t length = strlen(text);
    if (length > STRIA_MAX_MODEL_TEXT)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: the model text has %zu bytes, at most %zu are read",
                          name, length, STRIA_MAX_MODEL_TEXT);
    stria_parse_options inside = *options;
    stria_text inner = {.allocator = &context->allocator};
    stria_text_format(&inner, "%s (model text)", name);
    if (inner.failed)
        return stria_fail_memory(err, strlen(name));
    inside.file_name = inner.bytes;
    inside.without_parameters = 1;
    stria_status status = stria_model_parse(model, context, text, length, &inside, err);
    stria_text_free(&inner);
    return status;
}

static stria_status read_model(stria_model **model, stria_context *context, const stria_safetensors *file,
                               const char *name, const stria_parse_options *options, stria_error *err)
{
    const char *text = find_model_text(file, err);
    if (text == NULL)
        return stria_fail_in(err, STRIA_ERROR_FORMAT, "%s: ", name);
    stria_model *made = NULL;
    STRIA_TRY(parse_inner_text(&made, context, text, name, options, err));
    stria_status status = read_classes(made, file, err);
    if (status == STRIA_OK)
        status = read_metadata(made, file, err);
    if (status == STRIA_OK)
        status = copy_tensors(made, file, options->without_parameters, err);
    if (status != STRIA_OK) {
        stria_model_free(made);
        return stria_fail_in(err, status, "%s: ", name);
    }
    *model = made;
    return STRIA_OK;
}

stria_status stria_model_file_read(stria_model **model, stria_context *context, const stria_safetensors *file,
                                   const char *name, stria_error *err)
{
    const stria_parse_options defaults = {.struct_size = sizeof defaults};
    return read_model(model, context, file, name, &defaults, err);
}

stria_status stria_model_file_restore(stria_model *model, const stria_safetensors *file, const char *name,
                                      stria_error *err)
{
    const char *text = find_model_text(file, err);
    char *own = copy_model_text(model);
    stria_status status;
    if (text == NULL)
        status = STRIA_ERROR_FORMAT;
    else if (own == NULL)
        status = stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for the model text");
    else if (strcmp(text, own) != 0)
        status = stria_fail(err, STRIA_ERROR_FORMAT, "the file is of another model: its model text differs");
    else
        status = copy_tensors(model, file, false, err);
    stria_release(&model->context->allocator, own);
    return status == STRIA_OK ? STRIA_OK : stria_fail_in(err, status, "%s: ", name);
}

/* ---- Opening by content ---- */

static stria_status load_safetensors(stria_model **model, stria_context *context, const void *bytes,
                                     size_t size, const char *name, const stria_parse_options *options,
                                     stria_error *err)
{
    stria_safetensors file = {0};
    STRIA_TRY(stria_safetensors_parse(&file, context, bytes, size, name, err));
    stria_status status = read_model(model, context, &file, name, options, err);
    stria_safetensors_free(&file);
    return status;
}

static stria_status load_text(stria_model **model, stria_context *context, const char *text, size_t size,
                              const char *name, const stria_parse_options *options, stria_error *err)
{
    if (size > STRIA_MAX_MODEL_TEXT)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: a model text of %zu bytes, at most %zu are read", name,
                          size, STRIA_MAX_MODEL_TEXT);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0x7F || (c < 0x20 && c != '\n' && c != '\r' && c != '\t'))
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: not text (byte 0x%02x at offset %zu); %s", name,
                              c, i, rule);
    }
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* the byte-order mark of some editors */
        text += 3;
        size -= 3;
    }
    stria_parse_options named = *options;
    named.file_name = name;
    return stria_model_parse(model, context, text, size, &named, err);
}

static stria_status refuse_foreign(const void *bytes, size_t size, const char *name, stria_error *err)
{
    const char *what = stria_foreign_format(bytes, size);
    if (what == NULL)
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s: the file is %s; %s", name, what, rule);
}

static stria_status load_bytes(stria_model **model, stria_context *context, const void *bytes, size_t size,
                               const char *name, const stria_parse_options *options, stria_error *err)
{
    if (size == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the file is empty; %s", name, rule);
    if (stria_begins_like_safetensors(bytes, size))
        return load_safetensors(model, context, bytes, size, name, options, err);
    STRIA_TRY(refuse_foreign(bytes, size, name, err));
    return load_text(model, context, bytes, size, name, options, err);
}

/* The caller's options as this version knows them, whatever the size of the caller's struct. */
static stria_status read_options(stria_parse_options *known, const stria_parse_options *given,
                                 stria_error *err)
{
    STRIA_TRY(stria_options_read(known, sizeof *known, given, "stria_parse_options", err));
    known->struct_size = sizeof *known;
    return STRIA_OK;
}

stria_status stria_model_load_memory(stria_model **model, stria_context *context, const void *bytes,
                                     size_t size, const char *name, const stria_parse_options *options,
                                     stria_error *err)
{
    stria_parse_options known;
    STRIA_TRY(read_options(&known, options, err));
    return load_bytes(model, context, bytes, size, name, &known, err);
}

/* Reads the first bytes of a regular file; 0 when that fails, for the reading of the whole then tells why. */
static size_t peek(stria_context *context, const char *path, uint8_t start[STRIA_FOREIGN_BYTES])
{
    const stria_io *io = &context->io;
    void *file = NULL;
    uint64_t file_size = 0;
    size_t size = 0, got = 1;
    if (io->open_read(io->payload, path, &file, &file_size) != 0)
        return 0;
    while (size < STRIA_FOREIGN_BYTES && got > 0) {
        if (io->read(io->payload, file, start + size, STRIA_FOREIGN_BYTES - size, &got) != 0)
            got = 0;
        size += got;
    }
    io->close(io->payload, file);
    return size;
}

stria_status stria_model_load(stria_model **model, stria_context *context, const char *path,
                              const stria_parse_options *options, stria_error *err)
{
    uint64_t limit = MAX_PIPE;
    stria_parse_options known;
    STRIA_TRY(read_options(&known, options, err));
    if (stria_file_probe(context, path) == 1) { /* a pipe can be read only once */
        uint8_t start[STRIA_FOREIGN_BYTES];
        size_t size = peek(context, path, start);
        bool trained = stria_begins_like_safetensors(start, size);
        limit = trained ? STRIA_SAFETENSORS_MAX_FILE : STRIA_MAX_MODEL_TEXT;
        if (!trained)
            STRIA_TRY(refuse_foreign(start, size, path, err));
    }
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, limit, &bytes, &size, err));
    stria_status status = load_bytes(model, context, bytes, size, path, &known, err);
    stria_release(&context->allocator, bytes);
    return status;
}
