/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that are not of the public internet: the edges of the IANA
 * special-purpose registries, and IPv4 inside IPv6.
 */
#include "routing/guard.h"

#include "tests/unit/unit.h"

struct row {
	const char *name;
	const char *address;
	bool is_private;
};

static const struct row rows[] = {
    {.name = "below 10/8", .address = "9.255.255.255"},
    {.name = "above 10/8", .address = "11.0.0.0"},
    {.name = "below 100.64/10", .address = "100.63.255.255"},
    {.name = "100.127", .address = "100.127.255.255", .is_private = true},
    {.name = "above 100.64/10", .address = "100.128.0.0"},
    {.name = "below 172.16/12", .address = "172.15.255.255"},
    {.name = "protocol assignments",
	.address = "192.0.0.1",
	.is_private = true},
    {.name = "documentation", .address = "203.0.113.7", .is_private = true},
    {.name = "benchmarks", .address = "198.19.255.255", .is_private = true},
    {.name = "multicast", .address = "224.0.0.1", .is_private = true},
    {.name = "reserved", .address = "240.0.0.1", .is_private = true},
    {.name = "last public", .address = "223.255.255.255"},
    {.name = "mapped private",
	.address = "::ffff:192.168.0.1",
	.is_private = true},
    {.name = "compatible private",
	.address = "::127.0.0.1",
	.is_private = true},
    {.name = "discard only", .address = "100::1", .is_private = true},
    {.name = "unique local", .address = "fdff:ffff::1", .is_private = true},
    {.name = "multicast v6", .address = "ff02::1", .is_private = true},
    {.name = "documentation v6", .address = "2001:db8::1", .is_private = true},
    {.name = "NAT64 private",
	.address = "64:ff9b::10.0.0.1",
	.is_private = true},
    {.name = "NAT64 metadata service",
	.address = "64:ff9b::169.254.169.254",
	.is_private = true},
    {.name = "NAT64 public", .address = "64:ff9b::8.8.8.8"},
    {.name = "6to4 private",
	.address = "2002:c0a8:0101::1",
	.is_private = true},
    {.name = "6to4 public", .address = "2002:0808:0808::1"},
    {.name = "local-use NAT64 (RFC 8215)",
	.address = "64:ff9b:1::10.0.0.1",
	.is_private = true},
    {.name = "site-local (RFC 3879)", .address = "fec0::1", .is_private = true},
    {.name = "benchmarks v6 (RFC 5180)",
	.address = "2001:2::1",
	.is_private = true},
    {.name = "documentation v6 (RFC 9637)",
	.address = "3fff::1",
	.is_private = true},
    {.name = "segment routing (RFC 9602)",
	.address = "5f00::1",
	.is_private = true},
    {.name = "public v6", .address = "2a00:1450:4001::1"},
};

static void
test_rows(void **state UNUSED)
{
	size_t wrong = 0;

	/* All rows are looked at, so that one run names all that is off. */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config_cidr a;
		CHECK_INT(rows[i].name,
		    config_cidr_parse(slice_of(rows[i].address), &a), 0);
		if (guard_is_private(a.address) == rows[i].is_private)
			continue;
		print_error("%s: %s\n", rows[i].name, rows[i].address);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
