/* Sending lines to the log callback of a context. */
#include <stdarg.h>

#include "base/context.h"
#include "base/text.h"

#define LINE_SIZE 1024

void stria_log(const stria_context *context, stria_log_level level, const char *format, ...)
{
    if (!context->log)
        return;
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(line, sizeof line, format, arguments);
    va_end(arguments);
    context->log(level, line, context->log_payload);
}
