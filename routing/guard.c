/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IANA special-purpose registries (RFC 6890 and its updates).
 */
#include "routing/guard.h"

#include "base/attr.h"

/* clang-format off */
static const struct config_cidr special[] = {
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 0,0,0,0 }, 104 },         /* 0.0.0.0/8 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 10,0,0,0 }, 104 },        /* 10.0.0.0/8 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 100,64,0,0 }, 106 },      /* 100.64.0.0/10 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 127,0,0,0 }, 104 },       /* 127.0.0.0/8 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 169,254,0,0 }, 112 },     /* 169.254.0.0/16 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 172,16,0,0 }, 108 },      /* 172.16.0.0/12 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 192,0,0,0 }, 120 },       /* 192.0.0.0/24 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 192,0,2,0 }, 120 },       /* 192.0.2.0/24 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 192,168,0,0 }, 112 },     /* 192.168.0.0/16 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 198,18,0,0 }, 111 },      /* 198.18.0.0/15 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 198,51,100,0 }, 120 },    /* 198.51.100.0/24 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 203,0,113,0 }, 120 },     /* 203.0.113.0/24 */
	{ { 0,0,0,0, 0,0,0,0, 0,0,0xff,0xff, 224,0,0,0 }, 99 },        /* 224.0.0.0/3 */
	{ { 0 }, 96 },                                                 /* ::/96, with :: and ::1 */
	{ { 0x01,0 }, 64 },                                            /* 100::/64 */
	{ { 0x20,0x01,0x0d,0xb8 }, 32 },                               /* 2001:db8::/32 */
	{ { 0x00,0x64,0xff,0x9b,0x00,0x01 }, 48 },                     /* 64:ff9b:1::/48 */
	{ { 0x20,0x01,0x00,0x00 }, 32 },                               /* 2001::/32, Teredo */
	{ { 0x20,0x01,0x00,0x02 }, 48 },                               /* 2001:2::/48 */
	{ { 0x20,0x01,0x00,0x20 }, 28 },                               /* 2001:20::/28 */
	{ { 0x3f,0xff }, 20 },                                         /* 3fff::/20 */
	{ { 0x5f,0x00 }, 16 },                                         /* 5f00::/16 */
	{ { 0xfe,0xc0 }, 10 },                                         /* fec0::/10 */
	{ { 0xfc }, 7 },                                               /* fc00::/7 */
	{ { 0xfe,0x80 }, 10 },                                         /* fe80::/10 */
	{ { 0xff }, 8 },                                               /* ff00::/8 */
};
/* NAT64 and 6to4 carry an IPv4 address, which decides. */
static const struct config_cidr nat64 = { { 0x00,0x64,0xff,0x9b }, 96 };
static const struct config_cidr six_to_four = { { 0x20,0x02 }, 16 };
/* clang-format on */

static bool
is_special(const uint8_t address[16])
{
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (config_cidr_has(&special[i], address))
			return true;
	return false;
}

bool
guard_is_private(const uint8_t address[16])
{
	uint8_t inner[16] = {[10] = 0xff, [11] = 0xff};
	size_t at = 0;

	if (config_cidr_has(&nat64, address))
		at = 12;
	else if (config_cidr_has(&six_to_four, address))
		at = 2;
	for (size_t i = 0; at != 0 && i < 4; i++)
		inner[12 + i] = address[at + i];
	return is_special(address) || (at != 0 && is_special(inner));
}

bool
guard_allows(const uint8_t address[16], const struct config_cidr *allowed,
    size_t allowed_count)
{
	for (size_t i = 0; i < allowed_count; i++)
		if (config_cidr_has(&allowed[i], address))
			return true;
	return !guard_is_private(address);
}
