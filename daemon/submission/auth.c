/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slow hashes run in a pool of their own, so that guessing secrets stalls no
 * scoring. A check whose session has gone is not carried out.
 */
#include "daemon/submission/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

#define CACHE_MAX 20000
#define DIGEST_BYTES 32

struct entry {
	uint8_t digest[DIGEST_BYTES]; /* keyed, of login and secret */
	struct auth_identity who;
	UT_hash_handle hh; /* in order of arrival: the oldest is first */
};

struct auth_cache {
	uint8_t key[DIGEST_BYTES];
	struct entry *entries;
};

struct auth_check {
	struct pool_job job; /* first */
	struct auth_cache *cache;
	uint8_t digest[DIGEST_BYTES];
	int64_t now_ms;
	struct auth_login login;
	int match; /* index of the secret, or -1 */
	char secret[SECRET_CHARS_MAX];
	size_t secret_len;
	_Atomic bool is_cancelled;
	auth_fn *fn;
	void *arg;
};

struct auth_cache *
auth_cache_new(void)
{
	struct auth_cache *c = MEM_NEW(struct auth_cache);

	(void)RAND_bytes(c->key, sizeof(c->key));
	return c;
}

static void
forget(struct auth_cache *c, struct entry *e)
{
	HASH_DEL(c->entries, e);
	mem_free(e);
}

void
auth_cache_free(struct auth_cache *c)
{
	if (c == NULL)
		return;
	while (c->entries != NULL)
		forget(c, c->entries);
	OPENSSL_cleanse(c->key, sizeof(c->key));
	mem_free(c);
}

static void
digest_of(const struct auth_cache *c, struct slice login, struct slice secret,
    uint8_t out[DIGEST_BYTES])
{
	uint8_t text[AUTH_NAME_BYTES + SECRET_CHARS_MAX + 1];
	size_t len = 0;

	/* login NUL secret: neither holds a NUL. */
	memcpy(text, login.ptr, login.len);
	len += login.len;
	text[len++] = 0;
	memcpy(text + len, secret.ptr, secret.len);
	len += secret.len;
	(void)HMAC(EVP_sha256(), c->key, sizeof(c->key), text, len, out, NULL);
	OPENSSL_cleanse(text, sizeof(text));
}

static void
remember(struct auth_cache *c, const uint8_t digest[DIGEST_BYTES],
    const struct auth_identity *who)
{
	struct entry *e;

	HASH_FIND(hh, c->entries, digest, DIGEST_BYTES, e);
	if (e == NULL) {
		if (HASH_COUNT(c->entries) >= CACHE_MAX)
			forget(c, c->entries);
		e = MEM_NEW(struct entry);
		memcpy(e->digest, digest, DIGEST_BYTES);
		HASH_ADD(hh, c->entries, digest, DIGEST_BYTES, e);
	}
	e->who = *who;
}

static void
copy_name(char *out, struct slice name)
{
	size_t len =
	    name.len < AUTH_NAME_BYTES ? name.len : AUTH_NAME_BYTES - 1;

	if (len != 0)
		memcpy(out, name.ptr, len);
	out[len] = '\0';
}

static bool
is_from(struct slice networks, const struct addr *peer)
{
	struct slice text;
	struct config_cidr cidr;

	while (slice_cut(&networks, ' ', &text))
		if (config_cidr_parse(text, &cidr) == 0 &&
		    config_cidr_has(&cidr, peer->ip))
			return true;
	return false;
}

struct reading {
	struct auth_login *login;
	const struct addr *peer;
};

static bool
on_credential(const struct db_credential *row, void *arg)
{
	struct reading *reading = arg;
	struct auth_login *l = reading->login;
	const struct db_secret *x = &row->secret;

	if (!l->is_found) {
		l->is_found = true;
		l->is_bound = row->networks.ptr != NULL;
		l->is_allowed =
		    !l->is_bound || is_from(row->networks, reading->peer);
		copy_name(l->who.account, row->account);
		copy_name(l->who.login, row->login);
		l->who.is_suspended =
		    row->account_state == DB_ACCOUNT_SUSPENDED;
	}
	if (l->count == AUTH_SECRETS_MAX ||
	    x->verifier.len >= SECRET_TEXT_BYTES)
		return true;
	l->secrets[l->count].seq = x->seq;
	l->secrets[l->count].kind = x->kind;
	l->secrets[l->count].expires_ms = x->expires_ms;
	memcpy(l->secrets[l->count].verifier, x->verifier.ptr, x->verifier.len);
	l->count++;
	return true;
}

int
auth_lookup(struct db *reader, struct slice login, const struct addr *peer,
    uint64_t epoch, struct auth_login *out)
{
	struct reading reading = {out, peer};
	struct error err;

	*out = (struct auth_login){.who.epoch = epoch};
	if (db_credential_get(reader, login, on_credential, &reading, &err) ==
	    0)
		return 0;
	log_error(NULL, "auth.failed", LOG_TEXT("why", err.text));
	return -1;
}

static bool
is_over(int64_t expires_ms, int64_t now_ms)
{
	return expires_ms != 0 && now_ms >= expires_ms;
}

void
auth_settle(const struct auth_login *l, size_t index, int64_t now_ms,
    struct auth_answer *out)
{
	out->who = l->who;
	out->who.secret_seq = l->secrets[index].seq;
	out->who.expires_ms = l->secrets[index].expires_ms;
	if (!l->is_allowed)
		out->result = AUTH_BAD;
	else if (is_over(out->who.expires_ms, now_ms))
		out->result = AUTH_EXPIRED;
	else
		out->result = AUTH_OK;
}

/* In a pool thread. */
static void
run_check(struct pool_job *job)
{
	struct auth_check *check = (struct auth_check *)job;
	struct slice secret = slice_make(check->secret, check->secret_len);
	const struct auth_login *l = &check->login;

	check->match = -1;
	for (size_t i = 0; i < l->count && check->match < 0 &&
	     !atomic_load(&check->is_cancelled);
	     i++)
		if (secret_matches(l->secrets[i].kind,
			slice_of(l->secrets[i].verifier), secret))
			check->match = (int)i;
	OPENSSL_cleanse(check->secret, sizeof(check->secret));
}

static void
finish_check(struct pool_job *job)
{
	struct auth_check *check = (struct auth_check *)job;
	struct auth_answer answer = {.result = AUTH_BAD};

	if (check->match >= 0)
		auth_settle(&check->login, (size_t)check->match, check->now_ms,
		    &answer);
	if (answer.result == AUTH_OK && !check->login.is_bound)
		remember(check->cache, check->digest, &answer.who);
	if (!atomic_load(&check->is_cancelled))
		check->fn(check->arg, &answer);
	mem_free(check);
}

void
auth_cancel(struct auth_check *check)
{
	if (check != NULL)
		atomic_store(&check->is_cancelled, true);
}

struct auth_check *
auth_begin(const struct auth_place *at, struct slice login, struct slice secret,
    auth_fn *fn, void *arg, struct auth_answer *out)
{
	struct entry *e;
	uint8_t digest[DIGEST_BYTES];

	*out = (struct auth_answer){.result = AUTH_BAD};
	if (login.len == 0 || login.len >= AUTH_NAME_BYTES ||
	    secret.len > SECRET_CHARS_MAX)
		return NULL;
	digest_of(at->cache, login, secret, digest);
	HASH_FIND(hh, at->cache->entries, digest, DIGEST_BYTES, e);
	if (e != NULL && e->who.epoch == at->epoch) {
		out->who = e->who;
		out->result = is_over(e->who.expires_ms, at->now_ms)
		    ? AUTH_EXPIRED
		    : AUTH_OK;
		return NULL;
	}
	struct auth_check *check = MEM_NEW(struct auth_check);
	if (auth_lookup(
		at->reader, login, at->peer, at->epoch, &check->login) != 0) {
		out->result = AUTH_TROUBLE;
		mem_free(check);
		return NULL;
	}
	if (check->login.count == 0) {
		mem_free(check);
		return NULL;
	}
	check->job.origin = at->loop;
	check->job.run = run_check;
	check->job.done = finish_check;
	check->cache = at->cache;
	check->now_ms = at->now_ms;
	check->fn = fn;
	check->arg = arg;
	memcpy(check->digest, digest, sizeof(digest));
	memcpy(check->secret, secret.ptr, secret.len);
	check->secret_len = secret.len;
	if (!pool_offer(at->pool, &check->job, at->waiting_max)) {
		OPENSSL_cleanse(check->secret, sizeof(check->secret));
		mem_free(check);
		out->result = AUTH_BUSY;
		return NULL;
	}
	return check;
}

static bool
on_account(const struct db_account *row, void *arg)
{
	enum auth_standing *standing = arg;

	*standing = row->state == DB_ACCOUNT_ACTIVE ? STANDING_GOOD
						    : STANDING_SUSPENDED;
	return true;
}

static enum auth_standing
account_standing(const struct auth_identity *who, struct db *reader)
{
	enum auth_standing standing = STANDING_REVOKED;
	struct error err;

	if (db_account_get(reader, slice_of(who->account), on_account,
		&standing, &err) == 0)
		return standing;
	log_error(NULL, "auth.failed", LOG_TEXT("why", err.text));
	return STANDING_TROUBLE;
}

static enum auth_standing
secret_standing(struct auth_identity *who, struct db *reader,
    const struct addr *peer, uint64_t epoch)
{
	struct auth_login *l = MEM_NEW(struct auth_login);
	enum auth_standing standing = STANDING_REVOKED;

	if (auth_lookup(reader, slice_of(who->login), peer, epoch, l) != 0)
		standing = STANDING_TROUBLE;
	else if (l->is_allowed && strcmp(l->who.account, who->account) == 0)
		for (size_t i = 0; i < l->count; i++)
			if (l->secrets[i].seq == who->secret_seq) {
				standing = STANDING_GOOD;
				who->expires_ms = l->secrets[i].expires_ms;
			}
	mem_free(l);
	return standing;
}

enum auth_standing
auth_check_standing(struct auth_identity *who, struct db *reader,
    const struct addr *peer, uint64_t epoch, int64_t now_ms)
{
	enum auth_standing standing = STANDING_GOOD;

	if (who->epoch != epoch) {
		standing = account_standing(who, reader);
		if (standing == STANDING_TROUBLE ||
		    standing == STANDING_REVOKED)
			return standing;
		who->is_suspended = standing == STANDING_SUSPENDED;
		if (who->login[0] != '\0')
			standing = secret_standing(who, reader, peer, epoch);
		else
			standing = STANDING_GOOD;
		if (standing != STANDING_GOOD)
			return standing;
		who->epoch = epoch;
	}
	if (is_over(who->expires_ms, now_ms))
		return STANDING_EXPIRED;
	return who->is_suspended ? STANDING_SUSPENDED : STANDING_GOOD;
}
