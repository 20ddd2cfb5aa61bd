/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of message, body, chunk and recipient to structs and back.
 */
#include "db/message.h"

#include "db/db_internal.h"

int
db_message_insert(
    struct db *db, const struct db_message *m, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_MESSAGE_INSERT);

	bind_int(s, "id", (int64_t)m->id);
	bind_text(s, "account", m->account);
	bind_text(s, "credential", m->credential);
	bind_text(s, "client", m->client);
	bind_text(s, "helo", m->helo);
	bind_text(s, "sender", m->sender.ptr != NULL ? m->sender : SLICE(""));
	bind_int(s, "recipients", m->recipients);
	bind_int(s, "received_ms", m->received_ms);
	bind_int(s, "expires_ms", m->expires_ms);
	bind_int(s, "first_retry_ms", m->first_retry_ms);
	bind_int(s, "size", m->size);
	bind_int(s, "chunks", m->chunks);
	bind_int(s, "is_8bit", m->is_8bit);
	bind_text(s, "subject", m->subject);
	bind_text(s, "header_from", m->header_from);
	bind_text(s, "message_id", m->message_id);
	bind_int(s, "action", m->action);
	bind_real(s, "score", m->score);
	bind_text(s, "class", m->class);
	bind_int(s, "policy", m->policy);
	bind_text(s, "symbols", m->symbols);
	bind_text(s, "subuser", m->subuser);
	bind_text(s, "envid", m->envid);
	bind_int(s, "ret", m->ret);
	bind_int(s, "is_utf8", m->is_utf8);
	bind_int(s, "requires_tls", m->requires_tls);
	return run(db, s, out_err);
}

int
db_body_insert(
    struct db *db, uint64_t id, struct slice data, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_BODY_INSERT);

	bind_int(s, "id", (int64_t)id);
	bind_blob(s, "data", data.len != 0 ? data.ptr : "", data.len);
	return run(db, s, out_err);
}

int
db_chunk_insert(struct db *db, uint64_t id, int64_t seq, struct slice data,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CHUNK_INSERT);

	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	bind_blob(s, "data", data.ptr, data.len);
	return run(db, s, out_err);
}

int
db_recipient_insert(
    struct db *db, const struct db_recipient *r, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_INSERT);

	bind_int(s, "id", (int64_t)r->message_id);
	bind_int(s, "seq", r->seq);
	bind_text(s, "address", r->address);
	bind_text(s, "zone", r->zone);
	bind_text(s, "zone_reason", r->zone_reason);
	bind_text(s, "source", r->source);
	bind_int(s, "state", r->state);
	bind_int(s, "due_ms", r->due_ms);
	bind_int(s, "expires_ms", r->expires_ms);
	bind_int(s, "notify", r->notify);
	bind_text(s, "orcpt", r->orcpt);
	return run(db, s, out_err);
}

static int
run_for_id(
    struct db *db, enum sql_name name, uint64_t id, struct error *out_err)
{
	sqlite3_stmt *s = use(db, name);

	bind_int(s, "id", (int64_t)id);
	return run(db, s, out_err);
}

int
db_recipient_finish(
    struct db *db, uint64_t id, uint32_t seq, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_DELETE);
	int64_t is_left = 0;

	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	if (run(db, s, out_err) != 0)
		return -1;
	s = use(db, SQL_RECIPIENT_LEFT);
	bind_int(s, "id", (int64_t)id);
	if (run_for_int(db, s, &is_left, out_err) != 0)
		return -1;
	if (is_left != 0)
		return 0;
	if (run_for_id(db, SQL_BODY_DELETE, id, out_err) != 0)
		return -1;
	/* A body row or chunk rows, never both. */
	return sqlite3_changes(db->handle) != 0
	    ? 0
	    : run_for_id(db, SQL_CHUNK_DELETE, id, out_err);
}

int
db_recipient_defer(struct db *db, const struct db_recipient *r,
    int64_t *out_due_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_DEFER);

	bind_int(s, "id", (int64_t)r->message_id);
	bind_int(s, "seq", r->seq);
	bind_int(s, "due_ms", r->due_ms);
	bind_int(s, "attempts", r->attempts);
	bind_text(s, "source", r->source);
	bind_int(s, "last_ms", r->last_ms);
	bind_int(s, "last_code", r->last_code);
	bind_text(s, "last_enhanced", r->last_enhanced);
	bind_text(s, "last_text", r->last_text);
	bind_text(s, "last_class", r->last_class);
	bind_text(s, "last_mx", r->last_mx);
	bind_text(s, "mx_group", r->mx_group);
	bind_int(s, "is_delay_told", r->is_delay_told);
	return run_for_int(db, s, out_due_ms, out_err);
}

int
db_recipient_set_state(struct db *db, uint64_t id, uint32_t seq, int from,
    enum db_state to, int64_t due_ms, bool *out_changed, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_SET_STATE);

	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	if (from >= 0)
		bind_int(s, "from_state", from);
	bind_int(s, "state", to);
	bind_int(s, "due_ms", due_ms);
	if (run(db, s, out_err) != 0)
		return -1;
	*out_changed = sqlite3_changes(db->handle) != 0;
	return 0;
}

int
db_recipient_expire(struct db *db, uint64_t id, uint32_t seq, int64_t now_ms,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_EXPIRE);

	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	bind_int(s, "now_ms", now_ms);
	return run(db, s, out_err);
}

int
db_recipient_rezone(struct db *db, struct slice zone, struct slice to_zone,
    struct slice reason, int64_t limit, int64_t *out_count,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_REZONE);

	bind_text(s, "zone", zone);
	bind_text(s, "to_zone", to_zone);
	bind_text(s, "reason", reason);
	bind_int(s, "limit", limit);
	if (run(db, s, out_err) != 0)
		return -1;
	*out_count = sqlite3_changes(db->handle);
	return 0;
}

int
db_message_purge(struct db *db, uint64_t before_id, int64_t limit,
    int64_t *out_count, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_MESSAGE_PURGE);

	bind_int(s, "before_id", (int64_t)before_id);
	bind_int(s, "limit", limit);
	if (run(db, s, out_err) != 0)
		return -1;
	*out_count = sqlite3_changes(db->handle);
	return 0;
}

int
db_chunks_delete(struct db *db, uint64_t id, struct error *out_err)
{
	return run_for_id(db, SQL_CHUNK_DELETE, id, out_err);
}

static void
read_message(sqlite3_stmt *s, struct db_message *m)
{
	*m = (struct db_message){
	    .id = (uint64_t)sqlite3_column_int64(s, 0),
	    .account = column_slice(s, 1),
	    .credential = column_slice(s, 2),
	    .client = column_slice(s, 3),
	    .helo = column_slice(s, 4),
	    .sender = column_slice(s, 5),
	    .recipients = sqlite3_column_int64(s, 6),
	    .received_ms = sqlite3_column_int64(s, 7),
	    .expires_ms = sqlite3_column_int64(s, 8),
	    .first_retry_ms = sqlite3_column_int64(s, 9),
	    .size = sqlite3_column_int64(s, 10),
	    .chunks = sqlite3_column_int64(s, 11),
	    .is_8bit = sqlite3_column_int64(s, 12) != 0,
	    .subject = column_slice(s, 13),
	    .header_from = column_slice(s, 14),
	    .message_id = column_slice(s, 15),
	    .action = (enum db_action)sqlite3_column_int(s, 16),
	    .score = sqlite3_column_double(s, 17),
	    .class = column_slice(s, 18),
	    .policy = sqlite3_column_int64(s, 19),
	    .symbols = column_slice(s, 20),
	    .subuser = column_slice(s, 21),
	    .envid = column_slice(s, 22),
	    .ret = (enum smtp_ret)sqlite3_column_int(s, 23),
	    .is_utf8 = sqlite3_column_int64(s, 24) != 0,
	    .requires_tls = sqlite3_column_int64(s, 25) != 0,
	};
}

static void
read_recipient(sqlite3_stmt *s, struct db_recipient *r)
{
	*r = (struct db_recipient){
	    .message_id = (uint64_t)sqlite3_column_int64(s, 0),
	    .seq = (uint32_t)sqlite3_column_int64(s, 1),
	    .address = column_slice(s, 2),
	    .zone = column_slice(s, 3),
	    .zone_reason = column_slice(s, 4),
	    .source = column_slice(s, 5),
	    .state = (enum db_state)sqlite3_column_int(s, 6),
	    .due_ms = sqlite3_column_int64(s, 7),
	    .expires_ms = sqlite3_column_int64(s, 8),
	    .attempts = sqlite3_column_int64(s, 9),
	    .last_ms = sqlite3_column_int64(s, 10),
	    .last_code = sqlite3_column_int64(s, 11),
	    .last_enhanced = column_slice(s, 12),
	    .last_text = column_slice(s, 13),
	    .last_class = column_slice(s, 14),
	    .last_mx = column_slice(s, 15),
	    .mx_group = column_slice(s, 16),
	    .notify = (unsigned int)sqlite3_column_int(s, 17),
	    .orcpt = column_slice(s, 18),
	};
}

static void
read_queued(sqlite3_stmt *s, struct db_queued *q)
{
	*q = (struct db_queued){
	    .recipient =
		{
		    .message_id = (uint64_t)sqlite3_column_int64(s, 0),
		    .seq = (uint32_t)sqlite3_column_int64(s, 1),
		    .address = column_slice(s, 2),
		    .zone = column_slice(s, 3),
		    .source = column_slice(s, 4),
		    .state = (enum db_state)sqlite3_column_int(s, 5),
		    .due_ms = sqlite3_column_int64(s, 6),
		    .expires_ms = sqlite3_column_int64(s, 7),
		    .attempts = sqlite3_column_int64(s, 8),
		    .last_code = sqlite3_column_int64(s, 9),
		    .last_text = column_slice(s, 10),
		    .notify = (unsigned int)sqlite3_column_int(s, 26),
		    .orcpt = column_slice(s, 27),
		    .is_delay_told = sqlite3_column_int64(s, 28) != 0,
		},
	    .account = column_slice(s, 11),
	    .credential = column_slice(s, 12),
	    .sender = column_slice(s, 13),
	    .received_ms = sqlite3_column_int64(s, 14),
	    .first_retry_ms = sqlite3_column_int64(s, 15),
	    .size = sqlite3_column_int64(s, 16),
	    .chunks = sqlite3_column_int64(s, 17),
	    .is_8bit = sqlite3_column_int64(s, 18) != 0,
	    .score = sqlite3_column_double(s, 19),
	    .policy = sqlite3_column_int64(s, 20),
	    .subuser = column_slice(s, 21),
	    .envid = column_slice(s, 22),
	    .ret = (enum smtp_ret)sqlite3_column_int(s, 23),
	    .is_utf8 = sqlite3_column_int64(s, 24) != 0,
	    .requires_tls = sqlite3_column_int64(s, 25) != 0,
	};
}

int
db_message_get(
    struct db *db, uint64_t id, struct db_message *out, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_MESSAGE_GET);

	(void)sqlite3_reset(s);
	bind_int(s, "id", (int64_t)id);
	int rc = next(db, s, out_err);
	if (rc > 0)
		read_message(s, out);
	return rc;
}

int
db_recipient_get(struct db *db, uint64_t id, uint32_t seq,
    struct db_recipient *out, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_GET);

	(void)sqlite3_reset(s);
	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	int rc = next(db, s, out_err);
	if (rc > 0)
		read_recipient(s, out);
	return rc;
}

int
db_body_get(
    struct db *db, uint64_t id, struct slice *out, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_BODY_GET);

	(void)sqlite3_reset(s);
	bind_int(s, "id", (int64_t)id);
	int rc = next(db, s, out_err);
	if (rc > 0)
		*out = column_slice(s, 0);
	return rc;
}

int
db_chunk_get(struct db *db, uint64_t id, int64_t seq, struct slice *out,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_CHUNK_GET);

	(void)sqlite3_reset(s);
	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	int rc = next(db, s, out_err);
	if (rc > 0)
		*out = column_slice(s, 0);
	return rc;
}

void
db_get_done(struct db *db)
{
	static const enum sql_name gets[] = {
	    SQL_MESSAGE_GET, SQL_RECIPIENT_GET, SQL_BODY_GET, SQL_CHUNK_GET};

	for (size_t i = 0; i < ARRAY_LEN(gets); i++)
		(void)sqlite3_reset(use(db, gets[i]));
}

static int
each_queued(struct db *db, sqlite3_stmt *s, db_queued_fn *fn, void *arg,
    struct error *out_err)
{
	struct db_queued row;
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		read_queued(s, &row);
		if (!fn(&row, arg)) {
			(void)sqlite3_reset(s);
			return 0;
		}
	}
	return rc;
}

int
db_recipients_of(struct db *db, uint64_t id, db_recipient_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_OF_MESSAGE);
	struct db_recipient row;
	int rc;

	bind_int(s, "id", (int64_t)id);
	while ((rc = next(db, s, out_err)) > 0) {
		read_recipient(s, &row);
		if (!fn(&row, arg)) {
			(void)sqlite3_reset(s);
			return 0;
		}
	}
	return rc;
}

int
db_queue_due(struct db *db, struct slice zone, int64_t due_ms, uint64_t id,
    int64_t seq, int64_t until_ms, int64_t limit, db_queued_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_DUE);

	bind_text(s, "zone", zone);
	bind_int(s, "due_ms", due_ms);
	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	bind_int(s, "until_ms", until_ms);
	bind_int(s, "limit", limit);
	return each_queued(db, s, fn, arg, out_err);
}

int
db_queue_next_due(struct db *db, struct slice zone, int64_t due_ms,
    int64_t *out_ms, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_NEXT_DUE);

	bind_text(s, "zone", zone);
	bind_int(s, "due_ms", due_ms);
	return run_for_int(db, s, out_ms, out_err);
}

static void
bind_selector(sqlite3_stmt *s, const struct db_selector *sel)
{
	bind_text(s, "zone", sel->zone);
	bind_text(s, "account", sel->account);
	bind_text(s, "credential", sel->credential);
	bind_text(s, "subuser", sel->subuser);
	bind_text(s, "sender", sel->sender);
	bind_text(s, "recipient", sel->recipient);
	bind_text(s, "domain", sel->domain);
	bind_text(s, "mx_group", sel->mx_group);
	if (sel->has_state)
		bind_int(s, "state", sel->state);
	bind_int_or_null(s, "before_ms", sel->before_ms);
	bind_int_or_null(s, "after_ms", sel->after_ms);
	if (sel->has_score)
		bind_real(s, "score_min", sel->score_min);
}

int
db_queue_select(struct db *db, const struct db_selector *sel, uint64_t id,
    int64_t seq, int64_t limit, db_queued_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_QUEUE_SELECT);

	bind_int(s, "id", (int64_t)id);
	bind_int(s, "seq", seq);
	bind_int(s, "limit", limit);
	bind_selector(s, sel);
	return each_queued(db, s, fn, arg, out_err);
}

int
db_queue_zones(struct db *db, db_slice_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_ZONES);
	int rc;

	while ((rc = next(db, s, out_err)) > 0)
		(void)fn(column_slice(s, 0), arg);
	return rc;
}

int
db_queue_counts(
    struct db *db, db_zone_count_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_RECIPIENT_ZONE_STATS);
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		struct db_zone_count row = {
		    .zone = column_slice(s, 0),
		    .state = (enum db_state)sqlite3_column_int(s, 1),
		    .count = sqlite3_column_int64(s, 2),
		    .oldest_due_ms = sqlite3_column_int64(s, 3),
		};
		(void)fn(&row, arg);
	}
	return rc;
}
