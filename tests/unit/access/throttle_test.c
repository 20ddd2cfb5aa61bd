/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failed logins over time.
 */
#include "access/throttle.h"

#include "tests/unit/unit.h"

static const struct throttle_rule rule = {
    .failures_max = 5, .lock_ms = 60000, .delay_ms = 1000};
static const uint8_t peer[16] = {1};
static const uint8_t other_peer[16] = {2};

static void
test_delays_grow_and_lock(void **state UNUSED)
{
	struct throttle *t = throttle_new(100);
	struct throttle_key key = throttle_key(peer, SLICE("a"));
	struct throttle_key login = throttle_key(peer, SLICE("b"));
	struct throttle_key elsewhere = throttle_key(other_peer, SLICE("a"));
	int64_t now = 1000;

	for (int i = 0; i < 5; i++) {
		CHECK_INT("delay", throttle_delay(t, &key, &rule, now),
		    1000 << (i < 4 ? i : 4));
		CHECK_INT(
		    "open", throttle_locked_until(t, &key, &rule, now), 0);
		throttle_failed(t, &key, &rule, now);
		now += 10000;
	}
	CHECK_INT("locked", throttle_locked_until(t, &key, &rule, now),
	    now - 10000 + 60000);
	/* The pair, not the login and not the peer. */
	CHECK_INT("login", throttle_locked_until(t, &login, &rule, now), 0);
	CHECK_INT("peer", throttle_locked_until(t, &elsewhere, &rule, now), 0);
	now += 50000;
	CHECK_INT("over", throttle_locked_until(t, &key, &rule, now), 0);
	CHECK_INT("forgotten", throttle_delay(t, &key, &rule, now), 1000);
	throttle_free(t);
}

static void
test_success_forgets(void **state UNUSED)
{
	struct throttle *t = throttle_new(100);
	struct throttle_key key = throttle_key(peer, SLICE("a"));

	for (int i = 0; i < 4; i++)
		throttle_failed(t, &key, &rule, 1000);
	throttle_passed(t, &key);
	CHECK_INT("delay", throttle_delay(t, &key, &rule, 1001), 1000);
	throttle_passed(t, &key);
	throttle_free(t);
}

static void
test_memory_is_bounded(void **state UNUSED)
{
	struct throttle *t = throttle_new(10);
	struct throttle_key first = throttle_key(peer, SLICE("first"));
	char login[20];

	for (int i = 0; i < 5; i++)
		throttle_failed(t, &first, &rule, 1000);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(login, sizeof(login), "l%d", i);
		struct throttle_key key = throttle_key(peer, slice_of(login));
		throttle_failed(t, &key, &rule, 1000);
		if (i % 5 == 0)
			throttle_failed(t, &first, &rule, 1000);
	}
	/* Who goes on is not forgotten. */
	CHECK(
	    "still locked", throttle_locked_until(t, &first, &rule, 1001) != 0);
	struct throttle_key l0 = throttle_key(peer, SLICE("l0"));
	CHECK_INT("gone", throttle_delay(t, &l0, &rule, 1001), 1000);
	throttle_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_delays_grow_and_lock),
	    cmocka_unit_test(test_success_forgets),
	    cmocka_unit_test(test_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
