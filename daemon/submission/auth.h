/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may log in: verifying secrets against the store, with a keyed cache so
 * that a repeated login does not pay the slow hash, and constant work for
 * logins that do not exist. One cache belongs to one thread.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_AUTH_H
#define POSTHORN_DAEMON_SUBMISSION_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "daemon/net/pool.h"
#include "db/account.h"

#define AUTH_NAME_BYTES 256

enum auth_result {
	AUTH_OK = 0,
	AUTH_BAD,     /* wrong secret, or no such login */
	AUTH_EXPIRED, /* right, but its time is over */
	AUTH_TROUBLE, /* the store can't be read */
};

struct auth_answer {
	enum auth_result result;
	char account[AUTH_NAME_BYTES];
	char login[AUTH_NAME_BYTES];
	bool is_suspended;  /* the account */
	int64_t expires_ms; /* 0: never */
};

struct auth_cache;
struct auth_cache *auth_cache_new(void);
void auth_cache_free(struct auth_cache *c);

typedef void auth_fn(void *arg, const struct auth_answer *answer);

/* A check under way; `fn` runs later, unless auth_cancel() came first. */
struct auth_check;

/*
 * Checks login and secret. Answers at once (returns null, `out` is filled)
 * when no slow hash is needed; else gives the check to the pool. `epoch` is
 * the setup's: entries of an older one do not count.
 */
struct auth_check *auth_begin(struct auth_cache *c, struct db *reader,
    struct pool *pool, struct loop *loop, uint64_t epoch, int64_t now_ms,
    struct slice login, struct slice secret, auth_fn *fn, void *arg,
    struct auth_answer *out);
/* The session has gone. */
void auth_cancel(struct auth_check *check);

/* Is the account suspended or gone? For listeners that need no AUTH. */
bool auth_account_is_active(struct db *reader, const char *account);

/* What verifies a generated secret: hex SHA-256, 65 bytes with the NUL. */
void auth_hash_generated(struct slice secret, char out[65]);
/* What verifies a chosen one: crypt(5) text by yescrypt; 0 or -1. */
int auth_hash_chosen(const char *secret, char *out, size_t size);

#endif
