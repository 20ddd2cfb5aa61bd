/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A notification has three parts: words for a person, fields for a program,
 * and the header of the message that it is about.
 */
#include "smtp/dsn.h"

#include <stdio.h>

#include "base/clock.h"
#include "smtp/header.h"

bool
dsn_is_wanted(struct slice sender, struct slice header)
{
	struct smtp_field f;

	if (sender.len == 0 || slice_starts_nocase(sender, "mailer-daemon@"))
		return false;
	if (smtp_field_find(header, "Auto-Submitted", &f) &&
	    slice_starts_nocase(f.value, "auto-replied"))
		return false;
	return !(smtp_field_find(header, "Content-Type", &f) &&
	    slice_starts_nocase(f.value, "multipart/report"));
}

static void
write_header(struct buf *out, const struct dsn *d, const char *boundary)
{
	char date[TIME_RFC5322_BYTES];

	time_to_rfc5322(d->now_ms, date);
	(void)buf_appendf(out,
	    "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
	    "To: <%.*s>\r\n"
	    "Subject: Your message could not be delivered\r\n"
	    "Date: %s\r\n"
	    "Message-ID: <%s@%s>\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"%s\"\r\n\r\n",
	    d->hostname, SLICE_ARGS(d->to), date, d->id, d->hostname, boundary);
}

static void
write_words(struct buf *out, const struct dsn *d)
{
	(void)buf_appendf(out,
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n"
	    "This is the mail system at %s.\r\n\r\n"
	    "Your message (id %s) could not be delivered to:\r\n\r\n",
	    d->hostname, d->original_id);
	for (size_t i = 0; i < d->recipient_count; i++) {
		const struct dsn_recipient *r = &d->recipients[i];
		(void)buf_appendf(out, "  <%.*s>\r\n", SLICE_ARGS(r->address));
		if (r->is_expired)
			(void)buf_append_text(out,
			    "    It was tried again and again until its time "
			    "was up. The last answer:\r\n");
		if (r->remote_mta.len != 0)
			(void)buf_appendf(out, "    %.*s said: %d %s\r\n\r\n",
			    SLICE_ARGS(r->remote_mta), r->reply->code,
			    r->reply->text);
		else
			(void)buf_appendf(
			    out, "    %s\r\n\r\n", r->reply->text);
	}
	(void)buf_append_text(out,
	    "The header of your message is attached. For help, send this "
	    "whole notice\r\nto your provider.\r\n");
}

static void
write_status(struct buf *out, const struct dsn *d)
{
	char date[TIME_RFC5322_BYTES];
	char status[SMTP_ENHANCED_BYTES];

	time_to_rfc5322(d->arrival_ms, date);
	(void)buf_appendf(out,
	    "Content-Type: message/delivery-status\r\n\r\n"
	    "Reporting-MTA: dns; %s\r\n"
	    "X-Posthorn-ID: %s\r\n"
	    "Arrival-Date: %s\r\n",
	    d->hostname, d->original_id, date);
	for (size_t i = 0; i < d->recipient_count; i++) {
		const struct dsn_recipient *r = &d->recipients[i];
		struct smtp_enhanced e = r->reply->enhanced;
		/* What is given up is a failure, whatever was said last. */
		e.class = 5;
		if (r->is_expired && e.subject == 0)
			e = (struct smtp_enhanced){5, 4, 7};
		smtp_enhanced_print(e, status);
		(void)buf_appendf(out,
		    "\r\nFinal-Recipient: rfc822; %.*s\r\n"
		    "Action: failed\r\nStatus: %s\r\n",
		    SLICE_ARGS(r->address), status);
		if (r->remote_mta.len != 0)
			(void)buf_appendf(out, "Remote-MTA: dns; %.*s\r\n",
			    SLICE_ARGS(r->remote_mta));
		(void)buf_appendf(out, "Diagnostic-Code: %s; %d %s\r\n",
		    r->reply->is_local ? "X-Posthorn" : "smtp", r->reply->code,
		    r->reply->text);
	}
}

/* Whole fields only, so that the part stays a header. */
static void
write_original(struct buf *out, const struct dsn *d)
{
	struct slice rest = d->original_header;
	struct smtp_field f;
	size_t total = 0;

	(void)buf_append_text(out, "Content-Type: text/rfc822-headers\r\n\r\n");
	while (smtp_field_next(&rest, &f)) {
		total += f.whole.len;
		if (total > DSN_HEADER_MAX)
			break;
		(void)buf_append_slice(out, f.whole);
	}
}

int
dsn_write(struct buf *out, const struct dsn *d)
{
	char boundary[64];

	(void)snprintf(boundary, sizeof(boundary), "=_posthorn_%s", d->id);
	write_header(out, d, boundary);
	(void)buf_appendf(out, "--%s\r\n", boundary);
	write_words(out, d);
	(void)buf_appendf(out, "\r\n--%s\r\n", boundary);
	write_status(out, d);
	(void)buf_appendf(out, "\r\n--%s\r\n", boundary);
	write_original(out, d);
	(void)buf_appendf(out, "\r\n--%s--\r\n", boundary);
	return out->is_over ? -1 : 0;
}
