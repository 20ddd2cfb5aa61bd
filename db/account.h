/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts and their credentials in the store. The secrets themselves never
 * come here, only what verifies them.
 */
#ifndef POSTHORN_DB_ACCOUNT_H
#define POSTHORN_DB_ACCOUNT_H

#include "access/secret.h"
#include "db/db.h"

enum db_account_state {
	DB_ACCOUNT_ACTIVE = 0,
	DB_ACCOUNT_SUSPENDED,
};

struct db_account {
	struct slice name, reason;
	enum db_account_state state;
	int64_t created_ms;
	int64_t credentials; /* how many; in lists only */
};

/* One secret of a login. */
struct db_secret {
	int64_t seq; /* within the login; the newest is the highest */
	enum secret_kind kind;
	bool is_chosen; /* by a person; else generated */
	struct slice verifier;
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
};

/* A login together with one of its secrets. */
struct db_credential {
	struct slice login, account;
	struct slice networks; /* CIDRs between spaces; null: any */
	int64_t created_ms;
	enum db_account_state account_state;
	struct db_secret secret; /* in lists without the verifier */
};

/* A secret of which an event has to tell. */
struct db_secret_news {
	struct slice login, account;
	int64_t seq;
	int64_t expires_ms;
	bool is_over;
};

typedef bool db_account_fn(const struct db_account *row, void *arg);
typedef bool db_credential_fn(const struct db_credential *row, void *arg);
typedef void db_secret_news_fn(const struct db_secret_news *row, void *arg);

/* Writer. `out_changed` says whether there was such a row. */
int db_account_insert(struct db *db, struct slice name, int64_t now_ms,
    struct error *out_err) MUST_CHECK;
int db_account_set_state(struct db *db, struct slice name,
    enum db_account_state state, struct slice reason, bool *out_changed,
    struct error *out_err) MUST_CHECK;
/* With its credentials and policy. */
int db_account_delete(struct db *db, struct slice name, bool *out_changed,
    struct error *out_err) MUST_CHECK;
int db_credential_insert(struct db *db, const struct db_credential *c,
    struct error *out_err) MUST_CHECK;
/* A new secret; those before end at `until_ms` and only the newest of them
 * stays. */
int db_credential_rotate(struct db *db, struct slice login,
    const struct db_secret *secret, int64_t until_ms, bool *out_changed,
    struct error *out_err) MUST_CHECK;
/* Null networks: any. */
int db_credential_set_networks(struct db *db, struct slice login,
    struct slice networks, bool *out_changed, struct error *out_err) MUST_CHECK;
int db_secret_set_told(struct db *db, struct slice login, int64_t seq, int told,
    struct error *out_err) MUST_CHECK;
int db_credential_delete(struct db *db, struct slice login, bool *out_changed,
    struct error *out_err) MUST_CHECK;

/* Any mode. The callback runs once, or not at all. */
int db_account_get(struct db *db, struct slice name, db_account_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
int db_account_exists(struct db *db, struct slice name, bool *out_exists,
    struct error *out_err) MUST_CHECK;
int db_account_list(struct db *db, db_account_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* Once for each secret of the login, the newest first. */
int db_credential_get(struct db *db, struct slice login, db_credential_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
/* `account` null: of all. */
int db_credential_list(struct db *db, struct slice account,
    db_credential_fn *fn, void *arg, struct error *out_err) MUST_CHECK;

/* At most `limit` secrets that expire soon or have, and were not told of. */
int db_secret_news(struct db *db, int64_t now_ms, int64_t limit,
    db_secret_news_fn *fn, void *arg, struct error *out_err) MUST_CHECK;
/* When there is news next; 0: never. */
int db_secret_next_news(
    struct db *db, int64_t *out_ms, struct error *out_err) MUST_CHECK;

#endif
