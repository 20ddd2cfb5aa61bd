/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may log in: secrets checked against the store, with a keyed cache so
 * that a repeated login does not pay the slow hash. One cache belongs to one
 * thread.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_AUTH_H
#define POSTHORN_DAEMON_SUBMISSION_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "access/secret.h"
#include "base/slice.h"
#include "daemon/net/addr.h"
#include "daemon/net/pool.h"
#include "db/account.h"

#define AUTH_NAME_BYTES 256
#define AUTH_SECRETS_MAX 4

enum auth_result {
	AUTH_OK = 0,
	AUTH_BAD,     /* wrong secret, no such login, or not from there */
	AUTH_EXPIRED, /* right, but its time is over */
	AUTH_TROUBLE, /* the store can't be read */
	AUTH_BUSY,    /* too many checks wait */
};

/* Who a session is, and by which secret. */
struct auth_identity {
	char account[AUTH_NAME_BYTES]; /* empty: nobody yet */
	char login[AUTH_NAME_BYTES];   /* empty: known by the address */
	int64_t secret_seq;
	int64_t expires_ms; /* of the secret; 0: never */
	bool is_suspended;  /* the account */
	uint64_t epoch;     /* the setup's auth_epoch when that was read */
};

struct auth_answer {
	enum auth_result result;
	struct auth_identity who;
};

/* A login with its secrets, the newest first, as read from the store. */
struct auth_login {
	bool is_found;
	bool is_bound;   /* to networks; such are not cached */
	bool is_allowed; /* from the peer's address */
	struct auth_identity who;
	size_t count;
	struct {
		int64_t seq, expires_ms;
		enum secret_kind kind;
		char verifier[SECRET_TEXT_BYTES];
	} secrets[AUTH_SECRETS_MAX];
};

/* 0 found or not, -1 the store can't be read (logged). */
int auth_lookup(struct db *reader, struct slice login, const struct addr *peer,
    uint64_t epoch, struct auth_login *out) MUST_CHECK;
/* The answer for a secret that matched: is it still good? */
void auth_settle(const struct auth_login *l, size_t index, int64_t now_ms,
    struct auth_answer *out);

struct auth_cache;
struct auth_cache *auth_cache_new(void);
void auth_cache_free(struct auth_cache *c);

typedef void auth_fn(void *arg, const struct auth_answer *answer);

/* A check under way; `fn` runs later, unless auth_cancel() came first. */
struct auth_check;

/* What a check needs of its thread and of now. */
struct auth_place {
	struct auth_cache *cache;
	struct db *reader;
	struct pool *pool;
	size_t waiting_max; /* checks in the pool's queue */
	struct loop *loop;
	uint64_t epoch; /* the setup's: cached answers of older ones are not
			 * used */
	int64_t now_ms;
	const struct addr *peer;
};

/*
 * Checks login and secret. Answers at once (returns null, `out` is filled)
 * when no slow hash is needed; else gives the check to the pool. That takes
 * a different time for an unknown login: the caller evens it out.
 */
struct auth_check *auth_begin(const struct auth_place *at, struct slice login,
    struct slice secret, auth_fn *fn, void *arg, struct auth_answer *out);
/* The session has gone. */
void auth_cancel(struct auth_check *check);

enum auth_standing {
	STANDING_GOOD = 0,
	STANDING_SUSPENDED,
	STANDING_REVOKED, /* login, secret or account is gone */
	STANDING_EXPIRED,
	STANDING_TROUBLE, /* the store can't be read: not known now */
};

/* Does an identity still stand? Reads the store anew if `epoch` is another
 * than its own. */
enum auth_standing auth_check_standing(struct auth_identity *who,
    struct db *reader, const struct addr *peer, uint64_t epoch, int64_t now_ms);

#endif
