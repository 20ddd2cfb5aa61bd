/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workers and what other threads ask of them: hand-offs, new setups,
 * refreshes, a look inside, the end.
 */
#include "daemon/delivery/delivery.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/delivery/worker.h"
#include "db/message.h"

#define SWEEP_MS 30000

static struct worker *
worker_of(struct delivery *d, const char *zone)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *zone != '\0'; zone++)
		hash = (hash ^ (unsigned char)*zone) * UINT64_C(0x100000001b3);
	return &d->workers[(hash >> 16) % d->worker_count];
}

/* --- hand-over --------------------------------------------------------- */

/* The recipients of one zone. */
struct hand_over {
	struct mail mail;
	struct worker *worker;
	struct outgoing *outgoing;
	struct arena arena; /* owns the texts */
	const char *zone;
	struct delivery_recipient *recipients;
	size_t count;
};

static void
deliver_hand_over(struct mail *mail)
{
	struct hand_over *h = (struct hand_over *)mail;
	struct zone *z = zone_get(h->worker, h->zone);

	for (size_t i = 0; i < h->count; i++) {
		const struct delivery_recipient *r = &h->recipients[i];
		if (!zone_may_send(z))
			zone_note_due(z, h->outgoing->expires_ms);
		else if (h->outgoing->body == NULL)
			zone_rewind(z, r->due_ms, h->outgoing->id, r->seq);
		else
			zone_add(z, h->outgoing, r);
	}
	outgoing_unref(h->outgoing);
	arena_free(&h->arena);
	mem_free(h);
}

/* All from `first` on that go to its zone, in one piece of mail. */
static void
hand_over_zone(struct delivery *d, struct outgoing *o,
    const struct delivery_recipient *recipients, size_t first, size_t count)
{
	const char *zone = recipients[first].zone;
	struct hand_over *h = MEM_NEW(struct hand_over);

	h->worker = worker_of(d, zone);
	h->outgoing = outgoing_ref(o);
	h->zone = arena_dup(&h->arena, slice_of(zone));
	h->recipients =
	    arena_alloc(&h->arena, (count - first) * sizeof(*h->recipients));
	for (size_t i = first; i < count; i++) {
		const struct delivery_recipient *r = &recipients[i];
		if (strcmp(r->zone, zone) != 0)
			continue;
		struct delivery_recipient *copy = &h->recipients[h->count++];
		*copy = *r;
		copy->zone = h->zone;
		if (r->source != NULL)
			copy->source =
			    arena_dup(&h->arena, slice_of(r->source));
		copy->address = arena_slice(&h->arena, r->address);
		copy->orcpt = arena_slice(&h->arena, r->orcpt);
	}
	h->mail.deliver = deliver_hand_over;
	loop_post(h->worker->loop, &h->mail);
}

void
delivery_hand_over(struct delivery *d, struct outgoing *o, struct body *body,
    const struct delivery_recipient *recipients, size_t count)
{
	int64_t len = body != NULL ? (int64_t)body->len : 0;

	if (body != NULL &&
	    atomic_fetch_add(&d->budget, len) + len <=
		atomic_load(&d->memory_max)) {
		o->body = body_ref(body);
		o->budget = &d->budget;
	} else if (body != NULL) {
		(void)atomic_fetch_sub(&d->budget, len);
	}
	for (size_t i = 0; i < count; i++) {
		bool is_first = true;
		for (size_t j = 0; j < i && is_first; j++)
			is_first =
			    strcmp(recipients[j].zone, recipients[i].zone) != 0;
		if (is_first)
			hand_over_zone(d, o, recipients, i, count);
		/* Mostly all go to one zone: then the rest is in it. */
		if (i == 0) {
			bool is_one = true;
			for (size_t j = 1; j < count && is_one; j++)
				is_one = strcmp(recipients[j].zone,
					     recipients[0].zone) == 0;
			if (is_one)
				break;
		}
	}
	outgoing_unref(o);
}

/* --- setups and refreshes --------------------------------------------- */

struct order {
	struct mail mail;
	struct worker *worker;
	struct setup *setup;
	char *zone; /* null: all */
};

static void
give_order(struct delivery *d, void (*deliver)(struct mail *),
    struct setup *setup, const char *zone)
{
	for (size_t i = 0; i < d->worker_count; i++) {
		struct worker *w = &d->workers[i];
		if (zone != NULL && worker_of(d, zone) != w)
			continue;
		struct order *o = MEM_NEW(struct order);
		o->worker = w;
		o->setup = setup != NULL ? setup_ref(setup) : NULL;
		o->zone = mem_strdup(zone);
		o->mail.deliver = deliver;
		loop_post(w->loop, &o->mail);
	}
}

static bool
on_zone_name(struct slice name, void *arg)
{
	struct worker *w = arg;
	char *copy = slice_dup(name);

	if (worker_of(w->delivery, copy) == w)
		(void)zone_get(w, copy);
	mem_free(copy);
	return true;
}

/* Every zone that is configured, or has mail. */
static void
find_zones(struct worker *w)
{
	const struct config *c = w->setup->config;
	struct error err;

	for (size_t i = 0; i < c->zone_count; i++)
		if (worker_of(w->delivery, c->zones[i].name) == w)
			(void)zone_get(w, c->zones[i].name);
	if (db_queue_zones(w->reader, on_zone_name, w, &err) != 0)
		log_error(
		    NULL, "delivery.read_failed", LOG_TEXT("why", err.text));
}

static void
refresh(struct worker *w, const char *name)
{
	find_zones(w);
	for (struct zone *z = w->zones; z != NULL; z = z->hh.next)
		if (name == NULL || strcmp(z->name, name) == 0)
			zone_refresh(z);
}

static void
forget_domains(struct worker *w, bool all)
{
	struct domain *d;
	struct domain *next;
	int64_t now_ms = clock_mono_ms();

	HASH_ITER(hh, w->domains, d, next)
	/* Answers that are still to come were asked for by the old one. */
	if (all || (d->is_ready && now_ms >= d->expires_ms)) {
		d->users++;
		HASH_DEL(w->domains, d);
		d->is_stale = true;
		domain_unuse(d);
	}
}

static void
deliver_setup(struct mail *mail)
{
	struct order *o = (struct order *)mail;
	struct worker *w = o->worker;

	setup_unref(w->setup);
	w->setup = o->setup;
	atomic_store(
	    &w->delivery->memory_max, w->setup->config->delivery.memory_max);
	/* Next hops, ports and allowed networks may be others now. */
	forget_domains(w, true);
	refresh(w, NULL);
	mem_free(o);
}

void
delivery_configure(struct delivery *d, struct setup *setup)
{
	give_order(d, deliver_setup, setup, NULL);
}

static void
deliver_refresh(struct mail *mail)
{
	struct order *o = (struct order *)mail;

	refresh(o->worker, o->zone);
	mem_free(o->zone);
	mem_free(o);
}

void
delivery_refresh(struct delivery *d, const char *zone)
{
	give_order(d, deliver_refresh, NULL, zone);
}

/* What nobody needs any more goes. */
static void
on_sweep(void *arg)
{
	struct worker *w = arg;
	int64_t now_ms = clock_mono_ms();

	forget_domains(w, false);
	for (struct zone *z = w->zones; z != NULL; z = z->hh.next) {
		struct lane *l;
		struct lane *next;
		HASH_ITER(hh, z->lanes, l, next)
		{
			if (l->users == 0 && TAILQ_EMPTY(&l->clients) &&
			    !l->is_scheduled &&
			    now_ms >= l->shape.backoff_until_ms)
				lane_free(l);
		}
	}
	timer_start(w->sweep_timer, SWEEP_MS);
}

/* --- inspection -------------------------------------------------------- */

struct inspection {
	_Atomic int64_t open;
	struct loop *origin;
	void (*fn)(void *arg, json_t *lanes);
	void *arg;
	struct mail back;
	size_t worker_count;
	json_t *of_worker[];
};

struct inspect_mail {
	struct mail mail;
	struct worker *worker;
	size_t index;
	struct inspection *inspection;
};

static void
deliver_inspected(struct mail *mail)
{
	struct inspection *in = (struct inspection *)(void *)((char *)mail -
	    offsetof(struct inspection, back));
	json_t *all = json_array();

	for (size_t i = 0; i < in->worker_count; i++) {
		(void)json_array_extend(all, in->of_worker[i]);
		json_decref(in->of_worker[i]);
	}
	in->fn(in->arg, all);
	mem_free(in);
}

static json_t *
describe_lane(const struct lane *l)
{
	int64_t now_ms = clock_mono_ms();
	json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:I}", "zone",
	    l->zone->name, "source", l->source, "mx_group", l->group, "queued",
	    (json_int_t)l->queued, "connections",
	    (json_int_t)l->shape.connections);

	if (l->held_by != SHAPE_OPEN && l->queued != 0)
		(void)json_object_set_new(
		    row, "held_by", json_string(shape_reason_name(l->held_by)));
	if (l->wake_ms > now_ms && l->queued != 0)
		(void)json_object_set_new(row, "wake_ms",
		    json_integer(clock_wall_ms() + l->wake_ms - now_ms));
	if (now_ms < l->shape.backoff_until_ms)
		(void)json_object_set_new(row, "backoff_until_ms",
		    json_integer(
			clock_wall_ms() + l->shape.backoff_until_ms - now_ms));
	if (l->last_reply[0] != '\0')
		(void)json_object_set_new(
		    row, "reason", json_string(l->last_reply));
	return row;
}

static void
deliver_inspect(struct mail *mail)
{
	struct inspect_mail *m = (struct inspect_mail *)mail;
	struct inspection *in = m->inspection;
	json_t *rows = json_array();

	for (struct zone *z = m->worker->zones; z != NULL; z = z->hh.next)
		for (struct lane *l = z->lanes; l != NULL; l = l->hh.next)
			(void)json_array_append_new(rows, describe_lane(l));
	in->of_worker[m->index] = rows;
	mem_free(m);
	if (atomic_fetch_sub(&in->open, 1) == 1) {
		in->back.deliver = deliver_inspected;
		loop_post(in->origin, &in->back);
	}
}

void
delivery_inspect(struct delivery *d, struct loop *origin,
    void (*fn)(void *arg, json_t *lanes), void *arg)
{
	struct inspection *in =
	    mem_alloc(sizeof(*in) + d->worker_count * sizeof(json_t *));

	in->origin = origin;
	in->fn = fn;
	in->arg = arg;
	in->worker_count = d->worker_count;
	atomic_init(&in->open, (int64_t)d->worker_count);
	for (size_t i = 0; i < d->worker_count; i++) {
		struct inspect_mail *m = MEM_NEW(struct inspect_mail);
		m->worker = &d->workers[i];
		m->index = i;
		m->inspection = in;
		m->mail.deliver = deliver_inspect;
		loop_post(d->workers[i].loop, &m->mail);
	}
}

/* --- start and end ----------------------------------------------------- */

struct drain {
	_Atomic int64_t open;
	struct loop *origin;
	void (*fn)(void *arg);
	void *arg;
	struct mail back;
};

struct drain_mail {
	struct mail mail;
	struct worker *worker;
	struct drain *drain;
};

static void
deliver_drained(struct mail *mail)
{
	struct drain *drain = (struct drain *)(void *)((char *)mail -
	    offsetof(struct drain, back));

	drain->fn(drain->arg);
	mem_free(drain);
}

static void
on_drained(struct worker *w)
{
	struct drain *drain = w->drain;

	timer_stop(w->drain_timer);
	if (atomic_fetch_sub(&drain->open, 1) != 1)
		return;
	drain->back.deliver = deliver_drained;
	loop_post(drain->origin, &drain->back);
}

/* Time is over: what is under way is tried again after the next start. */
static void
on_drain_over(void *arg)
{
	struct worker *w = arg;

	if (w->drain_fn == NULL)
		return;
	w->drain_fn = NULL;
	on_drained(w);
}

static void
deliver_drain(struct mail *mail)
{
	struct drain_mail *m = (struct drain_mail *)mail;
	struct worker *w = m->worker;

	w->is_draining = true;
	w->drain = m->drain;
	w->drain_fn = on_drained;
	w->drain_timer = timer_new(w->loop, on_drain_over, w);
	timer_start(w->drain_timer, w->setup->config->limits.drain_timeout);
	mem_free(m);
	clients_drain(w);
	worker_check_drained(w);
}

void
delivery_drain(
    struct delivery *d, struct loop *origin, void (*fn)(void *arg), void *arg)
{
	struct drain *drain = MEM_NEW(struct drain);

	drain->origin = origin;
	drain->fn = fn;
	drain->arg = arg;
	atomic_init(&drain->open, (int64_t)d->worker_count);
	for (size_t i = 0; i < d->worker_count; i++) {
		struct drain_mail *m = MEM_NEW(struct drain_mail);
		m->worker = &d->workers[i];
		m->drain = drain;
		m->mail.deliver = deliver_drain;
		loop_post(d->workers[i].loop, &m->mail);
	}
}

struct delivery *
delivery_new(struct setup *setup, struct store *store, struct gate *gate,
    struct resolver *resolver, struct error *out_err)
{
	const struct config *config = setup->config;
	struct delivery *d = MEM_NEW(struct delivery);

	d->store = store;
	d->gate = gate;
	d->resolver = resolver;
	atomic_store(&d->memory_max, config->delivery.memory_max);
	d->worker_count = (size_t)config->delivery.workers;
	d->workers = mem_alloc(d->worker_count * sizeof(*d->workers));
	for (size_t i = 0; i < d->worker_count; i++) {
		struct worker *w = &d->workers[i];
		w->delivery = d;
		w->loop = loop_new();
		w->setup = setup_ref(setup);
		w->reader = db_open(config->data_dir, DB_READER, out_err);
		w->sweep_timer = timer_new(w->loop, on_sweep, w);
		timer_start(w->sweep_timer, SWEEP_MS);
		if (w->reader != NULL)
			w->thread = thread_start("delivery", w->loop, out_err);
		if (w->thread == NULL) {
			d->worker_count = i + 1;
			delivery_free(d);
			return NULL;
		}
	}
	delivery_refresh(d, NULL);
	return d;
}

void
delivery_stop(struct delivery *d)
{
	for (size_t i = 0; d != NULL && i < d->worker_count; i++) {
		struct worker *w = &d->workers[i];
		if (w->thread != NULL) {
			loop_stop(w->loop);
			thread_join(w->thread);
			w->thread = NULL;
		}
		db_close(w->reader);
		w->reader = NULL;
	}
}

static void
free_worker(struct worker *w)
{
	/* What is left in memory is on disk too. */
	w->is_draining = true;
	loop_finish(w->loop);
	clients_abort(w);
	loop_finish(w->loop);
	zones_free(w);
	domains_free(w);
	setup_unref(w->setup);
	timer_free(w->sweep_timer);
	timer_free(w->drain_timer);
	loop_free(w->loop);
}

void
delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	delivery_stop(d);
	for (size_t i = 0; i < d->worker_count; i++)
		free_worker(&d->workers[i]);
	mem_free(d->workers);
	mem_free(d);
}
