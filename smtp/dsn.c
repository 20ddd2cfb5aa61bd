/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A notification has three parts: words for a person, fields for a program,
 * and the header of the message that it is about.
 */
#include "smtp/dsn.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "smtp/header.h"
#include "smtp/params.h"

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

/* What differs between the three kinds. */
static const struct kind {
	const char *subject;
	const char *words; /* behind "Your message (id …)" */
	const char *action;
} kinds[] = {
    [DSN_FAILED] = {"Your message could not be delivered",
	"could not be delivered to", "failed"},
    [DSN_DELAYED] = {"Your message is delayed",
	"is delayed, and still tried, for", "delayed"},
    [DSN_RELAYED] = {"Your message was passed on",
	"was passed on to a host that sends no notifications, for", "relayed"},
};

static const struct kind *
kind_of(const struct dsn *d)
{
	return &kinds[d->recipients[0].action];
}

const char *
dsn_subject(enum dsn_action action)
{
	return kinds[action].subject;
}

static void
write_header(struct buf *out, const struct dsn *d, const char *boundary)
{
	char date[TIME_RFC5322_BYTES];

	time_to_rfc5322(d->now_ms, date);
	(void)buf_appendf(out,
	    "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
	    "To: <%.*s>\r\n"
	    "Subject: %s\r\n"
	    "Date: %s\r\n"
	    "Message-ID: <%s@%s>\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=%s;\r\n"
	    "\tboundary=\"%s\"\r\n\r\n",
	    d->hostname, SLICE_ARGS(d->to), kind_of(d)->subject, date, d->id,
	    d->hostname,
	    d->is_utf8 ? "global-delivery-status" : "delivery-status",
	    boundary);
}

static void
write_words(struct buf *out, const struct dsn *d)
{
	char date[TIME_RFC5322_BYTES];

	(void)buf_appendf(out,
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n"
	    "This is the mail system at %s.\r\n\r\n"
	    "Your message (id %s) %s:\r\n\r\n",
	    d->hostname, d->original_id, kind_of(d)->words);
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
	if (d->recipients[0].action == DSN_DELAYED) {
		time_to_rfc5322(d->expires_ms, date);
		(void)buf_appendf(out,
		    "There is nothing that you have to do. It is tried until "
		    "%s.\r\n\r\n",
		    date);
	}
	(void)buf_appendf(out,
	    "%s is attached. For help, send this whole notice\r\n"
	    "to your provider.\r\n",
	    d->is_full ? "Your message" : "The header of your message");
}

/* Envelope ids and original recipients are shown decoded (RFC 3464 2.2.1,
 * 2.3.1), unless they decode to what no field may hold. */
static void
write_xtext(
    struct buf *out, const char *name, struct slice type, struct slice xtext)
{
	struct arena arena = {0};
	struct slice text = smtp_xtext_decode(xtext, &arena);

	(void)buf_appendf(out, "%s: %.*s%.*s\r\n", name, SLICE_ARGS(type),
	    SLICE_ARGS(text.ptr != NULL ? text : xtext));
	arena_free(&arena);
}

/* Fields are ASCII (RFC 3464 2.1), hosts' replies mostly. */
static void
write_ascii(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		(void)buf_append_char(
		    out, (unsigned char)*text > '~' ? '?' : *text);
	(void)buf_append_text(out, "\r\n");
}

static void
write_recipient(
    struct buf *out, const struct dsn *d, const struct dsn_recipient *r)
{
	char status[SMTP_ENHANCED_BYTES];
	char date[TIME_RFC5322_BYTES];
	struct smtp_enhanced e = r->reply->enhanced;

	(void)buf_append_text(out, "\r\n");
	if (r->orcpt.ptr != NULL) {
		size_t type = (size_t)(slice_find(r->orcpt, ';') + 1);
		write_xtext(out, "Original-Recipient",
		    slice_sub(r->orcpt, 0, type),
		    slice_sub(r->orcpt, type, SIZE_MAX));
	}
	/* What is given up is a failure, whatever was said last. */
	if (r->action == DSN_FAILED)
		e.class = 5;
	if (r->action == DSN_DELAYED)
		e.class = 4;
	if (r->action == DSN_RELAYED)
		e = (struct smtp_enhanced){2, 0, 0};
	if (r->is_expired && e.subject == 0)
		e = (struct smtp_enhanced){5, 4, 7};
	smtp_enhanced_print(e, status);
	(void)buf_appendf(out,
	    "Final-Recipient: %s; %.*s\r\nAction: %s\r\nStatus: %s\r\n",
	    utf8_is_ascii(r->address) ? "rfc822" : "utf-8",
	    SLICE_ARGS(r->address), kinds[r->action].action, status);
	if (r->remote_mta.len != 0)
		(void)buf_appendf(out, "Remote-MTA: dns; %.*s\r\n",
		    SLICE_ARGS(r->remote_mta));
	(void)buf_appendf(out, "Diagnostic-Code: %s; %d ",
	    r->reply->is_local ? "X-Posthorn" : "smtp", r->reply->code);
	write_ascii(out, r->reply->text);
	if (r->action == DSN_DELAYED) {
		time_to_rfc5322(d->expires_ms, date);
		(void)buf_appendf(out, "Will-Retry-Until: %s\r\n", date);
	}
}

static void
write_status(struct buf *out, const struct dsn *d)
{
	char date[TIME_RFC5322_BYTES];

	time_to_rfc5322(d->arrival_ms, date);
	(void)buf_appendf(out, "Content-Type: message/%s\r\n\r\n",
	    d->is_utf8 ? "global-delivery-status" : "delivery-status");
	if (d->envid.ptr != NULL)
		write_xtext(out, "Original-Envelope-Id", SLICE(""), d->envid);
	(void)buf_appendf(out,
	    "Reporting-MTA: dns; %s\r\n"
	    "X-Posthorn-ID: %s\r\n"
	    "Arrival-Date: %s\r\n",
	    d->hostname, d->original_id, date);
	for (size_t i = 0; i < d->recipient_count; i++)
		write_recipient(out, d, &d->recipients[i]);
}

static void
write_original(struct buf *out, const struct dsn *d)
{
	struct slice rest = d->original;
	struct smtp_field f;
	size_t total = 0;

	if (d->is_full) {
		(void)buf_appendf(out, "Content-Type: message/%s\r\n\r\n",
		    d->is_utf8 ? "global" : "rfc822");
		(void)buf_append_slice(out, d->original);
		return;
	}
	/* Whole fields only, so that the part stays a header. */
	(void)buf_appendf(out, "Content-Type: %s\r\n\r\n",
	    d->is_utf8 ? "message/global-headers" : "text/rfc822-headers");
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
