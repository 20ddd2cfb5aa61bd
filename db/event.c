/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of event to structs and back.
 */
#include "db/event.h"

#include "db/db_internal.h"

int
db_event_insert(struct db *db, struct db_event *e, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_EVENT_INSERT);

	e->seq = db->last_event + 1;
	bind_int(s, "seq", e->seq);
	bind_int(s, "time_ms", e->time_ms);
	bind_text(s, "event", e->event);
	bind_int_or_null(s, "id", (int64_t)e->message_id);
	bind_text(s, "account", e->account);
	bind_text(s, "credential", e->credential);
	bind_text(s, "subuser", e->subuser);
	bind_text(s, "sender", e->sender);
	bind_text(s, "recipient", e->recipient);
	bind_text(s, "zone", e->zone);
	bind_text(s, "source", e->source);
	bind_text(s, "mx_group", e->mx_group);
	bind_text(s, "mx", e->mx);
	bind_int_or_null(s, "code", e->code);
	bind_text(s, "enhanced", e->enhanced);
	bind_text(s, "text", e->text);
	bind_text(s, "class", e->class);
	if (e->has_score)
		bind_real(s, "score", e->score);
	bind_int_or_null(s, "policy", e->policy);
	bind_int_or_null(s, "attempt", e->attempt);
	bind_text(s, "tls", e->tls);
	bind_int_or_null(s, "ms", e->ms);
	if (run(db, s, out_err) != 0)
		return -1;
	db->last_event = e->seq;
	return 0;
}

int64_t
db_event_last(const struct db *db)
{
	return db->committed_event;
}

int
db_event_purge(struct db *db, int64_t before_ms, int64_t limit,
    int64_t *out_count, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_EVENT_PURGE);

	bind_int(s, "before_ms", before_ms);
	bind_int(s, "limit", limit);
	if (run(db, s, out_err) != 0)
		return -1;
	*out_count = sqlite3_changes(db->handle);
	return 0;
}

static void
read_event(sqlite3_stmt *s, struct db_event *e)
{
	*e = (struct db_event){
	    .seq = sqlite3_column_int64(s, 0),
	    .time_ms = sqlite3_column_int64(s, 1),
	    .event = column_slice(s, 2),
	    .message_id = (uint64_t)sqlite3_column_int64(s, 3),
	    .account = column_slice(s, 4),
	    .credential = column_slice(s, 5),
	    .sender = column_slice(s, 6),
	    .recipient = column_slice(s, 7),
	    .zone = column_slice(s, 8),
	    .source = column_slice(s, 9),
	    .mx_group = column_slice(s, 10),
	    .mx = column_slice(s, 11),
	    .code = sqlite3_column_int64(s, 12),
	    .enhanced = column_slice(s, 13),
	    .text = column_slice(s, 14),
	    .class = column_slice(s, 15),
	    .has_score = sqlite3_column_type(s, 16) != SQLITE_NULL,
	    .score = sqlite3_column_double(s, 16),
	    .policy = sqlite3_column_int64(s, 17),
	    .attempt = sqlite3_column_int64(s, 18),
	    .tls = column_slice(s, 19),
	    .ms = sqlite3_column_int64(s, 20),
	    .subuser = column_slice(s, 21),
	};
	/* An empty text has no bytes to point to, but is not null. */
	if (sqlite3_column_type(s, 6) == SQLITE_TEXT && e->sender.ptr == NULL)
		e->sender = SLICE("");
}

static int
each_event(struct db *db, sqlite3_stmt *s, db_event_fn *fn, void *arg,
    struct error *out_err)
{
	struct db_event row;
	int rc;

	while ((rc = next(db, s, out_err)) > 0) {
		read_event(s, &row);
		if (!fn(&row, arg)) {
			(void)sqlite3_reset(s);
			return 0;
		}
	}
	return rc;
}

int
db_event_list(struct db *db, const struct db_selector *sel, int64_t seq,
    int64_t limit, db_event_fn *fn, void *arg, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_EVENT_LIST);

	bind_int(s, "seq", seq);
	bind_int(s, "limit", limit);
	bind_int_or_null(s, "after_ms", sel->after_ms);
	bind_int_or_null(s, "before_ms", sel->before_ms);
	bind_text(s, "zone", sel->zone);
	bind_text(s, "account", sel->account);
	bind_text(s, "credential", sel->credential);
	bind_text(s, "subuser", sel->subuser);
	bind_text(s, "sender", sel->sender);
	bind_text(s, "recipient", sel->recipient);
	bind_text(s, "domain", sel->domain);
	bind_text(s, "mx_group", sel->mx_group);
	if (sel->has_score)
		bind_real(s, "score_min", sel->score_min);
	return each_event(db, s, fn, arg, out_err);
}

int
db_event_of(struct db *db, uint64_t id, db_event_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_EVENT_OF_MESSAGE);

	bind_int(s, "id", (int64_t)id);
	return each_event(db, s, fn, arg, out_err);
}

int
db_event_cursor(
    struct db *db, int64_t after_ms, int64_t *out_seq, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_EVENT_SINCE);

	bind_int(s, "after_ms", after_ms);
	return run_for_int(db, s, out_seq, out_err);
}
