/* Times the loading of a folder of pictures: decoding, resizing to 224x224 RGB and gathering into batches
 * of 32.
 *
 *     loader_bench [-t THREADS] [-r PASSES] FOLDER
 *
 * Each line is the pictures per second of one pass in a mixed order. loading.py compares it with others. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/dataset.h"

#define SIDE  224
#define BATCH 32

static int pass(stria_context *context, const stria_dataset *data, stria_loader *loader, uint32_t *order)
{
    const size_t count = stria_dataset_count(data, STRIA_PART_TRAIN);
    stria_error err = {0};
    stria_batch batch;
    const uint64_t began = stria_context_now(context);
    stria_loader_start(loader, order, 0, count);
    do {
        if (stria_loader_next(loader, &batch, &err) != STRIA_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 0;
        }
    } while (batch.taken > 0);
    printf("%.1f\n", (double)count / (1e-9 * (double)(stria_context_now(context) - began)));
    return 1;
}

int main(int argc, char **argv)
{
    int threads = 1, passes = 1, done = 0;
    for (int option; (option = getopt(argc, argv, "t:r:")) != -1;) {
        if (option == 't')
            threads = atoi(optarg);
        else if (option == 'r')
            passes = atoi(optarg);
        else
            return 2;
    }
    if (optind + 1 != argc)
        return 2;
    stria_error err = {0};
    stria_context *context = NULL;
    stria_dataset *data = NULL;
    stria_loader *loader = NULL;
    uint32_t *order = NULL;
    const stria_context_options machine = {.threads = 1};
    const stria_dataset_options options = {.height = SIDE, .width = SIDE, .channels = 3};
    if (stria_context_create(&context, &machine, &err) != STRIA_OK ||
        stria_dataset_open_with(&data, context, argv[optind], &options, &err) != STRIA_OK ||
        stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, BATCH, threads, &err) != STRIA_OK) {
        fprintf(stderr, "%s\n", err.message);
        goto end;
    }
    const size_t count = stria_dataset_count(data, STRIA_PART_TRAIN);
    order = malloc(count * sizeof *order);
    if (order == NULL)
        goto end;
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)(i * 7919 % count);
    while (done < passes && pass(context, data, loader, order))
        done++;
end:
    stria_loader_free(loader);
    stria_dataset_free(data);
    stria_context_free(context);
    free(order);
    return done == passes ? 0 : 1;
}
