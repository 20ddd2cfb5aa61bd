/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much an identity has sent in the current minute, hour and day (of UTC),
 * and whether it may send more. Windows are fixed: within one, never more
 * than its limit. Pure: time is an argument.
 */
#ifndef POSTHORN_ACCESS_USAGE_H
#define POSTHORN_ACCESS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

/* Whose sending is counted. Stored: do not renumber. */
enum usage_axis {
	USAGE_ACCOUNT = 0,
	USAGE_CREDENTIAL,
	USAGE_SUBUSER,
	USAGE_AXES,
};
enum usage_period { USAGE_MINUTE = 0, USAGE_HOUR, USAGE_DAY, USAGE_PERIODS };
enum usage_unit { USAGE_MESSAGES = 0, USAGE_RECIPIENTS, USAGE_UNITS };

struct usage {
	int64_t window[USAGE_PERIODS]; /* number of the window since 1970 */
	int64_t count[USAGE_PERIODS][USAGE_UNITS];
};

/* 0: no limit. */
struct usage_limits {
	int64_t rate[USAGE_UNITS][USAGE_PERIODS];  /* beyond: later */
	int64_t quota[USAGE_UNITS][USAGE_PERIODS]; /* beyond: refused */
};

struct usage_refusal {
	bool is_quota;
	enum usage_unit unit;
	enum usage_period period;
	int64_t max;
	int64_t until_ms; /* wall; when the window ends */
};

/* Windows that are over count nothing any more. */
void usage_roll(struct usage *u, int64_t now_ms);
/* May one more message to so many recipients go? Says what stands against
 * it: a quota before a rate, then what ends last. */
bool usage_allows(struct usage *u, const struct usage_limits *l,
    int64_t recipients, int64_t now_ms, struct usage_refusal *out) MUST_CHECK;
void usage_add(struct usage *u, int64_t recipients, int64_t now_ms);

/* "100/m", "1000/h, 5000/d", or "off" (all 0). -1: it is none. */
int usage_parse_limit(struct slice text, int64_t out[USAGE_PERIODS]) MUST_CHECK;

const char *usage_axis_name(enum usage_axis axis);
const char *usage_period_name(enum usage_period period);
const char *usage_unit_name(enum usage_unit unit);

#endif
