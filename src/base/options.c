/* Option structs grow at their end, so the size a caller gives tells which members it knows of. */
#include "base/options.h"

#include <string.h>

#include "base/error.h"

stria_status stria_options_read(void *known, size_t size, const void *given, const char *name, stria_error *err)
{
    size_t given_size = 0;
    memset(known, 0, size);
    if (!given)
        return STRIA_OK;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size > size || (given_size > 0 && given_size < sizeof given_size))
        return stria_fail(err, STRIA_ERROR_VALUE, "%s of %zu bytes: this version has %zu", name, given_size, size);
    memcpy(known, given, given_size > 0 ? given_size : size);
    return STRIA_OK;
}
