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
	int64_t due_ms; /* deferred */
};

struct report {
	struct store_job job; /* first */
	struct worker *worker;
	struct outgoing *outgoing;
	struct setup *setup;
	struct timer *again;
	struct result *results;
	size_t count, room;
	/* The notification, if one is due. */
	struct body *dsn;
	uint64_t dsn_id;
	const struct config_zone *dsn_zone; /* of setup */
	const struct config_source *dsn_source;
	char dsn_reason[ROUTE_REASON_BYTES];
	int64_t dsn_now_ms;
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
	body_unref(rep->dsn);
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
	*x = (struct result){.recipient = r, .reply = *a->reply, .ms = a->ms};
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

static int
store_result(struct db *db, struct report *rep, const struct result *x)
{
	const struct recipient *r = x->recipient;
	char enhanced[SMTP_ENHANCED_BYTES];

	if (insert_event(db, rep, x) != 0)
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
	};
	return db_recipient_defer(db, &row, &rep->job.err);
}

/* The notification is a message like any other, with the null sender. */
static int
store_dsn(struct db *db, struct report *rep)
{
	const struct outgoing *o = rep->outgoing;
	int64_t expires_ms =
	    rep->dsn_now_ms + rep->setup->config->delivery.lifetime;
	struct db_message m = {
	    .id = rep->dsn_id,
	    .account = o->account,
	    .sender = SLICE(""),
	    .recipients = 1,
	    .received_ms = rep->dsn_now_ms,
	    .expires_ms = expires_ms,
	    .size = (int64_t)rep->dsn->len,
	    .is_8bit = true,
	    .subject = SLICE("Your message could not be delivered"),
	    .action = DB_MADE_HERE,
	    .policy = o->policy,
	};
	struct db_recipient r = {
	    .message_id = rep->dsn_id,
	    .address = o->sender,
	    .zone = slice_of(rep->dsn_zone->name),
	    .zone_reason = slice_of(rep->dsn_reason),
	    .source = slice_of(
		rep->dsn_source != NULL ? rep->dsn_source->address : NULL),
	    .due_ms = rep->dsn_now_ms,
	    .expires_ms = expires_ms,
	};
	struct db_event e = {
	    .time_ms = rep->dsn_now_ms,
	    .event = SLICE("accepted"),
	    .message_id = rep->dsn_id,
	    .account = o->account,
	    .sender = SLICE(""),
	    .recipient = o->sender,
	    .zone = r.zone,
	    .source = r.source,
	    .text = SLICE("notification"),
	};

	if (db_message_insert(db, &m, &rep->job.err) != 0 ||
	    db_body_insert(db, rep->dsn_id,
		slice_make(rep->dsn->bytes, rep->dsn->len),
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
	if (rep->dsn != NULL && store_dsn(db, rep) != 0)
		return STORE_FAILED;
	return STORE_DONE;
}

static void
committed(struct store_job *job)
{
	struct report *rep = (struct report *)job;
	const struct outgoing *from = rep->outgoing;

	if (rep->dsn == NULL)
		return;
	struct outgoing *o = outgoing_new();
	o->id = rep->dsn_id;
	o->account = arena_slice(&o->arena, from->account);
	o->sender = SLICE("");
	o->received_ms = rep->dsn_now_ms;
	o->expires_ms = rep->dsn_now_ms + rep->setup->config->delivery.lifetime;
	o->size = (int64_t)rep->dsn->len;
	o->is_8bit = true;
	o->policy = from->policy;
	struct delivery_recipient r = {
	    .zone = rep->dsn_zone->name,
	    .source = rep->dsn_source != NULL ? rep->dsn_source->address : NULL,
	    .address = from->sender,
	    .due_ms = rep->dsn_now_ms,
	};
	delivery_hand_over(rep->worker->delivery, o, rep->dsn, &r, 1);
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
		log_result(rep, x);
		recipient_free(x->recipient);
		if (x->outcome == OUTCOME_DEFERRED)
			zone_note_due(z, x->due_ms);
	}
	report_free(rep);
	w->reports--;
	worker_check_drained(w);
}

/* The start of the message, for its header; from memory or from disk. */
static struct slice
read_header(struct report *rep)
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

static size_t
collect_failed(struct report *rep, struct dsn_recipient *out)
{
	size_t count = 0;

	for (size_t i = 0; i < rep->count && count < RECIPIENTS_MAX; i++) {
		const struct result *x = &rep->results[i];
		if (x->outcome != OUTCOME_BOUNCED &&
		    x->outcome != OUTCOME_EXPIRED)
			continue;
		out[count++] = (struct dsn_recipient){
		    .address = slice_of(x->recipient->address),
		    .reply = &x->reply,
		    .remote_mta = slice_of(x->reply.is_local ? "" : x->host),
		    .is_expired = x->outcome == OUTCOME_EXPIRED,
		};
	}
	return count;
}

static void
choose_dsn_zone(struct report *rep)
{
	struct route_facts facts = {
	    .account = rep->outgoing->account,
	    .recipient_domain = smtp_address_domain(rep->outgoing->sender),
	};
	struct route_choice choice;

	route_choose(rep->setup->config,
	    policy_for(rep->setup->policies, facts.account), &rep->setup->state,
	    &facts, &choice);
	rep->dsn_zone = choice.zone;
	rep->dsn_source =
	    route_source(choice.zone, &rep->setup->state, rep->dsn_id);
	(void)snprintf(
	    rep->dsn_reason, sizeof(rep->dsn_reason), "%s", choice.reason);
}

/* Tells the sender, if anyone was given up and the sender wants to know. */
static void
make_dsn(struct report *rep)
{
	const struct outgoing *o = rep->outgoing;
	char id[ID_TEXT_BYTES];
	char original[ID_TEXT_BYTES];
	struct dsn_recipient *failed =
	    mem_alloc((rep->count + 1) * sizeof(*failed));
	struct buf text = buf_make(DSN_BYTES_MAX);

	size_t count = collect_failed(rep, failed);
	struct slice header = count != 0 ? read_header(rep) : SLICE("");
	if (count != 0 && dsn_is_wanted(o->sender, header)) {
		rep->dsn_now_ms = clock_wall_ms();
		rep->dsn_id = id_next(rep->dsn_now_ms);
		id_to_text(rep->dsn_id, id);
		id_to_text(o->id, original);
		struct dsn d = {
		    .id = id,
		    .original_id = original,
		    .hostname = rep->setup->config->hostname,
		    .to = o->sender,
		    .now_ms = rep->dsn_now_ms,
		    .arrival_ms = o->received_ms,
		    .recipients = failed,
		    .recipient_count = count,
		    .original_header = header,
		};
		if (dsn_write(&text, &d) == 0) {
			rep->dsn = body_new(text.len);
			memcpy(rep->dsn->bytes, text.ptr, text.len);
			choose_dsn_zone(rep);
		}
	}
	db_get_done(rep->worker->reader);
	buf_free(&text);
	mem_free(failed);
}

void
report_send(struct report *rep)
{
	rep->worker->reports++;
	make_dsn(rep);
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
