/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store: one SQLite database in data_dir, in WAL mode with
 * synchronous=FULL, behind typed verbs. A `struct db` belongs to one thread.
 * There is one writer; only it writes and checkpoints. Readers see what is
 * committed and never checkpoint. Verbs return 0, or -1 with the error;
 * after a failed write the caller rolls back.
 */
#ifndef POSTHORN_DB_DB_H
#define POSTHORN_DB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"

struct db;

enum db_mode {
	DB_READER = 0,
	DB_WRITER, /* makes the database, brings it up to date */
};

#define DB_FILE_NAME "posthorn.db"

/* Opens data_dir's database and prepares every statement. */
struct db *db_open(
    const char *data_dir, enum db_mode mode, struct error *out_err) MUST_CHECK;
/* Closes; null is accepted. A reader must close before the writer does. */
void db_close(struct db *db);

/* Writer only. A transaction holds everything of one group commit. */
int db_begin(struct db *db, struct error *out_err) MUST_CHECK;
/* On disk when it returns 0. On -1 nothing of the transaction is: if
 * db_is_broken() too, the disk failed and the store must be reopened. */
int db_commit(struct db *db, struct error *out_err) MUST_CHECK;
void db_rollback(struct db *db);
/* Did a write or sync of the disk itself fail (not: disk full)? */
bool db_is_broken(const struct db *db);

/* Pages in the WAL after the last commit, not yet in the database. */
int db_wal_pages(const struct db *db);
/* Writer only, between transactions: moves WAL pages into the database as far
 * as readers allow, without waiting for them (PASSIVE). */
int db_checkpoint(struct db *db, struct error *out_err) MUST_CHECK;

/* Highest message id ever used here. */
int db_highest_id(
    struct db *db, uint64_t *out_id, struct error *out_err) MUST_CHECK;
/* A value of the installation; `out` gets at most `size` bytes. Makes
 * `size` random ones on the writer's first call. */
int db_secret(struct db *db, const char *key, void *out, size_t size,
    struct error *out_err) MUST_CHECK;
/* The whole database read through (PRAGMA integrity_check): `out_problem`
 * gets the first problem or stays empty. */
int db_check(
    struct db *db, struct error *out_problem, struct error *out_err) MUST_CHECK;

#endif
