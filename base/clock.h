/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the clocks, and writing times as text. Only the daemon's shell and
 * the CLI read clocks; everything below takes the time as an argument.
 * Wall times are milliseconds since 1970 in UTC.
 */
#ifndef POSTHORN_BASE_CLOCK_H
#define POSTHORN_BASE_CLOCK_H

#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define TIME_RFC3339_BYTES 32
#define TIME_RFC5322_BYTES 40

/* CLOCK_REALTIME, for display, Date and due times on disk. Any thread. */
int64_t clock_wall_ms(void);
/* CLOCK_MONOTONIC, for intervals. Any thread. */
int64_t clock_mono_ms(void);
/* The same in microseconds. */
int64_t clock_mono_us(void);

/* 2026-11-23T13:00:00.123Z (RFC 3339). */
void time_to_rfc3339(int64_t wall_ms, char out[TIME_RFC3339_BYTES]);
/* Mon, 23 Nov 2026 13:00:00 +0000 (RFC 5322 3.3). */
void time_to_rfc5322(int64_t wall_ms, char out[TIME_RFC5322_BYTES]);
/* Reads RFC 3339 in UTC ("…Z", fraction optional) or a date; 0 or -1. */
int time_from_rfc3339(struct slice text, int64_t *out_wall_ms) MUST_CHECK;

#endif
