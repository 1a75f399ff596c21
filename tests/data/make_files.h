/* Files for the tests, made in memory: IDX, gzip, .npz and PNG. */
#ifndef STRIA_TESTS_DATA_MAKE_FILES_H
#define STRIA_TESTS_DATA_MAKE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/temporary_folder.h"
#include "tensor/shape.h"

/* A file's bytes, freed with blob_free. */
typedef struct blob {
    uint8_t *bytes;
    size_t size;
} blob;

void blob_free(blob *file);
blob blob_copy(const void *bytes, size_t size);

/* An IDX file of `rank` sizes; `elements` are numbers of the type as they are in memory. */
blob make_idx(unsigned type, int rank, const uint32_t *sizes, const void *elements);

/* Puts the file into the folder. */
void put_file(const temporary_folder *folder, const char *name, const blob *file);

/* Makes and puts an IDX file of bytes. */
void put_idx(const temporary_folder *folder, const char *name, int rank, const uint32_t *sizes,
             const uint8_t *bytes);

#if STRIA_HAVE_ZLIB
blob make_gzip(const void *bytes, size_t size);
#endif

/* A .npy file, version 1.0, of a type in NumPy's notation ("<f4"). */
blob make_npy(const char *type, int rank, const int64_t *sizes, const void *elements, size_t size);

#if STRIA_HAVE_ZIP
/* One array of an archive. */
typedef struct npz_member {
    const char *name; /* "x.npy" */
    blob file;
} npz_member;

/* Packs the members; `deflate` false stores them. */
blob make_npz(const npz_member *members, size_t count, bool deflate);
#endif

#if STRIA_HAVE_PNG
/* What a PNG is made of; rows are as PNG holds them (16 bits big-endian, fewer than 8 packed). */
typedef struct png_plan {
    unsigned width, height;
    int depth, colour; /* PNG_COLOR_TYPE_... */
    bool interlaced;
    const uint8_t *rows;
    size_t row_size;
    const uint8_t *palette; /* RGB triples */
    int palette_count;
    const uint8_t *alphas; /* of the palette */
    int alpha_count;
    bool has_key; /* a colour that is transparent */
    uint16_t key[3];
} png_plan;

blob make_png(const png_plan *plan);
#endif

#endif
