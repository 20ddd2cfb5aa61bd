/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts and their credentials in the store. The secrets themselves never
 * come here, only what verifies them.
 */
#ifndef POSTHORN_DB_ACCOUNT_H
#define POSTHORN_DB_ACCOUNT_H

#include "db/db.h"

enum db_account_state {
	DB_ACCOUNT_ACTIVE = 0,
	DB_ACCOUNT_SUSPENDED,
};

enum db_credential_kind {
	DB_SECRET_GENERATED = 0, /* verifier: SHA-256 of the secret, hex */
	DB_SECRET_CHOSEN,        /* verifier: crypt(5) text, yescrypt */
};

struct db_account {
	struct slice name, reason;
	enum db_account_state state;
	int64_t created_ms;
	int64_t credentials; /* how many; in lists only */
};

struct db_credential {
	struct slice login, account, verifier;
	enum db_credential_kind kind;
	int64_t created_ms;
	int64_t expires_ms;                  /* 0: never */
	enum db_account_state account_state; /* in db_credential_get() only */
};

typedef bool db_account_fn(const struct db_account *row, void *arg);
typedef bool db_credential_fn(const struct db_credential *row, void *arg);

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
int db_credential_replace(struct db *db, const struct db_credential *c,
    bool *out_changed, struct error *out_err) MUST_CHECK;
int db_credential_delete(struct db *db, struct slice login, bool *out_changed,
    struct error *out_err) MUST_CHECK;

/* Any mode. The callback runs once, or not at all. */
int db_account_get(struct db *db, struct slice name, db_account_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
int db_account_list(struct db *db, db_account_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_credential_get(struct db *db, struct slice login, db_credential_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
/* `account` null: of all. */
int db_credential_list(struct db *db, struct slice account,
    db_credential_fn *fn, void *arg, struct error *out_err) MUST_CHECK;

#endif
