/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DATA and BDAT (RFC 3030): the message, and what is answered to its end.
 *
 * A chunk's octets are taken in whatever is thought of it: where the next
 * command starts must not depend on that. A client whose chunk was refused
 * has sent others behind it; each is swallowed and answered.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "daemon/submission/lists.h"
#include "daemon/submission/session_internal.h"
#include "smtp/header.h"

/* A message is over and refused; where the session goes on. */
static enum session_state
refuse_message(struct session *s, const char *reply)
{
	session_reset(s);
	return session_after(session_refuse(s, "%s", reply));
}

static enum session_state
put_off_message(struct session *s, const char *reply)
{
	session_reset(s);
	session_reply(s, "%s", reply);
	return SESSION_READY;
}

void
reply_limit(
    struct session *s, enum usage_axis axis, const struct usage_refusal *why)
{
	int64_t wait_s = (why->until_ms - clock_wall_ms()) / 1000 + 1;

	session_reply(s,
	    why->is_quota ? "550 5.7.1 [quota:%s] %lld %s a %s; again in %lld s"
			  : "451 4.7.1 [rate:%s] %lld %s a %s; retry in %lld s",
	    usage_axis_name(axis), (long long)why->max,
	    usage_unit_name(why->unit), usage_period_name(why->period),
	    (long long)(wait_s > 0 ? wait_s : 1));
}

/* So that the next MAIL is answered at once. A limit on recipients may have
 * room for a smaller message still. */
static void
note_limit(struct session *s, const struct message *m)
{
	struct slice name = m->gate.axis == USAGE_ACCOUNT ? m->account
	    : m->gate.axis == USAGE_CREDENTIAL            ? m->credential
							  : SLICE("");

	if (name.len != 0 && m->gate.why.unit == USAGE_MESSAGES)
		limited_note(s->worker->limited, m->gate.axis, name,
		    &m->gate.why,
		    policy_for(m->setup->policies, m->account)->version);
}

/* In the session's thread: what became of the message. */
static void
on_done(void *session, struct message *m)
{
	struct session *s = session;
	char id[ID_TEXT_BYTES];
	char date[TIME_RFC3339_BYTES];

	id_to_text(m->id, id);
	s->message = NULL;
	switch (m->outcome) {
	case MESSAGE_ACCEPTED:
	case MESSAGE_HELD:
		session_reply(s, "250 2.0.0 Ok: queued as %s", id);
		break;
	case MESSAGE_REFUSED:
		session_reply(s,
		    "550 5.7.1 [content:%s] score %.1f of %.1f, id %s; your "
		    "provider can tell why by the id",
		    score_class_name(m->verdict.class), m->verdict.score,
		    m->threshold, id);
		break;
	case MESSAGE_LIMITED:
		note_limit(s, m);
		reply_limit(s, m->gate.axis, &m->gate.why);
		break;
	case MESSAGE_BLOCKED:
		time_to_rfc3339(m->gate.until_ms, date);
		session_reply(s, "550 5.7.1 [identity_blocked] until %s (%s)",
		    date, usage_axis_name(m->gate.axis));
		break;
	case MESSAGE_NOT_STORED:
		session_reply(s, "451 4.3.0 [storage] Not stored, try later");
		break;
	case MESSAGE_NOT_SCORED:
		session_reply(s, "451 4.7.1 [scanner] Not scored, try later");
		break;
	}
	if (m->outcome == MESSAGE_LIMITED || m->outcome == MESSAGE_BLOCKED)
		log_info(&s->log,
		    m->outcome == MESSAGE_LIMITED ? "message.limited"
						  : "message.blocked",
		    LOG_ID("id", m->id),
		    LOG_TEXT("axis", usage_axis_name(m->gate.axis)),
		    LOG_SLICE("subuser", m->subuser),
		    LOG_SLICE("from", m->sender));
	char tls[80];
	conn_tls_text(s->conn, tls, sizeof(tls));
	if (m->outcome <= MESSAGE_REFUSED)
		log_info(&s->log,
		    m->outcome == MESSAGE_REFUSED ? "message.refused"
						  : "message.accepted",
		    LOG_ID("id", m->id), LOG_SLICE("from", m->sender),
		    LOG_INT("recipients", m->recipient_count),
		    LOG_TEXT("tls", tls),
		    LOG_TEXT(
			"auth", s->who.login[0] != '\0' ? s->auth_name : ""),
		    LOG_TEXT("by", s->data.is_chunked ? "BDAT" : "DATA"),
		    LOG_INT("size", m->size),
		    LOG_INT("score_x10", m->verdict.score * 10),
		    LOG_INT("ms", clock_wall_ms() - m->received_ms));
	session_reset(s);
	session_continue(s, s->is_draining ? SESSION_END : SESSION_READY);
}

/* May the account use what stands in the header's From? */
static bool
may_be_from(
    struct session *s, const struct message *m, char *reply, size_t size)
{
	struct slice header = slice_sub(buf_slice(&m->head), 0, m->header_len);
	enum policy_from policy = session_policy(s)->from;
	enum list_verdict verdict = LIST_ALLOWED;
	struct smtp_field from;
	struct slice address = SLICE("");
	struct slice rest = SLICE("");

	if (policy == POLICY_FROM_ANY)
		return true;
	if (!smtp_field_find(header, "From", &from))
		verdict = LIST_DENIED;
	else
		rest = from.value;
	while (
	    verdict == LIST_ALLOWED && smtp_field_next_address(&rest, &address))
		verdict = lists_ask_from(s->worker->reader, m->account, policy,
		    smtp_address_domain(address));
	if (verdict == LIST_ALLOWED)
		return true;
	if (verdict == LIST_TROUBLE)
		(void)snprintf(reply, size,
		    "451 4.3.0 [storage] Not known now, try later");
	else
		(void)snprintf(reply, size,
		    "550 5.7.1 [from_not_permitted] This account may not send "
		    "with From: %.*s",
		    (int)(address.len < 300 ? address.len : 300), address.ptr);
	return false;
}

/* All of the message has come. */
static enum session_state
finish_message(struct session *s)
{
	struct message *m = s->message;
	const char *why;
	char reply[500];

	if (s->is_over_size)
		return refuse_message(
		    s, "552 5.3.4 [message_size] The message is too big");
	if (s->is_bad_data)
		return put_off_message(
		    s, "452 4.3.1 [storage] No room now, try later");
	if (message_prepare(m, s->is_esmtp, s->is_secured,
		s->who.login[0] != '\0', &why) != 0) {
		if (m->is_cut_short)
			return put_off_message(
			    s, "452 4.3.1 [storage] No room now, try later");
		(void)snprintf(reply, sizeof(reply),
		    strcmp(why, "loop") == 0
			? "554 5.4.6 [%s] It has been here too often"
			: "554 5.6.0 [%s] The header is malformed",
		    why);
		return refuse_message(s, reply);
	}
	if (!may_be_from(s, m, reply, sizeof(reply)))
		return refuse_message(s, reply);
	m->done = on_done;
	m->session = s;
	message_submit(m, s->worker->loop);
	return SESSION_COMMIT;
}

static enum session_state
refuse_bare(struct session *s)
{
	session_reply(s,
	    "554 5.6.0 [bare_newline] A CR or LF alone; lines end in CR LF. "
	    "Closing");
	return SESSION_END;
}

/* Takes octets of the message; STAY: more are to come. */
static enum session_state
take_octets(struct session *s, struct slice *in)
{
	struct slice piece;

	for (;;) {
		switch (smtp_data_read(&s->data, in, &piece)) {
		case SMTP_DATA_MORE:
			return STAY;
		case SMTP_DATA_PIECE:
			if (s->message->size + (int64_t)piece.len >
			    session_size_max(s))
				s->is_over_size = true;
			if (!s->is_over_size && !s->is_bad_data &&
			    message_append(s->message, piece) != 0)
				s->is_bad_data = true;
			break;
		case SMTP_DATA_DONE:
			return finish_message(s);
		case SMTP_DATA_BARE:
			return refuse_bare(s);
		case SMTP_DATA_NUL:
			session_reply(s,
			    "554 5.6.0 [nul] A NUL octet in the message. "
			    "Closing");
			return SESSION_END;
		}
	}
}

/* --- BDAT --------------------------------------------------------------- */

/* All octets of a chunk are in. */
static enum session_state
end_chunk(struct session *s)
{
	bool is_wanted = s->message != NULL && s->data.is_chunked;

	if (!is_wanted) {
		/* After a refused chunk, or without recipients. */
		return session_refuse(s, "503 5.5.1 MAIL and RCPT first") ==
			SESSION_END
		    ? SESSION_END
		    : s->chunk_state;
	}
	if (!s->is_last_chunk) {
		if (s->is_over_size)
			return refuse_message(s,
			    "552 5.3.4 [message_size] The message is too big");
		session_reply(
		    s, "250 2.0.0 %lld octets taken", (long long)s->chunk_len);
		return SESSION_BDAT;
	}
	return smtp_data_may_end(&s->data) ? finish_message(s) : refuse_bare(s);
}

static enum session_state
chunk_input(struct session *s, struct slice *in)
{
	struct slice part = slice_sub(*in, 0, (size_t)s->chunk_left);

	s->chunk_left -= (int64_t)part.len;
	*in = slice_sub(*in, part.len, SIZE_MAX);
	if (s->message != NULL && s->data.is_chunked) {
		enum session_state next = take_octets(s, &part);
		if (next != STAY)
			return next;
	}
	return s->chunk_left == 0 ? end_chunk(s) : STAY;
}

enum session_state
verb_bdat(struct session *s, struct slice args)
{
	struct slice size_text;
	uint64_t size;

	if (!session_is_known(s)) {
		/* Nor are octets taken in from just anyone. */
		session_reply(
		    s, "530 5.7.0 [auth_required] AUTH first, closing");
		return SESSION_END;
	}
	(void)slice_cut(&args, ' ', &size_text);
	args = slice_trim(args);
	bool is_last = slice_is_nocase(args, "LAST");
	if (slice_to_u64(size_text, &size) != 0 || size > INT64_MAX / 2 ||
	    (args.len != 0 && !is_last)) {
		/* Where the next command starts cannot be told. */
		session_reply(s, "501 5.5.4 BDAT size [LAST], closing");
		return SESSION_END;
	}
	/* Nobody has to take in what can't be a message any more. */
	if ((int64_t)size > 2 * session_size_max(s)) {
		session_reply(s,
		    "552 5.3.4 [message_size] The chunk is too big, closing");
		return SESSION_END;
	}
	bool is_first = s->state == SESSION_RCPT;
	if (is_first)
		s->data = (struct smtp_data_reader){.is_chunked = true};
	/* Chunks out of turn have their time too. */
	if (is_first || s->message == NULL || !s->data.is_chunked)
		s->data_started_ms = clock_mono_ms();
	s->chunk_len = s->chunk_left = (int64_t)size;
	s->is_last_chunk = is_last;
	/* Out of turn it is swallowed, and the state is as before. */
	s->chunk_state = s->state;
	return size != 0 ? SESSION_CHUNK : end_chunk(s);
}

/* --- DATA --------------------------------------------------------------- */

enum session_state
verb_data(struct session *s, struct slice args)
{
	if (args.len != 0)
		return session_refuse(s, "501 5.5.4 DATA takes no argument");
	s->data = (struct smtp_data_reader){0};
	s->data_started_ms = clock_mono_ms();
	session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	return SESSION_DATA;
}

enum session_state
data_input(struct session *s, struct slice *in)
{
	return s->state == SESSION_CHUNK ? chunk_input(s, in)
					 : take_octets(s, in);
}
