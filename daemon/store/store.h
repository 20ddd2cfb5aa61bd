/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store thread: the one writer. Jobs that wait together become one
 * transaction and one sync (group commit); a lone job does not wait. A job is
 * answered only after its transaction is on disk, or rolled back.
 */
#ifndef POSTHORN_DAEMON_STORE_STORE_H
#define POSTHORN_DAEMON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "config/config.h"
#include "daemon/net/loop.h"
#include "db/db.h"

struct store;
struct store_job;

/* What a job's run() wants. */
enum store_result {
	STORE_DONE = 0,
	STORE_FAILED, /* undo what I did; job->err says why */
	STORE_AGAIN,  /* I have more for later transactions: call me again */
};

/* Embed it first; the store owns the object from store_give() to `done`. */
struct store_job {
	struct mail mail;    /* the store's */
	struct store *store; /* likewise */
	struct loop *origin;
	/*
	 * In the store thread, inside a transaction. It may be rolled back and
	 * run once more alone: it must not change its own state but by what
	 * committed() does.
	 */
	enum store_result (*run)(struct db *db, struct store_job *job);
	/* In the store thread after the commit; may be null. */
	void (*committed)(struct store_job *job);
	/* In the origin loop, once. */
	void (*done)(struct store_job *job);
	bool is_failed;   /* for done: nothing of the job is stored */
	struct error err; /* then: why */
};

/* For one who keeps counts that go with the transactions: called in the store
 * thread. */
struct store_hooks {
	void *arg;
	/* At the end of a transaction's jobs; -1 rolls it back. */
	int (*before_commit)(void *arg, struct db *db, struct error *out_err);
	void (*after_commit)(void *arg);
	void (*after_rollback)(void *arg);
};

/* Opens the database (making it if need be) and starts the thread. */
struct store *store_new(const struct config *config,
    const struct store_hooks *hooks, struct error *out_err) MUST_CHECK;
/* Finishes what was given, ends the thread, closes the database. What is
 * given after that is never answered: see store_is_stopped(). */
void store_stop(struct store *s);
bool store_is_stopped(const struct store *s);
/* Null is accepted. */
void store_free(struct store *s);
/* Any thread. */
void store_give(struct store *s, struct store_job *job);

/* May mail be taken in: is the store open and is there room on disk? Any
 * thread. */
bool store_has_room(const struct store *s);
/* The last event on disk. Any thread. */
int64_t store_last_event(const struct store *s);
/* Retention and disk bound of a new configuration. Any thread. */
void store_configure(struct store *s, const struct config *config);
/* Figures since the start. Any thread. */
struct store_figures {
	int64_t commits, jobs, failures;
	int64_t wal_pages;
};
void store_get_figures(const struct store *s, struct store_figures *out);

#endif
