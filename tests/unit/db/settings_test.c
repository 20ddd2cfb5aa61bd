/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy history, zone and source states, and numbers that must never come
 * twice, over reopening.
 */
#include "db/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "db/event.h"
#include "db/message.h"
#include "tests/unit/unit.h"

struct store {
	char dir[64];
	struct db *writer;
	struct error err;
};

static struct store store;

static int
set_up(void **state)
{
	(void)snprintf(store.dir, sizeof(store.dir), "/tmp/posthorn-XXXXXX");
	if (mkdtemp(store.dir) == NULL)
		return -1;
	store.writer = db_open(store.dir, DB_WRITER, &store.err);
	*state = &store;
	return store.writer != NULL ? 0 : -1;
}

static int
tear_down(void **state UNUSED)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[128];

	db_close(store.writer);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", store.dir,
		    DB_FILE_NAME, ends[i]);
		(void)unlink(path);
	}
	return rmdir(store.dir);
}

static void
begin(void)
{
	assert_int_equal(db_begin(store.writer, &store.err), 0);
}

static void
commit(void)
{
	assert_int_equal(db_commit(store.writer, &store.err), 0);
}

static int64_t
set_policy(const char *value)
{
	int64_t version = 0;

	assert_int_equal(
	    db_policy_set(store.writer, SLICE(""), SLICE("reject"),
		slice_of(value), SLICE("ann"), 5, 0, &version, &store.err),
	    0);
	return version;
}

/* A later change hides an earlier one also when it set the same value. */
static void
test_undo_under_the_same_value(void **state UNUSED)
{
	int64_t undone, version;

	begin();
	assert_int_equal(set_policy("8"), 1);
	assert_int_equal(set_policy("9"), 2);
	assert_int_equal(set_policy("8"), 3);
	assert_int_equal(db_policy_undo(store.writer, 1, SLICE("bob"), 6,
			     &undone, &version, &store.err),
	    -1);
	assert_int_equal(store.err.kind, ERROR_REFUSED);
	commit();
}

static void
test_undo_once(void **state UNUSED)
{
	int64_t undone, version;

	begin();
	assert_int_equal(set_policy("8"), 1);
	assert_int_equal(db_policy_undo(store.writer, 1, SLICE("bob"), 6,
			     &undone, &version, &store.err),
	    0);
	assert_int_equal(undone, 1);
	assert_int_equal(version, 2);
	assert_int_equal(db_policy_undo(store.writer, 1, SLICE("bob"), 6,
			     &undone, &version, &store.err),
	    -1);
	assert_int_equal(store.err.kind, ERROR_REFUSED);
	assert_int_equal(db_policy_undo(store.writer, 99, SLICE("bob"), 6,
			     &undone, &version, &store.err),
	    -1);
	assert_int_equal(store.err.kind, ERROR_NOT_FOUND);
	commit();
}

static bool
on_change(const struct db_policy_change *c, void *arg)
{
	int64_t *expected = arg;

	assert_int_equal(c->version, *expected);
	(*expected)--;
	if (c->version == 1) {
		assert_null(c->old_value.ptr);
		CHECK_SLICE("new", c->new_value, SLICE("8"));
		CHECK_SLICE("actor", c->actor, SLICE("ann"));
		assert_int_equal(c->undoes, 0);
	} else {
		CHECK_SLICE("old", c->old_value, SLICE("8"));
		assert_null(c->new_value.ptr);
		assert_int_equal(c->undoes, 1);
	}
	return true;
}

static void
test_history(void **state UNUSED)
{
	int64_t undone, version;
	int64_t expected = 2;

	begin();
	(void)set_policy("8");
	assert_int_equal(db_policy_undo(store.writer, 0, SLICE("bob"), 6,
			     &undone, &version, &store.err),
	    0);
	commit();
	assert_int_equal(db_policy_history(store.writer, 10, on_change,
			     &expected, &store.err),
	    0);
	assert_int_equal(expected, 0);
}

/* What is rolled back leaves no version behind. */
static void
test_rollback(void **state UNUSED)
{
	begin();
	assert_int_equal(set_policy("8"), 1);
	db_rollback(store.writer);
	begin();
	assert_int_equal(set_policy("7"), 1);
	commit();
}

static bool
on_zone(struct slice zone, enum db_zone_state zone_state, int64_t since_ms,
    struct slice actor, void *arg)
{
	CHECK_SLICE("zone", zone, SLICE("main"));
	CHECK_SLICE("actor", actor, SLICE("ann"));
	assert_int_equal(since_ms, 7);
	*(int *)arg = (int)zone_state;
	return true;
}

static bool
on_source(struct slice address, int64_t since_ms, struct slice actor, void *arg)
{
	CHECK_SLICE("source", address, SLICE("192.0.2.1"));
	CHECK_SLICE("actor", actor, SLICE("ann"));
	*(int *)arg = (int)since_ms;
	return true;
}

static void
test_states(void **state UNUSED)
{
	static const enum db_zone_state zone_states[] = {
	    DB_ZONE_PAUSED, DB_ZONE_DRAINING, DB_ZONE_PAUSED, DB_ZONE_OPEN};
	struct db *db = store.writer;
	int seen;

	for (size_t i = 0; i < ARRAY_LEN(zone_states); i++) {
		begin();
		assert_int_equal(
		    db_zone_state_set(db, SLICE("main"), zone_states[i],
			SLICE("ann"), 7, &store.err),
		    0);
		commit();
		seen = DB_ZONE_OPEN;
		assert_int_equal(
		    db_zone_states(db, on_zone, &seen, &store.err), 0);
		assert_int_equal(seen, zone_states[i]);
	}
	for (int on = 1; on >= 0; on--) {
		begin();
		assert_int_equal(db_source_set(db, SLICE("192.0.2.1"), on == 1,
				     SLICE("ann"), 9, &store.err),
		    0);
		commit();
		seen = 0;
		assert_int_equal(
		    db_source_states(db, on_source, &seen, &store.err), 0);
		assert_int_equal(seen, on == 1 ? 9 : 0);
	}
}

/* Ids and event numbers go on after history was purged. */
static void
test_numbers_outlive_a_purge(void **state UNUSED)
{
	struct db_message m = {.id = 500,
	    .account = SLICE("a"),
	    .sender = SLICE(""),
	    .recipients = 1,
	    .received_ms = 1,
	    .expires_ms = 2};
	struct db_event e = {.time_ms = 1, .event = SLICE("scored")};
	uint64_t highest = 0;
	int64_t count;

	begin();
	assert_int_equal(db_message_insert(store.writer, &m, &store.err), 0);
	assert_int_equal(db_event_insert(store.writer, &e, &store.err), 0);
	assert_int_equal(db_event_insert(store.writer, &e, &store.err), 0);
	commit();
	begin();
	assert_int_equal(
	    db_message_purge(store.writer, 501, 10, &count, &store.err), 0);
	assert_int_equal(
	    db_event_purge(store.writer, 100, 10, &count, &store.err), 0);
	commit();
	db_close(store.writer);
	store.writer = db_open(store.dir, DB_WRITER, &store.err);
	assert_non_null(store.writer);
	begin();
	assert_int_equal(db_event_insert(store.writer, &e, &store.err), 0);
	assert_int_equal(e.seq, 3);
	commit();
	assert_int_equal(db_highest_id(store.writer, &highest, &store.err), 0);
	assert_true(highest >= 500);
}

int
main(void)
{
#define ON_STORE(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    ON_STORE(test_undo_under_the_same_value),
	    ON_STORE(test_undo_once),
	    ON_STORE(test_history),
	    ON_STORE(test_rollback),
	    ON_STORE(test_states),
	    ON_STORE(test_numbers_outlive_a_purge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
