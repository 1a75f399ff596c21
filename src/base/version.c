/* The version of the library and the optional parts of this build. The build system passes the versions of
 * the libraries it found, so that no file but each library's own includes its header. */
#include <stria/version.h>

#ifndef STRIA_HAVE_PNG
#    define STRIA_HAVE_PNG 0
#endif
#ifndef STRIA_HAVE_JPEG
#    define STRIA_HAVE_JPEG 0
#endif
#ifndef STRIA_HAVE_WEBP
#    define STRIA_HAVE_WEBP 0
#endif
#ifndef STRIA_HAVE_ZIP
#    define STRIA_HAVE_ZIP 0
#endif
#ifndef STRIA_HAVE_ZLIB
#    define STRIA_HAVE_ZLIB 0
#endif
#ifndef STRIA_HAVE_JSON
#    define STRIA_HAVE_JSON 0
#endif

/* "libpng 1.6.39", or just "libpng" in a build without it. */
#if STRIA_HAVE_PNG
#    define PNG "libpng " STRIA_PNG_VERSION
#else
#    define PNG "libpng"
#endif
#if STRIA_HAVE_JPEG
#    define JPEG "libjpeg-turbo " STRIA_JPEG_VERSION
#else
#    define JPEG "libjpeg-turbo"
#endif
#if STRIA_HAVE_WEBP
#    define WEBP "libwebp " STRIA_WEBP_VERSION
#else
#    define WEBP "libwebp"
#endif
#if STRIA_HAVE_ZIP
#    define ZIP "libzip " STRIA_ZIP_VERSION
#else
#    define ZIP "libzip"
#endif
#if STRIA_HAVE_ZLIB
#    define ZLIB "zlib " STRIA_ZLIB_VERSION
#else
#    define ZLIB "zlib"
#endif
#if STRIA_HAVE_JSON
#    define JSON "jansson " STRIA_JSON_VERSION
#else
#    define JSON "jansson"
#endif

const char *stria_version(void)
{
    return STRIA_VERSION;
}

size_t stria_features(stria_feature *features, size_t capacity)
{
    static const stria_feature all[] = {
        {"png", PNG, STRIA_HAVE_PNG}, {"jpeg", JPEG, STRIA_HAVE_JPEG}, {"webp", WEBP, STRIA_HAVE_WEBP},
        {"npz", ZIP, STRIA_HAVE_ZIP}, {"gzip", ZLIB, STRIA_HAVE_ZLIB}, {"safetensors", JSON, STRIA_HAVE_JSON},
    };
    size_t count = sizeof all / sizeof all[0];
    for (size_t i = 0; i < count && i < capacity; i++)
        features[i] = all[i];
    return count;
}
