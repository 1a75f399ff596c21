/* Hand-made kernels: the classical ones by name, others from files, applied to pictures by the layer itself,
 * so that what is seen is what a network would compute. */
#include <math.h>
#include <string.h>

#include <stria/inspect.h>
#include <stria/plan.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define LARGEST_FILE 1000000 /* bytes of a text of numbers */

typedef struct known {
    const char *name, *title;
    float values[9];
} known;

/* Weights as they are multiplied with the picture below them: layers correlate. */
static const known table[] = {
    {"edge-vertical", "light to the left of dark", {1, 0, -1, 1, 0, -1, 1, 0, -1}},
    {"edge-horizontal", "light above dark", {1, 1, 1, 0, 0, 0, -1, -1, -1}},
    {"sobel-x", "change to the right (Sobel)", {-1, 0, 1, -2, 0, 2, -1, 0, 1}},
    {"sobel-y", "change downwards (Sobel)", {-1, -2, -1, 0, 0, 0, 1, 2, 1}},
    {"prewitt-x", "change to the right (Prewitt)", {-1, 0, 1, -1, 0, 1, -1, 0, 1}},
    {"prewitt-y", "change downwards (Prewitt)", {-1, -1, -1, 0, 0, 0, 1, 1, 1}},
    {"scharr-x", "change to the right (Scharr)", {-3, 0, 3, -10, 0, 10, -3, 0, 3}},
    {"scharr-y", "change downwards (Scharr)", {-3, -10, -3, 0, 0, 0, 3, 10, 3}},
    {"laplacian", "second derivative, four neighbours", {0, 1, 0, 1, -4, 1, 0, 1, 0}},
    {"laplacian8", "second derivative, eight neighbours", {1, 1, 1, 1, -8, 1, 1, 1, 1}},
    {"sharpen", "the picture minus its Laplacian", {0, -1, 0, -1, 5, -1, 0, -1, 0}},
    {"emboss", "relief lit from the upper left", {-2, -1, 0, -1, 1, 1, 0, 1, 2}},
    {"identity", "the picture itself", {0, 0, 0, 0, 1, 0, 0, 0, 0}},
};

#define KNOWN_COUNT (sizeof table / sizeof table[0])

/* Families with a size: "vertical7" is of verticalN. */
static const known families[] = {
    {"verticalN", "a vertical line: N x N zeros with a column of ones", {0}},
    {"horizontalN", "a horizontal line: N x N zeros with a row of ones", {0}},
    {"diagonalN", "a falling line", {0}},
    {"boxN", "the mean of N x N", {0}},
    {"gaussN", "a Gaussian of N x N, sigma N/6", {0}},
};

#define FAMILY_COUNT (sizeof families / sizeof families[0])

int stria_kernel_describe(size_t index, const char **name, const char **title)
{
    if (index >= KNOWN_COUNT + FAMILY_COUNT)
        return 0;
    const known *one = index < FAMILY_COUNT ? &families[index] : &table[index - FAMILY_COUNT];
    *name = one->name;
    *title = one->title;
    return 1;
}

static stria_status make(stria_kernel *kernel, stria_context *context, int64_t height, int64_t width,
                         stria_error *err)
{
    if (height < 1 || width < 1 || height > STRIA_LARGEST_KERNEL || width > STRIA_LARGEST_KERNEL)
        return stria_fail(err, STRIA_ERROR_LIMIT, "a kernel of %lldx%lld: each side must be 1 to %d",
                          (long long)height, (long long)width, STRIA_LARGEST_KERNEL);
    *kernel = (stria_kernel){.height = height, .width = width};
    kernel->values = stria_allocate_floats(&context->allocator, (size_t)(height * width));
    return kernel->values != NULL ? STRIA_OK
                                  : stria_fail_memory(err, (size_t)(height * width) * sizeof(float));
}

/* One number of a family's kernel of n x n, not yet divided by their sum. */
static float family_value(size_t family, int64_t n, int64_t y, int64_t x)
{
    const int64_t middle = n / 2;
    const double dy = (double)(y - middle), dx = (double)(x - middle), sigma = (double)n / 6;
    switch (family) {
    case 0:
        return x == middle;
    case 1:
        return y == middle;
    case 2:
        return x == y;
    case 3:
        return 1;
    default:
        return (float)exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
    }
}

static stria_status make_family(stria_kernel *kernel, stria_context *context, size_t family, int64_t n,
                                stria_error *err)
{
    STRIA_TRY(make(kernel, context, n, n, err));
    double sum = 0;
    for (int64_t i = 0; i < n * n; i++) {
        kernel->values[i] = family_value(family, n, i / n, i % n);
        sum += (double)kernel->values[i];
    }
    for (int64_t i = 0; i < n * n && family >= 3; i++)
        kernel->values[i] = (float)((double)kernel->values[i] / sum);
    return STRIA_OK;
}

/* ---- Files ---- */

/* Rows of numbers, with spaces, tabs or commas between; empty lines and what follows a # are left out. The
 * first pass counts, the second fills in. */
static stria_status read_rows(const char *text, const char *path, float *values, int64_t *rows,
                              int64_t *columns, stria_error *err)
{
    *rows = *columns = 0;
    for (int64_t line = 1; *text != '\0'; line++) {
        int64_t count = 0;
        const char *end = text + strcspn(text, "\n"), *stop = text + strcspn(text, "\n#");
        while (text < stop) {
            const size_t gap = strspn(text, " \t,;\r");
            text += gap;
            const size_t length = text < stop ? strcspn(text, " \t,;\r\n#") : 0;
            double value;
            if (length == 0)
                break;
            if (!stria_text_to_double(text, length, &value))
                return stria_fail(err, STRIA_ERROR_FORMAT, "%s:%lld: '%.*s' is not a number", path,
                                  (long long)line, (int)(length < 40 ? length : 40), text);
            if (values != NULL)
                values[*rows * *columns + count] = (float)value;
            count++;
            text += length;
        }
        if (count > 0 && *rows > 0 && count != *columns)
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s:%lld: %lld numbers, and %lld in the rows above",
                              path, (long long)line, (long long)count, (long long)*columns);
        if (count > 0) {
            *columns = count;
            ++*rows;
        }
        text = *end == '\n' ? end + 1 : end;
    }
    return *rows > 0 ? STRIA_OK : stria_fail(err, STRIA_ERROR_FORMAT, "%s holds no numbers", path);
}

static stria_status read_text(stria_kernel *kernel, stria_context *context, const char *text,
                              const char *path, stria_error *err)
{
    int64_t rows, columns;
    STRIA_TRY(read_rows(text, path, NULL, &rows, &columns, err));
    STRIA_TRY(make(kernel, context, rows, columns, err));
    return read_rows(text, path, kernel->values, &rows, &columns, err);
}

static stria_status read_array(stria_kernel *kernel, stria_context *context, const char *path,
                               stria_error *err)
{
    stria_array array = {0};
    STRIA_TRY(stria_array_read(&array, context, path, err));
    /* Axes of 1 around the two of the window do not matter: [kh,kw,1,1] is a layer's. */
    int64_t sizes[2] = {1, 1};
    int found = 0;
    for (int i = 0; i < array.shape.rank; i++) {
        if (array.shape.sizes[i] != 1 || (i < 2 && array.shape.rank <= 4)) {
            if (found < 2)
                sizes[found] = array.shape.sizes[i];
            found++;
        }
    }
    char text[STRIA_SHAPE_TEXT_SIZE];
    stria_status status =
        found > 2 ? stria_fail(err, STRIA_ERROR_SHAPE,
                               "%s: an array of %s is no kernel; it must have rows and columns only", path,
                               stria_shape_text(&array.shape, text, sizeof text))
                  : make(kernel, context, sizes[0], sizes[1], err);
    if (status == STRIA_OK)
        memcpy(kernel->values, array.values, (size_t)(sizes[0] * sizes[1]) * sizeof *kernel->values);
    stria_array_free(&array, context);
    return status;
}

static stria_status read_file(stria_kernel *kernel, stria_context *context, const char *path,
                              stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, LARGEST_FILE, &bytes, &size, err));
    const bool is_array = size >= 2 && (memcmp(bytes, "\x93N", 2) == 0 || memcmp(bytes, "\x1F\x8B", 2) == 0);
    stria_status status;
    if (is_array)
        status = read_array(kernel, context, path, err);
    else if (memchr(bytes, '\0', size) != NULL)
        status =
            stria_fail(err, STRIA_ERROR_FORMAT, "%s is neither a .npy array nor a text of numbers", path);
    else
        status = read_text(kernel, context, bytes, path, err);
    stria_release(&context->allocator, bytes);
    if (status != STRIA_OK)
        stria_kernel_free(kernel, context);
    return status;
}

stria_status stria_kernel_read(stria_kernel *kernel, stria_context *context, const char *name,
                               stria_error *err)
{
    *kernel = (stria_kernel){0};
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) {
            STRIA_TRY(make(kernel, context, 3, 3, err));
            memcpy(kernel->values, table[i].values, sizeof table[i].values);
            return STRIA_OK;
        }
    }
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        const size_t length = strlen(families[i].name) - 1; /* without the N */
        int64_t n;
        if (strncmp(families[i].name, name, length) == 0 &&
            stria_text_to_integer(name + length, strlen(name + length), &n))
            return make_family(kernel, context, i, n, err);
    }
    if (stria_file_probe(context, name) == 0) {
        stria_text list = {.allocator = &context->allocator};
        const char *known_name, *title;
        for (size_t i = 0; stria_kernel_describe(i, &known_name, &title); i++)
            stria_text_format(&list, "%s%s", i > 0 ? ", " : "", known_name);
        const stria_status status =
            stria_fail(err, STRIA_ERROR_MISSING, "there is no kernel and no file '%s'; there are %s", name,
                       list.bytes != NULL ? list.bytes : "");
        stria_text_free(&list);
        return status;
    }
    return read_file(kernel, context, name, err);
}

void stria_kernel_free(stria_kernel *kernel, stria_context *context)
{
    stria_release(&context->allocator, kernel->values);
    *kernel = (stria_kernel){0};
}

/* ---- Applying ---- */

static stria_status apply(const stria_kernel *kernel, stria_model *model, const float *picture,
                          stria_array *result, stria_context *context, stria_error *err)
{
    stria_plan *plan = NULL;
    STRIA_TRY(stria_model_set_tensor(model, "conv2d/kernel", kernel->values,
                                     (size_t)(kernel->height * kernel->width), err));
    STRIA_TRY(stria_plan_create(&plan, model, NULL, err));
    const stria_shape *output = stria_plan_shape(plan, "conv2d");
    stria_status status = stria_plan_run(plan, &picture, 1, err);
    if (status == STRIA_OK)
        status = stria_array_create(result, context, output, err);
    if (status == STRIA_OK)
        memcpy(result->values, stria_plan_output(plan, 0),
               (size_t)(output->sizes[0] * output->sizes[1]) * sizeof *result->values);
    stria_plan_free(plan);
    return status;
}

stria_status stria_kernel_apply(const stria_kernel *kernel, stria_context *context, const float *picture,
                                int64_t height, int64_t width, int same, stria_array *result,
                                stria_error *err)
{
    if (!same && (height < kernel->height || width < kernel->width))
        return stria_fail(
            err, STRIA_ERROR_SHAPE, "the picture has %lldx%lld pixels: a kernel of %lldx%lld fits nowhere",
            (long long)height, (long long)width, (long long)kernel->height, (long long)kernel->width);
    char text[160];
    stria_format(text, sizeof text, "input %lldx%lldx1\nconv2d 1 %lldx%lld %s use_bias=no\n",
                 (long long)height, (long long)width, (long long)kernel->height, (long long)kernel->width,
                 same ? "same" : "valid");
    stria_model *model = NULL;
    STRIA_TRY(stria_model_parse(&model, context, text, strlen(text), NULL, err));
    const stria_status status = apply(kernel, model, picture, result, context, err);
    stria_model_free(model);
    return status;
}
