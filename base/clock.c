/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks and time texts. No locale, no time zone but UTC.
 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
read_clock_us(clockid_t which)
{
	struct timespec ts;

	(void)clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

static struct tm
split(int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm);
	return tm;
}

void
time_to_rfc3339(int64_t wall_ms, char out[TIME_RFC3339_BYTES])
{
	struct tm tm = split(wall_ms);

	(void)snprintf(out, TIME_RFC3339_BYTES,
	    "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_mon + 1,
	    (unsigned)tm.tm_mday, (unsigned)tm.tm_hour, (unsigned)tm.tm_min,
	    (unsigned)tm.tm_sec, (unsigned)(wall_ms % 1000));
}

void
time_to_rfc5322(int64_t wall_ms, char out[TIME_RFC5322_BYTES])
{
	static const char days[7][4] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm = split(wall_ms);

	(void)snprintf(out, TIME_RFC5322_BYTES,
	    "%s, %u %s %04u %02u:%02u:%02u +0000", days[tm.tm_wday % 7],
	    (unsigned)tm.tm_mday, months[tm.tm_mon % 12],
	    (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour,
	    (unsigned)tm.tm_min, (unsigned)tm.tm_sec);
}

/* Cuts `count` digits off the front. */
static int
take_digits(struct slice *s, size_t count, int *out)
{
	uint64_t value;

	if (s->len < count || slice_to_u64(slice_sub(*s, 0, count), &value))
		return -1;
	*s = slice_sub(*s, count, SIZE_MAX);
	*out = (int)value;
	return 0;
}

static int
take_char(struct slice *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return -1;
	*s = slice_sub(*s, 1, SIZE_MAX);
	return 0;
}

static int
take_fraction(struct slice *s, int *out_ms)
{
	int ms = 0;
	int scale = 100;

	if (s->len == 0 || !ascii_is_digit(s->ptr[0]))
		return -1;
	for (; s->len != 0 && ascii_is_digit(s->ptr[0]); scale /= 10) {
		ms += (s->ptr[0] - '0') * scale;
		*s = slice_sub(*s, 1, SIZE_MAX);
	}
	*out_ms = ms;
	return 0;
}

int
time_from_rfc3339(struct slice text, int64_t *out_wall_ms)
{
	struct tm tm = {0};
	int ms = 0;

	if (take_digits(&text, 4, &tm.tm_year) || take_char(&text, '-') ||
	    take_digits(&text, 2, &tm.tm_mon) || take_char(&text, '-') ||
	    take_digits(&text, 2, &tm.tm_mday))
		return -1;
	if (text.len != 0) {
		if (take_char(&text, 'T') != 0 && take_char(&text, ' ') != 0)
			return -1;
		if (take_digits(&text, 2, &tm.tm_hour) ||
		    take_char(&text, ':') ||
		    take_digits(&text, 2, &tm.tm_min) ||
		    take_char(&text, ':') || take_digits(&text, 2, &tm.tm_sec))
			return -1;
		if (take_char(&text, '.') == 0 && take_fraction(&text, &ms))
			return -1;
		if (take_char(&text, 'Z') != 0 || text.len != 0)
			return -1;
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out_wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return 0;
}
