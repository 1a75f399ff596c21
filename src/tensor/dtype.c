/* The element types: their sizes and names, and reading stored elements as floats.
 *
 * Elements come from files: little-endian, at any address. They are put together byte by byte, which
 * compilers turn into plain loads where the machine allows it. */
#include <stdint.h>
#include <string.h>

#include "tensor/shape.h"

size_t stria_dtype_size(stria_dtype type)
{
    switch (type) {
    case STRIA_I8:
    case STRIA_U8:
        return 1;
    case STRIA_F16:
    case STRIA_BF16:
    case STRIA_I16:
    case STRIA_U16:
        return 2;
    case STRIA_F32:
    case STRIA_I32:
    case STRIA_U32:
        return 4;
    case STRIA_F64:
    case STRIA_I64:
    case STRIA_U64:
        return 8;
    }
    return 0;
}

const char *stria_dtype_name(stria_dtype type)
{
    switch (type) {
    case STRIA_F32:
        return "float32";
    case STRIA_F64:
        return "float64";
    case STRIA_F16:
        return "float16";
    case STRIA_BF16:
        return "bfloat16";
    case STRIA_I8:
        return "int8";
    case STRIA_U8:
        return "uint8";
    case STRIA_I16:
        return "int16";
    case STRIA_U16:
        return "uint16";
    case STRIA_I32:
        return "int32";
    case STRIA_U32:
        return "uint32";
    case STRIA_I64:
        return "int64";
    case STRIA_U64:
        return "uint64";
    }
    return "unknown";
}

static inline uint16_t load_16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load_32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t load_64(const unsigned char *p)
{
    return (uint64_t)load_32(p) | (uint64_t)load_32(p + 4) << 32;
}

/* Two's complement whatever the compiler makes of conversions that do not fit. */
static inline int64_t as_signed(uint64_t bits)
{
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half >> 15) << 31;
    uint32_t exponent = half >> 10 & 31u;
    uint32_t fraction = half & 1023u;
    if (exponent == 31) /* infinity and NaN */
        return float_of_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) { /* zero and subnormals: a multiple of 2^-24 */
        float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    return float_of_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

void stria_dtype_to_float(stria_dtype type, const void *elements, size_t count, float *values)
{
    const unsigned char *p = elements;
    switch (type) {
    case STRIA_F32:
        for (size_t i = 0; i < count; i++)
            values[i] = float_of_bits(load_32(p + 4 * i));
        break;
    case STRIA_F64:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)double_of_bits(load_64(p + 8 * i));
        break;
    case STRIA_F16:
        for (size_t i = 0; i < count; i++)
            values[i] = float_of_half(load_16(p + 2 * i));
        break;
    case STRIA_BF16:
        for (size_t i = 0; i < count; i++)
            values[i] = float_of_bits((uint32_t)load_16(p + 2 * i) << 16);
        break;
    case STRIA_I8:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)(p[i] < 128 ? (int)p[i] : (int)p[i] - 256);
        break;
    case STRIA_U8:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)p[i];
        break;
    case STRIA_I16:
        for (size_t i = 0; i < count; i++) {
            int value = load_16(p + 2 * i);
            values[i] = (float)(value < 32768 ? value : value - 65536);
        }
        break;
    case STRIA_U16:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_16(p + 2 * i);
        break;
    case STRIA_I32:
        for (size_t i = 0; i < count; i++) {
            int64_t value = load_32(p + 4 * i);
            values[i] = (float)(value <= INT32_MAX ? value : value - ((int64_t)1 << 32));
        }
        break;
    case STRIA_U32:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_32(p + 4 * i);
        break;
    case STRIA_I64:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)as_signed(load_64(p + 8 * i));
        break;
    case STRIA_U64:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_64(p + 8 * i);
        break;
    }
}
