/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session's machine: states, dispatch, lines.
 *
 *	TLS -> START -> READY <-> AUTH -> CHECK
 *	                  |  ^------------'
 *	                  v
 *	                MAIL -> RCPT -> DATA -> COMMIT -> READY
 *	                          '---> CHUNK <-> BDAT
 *
 * Failure modes: a peer that goes away in DATA leaves nothing behind; one that
 * goes away in COMMIT leaves the message to its fate, which is to be accepted
 * as a whole or not at all. Replies in a pipelined group leave together.
 */
#include "daemon/submission/session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "daemon/submission/session_internal.h"

#define COMMAND_MAX 4096    /* a command; RFC 5321 asks for 512 and more */
#define AUTH_LINE_MAX 12288 /* RFC 4954 4 */
#define UNSENT_MAX 65536    /* replies that wait before reading stops */
#define REPLY_MAX 510       /* with CR LF it is 512 */

enum timeout { TIMEOUT_IDLE = 0, TIMEOUT_DATA, TIMEOUT_NONE };

struct state_row {
	const char *name;
	enum timeout timeout;
	unsigned int next; /* states it may lead to, as bits */
};

#define BIT(STATE) (1U << (STATE))
#define IDLE_NEXT                                                   \
	(BIT(SESSION_END) | BIT(SESSION_TLS) | BIT(SESSION_READY) | \
	    BIT(SESSION_CHUNK))

/* clang-format off */
static const struct state_row rows[SESSION_STATE_COUNT] = {
	[SESSION_TLS] = { "tls", TIMEOUT_IDLE, BIT(SESSION_START) | BIT(SESSION_END) },
	[SESSION_START] = { "start", TIMEOUT_IDLE, IDLE_NEXT },
	[SESSION_READY] = { "ready", TIMEOUT_IDLE, IDLE_NEXT | BIT(SESSION_AUTH) | BIT(SESSION_CHECK) | BIT(SESSION_MAIL) },
	[SESSION_AUTH] = { "auth", TIMEOUT_IDLE, BIT(SESSION_READY) | BIT(SESSION_AUTH) | BIT(SESSION_CHECK) | BIT(SESSION_END) },
	[SESSION_CHECK] = { "check", TIMEOUT_NONE, BIT(SESSION_READY) | BIT(SESSION_CHECK) | BIT(SESSION_END) },
	[SESSION_MAIL] = { "mail", TIMEOUT_IDLE, IDLE_NEXT | BIT(SESSION_RCPT) },
	[SESSION_RCPT] = { "rcpt", TIMEOUT_IDLE, IDLE_NEXT | BIT(SESSION_DATA) | BIT(SESSION_BDAT) | BIT(SESSION_COMMIT) },
	[SESSION_DATA] = { "data", TIMEOUT_DATA, BIT(SESSION_COMMIT) | BIT(SESSION_READY) | BIT(SESSION_END) },
	[SESSION_CHUNK] = { "chunk", TIMEOUT_DATA, BIT(SESSION_START) | BIT(SESSION_READY) | BIT(SESSION_MAIL) | BIT(SESSION_BDAT) | BIT(SESSION_COMMIT) | BIT(SESSION_END) },
	[SESSION_BDAT] = { "bdat", TIMEOUT_IDLE, IDLE_NEXT | BIT(SESSION_COMMIT) },
	[SESSION_COMMIT] = { "commit", TIMEOUT_NONE, BIT(SESSION_READY) | BIT(SESSION_END) },
	[SESSION_END] = { "end", TIMEOUT_NONE, 0 },
};

#define ANY_IDLE (BIT(SESSION_START) | BIT(SESSION_READY) | BIT(SESSION_MAIL) | BIT(SESSION_RCPT) | BIT(SESSION_BDAT))

enum verb_flags {
	NEEDS_TLS = 1,   /* where the listener offers it */
	NEEDS_KNOWN = 2, /* AUTH, or an address that may do without */
};

struct verb_row {
	const char *name;
	unsigned int states; /* as bits; 503 in others */
	unsigned int flags;
	enum session_state (*handle)(struct session *s, struct slice args);
};

static const struct verb_row verbs[] = {
	{ "EHLO", ANY_IDLE, 0, verb_ehlo },
	{ "HELO", ANY_IDLE, 0, verb_helo },
	{ "STARTTLS", BIT(SESSION_START) | BIT(SESSION_READY), 0, verb_starttls },
	{ "AUTH", BIT(SESSION_READY), NEEDS_TLS, verb_auth },
	{ "MAIL", BIT(SESSION_READY), NEEDS_TLS | NEEDS_KNOWN, verb_mail },
	{ "RCPT", BIT(SESSION_MAIL) | BIT(SESSION_RCPT), NEEDS_TLS | NEEDS_KNOWN, verb_rcpt },
	{ "DATA", BIT(SESSION_RCPT), NEEDS_TLS | NEEDS_KNOWN, verb_data },
	{ "BDAT", ANY_IDLE, 0, verb_bdat },
	{ "RSET", ANY_IDLE, 0, verb_rset },
	{ "NOOP", ANY_IDLE, 0, verb_noop },
	{ "VRFY", ANY_IDLE, NEEDS_TLS | NEEDS_KNOWN, verb_vrfy },
	{ "HELP", ANY_IDLE, 0, verb_help },
	{ "QUIT", ANY_IDLE, 0, verb_quit },
};
/* clang-format on */

static void session_gone(struct session *s);

static void vreply(struct session *s, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

static void
vreply(struct session *s, const char *format, va_list args)
{
	char line[REPLY_MAX + 3];
	int len = vsnprintf(line, REPLY_MAX + 1, format, args);

	if (len > REPLY_MAX)
		len = REPLY_MAX;
	/* Nothing of a peer's may end a line early or leave ASCII. */
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' ||
		    (unsigned char)line[i] > '~')
			line[i] = '?';
	line[len] = '\r';
	line[len + 1] = '\n';
	if (s->conn != NULL)
		(void)conn_write(s->conn, slice_make(line, (size_t)len + 2));
}

void
session_reply(struct session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vreply(s, format, args);
	va_end(args);
}

void
session_reply_long(struct session *s, const char *code, const char *text)
{
	if (s->conn == NULL)
		return;
	(void)conn_write(s->conn, slice_of(code));
	(void)conn_write(s->conn, slice_of(text));
	(void)conn_write(s->conn, SLICE("\r\n"));
}

enum session_state
session_after(enum session_state refused)
{
	return refused == SESSION_END ? SESSION_END : SESSION_READY;
}

enum session_state
session_refuse(struct session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vreply(s, format, args);
	va_end(args);
	if (++s->errors < s->worker->setup->config->submission.errors_max)
		return STAY;
	session_reply(s, "421 4.7.0 too many errors, closing");
	return SESSION_END;
}

void
session_reset(struct session *s)
{
	message_free(s->message);
	s->message = NULL;
	s->data = (struct smtp_data_reader){0};
	s->is_over_size = false;
	s->is_bad_data = false;
}

bool
session_is_known(const struct session *s)
{
	return s->who.account[0] != '\0';
}

/* Until the next piece is due, or all of the message. */
static int64_t
data_timeout(const struct session *s)
{
	const struct config *config = s->worker->setup->config;
	int64_t left_ms = s->data_started_ms +
	    config->submission.message_timeout - clock_mono_ms();

	if (left_ms > config->submission.data_timeout)
		return config->submission.data_timeout;
	return left_ms > 1 ? left_ms : 1;
}

/* The only place that changes the state. */
static void
move(struct session *s, enum session_state next)
{
	const struct config *config = s->worker->setup->config;

	if (next == STAY)
		next = s->state;
	assert(next == s->state || (rows[s->state].next & BIT(next)) != 0);
	if (next != s->state)
		log_debug(&s->log, "session.state",
		    LOG_TEXT("from", rows[s->state].name),
		    LOG_TEXT("to", rows[next].name));
	s->state = next;
	if (s->conn == NULL)
		return;
	switch (rows[next].timeout) {
	case TIMEOUT_IDLE:
		conn_set_timeout(s->conn, config->submission.idle_timeout);
		break;
	case TIMEOUT_DATA:
		conn_set_timeout(s->conn, data_timeout(s));
		break;
	case TIMEOUT_NONE:
		conn_set_timeout(s->conn, 0);
		break;
	}
	conn_pause(s->conn, next == SESSION_CHECK || next == SESSION_COMMIT);
}

static enum session_state
dispatch(struct session *s, struct slice line)
{
	struct smtp_command c = smtp_command_parse(line);

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		const struct verb_row *v = &verbs[i];
		if (!slice_is_nocase(c.verb, v->name))
			continue;
		if ((v->flags & NEEDS_TLS) != 0 && !s->is_secured &&
		    s->listener->tls != LISTENER_TLS_NONE)
			return session_refuse(
			    s, "530 5.7.0 [tls_required] Use STARTTLS first");
		if ((v->states & BIT(s->state)) == 0)
			return session_refuse(s,
			    s->state == SESSION_START
				? "503 5.5.1 Say EHLO first"
				: "503 5.5.1 Bad sequence of commands");
		if ((v->flags & NEEDS_KNOWN) != 0 && !session_is_known(s))
			return session_refuse(s,
			    "530 5.7.0 [auth_required] AUTH first; %s may not "
			    "send without",
			    s->peer);
		return v->handle(s, c.args);
	}
	return session_refuse(s, "500 5.5.2 Command not known");
}

/* Handles one line off the front; false when there is no whole one yet. */
static bool
take_line(struct session *s, struct slice *in)
{
	size_t max = s->state == SESSION_AUTH ? AUTH_LINE_MAX : COMMAND_MAX;
	ptrdiff_t end = slice_find(*in, '\n');

	if (end < 0 && in->len <= max)
		return false;
	if (end < 0 || (size_t)end > max) {
		/* Where the next line would start cannot be told. */
		session_reply(s, "500 5.5.2 Line too long, closing");
		*in = slice_sub(*in, in->len, 0);
		move(s, SESSION_END);
		return true;
	}
	struct slice line = slice_sub(*in, 0, (size_t)end);
	*in = slice_sub(*in, (size_t)end + 1, SIZE_MAX);
	if (line.len != 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	enum session_state next;
	if (s->state == SESSION_AUTH)
		next = auth_line(s, line);
	else if (slice_find(line, '\0') >= 0 || slice_find(line, '\r') >= 0)
		next = session_refuse(s, "500 5.5.2 Bad octets in a command");
	else
		next = dispatch(s, line);
	move(s, next);
	return true;
}

/* As long as there is input and someone to read it. */
static void
read_input(struct session *s)
{
	while (s->conn != NULL && s->state != SESSION_END &&
	    s->state != SESSION_CHECK && s->state != SESSION_COMMIT &&
	    s->state != SESSION_TLS) {
		struct slice in = conn_input(s->conn);
		size_t before = in.len;
		if (before == 0)
			break;
		/* A peer that does not read its replies gets no more. */
		if (conn_unsent(s->conn) > UNSENT_MAX) {
			conn_pause(s->conn, true);
			conn_want_drained(s->conn, true);
			break;
		}
		if (s->state == SESSION_DATA || s->state == SESSION_CHUNK)
			move(s, data_input(s, &in));
		else if (!take_line(s, &in))
			break;
		/* STARTTLS has dropped the input, and must. */
		if (s->conn != NULL && s->state != SESSION_TLS)
			conn_consume(s->conn, before - in.len);
	}
	if (s->state == SESSION_END)
		session_gone(s);
	else if (s->is_draining &&
	    (s->state == SESSION_READY || s->state == SESSION_START)) {
		session_reply(s, "421 4.3.2 shutting down");
		session_gone(s);
	}
}

void
session_continue(struct session *s, enum session_state next)
{
	move(s, next);
	read_input(s);
}

static void
free_session(void *arg)
{
	struct session *s = arg;

	setup_unref(s->setup);
	mem_free(s);
}

/* Unlinks and parks; what was submitted loses its session. */
static void
session_gone(struct session *s)
{
	struct worker *w = s->worker;

	/* The peer may fail while its last reply is written. */
	if (s->is_gone)
		return;
	s->is_gone = true;
	if (s->state == SESSION_COMMIT && s->message != NULL)
		s->message->session = NULL;
	else
		message_free(s->message);
	s->message = NULL;
	auth_forget(s);
	conn_close(&s->conn);
	(void)atomic_fetch_sub((_Atomic uint32_t *)s->ip_bucket, 1);
	(void)atomic_fetch_sub(&w->shared->sessions, 1);
	TAILQ_REMOVE(&w->sessions, s, entry);
	loop_later(w->loop, free_session, s);
	worker_session_gone(w);
}

static void
greet(struct session *s)
{
	session_reply(
	    s, "220 %s ESMTP Posthorn", s->worker->setup->config->hostname);
}

static void
on_secured(struct session *s)
{
	bool is_implicit = s->listener->tls == LISTENER_TLS_IMPLICIT;

	s->is_secured = true;
	/* RFC 3207 4.2: nothing from before the handshake counts. */
	session_reset(s);
	s->helo[0] = '\0';
	s->is_esmtp = false;
	move(s, SESSION_START);
	if (is_implicit)
		greet(s);
}

static void
on_event(void *owner, enum conn_event event)
{
	struct session *s = owner;

	switch (event) {
	case CONN_SECURED:
		on_secured(s);
		break;
	case CONN_READABLE:
		read_input(s);
		break;
	case CONN_TIMEOUT:
		session_reply(s, "421 4.4.2 timed out waiting for input");
		session_gone(s);
		break;
	case CONN_FAILED:
		log_info(&s->log, "session.failed",
		    LOG_TEXT("why", conn_error(s->conn)),
		    LOG_TEXT("state", rows[s->state].name));
		session_gone(s);
		break;
	case CONN_CLOSED:
		session_gone(s);
		break;
	case CONN_DRAINED:
		conn_want_drained(s->conn, false);
		move(s, STAY);
		read_input(s);
		break;
	case CONN_CONNECTED:
		break;
	}
}

/* Senders by address need no AUTH (relay_from). */
static void
recognise_address(struct session *s, const struct addr *peer)
{
	for (size_t i = 0; i < s->listener->relay_from_count; i++) {
		const struct config_relay_from *r = &s->listener->relay_from[i];
		if (!config_cidr_has(&r->cidr, peer->ip))
			continue;
		/* Whether that may send is looked up at MAIL. */
		(void)snprintf(
		    s->who.account, sizeof(s->who.account), "%s", r->account);
		s->who.epoch = UINT64_MAX;
		return;
	}
}

static uint32_t *
bucket_of(struct shared *shared, const struct addr *peer)
{
	uint64_t hash =
	    hash_bytes(slice_make((const char *)peer->ip, sizeof(peer->ip)));

	return (uint32_t *)&shared->by_ip[hash % IP_BUCKETS];
}

static bool
is_over_limit(struct session *s)
{
	const struct config *c = s->worker->setup->config;
	int64_t of_ip =
	    atomic_fetch_add((_Atomic uint32_t *)s->ip_bucket, 1) + 1;
	int64_t all = atomic_fetch_add(&s->worker->shared->sessions, 1) + 1;

	return of_ip > c->submission.sessions_per_ip_max ||
	    all > c->submission.sessions_max;
}

void
session_start_take(
    struct worker *w, int fd, const struct addr *peer, size_t listener)
{
	struct session *s = MEM_NEW(struct session);

	s->worker = w;
	s->setup = setup_ref(w->setup);
	s->listener = &s->setup->config->listeners[listener];
	s->listener_index = listener;
	addr_print(peer, s->peer);
	s->log.fields[0] = LOG_TEXT("peer", s->peer);
	s->ip_bucket = bucket_of(w->shared, peer);
	s->state = SESSION_START;
	s->conn = conn_accepted_take(w->loop, fd, peer, on_event, s);
	TAILQ_INSERT_TAIL(&w->sessions, s, entry);
	if (is_over_limit(s)) {
		log_info(&s->log, "session.refused",
		    LOG_TEXT("why", "too many sessions"));
		if (s->listener->tls != LISTENER_TLS_IMPLICIT)
			session_reply(
			    s, "421 4.3.2 too many sessions, try later");
		session_gone(s);
		return;
	}
	recognise_address(s, peer);
	if (s->listener->tls == LISTENER_TLS_IMPLICIT) {
		s->state = SESSION_TLS;
		conn_set_timeout(
		    s->conn, w->setup->config->submission.idle_timeout);
		conn_start_tls_server(s->conn, s->setup->server_tls);
		return;
	}
	move(s, STAY);
	greet(s);
}

static void
drain(struct session *s)
{
	s->is_draining = true;
	if (s->state != SESSION_READY && s->state != SESSION_START &&
	    s->state != SESSION_AUTH && s->state != SESSION_TLS)
		return;
	if (s->state != SESSION_TLS)
		session_reply(s, "421 4.3.2 shutting down");
	session_gone(s);
}

void
sessions_drain(struct worker *w)
{
	struct session *s = TAILQ_FIRST(&w->sessions);

	while (s != NULL) {
		struct session *next = TAILQ_NEXT(s, entry);
		drain(s);
		s = next;
	}
}

void
session_abort(struct session *s)
{
	session_gone(s);
}
