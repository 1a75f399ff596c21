/* The contact sheet of a data set. Few classes have a group of tiles each; of many classes each is one tile,
 * its samples side by side, so that they wrap. Large pictures are made smaller at once: a sheet keeps what is
 * put on it. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/options.h"
#include "base/random.h"
#include "base/size.h"
#include "base/text.h"
#include "data/dataset.h"
#include "inspect/gallery.h"

#define MANY_CLASSES 24 /* more than this share a group */
#define TILE         72.0
#define SMALL_TILE   48
#define STRIP_GAP    2
#define SHARPER      2 /* pictures are kept so much larger than they are shown, for larger PNG files */
#define MOST_SAMPLES 1000

/* ---- Choosing ---- */

static void shuffle_classes(stria_sample_choice *choice, uint64_t seed, uint32_t *places, uint32_t *copy)
{
    for (size_t c = 0; c < choice->class_count; c++) {
        const size_t start = choice->starts[c], count = choice->starts[c + 1] - start;
        const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA, .layer = (uint32_t)c};
        stria_random_order(&key, places, (uint32_t)count);
        memcpy(copy, choice->order + start, count * sizeof *copy);
        for (size_t i = 0; i < count; i++)
            choice->order[start + i] = copy[places[i]];
    }
}

stria_status stria_sample_choice_make(stria_sample_choice *choice, const stria_dataset *data,
                                      const stria_gallery_options *options, stria_error *err)
{
    const size_t count = stria_dataset_count(data, options->part);
    const int32_t *labels = count > 0 ? data->parts[options->part].labels : NULL;
    *choice = (stria_sample_choice){.allocator = &data->context->allocator,
                                    .class_count = labels != NULL ? data->class_count : 1};
    if (count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data's %s part is empty",
                          options->part == STRIA_PART_TEST ? "test" : "training");
    choice->starts = stria_allocate_array(choice->allocator, choice->class_count + 2, sizeof *choice->starts);
    choice->order =
        stria_allocate_array(choice->allocator, (options->shuffle ? 3 : 1) * count, sizeof *choice->order);
    if (choice->starts == NULL || choice->order == NULL)
        return stria_fail_memory(err, 3 * count * sizeof *choice->order);
    /* Counted two places on, summed, and filled one place on, starts end where they belong. */
    size_t *next = choice->starts + 1;
    for (size_t i = 0; i < count; i++)
        next[(labels != NULL ? (size_t)labels[i] : 0) + 1]++;
    for (size_t c = 0; c < choice->class_count; c++)
        next[c + 1] += next[c];
    for (size_t i = 0; i < count; i++)
        choice->order[next[labels != NULL ? labels[i] : 0]++] = (uint32_t)i;
    if (options->shuffle)
        shuffle_classes(choice, options->seed, choice->order + count, choice->order + 2 * count);
    return STRIA_OK;
}

void stria_sample_choice_free(stria_sample_choice *choice)
{
    if (choice->allocator == NULL)
        return;
    stria_release(choice->allocator, choice->starts);
    stria_release(choice->allocator, choice->order);
}

void stria_sample_title(const stria_dataset *data, stria_part part, uint32_t index, char *text, size_t size)
{
    if (stria_dataset_path(data, part, index, text, size) == 0)
        stria_format(text, size, "sample %lu", (unsigned long)index);
}

uint8_t stria_gallery_byte(double value)
{
    return value > 0 ? (uint8_t)(fmin(value, 255) + 0.5) : 0;
}

/* ---- One sample ---- */

typedef struct contact_sheet {
    const stria_dataset *data;
    stria_gallery_options options;
    stria_sample_choice choice;
    stria_sheet *sheet;
    float *numbers; /* [shape] of samples that are no bytes */
    size_t broken;
    bool stretched; /* numbers were shown between their extremes */
    bool banded;    /* of more than 4 channels only the first three are shown */
} contact_sheet;

/* Bytes whose data set scales them otherwise than by 1/255 are not up to 255. */
static void brighten(stria_picture *picture, double factor)
{
    const size_t size = (size_t)(picture->height * picture->width * picture->channels);
    for (size_t i = 0; i < size && factor != 1; i++)
        picture->bytes[i] = stria_gallery_byte(picture->bytes[i] * factor);
}

/* Numbers from 0 to 1, or from 0 to 255, as what they are; others between their extremes. */
static stria_status picture_of_numbers(contact_sheet *of, uint32_t index, stria_picture *picture,
                                       stria_error *err)
{
    const stria_shape *shape = &of->data->shape;
    const size_t channels = (size_t)shape->sizes[2], kept = channels > 4 ? 3 : channels;
    const size_t pixels = (size_t)(shape->sizes[0] * shape->sizes[1]);
    STRIA_TRY(stria_dataset_read(of->data, of->options.part, &index, 1, NULL, of->numbers, NULL, NULL, err));
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < pixels * channels; i++) {
        low = fmin(low, of->numbers[i]);
        high = fmax(high, of->numbers[i]);
    }
    const bool usual = low >= 0 && high <= 255;
    const double from = usual ? 0 : low, to = usual ? (high <= 1 ? 1 : 255) : high;
    STRIA_TRY(stria_picture_create(picture, of->data->context, shape->sizes[0], shape->sizes[1],
                                   (int64_t)kept, err));
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < kept; c++)
            picture->bytes[i * kept + c] = stria_gallery_byte(
                to > from ? ((double)of->numbers[i * channels + c] - from) / (to - from) * 255 : 0);
    of->stretched = of->stretched || !usual;
    of->banded = of->banded || channels > 4;
    return STRIA_OK;
}

/* The sample, not larger than tiles need. */
static stria_status read_sample(contact_sheet *of, uint32_t index, double tile, stria_picture *picture,
                                stria_error *err)
{
    stria_context *context = of->data->context;
    stria_status status;
    if (of->numbers != NULL) {
        status = picture_of_numbers(of, index, picture, err);
    } else {
        status = stria_dataset_picture(of->data, of->options.part, index, picture, err);
        if (status == STRIA_OK && of->data->files == NULL)
            brighten(picture, of->data->scale * 255);
    }
    if (status != STRIA_OK)
        return status;
    const double longer = (double)(picture->height > picture->width ? picture->height : picture->width);
    const double factor = tile * SHARPER / longer;
    if (factor < 1)
        status = stria_picture_resize(
            picture, context, (int64_t)fmax(1, floor((double)picture->height * factor + 0.5)),
            (int64_t)fmax(1, floor((double)picture->width * factor + 0.5)), "area", err);
    if (status != STRIA_OK)
        stria_picture_free(picture, context);
    return status;
}

/* The next sample of a class that can be read, from `*at` on; *found is whether there is one. */
static stria_status next_sample(contact_sheet *of, size_t end, size_t *at, double tile,
                                stria_picture *picture, bool *found, stria_error *err)
{
    *found = false;
    while (*at < end && !*found) {
        stria_error why = {0};
        const stria_status status = read_sample(of, of->choice.order[(*at)++], tile, picture, &why);
        if (status == STRIA_ERROR_MEMORY)
            return stria_fail(err, status, "%s", why.message);
        *found = status == STRIA_OK;
        of->broken += status != STRIA_OK ? 1 : 0;
    }
    return STRIA_OK;
}

/* ---- Classes ---- */

static const char *class_name(const contact_sheet *of, size_t class)
{
    const char *name = of->data->class_count > 0 ? stria_dataset_class_name(of->data, class) : NULL;
    return name != NULL ? name : "all samples";
}

/* A group with a tile for each sample. */
static stria_status add_group(contact_sheet *of, size_t class, stria_error *err)
{
    size_t at = of->choice.starts[class];
    const size_t end = of->choice.starts[class + 1], count = end - at;
    char number[32], title[1024];
    stria_text heading = {.allocator = &of->data->context->allocator};
    stria_text_format(&heading, "%s: %s", class_name(of, class),
                      stria_count_text((int64_t)count, number, sizeof number));
    const bool failed = heading.failed;
    if (!failed)
        stria_sheet_group(of->sheet, &(stria_sheet_group_options){.heading = heading.bytes, .size = TILE});
    stria_text_free(&heading);
    if (failed)
        return stria_fail_memory(err, strlen(class_name(of, class)));
    for (size_t shown = 0; shown < of->options.samples; shown++) {
        stria_picture picture = {0};
        bool found;
        STRIA_TRY(next_sample(of, end, &at, TILE, &picture, &found, err));
        if (!found)
            break;
        stria_sample_title(of->data, of->options.part, of->choice.order[at - 1], title, sizeof title);
        stria_sheet_tile(of->sheet, &picture,
                         &(stria_tile){.title = title, .smooth = (double)picture.height > TILE});
        stria_picture_free(&picture, of->data->context);
    }
    return STRIA_OK;
}

/* Copies a picture into the middle of a square of the strip, which has 4 channels; small ones are enlarged by
 * a whole factor. */
static stria_status put_into_strip(const contact_sheet *of, stria_picture *strip, size_t place,
                                   stria_picture *picture, stria_error *err)
{
    const int64_t side = strip->height;
    STRIA_TRY(stria_picture_convert(picture, of->data->context, 4, err));
    const int64_t longer = picture->height > picture->width ? picture->height : picture->width;
    const int64_t factor = longer < side ? side / longer : 1;
    const int64_t height = picture->height * factor, width = picture->width * factor;
    const int64_t top = (side - height) / 2;
    const int64_t left = (int64_t)place * (side + STRIP_GAP * SHARPER) + (side - width) / 2;
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            memcpy(strip->bytes + 4 * ((top + y) * strip->width + left + x),
                   picture->bytes + 4 * (y / factor * picture->width + x / factor), 4);
    return STRIA_OK;
}

/* One tile with the samples side by side. */
static stria_status add_strip(contact_sheet *of, size_t class, stria_error *err)
{
    stria_context *context = of->data->context;
    size_t at = of->choice.starts[class];
    const size_t end = of->choice.starts[class + 1], count = end - at;
    const size_t samples = of->options.samples, side = SMALL_TILE * SHARPER;
    const size_t length = samples * (side + STRIP_GAP * SHARPER) - STRIP_GAP * SHARPER;
    stria_picture strip = {0};
    STRIA_TRY(stria_picture_create(&strip, context, (int64_t)side, (int64_t)length, 4, err));
    stria_status status = STRIA_OK;
    bool found = true;
    for (size_t shown = 0; shown < samples && found && status == STRIA_OK; shown++) {
        stria_picture picture = {0};
        status = next_sample(of, end, &at, SMALL_TILE, &picture, &found, err);
        if (status == STRIA_OK && found)
            status = put_into_strip(of, &strip, shown, &picture, err);
        stria_picture_free(&picture, context);
    }
    char number[32], caption[128];
    stria_format(caption, sizeof caption, "%.90s\n%s", class_name(of, class),
                 stria_count_text((int64_t)count, number, sizeof number));
    if (status == STRIA_OK)
        stria_sheet_tile(of->sheet, &strip,
                         &(stria_tile){.caption = caption,
                                       .title = class_name(of, class),
                                       .width = (double)length / SHARPER,
                                       .height = SMALL_TILE,
                                       .smooth = 1});
    stria_picture_free(&strip, context);
    return status;
}

static void add_notes(contact_sheet *of)
{
    char note[128];
    if (of->broken > 0) {
        stria_format(note, sizeof note, "%zu sample%s could not be read and %s passed over.", of->broken,
                     of->broken > 1 ? "s" : "", of->broken > 1 ? "were" : "was");
        stria_sheet_note(of->sheet, note);
    }
    if (of->stretched)
        stria_sheet_note(of->sheet,
                         "Numbers are shown from the lowest of a sample (black) to its highest (white).");
    if (of->banded)
        stria_sheet_note(of->sheet, "The first three channels are shown, as red, green and blue.");
}

/* ---- The sheet ---- */

static stria_status check_shape(contact_sheet *of, stria_error *err)
{
    const stria_shape *shape = &of->data->shape;
    if (of->data->files != NULL)
        return STRIA_OK;
    if (shape->rank != 3)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the samples have %d axes, and a contact sheet shows pictures [H,W,C]",
                          shape->rank);
    if (of->data->type == STRIA_U8 && shape->sizes[2] <= 4)
        return STRIA_OK;
    const size_t size = (size_t)stria_shape_elements(shape);
    of->numbers = stria_allocate_floats(&of->data->context->allocator, size);
    return of->numbers != NULL ? STRIA_OK : stria_fail_memory(err, size * sizeof *of->numbers);
}

static stria_status fill(contact_sheet *of, stria_error *err)
{
    const size_t classes = of->choice.class_count;
    const bool many = classes > MANY_CLASSES;
    char number[32];
    stria_text title = {.allocator = &of->data->context->allocator};
    if (of->options.samples == 0)
        of->options.samples = many ? 4 : 10;
    of->options.samples = stria_size_min(of->options.samples, MOST_SAMPLES);
    stria_text_format(
        &title, "%s, %s part: %s samples", of->options.name != NULL ? of->options.name : "data",
        of->options.part == STRIA_PART_TEST ? "test" : "training",
        stria_count_text((int64_t)stria_dataset_count(of->data, of->options.part), number, sizeof number));
    if (classes > 1)
        stria_text_format(&title, " of %zu classes", classes);
    stria_status status = title.failed ? stria_fail_memory(err, title.length)
                                       : stria_sheet_create(&of->sheet, of->data->context, title.bytes, err);
    stria_text_free(&title);
    for (size_t c = 0; c < classes && status == STRIA_OK; c++)
        status = many ? add_strip(of, c, err) : add_group(of, c, err);
    if (status == STRIA_OK)
        add_notes(of);
    return status;
}

stria_status stria_contact_sheet(stria_sheet **sheet, const stria_dataset *data,
                                 const stria_gallery_options *options, stria_error *err)
{
    contact_sheet of = {.data = data};
    STRIA_TRY(stria_options_read(&of.options, sizeof of.options, options, "stria_gallery_options", err));
    stria_status status = check_shape(&of, err);
    if (status == STRIA_OK)
        status = stria_sample_choice_make(&of.choice, data, &of.options, err);
    if (status == STRIA_OK)
        status = fill(&of, err);
    stria_sample_choice_free(&of.choice);
    stria_release(&data->context->allocator, of.numbers);
    if (status != STRIA_OK) {
        stria_sheet_free(of.sheet);
        return status;
    }
    *sheet = of.sheet;
    return STRIA_OK;
}
