/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes, durations and rates as people write them: 10k, 25M, 90s, 4d, 100/h.
 * Pure; any thread.
 */
#ifndef POSTHORN_BASE_UNITS_H
#define POSTHORN_BASE_UNITS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define UNITS_TEXT_BYTES 32

/* Bytes with an optional k, M or G (powers of 1024, any case); 0 or -1. */
int units_parse_size(struct slice text, uint64_t *out_bytes) MUST_CHECK;
/* A number with ms, s, m, h, d or w; a bare number is seconds; 0 or -1. */
int units_parse_duration(struct slice text, int64_t *out_ms) MUST_CHECK;
/* Shortest exact form: 90s, 5m, 2h, 4d. */
void units_print_duration(int64_t ms, char out[UNITS_TEXT_BYTES]);

#endif
