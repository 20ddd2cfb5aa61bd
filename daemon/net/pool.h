/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads for work that would stall a loop: scoring, slow password hashes.
 * A job runs in one of them and comes back to the loop that gave it.
 */
#ifndef POSTHORN_DAEMON_NET_POOL_H
#define POSTHORN_DAEMON_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "daemon/net/loop.h"

struct pool;

/* Embed it; the pool owns the object from pool_give() until `done` runs. */
struct pool_job {
	struct mail mail;    /* the pool's */
	struct loop *origin; /* null: run() passes the object on itself */
	void (*run)(struct pool_job *job);  /* in a pool thread */
	void (*done)(struct pool_job *job); /* in the origin loop, if any */
};

struct pool *pool_new(
    const char *name, int threads, struct error *out_err) MUST_CHECK;
/* Any thread. */
void pool_give(struct pool *pool, struct pool_job *job);
/* The same unless `waiting_max` jobs wait already; then false. */
bool pool_offer(
    struct pool *pool, struct pool_job *job, size_t waiting_max) MUST_CHECK;
/* Finishes all jobs, ends the threads. */
void pool_free(struct pool *pool);

#endif
