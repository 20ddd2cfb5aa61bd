/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of an outgoing connection. For client.c (the connection and its
 * replies) and client_message.c (the message under way) only.
 */
#ifndef POSTHORN_DAEMON_DELIVERY_CLIENT_INTERNAL_H
#define POSTHORN_DAEMON_DELIVERY_CLIENT_INTERNAL_H

#include "base/attr.h"
#include "daemon/delivery/worker.h"
#include "daemon/net/conn.h"
#include "smtp/data.h"

#define SENT_MAX 1100 /* commands under way: MAIL, 1000 RCPT, DATA */
#define TLS_TEXT_BYTES 80

enum client_state {
	STAY = -1,
	CLIENT_CONNECT = 0,
	CLIENT_BANNER,
	CLIENT_EHLO,
	CLIENT_HELO,
	CLIENT_STARTTLS,
	CLIENT_TLS,
	CLIENT_AUTH,
	CLIENT_IDLE,
	CLIENT_ENVELOPE, /* MAIL, RCPT, DATA are under way */
	CLIENT_BODY,     /* after 354 */
	CLIENT_DOT,      /* the final dot is sent */
	CLIENT_RSET,
	CLIENT_QUIT,
	CLIENT_STATE_COUNT,
};

enum sent { SENT_HELLO = 0, SENT_MAIL, SENT_RCPT, SENT_DATA, SENT_OTHER };

/* One recipient of the message under way. */
struct carried {
	struct recipient *recipient;
	struct smtp_reply reply; /* to RCPT; code 0: none yet */
};

struct client {
	TAILQ_ENTRY(client) entry;
	struct worker *worker;
	struct lane *lane;
	struct domain *domain; /* whose hosts are tried; used */
	struct setup *setup;
	const struct config_zone *zone; /* of setup */
	struct conn *conn;
	enum client_state state;
	struct log log;
	struct smtp_reply_parser parser;
	size_t candidate; /* the address that is tried */
	char host[MX_NAME_BYTES];
	char tls[TLS_TEXT_BYTES];
	bool is_carrying; /* left the lane's count of connecting ones */
	bool no_tls;      /* TLS failed here; once more in clear */
	bool is_secured;
	bool has_pipelining, has_size, has_8bit, has_starttls, has_auth;
	bool has_dsn, has_utf8, has_requiretls;
	bool needs_utf8; /* the message under way does */
	bool is_gone;
	int64_t messages;
	struct smtp_reply last_failure; /* of the last address */

	uint8_t fifo[SENT_MAX];
	size_t fifo_head, fifo_count;

	struct outgoing *outgoing; /* of the message under way */
	struct carried *carried;
	size_t carried_count, rcpt_sent, rcpt_answered, rcpt_taken;
	struct smtp_reply mail_reply; /* code 0: none yet */
	int64_t started_ms;
	struct body *body; /* read back from disk */
	size_t body_offset;
	int64_t chunk;
	struct smtp_data_writer writer;
};

/* In client.c. */
void client_send(struct client *c, enum sent kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The only place that changes the state. */
void client_move(struct client *c, enum client_state next);
/* It carries something now, or never will: the lane may open another. */
void client_stop_connecting(struct client *c);
/* Unlinks and parks it; the lane looks for what to do next. */
void client_gone(struct client *c);

/* In client_message.c. */
void client_next_message(struct client *c);
void client_forget_message(struct client *c);
/* Every recipient gets its own refusal, or else `rest`. */
void client_report(struct client *c, const struct smtp_reply *rest);
/* The same with what is no refusal turned into one. */
void client_report_refusal(struct client *c, const struct smtp_reply *r);
struct smtp_reply client_as_refusal(
    const struct client *c, const struct smtp_reply *r);
/* The message under way, if any, ends for now. */
void client_fail_message(struct client *c, const struct smtp_reply *reply);
void client_send_rcpt(struct client *c);
void client_send_data(struct client *c);
/* A body that is one row, read back from disk. */
int client_load_body(struct client *c) MUST_CHECK;
/* Fills the connection's buffer; the rest follows as it drains. */
enum client_state client_pump(struct client *c);

#endif
