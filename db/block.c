/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of identity_block to structs and back.
 */
#include "db/block.h"

#include "db/db_internal.h"

int
db_block_insert(struct db *db, const struct db_block *b, int64_t *out_id,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_BLOCK_INSERT);

	bind_int(s, "axis", b->axis);
	bind_text(s, "name", b->name);
	bind_text(s, "account", b->account);
	bind_text(s, "action", b->action);
	bind_text(s, "sign", b->sign);
	bind_text(s, "evidence", b->evidence);
	bind_int_or_null(s, "id", (int64_t)b->message_id);
	bind_int(s, "now_ms", b->since_ms);
	bind_int(s, "until_ms", b->until_ms);
	if (run(db, s, out_err) != 0)
		return -1;
	*out_id = sqlite3_last_insert_rowid(db->handle);
	return 0;
}

int
db_block_end(struct db *db, int64_t id, struct slice account,
    struct slice actor, int64_t now_ms, bool *out_changed,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_BLOCK_END);

	bind_int(s, "id", id);
	bind_text(s, "account", account);
	bind_text(s, "actor", actor);
	bind_int(s, "now_ms", now_ms);
	return run_change(db, s, out_changed, out_err);
}

static int
each_block(struct db *db, sqlite3_stmt *s, db_block_fn *fn, void *arg,
    struct error *out_err)
{
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		struct db_block row = {
		    .id = sqlite3_column_int64(s, 0),
		    .axis = (enum usage_axis)sqlite3_column_int(s, 1),
		    .name = column_slice(s, 2),
		    .account = column_slice(s, 3),
		    .action = column_slice(s, 4),
		    .sign = column_slice(s, 5),
		    .evidence = column_slice(s, 6),
		    .message_id = (uint64_t)sqlite3_column_int64(s, 7),
		    .since_ms = sqlite3_column_int64(s, 8),
		    .until_ms = sqlite3_column_int64(s, 9),
		    .ended_ms = sqlite3_column_int64(s, 10),
		    .ended_by = column_slice(s, 11),
		};
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_block_open(struct db *db, db_block_fn *fn, void *arg, struct error *out_err)
{
	return each_block(db, use(db, SQL_BLOCK_OPEN), fn, arg, out_err);
}

int
db_block_list(struct db *db, struct slice account, bool with_ended,
    db_block_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_BLOCK_LIST);

	bind_text(s, "account", account);
	bind_int(s, "all", with_ended);
	return each_block(db, s, fn, arg, out_err);
}
