/* Quoting of names for messages, and the recognition of UTF-8 that it needs. The JSON writer uses the same
 * recognition to keep every file that it writes readable. */
#include "formats/quote.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* RFC 3629 section 4: the lead byte gives the length and, for four of them, a narrower range of the second
 * byte, which keeps out overlong forms, surrogates and what lies above U+10FFFF. */
size_t stria_utf8_length(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char lead = bytes[0], low = 0x80, high = 0xBF;
    size_t count;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF) {
        count = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        count = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        count = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (length < count || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < count; i++)
        if (bytes[i] < 0x80 || bytes[i] > 0xBF)
            return 0;
    return count;
}

/* U+0080 to U+009F are control characters too (C1): some terminals obey them. */
static bool is_control(const char *text, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)text;
    return bytes[0] < 0x20 || bytes[0] == 0x7F || (count == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0);
}

const char *stria_quote(char *quoted, const char *name)
{
    static const char cut[] = "...";
    size_t length = strlen(name), written = 0;
    for (size_t at = 0; at < length;) {
        size_t count = stria_utf8_length(name + at, length - at);
        bool escaped = count == 0 || is_control(name + at, count);
        count = escaped ? 1 : count;
        size_t room = escaped ? 4 : count;
        if (written + room + sizeof cut > STRIA_QUOTE_SIZE) {
            memcpy(quoted + written, cut, sizeof cut);
            return quoted;
        }
        if (escaped)
            stria_format(quoted + written, 5, "\\x%02x", (unsigned)(unsigned char)name[at]);
        else
            memcpy(quoted + written, name + at, count);
        written += room;
        at += count;
    }
    quoted[written] = '\0';
    return quoted;
}
