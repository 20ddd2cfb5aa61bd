/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of suppression, trap, rule and domain to structs and back.
 */
#include "db/lists.h"

#include "db/db_internal.h"

/* --- suppressions ------------------------------------------------------- */

int
db_suppression_put(
    struct db *db, const struct db_suppression *x, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SUPPRESSION_PUT);

	bind_text(s, "address", x->address);
	bind_text(s, "account", x->account);
	bind_text(s, "reason", x->reason);
	bind_int(s, "now_ms", x->created_ms);
	bind_int(s, "expires_ms", x->expires_ms);
	return run(db, s, out_err);
}

int
db_suppression_delete(struct db *db, struct slice account, struct slice address,
    bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SUPPRESSION_DELETE);

	bind_text(s, "address", address);
	bind_text(s, "account", account);
	return run_change(db, s, out_changed, out_err);
}

int
db_suppression_purge(struct db *db, int64_t now_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SUPPRESSION_PURGE);

	bind_int(s, "now_ms", now_ms);
	return run(db, s, out_err);
}

int
db_suppression_list(struct db *db, struct slice account,
    struct slice after_account, struct slice after_address, int64_t limit,
    db_suppression_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SUPPRESSION_LIST);
	int rc;

	bind_text(s, "account", account);
	bind_text(s, "after_account", after_account);
	bind_text(s, "after_address", after_address);
	bind_int(s, "limit", limit);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_suppression row = {
		    .account = column_slice(s, 0),
		    .address = column_slice(s, 1),
		    .reason = column_slice(s, 2),
		    .created_ms = sqlite3_column_int64(s, 3),
		    .expires_ms = sqlite3_column_int64(s, 4),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

/* --- traps -------------------------------------------------------------- */

int
db_trap_put(
    struct db *db, struct slice address, int64_t now_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_TRAP_PUT);

	bind_text(s, "address", address);
	bind_int(s, "now_ms", now_ms);
	return run(db, s, out_err);
}

int
db_trap_delete(struct db *db, struct slice address, bool *out_changed,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_TRAP_DELETE);

	bind_text(s, "address", address);
	return run_change(db, s, out_changed, out_err);
}

int
db_trap_list(struct db *db, db_trap_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_TRAP_LIST);
	int rc;

	while ((rc = next(db, s, out_err)) > 0)
		(void)fn(column_slice(s, 0), sqlite3_column_int64(s, 1), arg);
	return rc;
}

/* --- rules -------------------------------------------------------------- */

int
db_rule_insert(struct db *db, const struct db_rule *r, int64_t *out_id,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RULE_INSERT);

	bind_text(s, "account", r->account);
	bind_int(s, "is_allow", r->is_allow);
	bind_int(s, "field", r->field);
	bind_text(s, "value", r->value);
	bind_text(s, "reason", r->reason);
	bind_int(s, "now_ms", r->created_ms);
	bind_int(s, "expires_ms", r->expires_ms);
	return run_for_int(db, s, out_id, out_err);
}

int
db_rule_delete(
    struct db *db, int64_t id, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RULE_DELETE);

	bind_int(s, "id", id);
	return run_change(db, s, out_changed, out_err);
}

int
db_rule_hit(struct db *db, int64_t id, int64_t hits, int64_t now_ms,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RULE_HIT);

	bind_int(s, "id", id);
	bind_int(s, "hits", hits);
	bind_int(s, "now_ms", now_ms);
	return run(db, s, out_err);
}

int
db_rule_of_sender(struct db *db, struct slice account, struct slice address,
    struct slice domain, int64_t now_ms, db_rule_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RULE_SENDER);
	int rc;

	bind_text(s, "account", account);
	bind_text(s, "address", address);
	bind_text(s, "domain", domain);
	bind_int(s, "now_ms", now_ms);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_rule row = {
		    .id = sqlite3_column_int64(s, 0),
		    .is_allow = sqlite3_column_int64(s, 1) != 0,
		    .reason = column_slice(s, 2),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_list_any(struct db *db, bool *out_any, struct error *out_err)
{
	int64_t any = 0;

	if (run_for_int(db, use(db, SQL_LIST_ANY), &any, out_err) != 0)
		return -1;
	*out_any = any != 0;
	return 0;
}

int
db_list_recipient(struct db *db, struct slice account, struct slice address,
    struct slice domain, int64_t now_ms, db_listed_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_LIST_RECIPIENT);
	int rc;

	bind_text(s, "account", account);
	bind_text(s, "address", address);
	bind_text(s, "domain", domain);
	bind_int(s, "now_ms", now_ms);
	while ((rc = next(db, s, out_err)) > 0) {
		int kind = sqlite3_column_int(s, 0);
		struct db_listed row = {
		    .has_rule = kind == 0,
		    .rule =
			{
			    .id = sqlite3_column_int64(s, 1),
			    .is_allow = sqlite3_column_int64(s, 2) != 0,
			    .reason = column_slice(s, 3),
			},
		    .is_suppressed = kind == 1,
		    .suppression = column_slice(s, 3),
		    .is_trap = kind == 2,
		};
		fn(&row, arg);
	}
	return rc;
}

int
db_rule_list(struct db *db, struct slice account, db_rule_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RULE_LIST);
	int rc;

	bind_text(s, "account", account);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_rule row = {
		    .id = sqlite3_column_int64(s, 0),
		    .account = column_slice(s, 1),
		    .is_allow = sqlite3_column_int64(s, 2) != 0,
		    .field = (enum db_rule_field)sqlite3_column_int(s, 3),
		    .value = column_slice(s, 4),
		    .reason = column_slice(s, 5),
		    .created_ms = sqlite3_column_int64(s, 6),
		    .expires_ms = sqlite3_column_int64(s, 7),
		    .hits = sqlite3_column_int64(s, 8),
		    .last_hit_ms = sqlite3_column_int64(s, 9),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

/* --- domains ------------------------------------------------------------ */

int
db_domain_put(struct db *db, const struct db_domain *d, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_DOMAIN_PUT);

	bind_text(s, "domain", d->domain);
	bind_text(s, "account", d->account);
	bind_text(s, "token", d->token);
	bind_int(s, "now_ms", d->created_ms);
	return run(db, s, out_err);
}

static int
change_domain(struct db *db, sqlite3_stmt *s, struct slice account,
    struct slice domain, bool *out_changed, struct error *out_err)
{
	bind_text(s, "domain", domain);
	bind_text(s, "account", account);
	return run_change(db, s, out_changed, out_err);
}

int
db_domain_set_verified(struct db *db, struct slice account, struct slice domain,
    int64_t now_ms, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_DOMAIN_VERIFIED);

	bind_int(s, "now_ms", now_ms);
	return change_domain(db, s, account, domain, out_changed, out_err);
}

int
db_domain_delete(struct db *db, struct slice account, struct slice domain,
    bool *out_changed, struct error *out_err)
{
	return change_domain(db, use(db, SQL_DOMAIN_DELETE), account, domain,
	    out_changed, out_err);
}

int
db_domain_get(struct db *db, struct slice account, struct slice domain,
    db_domain_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_DOMAIN_GET);
	int rc;

	bind_text(s, "domain", domain);
	bind_text(s, "account", account);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_domain row = {
		    .domain = domain,
		    .account = account,
		    .token = column_slice(s, 0),
		    .verified_ms = sqlite3_column_int64(s, 1),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_domain_list(struct db *db, struct slice account, db_domain_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_DOMAIN_LIST);
	int rc;

	bind_text(s, "account", account);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_domain row = {
		    .domain = column_slice(s, 0),
		    .account = column_slice(s, 1),
		    .token = column_slice(s, 2),
		    .created_ms = sqlite3_column_int64(s, 3),
		    .verified_ms = sqlite3_column_int64(s, 4),
		};
		(void)fn(&row, arg);
	}
	return rc;
}
