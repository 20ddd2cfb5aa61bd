/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows and limits.
 */
#include "access/usage.h"

#include "tests/unit/unit.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define START (INT64_C(20000) * DAY)

static void
test_never_more_than_the_limit(void **state UNUSED)
{
	struct usage u = {0};
	struct usage_limits l = {.rate[USAGE_MESSAGES] = {10, 100, 0},
	    .quota[USAGE_MESSAGES][USAGE_DAY] = 1000};
	struct usage_refusal why;
	int64_t day = 0;

	/* A message a second for a day: 10 a minute, of these 100 an hour. */
	for (int64_t now = START; now < START + DAY; now += 1000)
		if (usage_allows(&u, &l, 1, now, &why)) {
			usage_add(&u, 1, now);
			day++;
		}
	CHECK_INT("a day", day, 1000);
	assert_false(usage_allows(&u, &l, 1, START + DAY - 1, &why));
	assert_true(why.is_quota);
	CHECK_INT("until", why.until_ms, START + DAY);
	assert_true(usage_allows(&u, &l, 1, START + DAY, &why));
}

static void
test_what_ends_last_is_told(void **state UNUSED)
{
	struct usage u = {0};
	struct usage_limits l = {.rate[USAGE_MESSAGES] = {1, 1, 0},
	    .rate[USAGE_RECIPIENTS] = {5, 0, 0}};
	struct usage_refusal why;

	assert_false(usage_allows(&u, &l, 6, START, &why));
	CHECK_INT("unit", why.unit, USAGE_RECIPIENTS);
	CHECK_INT("until", why.until_ms, START + 60000);
	assert_true(usage_allows(&u, &l, 5, START, &why));
	usage_add(&u, 5, START);
	assert_false(usage_allows(&u, &l, 1, START, &why));
	CHECK_INT("unit", why.unit, USAGE_MESSAGES);
	CHECK_INT("period", why.period, USAGE_HOUR);
	assert_false(why.is_quota);
	l.quota[USAGE_MESSAGES][USAGE_MINUTE] = 1;
	assert_false(usage_allows(&u, &l, 1, START, &why));
	assert_true(why.is_quota);
}

static void
test_a_clock_that_goes_back(void **state UNUSED)
{
	struct usage u = {0};
	struct usage_limits l = {.quota[USAGE_MESSAGES] = {0, 0, 1}};
	struct usage_refusal why;

	usage_add(&u, 1, START);
	assert_false(usage_allows(&u, &l, 1, START - DAY, &why));
	assert_true(usage_allows(&u, &l, 1, START + DAY, &why));
}

static void
test_texts(void **state UNUSED)
{
	static const struct {
		const char *text;
		int rc;
		int64_t max[USAGE_PERIODS];
	} cases[] = {
	    {"100/m", 0, {100, 0, 0}},
	    {"1000/h, 5000/D", 0, {0, 1000, 5000}},
	    {"off", 0, {0, 0, 0}},
	    {"", -1, {0}},
	    {"100", -1, {0}},
	    {"0/h", -1, {0}},
	    {"-1/h", -1, {0}},
	    {"10/w", -1, {0}},
	    {"10/", -1, {0}},
	    {"10/h,20/h", -1, {0}},
	    {"10/h,", -1, {0}},
	    {"99999999999999/h", -1, {0}},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t max[USAGE_PERIODS];
		CHECK_INT(cases[i].text,
		    usage_parse_limit(slice_of(cases[i].text), max),
		    cases[i].rc);
		if (cases[i].rc == 0)
			assert_memory_equal(max, cases[i].max, sizeof(max));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_never_more_than_the_limit),
	    cmocka_unit_test(test_what_ends_last_is_told),
	    cmocka_unit_test(test_a_clock_that_goes_back),
	    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
