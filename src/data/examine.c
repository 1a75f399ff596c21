/* Looking at every sample of a data set once. Samples are read on the threads that decode ahead; each leaves
 * what is worth remembering (fingerprint, size, mode) in its place of one list, and its numbers in a tally
 * that is merged in the order of the samples. The lists of the result are made from that list, so they do not
 * depend on threads either. */
#include <stria/examine.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "data/ahead.h"
#include "data/files.h"
#include "data/picture.h"
#include "data/tally.h"

/* What is remembered of a sample. */
typedef struct finding {
    uint64_t print[2]; /* of its numbers */
    int64_t height, width;
    const char *format; /* NULL for samples in memory, and broken ones */
    stria_place place;
    uint8_t mode; /* channels - 1, and WIDE */
    bool broken;
} finding;

#define WIDE  4 /* 16 bits a number */
#define MODES 8

static const char *const mode_names[MODES] = {
    "grey",         "grey and alpha",         "RGB",         "RGB and alpha",
    "grey, 16 bit", "grey and alpha, 16 bit", "RGB, 16 bit", "RGB and alpha, 16 bit"};

/* What one sample leaves until it is its turn. */
typedef struct look {
    stria_tally tally;
    stria_error err; /* why the sample is broken, or why examining ends */
    bool fatal;
} look;

typedef struct examiner {
    const stria_dataset *data;
    finding *findings; /* [count] */
    size_t count;
    look *looks;   /* [slots] */
    bool pictures; /* samples are pictures; else arrays of numbers */
    stria_tally *total;
    stria_arena arena; /* of the result */
    stria_examination result;
    stria_broken_sample *broken; /* grows while samples are looked at */
    size_t broken_capacity;
} examiner;

/* ---- One sample ---- */

/* 128 bits that tell contents apart, not against malice: two chains over words of 8 bytes, each a
 * multiplication by an odd constant and a fold of the high bits into the low ones. */
static void fingerprint(uint64_t print[2], const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t first = print[0] ^ size, second = print[1] + size;
    for (; size > 0;) {
        uint64_t word = 0;
        const size_t taken = size < sizeof word ? size : sizeof word;
        memcpy(&word, at, taken);
        first = (first ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        first ^= first >> 32;
        second = (second + word) * UINT64_C(0xD6E8FEB86659FD93);
        second ^= second >> 29;
        at += taken;
        size -= taken;
    }
    print[0] = first;
    print[1] = second;
}

/* Rounds 16 bits to 8 in place, as reading does. */
static void narrow(stria_picture *picture)
{
    const size_t size = stria_picture_size(picture);
    for (size_t i = 0; i < size; i++) {
        uint16_t wide;
        memcpy(&wide, picture->bytes + i * sizeof wide, sizeof wide);
        picture->bytes[i] = (uint8_t)((wide * 255u + 32767u) / 65535u);
    }
}

static void look_at_picture(look *to, finding *found, stria_picture *picture, bool wide)
{
    const int64_t shape[] = {picture->height, picture->width, picture->channels, wide};
    found->height = picture->height;
    found->width = picture->width;
    found->mode = (uint8_t)(picture->channels - 1 + (wide ? WIDE : 0));
    fingerprint(found->print, shape, sizeof shape);
    fingerprint(found->print, picture->bytes, stria_picture_size(picture) * (wide ? 2 : 1));
    if (wide)
        narrow(picture);
    stria_tally_picture(&to->tally, picture);
}

/* Reads the file of a sample, with 16 bits where it has them. */
static stria_status look_at_file(const examiner *of, look *to, finding *found)
{
    stria_context *context = of->data->context;
    stria_text path;
    void *bytes = NULL;
    stria_picture_file file = {0};
    stria_picture picture = {0};
    bool wide = false;
    stria_status status = stria_files_path(&path, of->data, found->place.part, found->place.index, &to->err);
    if (status == STRIA_OK)
        status = stria_file_read(context, path.bytes, STRIA_PICTURE_FILE_LIMIT, &bytes, &file.size, &to->err);
    if (status == STRIA_OK) {
        file.name = path.bytes;
        file.bytes = bytes;
        file.wide = &wide;
        status = stria_picture_decode_file(&picture, context, &file, &to->err);
    }
    if (status == STRIA_OK) {
        found->format = stria_picture_format(bytes, file.size);
        look_at_picture(to, found, &picture, wide);
        stria_picture_free(&picture, context);
    }
    stria_release(&context->allocator, bytes);
    stria_text_free(&path);
    return status;
}

/* The last axis when it can be one of channels. */
static size_t channels_of(const stria_shape *shape)
{
    const int64_t last = shape->rank > 1 ? shape->sizes[shape->rank - 1] : 1;
    return last <= STRIA_TALLY_CHANNELS ? (size_t)last : 1;
}

static stria_status look_at_numbers(const examiner *of, look *to, finding *found)
{
    const stria_dataset *data = of->data;
    const size_t size = (size_t)stria_shape_elements(&data->shape), index = found->place.index;
    const void *x = data->parts[found->place.part].x;
    float *numbers = NULL;
    const float *at = (const float *)x + (data->type == STRIA_F32 ? index * size : 0);
    if (data->type == STRIA_U8) {
        const uint8_t *bytes = (const uint8_t *)x + index * size;
        numbers = stria_allocate_floats(&data->context->allocator, size);
        if (numbers == NULL)
            return stria_fail_memory(&to->err, size * sizeof *numbers);
        for (size_t i = 0; i < size; i++)
            numbers[i] = bytes[i];
        at = numbers;
    }
    fingerprint(found->print, at, size * sizeof *at);
    const size_t wild = stria_tally_numbers(&to->tally, at, size, channels_of(&data->shape));
    stria_release(&data->context->allocator, numbers);
    if (wild > 0)
        return stria_fail(&to->err, STRIA_ERROR_VALUE, "%s sample %zu: %zu of its %zu numbers are not finite",
                          found->place.part == STRIA_PART_TEST ? "test" : "training", index, wild, size);
    return STRIA_OK;
}

/* Does one sample, in any thread. */
static void look_at(void *owner, size_t item, size_t slot)
{
    const examiner *of = owner;
    const size_t training = of->data->parts[STRIA_PART_TRAIN].count;
    look *to = &of->looks[slot];
    finding *found = &of->findings[item];
    *to = (look){0};
    found->place = item < training ? (stria_place){STRIA_PART_TRAIN, (uint32_t)item}
                                   : (stria_place){STRIA_PART_TEST, (uint32_t)(item - training)};
    stria_status status;
    if (of->data->files != NULL) {
        status = look_at_file(of, to, found);
    } else if (of->pictures) {
        stria_picture picture = {0};
        status = stria_dataset_picture(of->data, found->place.part, found->place.index, &picture, &to->err);
        if (status == STRIA_OK)
            look_at_picture(to, found, &picture, false);
        stria_picture_free(&picture, of->data->context);
    } else {
        status = look_at_numbers(of, to, found);
    }
    found->broken = status != STRIA_OK;
    to->fatal = status == STRIA_ERROR_MEMORY;
}

/* ---- All of them ---- */

/* Takes over what a sample left. */
static stria_status take(examiner *of, size_t item, const look *from, stria_error *err)
{
    if (from->fatal)
        return stria_fail(err, from->err.code, "%s", from->err.message);
    const finding *found = &of->findings[item];
    if (!found->broken) {
        stria_tally_merge(of->total, &from->tally);
        return STRIA_OK;
    }
    const size_t length = strlen(from->err.message);
    void *list = of->broken;
    char *reason = stria_arena_copy_text(&of->arena, from->err.message, length);
    if (reason == NULL || !stria_grow(&of->data->context->allocator, &list, &of->broken_capacity,
                                      of->result.broken_count + 1, sizeof *of->broken))
        return stria_fail_memory(err, length + 1);
    of->broken = list;
    of->broken[of->result.broken_count++] = (stria_broken_sample){found->place, reason};
    return STRIA_OK;
}

static stria_status look_at_all(examiner *of, const stria_examine_options *options, stria_error *err)
{
    const stria_allocator *allocator = &of->data->context->allocator;
    const size_t threads = of->data->files != NULL ? (size_t)stria_loader_threads(of->data) : 0;
    const size_t slots = threads * 2 + 1;
    stria_ahead *ahead = NULL;
    of->looks = stria_allocate_array(allocator, slots, sizeof *of->looks);
    if (of->looks == NULL)
        return stria_fail_memory(err, slots * sizeof *of->looks);
    stria_status status = stria_ahead_create(&ahead, allocator, threads, slots, look_at, of, err);
    if (status == STRIA_OK)
        stria_ahead_start(ahead, of->count, 1);
    size_t slot;
    for (size_t item = 0; status == STRIA_OK && stria_ahead_next(ahead, &slot); item++) {
        status = take(of, item, &of->looks[slot], err);
        if (status == STRIA_OK && options->progress != NULL &&
            options->progress(item + 1, of->count, options->payload) != 0)
            status = stria_fail(err, STRIA_ERROR_CANCELLED, "examining the data was cancelled");
    }
    stria_ahead_free(ahead);
    stria_release(allocator, of->looks);
    return status;
}

/* ---- The lists of the result ---- */

static int by_place(const stria_place *a, const stria_place *b)
{
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Sizes in order; what has none, broken samples, at the end. */
static int by_size(const void *a, const void *b)
{
    const finding *left = a, *right = b;
    if (left->broken != right->broken)
        return left->broken ? 1 : -1;
    if (left->height != right->height)
        return left->height < right->height ? -1 : 1;
    return (left->width > right->width) - (left->width < right->width);
}

static int by_common_size(const void *a, const void *b)
{
    const stria_size_count *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    if (left->height != right->height)
        return left->height < right->height ? -1 : 1;
    return (left->width > right->width) - (left->width < right->width);
}

static stria_status list_sizes(examiner *of, stria_error *err)
{
    const finding *found = of->findings;
    qsort(of->findings, of->count, sizeof *of->findings, by_size);
    size_t distinct = 0;
    for (size_t i = 0; i < of->count && !found[i].broken; i++)
        distinct += i == 0 || by_size(&found[i - 1], &found[i]) != 0;
    if (distinct == 0)
        return STRIA_OK;
    stria_size_count *sizes = stria_arena_allocate(&of->arena, distinct * sizeof *sizes);
    if (sizes == NULL)
        return stria_fail_memory(err, distinct * sizeof *sizes);
    size_t count = 0;
    for (size_t i = 0; i < of->count && !found[i].broken; i++) {
        if (i == 0 || by_size(&found[i - 1], &found[i]) != 0)
            sizes[count++] = (stria_size_count){.height = found[i].height, .width = found[i].width};
        sizes[count - 1].count++;
    }
    qsort(sizes, count, sizeof *sizes, by_common_size);
    of->result.sizes = sizes;
    of->result.size_count = count;
    return STRIA_OK;
}

/* Counts under names, which are constants: few, so that looking through them is fine. */
#define MOST_NAMES 16

static void count_name(stria_name_count *names, size_t *count, const char *name)
{
    size_t i = 0;
    while (i < *count && strcmp(names[i].name, name) != 0)
        i++;
    if (i == *count && *count < MOST_NAMES)
        names[(*count)++] = (stria_name_count){.name = name};
    if (i < *count)
        names[i].count++;
}

static int by_common_name(const void *a, const void *b)
{
    const stria_name_count *left = a, *right = b;
    return left->count != right->count ? (left->count < right->count ? 1 : -1)
                                       : strcmp(left->name, right->name);
}

static stria_status list_names(examiner *of, stria_error *err)
{
    const size_t size = MOST_NAMES * sizeof(stria_name_count);
    stria_examination *result = &of->result;
    result->modes = stria_arena_allocate(&of->arena, size);
    result->formats = stria_arena_allocate(&of->arena, size);
    if (result->modes == NULL || result->formats == NULL)
        return stria_fail_memory(err, size);
    for (size_t i = 0; i < of->count; i++) {
        if (of->findings[i].broken)
            continue;
        count_name(result->modes, &result->mode_count, mode_names[of->findings[i].mode]);
        if (of->findings[i].format != NULL)
            count_name(result->formats, &result->format_count, of->findings[i].format);
    }
    qsort(result->modes, result->mode_count, sizeof *result->modes, by_common_name);
    qsort(result->formats, result->format_count, sizeof *result->formats, by_common_name);
    return STRIA_OK;
}

static void add_channel(stria_examination *result, const char *name, const stria_moments *of)
{
    if (of->count > 0)
        result->channels[result->channel_count++] =
            (stria_channel_numbers){name, of->mean, sqrt(of->squares / of->count), of->lowest, of->highest};
}

static stria_status list_channels(examiner *of, stria_error *err)
{
    static const char *const names[STRIA_TALLY_KINDS] = {"grey", "red", "green", "blue", "alpha"};
    const size_t most = of->pictures ? STRIA_TALLY_KINDS : channels_of(&of->data->shape);
    stria_examination *result = &of->result;
    result->channels = stria_arena_allocate(&of->arena, most * sizeof *result->channels);
    if (result->channels == NULL)
        return stria_fail_memory(err, most * sizeof *result->channels);
    if (of->pictures) {
        const bool coloured = stria_tally_moments(of->total, STRIA_TALLY_RED, false).count > 0;
        for (int k = 0; k < STRIA_TALLY_KINDS; k++) {
            const bool colour = k >= STRIA_TALLY_RED && k < STRIA_TALLY_ALPHA;
            const stria_moments moments = stria_tally_moments(of->total, k, colour);
            if (k == STRIA_TALLY_ALPHA || colour == coloured)
                add_channel(result, names[k], &moments);
        }
        return STRIA_OK;
    }
    for (size_t c = 0; c < most; c++) {
        char number[32];
        stria_count_text((int64_t)c, number, sizeof number);
        const char *name = most == 1 ? "all" : stria_arena_copy_text(&of->arena, number, strlen(number));
        if (name == NULL)
            return stria_fail_memory(err, sizeof number);
        add_channel(result, name, &of->total->moments[c]);
    }
    return STRIA_OK;
}

static int by_print(const void *a, const void *b)
{
    const finding *left = a, *right = b;
    if (left->broken != right->broken)
        return left->broken ? 1 : -1;
    for (int i = 0; i < 2; i++)
        if (left->print[i] != right->print[i])
            return left->print[i] < right->print[i] ? -1 : 1;
    return by_place(&left->place, &right->place);
}

/* A run of equal samples in the list that is sorted by fingerprints. */
typedef struct run {
    const finding *first;
    size_t count;
} run;

static int by_first(const void *a, const void *b)
{
    return by_place(&((const run *)a)->first->place, &((const run *)b)->first->place);
}

/* The end of the run that begins at `first`. */
static size_t run_end(const examiner *of, size_t first)
{
    const finding *found = of->findings;
    size_t end = first + 1;
    while (end < of->count && !found[end].broken && found[end].print[0] == found[first].print[0] &&
           found[end].print[1] == found[first].print[1])
        end++;
    return end;
}

/* Puts a group into the result, and says of it what is wrong with it besides. */
static void add_group(examiner *of, const run *group, size_t *used)
{
    stria_examination *result = &of->result;
    bool leaks = false, conflicts = false;
    const stria_place *first = &group->first->place;
    for (size_t i = 0; i < group->count; i++) {
        const stria_place *place = &group->first[i].place;
        result->duplicates[(*used)++] = *place;
        leaks = leaks || place->part != first->part;
        conflicts = conflicts || stria_dataset_label(of->data, place->part, place->index) !=
                                     stria_dataset_label(of->data, first->part, first->index);
    }
    result->group_ends[result->group_count++] = *used;
    result->leaking_groups += leaks;
    result->conflicting_groups += conflicts;
}

static stria_status list_duplicates(examiner *of, stria_error *err)
{
    const stria_allocator *allocator = &of->data->context->allocator;
    size_t groups = 0, samples = 0;
    qsort(of->findings, of->count, sizeof *of->findings, by_print);
    for (size_t i = 0, end; i < of->count && !of->findings[i].broken; i = end) {
        end = run_end(of, i);
        groups += end - i > 1;
        samples += end - i > 1 ? end - i : 0;
    }
    if (groups == 0)
        return STRIA_OK;
    run *runs = stria_allocate_array(allocator, groups, sizeof *runs);
    of->result.duplicates = stria_arena_allocate(&of->arena, samples * sizeof *of->result.duplicates);
    of->result.group_ends = stria_arena_allocate(&of->arena, groups * sizeof *of->result.group_ends);
    stria_status status = STRIA_OK;
    if (runs == NULL || of->result.duplicates == NULL || of->result.group_ends == NULL) {
        status = stria_fail_memory(err, samples * sizeof *of->result.duplicates);
    } else {
        size_t count = 0, used = 0;
        for (size_t i = 0, end; i < of->count && !of->findings[i].broken; i = end) {
            end = run_end(of, i);
            if (end - i > 1)
                runs[count++] = (run){&of->findings[i], end - i};
        }
        qsort(runs, groups, sizeof *runs, by_first);
        for (size_t g = 0; g < groups; g++)
            add_group(of, &runs[g], &used);
    }
    stria_release(allocator, runs);
    return status;
}

static stria_status count_classes(examiner *of, stria_error *err)
{
    const size_t classes = of->data->class_count;
    of->result.class_count = classes;
    for (int part = 0; part < 2; part++) {
        const stria_samples *samples = &of->data->parts[part];
        of->result.counts[part] = samples->count;
        if (classes == 0)
            continue;
        size_t *counts = stria_arena_allocate(&of->arena, classes * sizeof *counts);
        if (counts == NULL)
            return stria_fail_memory(err, classes * sizeof *counts);
        for (size_t i = 0; i < samples->count && samples->labels != NULL; i++)
            counts[samples->labels[i]]++;
        of->result.class_counts[part] = counts;
    }
    return STRIA_OK;
}

/* The list of broken samples grew elsewhere. */
static stria_status list_broken(examiner *of, stria_error *err)
{
    const size_t size = of->result.broken_count * sizeof *of->broken;
    if (size == 0)
        return STRIA_OK;
    of->result.broken = stria_arena_allocate(&of->arena, size);
    if (of->result.broken == NULL)
        return stria_fail_memory(err, size);
    memcpy(of->result.broken, of->broken, size);
    return STRIA_OK;
}

static stria_status examine(examiner *of, const stria_examine_options *options, stria_error *err)
{
    STRIA_TRY(look_at_all(of, options, err));
    STRIA_TRY(list_broken(of, err));
    STRIA_TRY(count_classes(of, err));
    STRIA_TRY(list_channels(of, err));
    if (of->pictures) {
        STRIA_TRY(list_sizes(of, err));
        STRIA_TRY(list_names(of, err));
    }
    return list_duplicates(of, err);
}

stria_status stria_dataset_examine(stria_examination *examination, const stria_dataset *data,
                                   const stria_examine_options *options, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    const stria_shape *shape = &data->shape;
    stria_examine_options known;
    STRIA_TRY(stria_options_read(&known, sizeof known, options, "stria_examine_options", err));
    examiner of = {.data = data,
                   .count = data->parts[0].count + data->parts[1].count,
                   .pictures = data->files != NULL ||
                               (data->type == STRIA_U8 && shape->rank == 3 && shape->sizes[2] <= 4),
                   .arena = {.allocator = allocator}};
    of.findings = stria_allocate_array(allocator, of.count, sizeof *of.findings);
    of.total = stria_allocate(allocator, sizeof *of.total);
    const stria_float_state before = stria_float_begin();
    stria_status status = of.findings != NULL && of.total != NULL
                              ? examine(&of, &known, err)
                              : stria_fail_memory(err, of.count * sizeof *of.findings);
    stria_float_end(before);
    stria_release(allocator, of.findings);
    stria_release(allocator, of.total);
    stria_release(allocator, of.broken);
    if (status != STRIA_OK) {
        stria_arena_clear(&of.arena);
        return status;
    }
    of.result.memory = of.arena.blocks;
    *examination = of.result;
    return STRIA_OK;
}

void stria_examination_free(stria_examination *examination, stria_context *context)
{
    if (examination->memory != NULL) {
        stria_arena arena = {.allocator = &context->allocator, .blocks = examination->memory};
        stria_arena_clear(&arena);
    }
    *examination = (stria_examination){0};
}
