/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications: the fields of RFC 3464, the shape of RFC 6522, and when none
 * may be sent.
 */
#include "smtp/dsn.h"

#include "smtp/header.h"
#include "tests/unit/unit.h"

static struct dsn
make_dsn(const struct dsn_recipient *recipients, size_t count)
{
	return (struct dsn){
	    .id = "0000000000002",
	    .original_id = "0000000000001",
	    .hostname = "mx.example.org",
	    .to = SLICE("sender@example.net"),
	    .now_ms = INT64_C(1795438800000),
	    .arrival_ms = INT64_C(1795438700000),
	    .recipients = recipients,
	    .recipient_count = count,
	    .original_header = SLICE("From: sender@example.net\r\n"
				     "Subject: hi\r\n there\r\n"),
	};
}

static bool
has(struct slice text, const char *what)
{
	return slice_find_nocase(text, what) >= 0;
}

static void
test_fields(void **state UNUSED)
{
	struct smtp_reply gone = {
	    .code = 550, .enhanced = {5, 1, 1}, .text = "No such user"};
	struct smtp_reply busy = {.code = 450, .text = "Try later"};
	struct smtp_reply local = smtp_reply_local(451, 4, 1, "refused");
	struct smtp_reply plain = {.code = 554, .text = "no"};
	const struct dsn_recipient recipients[] = {
	    {SLICE("a@b.org"), &gone, SLICE("mx.b.org"), false},
	    {SLICE("c@d.org"), &busy, SLICE("mx.d.org"), true},
	    {SLICE("e@f.org"), &local, SLICE(""), true},
	    {SLICE("g@h.org"), &plain, SLICE("mx.h.org"), false},
	};
	struct dsn d = make_dsn(recipients, ARRAY_LEN(recipients));
	struct buf out = buf_make(1 << 20);
	struct smtp_field f;

	assert_int_equal(dsn_write(&out, &d), 0);
	struct slice text = buf_slice(&out);
	assert_true(smtp_field_find(text, "To", &f));
	CHECK_SLICE("to", f.value, SLICE("<sender@example.net>"));
	assert_true(smtp_field_find(text, "Auto-Submitted", &f));
	CHECK_SLICE("auto", f.value, SLICE("auto-replied"));
	assert_true(smtp_field_find(text, "Content-Type", &f));
	assert_true(has(f.value, "multipart/report"));
	assert_true(has(f.value, "report-type=delivery-status"));
	assert_true(smtp_field_find(text, "MIME-Version", &f));
	assert_true(smtp_field_find(text, "Date", &f));
	assert_true(smtp_field_find(text, "Message-ID", &f));
	assert_true(smtp_field_find(text, "From", &f));
	assert_true(smtp_field_find(text, "Subject", &f));
	assert_true(has(text, "Content-Type: message/delivery-status"));
	assert_true(has(text, "Content-Type: text/rfc822-headers"));
	assert_true(has(text, "\r\nReporting-MTA: dns; mx.example.org\r\n"));
	assert_true(has(text, "\r\nArrival-Date: "));
	assert_true(has(text,
	    "\r\n\r\nFinal-Recipient: rfc822; a@b.org\r\nAction: failed\r\n"
	    "Status: 5.1.1\r\nRemote-MTA: dns; mx.b.org\r\n"
	    "Diagnostic-Code: smtp; 550 No such user\r\n"));
	/* Given up after its time without an enhanced code: RFC 3463 4.7. */
	assert_true(has(text,
	    "\r\n\r\nFinal-Recipient: rfc822; c@d.org\r\nAction: failed\r\n"
	    "Status: 5.4.7\r\n"));
	/* A class 4 status goes with no failed action (RFC 3464 2.3.4). */
	assert_false(has(text, "\r\nStatus: 4."));
	assert_false(has(text, "Diagnostic-Code: smtp; 451 refused"));
	assert_true(has(text, "\r\nStatus: 5.0.0\r\n"));
	assert_true(has(text, "\r\nSubject: hi\r\n there\r\n"));
	buf_free(&out);
}

/* Every line ends in CR LF and has at most 998 octets. */
static void
test_lines(void **state UNUSED)
{
	struct smtp_reply r = {.code = 550, .enhanced = {5, 1, 1}};
	char address[520];
	memset(address, 'a', sizeof(address));
	memset(r.text, 'x', sizeof(r.text) - 1);
	const struct dsn_recipient recipient = {
	    slice_make(address, 515), &r, slice_make(address, 255), true};
	struct dsn d = make_dsn(&recipient, 1);
	struct buf out = buf_make(1 << 20);
	size_t start = 0;

	assert_int_equal(dsn_write(&out, &d), 0);
	for (size_t i = 0; i < out.len; i++) {
		if (out.ptr[i] != '\n')
			continue;
		assert_true(i > 0 && out.ptr[i - 1] == '\r');
		assert_true(i - 1 - start <= 998);
		start = i + 1;
	}
	assert_int_equal(start, out.len);
	buf_free(&out);
}

static void
test_header_is_cut_to_fields(void **state UNUSED)
{
	struct smtp_reply r = {.code = 550, .text = "no"};
	const struct dsn_recipient recipient = {
	    SLICE("a@b.org"), &r, SLICE(""), false};
	struct dsn d = make_dsn(&recipient, 1);
	struct buf header = buf_make(1 << 20);
	struct buf out = buf_make(1 << 20);

	for (int i = 0; i < 2000; i++)
		(void)buf_appendf(&header, "X-%d: %080d-end\r\n", i, 0);
	d.original_header = buf_slice(&header);
	assert_int_equal(dsn_write(&out, &d), 0);
	assert_true(out.len > DSN_HEADER_MAX / 2);
	assert_true(out.len < DSN_HEADER_MAX + 4096);
	assert_true(has(buf_slice(&out), "X-1: "));
	struct buf small = buf_make(500);
	assert_int_equal(dsn_write(&small, &d), -1);
	buf_free(&header);
	buf_free(&out);
	buf_free(&small);
}

struct wanted {
	const char *name;
	struct slice sender, header;
	bool is_wanted;
};

static const struct wanted wanteds[] = {
    {.name = "plain",
	.sender = SLICE("a@b.org"),
	.header = SLICE("From: a@b.org\r\n"),
	.is_wanted = true},
    {.name = "said not to be automatic",
	.sender = SLICE("a@b.org"),
	.header = SLICE("Auto-Submitted: no\r\n"),
	.is_wanted = true},
    {.name = "null sender",
	.sender = SLICE(""),
	.header = SLICE("From: a@b.org\r\n")},
    {.name = "mailer-daemon",
	.sender = SLICE("MAILER-DAEMON@b.org"),
	.header = SLICE("")},
    {.name = "answer",
	.sender = SLICE("a@b.org"),
	.header = SLICE("Auto-Submitted: Auto-Replied\r\n")},
    {.name = "report",
	.sender = SLICE("a@b.org"),
	.header = SLICE("Content-Type: multipart/report; boundary=x\r\n")},
    {.name = "mixed",
	.sender = SLICE("a@b.org"),
	.header = SLICE("Content-Type: multipart/mixed; boundary=x\r\n"),
	.is_wanted = true},
};

static void
test_wanted(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(wanteds); i++)
		CHECK_INT(wanteds[i].name,
		    dsn_is_wanted(wanteds[i].sender, wanteds[i].header),
		    wanteds[i].is_wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_header_is_cut_to_fields),
	    cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
