/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Submission: threads that serve SMTP sessions on the configured listeners.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_SUBMISSION_H
#define POSTHORN_DAEMON_SUBMISSION_SUBMISSION_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "daemon/delivery/delivery.h"
#include "daemon/gate/gate.h"
#include "daemon/net/pool.h"
#include "daemon/setup.h"
#include "daemon/store/store.h"

struct submission;

/* Listening sockets for every listener and worker, bound before root is given
 * up. */
struct sockets;
struct sockets *sockets_bind(
    const struct config *config, struct error *out_err) MUST_CHECK;
void sockets_free(struct sockets *s);

/* What submission works with. */
struct submission_parts {
	struct store *store;
	struct pool *pool;      /* scores */
	struct pool *auth_pool; /* checks secrets */
	struct delivery *delivery;
	struct gate *gate;
};

/* Starts the workers; takes the sockets over. */
struct submission *submission_new_take(const struct submission_parts *parts,
    struct setup *setup, struct sockets *sockets,
    struct error *out_err) MUST_CHECK;
/* A new setup and, if `sockets` is not null (taken), new listeners. Sessions
 * that are open go on. Any thread; `fn(arg)` runs in `origin` when all
 * workers have it. */
void submission_configure(struct submission *s, struct setup *setup,
    struct sockets *sockets, struct loop *origin, void (*fn)(void *arg),
    void *arg);
/* Stops to listen, ends idle sessions with 421 and the others after their
 * message; `fn(arg)` runs in `origin` when none is left, or when
 * limits.drain_timeout is over. */
void submission_drain(struct submission *s, struct loop *origin,
    void (*fn)(void *arg), void *arg);
/* After submission_drain() has called back: ends the threads. */
void submission_stop(struct submission *s);
/* After the store has ended too; null is accepted. */
void submission_free(struct submission *s);

struct submission_figures {
	int64_t sessions;          /* open now */
	int64_t accepted, refused; /* messages since the start */
	int64_t message_bytes;     /* in memory now */
};
void submission_get_figures(
    const struct submission *s, struct submission_figures *out);

#endif
