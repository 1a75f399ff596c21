/* The table of schedules and their formulas. The cosine is half a wave from the full rate to 0 over all
 * planned steps (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts), after a linear rise when a
 * warm-up is asked for. */
#include "train/schedule.h"

#include <math.h>

#include "base/error.h"

static const stria_argument cosine_arguments[] = {
    {"warmup", STRIA_ARG_NUMBER, offsetof(stria_schedule, warmup), "0", 0, 1e6, NULL,
     "epochs in which the rate rises to its full size first"},
};

static const stria_argument step_arguments[] = {
    {"every", STRIA_ARG_INTEGER, offsetof(stria_schedule, every), NULL, 1, 1e6, NULL,
     "epochs after which the rate changes"},
    {"factor", STRIA_ARG_NUMBER, offsetof(stria_schedule, factor), "0.1", 1e-6, 1e6, NULL,
     "what the rate is multiplied by"},
};

const stria_choice stria_schedules[STRIA_SCHEDULE_COUNT] = {
    [STRIA_SCHEDULE_CONSTANT] = {"constant", NULL, NULL, 0, "constant: the same rate in every step"},
    [STRIA_SCHEDULE_COSINE] =
        {"cosine", NULL, cosine_arguments, 1,
         "cosine warmup=0: half a cosine wave down to 0 over all epochs, after a linear rise over "
         "`warmup` epochs"},
    [STRIA_SCHEDULE_STEP] = {"step", NULL, step_arguments, 2,
                             "step every=3 factor=0.1: the rate times `factor` after every `every` epochs"},
};

stria_status stria_schedule_read(stria_schedule *schedule, const char *text, stria_error *err)
{
    stria_schedule read = {0};
    size_t kind;
    STRIA_TRY(stria_choice_read("schedule", stria_schedules, STRIA_SCHEDULE_COUNT, text, &kind, &read, err));
    read.kind = (stria_schedule_kind)kind;
    *schedule = read;
    return STRIA_OK;
}

void stria_schedule_write(const stria_schedule *schedule, stria_text *text)
{
    stria_choice_write(&stria_schedules[schedule->kind], schedule, text);
}

bool stria_schedule_needs_epochs(const stria_schedule *schedule)
{
    return schedule->kind == STRIA_SCHEDULE_COSINE;
}

double stria_schedule_rate(const stria_schedule *schedule, double rate, int epochs, int64_t steps, int epoch,
                           int64_t step)
{
    const double pi = 3.14159265358979323846;
    switch (schedule->kind) {
    case STRIA_SCHEDULE_COSINE: {
        const double done = (double)(epoch - 1) * (double)steps + (double)step;
        const double all = (double)epochs * (double)steps, rise = schedule->warmup * (double)steps;
        if (done < rise)
            return rate * ((done + 1) / rise < 1 ? (done + 1) / rise : 1);
        return rate * 0.5 * (1 + cos(pi * (done - rise) / (all - rise)));
    }
    case STRIA_SCHEDULE_STEP:
        return rate * pow(schedule->factor, (double)((epoch - 1) / schedule->every));
    default:
        return rate;
    }
}
