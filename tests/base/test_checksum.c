/* CRC-32C against the vectors of RFC 3720 appendix B.4 and against its definition, bit by bit. */
#include <string.h>

#include "base/checksum.h"
#include "base/random.h"
#include "support/check.h"

static uint32_t crc_by_bits(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1u ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    }
    return ~crc;
}

static void published_vectors(void **state)
{
    (void)state;
    unsigned char bytes[32];
    assert_int_equal(stria_crc32c(0, "", 0), 0);
    assert_int_equal(stria_crc32c(0, "123456789", 9), 0xE3069283u);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(stria_crc32c(0, bytes, sizeof bytes), 0x8A9136AAu);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(stria_crc32c(0, bytes, sizeof bytes), 0x62A8AB43u);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(stria_crc32c(0, bytes, sizeof bytes), 0x46DD794Eu);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(stria_crc32c(0, bytes, sizeof bytes), 0x113FDB5Cu);
}

/* Around the length where the way of computing changes, at every alignment, in one piece and in two. */
static void every_length_and_cut(void **state)
{
    (void)state;
    static unsigned char bytes[1000];
    const stria_random_key key = {.seed = 3};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)stria_random_word(&key, i);
    for (size_t start = 0; start < 9; start++) {
        for (size_t size = 0; size + start <= sizeof bytes; size++) {
            uint32_t expected = crc_by_bits(bytes + start, size);
            assert_int_equal(stria_crc32c(0, bytes + start, size), expected);
            uint32_t first = stria_crc32c(0, bytes + start, size / 3);
            assert_int_equal(stria_crc32c(first, bytes + start + size / 3, size - size / 3), expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(every_length_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
