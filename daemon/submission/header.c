/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header that goes on: ours on top, the client's without what must not
 * leave (Bcc, Return-Path, our own names), and what RFC 5322 3.6 demands when
 * the client left it out. What is kept is kept to the byte.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/units.h"
#include "base/utf8.h"
#include "daemon/submission/message.h"
#include "smtp/address.h"
#include "smtp/header.h"

#define SUBUSER_MAX 200
#define AHEAD_MAX_MS (INT64_C(30) * 86400000) /* of a wished time */

/* What the walk over the client's header saw. */
struct seen {
	int from, sender, date, message_id, subject;
	int received;
	int own; /* Received fields with this host's name */
	bool has_feedback_id;
	struct slice subuser; /* the first one's value */
	struct slice send_at, deliver_by, zone;
};

static bool
is_dropped(struct slice name)
{
	return slice_is_nocase(name, "Bcc") ||
	    slice_is_nocase(name, "Resent-Bcc") ||
	    slice_is_nocase(name, "Return-Path") ||
	    slice_starts_nocase(name, "X-Posthorn-");
}

static void
count_field(
    struct seen *seen, const struct smtp_field *f, const struct config *config)
{
	const char *hostname = config->hostname;
	char by[SMTP_DOMAIN_MAX + 8];

	if (slice_is_nocase(f->name, "X-Posthorn-Send-At"))
		seen->send_at = f->value;
	if (slice_is_nocase(f->name, "X-Posthorn-Zone"))
		seen->zone = f->value;
	if (slice_is_nocase(f->name, "X-Posthorn-Deliver-By"))
		seen->deliver_by = f->value;
	if (seen->subuser.ptr == NULL &&
	    slice_is_nocase(f->name, config->submission.subuser_header))
		seen->subuser = f->value;

	seen->from += slice_is_nocase(f->name, "From");
	seen->sender += slice_is_nocase(f->name, "Sender");
	seen->date += slice_is_nocase(f->name, "Date");
	seen->message_id += slice_is_nocase(f->name, "Message-ID");
	seen->subject += slice_is_nocase(f->name, "Subject");
	seen->has_feedback_id |= slice_is_nocase(f->name, "Feedback-ID");
	if (!slice_is_nocase(f->name, "Received"))
		return;
	seen->received++;
	(void)snprintf(by, sizeof(by), "by %s with", hostname);
	seen->own += slice_find_nocase(f->value, by) >= 0;
}

static const char *
find_fault(const struct seen *seen, const struct config *config)
{
	if (seen->from > 1)
		return "malformed:duplicate-from";
	if (seen->sender > 1)
		return "malformed:duplicate-sender";
	if (seen->date > 1)
		return "malformed:duplicate-date";
	if (seen->message_id > 1)
		return "malformed:duplicate-message-id";
	if (seen->subject > 1)
		return "malformed:duplicate-subject";
	if (seen->received > config->submission.received_max || seen->own > 3)
		return "loop";
	return NULL;
}

static void
write_received(
    struct message *m, bool is_esmtp, bool is_tls, bool is_auth, const char *id)
{
	const char *hostname = m->setup->config->hostname;
	char date[TIME_RFC5322_BYTES];
	bool has_name =
	    smtp_domain_is_valid(m->helo) || smtp_literal_is_valid(m->helo);
	const char *tag = slice_find(m->client, ':') >= 0 ? "IPv6:" : "";

	time_to_rfc5322(m->received_ms, date);
	(void)buf_append_text(&m->header, "Received: from ");
	if (has_name)
		(void)buf_appendf(&m->header, "%.*s ([%s%.*s])",
		    SLICE_ARGS(m->helo), tag, SLICE_ARGS(m->client));
	else
		(void)buf_appendf(
		    &m->header, "[%s%.*s]", tag, SLICE_ARGS(m->client));
	/* RFC 3848 names. */
	(void)buf_appendf(&m->header,
	    "\r\n\tby %s with %s%s%s id %s\r\n\t(account %.*s); %s\r\n",
	    hostname, is_esmtp ? "ESMTP" : "SMTP",
	    is_esmtp && is_tls ? "S" : "", is_esmtp && is_auth ? "A" : "", id,
	    SLICE_ARGS(m->account), date);
}

static void
write_missing(struct message *m, const struct seen *seen, const char *id)
{
	const char *hostname = m->setup->config->hostname;
	char date[TIME_RFC5322_BYTES];

	time_to_rfc5322(m->received_ms, date);
	(void)buf_appendf(&m->header, "X-Posthorn-ID: %s\r\n", id);
	if (!seen->has_feedback_id)
		(void)buf_appendf(&m->header, "Feedback-ID: %.*s:%s\r\n",
		    SLICE_ARGS(m->account), hostname);
	if (seen->date == 0)
		(void)buf_appendf(&m->header, "Date: %s\r\n", date);
	if (seen->message_id == 0)
		(void)buf_appendf(
		    &m->header, "Message-ID: <%s@%s>\r\n", id, hostname);
}

/*
 * The header ends at the first line that is no field. Where that is not the
 * empty line, one is put in: what is scored and what is sent must have their
 * border at the same place. -1 when there is no telling, or no room.
 */
static int
mark_border(struct message *m, size_t header_len)
{
	struct slice body =
	    slice_sub(buf_slice(&m->head), header_len, SIZE_MAX);

	if (body.len >= 2 && body.ptr[0] == '\r' && body.ptr[1] == '\n')
		return 0;
	if (m->spill_fd >= 0)
		return -1;
	char *end = buf_reserve(&m->head, 2);
	if (end == NULL)
		return -1;
	char *border = end - body.len;
	memmove(border + 2, border, body.len);
	memcpy(border, "\r\n", 2);
	buf_grow(&m->head, 2);
	m->size += 2;
	return 0;
}

/* On whose behalf the client sends, as far as it is fit to be a name. */
static void
set_subuser(struct message *m, struct slice value)
{
	size_t len = 0;

	while (len < value.len && len < SUBUSER_MAX && value.ptr[len] > ' ' &&
	    value.ptr[len] <= '~')
		len++;
	if (len != 0 && len == value.len)
		m->subuser = slice_of(arena_dup_lower(&m->arena, value));
}

/* "2026-12-24T18:00:00Z", or "2h" from now; 0 without a value. */
static int
read_time(const struct message *m, struct slice value, int64_t *out_ms)
{
	int64_t ms;

	*out_ms = 0;
	if (value.ptr == NULL)
		return 0;
	if (units_parse_duration(value, &ms) == 0)
		*out_ms = m->received_ms + ms;
	else if (time_from_rfc3339(value, out_ms) != 0)
		return -1;
	return *out_ms <= m->received_ms + AHEAD_MAX_MS ? 0 : -1;
}

/* When the client wants it sent, and when at the latest delivered. */
static const char *
read_wishes(struct message *m, const struct seen *seen)
{
	if (read_time(m, seen->send_at, &m->send_at_ms) != 0)
		return "malformed:x-posthorn-send-at";
	if (read_time(m, seen->deliver_by, &m->deliver_by_ms) != 0 ||
	    (m->deliver_by_ms != 0 &&
		(m->deliver_by_ms <= m->received_ms ||
		    m->deliver_by_ms <= m->send_at_ms)))
		return "malformed:x-posthorn-deliver-by";
	return NULL;
}

int
message_prepare(struct message *m, bool is_esmtp, bool is_tls, bool is_auth,
    const char **out_why)
{
	const struct config *config = m->setup->config;
	struct slice all = slice_sub(
	    buf_slice(&m->head), 0, (size_t)config->submission.header_size_max);
	struct slice rest = all;
	struct smtp_field f;
	struct seen seen = {0};
	char id[ID_TEXT_BYTES];

	while (smtp_field_next(&rest, &f))
		count_field(&seen, &f, config);
	m->header_len = all.len - rest.len;
	/* Where the bound cuts a line, the header may go on behind it. */
	*out_why = all.len < (size_t)m->size && slice_find(rest, '\n') < 0
	    ? "malformed:header_size"
	    : find_fault(&seen, config);
	if (*out_why == NULL)
		*out_why = read_wishes(m, &seen);
	if (*out_why != NULL)
		return -1;
	/* Before the border: that may move the octets that it points to. */
	set_subuser(m, seen.subuser);
	m->wished_zone = arena_slice(&m->arena, seen.zone);
	if (mark_border(m, m->header_len) != 0) {
		*out_why = "malformed:header";
		return -1;
	}
	struct slice fields = slice_sub(buf_slice(&m->head), 0, m->header_len);
	/* A client that says nothing of UTF-8 sends 8 bits as it always
	 * did: only what it declares is asked of the next host. */
	m->is_utf8 = !utf8_is_ascii(m->sender) ||
	    (m->params.is_utf8 && !utf8_is_ascii(fields));
	id_to_text(m->id, id);
	m->header = buf_make(m->header_len + 4096);
	write_received(m, is_esmtp, is_tls, is_auth, id);
	write_missing(m, &seen, id);
	while (smtp_field_next(&fields, &f))
		if (!is_dropped(f.name))
			(void)buf_append_slice(&m->header, f.whole);
	return 0;
}
