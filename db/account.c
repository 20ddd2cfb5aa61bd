/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of account and credential to structs and back.
 */
#include "db/account.h"

#include "db/db_internal.h"

/* Runs a write; says whether it touched a row. */
static int
run_change(
    struct db *db, sqlite3_stmt *s, bool *out_changed, struct error *out_err)
{
	if (run(db, s, out_err) != 0)
		return -1;
	*out_changed = sqlite3_changes(db->handle) != 0;
	return 0;
}

int
db_account_insert(
    struct db *db, struct slice name, int64_t now_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_ACCOUNT_INSERT);

	bind_text(s, "account", name);
	bind_int(s, "now_ms", now_ms);
	return run(db, s, out_err);
}

int
db_account_set_state(struct db *db, struct slice name,
    enum db_account_state state, struct slice reason, bool *out_changed,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_ACCOUNT_SET_STATE);

	bind_text(s, "account", name);
	bind_int(s, "state", state);
	bind_text(s, "reason", reason);
	return run_change(db, s, out_changed, out_err);
}

int
db_account_delete(
    struct db *db, struct slice name, bool *out_changed, struct error *out_err)
{
	static const enum sql_name steps[] = {SQL_ACCOUNT_FORGET_CREDENTIALS,
	    SQL_ACCOUNT_FORGET_POLICY, SQL_ACCOUNT_DELETE};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		sqlite3_stmt *s = use(db, steps[i]);
		bind_text(s, "account", name);
		if (run_change(db, s, out_changed, out_err) != 0)
			return -1;
	}
	return 0;
}

static void
bind_credential(sqlite3_stmt *s, const struct db_credential *c)
{
	bind_text(s, "login", c->login);
	bind_int(s, "kind", c->kind);
	bind_text(s, "verifier", c->verifier);
	bind_int(s, "now_ms", c->created_ms);
	bind_int(s, "expires_ms", c->expires_ms);
}

int
db_credential_insert(
    struct db *db, const struct db_credential *c, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_INSERT);

	bind_credential(s, c);
	bind_text(s, "account", c->account);
	return run(db, s, out_err);
}

int
db_credential_replace(struct db *db, const struct db_credential *c,
    bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_REPLACE);

	bind_credential(s, c);
	return run_change(db, s, out_changed, out_err);
}

int
db_credential_delete(
    struct db *db, struct slice login, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_DELETE);

	bind_text(s, "login", login);
	return run_change(db, s, out_changed, out_err);
}

static int
each_account(struct db *db, sqlite3_stmt *s, bool has_count, db_account_fn *fn,
    void *arg, struct error *out_err)
{
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		struct db_account row = {
		    .name = column_slice(s, 0),
		    .state = (enum db_account_state)sqlite3_column_int(s, 1),
		    .reason = column_slice(s, 2),
		    .created_ms = sqlite3_column_int64(s, 3),
		    .credentials = has_count ? sqlite3_column_int64(s, 4) : 0,
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_account_get(struct db *db, struct slice name, db_account_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_ACCOUNT_GET);

	bind_text(s, "account", name);
	return each_account(db, s, false, fn, arg, out_err);
}

int
db_account_list(
    struct db *db, db_account_fn *fn, void *arg, struct error *out_err)
{
	return each_account(
	    db, use(db, SQL_ACCOUNT_LIST), true, fn, arg, out_err);
}

int
db_credential_get(struct db *db, struct slice login, db_credential_fn *fn,
    void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_GET);
	int rc;

	bind_text(s, "login", login);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_credential row = {
		    .login = column_slice(s, 0),
		    .account = column_slice(s, 1),
		    .kind = (enum db_credential_kind)sqlite3_column_int(s, 2),
		    .verifier = column_slice(s, 3),
		    .created_ms = sqlite3_column_int64(s, 4),
		    .expires_ms = sqlite3_column_int64(s, 5),
		    .account_state =
			(enum db_account_state)sqlite3_column_int(s, 6),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_credential_list(struct db *db, struct slice account, db_credential_fn *fn,
    void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_LIST);
	int rc;

	bind_text(s, "account", account);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_credential row = {
		    .login = column_slice(s, 0),
		    .account = column_slice(s, 1),
		    .kind = (enum db_credential_kind)sqlite3_column_int(s, 2),
		    .created_ms = sqlite3_column_int64(s, 3),
		    .expires_ms = sqlite3_column_int64(s, 4),
		};
		(void)fn(&row, arg);
	}
	return rc;
}
