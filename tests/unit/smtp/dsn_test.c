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
	    .original = SLICE("From: sender@example.net\r\n"
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
	    {.address = SLICE("a@b.org"),
		.reply = &gone,
		.remote_mta = SLICE("mx.b.org"),
		.is_expired = false},
	    {.address = SLICE("c@d.org"),
		.reply = &busy,
		.remote_mta = SLICE("mx.d.org"),
		.is_expired = true},
	    {.address = SLICE("e@f.org"),
		.reply = &local,
		.remote_mta = SLICE(""),
		.is_expired = true},
	    {.address = SLICE("g@h.org"),
		.reply = &plain,
		.remote_mta = SLICE("mx.h.org"),
		.is_expired = false},
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
	    .address = slice_make(address, 515),
	    .reply = &r,
	    .remote_mta = slice_make(address, 255),
	    .is_expired = true};
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
	    .address = SLICE("a@b.org"), .reply = &r};
	struct dsn d = make_dsn(&recipient, 1);
	struct buf header = buf_make(1 << 20);
	struct buf out = buf_make(1 << 20);

	for (int i = 0; i < 2000; i++)
		(void)buf_appendf(&header, "X-%d: %080d-end\r\n", i, 0);
	d.original = buf_slice(&header);
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

static void
test_kinds(void **state UNUSED)
{
	struct smtp_reply busy = {
	    .code = 450, .enhanced = {4, 2, 1}, .text = "Try later"};
	struct smtp_reply taken = {.code = 250, .text = "taken"};
	struct dsn_recipient r = {
	    .action = DSN_DELAYED,
	    .address = SLICE("a@b.org"),
	    .orcpt = SLICE("rfc822;A+2Bx@b.org"),
	    .reply = &busy,
	    .remote_mta = SLICE("mx.b.org"),
	};
	struct dsn d = make_dsn(&r, 1);
	struct buf out = buf_make(1 << 20);
	struct smtp_field f;

	d.expires_ms = INT64_C(1795538700000);
	d.envid = SLICE("a+3Db");
	assert_int_equal(dsn_write(&out, &d), 0);
	struct slice text = buf_slice(&out);
	assert_true(smtp_field_find(text, "Subject", &f));
	CHECK_SLICE("subject", f.value, SLICE("Your message is delayed"));
	assert_true(has(text, "\r\nOriginal-Envelope-Id: a=b\r\n"));
	assert_true(has(text,
	    "\r\n\r\nOriginal-Recipient: rfc822;A+x@b.org\r\n"
	    "Final-Recipient: rfc822; a@b.org\r\nAction: delayed\r\n"
	    "Status: 4.2.1\r\n"));
	assert_true(has(text, "\r\nWill-Retry-Until: "));
	buf_free(&out);

	r.action = DSN_RELAYED;
	r.reply = &taken;
	assert_int_equal(dsn_write(&out, &d), 0);
	text = buf_slice(&out);
	assert_true(has(text, "\r\nAction: relayed\r\nStatus: 2.0.0\r\n"));
	assert_false(has(text, "Will-Retry-Until"));
	buf_free(&out);

	/* All of the message, and UTF-8 in it (RFC 6533). */
	r.action = DSN_FAILED;
	r.address = SLICE("b\xc3\xb6@b.org");
	r.reply = &busy;
	d.is_full = d.is_utf8 = true;
	d.original = SLICE("Subject: \xc3\xb6\r\n\r\nbody\r\n");
	/* What would break the line stays as it was sent. */
	d.envid = SLICE("a+0D+0AX:");
	assert_int_equal(dsn_write(&out, &d), 0);
	text = buf_slice(&out);
	assert_true(has(text, "report-type=global-delivery-status"));
	assert_true(has(text, "Content-Type: message/global\r\n\r\nSubject: "));
	assert_true(
	    has(text, "\r\nFinal-Recipient: utf-8; b\xc3\xb6@b.org\r\n"));
	assert_true(has(text, "\r\n\r\nbody\r\n"));
	assert_true(has(text, "\r\nOriginal-Envelope-Id: a+0D+0AX:\r\n"));
	buf_free(&out);
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
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_header_is_cut_to_fields),
	    cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
