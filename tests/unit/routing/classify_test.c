/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies as large receivers word them, and words that only look like a sign.
 */
#include "routing/classify.h"

#include "tests/unit/unit.h"

struct row {
	const char *text;
	enum reply_class want;
};

static const struct row rows[] = {
    {"550 5.1.1 The email account that you tried to reach does not exist. "
     "gsmtp",
	REPLY_INVALID_RECIPIENT},
    {"552 5.2.2 The email account that you tried to reach is over quota",
	REPLY_MAILBOX_FULL},
    {"452 4.2.2 The recipient's inbox is out of storage space. gsmtp",
	REPLY_MAILBOX_FULL},
    {"550 5.2.1 The email account that you tried to reach is disabled",
	REPLY_INACTIVE},
    {"450 4.2.1 The user you are trying to contact is receiving mail too "
     "quickly. Please resend later",
	REPLY_RATE_LIMITED},
    {"550 5.2.1 The user you are trying to contact is receiving mail at a rate "
     "that prevents additional messages",
	REPLY_RATE_LIMITED},
    {"421 4.7.28 Our system has detected an unusual rate of unsolicited mail "
     "originating from your IP address",
	REPLY_RATE_LIMITED},
    {"550 5.7.1 Our system has detected that this message is likely "
     "unsolicited mail",
	REPLY_SPAM_CONTENT},
    {"550 5.7.26 This mail has been blocked because the sender is "
     "unauthenticated",
	REPLY_AUTH_POLICY},
    {"550 5.7.25 The IP address sending this message does not have a PTR "
     "record setup",
	REPLY_AUTH_POLICY},
    {"421 4.7.0 This message is suspicious due to the very low reputation of "
     "the sending IP address",
	REPLY_REPUTATION},
    {"552 5.3.4 Your message exceeded Google's message size limits",
	REPLY_TOO_BIG},
    {"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please "
     "contact your Internet service provider since part of their network is on "
     "our block list (S3140)",
	REPLY_BLOCKLIST},
    {"550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
	REPLY_BLOCKLIST},
    {"550 5.7.509 Access denied, sending domain example.org does not pass "
     "DMARC verification",
	REPLY_AUTH_POLICY},
    {"550 5.4.1 Recipient address rejected: Access denied",
	REPLY_INVALID_RECIPIENT},
    {"550 5.5.0 Requested action not taken: mailbox unavailable",
	REPLY_INVALID_RECIPIENT},
    {"451 4.7.500 Server busy. Please try again later from [192.0.2.1]",
	REPLY_RATE_LIMITED},
    {"452 4.5.3 Too many recipients", REPLY_RATE_LIMITED},
    {"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to "
     "unexpected volume or user complaints",
	REPLY_RATE_LIMITED},
    {"553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, "
     "because the ip is in Spamhaus's list",
	REPLY_BLOCKLIST},
    {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
     "b.barracudacentral.org",
	REPLY_BLOCKLIST},
    {"450 4.2.0 <a@b.org>: Recipient address rejected: Greylisted, see "
     "http://postgrey.schweikert.ch",
	REPLY_GREYLISTED},
    {"451 4.7.1 Greylisting in action, please come back later",
	REPLY_GREYLISTED},
    {"450 4.7.1 Client host rejected: cannot find your reverse hostname, "
     "[192.0.2.1]",
	REPLY_AUTH_POLICY},
    {"554 5.7.1 <a@b.org>: Relay access denied", REPLY_RELAY_DENIED},
    {"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
	REPLY_RELAY_DENIED},
    {"530 5.7.0 Must issue a STARTTLS command first", REPLY_TLS},
    {"550 5.1.1 <a@b.org>: Recipient address rejected: User unknown in virtual "
     "mailbox table",
	REPLY_INVALID_RECIPIENT},
    {"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP "
     "address lookup",
	REPLY_INVALID_RECIPIENT},
    {"554 5.7.1 Message rejected as spam by Content Filtering",
	REPLY_SPAM_CONTENT},
    /* RFC 5321 4.2.3: 552 exceeded storage allocation. */
    {"552 Requested mail action aborted: exceeded storage allocation",
	REPLY_MAILBOX_FULL},
    /* The echoed address is no sign. */
    {"550 <spfister@b.org>: no such user", REPLY_INVALID_RECIPIENT},
    {"550 <marbles@b.org> user unknown", REPLY_INVALID_RECIPIENT},
    {"550 5.2.2 <inactive.bob@b.org> mailbox is full", REPLY_MAILBOX_FULL},
};

static enum reply_class
classify(const char *text)
{
	struct smtp_reply_parser p;
	struct smtp_reply r;
	struct buf line = buf_make(600);

	(void)buf_appendf(&line, "%s\r\n", text);
	struct slice in = buf_slice(&line);
	smtp_reply_parser_init(&p);
	assert_int_equal(smtp_reply_feed(&p, &in, &r), SMTP_REPLY_DONE);
	smtp_reply_parser_free(&p);
	buf_free(&line);
	return classify_reply(&r);
}

static void
test_rows(void **state UNUSED)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum reply_class got = classify(rows[i].text);
		if (got == rows[i].want)
			continue;
		print_error("%s: got %s, expected %s\n", rows[i].text,
		    reply_class_name(got), reply_class_name(rows[i].want));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
test_local(void **state UNUSED)
{
	static const struct {
		int subject, detail;
		enum reply_class want;
	} ours[] = {
	    {4, 1, REPLY_CONNECTION},
	    {4, 2, REPLY_CONNECTION},
	    {4, 3, REPLY_DNS},
	    {4, 4, REPLY_DNS},
	    {1, 2, REPLY_DNS},
	    {5, 0, REPLY_PROTOCOL},
	    {7, 5, REPLY_TLS},
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		struct smtp_reply r = smtp_reply_local(451, ours[i].subject,
		    ours[i].detail, "%s", "mx.spamhaus.example: over quota");
		assert_int_equal(classify_reply(&r), ours[i].want);
	}
	for (int i = 0; i < REPLY_CLASS_COUNT; i++)
		assert_non_null(reply_class_name((enum reply_class)i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
