/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache of counters over the table `usage`. What a transaction changed is
 * on a list: written before the commit, dropped at a rollback and then read
 * anew from the table. What is watched is in memory only: a restart begins
 * anew, the blocks stay.
 */
#include "daemon/gate/gate.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "base/mem.h"
#include "daemon/gate/blocks.h"
#include "db/lists.h"
#include "db/usage.h"

#define ENTRIES_MAX 50000
#define NAME_BYTES 520
#define DAYS_KEPT 7
#define WATCHED_MAX 10000 /* of some 2 KiB each */
/* What a slowed identity may still send in a minute. */
#define SLOW_MESSAGES 6

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

struct watched {
	UT_hash_handle hh; /* in order of last use */
	struct watcher *watch;
	char key[];
};

struct gate {
	struct entry *entries;
	struct entry_list changed;
	struct watched *watched;
	struct blocks *blocks;
	_Atomic bool has_lists;
	int64_t purged_day;
};

/* The names of an identity on each axis; null where it has none. */
struct names {
	struct slice of[USAGE_AXES];
	char subuser[NAME_BYTES];
};

struct gate *
gate_new(void)
{
	struct gate *g = MEM_NEW(struct gate);

	TAILQ_INIT(&g->changed);
	g->blocks = blocks_new();
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

static void
forget_watched(struct gate *g, struct watched *w)
{
	HASH_DEL(g->watched, w);
	watcher_free(w->watch);
	mem_free(w);
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	while (g->entries != NULL)
		forget(g, g->entries);
	while (g->watched != NULL)
		forget_watched(g, g->watched);
	blocks_free(g->blocks);
	mem_free(g);
}

bool
gate_has_lists(const struct gate *g)
{
	return atomic_load(&g->has_lists);
}

int
gate_look_at_lists(struct gate *g, struct db *db, struct error *out_err)
{
	bool any = true;

	if (db_list_any(db, &any, out_err) != 0)
		return -1;
	/* Once there was something it is asked for until a restart: what is
	 * taken off a list may come back by a rollback. */
	if (any)
		atomic_store(&g->has_lists, true);
	return 0;
}

void
gate_distrust_blocks(struct gate *g)
{
	blocks_distrust(g->blocks);
}

static void
name_axes(const struct gate_identity *who, struct names *out)
{
	int len = 0;

	out->of[USAGE_ACCOUNT] = who->account;
	out->of[USAGE_CREDENTIAL] = who->credential;
	if (who->subuser.ptr != NULL)
		len = snprintf(out->subuser, sizeof(out->subuser), "%.*s/%.*s",
		    SLICE_ARGS(who->account), SLICE_ARGS(who->subuser));
	out->of[USAGE_SUBUSER] = slice_of(len != 0 ? out->subuser : NULL);
}

/* The narrowest. */
static enum usage_axis
watched_axis(const struct names *names)
{
	return names->of[USAGE_SUBUSER].ptr != NULL   ? USAGE_SUBUSER
	    : names->of[USAGE_CREDENTIAL].ptr != NULL ? USAGE_CREDENTIAL
						      : USAGE_ACCOUNT;
}

static struct watcher *
find_watch(struct gate *g, enum usage_axis axis, struct slice name)
{
	char key[NAME_BYTES + 2];
	struct watched *w;

	(void)snprintf(key, sizeof(key), "%d%.*s", (int)axis,
	    (int)(name.len < NAME_BYTES ? name.len : NAME_BYTES), name.ptr);
	HASH_FIND_STR(g->watched, key, w);
	if (w != NULL) {
		HASH_DEL(g->watched, w);
	} else {
		if (HASH_COUNT(g->watched) >= WATCHED_MAX)
			forget_watched(g, g->watched);
		w = mem_alloc(sizeof(*w) + strlen(key) + 1);
		memcpy(w->key, key, strlen(key) + 1);
		w->watch = watcher_new();
	}
	HASH_ADD_STR(g->watched, key, w);
	return w->watch;
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

/* The strictest block on any axis of the identity. */
static int
find_block(struct gate *g, struct db *db, const struct names *names,
    int64_t now_ms, struct block *out, enum usage_axis *out_axis,
    struct error *err)
{
	*out = (struct block){0};
	for (int axis = 0; axis < USAGE_AXES; axis++) {
		struct block block;
		if (names->of[axis].ptr == NULL)
			continue;
		if (blocks_find(g->blocks, db, (enum usage_axis)axis,
			names->of[axis], now_ms, &block, err) != 0)
			return -1;
		if (block.action <= out->action)
			continue;
		*out = block;
		*out_axis = (enum usage_axis)axis;
	}
	return 0;
}

/* A sign was seen: what the policy wants is done. */
static int
act_on_sign(struct gate *g, struct db *db, const struct gate_identity *who,
    const struct names *names, const struct policy *policy,
    enum watch_sign sign, const char *evidence, uint64_t message_id,
    int64_t now_ms, struct error *err)
{
	enum usage_axis axis = watched_axis(names);
	struct new_block n = {
	    .axis = axis,
	    .name = names->of[axis],
	    .account = who->account,
	    .credential = who->credential,
	    .subuser = who->subuser,
	    .sign = sign,
	    .evidence = evidence,
	    .message_id = message_id,
	    .rule = policy->watch.of[sign],
	    .now_ms = now_ms,
	};

	if (n.rule.action == WATCH_OFF)
		return 0;
	/* What led to it must not lead to the next one right after it. */
	watcher_reset(find_watch(g, axis, names->of[axis]));
	return blocks_add(g->blocks, db, &n, err);
}

static int
watch_it(struct gate *g, struct db *db, const struct gate_request *r,
    const struct names *names, struct error *err)
{
	enum usage_axis axis = watched_axis(names);
	char why[WATCH_WHY_BYTES];
	enum watch_sign sign = watcher_message(
	    find_watch(g, axis, names->of[axis]), &r->facts, why);

	return sign == WATCH_NOTHING
	    ? 0
	    : act_on_sign(g, db, &r->who, names, r->policy, sign, why,
		  r->message_id, r->facts.now_ms, err);
}

/* Is there room in the limits? If so it is counted. */
static int
count(struct gate *g, struct db *db, const struct gate_request *r,
    const struct names *names, bool is_slowed, struct gate_answer *out,
    struct error *err)
{
	struct entry *entries[USAGE_AXES] = {0};
	int64_t now_ms = r->facts.now_ms;

	for (int axis = 0; axis < USAGE_AXES; axis++) {
		struct usage_limits limits = r->policy->limits[axis];
		if (names->of[axis].ptr == NULL)
			continue;
		entries[axis] =
		    find(g, db, (enum usage_axis)axis, names->of[axis], err);
		if (entries[axis] == NULL)
			return -1;
		int64_t *minute = &limits.rate[USAGE_MESSAGES][USAGE_MINUTE];
		if (is_slowed && axis == (int)out->axis &&
		    (*minute == 0 || *minute > SLOW_MESSAGES))
			*minute = SLOW_MESSAGES;
		if (usage_allows(&entries[axis]->usage, &limits,
			r->facts.recipients, now_ms, &out->why))
			continue;
		out->result = GATE_LIMITED;
		out->axis = (enum usage_axis)axis;
		return 0;
	}
	for (int axis = 0; axis < USAGE_AXES; axis++) {
		struct entry *e = entries[axis];
		if (e == NULL)
			continue;
		usage_add(&e->usage, r->facts.recipients, now_ms);
		if (!e->is_changed)
			TAILQ_INSERT_TAIL(&g->changed, e, changed);
		e->is_changed = true;
	}
	return 0;
}

int
gate_admit(struct gate *g, struct db *db, const struct gate_request *r,
    struct gate_answer *out, struct error *out_err)
{
	struct names names;
	struct block block;

	*out = (struct gate_answer){0};
	name_axes(&r->who, &names);
	if (find_block(g, db, &names, r->facts.now_ms, &block, &out->axis,
		out_err) != 0)
		return -1;
	if (block.action != WATCH_BLOCK) {
		/* It may be this message that makes the difference. */
		if (watch_it(g, db, r, &names, out_err) != 0 ||
		    find_block(g, db, &names, r->facts.now_ms, &block,
			&out->axis, out_err) != 0)
			return -1;
	}
	if (r->facts.is_refused)
		return 0;
	if (block.action == WATCH_BLOCK) {
		out->result = GATE_BLOCKED;
		out->until_ms = block.until_ms;
		return 0;
	}
	if (count(g, db, r, &names, block.action == WATCH_SLOW, out, out_err) !=
	    0)
		return -1;
	if (out->result == GATE_OPEN && block.action == WATCH_HOLD)
		out->result = GATE_HOLD;
	return 0;
}

int
gate_note_delivery(struct gate *g, struct db *db,
    const struct gate_identity *who, const struct policy *policy,
    bool is_unknown_user, int64_t now_ms, struct error *out_err)
{
	struct names names;
	char why[WATCH_WHY_BYTES];

	name_axes(who, &names);
	enum usage_axis axis = watched_axis(&names);
	enum watch_sign sign = watcher_delivery(
	    find_watch(g, axis, names.of[axis]), is_unknown_user, now_ms, why);
	return sign == WATCH_NOTHING ? 0
				     : act_on_sign(g, db, who, &names, policy,
					   sign, why, 0, now_ms, out_err);
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
	blocks_distrust(g->blocks);
}
