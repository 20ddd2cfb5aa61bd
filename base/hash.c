/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FNV-1a with a finalizer.
 */
#include "base/hash.h"

uint64_t
hash_octet(uint64_t hash, unsigned char octet)
{
	return (hash ^ octet) * UINT64_C(0x100000001b3);
}

uint64_t
hash_mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

uint64_t
hash_bytes(struct slice s)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < s.len; i++)
		hash = hash_octet(hash, (unsigned char)s.ptr[i]);
	return hash_mix(hash);
}
