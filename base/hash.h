/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fast hash for tables and digests; no guard against chosen collisions.
 */
#ifndef POSTHORN_BASE_HASH_H
#define POSTHORN_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* One more octet (FNV-1a). Its low bits alone are poor: end with mix. */
uint64_t hash_octet(uint64_t hash, unsigned char octet);
/* Spreads every bit over all (the finalizer of MurmurHash3, public domain). */
uint64_t hash_mix(uint64_t hash);
uint64_t hash_bytes(struct slice s);

#endif
