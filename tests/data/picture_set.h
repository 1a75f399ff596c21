/* Data sets of picture files for the tests: pictures that a number determines, put into a temporary folder.
 */
#ifndef STRIA_TESTS_DATA_PICTURE_SET_H
#define STRIA_TESTS_DATA_PICTURE_SET_H

#include <stria/stria.h>

#include "support/temporary_folder.h"
#include "support/test_context.h"

/* Writes folder/name, a PNG of numbers that follow from `seed`, and makes the folders on the way to it. */
void put_picture(const temporary_folder *folder, const char *name, int64_t height, int64_t width,
                 int64_t channels, uint32_t seed);

/* The same with any bytes. */
void put_bytes(const temporary_folder *folder, const char *name, const void *bytes, size_t size);

/* Puts `count` pictures of 8x8x3 into each of three class folders of `part` ("" or "train/"), those of a
 * class more alike than others. */
void put_classes(const temporary_folder *folder, const char *part, int count, uint32_t seed);

/* Opens folder/name. */
stria_dataset *open_data(stria_context *context, const temporary_folder *folder, const char *name,
                         const stria_dataset_options *options);

/* The status and message of a data set that does not open. */
stria_status refuse_data(stria_context *context, const temporary_folder *folder, const char *name,
                         const stria_dataset_options *options, stria_error *err);

/* Opens folder/name with each allocation and each call of the system failing in turn, and prints how many
 * did. */
void open_with_failures(test_context *test, const temporary_folder *folder, const char *name);

#endif
