/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One job at a time in the store thread: it writes what is due and says when
 * to come again.
 */
#include "daemon/expiry.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "db/account.h"
#include "db/event.h"
#include "db/lists.h"

#define LOOK_MS 60000 /* at least so often: secrets are made meanwhile */
#define AGAIN_MS 1000
#define ROWS_MAX 100

struct news {
	char login[300], account[300];
	int64_t seq, expires_ms;
	bool is_over;
};

struct expiry {
	struct store_job job; /* first */
	struct loop *loop;
	struct store *store;
	struct timer *timer;
	/* Of the run under way. */
	struct news *rows;
	size_t count;
	int64_t next_ms; /* wall; 0: nothing is due ever */
};

static void
on_news(const struct db_secret_news *row, void *arg)
{
	struct expiry *e = arg;
	struct news *n = &e->rows[e->count++];

	(void)snprintf(
	    n->login, sizeof(n->login), "%.*s", SLICE_ARGS(row->login));
	(void)snprintf(
	    n->account, sizeof(n->account), "%.*s", SLICE_ARGS(row->account));
	n->seq = row->seq;
	n->expires_ms = row->expires_ms;
	n->is_over = row->is_over;
}

static int
tell(struct db *db, const struct news *n, int64_t now_ms, struct error *err)
{
	char date[TIME_RFC3339_BYTES];

	time_to_rfc3339(n->expires_ms, date);
	struct db_event event = {
	    .time_ms = now_ms,
	    .event = n->is_over ? SLICE("credential.expired")
				: SLICE("credential.expiring"),
	    .account = slice_of(n->account),
	    .credential = slice_of(n->login),
	    .text = slice_of(date),
	};
	if (db_event_insert(db, &event, err) != 0)
		return -1;
	return db_secret_set_told(
	    db, slice_of(n->login), n->seq, n->is_over ? 2 : 1, err);
}

/* In the store thread. */
static enum store_result
run(struct db *db, struct store_job *job)
{
	struct expiry *e = (struct expiry *)job;
	int64_t now_ms = clock_wall_ms();

	e->count = 0;
	if (db_secret_news(db, now_ms, ROWS_MAX, on_news, e, &job->err) != 0)
		return STORE_FAILED;
	for (size_t i = 0; i < e->count; i++)
		if (tell(db, &e->rows[i], now_ms, &job->err) != 0)
			return STORE_FAILED;
	if (db_suppression_purge(db, now_ms, &job->err) != 0)
		return STORE_FAILED;
	return db_secret_next_news(db, &e->next_ms, &job->err) == 0
	    ? STORE_DONE
	    : STORE_FAILED;
}

/* In the main thread. */
static void
done(struct store_job *job)
{
	struct expiry *e = (struct expiry *)job;
	int64_t wait_ms = LOOK_MS;
	int64_t due_ms = e->next_ms - clock_wall_ms();

	if (job->is_failed || e->count == ROWS_MAX)
		wait_ms = AGAIN_MS;
	else if (e->next_ms != 0 && due_ms < wait_ms)
		wait_ms = due_ms > AGAIN_MS ? due_ms : AGAIN_MS;
	timer_start(e->timer, wait_ms);
}

static void
look(void *arg)
{
	struct expiry *e = arg;

	e->job =
	    (struct store_job){.origin = e->loop, .run = run, .done = done};
	store_give(e->store, &e->job);
}

struct expiry *
expiry_new(struct loop *loop, struct store *store)
{
	struct expiry *e = MEM_NEW(struct expiry);

	e->loop = loop;
	e->store = store;
	e->rows = mem_alloc(ROWS_MAX * sizeof(*e->rows));
	e->timer = timer_new(loop, look, e);
	timer_start(e->timer, AGAIN_MS);
	return e;
}

void
expiry_free(struct expiry *e)
{
	if (e == NULL)
		return;
	timer_free(e->timer);
	mem_free(e->rows);
	mem_free(e);
}
