/* Numbers in text, edit distance and patterns.
 *
 * Numbers must mean the same in every locale, whose decimal point may be a comma. The text is checked here
 * and handed to strtod as digits and an exponent, "0.125" as "125e-3": strtod rounds correctly and there is
 * no point to misread. */
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading numbers ---- */

/* The longest exact middle between two doubles has 767 significant digits: of those after the 800th it only
 * matters whether all are zero. */
#define MAX_DIGITS   800
#define MAX_EXPONENT 100000

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads an unsigned decimal from text[*at] on and moves *at behind it. */
static bool read_decimal(const char *text, size_t length, size_t *at, double *value)
{
    char digits[MAX_DIGITS + 32];
    size_t kept = 0, i = *at;
    int64_t exponent = 0; /* of the last kept digit */
    bool any = false, after_point = false, rest = false;
    for (; i < length && (is_digit(text[i]) || (text[i] == '.' && !after_point)); i++) {
        if (text[i] == '.') {
            after_point = true;
            continue;
        }
        any = true;
        if (kept == MAX_DIGITS) {
            rest = rest || text[i] != '0';
            exponent += !after_point;
        } else {
            if (kept > 0 || text[i] != '0')
                digits[kept++] = text[i];
            exponent -= after_point;
        }
    }
    if (!any)
        return false;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        bool negative = false;
        int64_t written = 0;
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-'))
            negative = text[i++] == '-';
        if (i == length || !is_digit(text[i]))
            return false;
        for (; i < length && is_digit(text[i]); i++)
            if (written < INT64_MAX / 20)
                written = 10 * written + (text[i] - '0');
        exponent += negative ? -written : written;
    }
    *at = i;
    if (kept == 0) {
        *value = 0.0;
        return true;
    }
    if (rest) {
        digits[kept++] = '1';
        exponent--;
    }
    if (exponent > MAX_EXPONENT)
        exponent = MAX_EXPONENT;
    if (exponent < -MAX_EXPONENT)
        exponent = -MAX_EXPONENT;
    stria_format(digits + kept, sizeof digits - kept, "e%d", (int)exponent);
    double number = strtod(digits, NULL);
    if (!isfinite(number))
        return false;
    *value = number;
    return true;
}

bool stria_text_to_double(const char *text, size_t length, double *value)
{
    size_t at = 0;
    bool negative = false;
    double number;
    if (length > 0 && (text[0] == '-' || text[0] == '+'))
        negative = text[at++] == '-';
    if (!read_decimal(text, length, &at, &number))
        return false;
    if (at < length && text[at] == '/') {
        double divisor;
        at++;
        if (!read_decimal(text, length, &at, &divisor) || divisor == 0.0)
            return false;
        number /= divisor;
        if (!isfinite(number))
            return false;
    }
    if (at != length)
        return false;
    *value = negative ? -number : number;
    return true;
}

bool stria_text_to_integer(const char *text, size_t length, int64_t *value)
{
    size_t at = 0;
    bool negative = false;
    if (length > 0 && (text[0] == '-' || text[0] == '+'))
        negative = text[at++] == '-';
    if (at == length)
        return false;
    int64_t number = 0; /* kept negative: that side reaches one further */
    for (; at < length; at++) {
        if (!is_digit(text[at]))
            return false;
        int digit = text[at] - '0';
        if (number < (INT64_MIN + digit) / 10)
            return false;
        number = 10 * number - digit;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *value = negative ? number : -number;
    return true;
}

/* ---- Writing numbers ---- */

#define DOUBLE_DIGITS 17 /* always enough to tell two doubles apart */

/* The significant digits of a number: 0.d0 d1 d2 ... * 10^point. */
typedef struct decimal {
    char digits[DOUBLE_DIGITS + 1];
    int count;
    int point;
} decimal;

/* The decimal of `count` digits that is nearest to value > 0. */
static decimal nearest_decimal(double value, int count)
{
    char text[40];
    decimal d = {.count = count};
    stria_format(text, sizeof text, "%.*e", count - 1, value); /* d.ddde-xx */
    d.digits[0] = text[0];
    if (count > 1)
        memcpy(d.digits + 1, text + 2, (size_t)count - 1);
    d.point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
    return d;
}

/* The next larger decimal of as many digits. */
static decimal next_decimal(decimal d)
{
    int i = d.count - 1;
    while (i >= 0 && d.digits[i] == '9')
        d.digits[i--] = '0';
    if (i >= 0)
        d.digits[i]++;
    else {
        d.digits[0] = '1';
        d.point++;
    }
    return d;
}

static bool reads_back(const decimal *d, double value)
{
    char text[48];
    size_t at = 0;
    double read;
    int length = stria_format(text, sizeof text, "%.*se%d", d->count, d->digits, d->point - d->count);
    return read_decimal(text, (size_t)length, &at, &read) && read == value;
}

/* The shortest decimal that reads back to value > 0. Every decimal of up to 15 digits survives the way to a
 * normal double and back, so if there is one that short, it is the nearest of 15 digits with zeros at its
 * end. At a power of two the doubles above lie twice as far apart as those below: there the nearest decimal
 * may miss the value and the next larger one still hit it. */
static decimal shortest_decimal(double value)
{
    for (int count = value < DBL_MIN ? 1 : DBL_DIG; count < DOUBLE_DIGITS; count++) {
        decimal d = nearest_decimal(value, count);
        if (reads_back(&d, value))
            return d;
        d = next_decimal(d);
        if (reads_back(&d, value))
            return d;
    }
    return nearest_decimal(value, DOUBLE_DIGITS);
}

char *stria_double_text(double value, char *text, size_t size)
{
    const char *sign = signbit(value) ? "-" : "";
    if (isnan(value)) {
        stria_format(text, size, "nan");
        return text;
    }
    if (isinf(value) || value == 0.0) {
        stria_format(text, size, "%s%s", sign, value == 0.0 ? "0" : "inf");
        return text;
    }
    decimal d = shortest_decimal(fabs(value));
    while (d.count > 1 && d.digits[d.count - 1] == '0')
        d.count--;
    static const char zeros[] = "0000000000000000";
    if (d.point <= -4 || d.point > 16)
        stria_format(text, size, "%s%c%s%.*se%d", sign, d.digits[0], d.count > 1 ? "." : "", d.count - 1,
                     d.digits + 1, d.point - 1);
    else if (d.point <= 0)
        stria_format(text, size, "%s0.%.*s%.*s", sign, -d.point, zeros, d.count, d.digits);
    else if (d.count <= d.point)
        stria_format(text, size, "%s%.*s%.*s", sign, d.count, d.digits, d.point - d.count, zeros);
    else
        stria_format(text, size, "%s%.*s.%.*s", sign, d.point, d.digits, d.count - d.point,
                     d.digits + d.point);
    return text;
}

/* ---- Lists of words ---- */

int stria_words_find(const char *words, const char *text, size_t length)
{
    int index = 0;
    for (const char *word = words; *word != '\0'; index++) {
        size_t known = strcspn(word, " ");
        if (known == length && memcmp(word, text, length) == 0)
            return index;
        word += known + strspn(word + known, " ");
    }
    return -1;
}

const char *stria_words_at(const char *words, int index, size_t *length)
{
    for (; index > 0; index--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    *length = strcspn(words, " ");
    return words;
}

/* ---- Likeness and patterns ---- */

#define MAX_COMPARED 64

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Levenshtein's distance by rows: costs[j] is the distance of the part of `a` seen so far from the first j
 * bytes of `b`. */
size_t stria_text_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t costs[MAX_COMPARED + 1];
    if (a_length > MAX_COMPARED || b_length > MAX_COMPARED)
        return a_length > b_length ? a_length : b_length;
    for (size_t j = 0; j <= b_length; j++)
        costs[j] = j;
    for (size_t i = 0; i < a_length; i++) {
        size_t diagonal = costs[0];
        costs[0] = i + 1;
        for (size_t j = 0; j < b_length; j++) {
            size_t cost = diagonal + (lower(a[i]) != lower(b[j]));
            diagonal = costs[j + 1];
            if (cost > costs[j] + 1)
                cost = costs[j] + 1;
            if (cost > costs[j + 1] + 1)
                cost = costs[j + 1] + 1;
            costs[j + 1] = cost;
        }
    }
    return costs[b_length];
}

char *stria_count_text(int64_t count, char *text, size_t size)
{
    char digits[24];
    size_t to = 0;
    const int length = stria_format(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < length && to + 2 < size; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

/* Only the last star seen can need another try: what earlier ones matched is as good as anything they could
 * match. */
bool stria_text_matches(const char *text, const char *pattern)
{
    const char *star = NULL, *star_text = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            star_text = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
