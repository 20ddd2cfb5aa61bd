/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids from one atomic number: the larger of "last plus one" and the clock.
 */
#include "base/id.h"

#include <stdatomic.h>
#include <string.h>

#define COUNTER_BITS 22
/* 2024-01-01T00:00:00Z; 41 bits of milliseconds last until 2093. */
#define EPOCH_MS INT64_C(1704067200000)
#define TEXT_CHARS (ID_TEXT_BYTES - 1)

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static _Atomic uint64_t last_id;

void
id_start_above(uint64_t highest_used)
{
	atomic_store(&last_id, highest_used);
}

uint64_t
id_next(int64_t wall_ms)
{
	int64_t since_ms = wall_ms > EPOCH_MS ? wall_ms - EPOCH_MS : 0;
	uint64_t floor = (uint64_t)since_ms << COUNTER_BITS;
	uint64_t last = atomic_load(&last_id);
	uint64_t next;

	do {
		next = last + 1 > floor ? last + 1 : floor;
	} while (!atomic_compare_exchange_weak(&last_id, &last, next));
	return next;
}

void
id_to_text(uint64_t id, char out[ID_TEXT_BYTES])
{
	for (int i = TEXT_CHARS - 1; i >= 0; i--) {
		out[i] = alphabet[id & 31];
		id >>= 5;
	}
	out[TEXT_CHARS] = '\0';
}

int
id_from_text(struct slice text, uint64_t *out_id)
{
	uint64_t id = 0;

	if (text.len != TEXT_CHARS)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
		if (at == NULL || (i == 0 && at - alphabet > 7))
			return -1;
		id = id << 5 | (uint64_t)(at - alphabet);
	}
	*out_id = id;
	return 0;
}
