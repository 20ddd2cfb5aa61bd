/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failed logins, counted by (peer, login): each further one is answered later,
 * and too many lock the pair for a time. Memory is bounded; the pair that was
 * seen longest ago is forgotten first. Pure: time is an argument.
 */
#ifndef POSTHORN_ACCESS_THROTTLE_H
#define POSTHORN_ACCESS_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct throttle;

/* Times in milliseconds. */
struct throttle_rule {
	int64_t failures_max; /* then the pair is locked */
	int64_t lock_ms;      /* for so long; failures older than it are
			       * forgotten */
	int64_t delay_ms;     /* of the first refusal; doubles up to 16 times */
};

struct throttle_key {
	uint64_t halves[2];
};

/* `peer`: the 16 octets of an address. */
struct throttle_key throttle_key(const uint8_t peer[16], struct slice login);

struct throttle *throttle_new(size_t entries_max);
void throttle_free(struct throttle *t);

/* When the pair's lock ends; 0: it is not locked. */
int64_t throttle_locked_until(struct throttle *t,
    const struct throttle_key *key, const struct throttle_rule *rule,
    int64_t now_ms);
/* How late the next refusal is answered. */
int64_t throttle_delay(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms);
void throttle_failed(struct throttle *t, const struct throttle_key *key,
    const struct throttle_rule *rule, int64_t now_ms);
void throttle_passed(struct throttle *t, const struct throttle_key *key);

#endif
