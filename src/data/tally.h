/* Numbers of many samples, channel by channel: mean, deviation and extremes. Bytes are counted by value,
 * which is exact in any order; of other numbers each sample's moments are computed on their own and merged in
 * the order of the samples. So the results do not depend on who counted what. */
#ifndef STRIA_DATA_TALLY_H
#define STRIA_DATA_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/picture.h>

/* Arrays have at most so many channels; the last axis of others is no channels. */
#define STRIA_TALLY_CHANNELS 64

/* Channels of pictures. */
enum { STRIA_TALLY_GREY = 0, STRIA_TALLY_RED, STRIA_TALLY_ALPHA = 4, STRIA_TALLY_KINDS };

typedef struct stria_moments {
    double count, mean, squares; /* of differences from the mean */
    double lowest, highest;
} stria_moments;

/* All zero is empty. */
typedef struct stria_tally {
    uint64_t bins[STRIA_TALLY_KINDS][256]; /* of pictures */
    stria_moments moments[STRIA_TALLY_CHANNELS];
} stria_tally;

void stria_tally_picture(stria_tally *tally, const stria_picture *picture);

/* Adds an array [count/channels, channels]. Returns how many of its numbers are not finite; when any are,
 * nothing is added. */
size_t stria_tally_numbers(stria_tally *tally, const float *numbers, size_t count, size_t channels);

/* Adds what `other` holds behind what is there. */
void stria_tally_merge(stria_tally *tally, const stria_tally *other);

/* The moments of one kind of channel of pictures, with the grey of grey pictures where `grey_too`. */
stria_moments stria_tally_moments(const stria_tally *tally, int kind, bool grey_too);

#endif
