/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue for operators: list, show, cat, and the acts on what a selector
 * or ids name. Acts go page by page: a page is read here and changed by the
 * store in one transaction, so that a million rows stall nobody.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "db/event.h"
#include "routing/classify.h"

#define PAGE_ROWS 500
#define CAT_BYTES 49152 /* a multiple of 3 */
#define LIMIT_DEFAULT 1000

static const char *const state_names[] = {
    [DB_QUEUED] = "queued",
    [DB_DEFERRED] = "deferred",
    [DB_WAITS_HELD] = "held",
};

static json_t *
json_id(uint64_t id)
{
	char text[ID_TEXT_BYTES];

	id_to_text(id, text);
	return json_string(text);
}

/* --- list -------------------------------------------------------------- */

struct listing {
	struct call *call;
	struct db_selector selector;
	char domain[300];
	uint64_t id;
	int64_t seq;
	int64_t left;
	int64_t rows; /* in this page */
};

static bool
on_listed(const struct db_queued *q, void *arg)
{
	struct listing *l = arg;
	const struct db_recipient *r = &q->recipient;
	json_t *row = json_object();

	row_set(row, "id", json_id(r->message_id));
	row_set(row, "state", json_string(state_names[r->state]));
	row_set(row, "from",
	    json_slice(q->sender.ptr != NULL ? q->sender : SLICE("")));
	row_set(row, "to", json_slice(r->address));
	row_set(row, "account", json_slice(q->account));
	row_set(row, "zone", json_slice(r->zone));
	row_set(row, "source", json_slice(r->source));
	row_set(row, "score", json_real(q->score));
	row_set(row, "size", json_integer(q->size));
	row_set(row, "received", json_time(q->received_ms));
	row_set(row, "due", json_time(r->due_ms));
	row_set(row, "attempts", json_integer(r->attempts));
	row_set(row, "last", json_slice(r->last_text));
	call_row_take(l->call, row);
	l->id = r->message_id;
	l->seq = r->seq;
	l->rows++;
	l->left--;
	return l->left > 0;
}

static void
produce_list(struct call *call)
{
	struct listing *l = call->state;
	struct error err;

	while (l->left > 0 && !call_is_full(call)) {
		l->rows = 0;
		if (db_queue_select(call_parts(call)->reader, &l->selector,
			l->id, l->seq, PAGE_ROWS, on_listed, l, &err) != 0) {
			call_fail(call, &err);
			return;
		}
		if (l->rows < PAGE_ROWS)
			l->left = 0;
	}
	if (l->left == 0)
		call_done(call);
}

static void
free_state(struct call *call)
{
	mem_free(call->state);
}

void
op_queue_list(struct call *call)
{
	struct listing *l = MEM_NEW(struct listing);

	l->call = call;
	l->left = call_int(call, "limit", LIMIT_DEFAULT);
	l->seq = -1;
	call->state = l;
	call->stop = free_state;
	if (!call_selector(call, &l->selector, l->domain))
		return;
	call->produce = produce_list;
	produce_list(call);
}

/* --- show -------------------------------------------------------------- */

struct showing {
	struct call *call;
	uint64_t id;
	json_t *lanes;
	json_t *recipients;
	json_t *events;
};

/* Why it has not gone yet, and when it will be tried, in words. */
static void
explain_wait(struct showing *s, const struct db_recipient *r, json_t *row)
{
	struct setup *setup = call_setup(s->call);
	char zone[64];
	char text[400] = "";
	int64_t now_ms = clock_wall_ms();
	json_t *lane;
	size_t i;

	(void)snprintf(zone, sizeof(zone), "%.*s", SLICE_ARGS(r->zone));
	if (r->state == DB_WAITS_HELD)
		(void)snprintf(
		    text, sizeof(text), "held: release it, or it expires");
	else if (setup_is_paused(setup, zone))
		(void)snprintf(text, sizeof(text),
		    "zone %s is paused: posthorn zone resume %s", zone, zone);
	else if (r->due_ms > now_ms)
		(void)snprintf(text, sizeof(text),
		    "waits for its next try after: %lld %.*s",
		    (long long)r->last_code,
		    (int)(r->last_text.len < 250 ? r->last_text.len : 250),
		    r->last_text.ptr);
	json_array_foreach (s->lanes, i, lane) {
		const char *of_zone =
		    json_string_value(json_object_get(lane, "zone"));
		const char *of_source =
		    json_string_value(json_object_get(lane, "source"));
		json_t *held = json_object_get(lane, "held_by");
		if (text[0] != '\0' || of_zone == NULL ||
		    strcmp(of_zone, zone) != 0 || held == NULL ||
		    !slice_is(r->source, of_source))
			continue;
		const char *reason =
		    json_string_value(json_object_get(lane, "reason"));
		(void)snprintf(text, sizeof(text), "its lane waits: %s%s%.200s",
		    json_string_value(held), reason != NULL ? ": " : "",
		    reason != NULL ? reason : "");
		json_t *wake = json_object_get(lane, "wake_ms");
		row_set(row, "next_try", json_time(json_integer_value(wake)));
	}
	if (text[0] == '\0')
		(void)snprintf(
		    text, sizeof(text), "being delivered, or next in its lane");
	row_set(row, "why_waiting", json_string(text));
	if (json_object_get(row, "next_try") == NULL &&
	    r->state != DB_WAITS_HELD)
		row_set(row, "next_try",
		    json_time(r->due_ms > now_ms ? r->due_ms : now_ms));
}

static bool
on_recipient(const struct db_recipient *r, void *arg)
{
	struct showing *s = arg;
	json_t *row = json_object();

	row_set(row, "to", json_slice(r->address));
	row_set(row, "state", json_string(state_names[r->state]));
	row_set(row, "zone", json_slice(r->zone));
	row_set(row, "zone_reason", json_slice(r->zone_reason));
	row_set(row, "source", json_slice(r->source));
	row_set(row, "mx_group", json_slice(r->mx_group));
	row_set(row, "attempts", json_integer(r->attempts));
	row_set(row, "expires", json_time(r->expires_ms));
	if (r->last_ms != 0) {
		row_set(row, "last_try", json_time(r->last_ms));
		row_set(row, "last_code", json_integer(r->last_code));
		row_set(row, "last_text", json_slice(r->last_text));
		row_set(row, "last_class", json_slice(r->last_class));
		row_set(row, "last_mx", json_slice(r->last_mx));
	}
	explain_wait(s, r, row);
	(void)json_array_append_new(s->recipients, row);
	return true;
}

static bool
on_history(const struct db_event *e, void *arg)
{
	struct showing *s = arg;
	json_t *row = json_object();

	row_set(row, "time", json_time(e->time_ms));
	row_set(row, "event", json_slice(e->event));
	row_set(row, "to", json_slice(e->recipient));
	row_set(row, "zone", json_slice(e->zone));
	row_set(row, "source", json_slice(e->source));
	row_set(row, "mx", json_slice(e->mx));
	if (e->code != 0)
		row_set(row, "code", json_integer(e->code));
	row_set(row, "enhanced", json_slice(e->enhanced));
	row_set(row, "text", json_slice(e->text));
	row_set(row, "class", json_slice(e->class));
	if (e->attempt != 0)
		row_set(row, "attempt", json_integer(e->attempt));
	row_set(row, "tls", json_slice(e->tls));
	(void)json_array_append_new(s->events, row);
	return true;
}

static json_t *
message_row(const struct db_message *m)
{
	static const char *const actions[] = {
	    [DB_ACCEPTED] = "accepted",
	    [DB_HELD] = "held",
	    [DB_REFUSED] = "refused",
	    [DB_MADE_HERE] = "notification",
	};
	json_t *row = json_object();

	row_set(row, "id", json_id(m->id));
	row_set(row, "action", json_string(actions[m->action]));
	row_set(row, "account", json_slice(m->account));
	row_set(row, "credential", json_slice(m->credential));
	row_set(row, "subuser", json_slice(m->subuser));
	row_set(row, "client", json_slice(m->client));
	row_set(row, "helo", json_slice(m->helo));
	row_set(row, "from",
	    json_slice(m->sender.ptr != NULL ? m->sender : SLICE("")));
	row_set(row, "recipients", json_integer(m->recipients));
	row_set(row, "subject", json_slice(m->subject));
	row_set(row, "header_from", json_slice(m->header_from));
	row_set(row, "message_id", json_slice(m->message_id));
	row_set(row, "size", json_integer(m->size));
	row_set(row, "received", json_time(m->received_ms));
	row_set(row, "expires", json_time(m->expires_ms));
	row_set(row, "score", json_real(m->score));
	row_set(row, "class", json_slice(m->class));
	row_set(row, "policy", json_integer(m->policy));
	if (m->symbols.ptr != NULL)
		row_set(row, "symbols",
		    json_loadb(m->symbols.ptr, m->symbols.len, 0, NULL));
	return row;
}

static void
on_lanes(void *arg, json_t *lanes)
{
	struct showing *s = arg;
	struct call *call = s->call;
	struct db *reader = call_parts(call)->reader;
	struct db_message m;
	struct error err;
	char id[ID_TEXT_BYTES];

	if (call_is_ending(call)) {
		json_decref(lanes);
		mem_free(s);
		call_done(call);
		return;
	}
	s->lanes = lanes;
	s->recipients = json_array();
	s->events = json_array();
	int rc = db_message_get(reader, s->id, &m, &err);
	json_t *row = rc > 0 ? message_row(&m) : NULL;
	db_get_done(reader);
	if (rc > 0 &&
	    (db_recipients_of(reader, s->id, on_recipient, s, &err) != 0 ||
		db_event_of(reader, s->id, on_history, s, &err) != 0))
		rc = -1;
	if (rc > 0) {
		(void)json_object_set(row, "open", s->recipients);
		(void)json_object_set(row, "events", s->events);
		call_row_take(call, json_incref(row));
		call_done(call);
	} else if (rc < 0) {
		call_fail(call, &err);
	} else {
		id_to_text(s->id, id);
		call_failf(
		    call, ERROR_NOT_FOUND, "no message has the id %s", id);
	}
	json_decref(row);
	json_decref(s->lanes);
	json_decref(s->recipients);
	json_decref(s->events);
	mem_free(s);
}

/* The id argument; false and the call has failed if it is none. */
static bool
get_id(struct call *call, const char *text, uint64_t *out)
{
	if (id_from_text(slice_of(text), out) == 0)
		return true;
	call_failf(call, ERROR_USAGE,
	    "\"%.64s\" is no message id (13 letters and digits)", text);
	return false;
}

void
op_queue_show(struct call *call)
{
	uint64_t id;

	if (!get_id(call, call_text(call, "id"), &id))
		return;
	struct showing *s = MEM_NEW(struct showing);
	s->call = call;
	s->id = id;
	delivery_inspect(
	    call_parts(call)->delivery, call_parts(call)->loop, on_lanes, s);
}

/* --- cat --------------------------------------------------------------- */

struct cat {
	uint64_t id;
	int64_t chunks;
	int64_t chunk;
};

static void
send_bytes(struct call *call, struct slice data)
{
	unsigned char text[CAT_BYTES / 3 * 4 + 1];

	while (data.len != 0) {
		struct slice piece = slice_sub(data, 0, CAT_BYTES);
		(void)EVP_EncodeBlock(
		    text, (const unsigned char *)piece.ptr, (int)piece.len);
		call_row_take(
		    call, json_pack("{s:s}", "base64", (const char *)text));
		data = slice_sub(data, piece.len, SIZE_MAX);
	}
}

static void
produce_cat(struct call *call)
{
	struct cat *c = call->state;
	struct db *reader = call_parts(call)->reader;
	struct slice data;
	struct error err;
	int rc = 1;

	while (rc > 0 && !call_is_full(call)) {
		if (c->chunk == (c->chunks != 0 ? c->chunks : 1)) {
			call_done(call);
			return;
		}
		rc = c->chunks != 0
		    ? db_chunk_get(reader, c->id, c->chunk, &data, &err)
		    : db_body_get(reader, c->id, &data, &err);
		c->chunk++;
		if (rc > 0)
			send_bytes(call, data);
		db_get_done(reader);
	}
	if (rc < 0)
		call_fail(call, &err);
	else if (rc == 0)
		call_failf(call, ERROR_NOT_FOUND,
		    "the message is done and its body is gone");
}

void
op_queue_cat(struct call *call)
{
	struct db *reader = call_parts(call)->reader;
	struct cat *c = MEM_NEW(struct cat);
	struct db_message m;
	struct error err;

	call->state = c;
	call->stop = free_state;
	if (!get_id(call, call_text(call, "id"), &c->id))
		return;
	int rc = db_message_get(reader, c->id, &m, &err);
	c->chunks = rc > 0 ? m.chunks : 0;
	db_get_done(reader);
	if (rc < 0) {
		call_fail(call, &err);
	} else if (rc == 0) {
		call_failf(call, ERROR_NOT_FOUND, "no message has the id %s",
		    call_text(call, "id"));
	} else {
		call->produce = produce_cat;
		produce_cat(call);
	}
}

/* --- hold, release, retry, bounce, delete ------------------------------- */

enum act { ACT_HOLD = 0, ACT_RELEASE, ACT_RETRY, ACT_BOUNCE, ACT_DELETE };

struct target {
	uint64_t id;
	uint32_t seq;
};

struct bulk {
	struct store_job job;
	struct call *call;
	enum act act;
	struct db_selector selector;
	char domain[300];
	bool has_ids;
	size_t next_id; /* of the ids given */
	uint64_t after_id;
	int64_t after_seq;
	struct target page[PAGE_ROWS];
	size_t count;
	int64_t changed, changed_here;
	int64_t missing; /* ids without open recipients */
	char actor[64];
};

static bool
on_target(const struct db_queued *q, void *arg)
{
	struct bulk *b = arg;

	b->page[b->count++] =
	    (struct target){q->recipient.message_id, q->recipient.seq};
	b->after_id = q->recipient.message_id;
	b->after_seq = q->recipient.seq;
	return b->count < PAGE_ROWS;
}

static bool
on_target_of_id(const struct db_recipient *r, void *arg)
{
	struct bulk *b = arg;

	if (b->count < PAGE_ROWS &&
	    (r->message_id != b->after_id || (int64_t)r->seq > b->after_seq))
		b->page[b->count++] = (struct target){r->message_id, r->seq};
	return b->count < PAGE_ROWS;
}

static int
event_of(struct db *db, struct bulk *b, const struct target *t,
    const char *name, const char *text)
{
	struct db_message m;
	struct db_recipient r;
	struct error *err = &b->job.err;
	char words[200];

	if (db_message_get(db, t->id, &m, err) <= 0 ||
	    db_recipient_get(db, t->id, t->seq, &r, err) <= 0)
		return -1;
	(void)snprintf(words, sizeof(words), "%s by %s", text, b->actor);
	struct db_event e = {
	    .time_ms = clock_wall_ms(),
	    .event = slice_of(name),
	    .message_id = t->id,
	    .account = m.account,
	    .credential = m.credential,
	    .subuser = m.subuser,
	    .sender = m.sender.ptr != NULL ? m.sender : SLICE(""),
	    .recipient = r.address,
	    .zone = r.zone,
	    .source = r.source,
	    .text = slice_of(words),
	    .has_score = true,
	    .score = m.score,
	};
	int rc = db_event_insert(db, &e, err);
	db_get_done(db);
	return rc;
}

/* Bounced rows expire at once: delivery sees that, and tells the sender. */
static int
act_on(struct db *db, struct bulk *b, const struct target *t)
{
	static const char *const events[] = {
	    [ACT_HOLD] = "held",
	    [ACT_RELEASE] = "released",
	    [ACT_RETRY] = "retried",
	    [ACT_BOUNCE] = "cancelled",
	    [ACT_DELETE] = "cancelled",
	};
	static const char *const texts[] = {
	    [ACT_HOLD] = "held",
	    [ACT_RELEASE] = "released",
	    [ACT_RETRY] = "retried",
	    [ACT_BOUNCE] = "bounced",
	    [ACT_DELETE] = "deleted",
	};
	struct error *err = &b->job.err;
	struct db_recipient r = {0};
	int64_t now_ms = clock_wall_ms();
	bool is_changed = false;

	/* It may be delivered meanwhile. */
	int rc = db_recipient_get(db, t->id, t->seq, &r, err);
	enum db_state state = r.state;
	db_get_done(db);
	if (rc <= 0)
		return rc;
	switch (b->act) {
	case ACT_HOLD:
		is_changed = state != DB_WAITS_HELD;
		break;
	case ACT_RELEASE:
		is_changed = state == DB_WAITS_HELD;
		break;
	case ACT_RETRY:
		is_changed = state != DB_WAITS_HELD;
		break;
	case ACT_BOUNCE:
	case ACT_DELETE:
		is_changed = true;
		break;
	}
	if (!is_changed)
		return 0;
	b->changed_here++;
	if (event_of(db, b, t, events[b->act], texts[b->act]) != 0)
		return -1;
	switch (b->act) {
	case ACT_HOLD:
		return db_recipient_set_state(
		    db, t->id, t->seq, -1, DB_WAITS_HELD, 0, &is_changed, err);
	case ACT_RELEASE:
	case ACT_RETRY:
		return db_recipient_set_state(db, t->id, t->seq, -1,
		    state == DB_DEFERRED ? DB_DEFERRED : DB_QUEUED, now_ms,
		    &is_changed, err);
	case ACT_BOUNCE:
		return db_recipient_expire(db, t->id, t->seq, now_ms, err);
	case ACT_DELETE:
		return db_recipient_finish(db, t->id, t->seq, err);
	}
	return 0;
}

static enum store_result
run_page(struct db *db, struct store_job *job)
{
	struct bulk *b = (struct bulk *)job;

	b->changed_here = 0;
	for (size_t i = 0; i < b->count; i++)
		if (act_on(db, b, &b->page[i]) < 0)
			return STORE_FAILED;
	return STORE_DONE;
}

static void next_page(struct bulk *b);

static void
on_page_done(struct store_job *job)
{
	struct bulk *b = (struct bulk *)job;

	if (call_is_ending(b->call)) {
		struct call *call = b->call;
		mem_free(b);
		call_done(call);
		return;
	}
	if (job->is_failed) {
		struct call *call = b->call;
		struct error err = job->err;
		delivery_refresh(call_parts(call)->delivery, NULL);
		mem_free(b);
		call_fail(call, &err);
		return;
	}
	b->changed += b->changed_here;
	next_page(b);
}

static void
finish_bulk(struct bulk *b)
{
	struct call *call = b->call;

	delivery_refresh(call_parts(call)->delivery, NULL);
	int64_t changed = b->changed;
	int64_t missing = b->missing;
	mem_free(b);
	if (changed == 0 && missing != 0) {
		call_failf(
		    call, ERROR_NOT_FOUND, "nothing of that is in the queue");
		return;
	}
	call_row_take(call, json_pack("{s:I}", "changed", (json_int_t)changed));
	call_done(call);
}

/* The recipients of the next id; -1 failed, 0 no more ids. */
static int
page_of_id(struct bulk *b, struct error *err)
{
	json_t *ids = json_object_get(b->call->args, "ids");
	uint64_t id;

	while (b->next_id < json_array_size(ids) && b->count == 0) {
		const char *text =
		    json_string_value(json_array_get(ids, b->next_id));
		if (id_from_text(slice_of(text), &id) != 0)
			return error_set_kind(err, ERROR_USAGE,
			    "\"%.64s\" is no message id", text);
		if (db_recipients_of(call_parts(b->call)->reader, id,
			on_target_of_id, b, err) != 0)
			return -1;
		if (b->count == PAGE_ROWS) {
			b->after_id = id;
			b->after_seq = b->page[b->count - 1].seq;
			return 1;
		}
		b->missing += b->count == 0 && b->after_id != id;
		b->next_id++;
	}
	return b->count != 0;
}

static void
next_page(struct bulk *b)
{
	struct call *call = b->call;
	struct error err;
	int rc;

	b->count = 0;
	if (b->has_ids) {
		rc = page_of_id(b, &err);
	} else {
		rc = db_queue_select(call_parts(call)->reader, &b->selector,
		    b->after_id, b->after_seq, PAGE_ROWS, on_target, b, &err);
		rc = rc == 0 ? b->count != 0 : rc;
	}
	if (rc < 0) {
		mem_free(b);
		call_fail(call, &err);
	} else if (rc == 0) {
		finish_bulk(b);
	} else {
		b->job.origin = call_parts(call)->loop;
		b->job.run = run_page;
		b->job.done = on_page_done;
		store_give(call_parts(call)->store, &b->job);
	}
}

void
op_queue_act(struct call *call)
{
	static const char *const names[] = {
	    "hold", "release", "retry", "bounce", "delete"};
	struct bulk *b = MEM_NEW(struct bulk);

	b->call = call;
	b->after_seq = -1;
	(void)snprintf(b->actor, sizeof(b->actor), "%s", call->actor);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(call->op->name + strlen("queue."), names[i]) == 0)
			b->act = (enum act)i;
	b->has_ids = json_array_size(json_object_get(call->args, "ids")) != 0;
	if (json_object_size(call->args) == 0) {
		mem_free(b);
		call_failf(call, ERROR_USAGE,
		    "%s needs ids or a selector (for all: --newer 9999d)",
		    call->op->words);
		return;
	}
	if (b->has_ids && json_object_size(call->args) > 1) {
		mem_free(b);
		call_failf(
		    call, ERROR_USAGE, "give ids or a selector, not both");
		return;
	}
	if (!call_selector(call, &b->selector, b->domain)) {
		mem_free(b);
		return;
	}
	next_page(b);
}
