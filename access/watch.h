/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching one identity (an account, login or subuser) for what stolen and
 * abused ones do. Facts of each message go in; out comes what was found, with
 * the figures that show it. Counts are of the last hour, in two halves that
 * slide. Pure: time is an argument.
 */
#ifndef POSTHORN_ACCESS_WATCH_H
#define POSTHORN_ACCESS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

/* Stored by name. */
enum watch_sign {
	WATCH_NOTHING = 0,
	WATCH_TRAP,    /* mail to a trap */
	WATCH_PROBE,   /* testing a stolen login: a subject with an address,
			* "smtp" or "socks" in it, over and over */
	WATCH_REPEAT,  /* the same subject or near-same text, and doubtful */
	WATCH_REFUSED, /* much of it refused for its content */
	WATCH_BOUNCES, /* a burst of recipients that do not exist */
	WATCH_JUMP,    /* far above what it usually sends */
	WATCH_SIGNS,
};

enum watch_action { WATCH_OFF = 0, WATCH_SLOW, WATCH_HOLD, WATCH_BLOCK };

/* What is done about a sign, and for how long. */
struct watch_rule {
	enum watch_action action;
	int64_t ms;
};

struct watch_rules {
	struct watch_rule of[WATCH_SIGNS];
};

/* What is shown as evidence. */
#define WATCH_WHY_BYTES 200

struct watcher;

struct watcher *watcher_new(void);
void watcher_free(struct watcher *w);

struct watch_facts {
	struct slice subject; /* decoded; may be null */
	uint64_t digest;      /* of the text (see base/digest.h); 0: none */
	double score;
	bool is_refused; /* for its content */
	bool is_trap;
	int64_t recipients;
	int64_t now_ms; /* wall */
};

/* Takes a message in; the worst sign it completes, in words in `out_why`. */
enum watch_sign watcher_message(struct watcher *w, const struct watch_facts *f,
    char out_why[WATCH_WHY_BYTES]);
/* A recipient was delivered, or does not exist. */
enum watch_sign watcher_delivery(struct watcher *w, bool is_unknown_user,
    int64_t now_ms, char out_why[WATCH_WHY_BYTES]);
/* A block has ended or was lifted: what led to it is forgotten. */
void watcher_reset(struct watcher *w);

const char *watch_sign_name(enum watch_sign sign);
const char *watch_action_name(enum watch_action action);
/* "block 1d", "hold 2h", "slow 10m", "off". */
int watch_parse_rule(struct slice text, struct watch_rule *out) MUST_CHECK;

#endif
