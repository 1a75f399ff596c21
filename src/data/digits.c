/* The data set "digits": 1,797 handwritten digits of 8x8 pixels, 0 (white) to 16, from the UCI repository. It
 * has no test part of its own, so every fifth digit of each class is one: 355 digits, every class and every
 * writer in both parts. (The file is ordered by writer: its last fifth would test writers nobody trained on,
 * which is another question.) */
#include "data/digits.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/sources.h"

#define CLASSES  10
#define HELD_OUT 5 /* one of so many is for testing */
#define LEVELS   17

/* Takes the numbers of the stream one by one: class, 64 pixels, class, 64 pixels ... */
typedef struct sink {
    uint8_t *pixels, *classes;
    size_t sample, at; /* at 0: the class is next */
} sink;

static void put(sink *to, uint8_t number)
{
    assert(to->sample < STRIA_DIGITS_COUNT);
    if (to->at == 0)
        to->classes[to->sample] = number;
    else
        to->pixels[to->sample * STRIA_DIGITS_PIXELS + to->at - 1] = number;
    if (to->at++ == STRIA_DIGITS_PIXELS) {
        to->at = 0;
        to->sample++;
    }
}

/* The code is described in digits_data.c. */
void stria_digits_decode(uint8_t *pixels, uint8_t *classes)
{
    sink to = {.pixels = pixels, .classes = classes};
    for (size_t line = 0; line < STRIA_DIGITS_LINES; line++) {
        for (const char *c = stria_digits_text[line]; *c != '\0'; c++) {
            int code = (*c == ' ' ? '?' : *c == '!' ? '\\' : *c) - '#';
            for (int zeros = code / LEVELS; zeros > 0; zeros--)
                put(&to, 0);
            put(&to, (uint8_t)(code % LEVELS));
        }
    }
    assert(to.sample == STRIA_DIGITS_COUNT && to.at == 0);
}

/* Copies the digits of one part: x [count, 8, 8] with y [count] behind it, in one block. */
static stria_status take_part(stria_dataset *data, stria_part part, const uint8_t *pixels,
                              const uint8_t *classes, stria_error *err)
{
    uint8_t *memory =
        stria_allocate(&data->context->allocator, STRIA_DIGITS_COUNT * (STRIA_DIGITS_PIXELS + 1));
    if (memory == NULL)
        return stria_fail_memory(err, STRIA_DIGITS_COUNT * (STRIA_DIGITS_PIXELS + 1));
    uint8_t *x = memory, *y = memory + (size_t)STRIA_DIGITS_COUNT * STRIA_DIGITS_PIXELS;
    size_t count = 0, seen[CLASSES] = {0};
    for (size_t i = 0; i < STRIA_DIGITS_COUNT; i++) {
        bool test = ++seen[classes[i]] % HELD_OUT == 0;
        if (test != (part == STRIA_PART_TEST))
            continue;
        memcpy(x + count * STRIA_DIGITS_PIXELS, pixels + i * STRIA_DIGITS_PIXELS, STRIA_DIGITS_PIXELS);
        y[count++] = classes[i];
    }
    int64_t samples = (int64_t)count;
    stria_npy images = {.type = STRIA_U8, .rank = 3, .sizes = {samples, 8, 8}, .elements = x};
    images.count = count * STRIA_DIGITS_PIXELS;
    stria_npy labels = {.type = STRIA_U8, .rank = 1, .sizes = {samples}, .count = count, .elements = y};
    void *owned = memory;
    stria_status status = stria_dataset_take_x(data, part, &images, &owned, "digits", err);
    if (status == STRIA_OK)
        status = stria_dataset_take_y(data, part, &labels, "digits", err);
    stria_release(&data->context->allocator, owned);
    return status;
}

stria_status stria_digits_open(stria_dataset **data, stria_context *context, stria_error *err)
{
    stria_dataset *made = NULL;
    size_t size = STRIA_DIGITS_COUNT * (STRIA_DIGITS_PIXELS + 1);
    uint8_t *pixels = stria_allocate(&context->allocator, size);
    if (pixels == NULL)
        return stria_fail_memory(err, size);
    uint8_t *classes = pixels + (size_t)STRIA_DIGITS_COUNT * STRIA_DIGITS_PIXELS;
    stria_digits_decode(pixels, classes);
    stria_status status = stria_dataset_new(&made, context, err);
    for (int part = 0; part < 2 && status == STRIA_OK; part++)
        status = take_part(made, (stria_part)part, pixels, classes, err);
    if (status == STRIA_OK)
        status = stria_dataset_finish(made, NULL, CLASSES, "digits", err);
    stria_release(&context->allocator, pixels);
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    stria_dataset_set_scale(made, 1.0 / 16);
    *data = made;
    return STRIA_OK;
}
