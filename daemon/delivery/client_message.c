/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message that a connection carries: taken from the lane, its envelope and
 * its body, and what became of its recipients.
 */
#include "daemon/delivery/client_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "db/message.h"

#define PUMP_BYTES 65536

void
client_forget_message(struct client *c)
{
	outgoing_unref(c->outgoing);
	body_unref(c->body);
	mem_free(c->carried);
	c->outgoing = NULL;
	c->body = NULL;
	c->carried = NULL;
	c->carried_count = 0;
}

/* Every recipient gets its own refusal, or else `rest`. */
void
client_report(struct client *c, const struct smtp_reply *rest)
{
	struct report *rep = report_new(c->worker, c->outgoing);
	int64_t ms = clock_mono_ms() - c->started_ms;

	for (size_t i = 0; i < c->carried_count; i++) {
		const struct carried *one = &c->carried[i];
		bool is_refused = one->reply.code >= 400;
		struct attempt a = {
		    .reply = is_refused ? &one->reply : rest,
		    .host = c->host,
		    .tls = c->tls[0] != '\0' ? c->tls : NULL,
		    .ms = ms,
		    .is_dsn_passed = c->has_dsn,
		};
		report_add(rep, one->recipient, &a);
	}
	client_forget_message(c);
	report_send(rep);
}

/* Only the reply to the final dot can be a success: anywhere else one that
 * is no refusal is nonsense, and the mail waits. */
struct smtp_reply
client_as_refusal(const struct client *c, const struct smtp_reply *r)
{
	if (r->code >= 400)
		return *r;
	return smtp_reply_local(
	    451, 5, 0, "%s answered %d out of turn", c->host, r->code);
}

void
client_report_refusal(struct client *c, const struct smtp_reply *r)
{
	struct smtp_reply refusal = client_as_refusal(c, r);

	client_report(c, &refusal);
}

/* A failure on our side, or of the connection, ends the message for now. */
void
client_fail_message(struct client *c, const struct smtp_reply *reply)
{
	if (c->carried_count != 0)
		client_report_refusal(c, reply);
}

/* NOTIFY and ORCPT go on to who will answer for them (RFC 3461 5.2.1). */
void
client_send_rcpt(struct client *c)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} words[] = {
	    {SMTP_NOTIFY_NEVER, "NEVER"},
	    {SMTP_NOTIFY_SUCCESS, "SUCCESS"},
	    {SMTP_NOTIFY_FAILURE, "FAILURE"},
	    {SMTP_NOTIFY_DELAY, "DELAY"},
	};
	const struct recipient *r = c->carried[c->rcpt_sent++].recipient;
	struct buf params = buf_make(1024);
	const char *before = " NOTIFY=";

	for (size_t i = 0; c->has_dsn && i < ARRAY_LEN(words); i++) {
		if ((r->notify & words[i].bit) == 0)
			continue;
		(void)buf_appendf(&params, "%s%s", before, words[i].name);
		before = ",";
	}
	if (c->has_dsn && r->orcpt != NULL)
		(void)buf_appendf(&params, " ORCPT=%s", r->orcpt);
	client_send(c, SENT_RCPT, "RCPT TO:<%s>%.*s", r->address,
	    SLICE_ARGS(buf_slice(&params)));
	buf_free(&params);
}

void
client_send_data(struct client *c)
{
	client_send(c, SENT_DATA, "DATA");
}

static void
send_envelope(struct client *c)
{
	struct outgoing *o = c->outgoing;
	struct buf params = buf_make(1024);

	if (c->has_size)
		(void)buf_appendf(&params, " SIZE=%lld", (long long)o->size);
	if (c->has_8bit && o->is_8bit)
		(void)buf_append_text(&params, " BODY=8BITMIME");
	if (c->needs_utf8)
		(void)buf_append_text(&params, " SMTPUTF8");
	if (o->requires_tls)
		(void)buf_append_text(&params, " REQUIRETLS");
	if (c->has_dsn && o->ret != SMTP_RET_DEFAULT)
		(void)buf_appendf(&params, " RET=%s",
		    o->ret == SMTP_RET_FULL ? "FULL" : "HDRS");
	if (c->has_dsn && o->envid.ptr != NULL)
		(void)buf_appendf(&params, " ENVID=%.*s", SLICE_ARGS(o->envid));
	client_send(c, SENT_MAIL, "MAIL FROM:<%.*s>%.*s", SLICE_ARGS(o->sender),
	    SLICE_ARGS(buf_slice(&params)));
	buf_free(&params);
	if (!c->has_pipelining)
		return;
	while (c->rcpt_sent < c->carried_count)
		client_send_rcpt(c);
	client_send_data(c);
}

/* Takes up what the lane gives; false when it gives nothing. */
static bool
take_message(struct client *c)
{
	const struct config *config = c->setup->config;
	struct recipient_list list = TAILQ_HEAD_INITIALIZER(list);
	struct recipient *r;
	size_t count = lane_take(c->lane, c->host,
	    (size_t)config->delivery.recipients_per_message, &list);

	if (count == 0)
		return false;
	c->carried = mem_alloc(count * sizeof(*c->carried));
	while ((r = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, r, entry);
		c->carried[c->carried_count++].recipient = r;
	}
	c->outgoing = outgoing_ref(c->carried[0].recipient->outgoing);
	c->rcpt_sent = c->rcpt_answered = c->rcpt_taken = 0;
	c->mail_reply = (struct smtp_reply){0};
	c->started_ms = clock_mono_ms();
	c->body_offset = 0;
	c->chunk = 0;
	c->writer = (struct smtp_data_writer){0};
	return true;
}

/*
 * May a message that requires TLS go to this host (RFC 8689 4.2.1): is it
 * surely the domain's, by DNSSEC or because the operator said so, does its
 * certificate prove it, and will it do the same? Certificates of MX hosts are
 * not verified yet: so far only a next hop can.
 */
static bool
keeps_tls(const struct client *c)
{
	bool is_its_host =
	    c->domain->is_secure || c->zone->next_hop.host != NULL;

	return is_its_host && c->has_requiretls && conn_is_verified(c->conn);
}

/* Why this host can't serve a recipient; code 0: it can. SMTPUTF8: all when
 * sender or header need it, else those whose address does (RFC 6531 3.2). */
static struct smtp_reply
find_obstacle(const struct client *c, bool is_utf8)
{
	if (c->outgoing->requires_tls && !keeps_tls(c))
		return smtp_reply_local(550, 7, 30,
		    "%s can't keep TLS up from here on, and REQUIRETLS was "
		    "asked for",
		    c->host);
	if (!c->has_utf8 && (c->outgoing->is_utf8 || is_utf8))
		return smtp_reply_local(550, 6, 7,
		    "%s offers no SMTPUTF8, which the message needs", c->host);
	return (struct smtp_reply){0};
}

/* Gives back whom this host can't serve. Is there anyone left? */
static bool
drop_unservable(struct client *c)
{
	size_t left = 0;

	c->needs_utf8 = c->outgoing->is_utf8;
	for (size_t i = 0; i < c->carried_count; i++) {
		struct recipient *r = c->carried[i].recipient;
		bool is_utf8 = !utf8_is_ascii(slice_of(r->address));
		struct smtp_reply obstacle = find_obstacle(c, is_utf8);
		if (obstacle.code == 0) {
			c->needs_utf8 |= is_utf8;
			c->carried[left++] = c->carried[i];
			continue;
		}
		report_one(r, &obstacle, c->host, false);
	}
	c->carried_count = left;
	if (left == 0)
		client_forget_message(c);
	return left != 0;
}

void
client_next_message(struct client *c)
{
	const struct config *config = c->setup->config;

	if (c->state != CLIENT_IDLE || c->is_gone)
		return;
	bool is_over = c->worker->is_draining ||
	    c->messages >= config->delivery.messages_per_connection;
	while (!is_over && take_message(c)) {
		if (!drop_unservable(c))
			continue;
		client_stop_connecting(c);
		c->messages++;
		client_move(c, CLIENT_ENVELOPE);
		send_envelope(c);
		return;
	}
	client_stop_connecting(c);
	if (is_over) {
		client_send(c, SENT_OTHER, "QUIT");
		client_gone(c);
	}
}

bool
client_wake_idle(struct lane *l, const struct recipient *head)
{
	struct client *c;

	TAILQ_FOREACH (c, &l->clients, entry) {
		if (c->state != CLIENT_IDLE || c->carried_count != 0)
			continue;
		for (size_t i = 0; i < head->domain->candidate_count; i++) {
			if (strcmp(head->domain->candidates[i].host, c->host) !=
			    0)
				continue;
			client_next_message(c);
			return c->carried_count != 0;
		}
	}
	return false;
}

bool
client_is_connecting(const struct lane *l, const struct domain *d)
{
	const struct client *c;

	TAILQ_FOREACH (c, &l->clients, entry)
		if (c->domain == d && !c->is_carrying)
			return true;
	return false;
}

/* --- the body --------------------------------------------------------- */

/* A body that is one row, read back from disk. */
int
client_load_body(struct client *c)
{
	struct error err;
	struct slice data;

	int rc = db_body_get(c->worker->reader, c->outgoing->id, &data, &err);
	if (rc > 0) {
		c->body = body_new(data.len);
		memcpy(c->body->bytes, data.ptr, data.len);
	}
	db_get_done(c->worker->reader);
	return rc > 0 ? 0 : -1;
}

/* The next piece of the message; 1, 0 at its end, -1 if it can't be read. */
static int
next_piece(struct client *c, struct slice *out)
{
	struct outgoing *o = c->outgoing;
	struct error err;

	if (o->chunks != 0) {
		if (c->chunk == o->chunks)
			return 0;
		return db_chunk_get(
			   c->worker->reader, o->id, c->chunk++, out, &err) > 0
		    ? 1
		    : -1;
	}
	const struct body *b = o->body != NULL ? o->body : c->body;
	*out =
	    slice_sub(slice_make(b->bytes, b->len), c->body_offset, PUMP_BYTES);
	c->body_offset += out->len;
	return out->len != 0 ? 1 : 0;
}

/* Fills the connection's buffer; the rest follows as it drains. */
enum client_state
client_pump(struct client *c)
{
	struct buf out = buf_make(1 << 20);
	struct slice piece;
	int rc = 1;
	bool is_good = true;

	while (
	    is_good && rc > 0 && out.len + conn_unsent(c->conn) < PUMP_BYTES) {
		rc = next_piece(c, &piece);
		if (rc > 0)
			is_good = smtp_data_write(&c->writer, piece, &out) == 0;
	}
	if (c->outgoing->chunks != 0)
		db_get_done(c->worker->reader);
	if (rc == 0)
		is_good = smtp_data_finish(&c->writer, &out) == 0;
	if (!is_good || rc < 0) {
		/* Half a message is on the wire: only closing undoes that. */
		struct smtp_reply reply = is_good
		    ? smtp_reply_local(451, 3, 0,
			  "the message can't be read "
			  "from the store")
		    : smtp_reply_local(
			  554, 6, 0, "the message holds a bare CR or LF");
		buf_free(&out);
		client_fail_message(c, &reply);
		conn_abort(&c->conn);
		client_gone(c);
		return STAY;
	}
	(void)conn_write(c->conn, buf_slice(&out));
	buf_free(&out);
	conn_want_drained(c->conn, rc != 0);
	if (rc != 0)
		return STAY;
	c->fifo[(c->fifo_head + c->fifo_count++) % SENT_MAX] = SENT_OTHER;
	return CLIENT_DOT;
}
