/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes: the queue of one zone, source and MX group, and the decision when to
 * open another connection for it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/delivery/worker.h"

/* Recipients looked at for more of the same message. */
#define LOOK_AHEAD 200

static void
on_lane_timer(void *arg)
{
	lane_schedule(arg);
}

static struct lane *
get_lane(struct zone *z, const char *source, const char *group)
{
	char key[LANE_KEY_BYTES];
	struct lane *l;

	(void)snprintf(key, sizeof(key), "%s|%s", source, group);
	HASH_FIND_STR(z->lanes, key, l);
	if (l != NULL)
		return l;
	l = MEM_NEW(struct lane);
	(void)snprintf(l->key, sizeof(l->key), "%s", key);
	(void)snprintf(l->source, sizeof(l->source), "%s", source);
	(void)snprintf(l->group, sizeof(l->group), "%s", group);
	l->zone = z;
	l->timer = timer_new(z->worker->loop, on_lane_timer, l);
	TAILQ_INIT(&l->queue);
	TAILQ_INIT(&l->clients);
	HASH_ADD_STR(z->lanes, key, l);
	return l;
}

void
lane_free(struct lane *l)
{
	HASH_DEL(l->zone->lanes, l);
	timer_free(l->timer);
	mem_free(l);
}

void
lane_enqueue(struct recipient *r)
{
	struct lane *l = get_lane(r->zone, r->source, r->domain->group);

	if (r->lane != NULL)
		r->lane->users--;
	r->lane = l;
	l->users++;
	r->stage = STAGE_LANE;
	TAILQ_INSERT_TAIL(&l->queue, r, entry);
	l->queued++;
	lane_schedule(l);
}

void
lane_dequeue(struct recipient *r)
{
	TAILQ_REMOVE(&r->lane->queue, r, entry);
	r->lane->queued--;
}

static struct shape_limits
limits_of(const struct lane *l)
{
	const struct config_zone *z = zone_config(l->zone);
	const struct config *config = l->zone->worker->setup->config;

	return (struct shape_limits){
	    .backoff_ms = config->delivery.backoff,
	    .backoff_count = config->delivery.backoff_count,
	    .connections_max = z != NULL ? z->lane_connections_max : 0,
	    .messages_per_second = z != NULL ? z->messages_per_second : 0,
	};
}

static void
wait_for(struct lane *l, enum shape_reason reason, int64_t wake_ms)
{
	l->held_by = reason;
	l->wake_ms = wake_ms;
	if (wake_ms != 0)
		timer_start(l->timer, wake_ms - clock_mono_ms());
}

/* May one more connection be opened now? Notes what holds it, if not. */
static bool
may_connect(struct lane *l)
{
	struct shape_limits limits = limits_of(l);
	const struct config_zone *z = zone_config(l->zone);
	int64_t wake_ms;
	enum shape_reason reason =
	    shape_connection(&l->shape, &limits, clock_mono_ms(), &wake_ms);

	if (reason == SHAPE_OPEN && z != NULL &&
	    l->zone->connections >= z->connections_max) {
		reason = SHAPE_ZONE;
		/* Another lane's connection must end first; look again. */
		wake_ms = clock_mono_ms() + 200;
	}
	if (reason == SHAPE_OPEN) {
		reason = shape_message(
		    &l->shape, &limits, clock_mono_ms(), &wake_ms);
	}
	if (reason != SHAPE_OPEN)
		wait_for(l, reason, wake_ms);
	return reason == SHAPE_OPEN;
}

static void
run_lane(void *arg)
{
	struct lane *l = arg;

	l->is_scheduled = false;
	l->held_by = SHAPE_OPEN;
	l->wake_ms = 0;
	if (!zone_may_send(l->zone))
		return;
	while (!TAILQ_EMPTY(&l->queue)) {
		struct recipient *head = TAILQ_FIRST(&l->queue);
		if (client_wake_idle(l, head))
			continue;
		/* Those under way are enough, if one goes where it has to. */
		if (l->connecting >= l->queued &&
		    client_is_connecting(l, head->domain))
			return;
		if (!may_connect(l))
			return;
		client_start(l, head->domain);
	}
}

void
lane_schedule(struct lane *l)
{
	if (l->is_scheduled)
		return;
	l->is_scheduled = true;
	loop_later(l->zone->worker->loop, run_lane, l);
}

static bool
has_host(const struct domain *d, const char *host)
{
	for (size_t i = 0; i < d->candidate_count; i++)
		if (strcmp(d->candidates[i].host, host) == 0)
			return true;
	return false;
}

static void
take(struct recipient *r, struct recipient_list *out)
{
	lane_dequeue(r);
	r->stage = STAGE_SENDING;
	TAILQ_INSERT_TAIL(out, r, entry);
}

/* The first that the host takes; those whose time is over go on the way. */
static struct recipient *
find_first(struct lane *l, const char *host)
{
	struct recipient *r = TAILQ_FIRST(&l->queue);
	int64_t now_ms = clock_wall_ms();

	for (int i = 0; r != NULL && i < LOOK_AHEAD; i++) {
		struct recipient *next = TAILQ_NEXT(r, entry);
		if (now_ms >= r->expires_ms) {
			struct smtp_reply reply = smtp_reply_local(
			    550, 4, 7, "not delivered within its lifetime");
			lane_dequeue(r);
			report_one(r, &reply, NULL, true);
		} else if (has_host(r->domain, host)) {
			return r;
		}
		r = next;
	}
	return NULL;
}

size_t
lane_take(
    struct lane *l, const char *host, size_t max, struct recipient_list *out)
{
	struct shape_limits limits = limits_of(l);
	int64_t wake_ms;

	if (!zone_may_send(l->zone) || l->zone->worker->store_failures != 0)
		return 0;
	enum shape_reason reason =
	    shape_message(&l->shape, &limits, clock_mono_ms(), &wake_ms);
	if (reason != SHAPE_OPEN) {
		wait_for(l, reason, wake_ms);
		return 0;
	}
	struct recipient *r = find_first(l, host);
	if (r == NULL)
		return 0;
	struct outgoing *o = r->outgoing;
	size_t count = 0;
	for (int i = 0; r != NULL && i < LOOK_AHEAD && count < max; i++) {
		struct recipient *next = TAILQ_NEXT(r, entry);
		if (r->outgoing->id == o->id && has_host(r->domain, host)) {
			take(r, out);
			count++;
		}
		r = next;
	}
	shape_message_started(&l->shape, &limits);
	return count;
}

void
lane_failed(struct lane *l, struct domain *d, const struct smtp_reply *reply,
    const char *host)
{
	struct shape_limits limits = limits_of(l);
	struct recipient *r = TAILQ_FIRST(&l->queue);

	shape_failed(&l->shape, &limits, clock_mono_ms());
	(void)snprintf(l->last_reply, sizeof(l->last_reply), "%s", reply->text);
	log_info(NULL, "lane.backoff", LOG_TEXT("zone", l->zone->name),
	    LOG_TEXT("source", l->source), LOG_TEXT("mx_group", l->group),
	    LOG_TEXT("why", reply->text));
	while (r != NULL) {
		struct recipient *next = TAILQ_NEXT(r, entry);
		if (r->domain == d) {
			lane_dequeue(r);
			report_one(r, reply, host, false);
		}
		r = next;
	}
	lane_schedule(l);
}
