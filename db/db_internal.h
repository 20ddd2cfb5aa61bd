/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the files of db/ only: the connection and the helpers that bind and
 * read. A statement is used by: use(), bind_*(), step..., which resets it.
 */
#ifndef POSTHORN_DB_INTERNAL_H
#define POSTHORN_DB_INTERNAL_H

#include <sqlite3.h>

#include "db/db.h"
#include "sql.h"

struct db {
	sqlite3 *handle;
	sqlite3_stmt *statements[SQL_COUNT];
	enum db_mode mode;
	bool is_broken;
	int wal_pages;
	int64_t last_event;      /* writer: last sequence given out */
	int64_t committed_event; /* writer: as of the last commit */
};

sqlite3_stmt *use(struct db *db, enum sql_name name);
/* A null pointer in the slice binds NULL. */
void bind_text(sqlite3_stmt *s, const char *name, struct slice text);
void bind_blob(sqlite3_stmt *s, const char *name, const void *data, size_t len);
void bind_int(sqlite3_stmt *s, const char *name, int64_t value);
/* Zero binds NULL. */
void bind_int_or_null(sqlite3_stmt *s, const char *name, int64_t value);
void bind_real(sqlite3_stmt *s, const char *name, double value);

/* Runs a statement that gives no rows; resets it. */
int run(struct db *db, sqlite3_stmt *s, struct error *out_err) MUST_CHECK;
/* The same; says whether it touched a row. */
int run_change(struct db *db, sqlite3_stmt *s, bool *out_changed,
    struct error *out_err) MUST_CHECK;
/* Steps to a row: 1 a row, 0 none (reset), -1 failed (reset). */
int next(struct db *db, sqlite3_stmt *s, struct error *out_err) MUST_CHECK;
/* The one integer that a statement gives (0 without a row). */
int run_for_int(struct db *db, sqlite3_stmt *s, int64_t *out,
    struct error *out_err) MUST_CHECK;
/* Fills the error from the connection; returns -1. */
int db_fail(struct db *db, const char *what, struct error *out_err);

struct slice column_slice(sqlite3_stmt *s, int column);

/* In migrate.c: brings the layout up to date. */
int db_migrate(struct db *db, struct error *out_err) MUST_CHECK;

#endif
