/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing quantities with units.
 */
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
    {"", 1},
    {"b", 1},
    {"k", UINT64_C(1) << 10},
    {"kb", UINT64_C(1) << 10},
    {"m", UINT64_C(1) << 20},
    {"mb", UINT64_C(1) << 20},
    {"g", UINT64_C(1) << 30},
    {"gb", UINT64_C(1) << 30},
};

static const struct unit durations[] = {
    {"ms", 1},
    {"", 1000},
    {"s", 1000},
    {"m", 60000},
    {"h", 3600000},
    {"d", 86400000},
    {"w", 604800000},
};

static int
parse(struct slice text, const struct unit *units, size_t count, uint64_t *out)
{
	size_t digits = 0;
	uint64_t number;

	text = slice_trim(text);
	while (digits < text.len && ascii_is_digit(text.ptr[digits]))
		digits++;
	if (slice_to_u64(slice_sub(text, 0, digits), &number) != 0)
		return -1;
	struct slice unit = slice_trim(slice_sub(text, digits, SIZE_MAX));
	for (size_t i = 0; i < count; i++) {
		if (!slice_is_nocase(unit, units[i].name))
			continue;
		if (number > (uint64_t)INT64_MAX / units[i].factor)
			return -1;
		*out = number * units[i].factor;
		return 0;
	}
	return -1;
}

int
units_parse_size(struct slice text, uint64_t *out_bytes)
{
	return parse(text, sizes, ARRAY_LEN(sizes), out_bytes);
}

int
units_parse_duration(struct slice text, int64_t *out_ms)
{
	uint64_t ms;

	if (parse(text, durations, ARRAY_LEN(durations), &ms) != 0)
		return -1;
	*out_ms = (int64_t)ms;
	return 0;
}

void
units_print_duration(int64_t ms, char out[UNITS_TEXT_BYTES])
{
	static const struct unit printed[] = {
	    {"d", 86400000},
	    {"h", 3600000},
	    {"m", 60000},
	    {"s", 1000},
	};

	for (size_t i = 0; ms != 0 && i < ARRAY_LEN(printed); i++) {
		if (ms % (int64_t)printed[i].factor != 0)
			continue;
		(void)snprintf(out, UNITS_TEXT_BYTES, "%" PRId64 "%s",
		    ms / (int64_t)printed[i].factor, printed[i].name);
		return;
	}
	(void)snprintf(out, UNITS_TEXT_BYTES, "%" PRId64 "ms", ms);
}
