/* An attribution as pictures side by side: the photo, the map in colours with their scale, the map over the
 * photo. */
#include <stria/attribution.h>

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/text.h"
#include "inspect/shown.h"

#define TILE 320

static void describe(const stria_attribution *a, char *text, size_t size)
{
    char class_text[96], number[32];
    stria_format(class_text, sizeof class_text, "%zu", a->class_index);
    if (a->class_name != NULL && strcmp(a->class_name, class_text) != 0)
        stria_format(class_text, sizeof class_text, "%zu, %.80s", a->class_index, a->class_name);
    stria_format(number, sizeof number, "%.4g", a->score);
    stria_format(text, size, "%s%s%.80s for class %s: probability %.4f, score %s", a->method,
                 a->layer[0] != '\0' ? " at " : "", a->layer, class_text, a->probability, number);
}

/* The ends of the scale: 0 to the largest value, or as far below 0 as above it. */
static void find_range(const stria_attribution *a, double *low, double *high)
{
    *high = 0;
    for (int64_t i = 0; i < a->height * a->width; i++)
        *high = fmax(*high, fabs((double)a->full[i]));
    *low = a->is_signed ? -*high : 0;
}

typedef struct tiles {
    stria_picture photo, map, overlay;
} tiles;

static stria_status draw(const stria_attribution *a, stria_context *context, const stria_picture *photo,
                         const char *palette, stria_sheet *sheet, tiles *t, stria_error *err)
{
    char title[320], caption[64];
    double low, high;
    const stria_tile captions[] = {
        {.caption = "picture"}, {.caption = caption}, {.caption = "map over picture"}};
    stria_format(caption, sizeof caption, a->is_signed ? "for the class +, against it -" : "map");
    describe(a, title, sizeof title);
    find_range(a, &low, &high);
    stria_sheet_group(sheet, &(stria_sheet_group_options){
                                 .size = TILE, .columns = 3, .palette = palette, .low = low, .high = high});
    STRIA_TRY(stria_shown_map(&t->map, context, a->full, a->height, a->width, palette, low, high, err));
    if (photo != NULL) {
        if (photo->height != a->height || photo->width != a->width)
            return stria_fail(
                err, STRIA_ERROR_SHAPE, "a picture of %lldx%lld cannot lie under a map of %lldx%lld",
                (long long)photo->height, (long long)photo->width, (long long)a->height, (long long)a->width);
        STRIA_TRY(stria_shown_overlay(&t->overlay, context, photo, a->full, palette, low, high, err));
        stria_sheet_tile(sheet, photo, &captions[0]);
    }
    stria_sheet_tile(sheet, &t->map, &captions[1]);
    if (photo != NULL)
        stria_sheet_tile(sheet, &t->overlay, &captions[2]);
    return STRIA_OK;
}

stria_status stria_attribution_sheet(const stria_attribution *a, stria_context *context,
                                     const stria_picture *photo, const char *palette, stria_sheet **sheet,
                                     stria_error *err)
{
    char title[320];
    stria_sheet *made = NULL;
    tiles t = {0};
    describe(a, title, sizeof title);
    STRIA_TRY(stria_sheet_create(&made, context, title, err));
    const stria_status status = draw(a, context, photo,
                                     palette != NULL ? palette
                                     : a->is_signed  ? "diverging"
                                                     : "heat",
                                     made, &t, err);
    stria_picture_free(&t.map, context);
    stria_picture_free(&t.overlay, context);
    if (status != STRIA_OK) {
        stria_sheet_free(made);
        return status;
    }
    *sheet = made;
    return STRIA_OK;
}
