/* NumPy's files: every type and version, archives of numpy.savez, what is refused, and arrays that are
 * written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/data.h>

#include "base/context.h"
#include "base/memory.h"
#include "formats/files.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

typedef struct fixture {
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
} fixture;

static int set_up(void **state)
{
    static fixture f;
    test_context_open(&f.test, 1, NULL);
    temporary_folder_make(&f.folder);
    temporary_folder_path(&f.folder, "a.npy", f.path);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    temporary_folder_remove(&f->folder);
    test_context_close(&f->test);
    return 0;
}

/* A .npy file of version 1.0 with this header as it stands and `data_size` bytes 1, 2, 3 ... */
static file_bytes make_npy(const char *header, size_t data_size)
{
    size_t length = strlen(header);
    file_bytes made = {.size = 10 + length + data_size};
    made.bytes = malloc(made.size);
    assert_non_null(made.bytes);
    memcpy(made.bytes, "\x93NUMPY\x01\x00", 8);
    made.bytes[8] = (uint8_t)(length & 255);
    made.bytes[9] = (uint8_t)(length >> 8);
    memcpy(made.bytes + 10, header, length);
    for (size_t i = 0; i < data_size; i++)
        made.bytes[10 + length + i] = (uint8_t)(i + 1);
    return made;
}

/* ---- Arrays ---- */

static void test_versions(void **state)
{
    (void)state;
    const char *const names[] = {"version1.npy", "version2.npy", "version3.npy"};
    for (size_t i = 0; i < 3; i++) {
        stria_error err = {0};
        stria_npy array;
        file_bytes file = read_data_file(names[i]);
        assert_ok(stria_npy_parse(&array, file.bytes, file.size, names[i], &err), &err);
        assert_int_equal(array.type, STRIA_F32);
        assert_int_equal(array.rank, 2);
        assert_int_equal(array.sizes[0], 2);
        assert_int_equal(array.sizes[1], 3);
        assert_int_equal(array.count, 6);
        float values[6];
        stria_dtype_to_float(array.type, array.elements, array.count, values);
        for (int k = 0; k < 6; k++)
            assert_true(values[k] == (float)k);
        free_bytes(&file);
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        stria_dtype type;
        bool is_bool;
    } cases[] = {
        {"|u1", STRIA_U8, false},  {"|b1", STRIA_U8, true},   {"|i1", STRIA_I8, false},
        {"<i2", STRIA_I16, false}, {"<u2", STRIA_U16, false}, {"<i4", STRIA_I32, false},
        {"<u4", STRIA_U32, false}, {"<i8", STRIA_I64, false}, {"<u8", STRIA_U64, false},
        {"<f2", STRIA_F16, false}, {"<f4", STRIA_F32, false}, {"<f8", STRIA_F64, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_npy array;
        char header[128];
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (3,), }\n",
                 cases[i].descr);
        file_bytes file = make_npy(header, 3 * stria_dtype_size(cases[i].type));
        assert_ok(stria_npy_parse(&array, file.bytes, file.size, "x", &err), &err);
        assert_int_equal(array.type, cases[i].type);
        assert_int_equal(array.is_bool, cases[i].is_bool);
        assert_int_equal(array.count, 3);
        assert_ptr_equal(array.elements, file.bytes + 10 + strlen(header));
        free_bytes(&file);
    }
}

/* Spellings of the header that are as good as NumPy's own. */
static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int rank;
        size_t count;
    } cases[] = {
        {"{'descr':'|u1','fortran_order':False,'shape':()}", 0, 1},
        {"{\"shape\": (2L, 2L,), \"fortran_order\": False, \"descr\": \"|u1\",}", 2, 4},
        {"{'descr':'|u1','fortran_order':True,'shape':(4,)}", 1, 4}, /* one dimension has one order */
        {" { 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 1 , 4 ) } \n", 2, 4},
        {"{'descr':'|u1','fortran_order':False,'shape':(0,)}", 1, 0},
        {"{'descr':'|u1','fortran_order':False,'shape':(0,9223372036854775807)}", 2, 0},
        {"{'descr':'|u1','fortran_order':False,'shape':(1,1,1,1,1,1,1,4)}", 8, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_npy array;
        file_bytes file = make_npy(cases[i].header, cases[i].count);
        assert_ok(stria_npy_parse(&array, file.bytes, file.size, "x", &err), &err);
        assert_int_equal(array.rank, cases[i].rank);
        assert_int_equal(array.count, cases[i].count);
        free_bytes(&file);
    }
}

#define HEADER(descr, order, shape) "{'descr':'" descr "','fortran_order':" order ",'shape':" shape "}"

typedef struct refusal {
    const char *header;
    size_t data_size;
    stria_status status;
    const char *message;
} refusal;

static const refusal refusals[] = {
    {HEADER("|O", "False", "(1,)"), 8, STRIA_ERROR_UNSUPPORTED,
     "x: the element type is '|O': arrays of Python objects are not supported, they can hold programs"},
    {HEADER(">f4", "False", "(1,)"), 4, STRIA_ERROR_UNSUPPORTED,
     "x: the element type is '>f4': big-endian numbers are not supported; convert them with astype"},
    {HEADER("<c8", "False", "(1,)"), 8, STRIA_ERROR_UNSUPPORTED, "'<c8': complex numbers are not supported"},
    {HEADER("<U5", "False", "(1,)"), 20, STRIA_ERROR_UNSUPPORTED,
     "'<U5': texts and raw bytes are not supported"},
    {HEADER("|S5", "False", "(1,)"), 5, STRIA_ERROR_UNSUPPORTED,
     "'|S5': texts and raw bytes are not supported"},
    {HEADER("|V2", "False", "(1,)"), 2, STRIA_ERROR_UNSUPPORTED,
     "'|V2': texts and raw bytes are not supported"},
    {HEADER("<M8[ns]", "False", "(1,)"), 8, STRIA_ERROR_UNSUPPORTED,
     "'<M8[ns]': dates and times are not supported"},
    {HEADER("<f16", "False", "(1,)"), 16, STRIA_ERROR_UNSUPPORTED, "'<f16': this type is not supported"},
    {HEADER("", "False", "(1,)"), 1, STRIA_ERROR_UNSUPPORTED, "'': this type is not supported"},
    {HEADER("<", "False", "(1,)"), 1, STRIA_ERROR_UNSUPPORTED, "'<': this type is not supported"},
    {"{'descr':[('a','<f4')],'fortran_order':False,'shape':(1,)}", 4, STRIA_ERROR_UNSUPPORTED,
     "x: structured arrays are not supported"},
    {HEADER("<f4", "True", "(2,2)"), 16, STRIA_ERROR_UNSUPPORTED,
     "x: arrays in Fortran order are not supported; save numpy.ascontiguousarray of it"},
    {HEADER("|u1", "False", "(5,)"), 4, STRIA_ERROR_FORMAT,
     "x: its shape needs more elements than follow: the file is cut (4 bytes of uint8)"},
    {HEADER("|u1", "False", "(3,)"), 4, STRIA_ERROR_FORMAT, "x: 1 bytes follow the array"},
    {HEADER("|u1", "False", "()"), 0, STRIA_ERROR_FORMAT, "x: its shape needs more elements than follow"},
    {HEADER("<f8", "False", "(2305843009213693952,)"), 0, STRIA_ERROR_FORMAT,
     "x: its shape needs more elements"},
    {HEADER("|u1", "False", "(4294967296,4294967296)"), 0, STRIA_ERROR_FORMAT,
     "x: its shape needs more elements"},
    {HEADER("|u1", "False", "(9223372036854775808,)"), 0, STRIA_ERROR_FORMAT,
     "x: a size in its shape is above 9223372036854775807"},
    {HEADER("|u1", "False", "(99999999999999999999999,)"), 0, STRIA_ERROR_FORMAT,
     "x: a size in its shape is above"},
    {HEADER("|u1", "False", "(1,1,1,1,1,1,1,1,4)"), 4, STRIA_ERROR_LIMIT,
     "x: more than 8 dimensions are not supported"},
    {HEADER("|u1", "False", "(-4,)"), 4, STRIA_ERROR_FORMAT, "a size expected at byte 46 of the header"},
    {HEADER("|u1", "False", "(4)"), 4, STRIA_ERROR_FORMAT, "',' expected"},
    {HEADER("|u1", "False", "(2 2)"), 4, STRIA_ERROR_FORMAT, "',' expected"},
    {HEADER("|u1", "False", "(2,2"), 4, STRIA_ERROR_FORMAT, "',' expected"},
    {HEADER("|u1", "False", "[4]"), 4, STRIA_ERROR_FORMAT, "'(' expected"},
    {HEADER("|u1", "0", "(4,)"), 4, STRIA_ERROR_FORMAT, "True or False expected"},
    {"{'descr':u'|u1'}", 0, STRIA_ERROR_FORMAT, "a string expected at byte 9 of the header"},
    {"{'descr':'|u1", 0, STRIA_ERROR_FORMAT, "the end of a string expected"},
    {"{'descr':'\\x41'}", 0, STRIA_ERROR_FORMAT, "the end of a short string expected"},
    {"{'a key that goes on':1}", 0, STRIA_ERROR_FORMAT, "the end of a short string expected"},
    {"{'de\x1bscr':1}", 0, STRIA_ERROR_FORMAT, "x: its header has the unknown key 'de\\x1bscr'"},
    {"{'descr' '|u1'}", 0, STRIA_ERROR_FORMAT, "':' expected"},
    {"{'descr':'|u1' 'shape':()}", 0, STRIA_ERROR_FORMAT, "',' or '}' expected"},
    {"{'descr':'|u1','descr':'|u1'}", 0, STRIA_ERROR_FORMAT, "x: its header has the key 'descr' twice"},
    {"{'descr':'|u1','fortran_order':False}", 0, STRIA_ERROR_FORMAT, "x: its header lacks the key 'shape'"},
    {"{'descr':'|u1','shape':()}", 0, STRIA_ERROR_FORMAT, "x: its header lacks the key 'fortran_order'"},
    {"{}", 0, STRIA_ERROR_FORMAT, "x: its header lacks the key 'descr'"},
    {"", 0, STRIA_ERROR_FORMAT, "'{' expected at byte 0 of the header"},
    {HEADER("|u1", "False", "(4,)") " #", 4, STRIA_ERROR_FORMAT, "the end expected"},
};

static void test_refusals(void **state)
{
    (void)state;
    const size_t count = sizeof refusals / sizeof refusals[0];
    for (size_t i = 0; i < count; i++) {
        stria_error err = {0};
        stria_npy array = {.rank = 77};
        file_bytes file = make_npy(refusals[i].header, refusals[i].data_size);
        assert_status(stria_npy_parse(&array, file.bytes, file.size, "x", &err), refusals[i].status, &err);
        assert_message(&err, refusals[i].message);
        assert_int_equal(array.rank, 77);
        free_bytes(&file);
    }
    print_message("%zu refusals checked\n", count);
}

static void test_beginnings(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        stria_status status;
        const char *message;
    } cases[] = {
        {"", 0, STRIA_ERROR_FORMAT, "x: not a NumPy array"},
        {"\x93NUMPX\1\0", 8, STRIA_ERROR_FORMAT, "x: not a NumPy array"},
        {"\x93NUMPY\1", 7, STRIA_ERROR_FORMAT, "x: the file ends before its version"},
        {"\x93NUMPY\4\0\0\0", 10, STRIA_ERROR_UNSUPPORTED, "x: version 4.0 of the format is not known"},
        {"\x93NUMPY\0\1\0\0", 10, STRIA_ERROR_UNSUPPORTED, "x: version 0.1 of the format is not known"},
        {"\x93NUMPY\1\0\5", 9, STRIA_ERROR_FORMAT, "x: the file ends before the length of its header"},
        {"\x93NUMPY\2\0\5\0\0", 11, STRIA_ERROR_FORMAT, "x: the file ends before the length of its header"},
        {"\x93NUMPY\1\0\5\0{", 11, STRIA_ERROR_FORMAT, "announced with 5 bytes, but only 1 follow"},
        {"\x93NUMPY\3\0\xff\xff\xff\xff{", 13, STRIA_ERROR_FORMAT,
         "announced with 4294967295 bytes, but only 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_npy array;
        assert_status(stria_npy_parse(&array, cases[i].bytes, cases[i].size, "x", &err), cases[i].status,
                      &err);
        assert_message(&err, cases[i].message);
    }
    const size_t size = 12 + 65537;
    stria_error err = {0};
    stria_npy array;
    char *bytes = calloc(size, 1);
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY\2\0\1\0\1\0", 12);
    assert_status(stria_npy_parse(&array, bytes, size, "x", &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "x: its header has 65537 bytes, at most 65536 are read");
    free(bytes);
}

/* ---- Archives ---- */

static stria_npz *open_npz(fixture *f, const file_bytes *file)
{
    stria_error err = {0};
    stria_npz *npz = NULL;
    assert_ok(stria_npz_open(&npz, f->test.context, file->bytes, file->size, "x.npz", &err), &err);
    return npz;
}

/* data/savez*.npz: element k of every member is k % 100. */
static void test_numpy_archives(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *name;
        stria_dtype type;
        size_t count;
    } members[] = {{"x_train", STRIA_U8, 96},
                   {"y_train", STRIA_I64, 6},
                   {"x_test", STRIA_U8, 32},
                   {"y_test", STRIA_I64, 2}};
    const char *const names[] = {"savez.npz", "savez_compressed.npz"};
    for (size_t i = 0; i < 2; i++) {
        file_bytes file = read_data_file(names[i]);
        stria_npz *npz = open_npz(f, &file);
        assert_int_equal(stria_npz_count(npz), 4);
        assert_null(stria_npz_name(npz, 4));
        for (size_t m = 0; m < 4; m++) {
            stria_error err = {0};
            stria_npy array;
            void *memory = NULL;
            float values[96];
            assert_string_equal(stria_npz_name(npz, m), members[m].name);
            assert_ok(stria_npz_read(npz, members[m].name, 1 << 20, &array, &memory, &err), &err);
            assert_int_equal(array.type, members[m].type);
            assert_int_equal(array.count, members[m].count);
            stria_dtype_to_float(array.type, array.elements, array.count, values);
            for (size_t k = 0; k < array.count; k++)
                assert_true(values[k] == (float)(k % 100));
            stria_release(&f->test.context->allocator, memory);
        }
        stria_npz_free(npz);
        free_bytes(&file);
    }
    stria_npz_free(NULL);
}

/* Half a million zeros in 600 bytes: as far as deflate goes, and still honest. */
static void test_high_ratio(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_npy array;
    void *memory = NULL;
    file_bytes file = read_data_file("zeros.npz");
    stria_npz *npz = open_npz(f, &file);
    assert_ok(stria_npz_read(npz, "x", 1 << 20, &array, &memory, &err), &err);
    assert_int_equal(array.count, 500000);
    stria_release(&f->test.context->allocator, memory);
    assert_status(stria_npz_read(npz, "x", 500000, &array, &memory, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "x.npz: x.npy: it unpacks to 500128 bytes, at most 500000 are read");
    stria_npz_free(npz);
    free_bytes(&file);
}

static void test_members_that_are_refused(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_npy array;
    void *memory = NULL;
    file_bytes file = read_data_file("objects.npz");
    stria_npz *npz = open_npz(f, &file);
    assert_status(stria_npz_read(npz, "x", 1 << 20, &array, &memory, &err), STRIA_ERROR_UNSUPPORTED, &err);
    assert_message(&err,
                   "x.npz: x.npy: the element type is '|O': arrays of Python objects are not supported");
    assert_status(stria_npz_read(npz, "y\n", 1 << 20, &array, &memory, &err), STRIA_ERROR_MISSING, &err);
    assert_string_equal(err.message, "x.npz: there is no member y\\x0a.npy");
    assert_null(memory);
    stria_npz_free(npz);
    free_bytes(&file);
}

/* ---- Archives made by hand: one or two members, every field as the test wants it ---- */

typedef struct hand {
    uint8_t bytes[2048];
    size_t size;
} hand;

static void put(hand *h, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        h->bytes[h->size++] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(hand *h, const void *bytes, size_t size)
{
    memcpy(h->bytes + h->size, bytes, size);
    h->size += size;
}

typedef struct hand_member {
    const char *name;
    unsigned flags, method;
    uint32_t crc;
    uint32_t packed, unpacked; /* as the directory tells them */
    const uint8_t *data;
    size_t data_size;
} hand_member;

/* The layout of PKWARE's APPNOTE 4.3: local headers with data, central directory, its end. */
static void make_zip(hand *h, const hand_member *members, size_t count)
{
    size_t places[4];
    h->size = 0;
    for (size_t i = 0; i < count; i++) {
        const hand_member *m = &members[i];
        places[i] = h->size;
        put(h, 0x04034b50, 4);
        put(h, 20, 2);
        put(h, m->flags, 2);
        put(h, m->method, 2);
        put(h, 0x00210000, 4);
        put(h, m->crc, 4);
        put(h, m->packed, 4);
        put(h, m->unpacked, 4);
        put(h, strlen(m->name), 2);
        put(h, 0, 2);
        put_bytes(h, m->name, strlen(m->name));
        put_bytes(h, m->data, m->data_size);
    }
    size_t directory = h->size;
    for (size_t i = 0; i < count; i++) {
        const hand_member *m = &members[i];
        put(h, 0x02014b50, 4);
        put(h, 20, 2);
        put(h, 20, 2);
        put(h, m->flags, 2);
        put(h, m->method, 2);
        put(h, 0x00210000, 4);
        put(h, m->crc, 4);
        put(h, m->packed, 4);
        put(h, m->unpacked, 4);
        put(h, strlen(m->name), 2);
        put(h, 0, 8);
        put(h, 0, 4);
        put(h, places[i], 4);
        put_bytes(h, m->name, strlen(m->name));
    }
    size_t end = h->size;
    put(h, 0x06054b50, 4);
    put(h, 0, 4);
    put(h, count, 2);
    put(h, count, 2);
    put(h, end - directory, 4);
    put(h, directory, 4);
    put(h, 0, 2);
}

/* "{...}" with the shape (4,) and the bytes 1 2 3 4, stored; its CRC-32 is a field of every test. */
static size_t make_member(uint8_t bytes[256])
{
    file_bytes npy = make_npy(HEADER("|u1", "False", "(4,)"), 4);
    size_t size = npy.size;
    memcpy(bytes, npy.bytes, size);
    free_bytes(&npy);
    return size;
}

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static void test_archives_made_by_hand(void **state)
{
    fixture *f = *state;
    uint8_t npy[256], packed[264];
    size_t size = make_member(npy);
    uint32_t n = (uint32_t)size, crc = crc32_of(npy, size);
    /* one stored block of deflate (RFC 1951, 3.2.4) */
    packed[0] = 1;
    packed[1] = (uint8_t)size;
    packed[2] = 0;
    packed[3] = (uint8_t)~packed[1];
    packed[4] = 0xFF;
    memcpy(packed + 5, npy, size);
    const struct {
        hand_member member;
        stria_status status;
        const char *message;
    } cases[] = {
        {{"x.npy", 0, 0, crc, n, n, npy, size}, STRIA_OK, ""},
        {{"x.npy", 0, 8, crc, n + 5, n, packed, size + 5}, STRIA_OK, ""},
        {{"x.npy", 0, 0, crc ^ 1, n, n, npy, size}, STRIA_ERROR_FORMAT, "CRC error"},
        {{"x.npy", 0, 8, crc ^ 1, n + 5, n, packed, size + 5}, STRIA_ERROR_FORMAT, "CRC error"},
        {{"x.npy", 0, 8, crc, n + 5, n - 4, packed, size + 5},
         STRIA_ERROR_FORMAT,
         "it unpacks to more than the"},
        {{"x.npy", 0, 8, crc, n + 5, n + 9, packed, size + 5}, STRIA_ERROR_FORMAT, "it unpacks to "},
        {{"x.npy", 0, 0, crc, n, n + 9, npy, size}, STRIA_ERROR_FORMAT, "packed bytes cannot hold the"},
        {{"x.npy", 0, 8, crc, n + 5, 0xFFFFFFFE, packed, size + 5},
         STRIA_ERROR_FORMAT,
         "packed bytes cannot hold the 4294967294 announced"},
        {{"x.npy", 0, 0, crc, 0xFFFFFFFE, 0xFFFFFFFE, npy, size},
         STRIA_ERROR_FORMAT,
         "4294967294 packed bytes are announced in a file of"},
        {{"x.npy", 0, 12, crc, n, n, npy, size},
         STRIA_ERROR_UNSUPPORTED,
         "compression method 12 is not supported"},
        {{"x.npy", 1, 0, crc, n, n, npy, size}, STRIA_ERROR_UNSUPPORTED, "it is encrypted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_npy array;
        stria_npz *npz = NULL;
        void *memory = NULL;
        hand made;
        make_zip(&made, &cases[i].member, 1);
        stria_status status = stria_npz_open(&npz, f->test.context, made.bytes, made.size, "x.npz", &err);
        if (status == STRIA_OK)
            status = stria_npz_read(npz, "x", 1 << 20, &array, &memory, &err);
        assert_status(status, cases[i].status, &err);
        assert_message(&err, cases[i].message);
        if (status == STRIA_OK) {
            assert_int_equal(array.count, 4);
            assert_memory_equal(array.elements, "\1\2\3\4", 4);
        } else {
            assert_message(&err, "x.npz: ");
            assert_null(memory);
        }
        stria_release(&f->test.context->allocator, memory);
        stria_npz_free(npz);
    }
}

/* Members that are no arrays are passed over, whatever they are called; an array twice is refused. */
static void test_names_of_members(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_npz *npz = NULL;
    uint8_t npy[256];
    size_t size = make_member(npy);
    uint32_t n = (uint32_t)size, crc = crc32_of(npy, size);
    hand made;
    const hand_member members[] = {{".npy", 0, 0, crc, n, n, npy, size},
                                   {"../../x.npy", 0, 0, crc, n, n, npy, size},
                                   {"x.npy.exe", 0, 0, crc, n, n, npy, size}};
    make_zip(&made, members, 3);
    assert_ok(stria_npz_open(&npz, f->test.context, made.bytes, made.size, "x.npz", &err), &err);
    assert_int_equal(stria_npz_count(npz), 1);
    assert_string_equal(stria_npz_name(npz, 0), "../../x"); /* a name to look up, never a path to open */
    stria_npz_free(npz);

    const hand_member twice[] = {{"x.npy", 0, 0, crc, n, n, npy, size},
                                 {"x.npy", 0, 0, crc, n, n, npy, size}};
    make_zip(&made, twice, 2);
    assert_status(stria_npz_open(&npz, f->test.context, made.bytes, made.size, "x.npz", &err),
                  STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "x.npz: the member 'x.npy' is there twice");
    assert_status(stria_npz_open(&npz, f->test.context, "no zip", 6, "x.npz", &err), STRIA_ERROR_FORMAT,
                  &err);
    assert_message(&err, "x.npz: Not a zip archive");
    assert_status(stria_npz_open(&npz, f->test.context, "", 0, "x.npz", &err), STRIA_ERROR_FORMAT, &err);
    assert_string_equal(err.message, "x.npz: the file is empty");
}

/* ---- Arrays that are written ---- */

static void test_arrays_are_written(void **state)
{
    fixture *f = *state;
    const stria_shape shapes[] = {
        {0, {0}}, {1, {5}}, {2, {3, 2}}, {4, {1, 2, 2, 3}}, {8, {1, 1, 1, 1, 1, 1, 2, 2}}};
    const char *const tuples[] = {"()", "(5,)", "(3, 2)", "(1, 2, 2, 3)", "(1, 1, 1, 1, 1, 1, 2, 2)"};
    float numbers[12];
    for (size_t i = 0; i < 12; i++)
        numbers[i] = (float)i - 0.5F;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        stria_error err = {0};
        stria_npy array;
        char header[128];
        assert_ok(stria_array_write_npy(f->test.context, f->path, numbers, &shapes[i], &err), &err);
        file_bytes file = read_test_file(f->path);
        assert_ok(stria_npy_parse(&array, file.bytes, file.size, "a.npy", &err), &err);
        assert_int_equal(array.type, STRIA_F32);
        assert_int_equal(array.rank, shapes[i].rank);
        assert_int_equal(array.count, stria_shape_elements(&shapes[i]));
        assert_memory_equal(array.elements, numbers, array.count * sizeof(float));
        assert_int_equal(((const uint8_t *)array.elements - file.bytes) % 64, 0);
        snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", tuples[i]);
        assert_memory_equal(file.bytes + 10, header, strlen(header));
        free_bytes(&file);
    }
}

static void test_arrays_are_made(void **state)
{
    fixture *f = *state;
    stria_error err = {0};
    stria_array array = {.values = NULL};
    assert_ok(stria_array_create(&array, f->test.context, &(stria_shape){2, {3, 5}}, &err), &err);
    assert_int_equal(array.shape.rank, 2);
    for (size_t i = 0; i < 15; i++)
        assert_true(array.values[i] == 0.0F);
    stria_array_free(&array, f->test.context);
    assert_null(array.values);
    assert_int_equal(array.shape.rank, 0);
    stria_array_free(&array, f->test.context);
}

static void test_arrays_that_cannot_be(void **state)
{
    fixture *f = *state;
    static const struct {
        stria_shape shape;
        const char *message;
    } cases[] = {
        {{2, {3, 0}}, "not an array: shape 3x0 has a size below 1"},
        {{2, {3, -1}}, "not an array: shape 3x? has an open size"},
        {{2, {65536, 32768}}, "not an array: shape 65536x32768 has more than 2147483647 elements"},
        {{9, {1}}, "an array has 0 to 8 dimensions, not 9"},
        {{-1, {1}}, "an array has 0 to 8 dimensions, not -1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_array array = {.values = NULL};
        assert_status(stria_array_create(&array, f->test.context, &cases[i].shape, &err), STRIA_ERROR_VALUE,
                      &err);
        assert_string_equal(err.message, cases[i].message);
        assert_null(array.values);
        assert_status(stria_array_write_npy(f->test.context, f->path, NULL, &cases[i].shape, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_string_equal(err.message, cases[i].message);
    }
    assert_int_equal(temporary_folder_count(&f->folder), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_versions),
        TEST(test_types),
        TEST(test_headers),
        TEST(test_refusals),
        TEST(test_beginnings),
        TEST(test_numpy_archives),
        TEST(test_high_ratio),
        TEST(test_members_that_are_refused),
        TEST(test_archives_made_by_hand),
        TEST(test_names_of_members),
        TEST(test_arrays_are_written),
        TEST(test_arrays_are_made),
        TEST(test_arrays_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
