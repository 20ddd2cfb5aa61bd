/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines, paths and parameters after RFC 5321 4.1.1.
 */
#include "smtp/command.h"

#include "tests/unit/unit.h"

struct line {
	const char *name;
	struct slice in;
	const char *verb;
	const char *args; /* null: any */
};

static const struct line lines[] = {
    {.name = "verb only", .in = SLICE("QUIT"), .verb = "QUIT", .args = ""},
    {.name = "trailing space",
	.in = SLICE("DATA  "),
	.verb = "DATA",
	.args = ""},
    {.name = "arguments",
	.in = SLICE("EHLO  a b "),
	.verb = "EHLO",
	.args = "a b"},
    {.name = "tab", .in = SLICE("EHLO\ta"), .verb = "EHLO", .args = "a"},
    {.name = "empty", .in = SLICE(""), .verb = "", .args = ""},
    {.name = "spaces", .in = SLICE("   "), .verb = "", .args = ""},
    {.name = "dash in the verb", .in = SLICE("X-FOO bar"), .verb = ""},
    {.name = "no verb",
	.in = SLICE("-FOO bar"),
	.verb = "",
	.args = "-FOO bar"},
};

static void
test_lines(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct smtp_command c = smtp_command_parse(lines[i].in);
		CHECK_SLICE(lines[i].name, c.verb, slice_of(lines[i].verb));
		if (lines[i].args != NULL)
			CHECK_SLICE(
			    lines[i].name, c.args, slice_of(lines[i].args));
	}
}

struct path {
	const char *name;
	const char *keyword; /* null: FROM */
	struct slice in;
	enum smtp_path_error error;
	const char *text; /* null: no address */
	bool is_null, is_postmaster;
	size_t params;
};

static const struct path paths[] = {
    {.name = "plain", .in = SLICE("FROM:<a@b.org>"), .text = "a@b.org"},
    {.name = "lower case keyword",
	.in = SLICE("from:<a@b.org>"),
	.text = "a@b.org"},
    {.name = "space after the colon",
	.in = SLICE("FROM: <a@b.org>"),
	.text = "a@b.org"},
    {.name = "without brackets",
	.in = SLICE("FROM:a@b.org"),
	.text = "a@b.org"},
    {.name = "without brackets, with a parameter",
	.in = SLICE("FROM:a@b.org SIZE=1"),
	.text = "a@b.org",
	.params = 1},
    {.name = "null path", .in = SLICE("FROM:<>"), .is_null = true},
    {.name = "null path with parameters",
	.in = SLICE("FROM:<> SIZE=10 BODY=8BITMIME"),
	.is_null = true,
	.params = 2},
    {.name = "postmaster",
	.keyword = "TO",
	.in = SLICE("TO:<Postmaster>"),
	.is_postmaster = true},
    {.name = "postmaster in capitals",
	.keyword = "TO",
	.in = SLICE("TO:<POSTMASTER>"),
	.is_postmaster = true},
    {.name = "source route",
	.in = SLICE("FROM:<@a.org,@b.org:u@c.org>"),
	.text = "u@c.org"},
    {.name = "source route of one",
	.in = SLICE("FROM:<@a.org:u@c.org>"),
	.text = "u@c.org"},
    {.name = "quoted bracket",
	.in = SLICE("FROM:<\"a>b\"@c.org>"),
	.text = "\"a>b\"@c.org"},
    {.name = "quoted space",
	.in = SLICE("FROM:<\"a b\"@c.org> SIZE=1"),
	.text = "\"a b\"@c.org",
	.params = 1},
    {.name = "quoted quote",
	.in = SLICE("FROM:<\"a\\\">b\"@c.org>"),
	.text = "\"a\\\">b\"@c.org"},
    {.name = "quoted colon is no route",
	.in = SLICE("FROM:<\"@x:y\"@c.org>"),
	.text = "\"@x:y\"@c.org"},
    {.name = "parameter without value",
	.in = SLICE("FROM:<a@b.org> SMTPUTF8"),
	.text = "a@b.org",
	.params = 1},
    {.name = "spaces between parameters",
	.in = SLICE("FROM:<a@b.org>   SIZE=1   SMTPUTF8  "),
	.text = "a@b.org",
	.params = 2},
    {.name = "auth null",
	.in = SLICE("FROM:<a@b.org> AUTH=<>"),
	.text = "a@b.org",
	.params = 1},
    {.name = "literal",
	.in = SLICE("FROM:<a@[192.0.2.1]>"),
	.text = "a@[192.0.2.1]"},
    {.name = "keyword missing",
	.in = SLICE("<a@b.org>"),
	.error = SMTP_PATH_KEYWORD},
    {.name = "wrong keyword",
	.in = SLICE("TO:<a@b.org>"),
	.error = SMTP_PATH_KEYWORD},
    {.name = "no colon",
	.in = SLICE("FROM <a@b.org>"),
	.error = SMTP_PATH_KEYWORD},
    {.name = "longer keyword",
	.in = SLICE("FROMAGE:<a@b.org>"),
	.error = SMTP_PATH_KEYWORD},
    {.name = "nothing", .in = SLICE(""), .error = SMTP_PATH_KEYWORD},
    {.name = "nothing behind the colon",
	.in = SLICE("FROM:"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "open bracket",
	.in = SLICE("FROM:<a@b.org"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "close bracket only",
	.in = SLICE("FROM:a@b.org>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "two brackets",
	.in = SLICE("FROM:<<a@b.org>>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "text behind the bracket",
	.in = SLICE("FROM:<a@b.org>x"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "second path",
	.in = SLICE("FROM:<a@b.org><c@d.org>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "no domain", .in = SLICE("FROM:<a>"), .error = SMTP_PATH_SYNTAX},
    {.name = "CR inside",
	.in = SLICE("FROM:<a\r@b.org>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "NUL inside",
	.in = SLICE("FROM:<a\0@b.org>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "route without a mailbox",
	.in = SLICE("FROM:<@a.org:>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "route without a colon",
	.in = SLICE("FROM:<@a.org>"),
	.error = SMTP_PATH_SYNTAX},
    {.name = "parameter with two =",
	.in = SLICE("FROM:<a@b.org> SIZE=1=2"),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter with empty value",
	.in = SLICE("FROM:<a@b.org> SIZE="),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter without keyword",
	.in = SLICE("FROM:<a@b.org> =1"),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter with a bad keyword",
	.in = SLICE("FROM:<a@b.org> S_IZE=1"),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter starting with a dash",
	.in = SLICE("FROM:<a@b.org> -X=1"),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter with a NUL",
	.in = SLICE("FROM:<a@b.org> X=a\0b"),
	.error = SMTP_PATH_PARAMS},
    {.name = "parameter with a CR",
	.in = SLICE("FROM:<a@b.org> X=a\rb"),
	.error = SMTP_PATH_PARAMS},
    {.name = "17 parameters",
	.in = SLICE("FROM:<a@b.org> A B C D E F G H I J K L M N O P Q"),
	.error = SMTP_PATH_PARAMS},
};

static void
test_paths(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct path *c = &paths[i];
		struct arena arena = {0};
		struct smtp_path p;
		enum smtp_path_error error = smtp_path_parse(c->in,
		    c->keyword != NULL ? c->keyword : "FROM", &arena, &p);
		CHECK_INT(c->name, error, c->error);
		if (error == SMTP_PATH_OK) {
			CHECK_INT(c->name, p.is_null, c->is_null);
			CHECK_INT(c->name, p.is_postmaster, c->is_postmaster);
			CHECK_SLICE(c->name, p.address.text, slice_of(c->text));
			CHECK_INT(c->name, p.param_count, c->params);
		}
		arena_free(&arena);
	}
}

static void
test_param_values(void **state UNUSED)
{
	struct arena arena = {0};
	struct smtp_path p;

	assert_int_equal(
	    smtp_path_parse(SLICE("TO:<a@b.org> NOTIFY=FAILURE,DELAY X-Y2 "
				  "ORCPT=rfc822;a+40b"),
		"TO", &arena, &p),
	    SMTP_PATH_OK);
	assert_int_equal(p.param_count, 3);
	CHECK_SLICE("keyword", p.params[0].keyword, SLICE("NOTIFY"));
	CHECK_SLICE("value", p.params[0].value, SLICE("FAILURE,DELAY"));
	CHECK_SLICE("no value", p.params[1].keyword, SLICE("X-Y2"));
	assert_null(p.params[1].value.ptr);
	CHECK_SLICE("last", p.params[2].value, SLICE("rfc822;a+40b"));
	arena_free(&arena);
}

static void
test_helo(void **state UNUSED)
{
	assert_true(smtp_helo_is_valid(SLICE("mail.example.org")));
	assert_true(smtp_helo_is_valid(SLICE("[192.0.2.1]")));
	assert_true(smtp_helo_is_valid(SLICE("my_laptop")));
	assert_false(smtp_helo_is_valid(SLICE("")));
	assert_false(smtp_helo_is_valid(SLICE("a b")));
	assert_false(smtp_helo_is_valid(SLICE("a\rb")));
	assert_false(smtp_helo_is_valid(SLICE("a\0b")));
	assert_false(smtp_helo_is_valid(SLICE("caf\xc3\xa9")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_param_values),
	    cmocka_unit_test(test_helo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
