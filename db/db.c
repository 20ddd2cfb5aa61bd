/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening, transactions, checkpoints.
 *
 * Why one writer that also checkpoints, and no mmap: SQLite before 3.51.3 can
 * lose commits when two connections write or checkpoint at the same moment
 * (release notes of 3.51.3), and an I/O error on a mapped page is a signal.
 */
#include "db/db.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "db/db_internal.h"

#define CACHE_KIB_WRITER 65536
#define CACHE_KIB_READER 4096
#define READER_BUSY_MS 5000

int
db_fail(struct db *db, const char *what, struct error *out_err)
{
	int code = sqlite3_extended_errcode(db->handle);

	(void)error_set(
	    out_err, "store: %s: %s", what, sqlite3_errmsg(db->handle));
	if ((code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_IOERR ||
	    (code & 0xff) == SQLITE_CANTOPEN ||
	    (code & 0xff) == SQLITE_READONLY)
		out_err->kind = ERROR_STORAGE;
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CORRUPT)
		db->is_broken = true;
	return -1;
}

sqlite3_stmt *
use(struct db *db, enum sql_name name)
{
	return db->statements[name];
}

static int
place_of(sqlite3_stmt *s, const char *name)
{
	char full[40];

	(void)snprintf(full, sizeof(full), ":%s", name);
	int place = sqlite3_bind_parameter_index(s, full);
	assert(place > 0);
	return place;
}

void
bind_text(sqlite3_stmt *s, const char *name, struct slice text)
{
	(void)sqlite3_bind_text64(s, place_of(s, name), text.ptr, text.len,
	    SQLITE_STATIC, SQLITE_UTF8);
}

void
bind_blob(sqlite3_stmt *s, const char *name, const void *data, size_t len)
{
	(void)sqlite3_bind_blob64(
	    s, place_of(s, name), data, len, SQLITE_STATIC);
}

void
bind_int(sqlite3_stmt *s, const char *name, int64_t value)
{
	(void)sqlite3_bind_int64(s, place_of(s, name), value);
}

void
bind_int_or_null(sqlite3_stmt *s, const char *name, int64_t value)
{
	if (value != 0)
		bind_int(s, name, value);
	else
		(void)sqlite3_bind_null(s, place_of(s, name));
}

void
bind_real(sqlite3_stmt *s, const char *name, double value)
{
	(void)sqlite3_bind_double(s, place_of(s, name), value);
}

static void
finish(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s);
	/* The bound texts are the caller's and may go now. */
	(void)sqlite3_clear_bindings(s);
}

int
next(struct db *db, sqlite3_stmt *s, struct error *out_err)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		(void)db_fail(db, "statement", out_err);
	finish(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
run(struct db *db, sqlite3_stmt *s, struct error *out_err)
{
	int rc = next(db, s, out_err);

	if (rc > 0)
		finish(s);
	return rc < 0 ? -1 : 0;
}

int
run_change(
    struct db *db, sqlite3_stmt *s, bool *out_changed, struct error *out_err)
{
	if (run(db, s, out_err) != 0)
		return -1;
	*out_changed = sqlite3_changes(db->handle) != 0;
	return 0;
}

int
run_for_int(struct db *db, sqlite3_stmt *s, int64_t *out, struct error *out_err)
{
	int rc = next(db, s, out_err);

	*out = 0;
	if (rc > 0) {
		*out = sqlite3_column_int64(s, 0);
		finish(s);
	}
	return rc < 0 ? -1 : 0;
}

struct slice
column_slice(sqlite3_stmt *s, int column)
{
	const void *data = sqlite3_column_blob(s, column);

	return slice_make(data, (size_t)sqlite3_column_bytes(s, column));
}

static int
on_wal(void *arg, sqlite3 *handle UNUSED, const char *name UNUSED, int pages)
{
	struct db *db = arg;

	db->wal_pages = pages;
	return SQLITE_OK;
}

static int
execute(struct db *db, const char *sql, struct error *out_err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(db, sql, out_err);
	return 0;
}

static int
configure(struct db *db, struct error *out_err)
{
	char cache[64];
	bool is_writer = db->mode == DB_WRITER;

	(void)sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(
	    db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
	    is_writer ? 0 : 1, NULL);
	(void)sqlite3_busy_timeout(db->handle, READER_BUSY_MS);
	(void)snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d",
	    is_writer ? CACHE_KIB_WRITER : CACHE_KIB_READER);
	if (execute(db, cache, out_err) != 0 ||
	    execute(db, "PRAGMA mmap_size=0", out_err) != 0 ||
	    execute(db, "PRAGMA wal_autocheckpoint=0", out_err) != 0)
		return -1;
	if (!is_writer)
		return execute(db, "PRAGMA query_only=1", out_err);
	(void)sqlite3_wal_hook(db->handle, on_wal, db);
	if (execute(db, "PRAGMA journal_mode=WAL", out_err) != 0 ||
	    execute(db, "PRAGMA synchronous=FULL", out_err) != 0)
		return -1;
	return db_migrate(db, out_err);
}

static int
prepare_all(struct db *db, struct error *out_err)
{
	for (int i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v3(db->handle, sql_statements[i].text, -1,
			SQLITE_PREPARE_PERSISTENT, &db->statements[i],
			NULL) != SQLITE_OK)
			return db_fail(db, sql_statements[i].file, out_err);
	return 0;
}

/* What only the writer does before anything new comes in. */
static int
start_writer(struct db *db, struct error *out_err)
{
	if (run_for_int(
		db, use(db, SQL_EVENT_HIGHEST), &db->last_event, out_err) != 0)
		return -1;
	db->committed_event = db->last_event;
	if (db_begin(db, out_err) != 0)
		return -1;
	if (run(db, use(db, SQL_CHUNK_ORPHANS), out_err) != 0 ||
	    db_commit(db, out_err) != 0) {
		db_rollback(db);
		return -1;
	}
	return 0;
}

struct db *
db_open(const char *data_dir, enum db_mode mode, struct error *out_err)
{
	struct db *db = MEM_NEW(struct db);
	char path[4096];
	int flags = SQLITE_OPEN_NOMUTEX |
	    (mode == DB_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			       : SQLITE_OPEN_READONLY);

	db->mode = mode;
	(void)snprintf(path, sizeof(path), "%s/%s", data_dir, DB_FILE_NAME);
	if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
		(void)db_fail(db, path, out_err);
		goto failed;
	}
	if (configure(db, out_err) != 0 || prepare_all(db, out_err) != 0)
		goto failed;
	if (mode == DB_WRITER && start_writer(db, out_err) != 0)
		goto failed;
	return db;

failed:
	db_close(db);
	return NULL;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(db->statements[i]);
	(void)sqlite3_close(db->handle);
	mem_free(db);
}

int
db_begin(struct db *db, struct error *out_err)
{
	assert(db->mode == DB_WRITER);
	return execute(db, "BEGIN IMMEDIATE", out_err);
}

int
db_commit(struct db *db, struct error *out_err)
{
	if (execute(db, "COMMIT", out_err) != 0)
		return -1;
	db->committed_event = db->last_event;
	return 0;
}

void
db_rollback(struct db *db)
{
	if (sqlite3_get_autocommit(db->handle) == 0)
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	/* Numbers of events that were not committed are given out again. */
	db->last_event = db->committed_event;
}

bool
db_is_broken(const struct db *db)
{
	return db->is_broken;
}

int
db_wal_pages(const struct db *db)
{
	return db->wal_pages;
}

int
db_checkpoint(struct db *db, struct error *out_err)
{
	assert(db->mode == DB_WRITER);
	int rc = sqlite3_wal_checkpoint_v2(
	    db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		return db_fail(db, "checkpoint", out_err);
	return 0;
}

int
db_highest_id(struct db *db, uint64_t *out_id, struct error *out_err)
{
	int64_t id = 0;

	if (run_for_int(db, use(db, SQL_MESSAGE_HIGHEST), &id, out_err) != 0)
		return -1;
	*out_id = (uint64_t)id;
	return 0;
}

int
db_secret(struct db *db, const char *key, void *out, size_t size,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_META_GET);

	bind_text(s, "key", slice_of(key));
	int rc = next(db, s, out_err);
	if (rc > 0) {
		struct slice value = column_slice(s, 0);
		bool is_whole = value.len == size;
		if (is_whole)
			memcpy(out, value.ptr, size);
		finish(s);
		return is_whole ? 0
				: error_set(out_err,
				      "store: secret \"%s\" has %zu bytes, "
				      "not %zu",
				      key, value.len, size);
	}
	if (rc < 0 || db->mode != DB_WRITER)
		return rc < 0
		    ? -1
		    : error_set(out_err, "store: no secret \"%s\"", key);
	if (getrandom(out, size, 0) != (ssize_t)size)
		return error_set_errno(out_err, "getrandom");
	s = use(db, SQL_META_SET);
	bind_text(s, "key", slice_of(key));
	bind_blob(s, "value", out, size);
	return run(db, s, out_err);
}

int
db_check(struct db *db, struct error *out_problem, struct error *out_err)
{
	sqlite3_stmt *s = NULL;

	out_problem->text[0] = '\0';
	if (sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(1)", -1, &s,
		NULL) != SQLITE_OK)
		return db_fail(db, "integrity_check", out_err);
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && !slice_is(column_slice(s, 0), "ok"))
		(void)error_set(out_problem, "%.400s",
		    (const char *)sqlite3_column_text(s, 0));
	if (rc != SQLITE_ROW)
		(void)error_set(out_problem, "%s", sqlite3_errmsg(db->handle));
	(void)sqlite3_finalize(s);
	return 0;
}
