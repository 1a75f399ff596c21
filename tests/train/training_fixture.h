/* What the tests of training share: small problems that can be learned, models, numbers and files to compare.
 */
#ifndef STRIA_TESTS_TRAIN_TRAINING_FIXTURE_H
#define STRIA_TESTS_TRAIN_TRAINING_FIXTURE_H

#include <stria/stria.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

/* Opens a context whose files are not forced to the disk: hundreds of checkpoints would wait for it. */
void open_fast_context(test_context *test, int threads);

/* Numbers from -1 to 1, the same for the same seed. */
void fill_numbers(float *values, size_t count, uint32_t seed);

/* Pictures of 6x6x1 in three classes, a bar lying, standing or oblique, under noise. */
stria_dataset *make_bars(stria_context *context, size_t count, uint32_t seed);

/* Samples of 3 numbers with 2 targets, a fixed smooth function of them. */
stria_dataset *make_curve(stria_context *context, size_t count, uint32_t seed);

/* A small network for the bars: convolution, batch normalisation, pooling, dropout, dense, softmax. */
extern const char *const bars_text;

/* The same without layers that behave differently in training. */
extern const char *const plain_bars_text;

stria_model *make_model(stria_context *context, const char *text);

/* All parameters one after another; freed with free. */
float *copy_parameters(const stria_model *model, size_t *count);

void assert_same_parameters(const stria_model *a, const stria_model *b);

/* The bytes of a file, with a NUL after them; freed with free. */
char *read_whole_file(const char *path, size_t *size);

void assert_same_files(const char *a, const char *b);

/* |got - wanted| <= tolerance, printing all when not. */
#define assert_near(got, wanted, tolerance) check_near((got), (wanted), (tolerance), #got, __FILE__, __LINE__)
void check_near(double got, double wanted, double tolerance, const char *what, const char *file, int line);

/* The share of a part's samples that the model gets right. */
double measured_accuracy(const test_context *test, stria_model *model, const stria_dataset *data,
                         stria_part part);

#endif
