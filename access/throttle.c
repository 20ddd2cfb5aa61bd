/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash in the order of last use.
 */
#include "access/throttle.h"

#include <openssl/evp.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"

#define DOUBLINGS_MAX 4

struct entry {
	struct throttle_key key;
	int64_t failures;
	int64_t last_ms;
	UT_hash_handle hh;
};

struct throttle {
	struct entry *entries;
	size_t entries_max;
};

struct throttle_key
throttle_key(const uint8_t peer[16], struct slice login)
{
	uint8_t digest[EVP_MAX_MD_SIZE] = {0};
	struct throttle_key key;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	/* Collisions must not be for the peer to choose. */
	if (ctx != NULL) {
		(void)EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
		(void)EVP_DigestUpdate(ctx, peer, 16);
		(void)EVP_DigestUpdate(ctx, login.ptr, login.len);
		(void)EVP_DigestFinal_ex(ctx, digest, NULL);
		EVP_MD_CTX_free(ctx);
	}
	memcpy(&key, digest, sizeof(key));
	return key;
}

struct throttle *
throttle_new(size_t entries_max)
{
	struct throttle *t = MEM_NEW(struct throttle);

	t->entries_max = entries_max;
	return t;
}

static void
forget(struct throttle *t, struct entry *e)
{
	HASH_DEL(t->entries, e);
	mem_free(e);
}

void
throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	while (t->entries != NULL)
		forget(t, t->entries);
	mem_free(t);
}

/* What is still held against the pair. */
static struct entry *
find(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms)
{
	struct entry *e;

	HASH_FIND(hh, t->entries, key, sizeof(*key), e);
	if (e != NULL && now_ms - e->last_ms >= rule->lock_ms) {
		forget(t, e);
		return NULL;
	}
	return e;
}

int64_t
throttle_locked_until(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms)
{
	const struct entry *e = find(t, key, rule, now_ms);

	return e != NULL && e->failures >= rule->failures_max
	    ? e->last_ms + rule->lock_ms
	    : 0;
}

int64_t
throttle_delay(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms)
{
	const struct entry *e = find(t, key, rule, now_ms);
	int64_t failures = e != NULL ? e->failures : 0;

	return rule->delay_ms
	    << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
}

void
throttle_failed(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms)
{
	struct entry *e = find(t, key, rule, now_ms);

	if (e != NULL) {
		HASH_DEL(t->entries, e);
	} else {
		if (HASH_COUNT(t->entries) >= t->entries_max)
			forget(t, t->entries);
		e = MEM_NEW(struct entry);
		e->key = *key;
	}
	e->failures++;
	e->last_ms = now_ms;
	HASH_ADD(hh, t->entries, key, sizeof(e->key), e);
}

void
throttle_passed(struct throttle *t, const struct throttle_key *key)
{
	struct entry *e;

	HASH_FIND(hh, t->entries, key, sizeof(*key), e);
	if (e != NULL)
		forget(t, e);
}
