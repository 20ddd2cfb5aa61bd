/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy: the live settings that operators tune, globally and by account.
 * Here is what keys there are, what values they take and which value is in
 * force for whom; storing and changing them is the daemon's. A built set is
 * immutable, shared by threads and counted by reference.
 */
#ifndef POSTHORN_POLICY_POLICY_H
#define POSTHORN_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/usage.h"
#include "access/watch.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* Scores below `below` go to the zone, in order of `below`. */
struct policy_band {
	const char *zone;
	double below;
};

/* Points of a symbol in place of its own. */
struct policy_weight {
	const char *symbol;
	double points;
};

/* Whose addresses may stand in the envelope's and the header's From. */
enum policy_from {
	POLICY_FROM_ANY = 0,
	POLICY_FROM_ACCOUNT,  /* in domains that the account has */
	POLICY_FROM_VERIFIED, /* in such as it has proved to be its own */
};

/* What is in force for one account. */
struct policy {
	int64_t version;
	double reject; /* refuse at this score and above */
	bool has_hold;
	double hold; /* hold at this score and above, below reject */
	struct policy_band *bands;
	size_t band_count;
	struct policy_weight *weights;
	size_t weight_count;
	int64_t first_retry_ms;   /* 0: as configured */
	int64_t lifetime_ms;      /* likewise */
	int64_t recipients_max;   /* likewise */
	int64_t message_size_max; /* likewise, bytes */
	struct usage_limits limits[USAGE_AXES];
	struct watch_rules watch;
	enum policy_from from;
	bool has_zone_header; /* X-Posthorn-Zone is obeyed */
};

/* One stored setting; `account` empty is everyone. */
struct policy_entry {
	struct slice account, key, value;
};

struct policy_key {
	const char *name; /* ends in '.' when a name follows */
	const char *default_text;
	const char *help;
};

/* Is `value` good for `key`? The error says what was expected, or names the
 * nearest key. */
int policy_check(
    struct slice key, struct slice value, struct error *out_err) MUST_CHECK;
/* All keys, for help; `out_count` of them. */
const struct policy_key *policy_keys(size_t *out_count);

struct policy_set;

/* Entries that do not check are left out (a newer version wrote them). */
struct policy_set *policy_set_build(
    const struct policy_entry *entries, size_t count, int64_t version);
struct policy_set *policy_set_ref(struct policy_set *set);
void policy_set_unref(struct policy_set *set);
/* Never null; lives as long as the set. */
const struct policy *policy_for(
    const struct policy_set *set, struct slice account);

#endif
