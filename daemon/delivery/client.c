/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One outgoing SMTP connection (RFC 5321, 3207, 2920, 1870, 6152, 4954).
 *
 *	CONNECT -> BANNER -> EHLO -> [STARTTLS -> TLS -> EHLO] -> [AUTH]
 *	        -> IDLE -> ENVELOPE -> BODY -> DOT -> IDLE ... -> QUIT
 *
 * Commands that were sent wait in a FIFO; each reply pops one, so PIPELINING
 * is the normal case and one command at a time is a FIFO of one. Every phase
 * has a timeout. A connection that fails before it carried anything goes on
 * to the next address; one that fails in a transaction makes its recipients
 * wait, whatever they had been told: the remote 250 is all that counts.
 */
#include "daemon/delivery/client_internal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum wait { WAIT_CONNECT, WAIT_COMMAND, WAIT_DATA, WAIT_IDLE };

struct client_row {
	const char *name;
	enum wait wait;
	unsigned int next;
};

#define BIT(STATE) (1U << (STATE))

/* clang-format off */
static const struct client_row rows[CLIENT_STATE_COUNT] = {
	[CLIENT_CONNECT] = { "connect", WAIT_CONNECT, BIT(CLIENT_BANNER) | BIT(CLIENT_TLS) },
	[CLIENT_BANNER] = { "banner", WAIT_COMMAND, BIT(CLIENT_EHLO) },
	[CLIENT_EHLO] = { "ehlo", WAIT_COMMAND, BIT(CLIENT_HELO) | BIT(CLIENT_STARTTLS) | BIT(CLIENT_AUTH) | BIT(CLIENT_IDLE) },
	[CLIENT_HELO] = { "helo", WAIT_COMMAND, BIT(CLIENT_IDLE) },
	[CLIENT_STARTTLS] = { "starttls", WAIT_COMMAND, BIT(CLIENT_TLS) | BIT(CLIENT_IDLE) },
	[CLIENT_TLS] = { "tls", WAIT_COMMAND, BIT(CLIENT_EHLO) | BIT(CLIENT_BANNER) },
	[CLIENT_AUTH] = { "auth", WAIT_COMMAND, BIT(CLIENT_IDLE) },
	[CLIENT_IDLE] = { "idle", WAIT_IDLE, BIT(CLIENT_ENVELOPE) | BIT(CLIENT_QUIT) },
	[CLIENT_ENVELOPE] = { "envelope", WAIT_COMMAND, BIT(CLIENT_BODY) | BIT(CLIENT_DOT) | BIT(CLIENT_RSET) | BIT(CLIENT_IDLE) },
	[CLIENT_BODY] = { "body", WAIT_DATA, BIT(CLIENT_DOT) },
	[CLIENT_DOT] = { "dot", WAIT_DATA, BIT(CLIENT_IDLE) },
	[CLIENT_RSET] = { "rset", WAIT_COMMAND, BIT(CLIENT_IDLE) },
	[CLIENT_QUIT] = { "quit", WAIT_IDLE, 0 },
};
/* clang-format on */

static void next_candidate(struct client *c);

static void
free_client(void *arg)
{
	struct client *c = arg;

	smtp_reply_parser_free(&c->parser);
	setup_unref(c->setup);
	mem_free(c);
}

void
client_stop_connecting(struct client *c)
{
	if (!c->is_carrying) {
		c->is_carrying = true;
		c->lane->connecting--;
		lane_schedule(c->lane);
	}
}

/* Unlinks and parks it; the lane looks for what to do next. */
void
client_gone(struct client *c)
{
	struct worker *w = c->worker;

	if (c->is_gone)
		return;
	c->is_gone = true;
	assert(c->carried_count == 0);
	client_stop_connecting(c);
	conn_close(&c->conn);
	c->lane->shape.connections--;
	c->lane->zone->connections--;
	TAILQ_REMOVE(&c->lane->clients, c, entry);
	lane_schedule(c->lane);
	domain_unuse(c->domain);
	w->clients--;
	loop_later(w->loop, free_client, c);
	worker_check_drained(w);
}

void
client_move(struct client *c, enum client_state next)
{
	const struct config *config = c->setup->config;

	if (next == STAY || c->is_gone)
		return;
	assert((rows[c->state].next & BIT(next)) != 0);
	log_debug(&c->log, "client.state",
	    LOG_TEXT("from", rows[c->state].name),
	    LOG_TEXT("to", rows[next].name));
	c->state = next;
	switch (rows[next].wait) {
	case WAIT_CONNECT:
		conn_set_timeout(c->conn, config->delivery.connect_timeout);
		break;
	case WAIT_COMMAND:
		conn_set_timeout(c->conn, config->delivery.command_timeout);
		break;
	case WAIT_DATA:
		conn_set_timeout(c->conn, config->delivery.data_timeout);
		break;
	case WAIT_IDLE:
		conn_set_timeout(c->conn, config->delivery.idle_timeout);
		break;
	}
}

void
client_send(struct client *c, enum sent kind, const char *format, ...)
{
	struct buf line = buf_make(2048);
	va_list args;

	va_start(args, format);
	(void)buf_vappendf(&line, format, args);
	va_end(args);
	(void)buf_append_text(&line, "\r\n");
	assert(c->fifo_count < SENT_MAX && !line.is_over);
	c->fifo[(c->fifo_head + c->fifo_count++) % SENT_MAX] = (uint8_t)kind;
	(void)conn_write(c->conn, buf_slice(&line));
	buf_free(&line);
}

/* --- replies ---------------------------------------------------------- */

/* The transaction is over before DATA: RSET if the server holds state. */
static enum client_state
end_envelope(struct client *c, const struct smtp_reply *reply)
{
	/* Without RSET the next MAIL would be one within this transaction. */
	bool is_open = smtp_reply_is_success(&c->mail_reply);
	client_report_refusal(c, reply);
	if (!is_open)
		return CLIENT_IDLE;
	client_send(c, SENT_OTHER, "RSET");
	return CLIENT_RSET;
}

static enum client_state
reply_to_data(struct client *c, const struct smtp_reply *r)
{
	if (r->code == 354 && c->rcpt_taken == 0) {
		/* Pipelined: nobody wants it, and an empty message ends it. */
		struct smtp_reply none =
		    smtp_reply_local(451, 5, 0, "no recipient was taken");
		(void)conn_write(c->conn, SLICE(".\r\n"));
		c->fifo[(c->fifo_head + c->fifo_count++) % SENT_MAX] =
		    SENT_OTHER;
		client_report_refusal(
		    c, c->mail_reply.code >= 400 ? &c->mail_reply : &none);
		return CLIENT_DOT;
	}
	if (r->code == 354) {
		bool needs_disk =
		    c->outgoing->body == NULL && c->outgoing->chunks == 0;
		if (needs_disk && client_load_body(c) != 0) {
			struct smtp_reply lost = smtp_reply_local(451, 3, 0,
			    "the message can't be read from the store");
			client_fail_message(c, &lost);
			conn_abort(&c->conn);
			client_gone(c);
			return STAY;
		}
		/* All of a small message may go out at once. */
		enum client_state next = client_pump(c);
		return next == STAY && !c->is_gone ? CLIENT_BODY : next;
	}
	return end_envelope(c, c->mail_reply.code >= 400 ? &c->mail_reply : r);
}

static enum client_state
reply_to_envelope(struct client *c, enum sent kind, const struct smtp_reply *r)
{
	if (kind == SENT_MAIL) {
		c->mail_reply = *r;
		if (c->has_pipelining)
			return STAY;
		if (!smtp_reply_is_success(r))
			return end_envelope(c, r);
		client_send_rcpt(c);
		return STAY;
	}
	if (kind == SENT_RCPT) {
		struct carried *one = &c->carried[c->rcpt_answered++];
		bool is_taken = smtp_reply_is_success(r);
		/* RCPT's refusal after MAIL's says nothing of the address. */
		one->reply = c->mail_reply.code >= 400 ? c->mail_reply
		    : is_taken                         ? *r
			       : client_as_refusal(c, r);
		/* "Too many recipients", as it was once said (RFC 5321
		 * 4.5.3.1.10), unless a full mailbox is meant. */
		if (r->code == 552 &&
		    !(r->enhanced.subject == 2 && r->enhanced.detail == 2))
			one->reply.code = 452;
		c->rcpt_taken += is_taken;
		if (c->has_pipelining)
			return STAY;
		if (c->rcpt_sent < c->carried_count)
			client_send_rcpt(c);
		else if (c->rcpt_taken != 0)
			client_send_data(c);
		else
			return end_envelope(c, r);
		return STAY;
	}
	return reply_to_data(c, r);
}

/* Hosts of a failed connection are done with; on to the next. */
static void
refuse_host(struct client *c, const struct smtp_reply *r)
{
	c->last_failure = client_as_refusal(c, r);
	/* A host that refuses us refuses for now: another may take it. */
	next_candidate(c);
}

static void
forget_keywords(struct client *c)
{
	c->has_pipelining = c->has_size = c->has_8bit = c->has_starttls =
	    c->has_auth = c->has_dsn = c->has_utf8 = c->has_requiretls = false;
}

static void
read_keywords(struct client *c)
{
	struct slice rest = buf_slice(&c->parser.lines);
	struct slice line;
	struct slice word;

	forget_keywords(c);
	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_cut(&line, ' ', &word))
			continue;
		c->has_pipelining |= slice_is_nocase(word, "PIPELINING");
		c->has_size |= slice_is_nocase(word, "SIZE");
		c->has_8bit |= slice_is_nocase(word, "8BITMIME");
		c->has_starttls |= slice_is_nocase(word, "STARTTLS");
		c->has_auth |= slice_is_nocase(word, "AUTH");
		c->has_dsn |= slice_is_nocase(word, "DSN");
		c->has_utf8 |= slice_is_nocase(word, "SMTPUTF8");
		c->has_requiretls |= slice_is_nocase(word, "REQUIRETLS");
	}
}

/* Does the destination ask for TLS, and does it verify? */
static bool
wants_tls(const struct client *c)
{
	if (c->zone->next_hop.host != NULL)
		return c->zone->next_hop.tls != HOP_TLS_NONE;
	return c->setup->config->delivery.tls != DELIVERY_TLS_NONE;
}

static bool
requires_tls(const struct client *c)
{
	if (c->zone->next_hop.host != NULL)
		return c->zone->next_hop.tls == HOP_TLS_STARTTLS ||
		    c->zone->next_hop.tls == HOP_TLS_IMPLICIT;
	return c->setup->config->delivery.tls == DELIVERY_TLS_ENCRYPT;
}

static void
start_tls(struct client *c)
{
	bool is_verifying = c->zone->next_hop.host != NULL && requires_tls(c);

	conn_start_tls_client(c->conn,
	    is_verifying ? c->setup->verifying_tls : c->setup->client_tls,
	    c->host);
}

static enum client_state
send_auth(struct client *c)
{
	const struct config_next_hop *hop = &c->zone->next_hop;
	unsigned char plain[600];
	unsigned char text[900];

	int len = snprintf((char *)plain, sizeof(plain), "%c%s%c%s", 0,
	    hop->login, 0, hop->secret);
	if (len < 0 || len >= (int)sizeof(plain))
		len = 0;
	(void)EVP_EncodeBlock(text, plain, len);
	client_send(c, SENT_OTHER, "AUTH PLAIN %s", (char *)text);
	return CLIENT_AUTH;
}

/* Ready to send, or first the next step towards that. */
static enum client_state
after_ehlo(struct client *c)
{
	if (!c->is_secured && wants_tls(c) && !c->no_tls && c->has_starttls) {
		client_send(c, SENT_OTHER, "STARTTLS");
		return CLIENT_STARTTLS;
	}
	if (!c->is_secured && requires_tls(c)) {
		struct smtp_reply r = smtp_reply_local(451, 7, 10,
		    "%s offers no STARTTLS, and TLS is required", c->host);
		refuse_host(c, &r);
		return STAY;
	}
	if (c->zone->next_hop.login != NULL && c->is_secured)
		return send_auth(c);
	return CLIENT_IDLE;
}

static void
send_hello(struct client *c, const char *verb)
{
	const char *helo = c->setup->config->hostname;

	for (size_t i = 0; i < c->zone->source_count; i++)
		if (strcmp(c->zone->sources[i].address, c->lane->source) == 0 &&
		    c->zone->sources[i].helo != NULL)
			helo = c->zone->sources[i].helo;
	client_send(c, SENT_HELLO, "%s %s", verb, helo);
}

/* Takes a reply; returns the next state. */
static enum client_state
take_reply(struct client *c, const struct smtp_reply *r)
{
	enum sent kind = SENT_OTHER;

	if (c->state == CLIENT_BANNER) {
		if (!smtp_reply_is_success(r)) {
			refuse_host(c, r);
			return STAY;
		}
		send_hello(c, "EHLO");
		return CLIENT_EHLO;
	}
	if (c->fifo_count != 0) {
		kind = (enum sent)c->fifo[c->fifo_head];
		c->fifo_head = (c->fifo_head + 1) % SENT_MAX;
		c->fifo_count--;
	}
	switch (c->state) {
	case CLIENT_EHLO:
		if (smtp_reply_is_success(r)) {
			read_keywords(c);
			return after_ehlo(c);
		}
		if (smtp_reply_is_permanent(r) && !requires_tls(c)) {
			send_hello(c, "HELO");
			return CLIENT_HELO;
		}
		refuse_host(c, r);
		return STAY;
	case CLIENT_HELO:
		if (smtp_reply_is_success(r))
			return CLIENT_IDLE;
		refuse_host(c, r);
		return STAY;
	case CLIENT_STARTTLS:
		if (r->code == 220) {
			/* What came behind the reply came from nobody. */
			start_tls(c);
			return c->is_gone ? STAY : CLIENT_TLS;
		}
		/* 421 ends the connection, whatever was asked. */
		if (requires_tls(c) || r->code == 421) {
			refuse_host(c, r);
			return STAY;
		}
		return CLIENT_IDLE;
	case CLIENT_AUTH:
		if (smtp_reply_is_success(r))
			return CLIENT_IDLE;
		refuse_host(c, r);
		return STAY;
	case CLIENT_ENVELOPE:
		return reply_to_envelope(c, kind, r);
	case CLIENT_DOT:
		/* After the empty message of a refused envelope: nobody. */
		if (c->carried_count != 0)
			client_report(c, r);
		return CLIENT_IDLE;
	case CLIENT_RSET:
		return CLIENT_IDLE;
	case CLIENT_BODY:
	case CLIENT_IDLE:
		/* A reply that nobody asked for: 421 mostly. */
		client_fail_message(c, r);
		client_gone(c);
		return STAY;
	case STAY:
	case CLIENT_CONNECT:
	case CLIENT_BANNER:
	case CLIENT_TLS:
	case CLIENT_QUIT:
	case CLIENT_STATE_COUNT:
		break;
	}
	return STAY;
}

static void
broken(struct client *c, const struct smtp_reply *reply)
{
	if (c->state < CLIENT_IDLE) {
		refuse_host(c, reply);
		return;
	}
	client_fail_message(c, reply);
	/* It is reported as not sent: what is still on its way stops here. */
	if (c->state == CLIENT_BODY || c->state == CLIENT_DOT)
		conn_abort(&c->conn);
	client_gone(c);
}

static void
read_replies(struct client *c)
{
	while (!c->is_gone && c->state != CLIENT_TLS && c->conn != NULL) {
		struct conn *conn = c->conn;
		struct slice in = conn_input(conn);
		struct smtp_reply r;
		size_t before = in.len;
		if (before == 0)
			return;
		enum smtp_reply_status status =
		    smtp_reply_feed(&c->parser, &in, &r);
		conn_consume(conn, before - in.len);
		if (status == SMTP_REPLY_MORE)
			return;
		if (status == SMTP_REPLY_ERROR) {
			r = smtp_reply_local(
			    451, 5, 0, "%s sent no valid SMTP reply", c->host);
			broken(c, &r);
			return;
		}
		enum client_state next = take_reply(c, &r);
		/* Another address has another connection. */
		if (c->is_gone || c->conn != conn)
			return;
		client_move(c, next);
		/* Each command has its own time (RFC 5321 4.5.3.2). */
		if (c->state == CLIENT_ENVELOPE)
			conn_set_timeout(c->conn,
			    c->setup->config->delivery.command_timeout);
		if (r.code == 421 && c->state == CLIENT_IDLE) {
			client_gone(c);
			return;
		}
		if (c->state == CLIENT_IDLE) {
			shape_succeeded(&c->lane->shape);
			c->lane->last_reply[0] = '\0';
			client_next_message(c);
		}
	}
}

static void
on_secured(struct client *c)
{
	bool is_implicit = c->zone->next_hop.tls == HOP_TLS_IMPLICIT &&
	    c->zone->next_hop.host != NULL;

	c->is_secured = true;
	conn_tls_text(c->conn, c->tls, sizeof(c->tls));
	smtp_reply_parser_free(&c->parser);
	smtp_reply_parser_init(&c->parser);
	if (is_implicit) {
		client_move(c, CLIENT_BANNER);
		return;
	}
	/* RFC 3207 4.2: what was said before does not count. */
	send_hello(c, "EHLO");
	client_move(c, CLIENT_EHLO);
}

static void
on_connected(struct client *c)
{
	if (c->zone->next_hop.host != NULL &&
	    c->zone->next_hop.tls == HOP_TLS_IMPLICIT) {
		start_tls(c);
		client_move(c, CLIENT_TLS);
	} else {
		client_move(c, CLIENT_BANNER);
	}
}

static void
on_failure(struct client *c, const char *why)
{
	char address[ADDR_TEXT_BYTES];
	struct smtp_reply r;

	addr_print(&c->domain->candidates[c->candidate].addr, address);
	if (c->state == CLIENT_TLS && !requires_tls(c) && !c->no_tls) {
		/* Opportunistic: the same address once more, in clear. */
		log_info(&c->log, "client.tls_failed", LOG_TEXT("why", why));
		c->no_tls = true;
		next_candidate(c);
		return;
	}
	r = c->state == CLIENT_TLS
	    ? smtp_reply_local(451, 7, 5, "%s[%s]: %s", c->host, address, why)
	    : smtp_reply_local(451, 4, c->state == CLIENT_CONNECT ? 1 : 2,
		  "%s[%s]: %s in %s", c->host, address, why,
		  rows[c->state].name);
	broken(c, &r);
}

static void
on_event(void *owner, enum conn_event event)
{
	struct client *c = owner;

	switch (event) {
	case CONN_CONNECTED:
		on_connected(c);
		break;
	case CONN_SECURED:
		on_secured(c);
		break;
	case CONN_READABLE:
		read_replies(c);
		break;
	case CONN_DRAINED:
		if (c->state == CLIENT_BODY) {
			conn_set_timeout(
			    c->conn, c->setup->config->delivery.data_timeout);
			client_move(c, client_pump(c));
		}
		break;
	case CONN_TIMEOUT:
		if (c->state == CLIENT_IDLE) {
			client_send(c, SENT_OTHER, "QUIT");
			client_gone(c);
		} else {
			on_failure(c, "timed out");
		}
		break;
	case CONN_FAILED:
		on_failure(c, conn_error(c->conn));
		break;
	case CONN_CLOSED:
		on_failure(c, "connection closed");
		break;
	}
}

/* --- addresses -------------------------------------------------------- */

static bool
fits_source(const struct client *c, const struct candidate *k)
{
	struct addr source;

	return c->lane->source[0] == '\0' ||
	    (addr_parse(c->lane->source, 0, &source) == 0 &&
		addr_is_v4(&source) == addr_is_v4(&k->addr));
}

static int
try_candidate(struct client *c)
{
	const struct candidate *k = &c->domain->candidates[c->candidate];
	struct addr source;
	struct error err;
	bool has_source = c->lane->source[0] != '\0' &&
	    addr_parse(c->lane->source, 0, &source) == 0;

	(void)snprintf(c->host, sizeof(c->host), "%s", k->host);
	forget_keywords(c);
	c->is_secured = false;
	c->tls[0] = '\0';
	c->fifo_count = 0;
	smtp_reply_parser_free(&c->parser);
	smtp_reply_parser_init(&c->parser);
	c->conn = conn_connect(c->worker->loop, has_source ? &source : NULL,
	    &k->addr, on_event, c, &err);
	if (c->conn == NULL) {
		c->last_failure =
		    smtp_reply_local(451, 4, 1, "%.300s", err.text);
		return -1;
	}
	c->state = CLIENT_CONNECT;
	conn_set_timeout(c->conn, c->setup->config->delivery.connect_timeout);
	return 0;
}

/* From the current address (again, if TLS failed there) to the next that
 * can be tried; if there is none, the lane has failed. */
static void
next_candidate(struct client *c)
{
	struct domain *d = c->domain;
	bool is_again = c->no_tls && c->state == CLIENT_TLS;

	conn_close(&c->conn);
	if (!is_again) {
		c->candidate++;
		c->no_tls = false;
	}
	for (; c->candidate < d->candidate_count; c->candidate++) {
		if (fits_source(c, &d->candidates[c->candidate]) &&
		    try_candidate(c) == 0)
			return;
		c->no_tls = false;
	}
	if (c->last_failure.code == 0)
		c->last_failure = smtp_reply_local(451, 4, 4,
		    "%s: no mail host has an address of the source's family",
		    d->name);
	/* Permanent words at the door still are about this host and source,
	 * not about the recipient: the mail waits. */
	if (c->last_failure.code >= 500 && !c->last_failure.is_local)
		c->last_failure.code = 450;
	d->users++;
	struct lane *l = c->lane;
	struct smtp_reply reply = c->last_failure;
	char host[MX_NAME_BYTES];
	(void)snprintf(host, sizeof(host), "%s", c->host);
	client_gone(c);
	lane_failed(l, d, &reply, host[0] != '\0' ? host : NULL);
	domain_unuse(d);
}

/* Never from within the lane's own loop. */
static void
begin(void *arg)
{
	struct client *c = arg;

	if (c->is_gone)
		return;
	c->candidate = (size_t)-1;
	c->state = CLIENT_CONNECT;
	next_candidate(c);
}

void
client_start(struct lane *l, struct domain *d)
{
	struct client *c = MEM_NEW(struct client);
	struct worker *w = l->zone->worker;

	c->worker = w;
	c->lane = l;
	c->domain = d;
	d->users++;
	c->setup = setup_ref(w->setup);
	c->zone = zone_config(l->zone);
	c->log.fields[0] = LOG_TEXT("zone", l->zone->name);
	c->log.fields[1] = LOG_TEXT("source", l->source);
	c->log.fields[2] = LOG_TEXT("host", c->host);
	smtp_reply_parser_init(&c->parser);
	TAILQ_INSERT_TAIL(&l->clients, c, entry);
	l->connecting++;
	l->shape.connections++;
	l->zone->connections++;
	w->clients++;
	loop_later(w->loop, begin, c);
}

static void
drain(struct client *c)
{
	if (c->state == CLIENT_IDLE && c->carried_count == 0) {
		client_send(c, SENT_OTHER, "QUIT");
		client_gone(c);
	} else if (c->state < CLIENT_IDLE) {
		client_gone(c);
	}
}

void
clients_drain(struct worker *w)
{
	for (struct zone *z = w->zones; z != NULL; z = z->hh.next)
		for (struct lane *l = z->lanes; l != NULL; l = l->hh.next) {
			struct client *c = TAILQ_FIRST(&l->clients);
			while (c != NULL) {
				struct client *next = TAILQ_NEXT(c, entry);
				drain(c);
				c = next;
			}
		}
}

void
clients_abort(struct worker *w)
{
	for (struct zone *z = w->zones; z != NULL; z = z->hh.next)
		for (struct lane *l = z->lanes; l != NULL; l = l->hh.next) {
			struct client *c;
			while ((c = TAILQ_FIRST(&l->clients)) != NULL) {
				client_forget_message(c);
				conn_abort(&c->conn);
				client_gone(c);
			}
		}
}
