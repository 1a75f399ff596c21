/* Looking at every sample of a part once: what its file holds, whether it can be read, and what tells it
 * apart. */
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/ahead.h"
#include "data/files.h"
#include "data/picture.h"

/* What was found of a sample. */
typedef struct finding {
    stria_sample_report report;
    stria_picture picture;
    stria_error why;
    stria_text path;
} finding;

typedef struct survey {
    const stria_dataset *data;
    stria_part part;
    finding *findings; /* [slots] */
} survey;

static void clear(const survey *s, finding *f)
{
    stria_picture_free(&f->picture, s->data->context);
    if (f->path.allocator != NULL)
        stria_text_free(&f->path);
    *f = (finding){0};
}

static stria_status look_at_file(const survey *s, size_t index, finding *f)
{
    stria_context *context = s->data->context;
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_files_path(&f->path, s->data, s->part, index, &f->why));
    f->report.path = f->path.bytes;
    STRIA_TRY(stria_file_read(context, f->path.bytes, STRIA_PICTURE_FILE_LIMIT, &bytes, &size, &f->why));
    f->report.size = size;
    f->report.hash = stria_hash(0, bytes, size);
    const stria_status status =
        stria_picture_decode(&f->picture, context, bytes, size, f->path.bytes, &f->why);
    stria_release(&context->allocator, bytes);
    return status;
}

static stria_status look_at_memory(const survey *s, size_t index, finding *f)
{
    const stria_dataset *data = s->data;
    const size_t size = (size_t)stria_shape_elements(&data->shape) * stria_dtype_size(data->type);
    f->report.size = size;
    f->report.hash = stria_hash(0, (const uint8_t *)data->parts[s->part].x + index * size, size);
    const stria_status status = stria_dataset_picture(data, s->part, index, &f->picture, &f->why);
    return status == STRIA_ERROR_UNSUPPORTED ? STRIA_OK : status; /* numbers that are no picture */
}

static void look(void *owner, size_t index, size_t slot)
{
    survey *s = owner;
    finding *f = &s->findings[slot];
    clear(s, f);
    f->report = (stria_sample_report){.index = index, .label = stria_dataset_label(s->data, s->part, index)};
    f->report.status = s->data->files != NULL ? look_at_file(s, index, f) : look_at_memory(s, index, f);
    f->report.message = f->report.status != STRIA_OK ? f->why.message : NULL;
    f->report.picture = f->picture.bytes != NULL ? &f->picture : NULL;
}

stria_status stria_dataset_survey(const stria_dataset *data, stria_part part, stria_sample_fn each,
                                  void *payload, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    const int threads = stria_loader_threads(data);
    const size_t slots = threads > 0 ? 2 * (size_t)threads + 1 : 1;
    survey s = {.data = data, .part = part};
    stria_ahead *ahead = NULL;
    s.findings = stria_allocate_array(allocator, slots, sizeof *s.findings);
    if (s.findings == NULL)
        return stria_fail_memory(err, slots * sizeof *s.findings);
    stria_status status = stria_ahead_create(&ahead, allocator, (size_t)threads, slots, look, &s, err);
    if (status == STRIA_OK)
        stria_ahead_start(ahead, stria_dataset_count(data, part), 1);
    for (size_t slot; status == STRIA_OK && stria_ahead_next(ahead, &slot);) {
        const stria_sample_report *report = &s.findings[slot].report;
        if (report->status == STRIA_ERROR_MEMORY)
            status = stria_fail(err, report->status, "%s", report->message);
        else if (each(report, payload) != 0)
            status = stria_fail(err, STRIA_ERROR_CANCELLED, "stopped at sample %zu", report->index);
    }
    stria_ahead_free(ahead);
    for (size_t i = 0; i < slots; i++)
        clear(&s, &s.findings[i]);
    stria_release(allocator, s.findings);
    return status;
}
