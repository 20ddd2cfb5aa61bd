/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of account and credential to structs and back.
 */
#include "db/account.h"

#include "db/db_internal.h"

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
	static const enum sql_name steps[] = {SQL_ACCOUNT_FORGET_SECRETS,
	    SQL_ACCOUNT_FORGET_CREDENTIALS, SQL_ACCOUNT_FORGET_POLICY,
	    SQL_ACCOUNT_DELETE};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		sqlite3_stmt *s = use(db, steps[i]);
		bind_text(s, "account", name);
		if (run_change(db, s, out_changed, out_err) != 0)
			return -1;
	}
	return 0;
}

static int
insert_secret(struct db *db, struct slice login, const struct db_secret *x,
    bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SECRET_INSERT);

	bind_text(s, "login", login);
	bind_int(s, "kind", x->kind);
	bind_int(s, "is_chosen", x->is_chosen);
	bind_text(s, "verifier", x->verifier);
	bind_int(s, "now_ms", x->created_ms);
	bind_int(s, "expires_ms", x->expires_ms);
	return run_change(db, s, out_changed, out_err);
}

int
db_credential_insert(
    struct db *db, const struct db_credential *c, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_INSERT);
	bool is_changed;

	bind_text(s, "login", c->login);
	bind_text(s, "account", c->account);
	bind_int(s, "now_ms", c->created_ms);
	bind_text(s, "networks", c->networks);
	if (run(db, s, out_err) != 0)
		return -1;
	return insert_secret(db, c->login, &c->secret, &is_changed, out_err);
}

int
db_credential_rotate(struct db *db, struct slice login,
    const struct db_secret *secret, int64_t until_ms, bool *out_changed,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SECRET_END);

	bind_text(s, "login", login);
	bind_int(s, "until_ms", until_ms);
	if (run(db, s, out_err) != 0 ||
	    insert_secret(db, login, secret, out_changed, out_err) != 0)
		return -1;
	s = use(db, SQL_SECRET_DROP_OLD);
	bind_text(s, "login", login);
	bind_int(s, "now_ms", secret->created_ms);
	return run(db, s, out_err);
}

int
db_credential_set_networks(struct db *db, struct slice login,
    struct slice networks, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_SET_NETWORKS);

	bind_text(s, "login", login);
	bind_text(s, "networks", networks);
	return run_change(db, s, out_changed, out_err);
}

int
db_secret_set_told(struct db *db, struct slice login, int64_t seq, int told,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SECRET_TOLD);

	bind_text(s, "login", login);
	bind_int(s, "seq", seq);
	bind_int(s, "told", told);
	return run(db, s, out_err);
}

int
db_credential_delete(
    struct db *db, struct slice login, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SECRET_FORGET);

	bind_text(s, "login", login);
	if (run(db, s, out_err) != 0)
		return -1;
	s = use(db, SQL_CREDENTIAL_DELETE);
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

static bool
on_exists(const struct db_account *row UNUSED, void *arg)
{
	*(bool *)arg = true;
	return true;
}

int
db_account_exists(
    struct db *db, struct slice name, bool *out_exists, struct error *out_err)
{
	*out_exists = false;
	return db_account_get(db, name, on_exists, out_exists, out_err);
}

int
db_account_list(
    struct db *db, db_account_fn *fn, void *arg, struct error *out_err)
{
	return each_account(
	    db, use(db, SQL_ACCOUNT_LIST), true, fn, arg, out_err);
}

static int
each_credential(struct db *db, sqlite3_stmt *s, db_credential_fn *fn, void *arg,
    struct error *out_err)
{
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		struct db_credential row = {
		    .login = column_slice(s, 0),
		    .account = column_slice(s, 1),
		    .created_ms = sqlite3_column_int64(s, 2),
		    .networks = column_slice(s, 3),
		    .account_state =
			(enum db_account_state)sqlite3_column_int(s, 4),
		    .secret =
			{
			    .seq = sqlite3_column_int64(s, 5),
			    .kind = (enum secret_kind)sqlite3_column_int(s, 6),
			    .is_chosen = sqlite3_column_int64(s, 7) != 0,
			    .verifier = column_slice(s, 8),
			    .created_ms = sqlite3_column_int64(s, 9),
			    .expires_ms = sqlite3_column_int64(s, 10),
			},
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_credential_get(struct db *db, struct slice login, db_credential_fn *fn,
    void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_GET);

	bind_text(s, "login", login);
	return each_credential(db, s, fn, arg, out_err);
}

int
db_credential_list(struct db *db, struct slice account, db_credential_fn *fn,
    void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CREDENTIAL_LIST);

	bind_text(s, "account", account);
	return each_credential(db, s, fn, arg, out_err);
}

int
db_secret_news(struct db *db, int64_t now_ms, int64_t limit,
    db_secret_news_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SECRET_EXPIRING);
	int rc;

	bind_int(s, "now_ms", now_ms);
	bind_int(s, "limit", limit);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_secret_news row = {
		    .login = column_slice(s, 0),
		    .account = column_slice(s, 1),
		    .seq = sqlite3_column_int64(s, 2),
		    .expires_ms = sqlite3_column_int64(s, 3),
		    .is_over = sqlite3_column_int64(s, 4) != 0,
		};
		fn(&row, arg);
	}
	return rc;
}

int
db_secret_next_news(struct db *db, int64_t *out_ms, struct error *out_err)
{
	return run_for_int(db, use(db, SQL_SECRET_NEXT_NEWS), out_ms, out_err);
}
