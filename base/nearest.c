/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row of the table of distances at a time.
 */
#include "base/nearest.h"

#include <string.h>

#define NAME_MAX_CHARS 48

size_t
name_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_CHARS + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (b_len > NAME_MAX_CHARS || a_len > NAME_MAX_CHARS)
		return NAME_MAX_CHARS;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

size_t
name_distance_max(const char *name)
{
	return strlen(name) / 3 + 1;
}
