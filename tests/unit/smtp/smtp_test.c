/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar: addresses, commands, replies, the data stream, fields,
 * notifications.
 */
#include "tests/unit/check.h"

#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/dsn.h"
#include "smtp/header.h"
#include "smtp/reply.h"

static void
addresses(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* null: refused */
	} rows[] = {
	    {"a@example.org", "a@example.org"},
	    {"A.b+c@EXAMPLE.Org", "A.b+c@example.org"},
	    {"\"a\"@example.org", "a@example.org"},
	    {"\"a b\"@example.org", "\"a b\"@example.org"},
	    {"\"a\\\"b\"@example.org", "\"a\\\"b\"@example.org"},
	    {"\"a@evil.test x\"@good.test", "\"a@evil.test x\"@good.test"},
	    {"a@[192.0.2.1]", "a@[192.0.2.1]"},
	    {"a@[IPv6:2001:db8::1]", "a@[ipv6:2001:db8::1]"},
	    {"gr\xc3\xbc\xc3\x9f@b\xc3\xbc.test",
		"gr\xc3\xbc\xc3\x9f@b\xc3\xbc.test"},
	    {"user%other@us.test", "user%other@us.test"},
	    {"", NULL},
	    {"a", NULL},
	    {"@b.test", NULL},
	    {"a@", NULL},
	    {"a..b@c.test", NULL},
	    {".a@c.test", NULL},
	    {"a.@c.test", NULL},
	    {"a b@c.test", NULL},
	    {"a@b@c.test", NULL},
	    {"a@-b.test", NULL},
	    {"a@b-.test", NULL},
	    {"a@b..test", NULL},
	    {"a@b.test.", NULL},
	    {"a@[300.0.2.1]", NULL},
	    {"a@[1.2.3.4", NULL},
	    {"\"a@b.test", NULL},
	    {"\"a\"b@c.test", NULL},
	    {"a\x01@b.test", NULL},
	    {"\"a\nb\"@c.test", NULL},
	    {"a\xff@b.test", NULL},
	};
	struct smtp_address a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = {0};
		int rc = smtp_address_parse(slice_of(rows[i].text), &arena, &a);
		check_row(rows[i].text, rc == (rows[i].want != NULL ? 0 : -1));
		check_row(
		    rows[i].text, rc != 0 || slice_is(a.text, rows[i].want));
		arena_free(&arena);
	}
}

static void
paths(void **state)
{
	static const struct {
		const char *args;
		enum smtp_path_error want;
		const char *address;
		size_t params;
	} rows[] = {
	    {"FROM:<a@b.test>", SMTP_PATH_OK, "a@b.test", 0},
	    {"from: <a@b.test> SIZE=10 BODY=8BITMIME", SMTP_PATH_OK, "a@b.test",
		2},
	    {"FROM:<>", SMTP_PATH_OK, "", 0},
	    {"FROM:a@b.test", SMTP_PATH_OK, "a@b.test", 0},
	    {"FROM:<@x.test,@y.test:a@b.test>", SMTP_PATH_OK, "a@b.test", 0},
	    {"FROM:<\"a>b\"@c.test>", SMTP_PATH_OK, "\"a>b\"@c.test", 0},
	    {"FROM <a@b.test>", SMTP_PATH_KEYWORD, "", 0},
	    {"TO:<a@b.test>", SMTP_PATH_KEYWORD, "", 0},
	    {"FROM:", SMTP_PATH_SYNTAX, "", 0},
	    {"FROM:<a@b.test", SMTP_PATH_SYNTAX, "", 0},
	    {"FROM:<a@b.test>x", SMTP_PATH_SYNTAX, "", 0},
	    {"FROM:<a@b.test> =x", SMTP_PATH_PARAMS, "", 0},
	    {"FROM:<a@b.test> A=", SMTP_PATH_PARAMS, "", 0},
	    {"FROM:<a@b.test> A==b", SMTP_PATH_PARAMS, "", 0},
	};
	struct smtp_path path;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = {0};
		enum smtp_path_error got = smtp_path_parse(
		    slice_of(rows[i].args), "FROM", &arena, &path);
		check_row(rows[i].args, got == rows[i].want);
		check_row(rows[i].args,
		    got != SMTP_PATH_OK ||
			(slice_is(path.address.text, rows[i].address) &&
			    path.param_count == rows[i].params));
		arena_free(&arena);
	}
	check_slice(smtp_command_parse(SLICE("mail FROM:<x>")).verb, "mail");
	check_slice(smtp_command_parse(SLICE("MAIL:x")).verb, "");
	check_slice(smtp_command_parse(SLICE("")).verb, "");
}

/* Feeds in pieces of `step` octets. */
static enum smtp_reply_status
feed(const char *text, size_t step, struct smtp_reply *out)
{
	struct smtp_reply_parser p;
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	struct slice all = slice_of(text);

	smtp_reply_parser_init(&p);
	for (size_t i = 0; i < all.len && status == SMTP_REPLY_MORE;
	     i += step) {
		struct slice in = slice_sub(all, i, step);
		status = smtp_reply_feed(&p, &in, out);
	}
	smtp_reply_parser_free(&p);
	return status;
}

static void
replies(void **state)
{
	static const struct {
		const char *text;
		enum smtp_reply_status want;
		int code, subject, detail;
		const char *words;
	} rows[] = {
	    {"250 ok\r\n", SMTP_REPLY_DONE, 250, 0, 0, "ok"},
	    {"250 2.1.5 ok\r\n", SMTP_REPLY_DONE, 250, 1, 5, "ok"},
	    {"550-5.1.1 no such\r\n550 5.1.1 user\r\n", SMTP_REPLY_DONE, 550, 1,
		1, "no such user"},
	    {"550\r\n", SMTP_REPLY_DONE, 550, 0, 0, ""},
	    {"550 2.1.1 odd class\r\n", SMTP_REPLY_DONE, 550, 0, 0,
		"2.1.1 odd class"},
	    {"421 a\x1b[2Jb\r\n", SMTP_REPLY_DONE, 421, 0, 0, "a?[2Jb"},
	    {"250 ok\n", SMTP_REPLY_DONE, 250, 0, 0, "ok"},
	    {"250-a\r\n550 b\r\n", SMTP_REPLY_ERROR, 0, 0, 0, NULL},
	    {"hello\r\n", SMTP_REPLY_ERROR, 0, 0, 0, NULL},
	    {"999 x\r\n", SMTP_REPLY_ERROR, 0, 0, 0, NULL},
	    {"25 x\r\n", SMTP_REPLY_ERROR, 0, 0, 0, NULL},
	    {"250_x\r\n", SMTP_REPLY_ERROR, 0, 0, 0, NULL},
	    {"250-more\r\n", SMTP_REPLY_MORE, 0, 0, 0, NULL},
	};
	struct smtp_reply r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step < 12; step += 5) {
			enum smtp_reply_status got =
			    feed(rows[i].text, step, &r);
			check_row(rows[i].text, got == rows[i].want);
			if (got != SMTP_REPLY_DONE)
				continue;
			check_row(rows[i].text, r.code == rows[i].code);
			check_row(rows[i].text,
			    r.enhanced.subject == rows[i].subject &&
				r.enhanced.detail == rows[i].detail);
			check_row(
			    rows[i].text, strcmp(r.text, rows[i].words) == 0);
		}
}

static void
endless_replies_end(void **state)
{
	struct buf text = buf_make(1 << 20);
	struct smtp_reply r;

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)buf_append_text(&text, "250-x\r\n");
	assert_int_equal(feed(buf_text(&text), 4096, &r), SMTP_REPLY_ERROR);
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		(void)buf_append_char(&text, '2');
	assert_int_equal(feed(buf_text(&text), 4096, &r), SMTP_REPLY_ERROR);
	buf_free(&text);
}

/* Reads a stream in pieces; what came out is in `out`. */
static enum smtp_data_status
read_data(struct slice all, size_t step, struct buf *out, size_t *out_left)
{
	struct smtp_data_reader r = {0};
	enum smtp_data_status status = SMTP_DATA_MORE;
	struct slice piece;

	buf_reset(out);
	for (size_t i = 0; i < all.len; i += step) {
		struct slice in = slice_sub(all, i, step);
		while ((status = smtp_data_read(&r, &in, &piece)) ==
		    SMTP_DATA_PIECE)
			assert_int_equal(buf_append_slice(out, piece), 0);
		*out_left =
		    in.len + (all.len - i > step ? all.len - i - step : 0);
		if (status != SMTP_DATA_MORE)
			return status;
	}
	return status;
}

static void
data_ends_in_one_way_only(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		enum smtp_data_status want;
		const char *out;
	} rows[] = {
	    {"plain", {"a\r\n.\r\n", 6}, SMTP_DATA_DONE, "a\r\n"},
	    {"empty", {".\r\n", 3}, SMTP_DATA_DONE, ""},
	    {"stuffed", {"..a\r\n...\r\n.\r\n", 13}, SMTP_DATA_DONE,
		".a\r\n..\r\n"},
	    {"dot in a line", {"a.\r\nb.c\r\n.\r\n", 12}, SMTP_DATA_DONE,
		"a.\r\nb.c\r\n"},
	    {"pipelined", {".\r\nQUIT\r\n", 9}, SMTP_DATA_DONE, ""},
	    {"no end", {"a\r\n.", 4}, SMTP_DATA_MORE, "a\r\n"},
	    {"LF.LF", {"a\n.\n", 4}, SMTP_DATA_BARE, NULL},
	    {"LF.CRLF", {"a\n.\r\n", 5}, SMTP_DATA_BARE, NULL},
	    {"CRLF.LF", {"a\r\n.\n", 5}, SMTP_DATA_BARE, NULL},
	    {"CR.CR", {"a\r.\r", 4}, SMTP_DATA_BARE, NULL},
	    {"CRLF.CR", {"a\r\n.\rb", 6}, SMTP_DATA_BARE, NULL},
	    {"CRCRLF.CRLF", {"a\r\r\n.\r\n", 7}, SMTP_DATA_BARE, NULL},
	    {"CR LF.CR CR LF", {"a\r\n.\r\r\n", 7}, SMTP_DATA_BARE, NULL},
	    {"NUL", {"a\0\r\n.\r\n", 7}, SMTP_DATA_NUL, NULL},
	};
	struct buf out = buf_make(1000);
	size_t left;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step < 14; step++) {
			enum smtp_data_status got =
			    read_data(rows[i].in, step, &out, &left);
			check_row(rows[i].name, got == rows[i].want);
			if (rows[i].out != NULL)
				check_row(rows[i].name,
				    strcmp(buf_text(&out), rows[i].out) == 0);
		}
	assert_int_equal(
	    read_data(SLICE(".\r\nQUIT\r\n"), 9, &out, &left), SMTP_DATA_DONE);
	assert_int_equal(left, 6);
	buf_free(&out);
}

static void
data_goes_round(void **state)
{
	static const struct slice message = {
	    ".a\r\n\r\n..\r\n.\r\nb.\r\nlast", 21};
	struct buf wire = buf_make(1000);
	struct buf back = buf_make(1000);
	size_t left;

	(void)state;
	for (size_t step = 1; step <= message.len; step++) {
		struct smtp_data_writer w = {0};
		buf_reset(&wire);
		for (size_t i = 0; i < message.len; i += step)
			assert_int_equal(
			    smtp_data_write(
				&w, slice_sub(message, i, step), &wire),
			    0);
		assert_int_equal(smtp_data_finish(&w, &wire), 0);
		assert_int_equal(read_data(buf_slice(&wire), 7, &back, &left),
		    SMTP_DATA_DONE);
		assert_int_equal(left, 0);
		assert_memory_equal(back.ptr, message.ptr, message.len);
		assert_int_equal(back.len, message.len + 2);
	}
	/* The last gate: nothing bare leaves. */
	static const struct slice bare[] = {
	    {"a\nb", 3}, {"a\rb", 3}, {"a\r\r\n", 4}, {"a\0b", 3}};
	for (size_t i = 0; i < ARRAY_LEN(bare); i++) {
		struct smtp_data_writer w = {0};
		assert_int_equal(smtp_data_write(&w, bare[i], &wire), -1);
	}
	struct smtp_data_writer w = {0};
	assert_int_equal(smtp_data_write(&w, SLICE("a\r"), &wire), 0);
	assert_int_equal(smtp_data_finish(&w, &wire), -1);
	buf_free(&wire);
	buf_free(&back);
}

static void
fields(void **state)
{
	struct slice rest = SLICE("A: 1\r\n\tfold\r\nB :x\r\n: y\r\n\r\nbody");
	struct smtp_field f;
	struct buf out = buf_make(2000);
	static const struct {
		const char *value, *want;
	} rows[] = {
	    {"a@b.test", "a@b.test"},
	    {"Ann <a@b.test>", "a@b.test"},
	    {"\"Ann <x@y.test>\" <a@b.test>", "a@b.test"},
	    {"\"x@evil.test\", <a@b.test>", ""},
	    {"(comment) a@b.test (more)", "a@b.test"},
	    {"Ann (x <y@z.test>) <a@b.test>, B <c@d.test>", "a@b.test"},
	    {"\"a b\"@c.test", "\"a b\"@c.test"},
	    {"nobody", ""},
	    {"", ""},
	    {"<", ""},
	    {"\"open", ""},
	};

	(void)state;
	assert_true(smtp_field_next(&rest, &f));
	check_slice(f.name, "A");
	check_slice(f.value, "1\r\n\tfold");
	assert_true(smtp_field_next(&rest, &f));
	check_slice(f.name, "B");
	assert_false(smtp_field_next(&rest, &f));
	check_slice(rest, ": y\r\n\r\nbody");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(rows[i].value,
		    slice_is(smtp_field_address(slice_of(rows[i].value)),
			rows[i].want));
	assert_int_equal(smtp_field_append(&out, "X", SLICE("a\r\nB: c")), -1);
	assert_int_equal(smtp_field_append(&out, "X y", SLICE("a")), -1);
	assert_int_equal(out.len, 0);
	assert_int_equal(smtp_field_append(&out, "X", SLICE("a")), 0);
	assert_string_equal(buf_text(&out), "X: a\r\n");
	buf_free(&out);
}

static void
notifications(void **state)
{
	struct smtp_reply no = smtp_reply_local(550, 1, 1, "unknown user");
	struct smtp_reply later = smtp_reply_local(451, 4, 1, "refused");
	struct dsn_recipient failed[] = {
	    {.address = SLICE("b@far.test"),
		.reply = &no,
		.remote_mta = SLICE("mx.far.test")},
	    {.address = SLICE("c@far.test"),
		.reply = &later,
		.is_expired = true},
	};
	struct dsn d = {
	    .id = "0000000000001",
	    .original_id = "0000000000002",
	    .hostname = "relay.test",
	    .to = SLICE("a@sender.test"),
	    .now_ms = 1795438800000,
	    .arrival_ms = 1795438700000,
	    .recipients = failed,
	    .recipient_count = 2,
	    .original = SLICE("Subject: hi\r\n\r\nsecret body"),
	};
	struct buf out = buf_make(65536);

	(void)state;
	assert_int_equal(dsn_write(&out, &d), 0);
	struct slice text = buf_slice(&out);
	assert_true(slice_find_nocase(text, "report-type=delivery-status") > 0);
	assert_true(slice_find_nocase(text,
			"Final-Recipient: rfc822; b@far.test\r\nAction: "
			"failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; "
			"mx.far.test") > 0);
	assert_true(slice_find_nocase(text,
			"c@far.test\r\nAction: failed\r\n"
			"Status: 5.4.1") > 0);
	assert_true(slice_find_nocase(text, "Subject: hi") > 0);
	assert_int_equal(slice_find_nocase(text, "secret body"), -1);
	/* It may leave by SMTP as it is. */
	struct smtp_data_writer w = {0};
	struct buf wire = buf_make(100000);
	assert_int_equal(smtp_data_write(&w, text, &wire), 0);
	buf_free(&wire);
	assert_true(dsn_is_wanted(SLICE("a@b.test"), SLICE("Subject: x\r\n")));
	assert_false(dsn_is_wanted(SLICE(""), SLICE("Subject: x\r\n")));
	assert_false(dsn_is_wanted(SLICE("a@b.test"), text));
	struct buf small = buf_make(100);
	assert_int_equal(dsn_write(&small, &d), -1);
	buf_free(&small);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(replies),
	    cmocka_unit_test(endless_replies_end),
	    cmocka_unit_test(data_ends_in_one_way_only),
	    cmocka_unit_test(data_goes_round),
	    cmocka_unit_test(fields),
	    cmocka_unit_test(notifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
