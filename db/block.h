/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of identities in the store.
 */
#ifndef POSTHORN_DB_BLOCK_H
#define POSTHORN_DB_BLOCK_H

#include "access/usage.h"
#include "db/db.h"

struct db_block {
	int64_t id;
	enum usage_axis axis;
	struct slice name, account, action, sign, evidence;
	uint64_t message_id; /* 0: none */
	int64_t since_ms, until_ms;
	int64_t ended_ms;      /* 0: in force */
	struct slice ended_by; /* null: by its time */
};

typedef bool db_block_fn(const struct db_block *row, void *arg);

/* Writer. */
int db_block_insert(struct db *db, const struct db_block *b, int64_t *out_id,
    struct error *out_err) MUST_CHECK;
/* `account` null: whosever it is; `actor` null: its time is over. */
int db_block_end(struct db *db, int64_t id, struct slice account,
    struct slice actor, int64_t now_ms, bool *out_changed,
    struct error *out_err) MUST_CHECK;

/* Any mode. Those in force. */
int db_block_open(struct db *db, db_block_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_block_list(struct db *db, struct slice account, bool with_ended,
    db_block_fn *fn, void *arg, struct error *out_err) MUST_CHECK;

#endif
