/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of recipients, onto disk: the event, the recipient's next state
 * and, for those given up, the notification to the sender are one
 * transaction. A result that can't be stored is given again until it can, and
 * nothing new is sent meanwhile: otherwise a restart would send it twice.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "daemon/delivery/worker.h"
#include "db/event.h"
#include "db/message.h"
#include "routing/classify.h"
#include "routing/retry.h"
#include "smtp/address.h"
#include "smtp/dsn.h"

#define AGAIN_MS 1000
#define DSN_BYTES_MAX (512 << 10)
#define RECIPIENTS_MAX 1000
#define FULL_BYTES_MAX (256 << 10) /* of a message returned whole */

enum outcome {
	OUTCOME_DELIVERED,
	OUTCOME_DEFERRED,
	OUTCOME_BOUNCED,
	OUTCOME_EXPIRED
};

struct result {
	struct recipient *recipient;
	enum outcome outcome;
	enum reply_class class;
	struct smtp_reply reply;
	char host[MX_NAME_BYTES];
	char tls[80];
	int64_t ms;
	int64_t due_ms;        /* deferred */
	int64_t stored_due_ms; /* of the row in the end; 0: it is gone */
	bool is_dsn_passed;
	bool is_delay_due; /* the sender is told of the delay now */
};

/* A notification to the sender, one for each kind of news. */
struct notice {
	struct body *body; /* null: none */
	uint64_t id;
	const char *subject;
	const struct config_zone *zone; /* of the report's setup */
	const struct config_source *source;
	char reason[ROUTE_REASON_BYTES];
	bool is_utf8;
};

#define NOTICES 3 /* enum dsn_action */

struct report {
	struct store_job job; /* first */
	struct worker *worker;
	struct outgoing *outgoing;
	struct setup *setup;
	struct timer *again;
	struct result *results;
	size_t count, room;
	struct notice notices[NOTICES];
	int64_t now_ms; /* of the notices */
};

struct report *
report_new(struct worker *w, struct outgoing *o)
{
	struct report *rep = MEM_NEW(struct report);

	rep->worker = w;
	rep->outgoing = outgoing_ref(o);
	rep->setup = setup_ref(w->setup);
	return rep;
}

static void
report_free(struct report *rep)
{
	timer_free(rep->again);
	outgoing_unref(rep->outgoing);
	setup_unref(rep->setup);
	for (int i = 0; i < NOTICES; i++)
		body_unref(rep->notices[i].body);
	mem_free(rep->results);
	mem_free(rep);
}

static int64_t
next_try_ms(const struct report *rep, const struct recipient *r, int64_t now_ms)
{
	const struct config *config = rep->setup->config;
	struct retry_plan plan = {
	    .waits_ms = config->delivery.retry,
	    .count = config->delivery.retry_count,
	    .first_ms = rep->outgoing->first_retry_ms,
	};

	return retry_due_ms(&plan, r->attempts + 1, now_ms,
	    r->place.id + r->place.seq + (uint64_t)r->attempts);
}

void
report_add(struct report *rep, struct recipient *r, const struct attempt *a)
{
	int64_t now_ms = clock_wall_ms();

	if (rep->count == rep->room) {
		rep->room = rep->room != 0 ? rep->room * 2 : 1;
		rep->results = mem_realloc(
		    rep->results, rep->room * sizeof(*rep->results));
	}
	struct result *x = &rep->results[rep->count++];
	*x = (struct result){
	    .recipient = r,
	    .reply = *a->reply,
	    .ms = a->ms,
	    .is_dsn_passed = a->is_dsn_passed,
	};
	if (a->host != NULL)
		(void)snprintf(x->host, sizeof(x->host), "%s", a->host);
	if (a->tls != NULL)
		(void)snprintf(x->tls, sizeof(x->tls), "%s", a->tls);
	x->class = classify_reply(&x->reply);
	r->stage = STAGE_REPORTING;
	if (a->is_expired) {
		x->outcome = OUTCOME_EXPIRED;
	} else if (smtp_reply_is_success(&x->reply)) {
		x->outcome = OUTCOME_DELIVERED;
	} else if (smtp_reply_is_permanent(&x->reply)) {
		x->outcome = OUTCOME_BOUNCED;
	} else {
		x->due_ms = next_try_ms(rep, r, now_ms);
		/* No try would come before its time is over. */
		x->outcome = now_ms >= r->expires_ms ? OUTCOME_EXPIRED
						     : OUTCOME_DEFERRED;
		x->is_delay_due = x->outcome == OUTCOME_DEFERRED &&
		    (r->notify & SMTP_NOTIFY_DELAY) != 0 && !r->is_delay_told &&
		    now_ms - rep->outgoing->received_ms >=
			rep->setup->config->delivery.delay_notice;
	}
}

static int
insert_event(struct db *db, struct report *rep, const struct result *x)
{
	static const char *const names[] = {
	    [OUTCOME_DELIVERED] = "delivered",
	    [OUTCOME_DEFERRED] = "deferred",
	    [OUTCOME_BOUNCED] = "bounced",
	    [OUTCOME_EXPIRED] = "expired",
	};
	const struct recipient *r = x->recipient;
	const struct outgoing *o = rep->outgoing;
	char enhanced[SMTP_ENHANCED_BYTES];
	struct db_event e = {
	    .time_ms = clock_wall_ms(),
	    .event = slice_of(names[x->outcome]),
	    .message_id = o->id,
	    .account = o->account,
	    .credential = o->credential,
	    .subuser = o->subuser,
	    .sender = o->sender.ptr != NULL ? o->sender : SLICE(""),
	    .recipient = slice_of(r->address),
	    .zone = slice_of(r->zone->name),
	    .source = slice_of(r->source[0] != '\0' ? r->source : NULL),
	    .mx = slice_of(x->host[0] != '\0' ? x->host : NULL),
	    .code = x->reply.code,
	    .text = slice_of(x->reply.text),
	    .has_score = true,
	    .score = o->score,
	    .policy = o->policy,
	    .attempt = r->attempts + 1,
	    .tls = slice_of(x->tls[0] != '\0' ? x->tls : NULL),
	    .ms = x->ms,
	};

	smtp_enhanced_print(x->reply.enhanced, enhanced);
	if (enhanced[0] != '\0')
		e.enhanced = slice_of(enhanced);
	if (r->lane != NULL)
		e.mx_group = slice_of(r->lane->group);
	if (x->outcome != OUTCOME_DELIVERED)
		e.class = slice_of(reply_class_name(x->class));
	return db_event_insert(db, &e, &rep->job.err);
}

/* The identity that sent it is watched for lists of dead addresses. */
static int
tell_gate(struct db *db, struct report *rep, const struct result *x)
{
	const struct outgoing *o = rep->outgoing;
	struct gate_identity who = {o->account, o->credential, o->subuser};
	bool is_unknown = x->outcome == OUTCOME_BOUNCED &&
	    x->class == REPLY_INVALID_RECIPIENT;

	/* Our own notifications say nothing of the customer. */
	if (o->sender.len == 0 ||
	    (x->outcome != OUTCOME_DELIVERED && !is_unknown))
		return 0;
	return gate_note_delivery(rep->worker->delivery->gate, db, &who,
	    policy_for(rep->setup->policies, o->account), is_unknown,
	    clock_wall_ms(), &rep->job.err);
}

static int
store_result(struct db *db, struct report *rep, struct result *x)
{
	const struct recipient *r = x->recipient;
	char enhanced[SMTP_ENHANCED_BYTES];

	if (insert_event(db, rep, x) != 0 || tell_gate(db, rep, x) != 0)
		return -1;
	if (x->outcome != OUTCOME_DEFERRED)
		return db_recipient_finish(
		    db, r->place.id, (uint32_t)r->place.seq, &rep->job.err);
	smtp_enhanced_print(x->reply.enhanced, enhanced);
	struct db_recipient row = {
	    .message_id = r->place.id,
	    .seq = (uint32_t)r->place.seq,
	    .source = slice_of(r->source[0] != '\0' ? r->source : NULL),
	    .due_ms = x->due_ms,
	    .attempts = r->attempts + 1,
	    .last_ms = clock_wall_ms(),
	    .last_code = x->reply.code,
	    .last_enhanced = slice_of(enhanced),
	    .last_text = slice_of(x->reply.text),
	    .last_class = slice_of(reply_class_name(x->class)),
	    .last_mx = slice_of(x->host),
	    .mx_group = slice_of(r->lane != NULL ? r->lane->group : NULL),
	    .is_delay_told = x->is_delay_due,
	};
	return db_recipient_defer(db, &row, &x->stored_due_ms, &rep->job.err);
}

/* The notification is a message like any other, with the null sender. */
static int
store_notice(struct db *db, struct report *rep, const struct notice *n)
{
	const struct outgoing *o = rep->outgoing;
	int64_t expires_ms =
	    rep->now_ms + rep->setup->config->delivery.lifetime;
	struct db_message m = {
	    .id = n->id,
	    .account = o->account,
	    .sender = SLICE(""),
	    .recipients = 1,
	    .received_ms = rep->now_ms,
	    .expires_ms = expires_ms,
	    .size = (int64_t)n->body->len,
	    .is_8bit = true,
	    .is_utf8 = n->is_utf8,
	    .subject = slice_of(n->subject),
	    .action = DB_MADE_HERE,
	    .policy = o->policy,
	};
	struct db_recipient r = {
	    .message_id = n->id,
	    .address = o->sender,
	    .zone = slice_of(n->zone->name),
	    .zone_reason = slice_of(n->reason),
	    .source = slice_of(n->source != NULL ? n->source->address : NULL),
	    .due_ms = rep->now_ms,
	    .expires_ms = expires_ms,
	    .notify = SMTP_NOTIFY_NEVER,
	};
	struct db_event e = {
	    .time_ms = rep->now_ms,
	    .event = SLICE("accepted"),
	    .message_id = n->id,
	    .account = o->account,
	    .sender = SLICE(""),
	    .recipient = o->sender,
	    .zone = r.zone,
	    .source = r.source,
	    .text = SLICE("notification"),
	};

	if (db_message_insert(db, &m, &rep->job.err) != 0 ||
	    db_body_insert(db, n->id, slice_make(n->body->bytes, n->body->len),
		&rep->job.err) != 0 ||
	    db_recipient_insert(db, &r, &rep->job.err) != 0)
		return -1;
	return db_event_insert(db, &e, &rep->job.err);
}

/* In the store thread. */
static enum store_result
run_report(struct db *db, struct store_job *job)
{
	struct report *rep = (struct report *)job;

	for (size_t i = 0; i < rep->count; i++)
		if (store_result(db, rep, &rep->results[i]) != 0)
			return STORE_FAILED;
	for (int i = 0; i < NOTICES; i++)
		if (rep->notices[i].body != NULL &&
		    store_notice(db, rep, &rep->notices[i]) != 0)
			return STORE_FAILED;
	return STORE_DONE;
}

static void
hand_over_notice(struct report *rep, const struct notice *n)
{
	const struct outgoing *from = rep->outgoing;
	struct outgoing *o = outgoing_new();

	o->id = n->id;
	o->account = arena_slice(&o->arena, from->account);
	o->sender = SLICE("");
	o->received_ms = rep->now_ms;
	o->expires_ms = rep->now_ms + rep->setup->config->delivery.lifetime;
	o->size = (int64_t)n->body->len;
	o->is_8bit = true;
	o->is_utf8 = n->is_utf8;
	o->policy = from->policy;
	struct delivery_recipient r = {
	    .zone = n->zone->name,
	    .source = n->source != NULL ? n->source->address : NULL,
	    .address = from->sender,
	    .due_ms = rep->now_ms,
	    .expires_ms = o->expires_ms,
	    .notify = SMTP_NOTIFY_NEVER,
	};
	delivery_hand_over(rep->worker->delivery, o, n->body, &r, 1);
}

static void
committed(struct store_job *job)
{
	struct report *rep = (struct report *)job;

	for (int i = 0; i < NOTICES; i++)
		if (rep->notices[i].body != NULL)
			hand_over_notice(rep, &rep->notices[i]);
}

static void
log_result(const struct report *rep, const struct result *x)
{
	static const char *const names[] = {
	    [OUTCOME_DELIVERED] = "recipient.delivered",
	    [OUTCOME_DEFERRED] = "recipient.deferred",
	    [OUTCOME_BOUNCED] = "recipient.bounced",
	    [OUTCOME_EXPIRED] = "recipient.expired",
	};
	const struct recipient *r = x->recipient;

	log_info(NULL, names[x->outcome], LOG_ID("id", rep->outgoing->id),
	    LOG_TEXT("to", r->address), LOG_TEXT("zone", r->zone->name),
	    LOG_TEXT("source", r->source), LOG_TEXT("mx", x->host),
	    LOG_INT("code", x->reply.code), LOG_TEXT("text", x->reply.text),
	    LOG_INT("attempt", r->attempts + 1), LOG_INT("ms", x->ms));
}

static void
give_again(void *arg)
{
	struct report *rep = arg;

	store_give(rep->worker->delivery->store, &rep->job);
}

/* In the worker's thread. */
static void
on_stored(struct store_job *job)
{
	struct report *rep = (struct report *)job;
	struct worker *w = rep->worker;

	if (job->is_failed) {
		log_error(NULL, "delivery.result_not_stored",
		    LOG_ID("id", rep->outgoing->id),
		    LOG_TEXT("why", job->err.text));
		if (rep->again == NULL) {
			rep->again = timer_new(w->loop, give_again, rep);
			w->store_failures++;
		}
		timer_start(rep->again, AGAIN_MS);
		return;
	}
	if (rep->again != NULL)
		w->store_failures--;
	for (size_t i = 0; i < rep->count; i++) {
		struct result *x = &rep->results[i];
		struct zone *z = x->recipient->zone;
		struct place place = x->recipient->place;
		log_result(rep, x);
		recipient_free(x->recipient);
		if (x->outcome == OUTCOME_DEFERRED && x->stored_due_ms != 0)
			zone_deferred(
			    z, x->stored_due_ms, place.id, (int64_t)place.seq);
	}
	report_free(rep);
	w->reports--;
	worker_check_drained(w);
}

/* The message, or its start when it is in chunks; from memory or disk. */
static struct slice
read_original(struct report *rep)
{
	struct worker *w = rep->worker;
	const struct outgoing *o = rep->outgoing;
	struct slice data = SLICE("");
	struct error err;
	int rc = 1;

	if (o->body != NULL)
		return slice_make(o->body->bytes, o->body->len);
	rc = o->chunks != 0 ? db_chunk_get(w->reader, o->id, 0, &data, &err)
			    : db_body_get(w->reader, o->id, &data, &err);
	return rc > 0 ? data : SLICE("");
}

/* Is the sender told of this result (RFC 3461 4.1)? Without a NOTIFY only of
 * failures. */
static bool
is_news(const struct result *x, enum dsn_action action)
{
	unsigned int notify = x->recipient->notify;

	switch (action) {
	case DSN_FAILED:
		return (x->outcome == OUTCOME_BOUNCED ||
			   x->outcome == OUTCOME_EXPIRED) &&
		    (notify == 0 || (notify & SMTP_NOTIFY_FAILURE) != 0);
	case DSN_DELAYED:
		return x->is_delay_due;
	case DSN_RELAYED:
		return x->outcome == OUTCOME_DELIVERED && !x->is_dsn_passed &&
		    (notify & SMTP_NOTIFY_SUCCESS) != 0;
	}
	return false;
}

static size_t
collect_news(
    const struct report *rep, enum dsn_action action, struct dsn_recipient *out)
{
	size_t count = 0;

	for (size_t i = 0; i < rep->count && count < RECIPIENTS_MAX; i++) {
		const struct result *x = &rep->results[i];
		if (!is_news(x, action))
			continue;
		out[count++] = (struct dsn_recipient){
		    .action = action,
		    .address = slice_of(x->recipient->address),
		    .orcpt = slice_of(x->recipient->orcpt),
		    .reply = &x->reply,
		    .remote_mta = slice_of(x->reply.is_local ? "" : x->host),
		    .is_expired = x->outcome == OUTCOME_EXPIRED,
		};
	}
	return count;
}

static void
choose_notice_zone(struct report *rep, struct notice *n)
{
	struct route_facts facts = {
	    .account = rep->outgoing->account,
	    .recipient_domain = smtp_address_domain(rep->outgoing->sender),
	};
	struct route_choice choice;

	route_choose(rep->setup->config,
	    policy_for(rep->setup->policies, facts.account), &rep->setup->state,
	    &facts, &choice);
	n->zone = choice.zone;
	n->source = route_source(choice.zone, &rep->setup->state, n->id);
	(void)snprintf(n->reason, sizeof(n->reason), "%s", choice.reason);
}

static void
write_notice(struct report *rep, struct notice *n,
    const struct dsn_recipient *news, size_t count, struct slice original)
{
	const struct outgoing *o = rep->outgoing;
	char id[ID_TEXT_BYTES];
	char original_id[ID_TEXT_BYTES];
	struct buf text = buf_make(DSN_BYTES_MAX);

	n->id = id_next(rep->now_ms);
	id_to_text(n->id, id);
	id_to_text(o->id, original_id);
	n->is_utf8 = !utf8_is_ascii(o->sender);
	n->subject = dsn_subject(news[0].action);
	struct dsn d = {
	    .id = id,
	    .original_id = original_id,
	    .hostname = rep->setup->config->hostname,
	    .to = o->sender,
	    .now_ms = rep->now_ms,
	    .arrival_ms = o->received_ms,
	    .expires_ms = o->expires_ms,
	    .envid = o->envid,
	    .recipients = news,
	    .recipient_count = count,
	    .original = original,
	    .is_full = o->ret == SMTP_RET_FULL && o->chunks == 0 &&
		news[0].action == DSN_FAILED && original.len <= FULL_BYTES_MAX,
	    .is_utf8 = o->is_utf8,
	};
	if (dsn_write(&text, &d) == 0) {
		n->body = body_new(text.len);
		memcpy(n->body->bytes, text.ptr, text.len);
		choose_notice_zone(rep, n);
	}
	buf_free(&text);
}

/* Tells the sender what it wants to know. */
static void
make_notices(struct report *rep)
{
	struct dsn_recipient *news =
	    mem_alloc((rep->count + 1) * sizeof(*news));
	struct slice original = {0};

	rep->now_ms = clock_wall_ms();
	for (int i = 0; i < NOTICES; i++) {
		size_t count = collect_news(rep, (enum dsn_action)i, news);
		if (count != 0 && original.ptr == NULL)
			original = read_original(rep);
		if (count != 0 &&
		    dsn_is_wanted(rep->outgoing->sender, original))
			write_notice(
			    rep, &rep->notices[i], news, count, original);
	}
	db_get_done(rep->worker->reader);
	mem_free(news);
}

void
report_send(struct report *rep)
{
	rep->worker->reports++;
	make_notices(rep);
	rep->job = (struct store_job){
	    .origin = rep->worker->loop,
	    .run = run_report,
	    .committed = committed,
	    .done = on_stored,
	};
	store_give(rep->worker->delivery->store, &rep->job);
}

void
report_one(struct recipient *r, const struct smtp_reply *reply,
    const char *host, bool is_expired)
{
	struct report *rep = report_new(r->zone->worker, r->outgoing);
	struct attempt a = {
	    .reply = reply,
	    .host = host,
	    .is_expired = is_expired,
	};

	report_add(rep, r, &a);
	report_send(rep);
}
