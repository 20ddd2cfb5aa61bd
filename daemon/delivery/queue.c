/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recipients in memory and on disk. A zone holds a bounded number of them;
 * the rest is read in order of due time, behind a place that only moves back
 * when something is put on disk before it. What is in memory already is told
 * by the table of recipients, so a row that is read twice does no harm.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/delivery/worker.h"
#include "db/message.h"

#define LOADED_MAX 20000
#define LOADED_LOW (LOADED_MAX / 2)
#define READ_ROWS 500
#define LATEST_LOOK_MS 60000
#define LATEST_PAUSED_LOOK_MS 600000

static void on_zone_timer(void *arg);

struct zone *
zone_get(struct worker *w, const char *name)
{
	struct zone *z;

	HASH_FIND_STR(w->zones, name, z);
	if (z != NULL)
		return z;
	z = MEM_NEW(struct zone);
	z->name = mem_strdup(name);
	z->worker = w;
	z->timer = timer_new(w->loop, on_zone_timer, z);
	HASH_ADD_KEYPTR(hh, w->zones, z->name, strlen(z->name), z);
	return z;
}

const struct config_zone *
zone_config(const struct zone *z)
{
	return config_zone_find(z->worker->setup->config, slice_of(z->name));
}

bool
zone_may_send(const struct zone *z)
{
	return !z->worker->is_draining && zone_config(z) != NULL &&
	    !setup_is_paused(z->worker->setup, z->name);
}

void
recipient_free(struct recipient *r)
{
	struct zone *z = r->zone;

	HASH_DEL(z->worker->recipients, r);
	z->loaded--;
	if (r->domain != NULL)
		domain_unuse(r->domain);
	if (r->lane != NULL)
		r->lane->users--;
	outgoing_unref(r->outgoing);
	mem_free(r);
	if (z->has_more && z->loaded <= LOADED_LOW)
		zone_read(z);
}

static bool
is_loaded(struct worker *w, uint64_t id, uint32_t seq)
{
	struct place place = {id, seq};
	struct recipient *r;

	HASH_FIND(hh, w->recipients, &place, sizeof(place), r);
	return r != NULL;
}

/* The stored source if it may still be used, else another of the zone. */
static void
choose_source(struct recipient *r, const char *stored)
{
	const struct setup *setup = r->zone->worker->setup;
	const struct config_zone *zone = zone_config(r->zone);
	const struct config_source *s = NULL;

	if (zone == NULL)
		return;
	if (stored != NULL)
		s = route_source_named(zone, &setup->state, slice_of(stored));
	if (s == NULL)
		s = route_source(zone, &setup->state, r->place.id);
	if (s != NULL)
		(void)snprintf(r->source, sizeof(r->source), "%s", s->address);
}

static void
refuse_expired(struct recipient *r)
{
	struct smtp_reply reply =
	    smtp_reply_local(550, 4, 7, "not delivered within its lifetime");

	report_one(r, &reply, NULL, true);
}

void
zone_add(
    struct zone *z, struct outgoing *o, const struct delivery_recipient *from)
{
	struct worker *w = z->worker;
	const struct config_zone *config = zone_config(z);

	if (is_loaded(w, o->id, from->seq))
		return;
	struct recipient *r =
	    mem_alloc(sizeof(*r) + from->address.len + from->orcpt.len + 2);
	r->place = (struct place){o->id, from->seq};
	r->outgoing = outgoing_ref(o);
	r->zone = z;
	r->attempts = from->attempts;
	r->expires_ms = from->expires_ms;
	r->notify = from->notify;
	r->is_delay_told = from->is_delay_told;
	memcpy(r->address, from->address.ptr, from->address.len);
	if (from->orcpt.ptr != NULL) {
		char *orcpt = r->address + from->address.len + 1;
		memcpy(orcpt, from->orcpt.ptr, from->orcpt.len);
		r->orcpt = orcpt;
	}
	HASH_ADD(hh, w->recipients, place, sizeof(r->place), r);
	z->loaded++;
	choose_source(r, from->source);
	if (clock_wall_ms() >= r->expires_ms) {
		refuse_expired(r);
	} else if (config != NULL && config->source_count != 0 &&
	    r->source[0] == '\0') {
		/* Not from an address the zone does not have. */
		struct smtp_reply reply = smtp_reply_local(
		    451, 3, 5, "every source of zone %s is disabled", z->name);
		report_one(r, &reply, NULL, false);
	} else {
		domain_place(r);
	}
}

struct reading {
	struct zone *zone;
	struct outgoing *last; /* rows of one message share it */
	int64_t rows;
	bool only_expired;
};

/* A paused zone's mail is passed over, but not beyond its expiry. */
static void
pass_over(struct zone *z, int64_t expires_ms)
{
	if (z->expiry_ms == 0 || expires_ms < z->expiry_ms)
		z->expiry_ms = expires_ms;
}

static struct outgoing *
outgoing_of(const struct db_queued *row)
{
	struct outgoing *o = outgoing_new();

	o->id = row->recipient.message_id;
	o->account = arena_slice(&o->arena, row->account);
	o->credential = arena_slice(&o->arena, row->credential);
	o->sender = arena_slice(&o->arena, row->sender);
	o->received_ms = row->received_ms;
	o->expires_ms = row->recipient.expires_ms;
	o->first_retry_ms = row->first_retry_ms;
	o->size = row->size;
	o->chunks = row->chunks;
	o->is_8bit = row->is_8bit;
	o->score = row->score;
	o->policy = row->policy;
	o->subuser = arena_slice(&o->arena, row->subuser);
	o->envid = arena_slice(&o->arena, row->envid);
	o->ret = row->ret;
	o->is_utf8 = row->is_utf8;
	o->requires_tls = row->requires_tls;
	return o;
}

static bool
on_row(const struct db_queued *row, void *arg)
{
	struct reading *reading = arg;
	struct zone *z = reading->zone;
	const struct db_recipient *r = &row->recipient;
	char source[SOURCE_BYTES] = "";

	reading->rows++;
	z->read_due_ms = r->due_ms;
	z->read_id = r->message_id;
	z->read_seq = r->seq;
	if (is_loaded(z->worker, r->message_id, r->seq))
		return true;
	if (reading->only_expired && clock_wall_ms() < r->expires_ms) {
		pass_over(z, r->expires_ms);
		return true;
	}
	if (reading->last == NULL || reading->last->id != r->message_id) {
		outgoing_unref(reading->last);
		reading->last = outgoing_of(row);
	}
	if (r->source.len < sizeof(source) && r->source.len != 0)
		memcpy(source, r->source.ptr, r->source.len);
	struct delivery_recipient from = {
	    .seq = r->seq,
	    .source = source[0] != '\0' ? source : NULL,
	    .address = r->address,
	    .attempts = r->attempts,
	    .expires_ms = r->expires_ms,
	    .notify = r->notify,
	    .orcpt = r->orcpt,
	    .is_delay_told = r->is_delay_told,
	};
	zone_add(z, reading->last, &from);
	return true;
}

static void
reset_cursor(struct zone *z)
{
	z->read_due_ms = 0;
	z->read_id = 0;
	z->read_seq = -1;
}

/* One slice of what is due; more follows in another turn. */
static void
read_slice(void *arg)
{
	struct zone *z = arg;
	struct worker *w = z->worker;
	struct error err;
	int64_t now_ms = clock_wall_ms();
	int64_t next_ms = 0;
	/* A paused zone sends nothing, but its mail expires all the same. */
	struct reading reading = {
	    .zone = z,
	    .only_expired = !zone_may_send(z),
	};

	z->is_reading = false;
	if (w->is_draining)
		return;
	if (z->loaded >= LOADED_MAX) {
		/* Goes on when there is room. */
		z->has_more = true;
		return;
	}
	int rc = db_queue_due(w->reader, slice_of(z->name), z->read_due_ms,
	    z->read_id, z->read_seq, now_ms, READ_ROWS, on_row, &reading, &err);
	outgoing_unref(reading.last);
	if (rc == 0 && reading.rows == READ_ROWS) {
		z->has_more = true;
		zone_read(z);
		return;
	}
	z->has_more = false;
	if (rc == 0)
		rc = db_queue_next_due(
		    w->reader, slice_of(z->name), now_ms, &next_ms, &err);
	if (rc != 0) {
		log_error(NULL, "delivery.read_failed",
		    LOG_TEXT("zone", z->name), LOG_TEXT("why", err.text));
		next_ms = now_ms + 1000;
	}
	if (reading.only_expired) {
		/* From the start again, when the first of them expires. */
		reset_cursor(z);
		if (z->expiry_ms != 0 &&
		    (next_ms == 0 || z->expiry_ms < next_ms))
			next_ms = z->expiry_ms;
		z->expiry_ms = 0;
	}
	if (next_ms != 0)
		zone_note_due(z, next_ms);
}

void
zone_read(struct zone *z)
{
	if (z->is_reading || z->worker->is_draining)
		return;
	if (z->loaded >= LOADED_MAX) {
		z->has_more = true;
		return;
	}
	z->is_reading = true;
	timer_start(z->timer, 0);
	z->timer_due_ms = 0;
}

static void
on_zone_timer(void *arg)
{
	struct zone *z = arg;

	z->timer_due_ms = 0;
	read_slice(z);
}

void
zone_note_due(struct zone *z, int64_t due_ms)
{
	int64_t now_ms = clock_wall_ms();
	int64_t after_ms = due_ms > now_ms ? due_ms - now_ms : 0;

	if (z->is_reading ||
	    (z->timer_due_ms != 0 && z->timer_due_ms <= due_ms))
		return;
	/* The wall clock may jump: never sleep for long by it. */
	int64_t latest_ms =
	    zone_may_send(z) ? LATEST_LOOK_MS : LATEST_PAUSED_LOOK_MS;
	if (after_ms > latest_ms)
		after_ms = latest_ms;
	z->timer_due_ms = due_ms;
	timer_start(z->timer, after_ms);
}

/* Reading goes on from before a row. */
static void
pull_cursor(struct zone *z, int64_t due_ms, uint64_t id, int64_t seq)
{
	bool is_before = due_ms < z->read_due_ms ||
	    (due_ms == z->read_due_ms &&
		(id < z->read_id || (id == z->read_id && seq <= z->read_seq)));

	if (!is_before)
		return;
	z->read_due_ms = due_ms;
	z->read_id = id;
	z->read_seq = seq - 1;
}

void
zone_deferred(struct zone *z, int64_t due_ms, uint64_t id, int64_t seq)
{
	pull_cursor(z, due_ms, id, seq);
	zone_note_due(z, due_ms);
}

void
zone_rewind(struct zone *z, int64_t due_ms, uint64_t id, int64_t seq)
{
	pull_cursor(z, due_ms, id, seq);
	z->has_more = true;
	if (z->loaded <= LOADED_LOW)
		zone_read(z);
}

void
zone_refresh(struct zone *z)
{
	struct recipient *r;
	struct recipient *next;

	z->has_more = false;
	HASH_ITER(hh, z->worker->recipients, r, next)
	{
		if (r->zone != z)
			continue;
		if (r->stage == STAGE_RESOLVING) {
			if (r->domain != NULL)
				TAILQ_REMOVE(&r->domain->waiting, r, entry);
			recipient_free(r);
		} else if (r->stage == STAGE_LANE) {
			lane_dequeue(r);
			recipient_free(r);
		}
	}
	reset_cursor(z);
	zone_read(z);
}

void
worker_check_drained(struct worker *w)
{
	if (w->drain_fn == NULL || w->reports != 0 || w->clients != 0)
		return;
	void (*fn)(struct worker *) = w->drain_fn;
	w->drain_fn = NULL;
	fn(w);
}

void
zones_free(struct worker *w)
{
	struct recipient *r;
	struct recipient *next_r;
	struct zone *z;
	struct zone *next_z;
	struct lane *l;
	struct lane *next_l;

	HASH_ITER(hh, w->recipients, r, next_r)
	{
		HASH_DEL(w->recipients, r);
		if (r->domain != NULL)
			domain_unuse(r->domain);
		outgoing_unref(r->outgoing);
		mem_free(r);
	}
	HASH_ITER(hh, w->zones, z, next_z)
	{
		HASH_ITER(hh, z->lanes, l, next_l)
		lane_free(l);
		HASH_DEL(w->zones, z);
		timer_free(z->timer);
		mem_free(z->name);
		mem_free(z);
	}
}
