/* Times what comes before training on photographs: decoding files and resizing them to 224x224 RGB.
 *
 *     pictures_bench [-t THREADS] [-m METHOD] [-r PASSES] [-f] FILES...
 *
 * Files are read into memory first. Each line is the pictures per second of one pass over all of them; -f
 * decodes JPEGs at a reduced size where that suffices. pictures.py compares it with others. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <stria/context.h>
#include <stria/picture.h>

#define SIDE         224
#define MOST_THREADS 64

typedef struct file {
    const char *path;
    unsigned char *bytes;
    size_t size;
} file;

typedef struct pass {
    stria_context *context;
    const file *files;
    size_t count;
    const char *method;
    int64_t least; /* side that reduced pictures must have, 0: whole ones */
    atomic_size_t next;
    atomic_bool failed;
} pass;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int read_file(file *f)
{
    FILE *stream = fopen(f->path, "rb");
    long size = -1;
    if (stream != NULL && fseek(stream, 0, SEEK_END) == 0)
        size = ftell(stream);
    if (size > 0 && (f->bytes = malloc((size_t)size)) != NULL) {
        rewind(stream);
        f->size = fread(f->bytes, 1, (size_t)size, stream);
    }
    if (stream != NULL)
        fclose(stream);
    return f->size > 0 && f->size == (size_t)size;
}

static void *work(void *argument)
{
    pass *p = argument;
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->count;) {
        const file *f = &p->files[i];
        stria_picture picture = {0};
        stria_error err = {0};
        if (stria_picture_decode_reduced(&picture, p->context, f->bytes, f->size, f->path, p->least, p->least,
                                         &err) != STRIA_OK ||
            stria_picture_convert(&picture, p->context, 3, &err) != STRIA_OK ||
            stria_picture_resize(&picture, p->context, SIDE, SIDE, p->method, &err) != STRIA_OK) {
            fprintf(stderr, "%s\n", err.message);
            atomic_store(&p->failed, true);
        }
        stria_picture_free(&picture, p->context);
    }
    return NULL;
}

static int run(pass *p, int threads)
{
    pthread_t others[MOST_THREADS];
    atomic_store(&p->next, 0);
    double start = now();
    for (int t = 1; t < threads; t++)
        if (pthread_create(&others[t], NULL, work, p) != 0)
            return 1;
    work(p);
    for (int t = 1; t < threads; t++)
        pthread_join(others[t], NULL);
    printf("%.1f\n", (double)p->count / (now() - start));
    fflush(stdout);
    return atomic_load(&p->failed);
}

int main(int argc, char **argv)
{
    int threads = 1, passes = 1, failed = 0;
    pass p = {.method = "bilinear"};
    for (int option; (option = getopt(argc, argv, "t:m:r:f")) != -1;) {
        if (option == 't')
            threads = atoi(optarg);
        else if (option == 'm')
            p.method = optarg;
        else if (option == 'r')
            passes = atoi(optarg);
        else if (option == 'f')
            p.least = SIDE;
        else
            return 2;
    }
    p.count = (size_t)(argc - optind);
    file *files = calloc(p.count + 1, sizeof *files);
    if (p.count == 0 || files == NULL || threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: pictures_bench [-t THREADS] [-m METHOD] [-r PASSES] [-f] FILES...\n");
        free(files);
        return 2;
    }
    for (size_t i = 0; i < p.count && !failed; i++) {
        files[i].path = argv[optind + (int)i];
        failed = !read_file(&files[i]);
        if (failed)
            fprintf(stderr, "cannot read '%s'\n", files[i].path);
    }
    p.files = files;
    stria_error err = {0};
    if (!failed &&
        stria_context_create(&p.context, &(stria_context_options){.threads = 1}, &err) != STRIA_OK) {
        fprintf(stderr, "%s\n", err.message);
        failed = 1;
    }
    for (int i = 0; i < passes && !failed; i++)
        failed = run(&p, threads);
    stria_context_free(p.context);
    for (size_t i = 0; i < p.count; i++)
        free(files[i].bytes);
    free(files);
    return failed;
}
