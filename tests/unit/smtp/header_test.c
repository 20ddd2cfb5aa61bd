/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header fields (RFC 5322 2.2, 3.4): walking, addresses, and that nothing can
 * be injected by a value.
 */
#include "smtp/header.h"

#include "tests/unit/unit.h"

static void
test_walk(void **state UNUSED)
{
	struct slice all = SLICE("From: a@b.org\r\nSubject: one\r\n\ttwo\r\n  "
				 "three\r\nX-Empty:\r\nold : x\r\n\r\nTo: c");
	struct slice rest = all;
	struct smtp_field f;

	assert_true(smtp_field_next(&rest, &f));
	CHECK_SLICE("name", f.name, SLICE("From"));
	CHECK_SLICE("value", f.value, SLICE("a@b.org"));
	CHECK_SLICE("whole", f.whole, SLICE("From: a@b.org\r\n"));
	assert_true(smtp_field_next(&rest, &f));
	CHECK_SLICE("folds", f.value, SLICE("one\r\n\ttwo\r\n  three"));
	assert_true(smtp_field_next(&rest, &f));
	CHECK_SLICE("empty", f.value, SLICE(""));
	assert_true(smtp_field_next(&rest, &f));
	CHECK_SLICE("space before the colon", f.name, SLICE("old"));
	assert_false(smtp_field_next(&rest, &f));
	CHECK_SLICE("rest", rest, SLICE("\r\nTo: c"));
	assert_true(smtp_field_find(all, "SUBJECT", &f));
	assert_false(smtp_field_find(all, "To", &f));
	assert_false(smtp_field_find(SLICE(""), "To", &f));
}

struct no_field {
	const char *name;
	struct slice in;
};

static const struct no_field no_fields[] = {
    {.name = "empty", .in = SLICE("")},
    {.name = "empty line", .in = SLICE("\r\n")},
    {.name = "no colon", .in = SLICE("hello\r\nA: b\r\n")},
    {.name = "no name", .in = SLICE(": b\r\n")},
    {.name = "space first", .in = SLICE(" A: b\r\n")},
    {.name = "space in the name", .in = SLICE("A B: c\r\n")},
    {.name = "8 bit name", .in = SLICE("\xc3\xa9: c\r\n")},
    {.name = "NUL in the name", .in = SLICE("A\0: c\r\n")},
};

static void
test_no_field(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(no_fields); i++) {
		struct slice rest = no_fields[i].in;
		struct smtp_field f;
		CHECK(no_fields[i].name, !smtp_field_next(&rest, &f));
		CHECK_SLICE(no_fields[i].name, rest, no_fields[i].in);
	}
}

/* Walking any prefix keeps every byte and ends. */
static void
test_prefixes(void **state UNUSED)
{
	struct slice all = SLICE("A: b\r\n c\r\nD:e\r\n\r\nbody");

	for (size_t n = 0; n <= all.len; n++) {
		struct slice rest = slice_sub(all, 0, n);
		struct smtp_field f;
		size_t total = 0;
		while (smtp_field_next(&rest, &f))
			total += f.whole.len;
		assert_int_equal(total + rest.len, n);
	}
}

struct append {
	const char *name;
	const char *field;
	struct slice value;
	const char *want; /* null: refused */
};

static const struct append appends[] = {
    {.name = "plain", .field = "A", .value = SLICE("b"), .want = "A: b\r\n"},
    {.name = "empty", .field = "A", .value = SLICE(""), .want = "A: \r\n"},
    {.name = "CR LF", .field = "A", .value = SLICE("b\r\nBcc: x")},
    {.name = "LF", .field = "A", .value = SLICE("b\nBcc: x")},
    {.name = "CR", .field = "A", .value = SLICE("b\rBcc: x")},
    {.name = "NUL", .field = "A", .value = SLICE("b\0c")},
    {.name = "name with CR LF", .field = "A: b\r\nB", .value = SLICE("c")},
    {.name = "name with a LF", .field = "A\n", .value = SLICE("c")},
    {.name = "no name", .field = "", .value = SLICE("c")},
};

static void
test_append(void **state UNUSED)
{
	char line[1000];

	for (size_t i = 0; i < ARRAY_LEN(appends); i++) {
		struct buf out = buf_make(4096);
		CHECK_INT(appends[i].name,
		    smtp_field_append(&out, appends[i].field, appends[i].value),
		    appends[i].want != NULL ? 0 : -1);
		CHECK_SLICE(appends[i].name, buf_slice(&out),
		    slice_of(appends[i].want));
		buf_free(&out);
	}
	memset(line, 'x', sizeof(line));
	struct buf out = buf_make(4096);
	assert_int_equal(
	    smtp_field_append(&out, "A", slice_make(line, 996)), -1);
	assert_int_equal(out.len, 0);
	assert_int_equal(
	    smtp_field_append(&out, "A", slice_make(line, 995)), 0);
	assert_int_equal(out.len, 1000);
	buf_free(&out);
}

struct address {
	const char *name;
	struct slice in;
	const char *want;
};

static const struct address addresses[] = {
    {.name = "bare", .in = SLICE("a@b.org"), .want = "a@b.org"},
    {.name = "brackets", .in = SLICE("Bob <a@b.org>"), .want = "a@b.org"},
    {.name = "only brackets", .in = SLICE("<a@b.org>"), .want = "a@b.org"},
    {.name = "spaces", .in = SLICE("  < a@b.org > "), .want = "a@b.org"},
    {.name = "address as quoted name",
	.in = SLICE("\"x@y.org\" <a@b.org>"),
	.want = "a@b.org"},
    {.name = "brackets in quotes",
	.in = SLICE("\"<x@y.org>\" <a@b.org>"),
	.want = "a@b.org"},
    {.name = "escaped quote",
	.in = SLICE("\"x\\\" <x@y.org>\" <a@b.org>"),
	.want = "a@b.org"},
    {.name = "comma in quotes",
	.in = SLICE("\"Doe, Bob\" <a@b.org>"),
	.want = "a@b.org"},
    {.name = "brackets in a comment",
	.in = SLICE("(<x@y.org>) Bob <a@b.org>"),
	.want = "a@b.org"},
    {.name = "comment behind", .in = SLICE("a@b.org (Bob)"), .want = "a@b.org"},
    {.name = "comment before", .in = SLICE("(Bob) a@b.org"), .want = "a@b.org"},
    {.name = "nested comment",
	.in = SLICE("(a (b) <x@y.org>) <a@b.org>"),
	.want = "a@b.org"},
    {.name = "nested comment before",
	.in = SLICE("(a (b) c) a@b.org"),
	.want = "a@b.org"},
    {.name = "list", .in = SLICE("a@b.org, c@d.org"), .want = "a@b.org"},
    {.name = "list with brackets",
	.in = SLICE("A <a@b.org>, C <c@d.org>"),
	.want = "a@b.org"},
    {.name = "quoted local part",
	.in = SLICE("<\"a>b\"@c.org>"),
	.want = "\"a>b\"@c.org"},
    {.name = "folded", .in = SLICE("Bob\r\n <a@b.org>"), .want = "a@b.org"},
    {.name = "name only", .in = SLICE("Bob"), .want = ""},
    {.name = "empty", .in = SLICE(""), .want = ""},
    {.name = "null path", .in = SLICE("<>"), .want = ""},
    {.name = "open quote", .in = SLICE("\"Bob <a@b.org>"), .want = ""},
    {.name = "open comment", .in = SLICE("(Bob <a@b.org>"), .want = ""},
    {.name = "backslash ends", .in = SLICE("\"Bob\\"), .want = ""},
};

static void
test_address(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		CHECK_SLICE(addresses[i].name,
		    smtp_field_address(addresses[i].in),
		    slice_of(addresses[i].want));
}

/* RFC 5322 3.4: a group; its name is no part of an address. */
static void
test_group(void **state UNUSED)
{
	struct slice got =
	    smtp_field_address(SLICE("Friends: a@b.org, c@d.org;"));

	assert_true(got.len == 0 || slice_is(got, "a@b.org"));
	got = smtp_field_address(SLICE("undisclosed-recipients:;"));
	assert_int_equal(got.len, 0);
}

static void
test_address_lists(void **state UNUSED)
{
	static const struct {
		const char *value;
		const char *want; /* joined by '|' */
	} cases[] = {
	    {"a@b.org", "a@b.org|"},
	    {"A <a@b.org>, c@d.org", "a@b.org|c@d.org|"},
	    {"\"x, y@z.org\" <a@b.org>", "a@b.org|"},
	    {"a@b.org (c, d@e.org)", "a@b.org|"},
	    {"", ""},
	    {" ", ""},
	    {"a@b.org,", "a@b.org|"},
	    {",a@b.org", "|a@b.org|"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice rest = slice_of(cases[i].value);
		struct slice address;
		struct buf got = buf_make(200);
		while (smtp_field_next_address(&rest, &address))
			(void)buf_appendf(&got, "%.*s|", SLICE_ARGS(address));
		CHECK_SLICE(
		    cases[i].value, buf_slice(&got), slice_of(cases[i].want));
		buf_free(&got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_address_lists),
	    cmocka_unit_test(test_walk),
	    cmocka_unit_test(test_no_field),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_append),
	    cmocka_unit_test(test_address),
	    cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
