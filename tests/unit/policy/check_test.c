/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that only look like numbers, and bands in their order.
 */
#include "policy/policy.h"

#include "tests/unit/unit.h"

struct row {
	const char *name;
	struct slice key, value;
	bool is_bad;
};

static const struct row rows[] = {
    {.name = "score", .key = SLICE("reject"), .value = SLICE("9.5")},
    {.name = "nan",
	.key = SLICE("reject"),
	.value = SLICE("nan"),
	.is_bad = true},
    {.name = "inf",
	.key = SLICE("reject"),
	.value = SLICE("inf"),
	.is_bad = true},
    {.name = "trailing space",
	.key = SLICE("reject"),
	.value = SLICE("5 "),
	.is_bad = true},
    {.name = "NUL and text",
	.key = SLICE("reject"),
	.value = SLICE("5\0x"),
	.is_bad = true},
    {.name = "negative nan weight",
	.key = SLICE("weight.X"),
	.value = SLICE("-nan"),
	.is_bad = true},
    {.name = "weight at its end",
	.key = SLICE("weight.X"),
	.value = SLICE("-100")},
    {.name = "weight of nothing",
	.key = SLICE("weight."),
	.value = SLICE("1"),
	.is_bad = true},
    {.name = "hold off", .key = SLICE("hold"), .value = SLICE("off")},
    {.name = "reject off",
	.key = SLICE("reject"),
	.value = SLICE("off"),
	.is_bad = true},
    {.name = "retry below",
	.key = SLICE("first_retry"),
	.value = SLICE("59s"),
	.is_bad = true},
    {.name = "retry at its end",
	.key = SLICE("first_retry"),
	.value = SLICE("1d")},
    {.name = "retry above",
	.key = SLICE("first_retry"),
	.value = SLICE("25h"),
	.is_bad = true},
    {.name = "count above",
	.key = SLICE("recipients_max"),
	.value = SLICE("100001"),
	.is_bad = true},
    {.name = "size at its end",
	.key = SLICE("message_size_max"),
	.value = SLICE("64k")},
    {.name = "size below",
	.key = SLICE("message_size_max"),
	.value = SLICE("65535"),
	.is_bad = true},
    {.name = "empty key",
	.key = SLICE(""),
	.value = SLICE("1"),
	.is_bad = true},
};

static void
test_rows(void **state UNUSED)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = {0};
		int rc = policy_check(rows[i].key, rows[i].value, &err);
		if (rc == (rows[i].is_bad ? -1 : 0) &&
		    (rc == 0 || err.text[0] != '\0'))
			continue;
		print_error("%s: got %d\n", rows[i].name, rc);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static struct policy_entry
entry(const char *account, const char *key, const char *value)
{
	return (struct policy_entry){
	    slice_of(account), slice_of(key), slice_of(value)};
}

static void
test_bands(void **state UNUSED)
{
	const struct policy_entry entries[] = {
	    entry("", "band.c", "9"),
	    entry("", "band.a", "1"),
	    entry("", "band.b", "5"),
	    entry("acme", "band.a", "7"),
	    entry("", "weight.LINK_IP", "1"),
	    entry("acme", "weight.link_ip", "2"),
	    entry("acme", "reject", "nonsense"),
	};
	struct policy_set *set =
	    policy_set_build(entries, ARRAY_LEN(entries), 3);
	const struct policy *all = policy_for(set, SLICE(""));
	const struct policy *acme = policy_for(set, SLICE("acme"));

	assert_int_equal(all->band_count, 3);
	assert_string_equal(all->bands[0].zone, "a");
	assert_string_equal(all->bands[2].zone, "c");
	assert_int_equal(acme->band_count, 3);
	assert_string_equal(acme->bands[0].zone, "b");
	assert_string_equal(acme->bands[1].zone, "a");
	assert_true(acme->bands[1].below == 7);
	assert_int_equal(acme->weight_count, 1);
	assert_true(acme->weights[0].points == 2);
	assert_true(acme->reject == 10);
	assert_ptr_equal(policy_for(set, SLICE("other")), all);
	policy_set_unref(policy_set_ref(set));
	policy_set_unref(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_bands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
