/* The C interface by example: builds LeNet-5 for whatever pictures it is given, trains it, measures it on
 * pictures that it has not seen, and saves it.
 *
 *     train_lenet5                     the 8x8 digits that Stria brings along: a second
 *     train_lenet5 fashion-mnist       or a folder of IDX files, or an .npz with x and y
 *
 * Build it with   cc train_lenet5.c $(pkg-config --cflags --libs stria) -o train_lenet5 */
#include <stdio.h>

#include <stria/stria.h>

/* Called after every epoch. The library itself never prints. */
static void show_epoch(const stria_epoch *epoch, void *payload)
{
    (void)payload;
    fprintf(stderr, "epoch %d of %d: loss %.4f, accuracy %.1f %%\n", epoch->epoch, epoch->epochs, epoch->loss,
            100 * epoch->accuracy);
}

/* LeNet-5, line by line, for pictures of `shape` in `classes` classes. */
static stria_status build(stria_model *model, const stria_shape *shape, size_t classes, stria_error *err)
{
    /* A 5x5 window fits into what the first pooling leaves of a 28x28 picture, not into what it leaves of an
     * 8x8 one. */
    const int small = shape->sizes[0] < 14 || shape->sizes[1] < 14;
    char input[STRIA_SHAPE_TEXT_SIZE + 16], size[STRIA_SHAPE_TEXT_SIZE], output[64];
    snprintf(input, sizeof input, "input %s", stria_shape_text(shape, size, sizeof size));
    snprintf(output, sizeof output, "dense %zu softmax", classes);
    const char *const lines[] = {
        input,
        "conv2d 6 5 same relu",
        "maxpool2d 2",
        small ? "conv2d 16 3 same relu" : "conv2d 16 5 relu",
        "maxpool2d 2",
        "flatten",
        "dense 120 relu",
        "dense 84 relu",
        output,
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        stria_status status = stria_model_add(model, lines[i], err);
        if (status != STRIA_OK)
            return status;
    }
    return STRIA_OK;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "digits";
    stria_error err = {0};
    stria_context *context = NULL;
    stria_dataset *data = NULL;
    stria_model *model = NULL;
    stria_evaluation evaluation = {0};
    int exit_status = 1;

    /* What is left out has its default: Adam, cross-entropy, seed 0. */
    const stria_train_options options = {
        .epochs = argc > 1 ? 10 : 30, /* there are few digits */
        .batch = 32,
        .on_epoch = show_epoch,
    };
    if (stria_context_create(&context, NULL, &err) != STRIA_OK ||
        stria_dataset_open(&data, context, name, &err) != STRIA_OK ||
        stria_model_create(&model, context, &err) != STRIA_OK ||
        build(model, stria_dataset_shape(data), stria_dataset_class_count(data), &err) != STRIA_OK ||
        stria_train(model, data, &options, NULL, &err) != STRIA_OK ||
        stria_evaluate(&evaluation, model, data, STRIA_PART_TEST, 0, NULL, &err) != STRIA_OK ||
        stria_model_save(model, "lenet5.safetensors", &err) != STRIA_OK) {
        fprintf(stderr, "%s\n", err.message);
        goto done;
    }
    printf("%s: %.2f %% of %lld test pictures right; wrote lenet5.safetensors\n", name,
           100 * evaluation.accuracy, (long long)evaluation.count);
    exit_status = 0;

done: /* every _free accepts NULL, and this one a cleared struct */
    stria_evaluation_free(&evaluation, context);
    stria_model_free(model);
    stria_dataset_free(data);
    stria_context_free(context);
    return exit_status;
}
