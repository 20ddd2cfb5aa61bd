/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two lists: one grows while the other is stored.
 */
#include "daemon/submission/notes.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/event.h"
#include "db/lists.h"

#define GATHER_MS 100
#define NOTES_MAX 2000 /* in one list; more are only logged */

struct batch {
	struct arena arena;
	struct note *notes;
	int64_t *times;
	size_t count;
};

struct notes {
	struct store_job job; /* first */
	struct loop *loop;
	struct store *store;
	struct timer *timer;
	struct batch growing, stored;
	bool is_storing;
	int64_t lost;
};

static void
forget(struct batch *b)
{
	arena_free(&b->arena);
	mem_free(b->notes);
	mem_free(b->times);
	*b = (struct batch){0};
}

static int
store_note(
    struct db *db, const struct note *n, int64_t time_ms, struct error *err)
{
	struct db_event e = {
	    .time_ms = time_ms,
	    .event = slice_of(n->event),
	    .account = n->account,
	    .credential = n->credential,
	    .sender = n->sender,
	    .recipient = n->recipient,
	    .text = n->text,
	    .code = n->code,
	    .enhanced = slice_of(n->enhanced),
	};

	if (n->rule != 0 && db_rule_hit(db, n->rule, 1, time_ms, err) != 0)
		return -1;
	return n->event != NULL ? db_event_insert(db, &e, err) : 0;
}

/* In the store thread. */
static enum store_result
run(struct db *db, struct store_job *job)
{
	struct notes *n = (struct notes *)job;

	for (size_t i = 0; i < n->stored.count; i++)
		if (store_note(db, &n->stored.notes[i], n->stored.times[i],
			&job->err) != 0)
			return STORE_FAILED;
	return STORE_DONE;
}

static void
done(struct store_job *job)
{
	struct notes *n = (struct notes *)job;

	if (job->is_failed)
		log_error(NULL, "notes.not_stored",
		    LOG_INT("count", n->stored.count),
		    LOG_TEXT("why", job->err.text));
	forget(&n->stored);
	n->is_storing = false;
	if (n->growing.count != 0)
		timer_start(n->timer, GATHER_MS);
}

static void
store_batch(void *arg)
{
	struct notes *n = arg;

	if (n->is_storing || store_is_stopped(n->store))
		return;
	n->stored = n->growing;
	n->growing = (struct batch){0};
	n->is_storing = true;
	if (n->lost != 0)
		log_warn(NULL, "notes.lost", LOG_INT("count", n->lost));
	n->lost = 0;
	n->job =
	    (struct store_job){.origin = n->loop, .run = run, .done = done};
	store_give(n->store, &n->job);
}

struct notes *
notes_new(struct loop *loop, struct store *store)
{
	struct notes *n = MEM_NEW(struct notes);

	n->loop = loop;
	n->store = store;
	n->timer = timer_new(loop, store_batch, n);
	return n;
}

void
notes_add(struct notes *n, const struct note *note)
{
	struct batch *b = &n->growing;

	if (b->count == NOTES_MAX) {
		n->lost++;
		return;
	}
	if (b->notes == NULL) {
		b->notes = mem_alloc(NOTES_MAX * sizeof(*b->notes));
		b->times = mem_alloc(NOTES_MAX * sizeof(*b->times));
	}
	struct note *copy = &b->notes[b->count];
	*copy = *note;
	copy->account = arena_slice(&b->arena, note->account);
	copy->credential = arena_slice(&b->arena, note->credential);
	copy->sender = arena_slice(&b->arena, note->sender);
	copy->recipient = arena_slice(&b->arena, note->recipient);
	copy->text = arena_slice(&b->arena, note->text);
	b->times[b->count++] = clock_wall_ms();
	if (!n->is_storing && !timer_is_armed(n->timer))
		timer_start(n->timer, GATHER_MS);
}

void
notes_free(struct notes *n)
{
	if (n == NULL)
		return;
	timer_free(n->timer);
	forget(&n->growing);
	forget(&n->stored);
	mem_free(n);
}
