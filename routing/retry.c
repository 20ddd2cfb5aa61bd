/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of waits with jitter, so that what failed together does not come
 * back together.
 */
#include "routing/retry.h"

int64_t
retry_due_ms(const struct retry_plan *plan, int64_t attempt, int64_t now_ms,
    uint64_t seed)
{
	size_t index = attempt > 1 ? (size_t)attempt - 1 : 0;

	if (index >= plan->count)
		index = plan->count - 1;
	int64_t wait = plan->waits_ms[index];
	if (index == 0 && plan->first_ms != 0)
		wait = plan->first_ms;
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15);
	int64_t jitter = (int64_t)((x >> 33) % 401) - 200; /* per mille */
	return now_ms + wait + wait * jitter / 1000;
}
