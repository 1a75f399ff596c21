/* Data sets in NumPy's archives: x and y, or x_train, y_train and perhaps x_test, y_test, as Keras stores its
 * own. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/sources.h"
#include "formats/quote.h"

bool stria_npz_has(const stria_npz *npz, const char *member)
{
    for (size_t i = 0; i < stria_npz_count(npz); i++) {
        if (strcmp(stria_npz_name(npz, i), member) == 0)
            return true;
    }
    return false;
}

/* The archive lacks an array it needs: says which it has, as far as they fit in a message. */
stria_status stria_npz_fail_missing(const stria_npz *npz, const char *name, const char *wanted,
                                    stria_error *err)
{
    char found[256] = "none";
    size_t used = 0;
    for (size_t i = 0; i < stria_npz_count(npz) && used < sizeof found; i++)
        used += (size_t)stria_format(found + used, sizeof found - used, "%s%s", i > 0 ? ", " : "",
                                     stria_quote(STRIA_QUOTE_BUFFER, stria_npz_name(npz, i)));
    return stria_fail(err, STRIA_ERROR_MISSING, "%s: has no array %s; found: %s%s", name, wanted, found,
                      used < sizeof found ? "" : "...");
}

static stria_status take(stria_dataset *data, stria_npz *npz, stria_part part, const char *member, bool is_x,
                         const char *name, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    stria_npy array;
    void *memory = NULL;
    STRIA_TRY(stria_npz_read(npz, member, STRIA_DATA_FILE_LIMIT, &array, &memory, err));
    stria_text place = {.allocator = allocator};
    stria_text_format(&place, "%s: %s", name, member);
    stria_status status;
    if (place.failed)
        status = stria_fail_memory(err, strlen(name) + strlen(member) + 3);
    else if (is_x)
        status = stria_dataset_take_x(data, part, &array, &memory, place.bytes, err);
    else
        status = stria_dataset_take_y(data, part, &array, place.bytes, err);
    stria_text_free(&place);
    stria_release(allocator, memory);
    return status;
}

static stria_status take_part(stria_dataset *data, stria_npz *npz, stria_part part, const char *x,
                              const char *y, const char *name, stria_error *err)
{
    if (!stria_npz_has(npz, x) || !stria_npz_has(npz, y))
        return stria_npz_fail_missing(npz, name, stria_npz_has(npz, x) ? y : x, err);
    STRIA_TRY(take(data, npz, part, x, true, name, err));
    return take(data, npz, part, y, false, name, err);
}

stria_status stria_npz_dataset_open(stria_dataset **data, stria_context *context, const void *bytes,
                                    size_t size, const char *name, stria_error *err)
{
    stria_dataset *made = NULL;
    stria_npz *npz = NULL;
    stria_status status = stria_npz_open(&npz, context, bytes, size, name, err);
    if (status != STRIA_OK)
        return status;
    if (!stria_npz_has(npz, "x") && !stria_npz_has(npz, "x_train")) {
        status = stria_npz_fail_missing(npz, name, "x (with y) or x_train (with y_train)", err);
        goto done;
    }
    status = stria_dataset_new(&made, context, err);
    if (status == STRIA_OK)
        status = stria_npz_has(npz, "x_train")
                     ? take_part(made, npz, STRIA_PART_TRAIN, "x_train", "y_train", name, err)
                     : take_part(made, npz, STRIA_PART_TRAIN, "x", "y", name, err);
    if (status == STRIA_OK && (stria_npz_has(npz, "x_test") || stria_npz_has(npz, "y_test")))
        status = take_part(made, npz, STRIA_PART_TEST, "x_test", "y_test", name, err);
    if (status == STRIA_OK)
        status = stria_dataset_finish(made, NULL, 0, name, err);
done:
    stria_npz_free(npz);
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    if (made->type == STRIA_U8)
        stria_dataset_set_scale(made, 1.0 / 255);
    *data = made;
    return STRIA_OK;
}
