/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generated secrets have 160 bits of chance, so one SHA-256 is enough for
 * them. Chosen ones are hashed with yescrypt, which is slow on purpose and so
 * runs in the pool. A login that fails has paid one yescrypt whatever the
 * reason: time tells nothing about which logins exist.
 */
#include "daemon/submission/auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"

#define CACHE_MAX 20000
#define DIGEST_BYTES 32

struct entry {
	uint8_t digest[DIGEST_BYTES]; /* keyed, of login and secret */
	uint64_t epoch;
	struct auth_answer answer;
	UT_hash_handle hh; /* in order of arrival: the oldest is first */
};

struct auth_cache {
	uint8_t key[DIGEST_BYTES];
	struct entry *entries;
	/* Chance's own hash, for logins that do not exist. */
	char dummy[CRYPT_OUTPUT_SIZE];
};

struct auth_check {
	struct pool_job job;
	struct auth_cache *cache;
	uint8_t digest[DIGEST_BYTES];
	uint64_t epoch;
	bool is_decoy; /* it fails whatever the hash says */
	bool is_match;
	char verifier[CRYPT_OUTPUT_SIZE];
	char secret[512];
	struct auth_answer answer;
	auth_fn *fn; /* null: nobody waits any more */
	void *arg;
};

void
auth_hash_generated(struct slice secret, char out[65])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[DIGEST_BYTES];

	(void)EVP_Digest(
	    secret.ptr, secret.len, digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[64] = '\0';
}

int
auth_hash_chosen(const char *secret, char *out, size_t size)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = MEM_NEW(struct crypt_data);
	int rc = -1;

	if (crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)) != NULL) {
		const char *hash = crypt_r(secret, salt, data);
		if (hash != NULL && hash[0] != '*' && strlen(hash) < size) {
			memcpy(out, hash, strlen(hash) + 1);
			rc = 0;
		}
	}
	OPENSSL_cleanse(data, sizeof(*data));
	mem_free(data);
	return rc;
}

struct auth_cache *
auth_cache_new(void)
{
	struct auth_cache *c = MEM_NEW(struct auth_cache);
	char chance[33] = "";

	(void)RAND_bytes(c->key, sizeof(c->key));
	for (size_t i = 0; i < 32; i++)
		chance[i] = (char)('a' + c->key[i] % 26);
	if (auth_hash_chosen(chance, c->dummy, sizeof(c->dummy)) != 0)
		c->dummy[0] = '\0';
	return c;
}

void
auth_cache_free(struct auth_cache *c)
{
	struct entry *e;
	struct entry *next;

	if (c == NULL)
		return;
	HASH_ITER(hh, c->entries, e, next)
	{
		HASH_DEL(c->entries, e);
		mem_free(e);
	}
	OPENSSL_cleanse(c->key, sizeof(c->key));
	mem_free(c);
}

static void
digest_of(const struct auth_cache *c, struct slice login, struct slice secret,
    uint8_t out[DIGEST_BYTES])
{
	uint8_t text[1024];
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
    uint64_t epoch, const struct auth_answer *answer)
{
	struct entry *e;

	HASH_FIND(hh, c->entries, digest, DIGEST_BYTES, e);
	if (e == NULL) {
		if (HASH_COUNT(c->entries) >= CACHE_MAX) {
			struct entry *oldest = c->entries;
			HASH_DEL(c->entries, oldest);
			mem_free(oldest);
		}
		e = MEM_NEW(struct entry);
		memcpy(e->digest, digest, DIGEST_BYTES);
		HASH_ADD(hh, c->entries, digest, DIGEST_BYTES, e);
	}
	e->epoch = epoch;
	e->answer = *answer;
}

struct found {
	bool is_found;
	struct auth_answer *answer;
	enum db_credential_kind kind;
	char verifier[CRYPT_OUTPUT_SIZE];
};

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
on_credential(const struct db_credential *row, void *arg)
{
	struct found *f = arg;

	f->is_found = row->verifier.len < sizeof(f->verifier);
	f->kind = row->kind;
	if (f->is_found)
		memcpy(f->verifier, row->verifier.ptr, row->verifier.len);
	copy_name(f->answer->account, row->account);
	copy_name(f->answer->login, row->login);
	f->answer->is_suspended = row->account_state == DB_ACCOUNT_SUSPENDED;
	f->answer->expires_ms = row->expires_ms;
	return true;
}

/* In a pool thread. */
static void
run_check(struct pool_job *job)
{
	struct auth_check *check = (struct auth_check *)job;
	struct crypt_data *data = MEM_NEW(struct crypt_data);
	const char *hash = crypt_r(check->secret, check->verifier, data);

	check->is_match = hash != NULL &&
	    strlen(hash) == strlen(check->verifier) &&
	    CRYPTO_memcmp(hash, check->verifier, strlen(hash)) == 0;
	OPENSSL_cleanse(data, sizeof(*data));
	OPENSSL_cleanse(check->secret, sizeof(check->secret));
	mem_free(data);
}

static void
finish_check(struct pool_job *job)
{
	struct auth_check *check = (struct auth_check *)job;

	if (check->is_decoy || !check->is_match)
		check->answer.result = AUTH_BAD;
	else if (check->answer.result == AUTH_OK)
		remember(
		    check->cache, check->digest, check->epoch, &check->answer);
	if (check->fn != NULL)
		check->fn(check->arg, &check->answer);
	mem_free(check);
}

void
auth_cancel(struct auth_check *check)
{
	if (check != NULL)
		check->fn = NULL;
}

static void
set_result(struct auth_answer *a, int64_t now_ms)
{
	a->result = a->expires_ms != 0 && now_ms >= a->expires_ms ? AUTH_EXPIRED
								  : AUTH_OK;
}

struct auth_check *
auth_begin(struct auth_cache *c, struct db *reader, struct pool *pool,
    struct loop *loop, uint64_t epoch, int64_t now_ms, struct slice login,
    struct slice secret, auth_fn *fn, void *arg, struct auth_answer *out)
{
	struct found found = {.answer = out};
	struct error err;
	struct entry *e;
	uint8_t digest[DIGEST_BYTES];
	char hash[65];

	*out = (struct auth_answer){.result = AUTH_BAD};
	if (login.len == 0 || login.len >= AUTH_NAME_BYTES || secret.len >= 512)
		login = secret = SLICE("");
	digest_of(c, login, secret, digest);
	HASH_FIND(hh, c->entries, digest, DIGEST_BYTES, e);
	if (e != NULL && e->epoch == epoch) {
		*out = e->answer;
		set_result(out, now_ms);
		return NULL;
	}
	if (db_credential_get(reader, login, on_credential, &found, &err) !=
	    0) {
		log_error(NULL, "auth.failed", LOG_TEXT("why", err.text));
		out->result = AUTH_TROUBLE;
		return NULL;
	}
	set_result(out, now_ms);
	if (found.is_found && found.kind == DB_SECRET_GENERATED) {
		auth_hash_generated(secret, hash);
		if (strlen(found.verifier) == 64 &&
		    CRYPTO_memcmp(hash, found.verifier, 64) == 0) {
			if (out->result == AUTH_OK)
				remember(c, digest, epoch, out);
			return NULL;
		}
	}
	struct auth_check *check = MEM_NEW(struct auth_check);
	check->job.origin = loop;
	check->job.run = run_check;
	check->job.done = finish_check;
	check->cache = c;
	check->epoch = epoch;
	check->answer = *out;
	check->fn = fn;
	check->arg = arg;
	memcpy(check->digest, digest, sizeof(digest));
	memcpy(check->secret, secret.ptr, secret.len);
	check->is_decoy = !found.is_found || found.kind != DB_SECRET_CHOSEN;
	memcpy(check->verifier, check->is_decoy ? c->dummy : found.verifier,
	    sizeof(check->verifier));
	pool_give(pool, &check->job);
	return check;
}

static bool
on_account(const struct db_account *row, void *arg)
{
	bool *is_active = arg;

	*is_active = row->state == DB_ACCOUNT_ACTIVE;
	return true;
}

bool
auth_account_is_active(struct db *reader, const char *account)
{
	struct error err;
	bool is_active = false;

	return db_account_get(reader, slice_of(account), on_account, &is_active,
		   &err) == 0 &&
	    is_active;
}
