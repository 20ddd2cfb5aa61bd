/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache of counters over the table `usage`. What a transaction changed is
 * on a list: written before the commit, dropped at a rollback and then read
 * anew from the table.
 */
#include "daemon/gate/gate.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "base/mem.h"
#include "db/usage.h"

#define ENTRIES_MAX 50000
#define NAME_BYTES 520
#define DAYS_KEPT 7

struct entry {
	UT_hash_handle hh; /* in order of last use: the oldest is first */
	TAILQ_ENTRY(entry) changed;
	bool is_changed;
	enum usage_axis axis;
	struct usage usage;
	size_t key_len;
	char key[]; /* a digit for the axis, and the name */
};
TAILQ_HEAD(entry_list, entry);

struct gate {
	struct entry *entries;
	struct entry_list changed;
	int64_t purged_day;
};

struct gate *
gate_new(void)
{
	struct gate *g = MEM_NEW(struct gate);

	TAILQ_INIT(&g->changed);
	return g;
}

static void
forget(struct gate *g, struct entry *e)
{
	HASH_DEL(g->entries, e);
	if (e->is_changed)
		TAILQ_REMOVE(&g->changed, e, changed);
	mem_free(e);
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	while (g->entries != NULL)
		forget(g, g->entries);
	mem_free(g);
}

struct slice
gate_subuser_name(
    struct slice account, struct slice subuser, char *out, size_t size)
{
	int len = snprintf(
	    out, size, "%.*s/%.*s", SLICE_ARGS(account), SLICE_ARGS(subuser));

	return slice_make(out, (size_t)len < size ? (size_t)len : size - 1);
}

/* The counters of an identity; null when they can't be read. */
static struct entry *
find(struct gate *g, struct db *db, enum usage_axis axis, struct slice name,
    struct error *err)
{
	char key[NAME_BYTES + 2];
	struct entry *e;

	int len =
	    snprintf(key, sizeof(key), "%d%.*s", (int)axis, SLICE_ARGS(name));
	size_t key_len =
	    (size_t)len < sizeof(key) ? (size_t)len : sizeof(key) - 1;
	HASH_FIND(hh, g->entries, key, key_len, e);
	if (e != NULL) {
		HASH_DEL(g->entries, e);
	} else {
		struct usage usage;
		if (db_usage_get(db, axis, name, &usage, err) != 0)
			return NULL;
		/* What is not written yet must stay. */
		if (HASH_COUNT(g->entries) >= ENTRIES_MAX &&
		    !g->entries->is_changed)
			forget(g, g->entries);
		e = mem_alloc(sizeof(*e) + key_len + 1);
		e->axis = axis;
		e->usage = usage;
		e->key_len = key_len;
		memcpy(e->key, key, key_len);
	}
	HASH_ADD_KEYPTR(hh, g->entries, e->key, e->key_len, e);
	return e;
}

int
gate_admit(struct gate *g, struct db *db, const struct gate_request *r,
    struct gate_answer *out, struct error *out_err)
{
	char subuser[NAME_BYTES];
	const struct slice names[USAGE_AXES] = {
	    [USAGE_ACCOUNT] = r->account,
	    [USAGE_CREDENTIAL] = r->credential,
	    [USAGE_SUBUSER] = r->subuser.ptr != NULL
		? gate_subuser_name(
		      r->account, r->subuser, subuser, sizeof(subuser))
		: (struct slice){0},
	};
	struct entry *entries[USAGE_AXES] = {0};

	*out = (struct gate_answer){0};
	for (int axis = 0; axis < USAGE_AXES; axis++) {
		if (names[axis].ptr == NULL)
			continue;
		entries[axis] =
		    find(g, db, (enum usage_axis)axis, names[axis], out_err);
		if (entries[axis] == NULL)
			return -1;
		if (usage_allows(&entries[axis]->usage,
			&r->policy->limits[axis], r->recipients, r->now_ms,
			&out->why))
			continue;
		out->is_limited = true;
		out->axis = (enum usage_axis)axis;
		return 0;
	}
	for (int axis = 0; axis < USAGE_AXES; axis++) {
		struct entry *e = entries[axis];
		if (e == NULL)
			continue;
		usage_add(&e->usage, r->recipients, r->now_ms);
		if (!e->is_changed)
			TAILQ_INSERT_TAIL(&g->changed, e, changed);
		e->is_changed = true;
	}
	return 0;
}

int
gate_before_commit(void *gate, struct db *db, struct error *out_err)
{
	struct gate *g = gate;
	const struct entry *e;

	TAILQ_FOREACH (e, &g->changed, changed) {
		int64_t day = e->usage.window[USAGE_DAY];
		if (db_usage_put(db, e->axis,
			slice_make(e->key + 1, e->key_len - 1), &e->usage,
			out_err) != 0)
			return -1;
		if (day > g->purged_day &&
		    db_usage_purge(db, day - DAYS_KEPT, out_err) != 0)
			return -1;
		if (day > g->purged_day)
			g->purged_day = day;
	}
	return 0;
}

void
gate_after_commit(void *gate)
{
	struct gate *g = gate;
	struct entry *e;

	while ((e = TAILQ_FIRST(&g->changed)) != NULL) {
		TAILQ_REMOVE(&g->changed, e, changed);
		e->is_changed = false;
	}
}

void
gate_after_rollback(void *gate)
{
	struct gate *g = gate;
	struct entry *e;

	while ((e = TAILQ_FIRST(&g->changed)) != NULL)
		forget(g, e);
}
