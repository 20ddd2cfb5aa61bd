/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of identities in the store.
 */
#ifndef POSTHORN_DB_USAGE_H
#define POSTHORN_DB_USAGE_H

#include "access/usage.h"
#include "db/db.h"

struct db_usage {
	enum usage_axis axis;
	struct slice name;
	struct usage usage;
};

typedef bool db_usage_fn(const struct db_usage *row, void *arg);

/* Any mode. All zero when there is none. */
int db_usage_get(struct db *db, enum usage_axis axis, struct slice name,
    struct usage *out, struct error *out_err) MUST_CHECK;
/* `account` null: all. */
int db_usage_list(struct db *db, struct slice account, db_usage_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
/* Writer. */
int db_usage_put(struct db *db, enum usage_axis axis, struct slice name,
    const struct usage *u, struct error *out_err) MUST_CHECK;
/* Forgets who sent nothing since a day's window. */
int db_usage_purge(
    struct db *db, int64_t before_day, struct error *out_err) MUST_CHECK;

#endif
