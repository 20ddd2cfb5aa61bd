/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data stream (RFC 5321 4.5.2), cut at every byte, with the line ends
 * that SMTP smuggling uses.
 */
#include "smtp/data.h"

#include "tests/unit/unit.h"

struct read {
	const char *name;
	struct slice in;
	enum smtp_data_status status;
	struct slice message; /* of what is DONE */
	size_t left;
};

static const struct read reads[] = {
    {.name = "empty message",
	.in = SLICE(".\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("")},
    {.name = "one line",
	.in = SLICE("a\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("a\r\n")},
    {.name = "pipelined",
	.in = SLICE("a\r\n.\r\nQUIT\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("a\r\n"),
	.left = 6},
    {.name = "stuffed dot",
	.in = SLICE("..\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE(".\r\n")},
    {.name = "stuffed dots",
	.in = SLICE("...a\r\n..\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("..a\r\n.\r\n")},
    {.name = "dot before text is dropped",
	.in = SLICE(".a\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("a\r\n")},
    {.name = "dot inside a line",
	.in = SLICE("a.\r\nb..\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("a.\r\nb..\r\n")},
    {.name = "empty lines",
	.in = SLICE("\r\n\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("\r\n\r\n")},
    {.name = "8 bit",
	.in = SLICE("\xff\xfe\r\n.\r\n"),
	.status = SMTP_DATA_DONE,
	.message = SLICE("\xff\xfe\r\n")},
    {.name = "not at an end", .in = SLICE("a\r\n."), .status = SMTP_DATA_MORE},
    {.name = "not at an end, CR",
	.in = SLICE("a\r\n.\r"),
	.status = SMTP_DATA_MORE},
    {.name = "LF . LF", .in = SLICE("a\n.\nMAIL"), .status = SMTP_DATA_BARE},
    {.name = "LF . CR LF",
	.in = SLICE("a\n.\r\nMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "CR LF . LF",
	.in = SLICE("a\r\n.\nMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "CR LF . CR",
	.in = SLICE("a\r\n.\rMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "CR . CR", .in = SLICE("a\r.\rMAIL"), .status = SMTP_DATA_BARE},
    {.name = "CR . CR LF",
	.in = SLICE("a\r.\r\nMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "CR CR LF",
	.in = SLICE("a\r\r\n.\r\nMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "CR LF . CR CR LF",
	.in = SLICE("a\r\n.\r\r\nMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "LF CR . LF CR",
	.in = SLICE("a\n\r.\n\rMAIL"),
	.status = SMTP_DATA_BARE},
    {.name = "LF first", .in = SLICE("\n"), .status = SMTP_DATA_BARE},
    {.name = "NUL", .in = SLICE("a\0b\r\n.\r\n"), .status = SMTP_DATA_NUL},
    {.name = "NUL at a line's start",
	.in = SLICE("\0\r\n.\r\n"),
	.status = SMTP_DATA_NUL},
    {.name = "NUL after a dot",
	.in = SLICE("a\r\n.\0\r\n"),
	.status = SMTP_DATA_NUL},
};

/* Reads all of `in`; what belongs to the message goes to `out`. */
static enum smtp_data_status
read_all(struct smtp_data_reader *r, struct slice *in, struct buf *out)
{
	struct slice piece;
	enum smtp_data_status status;

	while ((status = smtp_data_read(r, in, &piece)) == SMTP_DATA_PIECE)
		(void)buf_append_slice(out, piece);
	return status;
}

static void
check_read(const struct read *c, size_t first, size_t second)
{
	struct smtp_data_reader r = {0};
	struct buf out = buf_make(4096);
	size_t ends[] = {first, second, c->in.len};
	size_t at = 0;
	enum smtp_data_status status = SMTP_DATA_MORE;

	for (size_t i = 0; i < 3 && status == SMTP_DATA_MORE; i++) {
		struct slice in = slice_sub(c->in, at, ends[i] - at);
		status = read_all(&r, &in, &out);
		if (status == SMTP_DATA_MORE)
			CHECK_INT(c->name, in.len, 0);
		at = ends[i] - in.len;
	}
	CHECK_INT(c->name, status, c->status);
	if (status == SMTP_DATA_DONE) {
		CHECK_SLICE(c->name, buf_slice(&out), c->message);
		CHECK_INT(c->name, c->in.len - at, c->left);
	}
	buf_free(&out);
}

static void
test_reads(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(reads); i++)
		for (size_t a = 0; a <= reads[i].in.len; a++)
			for (size_t b = a; b <= reads[i].in.len; b++)
				check_read(&reads[i], a, b);
}

struct write {
	const char *name;
	struct slice in;
	bool is_bad;
	struct slice wire;
};

static const struct write writes[] = {
    {.name = "empty", .in = SLICE(""), .wire = SLICE(".\r\n")},
    {.name = "line", .in = SLICE("a\r\n"), .wire = SLICE("a\r\n.\r\n")},
    {.name = "no line end", .in = SLICE("a"), .wire = SLICE("a\r\n.\r\n")},
    {.name = "dot", .in = SLICE(".\r\n"), .wire = SLICE("..\r\n.\r\n")},
    {.name = "dot without line end",
	.in = SLICE("."),
	.wire = SLICE("..\r\n.\r\n")},
    {.name = "dots",
	.in = SLICE("..a\r\nb.\r\n.c\r\n"),
	.wire = SLICE("...a\r\nb.\r\n..c\r\n.\r\n")},
    {.name = "bare LF", .in = SLICE("a\n.\r\n"), .is_bad = true},
    {.name = "bare CR", .in = SLICE("a\r.\r\n"), .is_bad = true},
    {.name = "CR at the end", .in = SLICE("a\r"), .is_bad = true},
    {.name = "CR CR LF", .in = SLICE("a\r\r\n"), .is_bad = true},
    {.name = "LF first", .in = SLICE("\n"), .is_bad = true},
    {.name = "NUL", .in = SLICE("a\0b\r\n"), .is_bad = true},
};

static int
write_all(struct slice in, size_t cut, struct buf *out)
{
	struct smtp_data_writer w = {0};

	if (smtp_data_write(&w, slice_sub(in, 0, cut), out) != 0 ||
	    smtp_data_write(&w, slice_sub(in, cut, SIZE_MAX), out) != 0)
		return -1;
	return smtp_data_finish(&w, out);
}

static void
test_writes(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		for (size_t cut = 0; cut <= writes[i].in.len; cut++) {
			struct buf out = buf_make(4096);
			CHECK_INT(writes[i].name,
			    write_all(writes[i].in, cut, &out),
			    writes[i].is_bad ? -1 : 0);
			if (!writes[i].is_bad)
				CHECK_SLICE(writes[i].name, buf_slice(&out),
				    writes[i].wire);
			buf_free(&out);
		}
}

static void
test_full_buffer(void **state UNUSED)
{
	for (size_t cap = 0; cap < 9; cap++) {
		struct buf out = buf_make(cap);
		assert_int_equal(
		    write_all(SLICE(".a\r\n"), 0, &out), cap == 8 ? 0 : -1);
		buf_free(&out);
	}
}

/* All messages over a small alphabet come back as they went. */
static void
test_round_trip(void **state UNUSED)
{
	static const struct slice words[] = {
	    SLICE("."), SLICE("a"), SLICE("\r\n"), SLICE("..")};

	for (unsigned int n = 0; n < 4096; n++) {
		struct buf message = buf_make(64);
		struct buf wire = buf_make(128);
		struct buf back = buf_make(128);
		struct smtp_data_reader r = {0};
		for (unsigned int x = n; x != 0; x /= 4)
			(void)buf_append_slice(&message, words[x % 4]);
		(void)buf_append_text(&message, "\r\n");
		assert_int_equal(
		    write_all(buf_slice(&message), n % 5, &wire), 0);
		struct slice in = buf_slice(&wire);
		assert_int_equal(read_all(&r, &in, &back), SMTP_DATA_DONE);
		assert_int_equal(in.len, 0);
		CHECK_SLICE(
		    "round trip", buf_slice(&back), buf_slice(&message));
		buf_free(&message);
		buf_free(&wire);
		buf_free(&back);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_writes),
	    cmocka_unit_test(test_full_buffer),
	    cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
