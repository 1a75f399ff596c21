/* Examining a data set: every sample is looked at once, as it is stored. What is found is what a training would stumble
 * over: files that cannot be read, pictures that are there twice, classes with next to no samples. */
#ifndef STRIA_EXAMINE_H
#define STRIA_EXAMINE_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a sample is. */
typedef struct stria_place {
    stria_part part;
    uint32_t index;
} stria_place;

/* Samples of one size, mode or format. */
typedef struct stria_size_count {
    int64_t height, width;
    size_t count;
} stria_size_count;
typedef struct stria_name_count {
    const char *name;
    size_t count;
} stria_name_count;

/* A sample that cannot be read, or that holds numbers which are not finite, and why: names the file. */
typedef struct stria_broken_sample {
    stria_place place;
    const char *reason;
} stria_broken_sample;

/* The numbers of one channel over all samples that can be read. Bytes, and pictures of 16 bits rounded to them, count as
 * 0 to 255. */
typedef struct stria_channel_numbers {
    const char *name; /* "grey", "red" ..., "alpha"; "0", "1" ... of other arrays; "all" where there are no channels */
    double mean, deviation, lowest, highest;
} stria_channel_numbers;

/* What was found. Lists are in a fixed order, whatever the number of threads; they live until stria_examination_free. */
typedef struct stria_examination {
    size_t counts[2];         /* samples by stria_part, broken ones included */
    size_t class_count;       /* 0 for targets */
    size_t *class_counts[2];  /* by stria_part: [class_count] */
    stria_size_count *sizes;  /* [size_count] of pictures, the most common first, then the smaller */
    size_t size_count;        /* 0 for samples that are no pictures */
    stria_name_count *modes;  /* "grey", "RGB and alpha", "grey, 16 bit", the most common first; none as above */
    size_t mode_count;
    stria_name_count *formats; /* "JPEG" ... of files; 0 for data in memory */
    size_t format_count;
    stria_channel_numbers *channels; /* grey pictures among colour ones count as the colours they show */
    size_t channel_count;            /* 0 when no sample could be read */
    stria_broken_sample *broken;     /* in the order of the data */
    size_t broken_count;
    stria_place *duplicates; /* [group_ends[group_count - 1]] samples of equal size and numbers, group by group, each in */
    size_t *group_ends;      /* the order of the data; [group_count] where each group ends; 0 begins the first */
    size_t group_count;
    size_t leaking_groups;     /* that are in both parts: the test part tells less than it seems to */
    size_t conflicting_groups; /* whose samples are of different classes */
    void *memory;              /* of the lists */
} stria_examination;

/* All zero means the defaults. */
typedef struct stria_examine_options {
    size_t struct_size;
    int (*progress)(size_t done, size_t total, void *payload); /* called in the caller's thread after each sample;
                                                                  non-zero: return CANCELLED */
    void *payload;
} stria_examine_options;

/* Examines `data`; files are decoded on as many threads as training would take. Whether files are skipped or not,
 * resized or not, as the data was opened, makes no difference. It takes 64 bytes of memory for each sample, besides a few
 * pictures, so data may be larger than memory. *examination is filled on success. Errors: MEMORY, CANCELLED, IO
 * when a thread cannot be started; a file that cannot be read is none. */
STRIA_API stria_status stria_dataset_examine(stria_examination *examination, const stria_dataset *data,
                                             const stria_examine_options *options, stria_error *err);

/* Frees the lists and clears the struct; a cleared struct is allowed. `context` is that of the data. */
STRIA_API void stria_examination_free(stria_examination *examination, stria_context *context);

#ifdef __cplusplus
}
#endif

#endif
