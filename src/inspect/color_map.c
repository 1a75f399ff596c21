/* Colours: the maps from numbers, and what the names mean on light and dark pages.
 *
 * The maps run through points of the OKLab space (B. Ottosson, 2020), whose first axis is lightness as it is
 * seen, and are interpolated there, so that equal steps of the value look like equal steps. Blue against
 * orange is told apart in all common kinds of colour blindness. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "inspect/figure.h"
#include "inspect/palette.h"

typedef struct lab {
    double lightness, a, b;
} lab;

#define MOST_POINTS 7

typedef struct color_map {
    const char *name;
    size_t count;
    lab points[MOST_POINTS]; /* at even steps from 0 to 1 */
} color_map;

static const color_map maps[] = {
    {"gray", 2, {{0, 0, 0}, {1, 0, 0}}},
    {"sequential",
     7,
     {{0.22, 0.010, -0.080},
      {0.34, -0.005, -0.115},
      {0.46, -0.045, -0.085},
      {0.58, -0.080, -0.020},
      {0.70, -0.100, 0.060},
      {0.83, -0.080, 0.130},
      {0.95, -0.025, 0.125}}},
    {"diverging",
     7,
     {{0.33, -0.010, -0.105},
      {0.53, -0.035, -0.105},
      {0.76, -0.030, -0.060},
      {0.965, 0, 0},
      {0.79, 0.035, 0.090},
      {0.60, 0.075, 0.105},
      {0.41, 0.075, 0.080}}},
    {"heat",
     5,
     {{0.10, 0.010, -0.010},
      {0.36, 0.130, 0.040},
      {0.58, 0.160, 0.100},
      {0.79, 0.050, 0.150},
      {0.97, -0.020, 0.100}}},
};

#define MAP_COUNT (sizeof maps / sizeof maps[0])

/* Gray is what a picture's bytes are: even steps of the byte, not of the lightness. */
static uint8_t byte_of(double value)
{
    return (uint8_t)(255 * fmin(1, fmax(0, value)) + 0.5);
}

/* sRGB, IEC 61966-2-1. */
static uint8_t encoded(double linear)
{
    return byte_of(linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055);
}

static void lab_bytes(lab color, uint8_t rgb[3])
{
    const double l = color.lightness + 0.3963377774 * color.a + 0.2158037573 * color.b;
    const double m = color.lightness - 0.1055613458 * color.a - 0.0638541728 * color.b;
    const double s = color.lightness - 0.0894841775 * color.a - 1.2914855480 * color.b;
    const double l3 = l * l * l, m3 = m * m * m, s3 = s * s * s;
    rgb[0] = encoded(4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3);
    rgb[1] = encoded(-1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3);
    rgb[2] = encoded(-0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3);
}

int stria_color_map(const char *name, double value, uint8_t rgb[3])
{
    const color_map *map = NULL;
    for (size_t i = 0; i < MAP_COUNT && map == NULL; i++)
        map = strcmp(maps[i].name, name) == 0 ? &maps[i] : NULL;
    if (map == NULL)
        return 0;
    if (isnan(value)) {
        memset(rgb, 128, 3);
        return 1;
    }
    if (map == &maps[0]) {
        memset(rgb, byte_of(value), 3);
        return 1;
    }
    const double at = fmin(1, fmax(0, value)) * (double)(map->count - 1);
    const size_t i = at < (double)(map->count - 1) ? (size_t)at : map->count - 2;
    const double t = at - (double)i, s = 1 - t;
    const lab *p = &map->points[i], *q = p + 1;
    lab_bytes((lab){s * p->lightness + t * q->lightness, s * p->a + t * q->a, s * p->b + t * q->b}, rgb);
    return 1;
}

const char *stria_color_map_name(size_t index)
{
    return index < MAP_COUNT ? maps[index].name : NULL;
}

/* ---- Names ---- */

void stria_color_bytes(stria_color color, bool dark, uint8_t rgb[3])
{
    /* In the order of the names. The series follow the palette of M. Okabe and K. Ito, its yellow and the
     * last ones changed to be readable on white and, in the second column, on black. */
    static const uint32_t named[][2] = {
        {0x000000, 0x000000}, {0x1b1f24, 0xe8eaed}, {0x57606a, 0xa6adb8}, {0xd3d8de, 0x3a414b},
        {0xf2f4f6, 0x1e232a}, {0xffffff, 0x121519}, {0xd55e00, 0xff9e3d}, {0x0072b2, 0x56b4e9},
        {0xd55e00, 0xff8c42}, {0x009e73, 0x2fd0a0}, {0xb0568c, 0xf0a6cc}, {0x8a6d00, 0xf0e442},
        {0x3f97d1, 0x9fd8ff}, {0xe69f00, 0xffc04d}, {0x4d4d4d, 0xc8c8c8},
    };
    const size_t count = sizeof named / sizeof named[0];
    const uint32_t value = color >= STRIA_RGB(0) ? color & 0xFFFFFF : named[color < count ? color : 0][dark];
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)(value >> (16 - 8 * i));
}

/* ---- Tables ---- */

stria_status stria_palette_make(uint8_t palette[STRIA_PALETTE_SIZE][3], const char *name, stria_error *err)
{
    for (int i = 0; i < STRIA_PALETTE_SIZE; i++) {
        if (!stria_color_map(name, (double)i / (STRIA_PALETTE_SIZE - 1), palette[i]))
            return stria_fail(err, STRIA_ERROR_VALUE,
                              "there is no colour map '%s'; there are gray, sequential, diverging and heat",
                              name);
    }
    return STRIA_OK;
}
