/* The caller-owned error: filling it, prepending where a fault was met, and the names of the statuses.
 *
 * Nothing here allocates and nothing is shared, so an error can be reported from any thread and when memory
 * is gone. Messages are formed in a local buffer first: arguments may point into the very error that is being
 * filled. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Copies `text` to the message at `at`, cut between two UTF-8 characters when it does not fit. */
static void put(stria_error *err, size_t at, const char *text)
{
    size_t space = sizeof err->message - 1 - at;
    size_t length = strlen(text);
    if (length > space) {
        length = space;
        while (length > 0 && ((unsigned char)text[length] & 0xC0u) == 0x80u)
            length--;
    }
    memcpy(err->message + at, text, length);
    err->message[at + length] = '\0';
}

stria_status stria_fail(stria_error *err, stria_status code, const char *format, ...)
{
    if (!err)
        return code;
    char message[sizeof err->message + 8];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(message, sizeof message, format, arguments);
    va_end(arguments);
    err->code = code;
    put(err, 0, message);
    return code;
}

stria_status stria_fail_in(stria_error *err, stria_status code, const char *format, ...)
{
    if (!err)
        return code;
    char message[sizeof err->message];
    char prefix[sizeof err->message + 8];
    memcpy(message, err->message, sizeof message);
    message[sizeof message - 1] = '\0';
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    err->code = code;
    put(err, 0, prefix);
    put(err, strlen(err->message), message);
    return code;
}

stria_status stria_fail_memory(stria_error *err, size_t size)
{
    return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory: %zu bytes were asked for", size);
}

stria_status stria_status_from_errno(int code)
{
    switch (code) {
    case 0:
        return STRIA_OK;
    case ENOENT:
        return STRIA_ERROR_MISSING;
    case ENOMEM:
        return STRIA_ERROR_MEMORY;
    default:
        /* EAGAIN and EWOULDBLOCK may be one number or two, which a switch could not hold. */
        return code == EWOULDBLOCK || code == EAGAIN ? STRIA_ERROR_BUSY : STRIA_ERROR_IO;
    }
}

const char *stria_status_name(stria_status status)
{
    switch (status) {
    case STRIA_OK:
        return "ok";
    case STRIA_ERROR_VALUE:
        return "value";
    case STRIA_ERROR_SHAPE:
        return "shape";
    case STRIA_ERROR_SYNTAX:
        return "syntax";
    case STRIA_ERROR_FORMAT:
        return "format";
    case STRIA_ERROR_UNSUPPORTED:
        return "unsupported";
    case STRIA_ERROR_NOT_BUILT:
        return "not built";
    case STRIA_ERROR_MISSING:
        return "missing";
    case STRIA_ERROR_IO:
        return "io";
    case STRIA_ERROR_BUSY:
        return "busy";
    case STRIA_ERROR_MEMORY:
        return "memory";
    case STRIA_ERROR_LIMIT:
        return "limit";
    case STRIA_ERROR_CANCELLED:
        return "cancelled";
    case STRIA_ERROR_DIVERGED:
        return "diverged";
    }
    return "unknown";
}
