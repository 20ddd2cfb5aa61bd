/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of a lane (zone x source x MX group) as arithmetic: may it open
 * a connection or start a message now, and if not, when and why not. Times
 * are monotonic milliseconds and come from the caller. Pure.
 */
#ifndef POSTHORN_ROUTING_SHAPE_H
#define POSTHORN_ROUTING_SHAPE_H

#include <stddef.h>
#include <stdint.h>

enum shape_reason {
	SHAPE_OPEN = 0,
	SHAPE_CONNECTIONS, /* lane_connections_max are open */
	SHAPE_ZONE,        /* the zone's connections_max are open */
	SHAPE_RATE,        /* messages_per_second */
	SHAPE_BACKOFF,     /* it failed lately, and waits */
};

/* A word for people: "rate", "backoff", … */
const char *shape_reason_name(enum shape_reason reason);

struct shape_limits {
	int64_t connections_max;
	double messages_per_second; /* 0: no limit */
	const int64_t *backoff_ms;  /* the wait after each failure in a row */
	size_t backoff_count;       /* at least 1; the last wait repeats */
};

struct shape {
	int64_t connections;
	double tokens;       /* messages that may start now; burst 1 s */
	int64_t refilled_ms; /* 0: never */
	int64_t failures;    /* connections that failed in a row */
	int64_t backoff_until_ms;
};

/* May a message start? `out_wake_ms` is when to ask again (0: on an event). */
enum shape_reason shape_message(struct shape *s, const struct shape_limits *l,
    int64_t now_ms, int64_t *out_wake_ms);
/* One did start. */
void shape_message_started(struct shape *s, const struct shape_limits *l);
/* May a connection be opened? */
enum shape_reason shape_connection(const struct shape *s,
    const struct shape_limits *l, int64_t now_ms, int64_t *out_wake_ms);
/* The host answered. */
void shape_succeeded(struct shape *s);
/* No host of the lane could be reached: it waits. */
void shape_failed(
    struct shape *s, const struct shape_limits *l, int64_t now_ms);

#endif
