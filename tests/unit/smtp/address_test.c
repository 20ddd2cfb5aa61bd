/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailboxes after RFC 5321 4.1.2 and RFC 6531 3.3.
 */
#include "smtp/address.h"

#include "smtp/idna.h"

#include "tests/unit/unit.h"

struct good {
	const char *name;
	struct slice in;
	const char *text, *local, *domain;
	bool is_literal, is_utf8;
};

static const struct good good[] = {
    {.name = "plain",
	.in = SLICE("a@b.org"),
	.text = "a@b.org",
	.local = "a",
	.domain = "b.org"},
    {.name = "domain is lowered, local part is not",
	.in = SLICE("Bob.X@EXAMPLE.Org"),
	.text = "Bob.X@example.org",
	.local = "Bob.X",
	.domain = "example.org"},
    {.name = "all atext",
	.in = SLICE("!#$%&'*+-/=?^_`{|}~@b.org"),
	.text = "!#$%&'*+-/=?^_`{|}~@b.org",
	.local = "!#$%&'*+-/=?^_`{|}~",
	.domain = "b.org"},
    {.name = "needless quotes go",
	.in = SLICE("\"bob\"@b.org"),
	.text = "bob@b.org",
	.local = "bob",
	.domain = "b.org"},
    {.name = "needless quoted pair goes",
	.in = SLICE("\"b\\ob\"@b.org"),
	.text = "bob@b.org",
	.local = "bob",
	.domain = "b.org"},
    {.name = "quoted space stays",
	.in = SLICE("\"a b\"@b.org"),
	.text = "\"a b\"@b.org",
	.local = "\"a b\"",
	.domain = "b.org"},
    {.name = "quoted at",
	.in = SLICE("\"a@evil.org\"@b.org"),
	.text = "\"a@evil.org\"@b.org",
	.local = "\"a@evil.org\"",
	.domain = "b.org"},
    {.name = "quoted quote",
	.in = SLICE("\"a\\\"b\"@b.org"),
	.text = "\"a\\\"b\"@b.org",
	.local = "\"a\\\"b\"",
	.domain = "b.org"},
    {.name = "quoted backslash",
	.in = SLICE("\"a\\\\b\"@b.org"),
	.text = "\"a\\\\b\"@b.org",
	.local = "\"a\\\\b\"",
	.domain = "b.org"},
    {.name = "quoted bracket",
	.in = SLICE("\"a>b\"@b.org"),
	.text = "\"a>b\"@b.org",
	.local = "\"a>b\"",
	.domain = "b.org"},
    {.name = "quoted double dot",
	.in = SLICE("\"a..b\"@b.org"),
	.text = "\"a..b\"@b.org",
	.local = "\"a..b\"",
	.domain = "b.org"},
    {.name = "empty quoted",
	.in = SLICE("\"\"@b.org"),
	.text = "\"\"@b.org",
	.local = "\"\"",
	.domain = "b.org"},
    {.name = "single label domain",
	.in = SLICE("root@localhost"),
	.text = "root@localhost",
	.local = "root",
	.domain = "localhost"},
    {.name = "IPv4 literal",
	.in = SLICE("a@[192.0.2.1]"),
	.text = "a@[192.0.2.1]",
	.local = "a",
	.domain = "[192.0.2.1]",
	.is_literal = true},
    {.name = "UTF-8 local part",
	.in = SLICE("j\xc3\xb6rg@b.org"),
	.text = "j\xc3\xb6rg@b.org",
	.local = "j\xc3\xb6rg",
	.domain = "b.org",
	.is_utf8 = true},
    {.name = "UTF-8 domain",
	.in = SLICE("a@b\xc3\xbc"
		    "cher.de"),
	.text = "a@b\xc3\xbc"
		"cher.de",
	.local = "a",
	.domain = "b\xc3\xbc"
		  "cher.de",
	.is_utf8 = true},
    {.name = "quoted UTF-8",
	.in = SLICE("\"j \xc3\xb6\"@b.org"),
	.text = "\"j \xc3\xb6\"@b.org",
	.local = "\"j \xc3\xb6\"",
	.domain = "b.org",
	.is_utf8 = true},
};

struct bad {
	const char *name;
	struct slice in;
};

static const struct bad bad[] = {
    {.name = "empty", .in = SLICE("")},
    {.name = "no at", .in = SLICE("bob")},
    {.name = "only at", .in = SLICE("@")},
    {.name = "no local part", .in = SLICE("@b.org")},
    {.name = "no domain", .in = SLICE("a@")},
    {.name = "two ats", .in = SLICE("a@b@c.org")},
    {.name = "leading dot", .in = SLICE(".a@b.org")},
    {.name = "trailing dot", .in = SLICE("a.@b.org")},
    {.name = "double dot", .in = SLICE("a..b@b.org")},
    {.name = "space", .in = SLICE("a b@b.org")},
    {.name = "space in the domain", .in = SLICE("a@b .org")},
    {.name = "parentheses", .in = SLICE("a(b)@b.org")},
    {.name = "angle bracket", .in = SLICE("<a@b.org>")},
    {.name = "comma", .in = SLICE("a,b@b.org")},
    {.name = "LF in the local part", .in = SLICE("a\nb@b.org")},
    {.name = "CR LF quoted", .in = SLICE("\"a\r\nRCPT TO:<x@y>\"@b.org")},
    {.name = "quoted pair of LF", .in = SLICE("\"a\\\nb\"@b.org")},
    {.name = "NUL", .in = SLICE("a\0b@b.org")},
    {.name = "NUL in the domain", .in = SLICE("a@b\0.org")},
    {.name = "NUL quoted", .in = SLICE("\"a\0\"@b.org")},
    {.name = "DEL quoted", .in = SLICE("\"a\x7f\"@b.org")},
    {.name = "open quote", .in = SLICE("\"a@b.org")},
    {.name = "backslash ends", .in = SLICE("\"a\\")},
    {.name = "lone quote", .in = SLICE("\"")},
    {.name = "text behind the quotes", .in = SLICE("\"a\"b@b.org")},
    {.name = "domain with a dash first", .in = SLICE("a@-b.org")},
    {.name = "domain with a dash last", .in = SLICE("a@b-.org")},
    {.name = "domain with an empty label", .in = SLICE("a@b..org")},
    {.name = "domain with a dot last", .in = SLICE("a@b.org.")},
    {.name = "domain with a dot first", .in = SLICE("a@.b.org")},
    {.name = "label of 64",
	.in = SLICE("a@"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaa.org")},
    {.name = "literal out of range", .in = SLICE("a@[192.0.2.256]")},
    {.name = "literal with text", .in = SLICE("a@[192.0.2.1]x")},
    {.name = "open literal", .in = SLICE("a@[192.0.2.1")},
    {.name = "empty literal", .in = SLICE("a@[]")},
    {.name = "IPv6 literal without tag", .in = SLICE("a@[2001:db8::1]")},
    {.name = "IPv6 tag with IPv4", .in = SLICE("a@[IPv6:192.0.2.1]")},
    {.name = "broken UTF-8", .in = SLICE("a\xc3@b.org")},
    {.name = "overlong UTF-8", .in = SLICE("a\xc0\xaf@b.org")},
    {.name = "surrogate", .in = SLICE("a\xed\xa0\x80@b.org")},
    {.name = "broken UTF-8 domain", .in = SLICE("a@b\xff.org")},
};

static void
test_good(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const struct good *c = &good[i];
		struct arena arena = {0};
		struct smtp_address a, again;
		CHECK(c->name, smtp_address_parse(c->in, &arena, &a) == 0);
		CHECK_SLICE(c->name, a.text, slice_of(c->text));
		CHECK_SLICE(c->name, a.local, slice_of(c->local));
		CHECK_SLICE(c->name, a.domain, slice_of(c->domain));
		CHECK_INT(c->name, a.is_literal, c->is_literal);
		CHECK_INT(c->name, a.is_utf8, c->is_utf8);
		CHECK_SLICE(c->name, smtp_address_domain(a.text), a.domain);
		/* What is printed reads back as itself. */
		CHECK(c->name, smtp_address_parse(a.text, &arena, &again) == 0);
		CHECK_SLICE(c->name, again.text, a.text);
		arena_free(&arena);
	}
}

static void
test_bad(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct arena arena = {0};
		struct smtp_address a;
		CHECK(bad[i].name,
		    smtp_address_parse(bad[i].in, &arena, &a) == -1);
		arena_free(&arena);
	}
}

static void
test_ipv6_literal(void **state UNUSED)
{
	struct arena arena = {0};
	struct smtp_address a;

	assert_int_equal(
	    smtp_address_parse(SLICE("a@[IPv6:2001:db8::1]"), &arena, &a), 0);
	assert_true(a.is_literal);
	assert_true(slice_equal_nocase(a.domain, SLICE("[IPv6:2001:db8::1]")));
	assert_true(smtp_literal_is_valid(a.domain));
	assert_true(smtp_literal_is_valid(SLICE("[IPv6:::ffff:192.0.2.1]")));
	assert_false(smtp_literal_is_valid(SLICE("[IPv6:]")));
	assert_false(smtp_literal_is_valid(SLICE("[192.0.2.1\0]")));
	arena_free(&arena);
}

static void
test_bounds(void **state UNUSED)
{
	char text[2000];
	struct arena arena = {0};
	struct smtp_address a;

	memset(text, 'a', sizeof(text));
	text[SMTP_LOCAL_MAX] = '@';
	assert_int_equal(smtp_address_parse(
			     slice_make(text, SMTP_LOCAL_MAX + 4), &arena, &a),
	    0);
	memset(text, 'a', sizeof(text));
	text[SMTP_LOCAL_MAX + 1] = '@';
	assert_int_equal(smtp_address_parse(
			     slice_make(text, SMTP_LOCAL_MAX + 5), &arena, &a),
	    -1);
	/* Labels of 63 and a dot: 255 octets is the end. */
	memset(text, 'a', sizeof(text));
	for (size_t i = 63; i < sizeof(text); i += 64)
		text[i] = '.';
	assert_true(smtp_domain_is_valid(slice_make(text, 255)));
	text[255] = 'a';
	assert_false(smtp_domain_is_valid(slice_make(text, 256)));
	assert_false(smtp_domain_is_valid(SLICE("")));
	assert_true(smtp_domain_is_valid(SLICE("_dmarc.example.org")));
	/* All quotes doubled on printing still fits. */
	text[0] = '"';
	for (size_t i = 0; i < 256; i++) {
		text[1 + 2 * i] = '\\';
		text[2 + 2 * i] = '"';
	}
	memcpy(text + 513, "\"@b.org", 7);
	assert_int_equal(
	    smtp_address_parse(slice_make(text, 520), &arena, &a), 0);
	assert_int_equal(a.local.len, 514);
	arena_free(&arena);
}

static void
test_idna(void **state UNUSED)
{
	static const struct {
		const char *in;
		const char *out; /* null: none */
	} cases[] = {
	    {"example.org", "example.org"},
	    {"[192.0.2.1]", "[192.0.2.1]"},
	    {"b\xc3\xbc"
	     "cher.example",
		"xn--bcher-kva.example"},
	    {"stra\xc3\x9f"
	     "e.example",
		"xn--strae-oqa.example"},
	    {"\xe2\x80\x8b.example", NULL},
	    {"\xff.example", NULL},
	};
	char out[SMTP_DOMAIN_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = smtp_domain_to_ascii(slice_of(cases[i].in), out);
		CHECK_INT(cases[i].in, rc, cases[i].out != NULL ? 0 : -1);
		if (rc == 0)
			assert_string_equal(out, cases[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_ipv6_literal),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_idna),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
