/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys, bounds, and what is in force for whom.
 */
#include "tests/unit/check.h"

#include "policy/policy.h"

static void
values_are_checked(void **state)
{
	static const struct {
		const char *key, *value;
		const char *want; /* null: good; else in the error */
	} rows[] = {
	    {"reject", "10", NULL},
	    {"reject", "-3.5", NULL},
	    {"reject", "ten", "a score"},
	    {"reject", "1001", "a score"},
	    {"reject", "", "a score"},
	    {"hold", "off", NULL},
	    {"hold", "7", NULL},
	    {"band.main", "4", NULL},
	    {"band.", "4", "no policy key"},
	    {"band.a b", "4", "a zone's name"},
	    {"first_retry", "75s", NULL},
	    {"first_retry", "1s", "60s to 1d"},
	    {"lifetime", "4d", NULL},
	    {"lifetime", "90d", "1m to 30d"},
	    {"recipients_max", "0", "whole number"},
	    {"message_size_max", "10M", NULL},
	    {"weight.X", "101", "points"},
	    {"rejct", "1", "did you mean reject?"},
	    {"something else", "1", "policy show"},
	    {"rate.messages", "100/m,1000/h", NULL},
	    {"rate.messages", "off", NULL},
	    {"rate.messages", "100", "numbers a minute"},
	    {"subuser.quota.recipients", "5000/d", NULL},
	    {"credential.rate.recipients", "1/w", "numbers a minute"},
	    {"from_policy", "verified", NULL},
	    {"from_policy", "mine", "any, account"},
	    {"zone_header", "on", NULL},
	    {"watch.trap", "block 5d", NULL},
	    {"watch.jump", "off", NULL},
	    {"watch.jump", "shout 1h", "slow, hold or block"},
	    {"zone_header", "1", "on or off"},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc = policy_check(
		    slice_of(rows[i].key), slice_of(rows[i].value), &err);
		check_row(rows[i].key, rc == (rows[i].want == NULL ? 0 : -1));
		check_row(rows[i].value,
		    rc == 0 || strstr(err.text, rows[i].want) != NULL);
	}
}

static void
accounts_override(void **state)
{
	static const struct policy_entry entries[] = {
	    {{"big", sizeof("big") - 1}, {"reject", sizeof("reject") - 1},
		{"20", sizeof("20") - 1}},
	    {{"big", sizeof("big") - 1}, {"band.b", sizeof("band.b") - 1},
		{"9", sizeof("9") - 1}},
	    {{"", sizeof("") - 1}, {"hold", sizeof("hold") - 1},
		{"6", sizeof("6") - 1}},
	    {{"", sizeof("") - 1}, {"band.b", sizeof("band.b") - 1},
		{"5", sizeof("5") - 1}},
	    {{"", sizeof("") - 1}, {"band.a", sizeof("band.a") - 1},
		{"2", sizeof("2") - 1}},
	    {{"", sizeof("") - 1}, {"lifetime", sizeof("lifetime") - 1},
		{"1d", sizeof("1d") - 1}},
	    {{"big", sizeof("big") - 1}, {"hold", sizeof("hold") - 1},
		{"off", sizeof("off") - 1}},
	    {{"", sizeof("") - 1},
		{"from_the_future", sizeof("from_the_future") - 1},
		{"x", sizeof("x") - 1}},
	};
	struct policy_set *set =
	    policy_set_build(entries, ARRAY_LEN(entries), 42);
	const struct policy *all = policy_for(set, SLICE("anyone"));
	const struct policy *big = policy_for(set, SLICE("big"));

	(void)state;
	assert_int_equal(all->version, 42);
	assert_true(all->reject == 10 && all->has_hold && all->hold == 6);
	assert_int_equal(all->band_count, 2);
	assert_string_equal(all->bands[0].zone, "a");
	assert_string_equal(all->bands[1].zone, "b");
	assert_true(big->reject == 20 && !big->has_hold);
	assert_int_equal(big->band_count, 2);
	assert_true(big->bands[1].below == 9);
	assert_int_equal(big->lifetime_ms, 86400000);
	policy_set_unref(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_checked),
	    cmocka_unit_test(accounts_override),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
