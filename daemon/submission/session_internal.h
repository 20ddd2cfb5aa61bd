/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session's layout, its states and its verbs. For session.c and the verb
 * files only.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_SESSION_INTERNAL_H
#define POSTHORN_DAEMON_SUBMISSION_SESSION_INTERNAL_H

#include "access/throttle.h"
#include "base/arena.h"
#include "base/log.h"
#include "daemon/net/conn.h"
#include "daemon/submission/message.h"
#include "daemon/submission/session.h"
#include "smtp/command.h"
#include "smtp/data.h"

enum session_state {
	STAY = -1,       /* a handler's answer: no change */
	SESSION_TLS = 0, /* a handshake is under way */
	SESSION_START,   /* no EHLO yet */
	SESSION_READY,   /* no transaction */
	SESSION_AUTH,    /* waiting for a line of an AUTH dialogue */
	SESSION_CHECK,   /* a secret is being checked */
	SESSION_MAIL,    /* MAIL was taken */
	SESSION_RCPT,    /* and a recipient */
	SESSION_DATA,    /* after 354 */
	SESSION_CHUNK,   /* octets of a BDAT come in */
	SESSION_BDAT,    /* a chunk is taken, more are to come */
	SESSION_COMMIT,  /* after the final dot */
	SESSION_END,     /* nothing more is read */
	SESSION_STATE_COUNT,
};

enum auth_step {
	AUTH_STEP_NONE = 0,
	AUTH_STEP_PLAIN,       /* the response of PLAIN */
	AUTH_STEP_USER,        /* LOGIN's user name */
	AUTH_STEP_PASS,        /* LOGIN's password */
	AUTH_STEP_SCRAM_FIRST, /* SCRAM's client-first-message */
	AUTH_STEP_SCRAM_PROOF, /* its client-final-message */
	AUTH_STEP_SCRAM_END,   /* nothing, behind our signature */
};

struct session {
	TAILQ_ENTRY(session) entry;
	struct worker *worker;
	struct conn *conn;
	enum session_state state;
	const struct config_listener *listener; /* of worker->setup's config */
	size_t listener_index;
	struct setup *setup; /* keeps the listener alive */
	uint32_t *ip_bucket;
	struct log log;
	char peer[ADDR_TEXT_BYTES];
	char helo[SMTP_DOMAIN_MAX + 1];
	bool is_esmtp;
	bool is_secured;
	bool is_draining;
	bool is_gone; /* unlinked; freed at the end of the turn */
	struct auth_identity who;
	enum auth_step auth_step;
	char auth_user[AUTH_NAME_BYTES]; /* the login that is tried */
	struct throttle_key auth_key;    /* of it and the peer */
	const char *auth_name;           /* of the mechanism that is tried */
	int64_t auth_started_ms;         /* monotonic; when the try began */
	struct auth_check *auth_check;
	struct scram_exchange *scram;
	struct timer *auth_timer; /* runs until a refusal is due */
	int auth_failures;
	int errors;
	struct message *message; /* from MAIL on */
	struct smtp_data_reader data;
	int64_t data_started_ms; /* monotonic; when the message began to come */
	bool is_over_size;       /* the rest of the data is dropped */
	int64_t chunk_len, chunk_left; /* octets of the BDAT under way */
	bool is_last_chunk;
	enum session_state chunk_state; /* in which it came */
	bool is_bad_data;               /* likewise, for the disk */
};

/* Appends a reply line; `text` starts with the code. Lines end here. */
void session_reply(struct session *s, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* A line of `code` and base64, which may be longer than others. */
void session_reply_long(struct session *s, const char *code, const char *text);
/* The same for a refusal, which counts; too many end the session. */
enum session_state session_refuse(struct session *s, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* Where a session goes on from a refusal that ends what was under way. */
enum session_state session_after(enum session_state refused);
/* What is in force for who sends. */
const struct policy *session_policy(const struct session *s);
int64_t session_size_max(const struct session *s);
int64_t session_recipients_max(const struct session *s);
/* Refuses for a limit, and says when to come again. */
void reply_limit(
    struct session *s, enum usage_axis axis, const struct usage_refusal *why);
/* The one end of an SMTP transaction, whatever ended it. */
void session_reset(struct session *s);

/* Verbs: the arguments are without the spaces around. Each returns the next
 * state, or STAY. */
enum session_state verb_ehlo(struct session *s, struct slice args);
enum session_state verb_helo(struct session *s, struct slice args);
enum session_state verb_starttls(struct session *s, struct slice args);
enum session_state verb_auth(struct session *s, struct slice args);
enum session_state verb_mail(struct session *s, struct slice args);
enum session_state verb_rcpt(struct session *s, struct slice args);
enum session_state verb_data(struct session *s, struct slice args);
enum session_state verb_bdat(struct session *s, struct slice args);
enum session_state verb_rset(struct session *s, struct slice args);
enum session_state verb_noop(struct session *s, struct slice args);
enum session_state verb_vrfy(struct session *s, struct slice args);
enum session_state verb_help(struct session *s, struct slice args);
enum session_state verb_quit(struct session *s, struct slice args);

/* The session ends: so does what it has under way of AUTH. */
void auth_forget(struct session *s);
/* A line of an AUTH dialogue. */
enum session_state auth_line(struct session *s, struct slice line);
/* Takes data; the next state when it is over. */
enum session_state data_input(struct session *s, struct slice *in);
/* May the sender be asked for nothing more: AUTH done, or by address? */
bool session_is_known(const struct session *s);

/* For handlers that finish later: moves on and reads what waits. */
void session_continue(struct session *s, enum session_state next);

#endif
