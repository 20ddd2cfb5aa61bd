/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages, their bodies and recipients in the store. Times are wall
 * milliseconds. Slices given to a callback live until it returns; a callback
 * returns false to stop.
 */
#ifndef POSTHORN_DB_MESSAGE_H
#define POSTHORN_DB_MESSAGE_H

#include "db/db.h"
#include "smtp/params.h"

enum db_action {
	DB_ACCEPTED = 0,
	DB_HELD,
	DB_REFUSED,
	DB_MADE_HERE, /* a notification of ours */
};

/* As in the recipient's row; a done recipient has no row. */
enum db_state {
	DB_QUEUED = 0,
	DB_DEFERRED,
	DB_WAITS_HELD,
};

struct db_message {
	uint64_t id;
	struct slice account, credential, subuser, client, helo;
	struct slice sender; /* empty: the null sender */
	int64_t recipients;
	int64_t received_ms, expires_ms;
	int64_t first_retry_ms; /* 0: as configured */
	int64_t size;           /* octets of the stored message */
	int64_t chunks;         /* 0: one row of body */
	bool is_8bit;
	struct slice subject, header_from, message_id;
	enum db_action action;
	double score;
	struct slice class;
	int64_t policy;
	struct slice symbols; /* JSON */
	struct slice envid;   /* xtext as sent; null: none */
	enum smtp_ret ret;
	bool is_utf8; /* needs SMTPUTF8 on its way */
	bool requires_tls;
};

struct db_recipient {
	uint64_t message_id;
	uint32_t seq; /* from 0, within the message */
	struct slice address, zone, zone_reason, source;
	enum db_state state;
	int64_t due_ms, expires_ms;
	int64_t attempts;
	int64_t last_ms;
	int64_t last_code;
	struct slice last_enhanced, last_text, last_class, last_mx, mx_group;
	unsigned int notify; /* bits of enum smtp_notify */
	struct slice orcpt;  /* as sent; null: none */
	bool is_delay_told;  /* a notification of delay was sent */
};

/* A waiting recipient together with what delivery needs of its message. */
struct db_queued {
	struct db_recipient recipient;
	struct slice account, credential, subuser, sender;
	int64_t received_ms, first_retry_ms, size, chunks;
	bool is_8bit;
	double score;
	int64_t policy;
	struct slice envid;
	enum smtp_ret ret;
	bool is_utf8, requires_tls;
};

/* Conditions on the queue or the events; null slices and zeros are none. */
struct db_selector {
	struct slice zone, account, credential, subuser, sender, recipient;
	struct slice domain; /* with the '@' in front */
	struct slice mx_group;
	bool has_state;
	enum db_state state;
	int64_t before_ms, after_ms;
	bool has_score;
	double score_min;
};

typedef bool db_queued_fn(const struct db_queued *row, void *arg);
typedef bool db_recipient_fn(const struct db_recipient *row, void *arg);
typedef bool db_slice_fn(struct slice value, void *arg);

/* Writer. */
int db_message_insert(struct db *db, const struct db_message *m,
    struct error *out_err) MUST_CHECK;
int db_body_insert(struct db *db, uint64_t id, struct slice data,
    struct error *out_err) MUST_CHECK;
int db_chunk_insert(struct db *db, uint64_t id, int64_t seq, struct slice data,
    struct error *out_err) MUST_CHECK;
int db_recipient_insert(struct db *db, const struct db_recipient *r,
    struct error *out_err) MUST_CHECK;
/* Removes a done recipient, and the body with the last one. */
int db_recipient_finish(
    struct db *db, uint64_t id, uint32_t seq, struct error *out_err) MUST_CHECK;
/* Takes due_ms, attempts, source and last_* from `r`; `out_due_ms` is what
 * it is due at in the end (0: there is no such row). */
int db_recipient_defer(struct db *db, const struct db_recipient *r,
    int64_t *out_due_ms, struct error *out_err) MUST_CHECK;
/* Sets the state when it is `from` now (any, if from < 0); `out_changed`. */
int db_recipient_set_state(struct db *db, uint64_t id, uint32_t seq, int from,
    enum db_state to, int64_t due_ms, bool *out_changed,
    struct error *out_err) MUST_CHECK;
/* Makes its time be over at `now_ms`. */
int db_recipient_expire(struct db *db, uint64_t id, uint32_t seq,
    int64_t now_ms, struct error *out_err) MUST_CHECK;
/* Moves at most `limit` recipients to another zone; `out_count` were. */
int db_recipient_rezone(struct db *db, struct slice zone, struct slice to_zone,
    struct slice reason, int64_t limit, int64_t *out_count,
    struct error *out_err) MUST_CHECK;
/* Drops the pieces of a message that was never stored. */
int db_chunks_delete(
    struct db *db, uint64_t id, struct error *out_err) MUST_CHECK;
/* Drops at most `limit` finished messages older than an id. */
int db_message_purge(struct db *db, uint64_t before_id, int64_t limit,
    int64_t *out_count, struct error *out_err) MUST_CHECK;

/* Any mode. 1 found, 0 not, -1 failed; slices live until the next verb. */
int db_message_get(struct db *db, uint64_t id, struct db_message *out,
    struct error *out_err) MUST_CHECK;
int db_recipient_get(struct db *db, uint64_t id, uint32_t seq,
    struct db_recipient *out, struct error *out_err) MUST_CHECK;
int db_body_get(struct db *db, uint64_t id, struct slice *out,
    struct error *out_err) MUST_CHECK;
int db_chunk_get(struct db *db, uint64_t id, int64_t seq, struct slice *out,
    struct error *out_err) MUST_CHECK;
/* Gives up the slices of the last *_get (and its read lock). */
void db_get_done(struct db *db);

int db_recipients_of(struct db *db, uint64_t id, db_recipient_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* Rows of a zone behind (due_ms, id, seq), due until `until_ms`. */
int db_queue_due(struct db *db, struct slice zone, int64_t due_ms, uint64_t id,
    int64_t seq, int64_t until_ms, int64_t limit, db_queued_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* The first due time above `due_ms` in a zone; 0 if there is none. */
int db_queue_next_due(struct db *db, struct slice zone, int64_t due_ms,
    int64_t *out_ms, struct error *out_err) MUST_CHECK;
/* A page of the queue behind (id, seq), in order of id. */
int db_queue_select(struct db *db, const struct db_selector *sel, uint64_t id,
    int64_t seq, int64_t limit, db_queued_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* Every zone that has rows. */
int db_queue_zones(struct db *db, db_slice_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;

struct db_zone_count {
	struct slice zone;
	enum db_state state;
	int64_t count;
	int64_t oldest_due_ms;
};
typedef bool db_zone_count_fn(const struct db_zone_count *row, void *arg);
int db_queue_counts(struct db *db, db_zone_count_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;

#endif
