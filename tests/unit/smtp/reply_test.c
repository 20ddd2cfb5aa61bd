/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote replies (RFC 5321 4.2), cut at every byte, and enhanced codes
 * (RFC 3463, RFC 2034).
 */
#include "smtp/reply.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "tests/unit/unit.h"

struct feed {
	const char *name;
	struct slice in;
	enum smtp_reply_status status;
	int code;
	const char *enhanced, *text;
	size_t left; /* bytes that are not the reply's */
};

static const struct feed feeds[] = {
    {.name = "one line",
	.in = SLICE("250 OK\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 250,
	.enhanced = "",
	.text = "OK"},
    {.name = "no text",
	.in = SLICE("354\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 354,
	.enhanced = "",
	.text = ""},
    {.name = "space and no text",
	.in = SLICE("354 \r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 354,
	.enhanced = "",
	.text = ""},
    {.name = "enhanced code",
	.in = SLICE("550 5.1.1 No such user\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 550,
	.enhanced = "5.1.1",
	.text = "No such user"},
    {.name = "enhanced code on each line",
	.in = SLICE("550-5.7.1 Go\r\n550 5.7.1 away\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 550,
	.enhanced = "5.7.1",
	.text = "Go away"},
    {.name = "enhanced code of another class",
	.in = SLICE("250 5.1.1 odd\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 250,
	.enhanced = "",
	.text = "5.1.1 odd"},
    {.name = "enhanced code of three digits",
	.in = SLICE("451 4.7.500 Server busy\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 451,
	.enhanced = "4.7.500",
	.text = "Server busy"},
    {.name = "multi-line",
	.in = SLICE("250-mx\r\n250-SIZE 1\r\n250 HELP\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 250,
	.enhanced = "",
	.text = "mx SIZE 1 HELP"},
    {.name = "bytes behind it stay",
	.in = SLICE("250 a\r\n220 b\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 250,
	.enhanced = "",
	.text = "a",
	.left = 7},
    {.name = "controls are cleaned",
	.in = SLICE("550 a\x1b[31mb\x01\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 550,
	.enhanced = "",
	.text = "a?[31mb?"},
    {.name = "invalid UTF-8 is cleaned",
	.in = SLICE("550 a\xff"
		    "b\r\n"),
	.status = SMTP_REPLY_DONE,
	.code = 550,
	.enhanced = "",
	.text = "a?b"},
    {.name = "incomplete",
	.in = SLICE("250-a\r\n250"),
	.status = SMTP_REPLY_MORE},
    {.name = "empty", .in = SLICE(""), .status = SMTP_REPLY_MORE},
    {.name = "code changes",
	.in = SLICE("250-a\r\n550 b\r\n"),
	.status = SMTP_REPLY_ERROR},
    {.name = "code changes within the class",
	.in = SLICE("250-a\r\n251 b\r\n"),
	.status = SMTP_REPLY_ERROR},
    {.name = "1xx", .in = SLICE("120 a\r\n"), .status = SMTP_REPLY_ERROR},
    {.name = "6xx", .in = SLICE("600 a\r\n"), .status = SMTP_REPLY_ERROR},
    {.name = "no digits",
	.in = SLICE("HTTP/1.1 400\r\n"),
	.status = SMTP_REPLY_ERROR},
    {.name = "two digits", .in = SLICE("25 a\r\n"), .status = SMTP_REPLY_ERROR},
    {.name = "four digits",
	.in = SLICE("2500 a\r\n"),
	.status = SMTP_REPLY_ERROR},
    {.name = "other separator",
	.in = SLICE("250+a\r\n"),
	.status = SMTP_REPLY_ERROR},
    {.name = "empty line", .in = SLICE("\r\n"), .status = SMTP_REPLY_ERROR},
    {.name = "sign", .in = SLICE("+25 a\r\n"), .status = SMTP_REPLY_ERROR},
};

/* Feeds the text in two parts. */
static enum smtp_reply_status
feed(const struct feed *c, size_t cut, struct smtp_reply *out, size_t *out_left)
{
	struct smtp_reply_parser p;
	struct slice in = slice_sub(c->in, 0, cut);

	smtp_reply_parser_init(&p);
	enum smtp_reply_status status = smtp_reply_feed(&p, &in, out);
	size_t rest = c->in.len - cut;
	if (status == SMTP_REPLY_MORE) {
		CHECK_INT(c->name, in.len, 0);
		in = slice_sub(c->in, cut, SIZE_MAX);
		status = smtp_reply_feed(&p, &in, out);
		rest = 0;
	}
	*out_left = in.len + rest;
	smtp_reply_parser_free(&p);
	return status;
}

static void
test_feeds(void **state UNUSED)
{
	char enhanced[SMTP_ENHANCED_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(feeds); i++)
		for (size_t cut = 0; cut <= feeds[i].in.len; cut++) {
			const struct feed *c = &feeds[i];
			struct smtp_reply r = {0};
			size_t left;
			CHECK_INT(c->name, feed(c, cut, &r, &left), c->status);
			if (c->status != SMTP_REPLY_DONE)
				continue;
			CHECK_INT(c->name, r.code, c->code);
			CHECK_INT(c->name, r.is_local, false);
			smtp_enhanced_print(r.enhanced, enhanced);
			CHECK_SLICE(
			    c->name, slice_of(enhanced), slice_of(c->enhanced));
			CHECK_SLICE(
			    c->name, slice_of(r.text), slice_of(c->text));
			CHECK_INT(c->name, left, c->left);
		}
}

static void
test_two_replies(void **state UNUSED)
{
	struct smtp_reply_parser p;
	struct smtp_reply r;
	struct slice in = SLICE("250-a\r\n250 b\r\n550 5.1.1 c\r\n");

	smtp_reply_parser_init(&p);
	assert_int_equal(smtp_reply_feed(&p, &in, &r), SMTP_REPLY_DONE);
	CHECK_SLICE("lines", buf_slice(&p.lines), SLICE("a\nb\n"));
	assert_int_equal(smtp_reply_feed(&p, &in, &r), SMTP_REPLY_DONE);
	assert_int_equal(r.code, 550);
	CHECK_SLICE("second", slice_of(r.text), SLICE("c"));
	assert_int_equal(in.len, 0);
	smtp_reply_parser_free(&p);
}

static enum smtp_reply_status
feed_many(size_t lines, size_t text_len, struct smtp_reply *out)
{
	struct smtp_reply_parser p;
	char *line = mem_alloc(text_len + 6);
	enum smtp_reply_status status = SMTP_REPLY_MORE;

	smtp_reply_parser_init(&p);
	memset(line, 'x', text_len + 6);
	memcpy(line + text_len + 4, "\r\n", 2);
	for (size_t i = 0; i < lines && status == SMTP_REPLY_MORE; i++) {
		memcpy(line, i + 1 < lines ? "250-" : "250 ", 4);
		struct slice in = slice_make(line, text_len + 6);
		status = smtp_reply_feed(&p, &in, out);
	}
	smtp_reply_parser_free(&p);
	mem_free(line);
	return status;
}

static void
test_bounds(void **state UNUSED)
{
	struct smtp_reply r;
	struct smtp_reply_parser p;
	char endless[1024];

	assert_int_equal(
	    feed_many(SMTP_REPLY_LINES_MAX, 10, &r), SMTP_REPLY_DONE);
	assert_int_equal(
	    feed_many(SMTP_REPLY_LINES_MAX + 1, 10, &r), SMTP_REPLY_ERROR);
	assert_int_equal(feed_many(1, 16000, &r), SMTP_REPLY_DONE);
	assert_int_equal(strlen(r.text), SMTP_REPLY_TEXT_MAX - 1);
	assert_int_equal(feed_many(1, 16390, &r), SMTP_REPLY_ERROR);
	assert_int_equal(feed_many(100, 200, &r), SMTP_REPLY_ERROR);
	/* A line that never ends. */
	memset(endless, '2', sizeof(endless));
	smtp_reply_parser_init(&p);
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	for (int i = 0; i < 32 && status == SMTP_REPLY_MORE; i++) {
		struct slice in = slice_make(endless, sizeof(endless));
		status = smtp_reply_feed(&p, &in, &r);
	}
	assert_int_equal(status, SMTP_REPLY_ERROR);
	smtp_reply_parser_free(&p);
}

static void
test_long_text_ends_on_a_character(void **state UNUSED)
{
	struct smtp_reply_parser p;
	struct smtp_reply r;
	struct buf text = buf_make(4096);

	(void)buf_append_text(&text, "550 x");
	for (int i = 0; i < 600; i++)
		(void)buf_append_text(&text, "\xc3\xa9");
	(void)buf_append_text(&text, "\r\n");
	smtp_reply_parser_init(&p);
	struct slice in = buf_slice(&text);
	assert_int_equal(smtp_reply_feed(&p, &in, &r), SMTP_REPLY_DONE);
	assert_true(utf8_is_valid(slice_of(r.text)));
	assert_true(strlen(r.text) < SMTP_REPLY_TEXT_MAX);
	smtp_reply_parser_free(&p);
	buf_free(&text);
}

struct enhanced {
	const char *name;
	struct slice in;
	size_t used;
	int class, subject, detail;
};

static const struct enhanced enhanceds[] = {
    {.name = "plain",
	.in = SLICE("5.1.1 x"),
	.used = 5,
	.class = 5,
	.subject = 1,
	.detail = 1},
    {.name = "at the end", .in = SLICE("2.0.0"), .used = 5, .class = 2},
    {.name = "long",
	.in = SLICE("4.123.999 "),
	.used = 9,
	.class = 4,
	.subject = 123,
	.detail = 999},
    {.name = "class 3", .in = SLICE("3.1.1 x")},
    {.name = "four digits", .in = SLICE("5.1.1000 x")},
    {.name = "text behind", .in = SLICE("5.1.1x")},
    {.name = "address", .in = SLICE("5.1.1.1 x")},
    {.name = "no detail", .in = SLICE("5.1. x")},
    {.name = "cut", .in = SLICE("5.1")},
    {.name = "empty", .in = SLICE("")},
    {.name = "NUL for a class", .in = SLICE("\0.1.1")},
};

static void
test_enhanced(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(enhanceds); i++) {
		const struct enhanced *c = &enhanceds[i];
		struct smtp_enhanced e = {0};
		CHECK_INT(c->name, smtp_enhanced_parse(c->in, &e), c->used);
		if (c->used == 0)
			continue;
		CHECK_INT(c->name, e.class, c->class);
		CHECK_INT(c->name, e.subject, c->subject);
		CHECK_INT(c->name, e.detail, c->detail);
	}
}

static void
test_local(void **state UNUSED)
{
	struct smtp_reply r = smtp_reply_local(451, 4, 1, "%s", "refused");

	assert_true(r.is_local);
	assert_true(smtp_reply_is_temporary(&r));
	assert_false(smtp_reply_is_permanent(&r));
	assert_false(smtp_reply_is_success(&r));
	assert_int_equal(r.enhanced.class, 4);
	/* reply.h: the text is one clean line, whoever made it. */
	r = smtp_reply_local(554, 4, 1, "%s", "a\r\nb\x1b");
	assert_null(strchr(r.text, '\r'));
	assert_null(strchr(r.text, '\n'));
	assert_null(strchr(r.text, '\x1b'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_feeds),
	    cmocka_unit_test(test_two_replies),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_long_text_ends_on_a_character),
	    cmocka_unit_test(test_enhanced),
	    cmocka_unit_test(test_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
