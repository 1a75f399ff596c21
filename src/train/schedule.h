/* Schedules: the learning rate of every step. A rate is a function of epoch and step alone, so a schedule has
 * no state that a checkpoint would have to keep. */
#ifndef STRIA_TRAIN_SCHEDULE_H
#define STRIA_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "train/choice.h"

typedef enum stria_schedule_kind {
    STRIA_SCHEDULE_CONSTANT,
    STRIA_SCHEDULE_COSINE,
    STRIA_SCHEDULE_STEP,
    STRIA_SCHEDULE_COUNT
} stria_schedule_kind;

/* Indexed by stria_schedule_kind. */
extern const stria_choice stria_schedules[STRIA_SCHEDULE_COUNT];

typedef struct stria_schedule {
    stria_schedule_kind kind;
    double warmup; /* epochs */
    int64_t every; /* epochs */
    double factor;
} stria_schedule;

/* Errors: VALUE. */
stria_status stria_schedule_read(stria_schedule *schedule, const char *text, stria_error *err);

/* Appends the schedule: equal schedules give equal text. */
void stria_schedule_write(const stria_schedule *schedule, stria_text *text);

/* Whether rates depend on how many epochs are planned. */
bool stria_schedule_needs_epochs(const stria_schedule *schedule);

/* The rate of step `step` (from 0) of epoch `epoch` (from 1), when `epochs` epochs of `steps` steps are
 * planned and the schedule starts from `rate`. */
double stria_schedule_rate(const stria_schedule *schedule, double rate, int epochs, int64_t steps, int epoch,
                           int64_t step);

#endif
