/* Text that grows, and numbers in text whatever the locale. */
#ifndef STRIA_BASE_TEXT_H
#define STRIA_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

/* snprintf and vsnprintf whatever the locale: 0.5 has a point. Return the length the whole text would have.
 */
int stria_format(char *text, size_t size, const char *format, ...) STRIA_PRINTF_LIKE(3, 4);
int stria_format_v(char *text, size_t size, const char *format, va_list arguments) STRIA_PRINTF_LIKE(3, 0);

/* {.allocator = a} is empty text. After a failed allocation `failed` is true and appending does nothing. */
typedef struct stria_text {
    const stria_allocator *allocator;
    char *bytes; /* with a final NUL; NULL while empty */
    size_t length, capacity;
    bool failed;
} stria_text;

void stria_text_append(stria_text *text, const char *bytes, size_t length);
void stria_text_add(stria_text *text, const char *string);
void stria_text_format(stria_text *text, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);
void stria_text_free(stria_text *text);

/* Letters and digits of ASCII, whatever the locale. */
static inline bool stria_is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static inline char stria_to_small(char byte)
{
    return stria_is_capital(byte) ? (char)(byte - 'A' + 'a') : byte;
}

static inline bool stria_is_letter(char byte)
{
    char small = stria_to_small(byte);
    return small >= 'a' && small <= 'z';
}

static inline bool stria_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads the whole of `length` bytes as a number ("1", "-0.5", "1e-3", "1/255"), correctly rounded (a
 * quotient: once more). False, and *value untouched, for anything else, also for infinities, NaN and what is
 * too large for a double. */
bool stria_text_to_double(const char *text, size_t length, double *value);
/* The same for whole numbers in decimal: "12", "-3". */
bool stria_text_to_integer(const char *text, size_t length, int64_t *value);

/* Writes the shortest decimal that reads back to the same double ("0.1", "16", "2.5e-7"; "nan", "inf",
 * "-inf"); `size` at least 32. Returns `text`. */
char *stria_double_text(double value, char *text, size_t size);

/* Writes a count with separators: "61,706"; `size` at least 32. Returns `text`. */
char *stria_count_text(int64_t count, char *text, size_t size);

/* The number of single-byte edits (insert, delete, replace) between two texts, letters in any case; for
 * suggestions. Texts above 64 bytes count as having nothing in common with any other. */
size_t stria_text_distance(const char *a, size_t a_length, const char *b, size_t b_length);

/* Index of a word in a list separated by spaces, or -1; and word `index` of it, with its length. */
int stria_words_find(const char *words, const char *text, size_t length);
const char *stria_words_at(const char *words, int index, size_t *length);

/* Whether `text` matches `pattern` with `*` any text and `?` any one character. */
bool stria_text_matches(const char *text, const char *pattern);

#endif
