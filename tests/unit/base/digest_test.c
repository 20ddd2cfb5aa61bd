/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Near-same texts have near digests, others do not.
 */
#include "base/digest.h"

#include "base/hash.h"

#include "tests/unit/unit.h"

#define LETTER(NAME, CODE)                                                    \
	"Dear " NAME ", your parcel is waiting at our depot since yesterday " \
	"because the delivery fee was not paid. Please confirm your address " \
	"and pay the small fee on our page within two days, otherwise we "    \
	"will return the parcel to its sender. Your number is " CODE ". "     \
	"Kind regards, the delivery team of your post office."

static void
test_distances(void **state UNUSED)
{
	uint64_t a = digest_text(SLICE(LETTER("Anna", "AB123")));
	uint64_t b = digest_text(SLICE(LETTER("Bob", "XY98765")));
	uint64_t c = digest_text(SLICE(LETTER("  ANNA", "zz9")));
	uint64_t other = digest_text(
	    SLICE("The minutes of the meeting of our society in May are now "
		  "on the web page. We decided to plant three more trees "
		  "behind the house and to meet again after the holidays. "
		  "Who has a ladder to lend may tell the secretary."));

	assert_true(digest_distance(a, b) <= DIGEST_NEAR_BITS);
	assert_int_equal(digest_distance(a, c), 0);
	assert_true(digest_distance(a, other) > 2 * DIGEST_NEAR_BITS);
	assert_int_equal(digest_text(SLICE("too short to tell")), 0);
	assert_int_equal(digest_text(SLICE("")), 0);
	assert_int_equal(digest_text(SLICE("1 2 3 4 5 6 7 8 9 10 11 12")), 0);
}

/* Addresses that differ in one octet only fall into different buckets. */
static void
test_hash_spreads(void **state UNUSED)
{
	enum { BUCKETS = 65536, MANY = 60000 };
	static unsigned char counts[BUCKETS];
	int most = 0;

	for (int i = 0; i < MANY; i++) {
		unsigned char ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		    0xff, 10, 0, (unsigned char)(i >> 8), (unsigned char)i};
		uint64_t hash =
		    hash_bytes(slice_make((const char *)ip, sizeof(ip)));
		if (++counts[hash % BUCKETS] > most)
			most = counts[hash % BUCKETS];
	}
	assert_in_range(most, 2, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_distances),
	    cmocka_unit_test(test_hash_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
