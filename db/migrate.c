/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbered migrations, append-only: PRAGMA user_version says how many have
 * run. A database from a newer Posthorn is refused.
 */
#include <stdio.h>

#include "db/db_internal.h"

static int
get_version(struct db *db, int *out, struct error *out_err)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(
		db->handle, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW) {
		(void)sqlite3_finalize(s);
		return db_fail(db, "user_version", out_err);
	}
	*out = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return 0;
}

static int
migrate_one(struct db *db, int index, struct error *out_err)
{
	char bump[64];

	(void)snprintf(bump, sizeof(bump), "PRAGMA user_version=%d", index + 1);
	if (db_begin(db, out_err) != 0)
		return -1;
	if (sqlite3_exec(db->handle, sql_migrations[index], NULL, NULL, NULL) !=
		SQLITE_OK ||
	    sqlite3_exec(db->handle, bump, NULL, NULL, NULL) != SQLITE_OK) {
		(void)db_fail(db, "migration", out_err);
		db_rollback(db);
		return -1;
	}
	return db_commit(db, out_err);
}

int
db_migrate(struct db *db, struct error *out_err)
{
	int version = 0;

	if (get_version(db, &version, out_err) != 0)
		return -1;
	if (version > (int)sql_migration_count)
		return error_set(out_err,
		    "store: the database has layout %d, this Posthorn knows "
		    "%zu: run the newer version, or restore a backup",
		    version, sql_migration_count);
	for (; version < (int)sql_migration_count; version++)
		if (migrate_one(db, version, out_err) != 0)
			return -1;
	return 0;
}
