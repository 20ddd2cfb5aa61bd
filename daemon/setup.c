/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds setups. Nothing of a setup that fails half-way is left behind.
 */
#include "daemon/setup.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/net/tls.h"
#include "db/settings.h"

/* A growing list of names in an arena. */
struct names {
	struct arena *arena;
	const char **items;
	size_t count;
};

static void
add_name(struct names *n, struct slice name)
{
	const char **items =
	    arena_alloc(n->arena, (n->count + 1) * sizeof(*items));

	if (n->count != 0)
		memcpy(items, n->items, n->count * sizeof(*items));
	items[n->count++] = arena_dup(n->arena, name);
	n->items = items;
}

struct zone_names {
	struct names closed;
	struct names paused;
};

static bool
on_zone(struct slice zone, enum db_zone_state state, int64_t since_ms UNUSED,
    struct slice actor UNUSED, void *arg)
{
	struct zone_names *n = arg;

	if (state == DB_ZONE_PAUSED)
		add_name(&n->paused, zone);
	else if (state == DB_ZONE_DRAINING)
		add_name(&n->closed, zone);
	return true;
}

static bool
on_source(struct slice address, int64_t since_ms UNUSED,
    struct slice actor UNUSED, void *arg)
{
	add_name(arg, address);
	return true;
}

struct entries {
	struct arena arena;
	struct policy_entry *items;
	size_t count, room;
};

static bool
on_policy(struct slice account, struct slice key, struct slice value, void *arg)
{
	struct entries *e = arg;

	if (e->count == e->room) {
		e->room = e->room != 0 ? e->room * 2 : 64;
		e->items = mem_realloc(e->items, e->room * sizeof(*e->items));
	}
	e->items[e->count++] =
	    (struct policy_entry){arena_slice(&e->arena, account),
		arena_slice(&e->arena, key), arena_slice(&e->arena, value)};
	return true;
}

/* What the database says. */
static int
read_settings(struct setup *s, struct db *reader, struct error *out_err)
{
	struct zone_names zones = {{&s->arena, NULL, 0}, {&s->arena, NULL, 0}};
	struct names sources = {&s->arena, NULL, 0};
	struct entries entries = {0};
	int64_t version = 0;

	int rc = db_policy_all(reader, on_policy, &entries, &version, out_err);
	if (rc == 0)
		rc = db_zone_states(reader, on_zone, &zones, out_err);
	if (rc == 0)
		rc = db_source_states(reader, on_source, &sources, out_err);
	if (rc == 0) {
		s->policies =
		    policy_set_build(entries.items, entries.count, version);
		s->state = (struct route_state){
		    .closed_zones = zones.closed.items,
		    .closed_zone_count = zones.closed.count,
		    .disabled_sources = sources.items,
		    .disabled_source_count = sources.count,
		};
		s->paused_zones = zones.paused.items;
		s->paused_zone_count = zones.paused.count;
	}
	mem_free(entries.items);
	arena_free(&entries.arena);
	return rc;
}

static int
make_contexts(struct setup *s, struct error *out_err)
{
	const struct config *c = s->config;

	s->client_tls = tls_client_new(false, out_err);
	s->verifying_tls = tls_client_new(true, out_err);
	if (s->client_tls == NULL || s->verifying_tls == NULL)
		return -1;
	if (c->tls.certificate != NULL)
		s->server_tls = tls_server_new(c->tls.certificate, c->tls.key,
		    c->tls.min_version == TLS_1_3, out_err);
	return c->tls.certificate == NULL || s->server_tls != NULL ? 0 : -1;
}

struct setup *
setup_new_take(struct config *config, struct db *reader, struct error *out_err)
{
	struct setup *s = MEM_NEW(struct setup);

	atomic_init(&s->references, 1);
	s->config = config;
	s->scorer = scorer_new(
	    config->scoring.rules, (size_t)config->scoring.text_max, out_err);
	if (s->scorer == NULL || make_contexts(s, out_err) != 0 ||
	    read_settings(s, reader, out_err) != 0) {
		setup_unref(s);
		return NULL;
	}
	return s;
}

struct setup *
setup_refresh(const struct setup *old, struct db *reader, uint64_t epoch,
    struct error *out_err)
{
	struct setup *s = MEM_NEW(struct setup);

	atomic_init(&s->references, 1);
	s->config = config_ref(old->config);
	s->scorer = scorer_ref(old->scorer);
	s->client_tls = old->client_tls;
	s->verifying_tls = old->verifying_tls;
	s->server_tls = old->server_tls;
	(void)SSL_CTX_up_ref(s->client_tls);
	(void)SSL_CTX_up_ref(s->verifying_tls);
	if (s->server_tls != NULL)
		(void)SSL_CTX_up_ref(s->server_tls);
	s->auth_epoch = epoch;
	if (read_settings(s, reader, out_err) != 0) {
		setup_unref(s);
		return NULL;
	}
	return s;
}

struct setup *
setup_ref(struct setup *s)
{
	(void)atomic_fetch_add(&s->references, 1);
	return s;
}

void
setup_unref(struct setup *s)
{
	if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1)
		return;
	config_unref(s->config);
	policy_set_unref(s->policies);
	scorer_unref(s->scorer);
	SSL_CTX_free(s->server_tls);
	SSL_CTX_free(s->client_tls);
	SSL_CTX_free(s->verifying_tls);
	arena_free(&s->arena);
	mem_free(s);
}

bool
setup_is_paused(const struct setup *s, const char *zone)
{
	for (size_t i = 0; i < s->paused_zone_count; i++)
		if (strcmp(s->paused_zones[i], zone) == 0)
			return true;
	return false;
}
