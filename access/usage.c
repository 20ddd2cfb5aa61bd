/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters that start anew with each window.
 */
#include "access/usage.h"

#include <string.h>

static const int64_t period_ms[USAGE_PERIODS] = {60000, 3600000, 86400000};

const char *
usage_axis_name(enum usage_axis axis)
{
	static const char *const names[] = {"account", "credential", "subuser"};

	return axis < USAGE_AXES ? names[axis] : "";
}

const char *
usage_period_name(enum usage_period period)
{
	static const char *const names[] = {"minute", "hour", "day"};

	return period < USAGE_PERIODS ? names[period] : "";
}

const char *
usage_unit_name(enum usage_unit unit)
{
	return unit == USAGE_MESSAGES ? "messages" : "recipients";
}

void
usage_roll(struct usage *u, int64_t now_ms)
{
	for (int p = 0; p < USAGE_PERIODS; p++) {
		int64_t window = now_ms / period_ms[p];
		/* A clock that went back opens no new window. */
		if (window <= u->window[p])
			continue;
		u->window[p] = window;
		memset(u->count[p], 0, sizeof(u->count[p]));
	}
}

static void
check(const struct usage *u, const int64_t max[USAGE_UNITS][USAGE_PERIODS],
    bool is_quota, const int64_t more[USAGE_UNITS], struct usage_refusal *out)
{
	for (int unit = 0; unit < USAGE_UNITS; unit++)
		for (int p = 0; p < USAGE_PERIODS; p++) {
			int64_t until_ms = (u->window[p] + 1) * period_ms[p];
			if (max[unit][p] == 0 ||
			    u->count[p][unit] + more[unit] <= max[unit][p] ||
			    (out->is_quota && !is_quota) ||
			    (out->is_quota == is_quota &&
				until_ms <= out->until_ms))
				continue;
			*out = (struct usage_refusal){
			    .is_quota = is_quota,
			    .unit = (enum usage_unit)unit,
			    .period = (enum usage_period)p,
			    .max = max[unit][p],
			    .until_ms = until_ms,
			};
		}
}

bool
usage_allows(struct usage *u, const struct usage_limits *l, int64_t recipients,
    int64_t now_ms, struct usage_refusal *out)
{
	const int64_t more[USAGE_UNITS] = {1, recipients};

	usage_roll(u, now_ms);
	*out = (struct usage_refusal){0};
	check(u, l->quota, true, more, out);
	check(u, l->rate, false, more, out);
	return out->max == 0;
}

void
usage_add(struct usage *u, int64_t recipients, int64_t now_ms)
{
	usage_roll(u, now_ms);
	for (int p = 0; p < USAGE_PERIODS; p++) {
		u->count[p][USAGE_MESSAGES]++;
		u->count[p][USAGE_RECIPIENTS] += recipients;
	}
}

int
usage_parse_limit(struct slice text, int64_t out[USAGE_PERIODS])
{
	static const char letters[] = "mhd";
	struct slice one;
	struct slice number;
	uint64_t value;

	memset(out, 0, USAGE_PERIODS * sizeof(*out));
	if (slice_is_nocase(text, "off"))
		return 0;
	if (text.len == 0)
		return -1;
	while (slice_cut(&text, ',', &one)) {
		one = slice_trim(one);
		if (!slice_cut(&one, '/', &number) || one.len != 1 ||
		    slice_to_u64(number, &value) != 0 || value == 0 ||
		    value > INT64_C(1000000000000))
			return -1;
		const char *at = strchr(letters, ascii_lower(one.ptr[0]));
		if (at == NULL || *at == '\0' || out[at - letters] != 0)
			return -1;
		out[at - letters] = (int64_t)value;
	}
	return 0;
}
