/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token bucket of one second's messages, and back-off in steps.
 */
#include "routing/shape.h"

const char *
shape_reason_name(enum shape_reason reason)
{
	static const char *const names[] = {
	    [SHAPE_OPEN] = "open",
	    [SHAPE_CONNECTIONS] = "lane_connections_max",
	    [SHAPE_ZONE] = "connections_max",
	    [SHAPE_RATE] = "messages_per_second",
	    [SHAPE_BACKOFF] = "backoff",
	};

	return names[reason];
}

static void
refill(struct shape *s, const struct shape_limits *l, int64_t now_ms)
{
	double burst = l->messages_per_second > 1 ? l->messages_per_second : 1;

	if (s->refilled_ms == 0)
		s->tokens = burst;
	else
		s->tokens += (double)(now_ms - s->refilled_ms) *
		    l->messages_per_second / 1000;
	if (s->tokens > burst)
		s->tokens = burst;
	s->refilled_ms = now_ms;
}

enum shape_reason
shape_message(struct shape *s, const struct shape_limits *l, int64_t now_ms,
    int64_t *out_wake_ms)
{
	*out_wake_ms = 0;
	if (l->messages_per_second <= 0)
		return SHAPE_OPEN;
	refill(s, l, now_ms);
	if (s->tokens >= 1)
		return SHAPE_OPEN;
	*out_wake_ms = now_ms + 1 +
	    (int64_t)((1 - s->tokens) * 1000 / l->messages_per_second);
	return SHAPE_RATE;
}

void
shape_message_started(struct shape *s, const struct shape_limits *l)
{
	if (l->messages_per_second > 0)
		s->tokens -= 1;
}

enum shape_reason
shape_connection(const struct shape *s, const struct shape_limits *l,
    int64_t now_ms, int64_t *out_wake_ms)
{
	*out_wake_ms = 0;
	if (now_ms < s->backoff_until_ms) {
		*out_wake_ms = s->backoff_until_ms;
		return SHAPE_BACKOFF;
	}
	/* After a failure one connection tries before others follow. */
	int64_t max = s->failures != 0 ? 1 : l->connections_max;
	return s->connections < max ? SHAPE_OPEN : SHAPE_CONNECTIONS;
}

void
shape_succeeded(struct shape *s)
{
	s->failures = 0;
	s->backoff_until_ms = 0;
}

void
shape_failed(struct shape *s, const struct shape_limits *l, int64_t now_ms)
{
	/* Connections that were under way together fail together. */
	if (now_ms < s->backoff_until_ms)
		return;
	size_t last = l->backoff_count - 1;
	size_t step = (size_t)s->failures < last ? (size_t)s->failures : last;

	s->failures++;
	s->backoff_until_ms = now_ms + l->backoff_ms[step];
}
