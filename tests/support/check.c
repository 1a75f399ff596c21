/* Checks of statuses and messages. Every failure that a test expects is held to the rules for messages here.
 */
#include "support/check.h"

#include <string.h>

static void fail_here(const char *file, int line)
{
    _fail(file, line);
}

void check_status(stria_status status, stria_status expected, const stria_error *err, const char *call,
                  const char *file, int line)
{
    if (status != expected) {
        print_error("%s\n    returned %s, expected %s; message: %s\n", call, stria_status_name(status),
                    stria_status_name(expected), err ? err->message : "(none)");
        fail_here(file, line);
    }
    if (status == STRIA_OK || !err)
        return;
    size_t length = strlen(err->message);
    if (err->code != status) {
        print_error("%s\n    returned %s, but its error says %s\n", call, stria_status_name(status),
                    stria_status_name(err->code));
        fail_here(file, line);
    }
    if (length == 0 || err->message[length - 1] == '.' || err->message[length - 1] == '\n') {
        print_error("%s\n    message is empty or ends in a full stop or newline: '%s'\n", call, err->message);
        fail_here(file, line);
    }
}

void check_message(const stria_error *err, const char *part, const char *file, int line)
{
    if (!strstr(err->message, part)) {
        print_error("message '%s'\n    does not contain '%s'\n", err->message, part);
        fail_here(file, line);
    }
}
