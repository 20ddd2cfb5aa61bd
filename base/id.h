/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message ids: 63-bit numbers, strictly rising within a data directory, made
 * of the time in milliseconds (41 bits) and a counter (22 bits). Their text is
 * 13 characters of Crockford's base32 in lower case, so texts sort like times.
 */
#ifndef POSTHORN_BASE_ID_H
#define POSTHORN_BASE_ID_H

#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define ID_TEXT_BYTES 14

/* Ids made from now on are above `highest_used`. Once, before threads start. */
void id_start_above(uint64_t highest_used);
/* The next id; never repeats, also when the clock steps back. Any thread. */
uint64_t id_next(int64_t wall_ms);
void id_to_text(uint64_t id, char out[ID_TEXT_BYTES]);
/* 0, or -1 when the text is no id. Capital letters are accepted. */
int id_from_text(struct slice text, uint64_t *out_id) MUST_CHECK;

#endif
