/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a recipient is tried again. Pure: time and randomness are arguments.
 */
#ifndef POSTHORN_ROUTING_RETRY_H
#define POSTHORN_ROUTING_RETRY_H

#include <stddef.h>
#include <stdint.h>

struct retry_plan {
	const int64_t *waits_ms; /* between tries; the last one repeats */
	size_t count;            /* at least 1 */
	int64_t first_ms;        /* in place of the first wait; 0: none */
};

/*
 * The due time after try number `attempt` (from 1) failed at `now_ms`: the
 * plan's wait, a fifth shorter to a fifth longer by `seed`.
 */
int64_t retry_due_ms(const struct retry_plan *plan, int64_t attempt,
    int64_t now_ms, uint64_t seed);

#endif
