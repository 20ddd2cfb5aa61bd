/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery: per-zone workers that take recipients, find their MX hosts, hold
 * them in lanes and send them on. Results go to the store; what cannot go now
 * comes back when it is due.
 */
#ifndef POSTHORN_DAEMON_DELIVERY_DELIVERY_H
#define POSTHORN_DAEMON_DELIVERY_DELIVERY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "daemon/gate/gate.h"
#include "daemon/net/resolver.h"
#include "daemon/outgoing.h"
#include "daemon/setup.h"
#include "daemon/store/store.h"

struct delivery;

/* One recipient to be taken up; texts are copied. */
struct delivery_recipient {
	uint32_t seq;
	const char *zone;
	const char *source; /* null: the system's choice */
	struct slice address;
	int64_t due_ms, expires_ms;
	int64_t attempts;    /* made before */
	unsigned int notify; /* bits of enum smtp_notify */
	struct slice orcpt;  /* as sent; null: none */
	bool is_delay_told;
};

/* Starts the workers; the database must be open in the store. */
struct delivery *delivery_new(struct setup *setup, struct store *store,
    struct gate *gate, struct resolver *resolver,
    struct error *out_err) MUST_CHECK;
/* No new transactions; `fn(arg)` runs in `origin` when none is open, or when
 * limits.drain_timeout is over. */
void delivery_drain(
    struct delivery *d, struct loop *origin, void (*fn)(void *arg), void *arg);
/* After delivery_drain() has called back: ends the threads. */
void delivery_stop(struct delivery *d);
/* After the store has ended too; null is accepted. */
void delivery_free(struct delivery *d);

/*
 * Hands over what was just committed, with `body` if the budget has room for
 * it. Any thread. `o` is taken.
 */
void delivery_hand_over(struct delivery *d, struct outgoing *o,
    struct body *body, const struct delivery_recipient *recipients,
    size_t count);

/* A new setup for all workers; each takes a reference. Any thread. */
void delivery_configure(struct delivery *d, struct setup *setup);
/*
 * Operators changed rows: what waits in memory is forgotten and read anew
 * from the store. `zone` null: all. Any thread.
 */
void delivery_refresh(struct delivery *d, const char *zone);

/* What the workers hold, for status and "why not yet". Any thread; `fn(arg,
 * rows)` runs in `origin` with an array of lanes that it frees. */
void delivery_inspect(struct delivery *d, struct loop *origin,
    void (*fn)(void *arg, json_t *lanes), void *arg);

#endif
