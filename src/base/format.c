/* Formatted text that does not depend on the locale, and the growing text built with it.
 *
 * printf's decimal point and strerror's language follow the locale that the host program chose. Around each
 * call the calling thread, and only it, is switched to the "C" locale; newlocale finds that one without
 * allocating. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

/* The thread's own locale goes to *before, to be given to leave_c_locale. */
static void enter_c_locale(locale_t *c, locale_t *before)
{
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *before = *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t before)
{
    if (!c)
        return;
    uselocale(before);
    freelocale(c);
}

int stria_format_v(char *text, size_t size, const char *format, va_list arguments)
{
    locale_t c, before;
    enter_c_locale(&c, &before);
    int length = vsnprintf(text, size, format, arguments);
    leave_c_locale(c, before);
    if (length < 0 && size > 0)
        text[0] = '\0';
    return length;
}

int stria_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = stria_format_v(text, size, format, arguments);
    va_end(arguments);
    return length;
}

char *stria_errno_text(int code, char *text, size_t size)
{
    locale_t c, before;
    enter_c_locale(&c, &before);
    int failed = strerror_r(code, text, size);
    leave_c_locale(c, before);
    if (failed)
        stria_format(text, size, "system error %d", code);
    return text;
}

/* ---- Growing text ---- */

/* Room for `length` more bytes and the final NUL. */
static bool reserve(stria_text *text, size_t length)
{
    size_t needed;
    if (text->failed)
        return false;
    if (!stria_size_add(text->length, length, &needed) || !stria_size_add(needed, 1, &needed)) {
        text->failed = true;
        return false;
    }
    if (needed > text->capacity && needed < 64)
        needed = 64;
    void *bytes = text->bytes;
    text->failed = !stria_grow(text->allocator, &bytes, &text->capacity, needed, 1);
    text->bytes = bytes;
    return !text->failed;
}

void stria_text_append(stria_text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void stria_text_add(stria_text *text, const char *string)
{
    stria_text_append(text, string, strlen(string));
}

void stria_text_format(stria_text *text, const char *format, ...)
{
    if (text->failed)
        return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = stria_format_v(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        stria_format_v(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void stria_text_free(stria_text *text)
{
    stria_release(text->allocator, text->bytes);
    *text = (stria_text){.allocator = text->allocator};
}
