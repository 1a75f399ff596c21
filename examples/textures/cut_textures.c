/* Cuts the three texture photographs into a data set: a folder for each part, in it one for each class.
 *
 *     cut_textures PICTURES DATA
 *
 * PICTURES holds brick.png, grass.png and gravel.png (scripts/sample-pictures --textures). From the left three quarters
 * of each come the training windows of 64x64 pixels, from the right quarter those for testing: no test pixel was ever
 * trained on. Windows overlap by three quarters. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stria/stria.h>

#define SIDE  64
#define STEP  16
#define SHARE 0.75 /* of the width, for training */

static stria_status make_folder(const char *path, stria_error *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return STRIA_OK;
    err->code = STRIA_ERROR_IO;
    snprintf(err->message, sizeof err->message, "cannot make the folder %s: %s", path, strerror(errno));
    return STRIA_ERROR_IO;
}

/* Writes the windows between two columns of a picture to folder/ROW-COLUMN.png. */
static stria_status cut(stria_context *context, const stria_picture *whole, int64_t from, int64_t to,
                        const char *folder, size_t *count, stria_error *err)
{
    stria_status status = make_folder(folder, err);
    for (int64_t row = 0; status == STRIA_OK && row + SIDE <= whole->height; row += STEP) {
        for (int64_t column = from; status == STRIA_OK && column + SIDE <= to; column += STEP) {
            stria_picture window = {0};
            char path[4096];
            snprintf(path, sizeof path, "%s/%03d-%03d.png", folder, (int)row, (int)column);
            if ((status = stria_picture_create(&window, context, SIDE, SIDE, whole->channels, err)) != STRIA_OK)
                break;
            const size_t width = (size_t)(SIDE * whole->channels);
            for (int64_t r = 0; r < SIDE; r++)
                memcpy(window.bytes + (size_t)r * width,
                       whole->bytes + ((row + r) * whole->width + column) * whole->channels, width);
            status = stria_picture_write(context, path, &window, err);
            stria_picture_free(&window, context);
            ++*count;
        }
    }
    return status;
}

static stria_status cut_class(stria_context *context, const char *pictures, const char *data, const char *name,
                              stria_error *err)
{
    char path[2048];
    stria_picture whole = {0};
    size_t training = 0, test = 0;
    snprintf(path, sizeof path, "%s/%s.png", pictures, name);
    stria_status status = stria_picture_read(&whole, context, path, err);
    if (status == STRIA_OK) {
        const int64_t border = (int64_t)(SHARE * (double)whole.width);
        snprintf(path, sizeof path, "%s/train/%s", data, name);
        status = cut(context, &whole, 0, border, path, &training, err);
        snprintf(path, sizeof path, "%s/test/%s", data, name);
        if (status == STRIA_OK)
            status = cut(context, &whole, border, whole.width, path, &test, err);
    }
    if (status == STRIA_OK)
        printf("%s: %zu windows for training, %zu for testing\n", name, training, test);
    stria_picture_free(&whole, context);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"brick", "grass", "gravel"}, *const parts[] = {"", "/train", "/test"};
    stria_error err = {0};
    stria_context *context = NULL;
    char path[2048];
    if (argc != 3 || strlen(argv[1]) > 1024 || strlen(argv[2]) > 1024) {
        fprintf(stderr, "usage: cut_textures PICTURES DATA\n");
        return 2;
    }
    stria_status status = stria_context_create(&context, NULL, &err);
    for (size_t i = 0; status == STRIA_OK && i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "%s%s", argv[2], parts[i]);
        status = make_folder(path, &err);
    }
    for (size_t i = 0; status == STRIA_OK && i < sizeof names / sizeof names[0]; i++)
        status = cut_class(context, argv[1], argv[2], names[i], &err);
    if (status != STRIA_OK)
        fprintf(stderr, "cut_textures: %s\n", err.message);
    stria_context_free(context);
    return status == STRIA_OK ? 0 : 1;
}
