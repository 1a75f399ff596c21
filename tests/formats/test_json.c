/* JSON: what is read, what is refused, and that every text that is written reads back. */
#include <string.h>

#include "base/context.h"
#include "formats/json.h"
#include "formats/quote.h"
#include "support/check.h"
#include "support/test_context.h"

static stria_status parse(stria_json **json, const char *text, stria_error *err)
{
    return stria_json_parse(json, text, strlen(text), err);
}

static stria_status collect_key(const char *key, const stria_json *value, void *payload)
{
    int64_t number = 0;
    assert_true(stria_json_integer(value, &number));
    assert_int_equal(number, strlen(payload));
    strcat(payload, key);
    return strcmp(key, "stop") == 0 ? STRIA_ERROR_CANCELLED : STRIA_OK;
}

static void test_values(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_json *json = NULL;
    int64_t integer = 0;
    double number = 0;
    bool yes = false;
    assert_ok(parse(&json,
                    "{\"z\":[1,-9223372036854775808,2.5,\"\\u00e9\\n\"],\"a\":{},\"t\":true,\"n\":null}",
                    &err),
              &err);
    assert_true(stria_json_is_object(json));
    assert_int_equal(stria_json_count(json), 4);
    const stria_json *list = stria_json_get(json, "z");
    assert_true(stria_json_is_array(list));
    assert_int_equal(stria_json_count(list), 4);
    assert_true(stria_json_integer(stria_json_at(list, 1), &integer));
    assert_true(integer == INT64_MIN);
    assert_false(stria_json_integer(stria_json_at(list, 2), &integer));
    assert_true(stria_json_number(stria_json_at(list, 2), &number));
    assert_true(number == 2.5);
    assert_true(stria_json_number(stria_json_at(list, 0), &number));
    assert_true(number == 1.0);
    assert_string_equal(stria_json_string(stria_json_at(list, 3)), "\xc3\xa9\n");
    assert_null(stria_json_at(list, 4));
    assert_true(stria_json_boolean(stria_json_get(json, "t"), &yes) && yes);
    assert_true(stria_json_is_null(stria_json_get(json, "n")));
    assert_null(stria_json_get(json, "absent"));
    assert_null(stria_json_string(stria_json_get(NULL, "absent")));
    assert_null(stria_json_string(list));
    assert_int_equal(stria_json_count(NULL), 0);
    assert_false(stria_json_is_object(NULL));
    stria_json_free(json);
    stria_json_free(NULL);
}

static void test_members_come_in_order(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_json *json = NULL;
    char keys[32] = "";
    assert_ok(parse(&json, "{\"zz\":0,\"y\":2,\"aaa\":3,\"stop\":6,\"b\":10}", &err), &err);
    assert_int_equal(stria_json_each(json, collect_key, keys), STRIA_ERROR_CANCELLED);
    assert_string_equal(keys, "zzyaaastop");
    stria_json_free(json);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "JSON line 1 column 0"},
        {"{\"a\":1", "JSON line 1 column 6"},
        {"{\"a\":1,\n\"a\":2}", "duplicate object key"},
        {"[9223372036854775808]", "too big integer"},
        {"[1e999]", "real number overflow"},
        {"[01]", "JSON line 1"},
        {"[1] x", "end of file expected"},
        {"[\"\\u0000\"]", "\\u0000 is not allowed"},
        {"[\"\xff\"]", "unable to decode byte 0xff"},
        {"[\"\xed\xa0\x80\"]", "unable to decode"},
        {"[\x1b]", "near '\\x1b'"}, /* control bytes do not get into messages */
        {"[NaN]", "invalid token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_json *json = NULL;
        assert_status(parse(&json, cases[i].text, &err), STRIA_ERROR_FORMAT, &err);
        assert_message(&err, cases[i].message);
        assert_null(json);
    }
}

/* Brackets in strings are no nesting; 64 levels are read, 65 are not, whatever follows. */
static void test_depth(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_json *json = NULL;
    char text[300] = "";
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_ok(parse(&json, text, &err), &err);
    stria_json_free(json);
    json = NULL;
    memset(text, '[', 66);
    text[3] = '\n';
    assert_status(parse(&json, text, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "JSON line 2 column 62: nesting deeper than 64");
    memset(text, '[', 299);
    text[0] = '"';
    text[10] = '\\';
    text[11] = '"';
    text[298] = '"';
    assert_ok(parse(&json, text, &err), &err);
    stria_json_free(json);
}

/* Texts of every length around the pieces of 1,024 bytes in which the library takes them. */
static void test_lengths(void **state)
{
    (void)state;
    char text[2300];
    for (size_t length = 2; length < sizeof text; length++) {
        stria_error err = {0};
        stria_json *json = NULL;
        memset(text, 'a', length);
        text[length / 3] = 'b';
        text[0] = text[length - 1] = '"';
        assert_ok(stria_json_parse(&json, text, length, &err), &err);
        assert_int_equal(strlen(stria_json_string(json)), length - 2);
        assert_memory_equal(stria_json_string(json), text + 1, length - 2);
        stria_json_free(json);
        json = NULL;
        assert_status(stria_json_parse(&json, text, length - 1, &err), STRIA_ERROR_FORMAT, &err);
    }
}

static void test_strings_read_back(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    char every[128];
    for (int i = 1; i < 128; i++)
        every[i - 1] = (char)i;
    every[127] = '\0';
    static const struct {
        const char *written, *read;
    } cases[] = {
        {"", ""},
        {"conv2d/kernel", "conv2d/kernel"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff\"b", "a\xef\xbf\xbd\"b"},                                         /* no UTF-8 */
        {"\xc3", "\xef\xbf\xbd"},                                                 /* cut */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* a surrogate */
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* above U+10FFFF */
    };
    for (size_t i = 0; i <= sizeof cases / sizeof cases[0]; i++) {
        bool last = i == sizeof cases / sizeof cases[0];
        stria_error err = {0};
        stria_text text = {.allocator = &test.context->allocator};
        stria_json *json = NULL;
        stria_json_write_string(&text, last ? every : cases[i].written);
        assert_false(text.failed);
        assert_ok(stria_json_parse(&json, text.bytes, text.length, &err), &err);
        assert_string_equal(stria_json_string(json), last ? every : cases[i].read);
        stria_json_free(json);
        stria_text_free(&text);
    }
    test_context_close(&test);
}

static void test_quoting(void **state)
{
    (void)state;
    char quoted[STRIA_QUOTE_SIZE], longest[400];
    assert_string_equal(stria_quote(quoted, "conv2d/kernel"), "conv2d/kernel");
    assert_string_equal(stria_quote(quoted, "a\n\x1b[2J\x7f"), "a\\x0a\\x1b[2J\\x7f");
    assert_string_equal(stria_quote(quoted, "\xc3\xa9\xff\xc2\x9b"), "\xc3\xa9\\xff\\xc2\\x9b");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    stria_quote(quoted, longest);
    assert_int_equal(strlen(quoted), STRIA_QUOTE_SIZE - 1);
    assert_string_equal(quoted + STRIA_QUOTE_SIZE - 5, "x...");
    memset(longest, '\x01', sizeof longest - 1);
    stria_quote(quoted, longest);
    assert_true(strlen(quoted) < STRIA_QUOTE_SIZE);
    assert_non_null(strstr(quoted, "\\x01..."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_members_come_in_order),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_lengths),  cmocka_unit_test(test_strings_read_back),
        cmocka_unit_test(test_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
