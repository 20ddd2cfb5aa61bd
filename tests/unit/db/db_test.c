/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's verbs on a real database in a folder of its own.
 */
#include "tests/unit/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/account.h"
#include "db/event.h"
#include "db/message.h"
#include "db/settings.h"

struct store {
	char dir[64];
	struct db *writer;
	struct db *reader;
	struct error err;
};

static int
set_up(void **state)
{
	static struct store s;

	(void)snprintf(s.dir, sizeof(s.dir), "/tmp/posthorn-db-XXXXXX");
	if (mkdtemp(s.dir) == NULL)
		return -1;
	s.writer = db_open(s.dir, DB_WRITER, &s.err);
	s.reader = db_open(s.dir, DB_READER, &s.err);
	*state = &s;
	return s.writer != NULL && s.reader != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"", "-wal", "-shm"};
	struct store *s = *state;
	char path[128];

	db_close(s->reader);
	db_close(s->writer);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/posthorn.db%s", s->dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(s->dir);
}

#define ok(CALL) assert_int_equal((CALL), 0)

static void
add_message(struct store *s, uint64_t id, uint32_t recipients, int64_t due_ms)
{
	struct db_message m = {
	    .id = id,
	    .account = SLICE("acme"),
	    .sender = SLICE("a@b.test"),
	    .recipients = recipients,
	    .received_ms = 1000,
	    .expires_ms = 100000,
	    .size = 5,
	    .score = 1.5,
	};

	ok(db_message_insert(s->writer, &m, &s->err));
	ok(db_body_insert(s->writer, id, slice_make("a\0b\r\n", 5), &s->err));
	for (uint32_t i = 0; i < recipients; i++) {
		struct db_recipient r = {
		    .message_id = id,
		    .seq = i,
		    .address = SLICE("x@far.test"),
		    .zone = SLICE("main"),
		    .zone_reason = SLICE("because"),
		    .source = SLICE("192.0.2.1"),
		    .due_ms = due_ms,
		    .expires_ms = 100000,
		};
		ok(db_recipient_insert(s->writer, &r, &s->err));
	}
}

struct rows {
	uint64_t ids[50];
	int64_t dues[50];
	enum db_state states[50];
	size_t count;
};

static bool
on_row(const struct db_queued *q, void *arg)
{
	struct rows *r = arg;

	r->ids[r->count] = q->recipient.message_id;
	r->states[r->count] = q->recipient.state;
	r->dues[r->count++] = q->recipient.due_ms;
	assert_true(slice_is(q->account, "acme"));
	return true;
}

static struct rows
due(struct store *s, int64_t from_ms, uint64_t id, int64_t seq, int64_t until)
{
	struct rows r = {0};

	ok(db_queue_due(s->reader, SLICE("main"), from_ms, id, seq, until, 50,
	    on_row, &r, &s->err));
	return r;
}

static void
a_message_lives_and_ends(void **state)
{
	struct store *s = *state;
	struct slice body;
	struct rows r;

	ok(db_begin(s->writer, &s->err));
	add_message(s, 7, 2, 2000);
	/* Readers see what is committed, and nothing before. */
	assert_int_equal(db_body_get(s->reader, 7, &body, &s->err), 0);
	ok(db_commit(s->writer, &s->err));
	assert_int_equal(db_body_get(s->reader, 7, &body, &s->err), 1);
	assert_int_equal(body.len, 5);
	assert_memory_equal(body.ptr, "a\0b\r\n", 5);
	db_get_done(s->reader);
	assert_int_equal(due(s, 0, 0, -1, 1999).count, 0);
	assert_int_equal(due(s, 0, 0, -1, 2000).count, 2);
	assert_int_equal(due(s, 2000, 7, 0, 2000).count, 1);

	struct db_recipient later = {
	    .message_id = 7,
	    .seq = 0,
	    .due_ms = 9000,
	    .attempts = 1,
	    .last_code = 451,
	    .last_text = SLICE("later"),
	};
	ok(db_begin(s->writer, &s->err));
	int64_t due_ms = 0;
	ok(db_recipient_defer(s->writer, &later, &due_ms, &s->err));
	assert_int_equal(due_ms, 9000);
	later.seq = 5;
	ok(db_recipient_defer(s->writer, &later, &due_ms, &s->err));
	assert_int_equal(due_ms, 0);
	ok(db_recipient_finish(s->writer, 7, 1, &s->err));
	ok(db_commit(s->writer, &s->err));
	r = due(s, 0, 0, -1, 9000);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.states[0], DB_DEFERRED);
	assert_int_equal(r.dues[0], 9000);
	int64_t next;
	ok(db_queue_next_due(s->reader, SLICE("main"), 8000, &next, &s->err));
	assert_int_equal(next, 9000);
	assert_int_equal(db_body_get(s->reader, 7, &body, &s->err), 1);
	db_get_done(s->reader);

	/* The body goes with the last recipient; the history stays. */
	ok(db_begin(s->writer, &s->err));
	ok(db_recipient_finish(s->writer, 7, 0, &s->err));
	ok(db_commit(s->writer, &s->err));
	assert_int_equal(db_body_get(s->reader, 7, &body, &s->err), 0);
	struct db_message m;
	assert_int_equal(db_message_get(s->reader, 7, &m, &s->err), 1);
	check_slice(m.account, "acme");
	db_get_done(s->reader);
}

static void
holding_survives_a_result(void **state)
{
	struct store *s = *state;
	struct db_recipient late = {
	    .message_id = 8, .due_ms = 3000, .attempts = 1};
	bool is_changed;

	ok(db_begin(s->writer, &s->err));
	add_message(s, 8, 1, 2000);
	ok(db_recipient_set_state(
	    s->writer, 8, 0, -1, DB_WAITS_HELD, 0, &is_changed, &s->err));
	assert_true(is_changed);
	int64_t due_ms = 0;
	ok(db_recipient_defer(s->writer, &late, &due_ms, &s->err));
	assert_int_equal(due_ms, 100000);
	ok(db_commit(s->writer, &s->err));
	/* Held rows come up when they expire. */
	assert_int_equal(due(s, 0, 0, -1, 99999).count, 0);
	struct rows r = due(s, 0, 0, -1, 100000);
	assert_int_equal(r.states[0], DB_WAITS_HELD);
	ok(db_begin(s->writer, &s->err));
	ok(db_recipient_expire(s->writer, 8, 0, 50, &s->err));
	ok(db_commit(s->writer, &s->err));
	assert_int_equal(due(s, 0, 0, -1, 50).count, 1);
}

static bool
on_event(const struct db_event *e, void *arg)
{
	int64_t *last = arg;

	assert_int_equal(e->seq, *last + 1);
	*last = e->seq;
	return true;
}

static void
events_have_no_gaps(void **state)
{
	struct store *s = *state;
	struct db_selector all = {0};
	int64_t last = 0;

	for (int i = 0; i < 10; i++) {
		struct db_event e = {.time_ms = i, .event = SLICE("scored")};
		ok(db_begin(s->writer, &s->err));
		ok(db_event_insert(s->writer, &e, &s->err));
		ok(db_event_insert(s->writer, &e, &s->err));
		if (i % 3 == 0)
			db_rollback(s->writer);
		else
			ok(db_commit(s->writer, &s->err));
	}
	assert_int_equal(db_event_last(s->writer), 12);
	ok(db_event_list(s->reader, &all, 0, 100, on_event, &last, &s->err));
	assert_int_equal(last, 12);
	int64_t count;
	ok(db_begin(s->writer, &s->err));
	ok(db_event_purge(s->writer, 1000, 100, &count, &s->err));
	ok(db_commit(s->writer, &s->err));
	/* The newest stays: the next number comes from it. */
	assert_int_equal(count, 11);
	db_close(s->writer);
	s->writer = db_open(s->dir, DB_WRITER, &s->err);
	assert_int_equal(db_event_last(s->writer), 12);
}

static void
orphans_of_a_large_body_go(void **state)
{
	struct store *s = *state;
	struct slice data;
	uint64_t highest;

	ok(db_begin(s->writer, &s->err));
	ok(db_chunk_insert(s->writer, 99, 0, SLICE("piece"), &s->err));
	ok(db_commit(s->writer, &s->err));
	db_close(s->writer);
	s->writer = db_open(s->dir, DB_WRITER, &s->err);
	assert_int_equal(db_chunk_get(s->writer, 99, 0, &data, &s->err), 0);
	ok(db_highest_id(s->writer, &highest, &s->err));
}

static bool
on_policy(struct slice account, struct slice key, struct slice value, void *arg)
{
	char *out = arg;

	(void)snprintf(out + strlen(out), 200 - strlen(out), "%.*s/%.*s=%.*s ",
	    SLICE_ARGS(account), SLICE_ARGS(key), SLICE_ARGS(value));
	return true;
}

static void
policy_is_versioned_and_undone(void **state)
{
	struct store *s = *state;
	int64_t version;
	int64_t undone;
	char text[200] = "";

	ok(db_begin(s->writer, &s->err));
	ok(db_policy_set(s->writer, SLICE(""), SLICE("reject"), SLICE("8"),
	    SLICE("ann"), 1, 0, &version, &s->err));
	ok(db_policy_set(s->writer, SLICE(""), SLICE("reject"), SLICE("9"),
	    SLICE("bob"), 2, 0, &version, &s->err));
	assert_int_equal(version, 2);
	/* Not under a later change. */
	assert_int_equal(db_policy_undo(s->writer, 1, SLICE("x"), 3, &undone,
			     &version, &s->err),
	    -1);
	assert_int_equal(s->err.kind, ERROR_REFUSED);
	ok(db_policy_undo(
	    s->writer, 0, SLICE("x"), 3, &undone, &version, &s->err));
	assert_int_equal(undone, 2);
	ok(db_commit(s->writer, &s->err));
	ok(db_policy_all(s->reader, on_policy, text, &version, &s->err));
	assert_string_equal(text, "/reject=8 ");
	assert_int_equal(version, 3);
	ok(db_begin(s->writer, &s->err));
	ok(db_policy_undo(
	    s->writer, 0, SLICE("x"), 4, &undone, &version, &s->err));
	assert_int_equal(db_policy_undo(s->writer, 0, SLICE("x"), 5, &undone,
			     &version, &s->err),
	    -1);
	assert_int_equal(s->err.kind, ERROR_NOT_FOUND);
	ok(db_commit(s->writer, &s->err));
	text[0] = '\0';
	ok(db_policy_all(s->reader, on_policy, text, &version, &s->err));
	assert_string_equal(text, "");
}

static bool
on_credential(const struct db_credential *c, void *arg)
{
	assert_true(slice_is(c->account, "acme"));
	*(enum db_account_state *)arg = c->account_state;
	return true;
}

static void
accounts_and_credentials(void **state)
{
	struct store *s = *state;
	struct db_credential c = {.login = SLICE("l"),
	    .account = SLICE("acme"),
	    .secret = {.kind = SECRET_SCRAM, .verifier = SLICE("v")}};
	enum db_account_state seen = DB_ACCOUNT_ACTIVE;
	bool is_changed;

	ok(db_begin(s->writer, &s->err));
	ok(db_account_insert(s->writer, SLICE("acme"), 1, &s->err));
	ok(db_credential_insert(s->writer, &c, &s->err));
	ok(db_account_set_state(s->writer, SLICE("acme"), DB_ACCOUNT_SUSPENDED,
	    SLICE("why"), &is_changed, &s->err));
	assert_true(is_changed);
	ok(db_commit(s->writer, &s->err));
	ok(db_credential_get(
	    s->reader, SLICE("l"), on_credential, &seen, &s->err));
	assert_int_equal(seen, DB_ACCOUNT_SUSPENDED);
	ok(db_begin(s->writer, &s->err));
	ok(db_account_delete(s->writer, SLICE("acme"), &is_changed, &s->err));
	assert_true(is_changed);
	ok(db_credential_delete(s->writer, SLICE("l"), &is_changed, &s->err));
	assert_false(is_changed);
	ok(db_commit(s->writer, &s->err));
}

static void
a_newer_layout_is_refused(void **state)
{
	struct store *s = *state;
	sqlite3 *raw;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/posthorn.db", s->dir);
	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(raw, "PRAGMA user_version=999", NULL, NULL, NULL),
	    SQLITE_OK);
	(void)sqlite3_close(raw);
	db_close(s->writer);
	s->writer = db_open(s->dir, DB_WRITER, &s->err);
	assert_null(s->writer);
	assert_non_null(strstr(s->err.text, "newer version"));
}

static void
secrets_are_made_once(void **state)
{
	struct store *s = *state;
	char a[16];
	char b[16];
	struct error problem;

	ok(db_begin(s->writer, &s->err));
	ok(db_secret(s->writer, "k", a, sizeof(a), &s->err));
	ok(db_commit(s->writer, &s->err));
	ok(db_secret(s->reader, "k", b, sizeof(b), &s->err));
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(db_secret(s->reader, "other", b, 16, &s->err), -1);
	ok(db_check(s->reader, &problem, &s->err));
	assert_string_equal(problem.text, "");
	ok(db_checkpoint(s->writer, &s->err));
}

int
main(void)
{
#define on_store(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    on_store(a_message_lives_and_ends),
	    on_store(holding_survives_a_result),
	    on_store(events_have_no_gaps),
	    on_store(orphans_of_a_large_body_go),
	    on_store(policy_is_versioned_and_undone),
	    on_store(accounts_and_credentials),
	    on_store(a_newer_layout_is_refused),
	    on_store(secrets_are_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
