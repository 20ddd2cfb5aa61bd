/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones, sources, the status screen, configuration.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "db/settings.h"

struct zone_counts {
	const char *zone;
	int64_t by_state[3];
	int64_t oldest_due_ms;
};

struct counts {
	struct zone_counts *zones; /* in the order of config */
	size_t count;
};

static bool
on_count(const struct db_zone_count *row, void *arg)
{
	struct counts *all = arg;

	for (size_t i = 0; i < all->count; i++) {
		struct zone_counts *c = &all->zones[i];
		if (!slice_is(row->zone, c->zone))
			continue;
		c->by_state[row->state] = row->count;
		if (row->state != DB_WAITS_HELD &&
		    (c->oldest_due_ms == 0 ||
			row->oldest_due_ms < c->oldest_due_ms))
			c->oldest_due_ms = row->oldest_due_ms;
	}
	return true;
}

/* Of all zones at once: the queue is gone through for it. */
static int
count_zones(struct call *call, struct counts *out, struct error *err)
{
	const struct config *config = call_setup(call)->config;

	out->count = config->zone_count;
	out->zones = mem_alloc(out->count * sizeof(*out->zones));
	for (size_t i = 0; i < out->count; i++)
		out->zones[i].zone = config->zones[i].name;
	return db_queue_counts(call_parts(call)->reader, on_count, out, err);
}

static const char *
state_of(struct call *call, const char *zone)
{
	const struct setup *s = call_setup(call);

	if (setup_is_paused(s, zone))
		return "paused";
	for (size_t i = 0; i < s->state.closed_zone_count; i++)
		if (strcmp(s->state.closed_zones[i], zone) == 0)
			return "draining";
	return "open";
}

static bool
is_disabled(struct call *call, const char *address)
{
	const struct route_state *s = &call_setup(call)->state;

	for (size_t i = 0; i < s->disabled_source_count; i++)
		if (strcmp(s->disabled_sources[i], address) == 0)
			return true;
	return false;
}

static json_t *
zone_row(
    struct call *call, const struct config_zone *z, const struct zone_counts *c)
{
	json_t *row = json_object();

	row_set(row, "zone", json_string(z->name));
	row_set(row, "state", json_string(state_of(call, z->name)));
	row_set(row, "sources", json_integer((json_int_t)z->source_count));
	if (z->next_hop.host != NULL)
		row_set(row, "next_hop", json_string(z->next_hop.host));
	row_set(row, "queued", json_integer(c->by_state[DB_QUEUED]));
	row_set(row, "deferred", json_integer(c->by_state[DB_DEFERRED]));
	row_set(row, "held", json_integer(c->by_state[DB_WAITS_HELD]));
	row_set(row, "oldest_due", json_time(c->oldest_due_ms));
	return row;
}

void
op_zone_list(struct call *call)
{
	const struct config *config = call_setup(call)->config;
	struct counts counts = {0};
	struct error err;

	if (count_zones(call, &counts, &err) != 0) {
		call_fail(call, &err);
	} else {
		for (size_t i = 0; i < config->zone_count; i++)
			call_row_take(call,
			    zone_row(
				call, &config->zones[i], &counts.zones[i]));
		call_done(call);
	}
	mem_free(counts.zones);
}

static json_t *
source_row(struct call *call, const struct config_zone *z,
    const struct config_source *s)
{
	json_t *row = json_pack("{s:s, s:s, s:I, s:s}", "address", s->address,
	    "zone", z->name, "weight", (json_int_t)s->weight, "state",
	    is_disabled(call, s->address) ? "disabled" : "enabled");

	if (s->helo != NULL)
		row_set(row, "helo", json_string(s->helo));
	return row;
}

void
op_source_list(struct call *call)
{
	const struct config *config = call_setup(call)->config;

	for (size_t i = 0; i < config->zone_count; i++)
		for (size_t j = 0; j < config->zones[i].source_count; j++)
			call_row_take(call,
			    source_row(call, &config->zones[i],
				&config->zones[i].sources[j]));
	call_done(call);
}

/* The zone argument; null and the call has failed if there is none. */
static const struct config_zone *
get_zone(struct call *call)
{
	const char *name = call_text(call, "zone");
	const struct config *config = call_setup(call)->config;
	const struct config_zone *z = config_zone_find(config, slice_of(name));
	struct buf names = buf_make(400);

	if (z != NULL)
		return z;
	for (size_t i = 0; i < config->zone_count; i++)
		(void)buf_appendf(
		    &names, "%s%s", i != 0 ? ", " : "", config->zones[i].name);
	call_failf(call, ERROR_NOT_FOUND,
	    "there is no zone %.64s; there are %s", name, buf_text(&names));
	buf_free(&names);
	return NULL;
}

static void
on_zone_lanes(void *arg, json_t *lanes)
{
	struct call *call = arg;
	struct error err;
	json_t *lane;
	size_t i;

	if (call_is_ending(call)) {
		json_decref(lanes);
		call_done(call);
		return;
	}
	const struct config_zone *z = get_zone(call);
	if (z == NULL) {
		json_decref(lanes);
		return;
	}
	struct counts counts = {0};
	if (count_zones(call, &counts, &err) != 0) {
		mem_free(counts.zones);
		json_decref(lanes);
		call_fail(call, &err);
		return;
	}
	json_t *row = zone_row(
	    call, z, &counts.zones[z - call_setup(call)->config->zones]);
	mem_free(counts.zones);
	json_t *sources = json_array();
	for (i = 0; i < z->source_count; i++)
		(void)json_array_append_new(
		    sources, source_row(call, z, &z->sources[i]));
	row_set(row, "source_list", sources);
	json_t *own = json_array();
	json_array_foreach (lanes, i, lane)
		if (strcmp(json_string_value(json_object_get(lane, "zone")),
			z->name) == 0)
			(void)json_array_append(own, lane);
	row_set(row, "lanes", own);
	json_decref(lanes);
	call_row_take(call, row);
	call_done(call);
}

void
op_zone_show(struct call *call)
{
	if (get_zone(call) != NULL)
		delivery_inspect(call_parts(call)->delivery,
		    call_parts(call)->loop, on_zone_lanes, call);
}

struct change {
	char name[100];
	char actor[64];
	enum db_zone_state state;
	bool is_disabled;
};

static int
run_zone_state(struct db *db, struct write *w, struct error *err)
{
	static const char *const names[] = {"open", "paused", "draining"};
	struct change *c = w->state;

	w->row =
	    json_pack("{s:s, s:s}", "zone", c->name, "state", names[c->state]);
	return db_zone_state_set(db, slice_of(c->name), c->state,
	    slice_of(c->actor), clock_wall_ms(), err);
}

static struct write *
start_change(struct call *call, const char *name,
    int (*run)(struct db *db, struct write *w, struct error *err),
    struct change **out)
{
	struct write *w = write_new(call, run);
	struct change *c = MEM_NEW(struct change);

	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	(void)snprintf(c->actor, sizeof(c->actor), "%s", call->actor);
	w->state = c;
	w->event = "policy.changed";
	(void)snprintf(w->text, sizeof(w->text), "%s %s by %s", call->op->words,
	    c->name, c->actor);
	*out = c;
	return w;
}

void
op_zone_state(struct call *call)
{
	const struct config_zone *z = get_zone(call);
	struct change *c;

	if (z == NULL)
		return;
	bool is_drain = strcmp(call->op->name, "zone.drain") == 0;
	if (is_drain &&
	    strcmp(call_setup(call)->config->default_zone, z->name) == 0) {
		call_failf(call, ERROR_REFUSED,
		    "%s is the default zone and cannot be drained: make "
		    "another zone default_zone first, or pause it",
		    z->name);
		return;
	}
	struct write *w = start_change(call, z->name, run_zone_state, &c);
	if (is_drain)
		c->state = DB_ZONE_DRAINING;
	else if (strcmp(call->op->name, "zone.pause") == 0)
		c->state = DB_ZONE_PAUSED;
	write_give(w);
}

static int
run_source_state(struct db *db, struct write *w, struct error *err)
{
	struct change *c = w->state;

	w->row = json_pack("{s:s, s:s}", "address", c->name, "state",
	    c->is_disabled ? "disabled" : "enabled");
	return db_source_set(db, slice_of(c->name), c->is_disabled,
	    slice_of(c->actor), clock_wall_ms(), err);
}

void
op_source_state(struct call *call)
{
	const struct config *config = call_setup(call)->config;
	const char *address = call_text(call, "address");
	bool exists = false;
	struct change *c;

	for (size_t i = 0; i < config->zone_count; i++)
		for (size_t j = 0; j < config->zones[i].source_count; j++)
			exists = exists ||
			    strcmp(config->zones[i].sources[j].address,
				address) == 0;
	if (!exists) {
		call_failf(call, ERROR_NOT_FOUND,
		    "no zone has the source %.64s; see posthorn source list",
		    address);
		return;
	}
	struct write *w = start_change(call, address, run_source_state, &c);
	c->is_disabled = strcmp(call->op->name, "source.disable") == 0;
	write_give(w);
}

static void
on_status_lanes(void *arg, json_t *lanes)
{
	struct call *call = arg;
	struct control_parts *p = call_parts(call);
	const struct config *config = p->setup->config;
	struct submission_figures figures;
	struct store_figures store;
	struct error err;
	json_t *zones = json_array();
	json_t *alarms = json_array();

	if (call_is_ending(call)) {
		json_decref(lanes);
		json_decref(zones);
		json_decref(alarms);
		call_done(call);
		return;
	}
	submission_get_figures(p->submission, &figures);
	store_get_figures(p->store, &store);
	struct counts counts = {0};
	if (count_zones(call, &counts, &err) != 0)
		(void)json_array_append_new(alarms, json_string(err.text));
	for (size_t i = 0; i < config->zone_count; i++)
		(void)json_array_append_new(
		    zones, zone_row(call, &config->zones[i], &counts.zones[i]));
	mem_free(counts.zones);
	if (!store_has_room(p->store))
		(void)json_array_append_new(alarms,
		    json_string("no room on data_dir's disk, or the store "
				"failed: mail is refused with 452"));
	for (size_t i = 0; i < p->setup->paused_zone_count; i++)
		(void)json_array_append_new(alarms,
		    json_sprintf(
			"zone %s is paused", p->setup->paused_zones[i]));
	json_t *row = json_pack(
	    "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o, s:o}",
	    "hostname", config->hostname, "sqlite", sqlite3_libversion(),
	    "uptime_s", (json_int_t)((clock_wall_ms() - p->started_ms) / 1000),
	    "sessions", (json_int_t)figures.sessions, "accepted",
	    (json_int_t)figures.accepted, "refused",
	    (json_int_t)figures.refused, "commits", (json_int_t)store.commits,
	    "last_event", (json_int_t)store_last_event(p->store),
	    "messages_per_commit",
	    store.commits != 0 ? (double)store.jobs / (double)store.commits
			       : 0.0,
	    "zones", zones, "lanes", lanes, "alarms", alarms);
	call_row_take(call, row);
	call_done(call);
}

void
op_status(struct call *call)
{
	delivery_inspect(call_parts(call)->delivery, call_parts(call)->loop,
	    on_status_lanes, call);
}

void
op_config_show(struct call *call)
{
	struct buf text = buf_make(1 << 20);

	config_print(call_setup(call)->config, &text);
	call_row_take(call, json_loads(buf_text(&text), 0, NULL));
	buf_free(&text);
	call_done(call);
}

void
op_reload(struct call *call)
{
	control_apply_config(call);
}
