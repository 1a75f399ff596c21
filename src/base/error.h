/* Filling a caller's stria_error. The place that finds a fault says what is wrong with value and rule; the
 * boundaries it passes prepend where ("layer 'conv2d_3': "). Works without memory and from any thread. */
#ifndef STRIA_BASE_ERROR_H
#define STRIA_BASE_ERROR_H

#include <stddef.h>

#include <stria/error.h>

/* Fills `err` (NULL allowed) and returns `code`. The message is cut when too long. */
stria_status stria_fail(stria_error *err, stria_status code, const char *format, ...) STRIA_PRINTF_LIKE(3, 4);

/* Prepends text to the message of a failed call and returns the code:
 *     return stria_fail_in(err, status, "%s: ", path);
 */
stria_status stria_fail_in(stria_error *err, stria_status code, const char *format, ...)
    STRIA_PRINTF_LIKE(3, 4);

/* An allocation of `size` bytes failed. */
stria_status stria_fail_memory(stria_error *err, size_t size);

/* The status for an errno value: MISSING for ENOENT, MEMORY for ENOMEM, BUSY for EWOULDBLOCK, else IO. */
stria_status stria_status_from_errno(int code);

/* What an errno value means, in English whatever the locale. Returns `text`. */
char *stria_errno_text(int code, char *text, size_t size);

/* Forwards a failure. */
#define STRIA_TRY(call)                                                                                      \
    do {                                                                                                     \
        stria_status stria_try_status = (call);                                                              \
        if (stria_try_status != STRIA_OK)                                                                    \
            return stria_try_status;                                                                         \
    } while (0)

#endif
