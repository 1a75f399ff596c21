/* Round numbers for axes: steps of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels",
 * Graphics Gems, 1990). */
#include <math.h>

#include "base/text.h"
#include "inspect/chart.h"

/* The round step nearest above range/wanted. */
static double round_step(double range, int wanted)
{
    const double rough = range / wanted;
    const double power = pow(10, floor(log10(rough)));
    const double lead = rough / power;
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

stria_ticks stria_ticks_linear(double low, double high, int wanted)
{
    stria_ticks ticks = {0};
    if (!(high - low > fabs(high) * 1e-12)) { /* one value: an axis around it */
        const double room = low != 0 ? fabs(low) * 0.1 : 1;
        low -= room;
        high += room;
    }
    /* Numbers too large, small or near to each other for an axis would give no step. */
    double step = round_step(high - low, wanted);
    if (!(step > 0) || !isfinite(step))
        step = 1;
    const double first = floor(low / step + 1e-9), last = ceil(high / step - 1e-9);
    ticks.decimals = (int)fmin(12, fmax(0, -floor(log10(step) + 1e-9)));
    for (double i = first; i <= last && ticks.count < STRIA_MAX_TICKS; i++)
        ticks.values[ticks.count++] = i * step;
    ticks.low = ticks.values[0];
    ticks.high = ticks.values[ticks.count - 1];
    return ticks;
}

stria_ticks stria_ticks_logarithmic(double low, double high)
{
    stria_ticks ticks = {.decimals = -1};
    const double first = floor(log10(low) + 1e-9), last = ceil(log10(high) - 1e-9);
    const double decades = fmax(1, last - first);
    const double skip = ceil(decades / 8);
    for (double d = first; d <= first + decades && ticks.count + 3 <= STRIA_MAX_TICKS; d += skip) {
        const double power = pow(10, d);
        static const double leads[] = {1, 2, 5};
        for (int i = 0; i < (decades <= 3 ? 3 : 1); i++) {
            if (i == 0 || d < first + decades)
                ticks.values[ticks.count++] = power * leads[i];
        }
    }
    /* Cut to what the values need. */
    size_t begin = 0, end = ticks.count;
    while (begin + 1 < end && ticks.values[begin + 1] <= low * (1 + 1e-9))
        begin++;
    while (end > begin + 2 && ticks.values[end - 2] >= high * (1 - 1e-9))
        end--;
    for (size_t i = begin; i < end; i++)
        ticks.values[i - begin] = ticks.values[i];
    ticks.count = end - begin;
    ticks.low = fmin(low, ticks.values[0]);
    ticks.high = fmax(high, ticks.values[ticks.count - 1]);
    return ticks;
}

char *stria_tick_text(const stria_ticks *ticks, double value, char text[40])
{
    if (ticks->decimals < 0 || fabs(value) >= 1e7 || ticks->decimals > 6)
        stria_format(text, 40, "%.6g", value);
    else
        stria_format(text, 40, "%.*f", ticks->decimals, value == 0 ? 0 : value);
    return text;
}
