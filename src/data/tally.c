/* Counting numbers. See tally.h. */
#include "data/tally.h"

#include <math.h>

void stria_tally_picture(stria_tally *tally, const stria_picture *picture)
{
    const int64_t channels = picture->channels, pixels = picture->height * picture->width;
    for (int64_t c = 0; c < channels; c++) {
        const bool alpha = channels % 2 == 0 && c == channels - 1;
        uint64_t *bins = tally->bins[alpha          ? STRIA_TALLY_ALPHA
                                     : channels > 2 ? STRIA_TALLY_RED + c
                                                    : STRIA_TALLY_GREY];
        const uint8_t *byte = picture->bytes + c;
        for (int64_t i = 0; i < pixels; i++, byte += channels)
            bins[*byte]++;
    }
}

/* Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
 * (1979). */
static void merge_moments(stria_moments *into, const stria_moments *more)
{
    if (more->count == 0)
        return;
    if (into->count == 0) {
        *into = *more;
        return;
    }
    const double count = into->count + more->count, difference = more->mean - into->mean;
    into->mean += difference * (more->count / count);
    into->squares += more->squares + difference * difference * (into->count * (more->count / count));
    into->lowest = fmin(into->lowest, more->lowest);
    into->highest = fmax(into->highest, more->highest);
    into->count = count;
}

/* In two passes: the mean, then the differences from it. */
static stria_moments moments_of(const float *numbers, size_t count, size_t step)
{
    stria_moments result = {.count = (double)(count / step), .lowest = numbers[0], .highest = numbers[0]};
    double sum = 0;
    for (size_t i = 0; i < count; i += step) {
        sum += numbers[i];
        result.lowest = numbers[i] < result.lowest ? numbers[i] : result.lowest;
        result.highest = numbers[i] > result.highest ? numbers[i] : result.highest;
    }
    result.mean = sum / result.count;
    for (size_t i = 0; i < count; i += step)
        result.squares += (numbers[i] - result.mean) * (numbers[i] - result.mean);
    return result;
}

size_t stria_tally_numbers(stria_tally *tally, const float *numbers, size_t count, size_t channels)
{
    size_t wild = 0;
    for (size_t i = 0; i < count; i++)
        wild += isfinite(numbers[i]) ? 0 : 1;
    for (size_t c = 0; c < channels && wild == 0; c++) {
        const stria_moments of = moments_of(numbers + c, count, channels);
        merge_moments(&tally->moments[c], &of);
    }
    return wild;
}

void stria_tally_merge(stria_tally *tally, const stria_tally *other)
{
    for (size_t k = 0; k < STRIA_TALLY_KINDS; k++)
        for (size_t v = 0; v < 256; v++)
            tally->bins[k][v] += other->bins[k][v];
    for (size_t c = 0; c < STRIA_TALLY_CHANNELS; c++)
        merge_moments(&tally->moments[c], &other->moments[c]);
}

stria_moments stria_tally_moments(const stria_tally *tally, int kind, bool grey_too)
{
    stria_moments result = {0};
    double counts[256], sum = 0;
    for (int v = 0; v < 256; v++) {
        counts[v] = (double)(tally->bins[kind][v] + (grey_too ? tally->bins[STRIA_TALLY_GREY][v] : 0));
        if (counts[v] == 0)
            continue;
        result.lowest = result.count == 0 ? v : result.lowest;
        result.highest = v;
        result.count += counts[v];
        sum += counts[v] * v;
    }
    if (result.count == 0)
        return result;
    result.mean = sum / result.count;
    for (int v = 0; v < 256; v++)
        result.squares += counts[v] * (v - result.mean) * (v - result.mean);
    return result;
}
