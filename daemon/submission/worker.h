/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the sessions of one submission thread share. For submission/ only.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_WORKER_H
#define POSTHORN_DAEMON_SUBMISSION_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "access/throttle.h"
#include "daemon/net/listener.h"
#include "daemon/submission/auth.h"
#include "daemon/submission/limited.h"
#include "daemon/submission/notes.h"
#include "daemon/submission/submission.h"

#define IP_BUCKETS 65536

struct session;
TAILQ_HEAD(session_list, session);

/* Counters of all workers. */
struct shared {
	_Atomic int64_t sessions;
	_Atomic int64_t message_bytes;
	_Atomic int64_t accepted, refused;
	_Atomic uint32_t by_ip[IP_BUCKETS]; /* sessions, by hash of the IP */
	struct store *store;
	struct pool *pool;
	struct pool *auth_pool;
	uint8_t decoy_key[32];  /* of the installation */
	struct worker *workers; /* all */
	size_t worker_count;
	struct delivery *delivery;
	struct gate *gate;
};

struct worker {
	struct shared *shared;
	struct loop *loop;
	struct thread *thread;
	struct setup *setup;
	struct db *reader;
	struct auth_cache *auth_cache;
	struct throttle *throttle; /* failed logins at any worker */
	struct limited *limited;   /* who is at a limit */
	struct notes *notes;
	struct listener **listeners;
	struct door *doors; /* one a listener */
	size_t listener_count;
	struct session_list sessions;
	bool is_draining;
	struct worker_drain *drain; /* whom to tell when all is done */
	struct timer *drain_timer;
};

/* What a listener's callback needs; the index counts in config. */
struct door {
	struct worker *worker;
	size_t index;
};

/* What failed logins lead to, by the configuration in force. */
struct throttle_rule worker_throttle_rule(const struct worker *w);
/* A login failed here: all workers are to know. */
void worker_login_failed(struct worker *w, const struct throttle_key *key);
/* A session has gone; ends a drain when it was the last. */
void worker_session_gone(struct worker *w);

#endif
