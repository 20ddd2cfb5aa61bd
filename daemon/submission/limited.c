/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounded hash; entries that are over go when they are found, or when they
 * are the oldest.
 */
#include "daemon/submission/limited.h"

#include <stdio.h>
#include <uthash.h>

#include "base/mem.h"

#define ENTRIES_MAX 10000

struct entry {
	UT_hash_handle hh;
	int64_t version;
	struct usage_refusal why;
	char key[]; /* a digit for the axis, and the name */
};

struct limited {
	struct entry *entries;
};

struct limited *
limited_new(void)
{
	return MEM_NEW(struct limited);
}

static void
forget(struct limited *l, struct entry *e)
{
	HASH_DEL(l->entries, e);
	mem_free(e);
}

void
limited_free(struct limited *l)
{
	if (l == NULL)
		return;
	while (l->entries != NULL)
		forget(l, l->entries);
	mem_free(l);
}

static struct entry *
find(struct limited *l, enum usage_axis axis, struct slice name, char key[600])
{
	struct entry *e;

	(void)snprintf(key, 600, "%d%.*s", (int)axis,
	    (int)(name.len < 590 ? name.len : 590), name.ptr);
	HASH_FIND_STR(l->entries, key, e);
	return e;
}

void
limited_note(struct limited *l, enum usage_axis axis, struct slice name,
    const struct usage_refusal *why, int64_t version)
{
	char key[600];
	struct entry *e = find(l, axis, name, key);

	if (e == NULL) {
		if (HASH_COUNT(l->entries) >= ENTRIES_MAX)
			forget(l, l->entries);
		e = mem_alloc(sizeof(*e) + strlen(key) + 1);
		memcpy(e->key, key, strlen(key) + 1);
		HASH_ADD_STR(l->entries, key, e);
	}
	e->why = *why;
	e->version = version;
}

const struct usage_refusal *
limited_find(struct limited *l, enum usage_axis axis, struct slice name,
    int64_t version, int64_t now_ms)
{
	char key[600];

	/* Mostly nobody is. */
	if (l->entries == NULL)
		return NULL;
	struct entry *e = find(l, axis, name, key);
	if (e == NULL)
		return NULL;
	if (e->version == version && now_ms < e->why.until_ms)
		return &e->why;
	forget(l, e);
	return NULL;
}
