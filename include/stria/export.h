/* Which symbols the library shows. Everything else in libstria is hidden. */
#ifndef STRIA_EXPORT_H
#define STRIA_EXPORT_H

#if defined(STRIA_STATIC)
#    define STRIA_API
#elif defined(__GNUC__)
#    define STRIA_API __attribute__((visibility("default")))
#else
#    define STRIA_API
#endif

#if defined(__GNUC__)
#    define STRIA_PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#    define STRIA_PRINTF_LIKE(format_at, first_at)
#endif

#endif
