/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: what happened, numbered without gaps, written in the transaction of
 * the change itself. Slices live until the callback returns.
 */
#ifndef POSTHORN_DB_EVENT_H
#define POSTHORN_DB_EVENT_H

#include "db/db.h"
#include "db/message.h"

struct db_event {
	int64_t seq; /* given by db_event_insert() */
	int64_t time_ms;
	struct slice event;
	uint64_t message_id; /* 0: none */
	struct slice account, credential, subuser;
	struct slice sender; /* null: none; empty: the null sender */
	struct slice recipient;
	struct slice zone, source, mx_group, mx;
	int64_t code;
	struct slice enhanced, text, class;
	bool has_score;
	double score;
	int64_t policy;
	int64_t attempt;
	struct slice tls;
	int64_t ms;
};

typedef bool db_event_fn(const struct db_event *row, void *arg);

/* Writer. The number is final with the commit. */
int db_event_insert(
    struct db *db, struct db_event *e, struct error *out_err) MUST_CHECK;
/* The last number that is on disk (writer). */
int64_t db_event_last(const struct db *db);
int db_event_purge(struct db *db, int64_t before_ms, int64_t limit,
    int64_t *out_count, struct error *out_err) MUST_CHECK;

/* Events above `seq` through a selector (its state is not looked at). */
int db_event_list(struct db *db, const struct db_selector *sel, int64_t seq,
    int64_t limit, db_event_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_event_of(struct db *db, uint64_t id, db_event_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* The cursor just before the first event at or after a time. */
int db_event_cursor(struct db *db, int64_t after_ms, int64_t *out_seq,
    struct error *out_err) MUST_CHECK;

#endif
