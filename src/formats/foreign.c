/* The table of first bytes. Each entry is from the format's own specification or, for ONNX, from the protobuf
 * encoding of its first fields. */
#include "formats/foreign.h"

#include <stdint.h>
#include <string.h>

typedef struct magic {
    size_t offset, length;
    const char *bytes;
    const char *what;
} magic;

static const magic magics[] = {
    {0, 4, "PK\x03\x04", "a zip archive, as .keras, .npz and PyTorch's .pt files are"},
    {0, 4, "PK\x05\x06", "an empty zip archive"},
    {0, 8, "\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras's .h5 files are"},
    {0, 8, "\x89PNG\r\n\x1a\n", "a PNG picture"},
    {0, 3, "\xff\xd8\xff", "a JPEG picture"},
    {0, 4, "GIF8", "a GIF picture"},
    {0, 4, "RIFF", "a RIFF file, as WebP pictures are"},
    {0, 6, "\x93NUMPY", "a NumPy array (.npy)"},
    {0, 2, "\x1f\x8b", "compressed with gzip"},
    {0, 2, "\x80\x02", "a Python pickle, as old .pt files are"},
    {0, 2, "\x80\x04", "a Python pickle"},
    {0, 4, "GGUF", "a GGUF file"},
    {4, 4, "TFL3", "a TensorFlow Lite file"},
    {0, 4, "%PDF", "a PDF document"},
    {0, 2, "\xff\xfe", "text in UTF-16, to be saved as UTF-8"},
    {0, 2, "\xfe\xff", "text in UTF-16, to be saved as UTF-8"},
};

/* ModelProto begins with field 1 (ir_version, a small varint) and goes on with a field of bytes, numbered 2
 * to 15. */
static bool begins_like_onnx(const uint8_t *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 0x08 && bytes[1] >= 1 && bytes[1] < 0x20 && (bytes[2] & 0x87) == 0x02 &&
           bytes[2] >= 0x12;
}

const char *stria_foreign_format(const void *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= magics[i].offset + magics[i].length &&
            memcmp((const char *)bytes + magics[i].offset, magics[i].bytes, magics[i].length) == 0)
            return magics[i].what;
    return begins_like_onnx(bytes, size) ? "an ONNX file" : NULL;
}

bool stria_begins_like_safetensors(const void *bytes, size_t size)
{
    const uint8_t *start = bytes;
    int zeros = 0;
    if (size < 9 || start[8] != '{')
        return false;
    for (int i = 4; i < 8; i++)
        zeros += start[i] == 0;
    return zeros >= 3;
}
