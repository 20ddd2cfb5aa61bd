/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is a sign of abuse, and what is not.
 */
#include "access/watch.h"

#include "tests/unit/unit.h"

#define HOUR INT64_C(3600000)
#define START (INT64_C(20000) * 24 * HOUR)

static char why[WATCH_WHY_BYTES];

/* How many messages until the sign; 0: none in `count`. */
static int
until(struct watcher *w, enum watch_sign sign, struct watch_facts f, int count,
    int64_t every_ms)
{
	for (int i = 1; i <= count; i++) {
		f.now_ms += every_ms;
		enum watch_sign seen = watcher_message(w, &f, why);
		if (seen == sign)
			return i;
		assert_int_equal(seen, WATCH_NOTHING);
	}
	return 0;
}

static void
test_runs(void **state UNUSED)
{
	static const struct {
		const char *name;
		struct watch_facts facts;
		int64_t every_ms;
		enum watch_sign sign;
		int after; /* 0: never */
	} cases[] = {
	    {"a trap", {.is_trap = true}, 1000, WATCH_TRAP, 1},
	    {"a stolen login is tried",
		{.subject = SLICE("smtp.shop.test|587|user")}, 60000,
		WATCH_PROBE, 5},
	    {"an address as subject", {.subject = SLICE("info@shop.test")},
		1000, WATCH_PROBE, 5},
	    {"a cron job",
		{.subject = SLICE("Cron <root@web1> /usr/bin/backup")}, 60000,
		WATCH_PROBE, 0},
	    {"probes hours apart", {.subject = SLICE("info@shop.test")},
		2 * HOUR, WATCH_PROBE, 0},
	    {"doubtful and the same", {.subject = SLICE("win"), .score = 5},
		1000, WATCH_REPEAT, 10},
	    {"doubtful, near-same text", {.digest = 0xf0f0, .score = 4}, 1000,
		WATCH_REPEAT, 10},
	    {"a newsletter",
		{.subject = SLICE("News in May"), .digest = 77, .score = 0.5},
		100, WATCH_REPEAT, 0},
	    {"a sloppy program",
		{.subject = SLICE("Report"), .digest = 78, .score = 3}, 100,
		WATCH_REPEAT, 0},
	    {"refused", {.is_refused = true, .score = 12}, 1000, WATCH_REFUSED,
		5},
	    {"slow spam", {.digest = 5, .score = 4}, 11 * 60000, WATCH_REPEAT,
		10},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct watcher *w = watcher_new();
		struct watch_facts f = cases[i].facts;
		f.now_ms = START;
		f.recipients = 1;
		CHECK_INT(cases[i].name,
		    until(w, cases[i].sign, f, 400, cases[i].every_ms),
		    cases[i].after);
		CHECK(cases[i].name, cases[i].after == 0 || why[0] != '\0');
		watcher_free(w);
	}
}

static void
test_some_refusals_are_no_sign(void **state UNUSED)
{
	struct watcher *w = watcher_new();
	struct watch_facts f = {.now_ms = START, .recipients = 1};

	for (int i = 0; i < 1000; i++) {
		f.now_ms += 1000;
		f.is_refused = i % 10 == 9;
		assert_int_equal(watcher_message(w, &f, why), WATCH_NOTHING);
	}
	watcher_free(w);
}

static void
test_a_jump_over_what_is_usual(void **state UNUSED)
{
	struct watcher *w = watcher_new();
	struct watch_facts f = {.now_ms = START, .recipients = 1};

	/* Ten an hour for a week. */
	for (int i = 0; i < 7 * 24 * 10; i++) {
		f.now_ms += HOUR / 10;
		assert_int_equal(watcher_message(w, &f, why), WATCH_NOTHING);
	}
	int after = until(w, WATCH_JUMP, f, 2000, 100);
	assert_in_range(after, 450, 600);
	/* A new one has no usual: it may start with as many. */
	struct watcher *fresh = watcher_new();
	assert_int_equal(until(fresh, WATCH_JUMP, f, 2000, 100), 0);
	watcher_free(fresh);
	watcher_free(w);
}

static void
test_bounces(void **state UNUSED)
{
	struct watcher *w = watcher_new();

	/* A list with some dead addresses. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    watcher_delivery(w, i % 10 == 0, START + i, why),
		    WATCH_NOTHING);
	watcher_reset(w);
	enum watch_sign sign = WATCH_NOTHING;
	int count = 0;
	for (; sign == WATCH_NOTHING && count < 100; count++)
		sign = watcher_delivery(w, count % 2 == 0, START + count, why);
	assert_int_equal(sign, WATCH_BOUNCES);
	assert_in_range(count, 39, 41);
	watcher_free(w);
}

static void
test_rules(void **state UNUSED)
{
	static const struct {
		const char *text;
		int rc;
		struct watch_rule want;
	} cases[] = {
	    {"off", 0, {0}},
	    {"block 1d", 0, {WATCH_BLOCK, 24 * HOUR}},
	    {"Hold 2h", 0, {WATCH_HOLD, 2 * HOUR}},
	    {"slow 10m", 0, {WATCH_SLOW, HOUR / 6}},
	    {"block", -1, {0}},
	    {"ban 1d", -1, {0}},
	    {"block soon", -1, {0}},
	    {"", -1, {0}},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct watch_rule r;
		CHECK_INT(cases[i].text,
		    watch_parse_rule(slice_of(cases[i].text), &r), cases[i].rc);
		if (cases[i].rc != 0)
			continue;
		CHECK_INT(cases[i].text, r.action, cases[i].want.action);
		CHECK_INT(cases[i].text, r.ms, cases[i].want.ms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_runs),
	    cmocka_unit_test(test_some_refusals_are_no_sign),
	    cmocka_unit_test(test_a_jump_over_what_is_usual),
	    cmocka_unit_test(test_bounces),
	    cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
