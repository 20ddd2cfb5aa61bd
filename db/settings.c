/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every change of policy is a row of history in the same transaction, so the
 * version in force always says how it came to be.
 */
#include "db/settings.h"

#include "base/mem.h"
#include "db/db_internal.h"

/* Copies what `policy_get` gives; null when the key is not set. */
static int
get_value(struct db *db, struct slice account, struct slice key, char **out,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_POLICY_GET);

	*out = NULL;
	bind_text(s, "account", account);
	bind_text(s, "key", key);
	int rc = next(db, s, out_err);
	if (rc > 0) {
		*out = slice_dup(column_slice(s, 0));
		(void)sqlite3_reset(s);
	}
	return rc < 0 ? -1 : 0;
}

static int
apply(struct db *db, struct slice account, struct slice key, struct slice value,
    struct error *out_err)
{
	sqlite3_stmt *s =
	    use(db, value.ptr != NULL ? SQL_POLICY_SET : SQL_POLICY_UNSET);

	bind_text(s, "account", account);
	bind_text(s, "key", key);
	if (value.ptr != NULL)
		bind_text(s, "value", value);
	return run(db, s, out_err);
}

int
db_policy_set(struct db *db, struct slice account, struct slice key,
    struct slice value, struct slice actor, int64_t now_ms, int64_t undoes,
    int64_t *out_version, struct error *out_err)
{
	char *old_value;
	int64_t version = 0;

	if (get_value(db, account, key, &old_value, out_err) != 0)
		return -1;
	int rc =
	    run_for_int(db, use(db, SQL_POLICY_VERSION), &version, out_err);
	if (rc == 0)
		rc = apply(db, account, key, value, out_err);
	if (rc == 0) {
		sqlite3_stmt *s = use(db, SQL_POLICY_CHANGE_INSERT);
		bind_int(s, "version", version + 1);
		bind_int(s, "now_ms", now_ms);
		bind_text(s, "actor", actor);
		bind_text(s, "account", account);
		bind_text(s, "key", key);
		bind_text(s, "old_value", slice_of(old_value));
		bind_text(s, "new_value", value);
		bind_int_or_null(s, "undoes", undoes);
		rc = run(db, s, out_err);
	}
	mem_free(old_value);
	*out_version = version + 1;
	return rc;
}

static void
read_change(sqlite3_stmt *s, struct db_policy_change *c)
{
	*c = (struct db_policy_change){
	    .version = sqlite3_column_int64(s, 0),
	    .time_ms = sqlite3_column_int64(s, 1),
	    .actor = column_slice(s, 2),
	    .account = column_slice(s, 3),
	    .key = column_slice(s, 4),
	    .old_value = column_slice(s, 5),
	    .new_value = column_slice(s, 6),
	    .undoes = sqlite3_column_int64(s, 7),
	};
	if (c->account.ptr == NULL)
		c->account = SLICE("");
}

/* Is the change still the one that counts? */
static int
check_in_force(
    struct db *db, const struct db_policy_change *c, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_POLICY_CHANGE_HIDDEN);
	int64_t is_hidden = 0;

	bind_int(s, "version", c->version);
	bind_text(s, "account", c->account);
	bind_text(s, "key", c->key);
	if (run_for_int(db, s, &is_hidden, out_err) != 0)
		return -1;
	return is_hidden == 0
	    ? 0
	    : error_set_kind(out_err, ERROR_REFUSED,
		  "version %lld was undone or changed again since; undo the "
		  "later change first, or set %.*s anew",
		  (long long)c->version, SLICE_ARGS(c->key));
}

int
db_policy_undo(struct db *db, int64_t version, struct slice actor,
    int64_t now_ms, int64_t *out_undone, int64_t *out_version,
    struct error *out_err)
{
	struct db_policy_change c;

	if (version == 0 &&
	    run_for_int(db, use(db, SQL_POLICY_CHANGE_UNDOABLE), &version,
		out_err) != 0)
		return -1;
	sqlite3_stmt *s = use(db, SQL_POLICY_CHANGE_GET);
	bind_int(s, "version", version);
	int rc = next(db, s, out_err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return error_set_kind(out_err, ERROR_NOT_FOUND,
		    version == 0 ? "there is no change to undo"
				 : "there is no such version");
	read_change(s, &c);
	rc = check_in_force(db, &c, out_err);
	if (rc == 0)
		rc = db_policy_set(db, c.account, c.key, c.old_value, actor,
		    now_ms, version, out_version, out_err);
	(void)sqlite3_reset(s);
	*out_undone = version;
	return rc;
}

int
db_zone_state_set(struct db *db, struct slice zone, enum db_zone_state state,
    struct slice actor, int64_t now_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db,
	    state == DB_ZONE_OPEN ? SQL_ZONE_STATE_CLEAR : SQL_ZONE_STATE_SET);

	bind_text(s, "zone", zone);
	if (state != DB_ZONE_OPEN) {
		bind_int(s, "state", state);
		bind_int(s, "now_ms", now_ms);
		bind_text(s, "actor", actor);
	}
	return run(db, s, out_err);
}

int
db_source_set(struct db *db, struct slice address, bool is_disabled,
    struct slice actor, int64_t now_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(
	    db, is_disabled ? SQL_SOURCE_STATE_SET : SQL_SOURCE_STATE_CLEAR);

	bind_text(s, "address", address);
	if (is_disabled) {
		bind_int(s, "now_ms", now_ms);
		bind_text(s, "actor", actor);
	}
	return run(db, s, out_err);
}

int
db_policy_all(struct db *db, db_policy_fn *fn, void *arg, int64_t *out_version,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_POLICY_ALL);
	int rc;

	while ((rc = next(db, s, out_err)) > 0)
		(void)fn(column_slice(s, 0), column_slice(s, 1),
		    column_slice(s, 2), arg);
	if (rc < 0)
		return -1;
	return run_for_int(
	    db, use(db, SQL_POLICY_VERSION), out_version, out_err);
}

int
db_policy_history(struct db *db, int64_t limit, db_policy_change_fn *fn,
    void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_POLICY_CHANGE_LIST);
	struct db_policy_change row;
	int rc;

	bind_int(s, "limit", limit);
	while ((rc = next(db, s, out_err)) > 0) {
		read_change(s, &row);
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_zone_states(
    struct db *db, db_zone_state_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_ZONE_STATE_ALL);
	int rc;

	while ((rc = next(db, s, out_err)) > 0)
		(void)fn(column_slice(s, 0),
		    (enum db_zone_state)sqlite3_column_int(s, 1),
		    sqlite3_column_int64(s, 2), column_slice(s, 3), arg);
	return rc;
}

int
db_source_states(
    struct db *db, db_source_state_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_SOURCE_STATE_ALL);
	int rc;

	while ((rc = next(db, s, out_err)) > 0)
		(void)fn(column_slice(s, 0), sqlite3_column_int64(s, 1),
		    column_slice(s, 2), arg);
	return rc;
}
