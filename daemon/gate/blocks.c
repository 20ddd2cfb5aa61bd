/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash by axis and name over the open rows of identity_block. The strictest
 * of an identity's blocks counts.
 */
#include "daemon/gate/blocks.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "db/block.h"
#include "db/event.h"

#define KEY_BYTES 560

struct open_block {
	UT_hash_handle hh;
	struct block block;
	char *account;
	char key[]; /* a digit for the axis, and the name */
};

struct blocks {
	struct open_block *open;
	bool is_trusted; /* the same as on disk */
};

struct blocks *
blocks_new(void)
{
	return MEM_NEW(struct blocks);
}

static void
forget(struct blocks *b, struct open_block *o)
{
	HASH_DEL(b->open, o);
	mem_free(o->account);
	mem_free(o);
}

static void
forget_all(struct blocks *b)
{
	while (b->open != NULL)
		forget(b, b->open);
}

void
blocks_free(struct blocks *b)
{
	if (b == NULL)
		return;
	forget_all(b);
	mem_free(b);
}

void
blocks_distrust(struct blocks *b)
{
	b->is_trusted = false;
}

static void
make_key(enum usage_axis axis, struct slice name, char key[KEY_BYTES])
{
	(void)snprintf(key, KEY_BYTES, "%d%.*s", (int)axis, SLICE_ARGS(name));
}

static void
remember(struct blocks *b, const char *key, struct slice account,
    const struct block *block)
{
	struct open_block *o;

	HASH_FIND_STR(b->open, key, o);
	if (o != NULL &&
	    (o->block.action > block->action ||
		(o->block.action == block->action &&
		    o->block.until_ms >= block->until_ms)))
		return;
	if (o == NULL) {
		o = mem_alloc(sizeof(*o) + strlen(key) + 1);
		memcpy(o->key, key, strlen(key) + 1);
		o->account = slice_dup(account);
		HASH_ADD_STR(b->open, key, o);
	}
	o->block = *block;
}

static enum watch_action
action_of(struct slice name)
{
	for (int a = WATCH_SLOW; a <= WATCH_BLOCK; a++)
		if (slice_is(name, watch_action_name((enum watch_action)a)))
			return (enum watch_action)a;
	return WATCH_OFF;
}

static bool
on_open(const struct db_block *row, void *arg)
{
	struct block block = {
	    .id = row->id,
	    .action = action_of(row->action),
	    .until_ms = row->until_ms,
	};
	char key[KEY_BYTES];

	make_key(row->axis, row->name, key);
	remember(arg, key, row->account, &block);
	return true;
}

static int
tell(struct db *db, const char *event, struct slice account,
    struct slice credential, struct slice subuser, uint64_t message_id,
    const char *text, int64_t now_ms, struct error *err)
{
	struct db_event e = {
	    .time_ms = now_ms,
	    .event = slice_of(event),
	    .message_id = message_id,
	    .account = account,
	    .credential = credential,
	    .subuser = subuser,
	    .text = slice_of(text),
	};

	return db_event_insert(db, &e, err);
}

static int
end_block(struct blocks *b, struct db *db, struct open_block *o, int64_t now_ms,
    struct error *err)
{
	char text[KEY_BYTES + 60];
	bool is_changed;
	int axis = o->key[0] - '0';

	(void)snprintf(text, sizeof(text), "%s %s: its time is over",
	    usage_axis_name((enum usage_axis)axis), o->key + 1);
	if (db_block_end(db, o->block.id, (struct slice){0}, (struct slice){0},
		now_ms, &is_changed, err) != 0 ||
	    tell(db, "identity.cleared", slice_of(o->account),
		(struct slice){0}, (struct slice){0}, 0, text, now_ms,
		err) != 0)
		return -1;
	forget(b, o);
	/* Another one, less strict, may still be on disk. */
	b->is_trusted = false;
	return 0;
}

static int
trust(struct blocks *b, struct db *db, struct error *err)
{
	if (b->is_trusted)
		return 0;
	forget_all(b);
	if (db_block_open(db, on_open, b, err) != 0)
		return -1;
	b->is_trusted = true;
	return 0;
}

int
blocks_find(struct blocks *b, struct db *db, enum usage_axis axis,
    struct slice name, int64_t now_ms, struct block *out, struct error *out_err)
{
	char key[KEY_BYTES];
	struct open_block *o;

	*out = (struct block){0};
	if (trust(b, db, out_err) != 0)
		return -1;
	/* Mostly nobody is blocked. */
	if (b->open == NULL)
		return 0;
	make_key(axis, name, key);
	for (;;) {
		if (trust(b, db, out_err) != 0)
			return -1;
		HASH_FIND_STR(b->open, key, o);
		if (o == NULL)
			return 0;
		if (now_ms < o->block.until_ms) {
			*out = o->block;
			return 0;
		}
		if (end_block(b, db, o, now_ms, out_err) != 0)
			return -1;
	}
}

int
blocks_add(struct blocks *b, struct db *db, const struct new_block *n,
    struct error *out_err)
{
	struct block block = {
	    .action = n->rule.action,
	    .until_ms = n->now_ms + n->rule.ms,
	};
	struct db_block row = {
	    .axis = n->axis,
	    .name = n->name,
	    .account = n->account,
	    .action = slice_of(watch_action_name(n->rule.action)),
	    .sign = slice_of(watch_sign_name(n->sign)),
	    .evidence = slice_of(n->evidence),
	    .message_id = n->message_id,
	    .since_ms = n->now_ms,
	    .until_ms = block.until_ms,
	};
	char key[KEY_BYTES];
	char date[TIME_RFC3339_BYTES];
	char text[KEY_BYTES + WATCH_WHY_BYTES + 100];

	time_to_rfc3339(block.until_ms, date);
	(void)snprintf(text, sizeof(text), "%s %.*s: %s until %s for %s: %s",
	    usage_axis_name(n->axis), SLICE_ARGS(n->name),
	    watch_action_name(n->rule.action), date, watch_sign_name(n->sign),
	    n->evidence);
	if (trust(b, db, out_err) != 0 ||
	    db_block_insert(db, &row, &block.id, out_err) != 0 ||
	    tell(db, "identity.blocked", n->account, n->credential, n->subuser,
		n->message_id, text, n->now_ms, out_err) != 0)
		return -1;
	make_key(n->axis, n->name, key);
	remember(b, key, n->account, &block);
	return 0;
}
