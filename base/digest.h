/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A digest that changes little when a text does: by it near-same messages are
 * told from different ones. Pure.
 */
#ifndef POSTHORN_BASE_DIGEST_H
#define POSTHORN_BASE_DIGEST_H

#include <stdint.h>

#include "base/slice.h"

/* Texts whose digests differ in at most so many bits are near-same. */
#define DIGEST_NEAR_BITS 12

/* 0: too short to say anything. Words with digits (names, numbers, links)
 * do not count, nor does case. */
uint64_t digest_text(struct slice text);
int digest_distance(uint64_t a, uint64_t b);

#endif
