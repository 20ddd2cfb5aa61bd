/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A turn of the loop is a group: what arrived while the last group was synced
 * is the next one.
 *
 * If a job of a group fails, the group is rolled back and each of its jobs
 * runs in a transaction of its own, so that only the one fails. If the disk
 * fails, every job of the group fails, the database is closed, and it is
 * opened again by recovery from disk: a sync that failed is never repeated.
 */
#include "daemon/store/store.h"

#include <stdatomic.h>
#include <sys/statvfs.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/event.h"
#include "db/message.h"

#define GROUP_JOBS_MAX 512
/* Pages of 4 KiB: a checkpoint moves some megabytes, in some milliseconds. */
#define CHECKPOINT_PAGES 2000
#define IDLE_MS 1000
#define REOPEN_MS 1000
#define PURGE_ROWS 2000
/* Milliseconds to an id of that time, see base/id.c. */
#define ID_EPOCH_MS INT64_C(1704067200000)
#define ID_COUNTER_BITS 22

struct store {
	char *data_dir;
	struct loop *loop;
	struct thread *thread;
	struct db *db; /* null while the disk fails */
	struct store_hooks hooks;
	struct timer *idle;
	struct mail *head; /* jobs of this turn */
	struct mail **tail;
	bool is_scheduled;
	int64_t reopen_at_ms;
	_Atomic bool has_room;
	_Atomic bool is_stopped;
	_Atomic int64_t last_event;
	_Atomic int64_t disk_free_min;
	_Atomic int64_t keep_events_ms;
	_Atomic int64_t keep_messages_ms;
	_Atomic int64_t commits, jobs, failures, wal_pages;
};

/* Mail to the store's own loop: "run the next group". */
struct turn {
	struct mail mail;
	struct store *store;
};

static void
deliver_done(struct mail *mail)
{
	struct store_job *job = (struct store_job *)mail;

	job->done(job);
}

static void
answer(struct store_job *job)
{
	job->mail.deliver = deliver_done;
	loop_post(job->origin, &job->mail);
}

static void
fail_job(struct store *s, struct store_job *job, const struct error *err)
{
	job->is_failed = true;
	if (err != &job->err)
		job->err = *err;
	(void)atomic_fetch_add(&s->failures, 1);
	answer(job);
}

static void schedule(struct store *s);

static void
add_pending(struct store *s, struct store_job *job)
{
	job->mail.next = NULL;
	*s->tail = &job->mail;
	s->tail = &job->mail.next;
	schedule(s);
}

static void
finish_job(struct store *s, struct store_job *job, enum store_result result)
{
	if (job->committed != NULL)
		job->committed(job);
	if (result == STORE_AGAIN)
		add_pending(s, job);
	else
		answer(job);
}

static void
note_commit(struct store *s, int64_t jobs)
{
	atomic_store(&s->last_event, db_event_last(s->db));
	(void)atomic_fetch_add(&s->commits, 1);
	(void)atomic_fetch_add(&s->jobs, jobs);
}

static void
close_broken(struct store *s, const struct error *why)
{
	log_error(NULL, "store.failed", LOG_TEXT("why", why->text));
	db_close(s->db);
	s->db = NULL;
	atomic_store(&s->has_room, false);
	s->reopen_at_ms = loop_now_ms(s->loop) + REOPEN_MS;
}

/* The end of a transaction of jobs. */
static int
commit(struct store *s, struct error *out_err)
{
	if (s->hooks.before_commit(s->hooks.arg, s->db, out_err) != 0 ||
	    db_commit(s->db, out_err) != 0)
		return -1;
	s->hooks.after_commit(s->hooks.arg);
	return 0;
}

static void
roll_back(struct store *s)
{
	db_rollback(s->db);
	s->hooks.after_rollback(s->hooks.arg);
}

/* One job in a transaction of its own. */
static void
run_alone(struct store *s, struct store_job *job)
{
	struct error err = {0};

	if (s->db == NULL) {
		(void)error_set_kind(&err, ERROR_STORAGE, "the store is down");
		fail_job(s, job, &err);
		return;
	}
	if (db_begin(s->db, &err) != 0) {
		fail_job(s, job, &err);
	} else {
		enum store_result result = job->run(s->db, job);
		if (result == STORE_FAILED) {
			/* Once it is answered the job may be gone. */
			err = job->err;
			roll_back(s);
			fail_job(s, job, &err);
		} else if (commit(s, &err) != 0) {
			roll_back(s);
			fail_job(s, job, &err);
		} else {
			note_commit(s, 1);
			finish_job(s, job, result);
		}
	}
	if (db_is_broken(s->db))
		close_broken(s, &err);
}

/* All jobs in one transaction; false if that was rolled back. */
static bool
run_together(struct store *s, struct store_job **jobs,
    enum store_result *results, size_t count, struct error *out_err)
{
	bool is_good = db_begin(s->db, out_err) == 0;

	for (size_t i = 0; is_good && i < count; i++) {
		results[i] = jobs[i]->run(s->db, jobs[i]);
		is_good = results[i] != STORE_FAILED;
		if (!is_good)
			*out_err = jobs[i]->err;
	}
	if (is_good && commit(s, out_err) == 0)
		return true;
	roll_back(s);
	return false;
}

static size_t
take_group(struct store *s, struct store_job **jobs)
{
	size_t count = 0;

	while (s->head != NULL && count < GROUP_JOBS_MAX) {
		jobs[count++] = (struct store_job *)s->head;
		s->head = s->head->next;
	}
	if (s->head == NULL)
		s->tail = &s->head;
	return count;
}

static void
maybe_checkpoint(struct store *s, int threshold)
{
	struct error err;

	if (s->db == NULL || db_wal_pages(s->db) < threshold)
		return;
	if (db_checkpoint(s->db, &err) != 0) {
		log_error(
		    NULL, "store.checkpoint_failed", LOG_TEXT("why", err.text));
		if (db_is_broken(s->db))
			close_broken(s, &err);
	}
}

static void
run_group(void *arg)
{
	struct store *s = arg;
	struct store_job *jobs[GROUP_JOBS_MAX];
	enum store_result results[GROUP_JOBS_MAX];
	struct error err = {0};

	s->is_scheduled = false;
	size_t count = take_group(s, jobs);
	if (count == 0)
		return;
	if (s->head != NULL)
		schedule(s);
	if (s->db != NULL && count > 1 &&
	    run_together(s, jobs, results, count, &err)) {
		note_commit(s, (int64_t)count);
		for (size_t i = 0; i < count; i++)
			finish_job(s, jobs[i], results[i]);
	} else if (s->db != NULL && count > 1 && db_is_broken(s->db)) {
		for (size_t i = 0; i < count; i++)
			fail_job(s, jobs[i], &err);
		close_broken(s, &err);
	} else {
		for (size_t i = 0; i < count; i++)
			run_alone(s, jobs[i]);
	}
	if (s->db != NULL)
		atomic_store(&s->wal_pages, db_wal_pages(s->db));
	if (s->db != NULL && db_is_broken(s->db))
		close_broken(s, &err);
	maybe_checkpoint(s, CHECKPOINT_PAGES);
}

static void
run_next_turn(struct mail *mail)
{
	struct turn *turn = (struct turn *)mail;
	struct store *s = turn->store;

	mem_free(turn);
	run_group(s);
}

/* The group runs when the mail that has arrived is in it. Further groups
 * leave the loop a turn, so that new jobs and timers come in between. */
static void
schedule(struct store *s)
{
	if (s->is_scheduled)
		return;
	s->is_scheduled = true;
	struct turn *turn = MEM_NEW(struct turn);
	turn->store = s;
	turn->mail.deliver = run_next_turn;
	loop_post(s->loop, &turn->mail);
}

static void
deliver_job(struct mail *mail)
{
	struct store_job *job = (struct store_job *)mail;
	struct store *s = job->store;

	job->mail.next = NULL;
	*s->tail = &job->mail;
	s->tail = &job->mail.next;
	if (!s->is_scheduled) {
		s->is_scheduled = true;
		loop_later(s->loop, run_group, s);
	}
}

static void
check_room(struct store *s)
{
	struct statvfs fs;

	if (s->db == NULL || statvfs(s->data_dir, &fs) != 0)
		return;
	uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	bool has_room =
	    free_bytes >= (uint64_t)atomic_load(&s->disk_free_min) &&
	    (fs.f_files == 0 || fs.f_favail > 16);
	if (has_room != atomic_load(&s->has_room))
		log_warn(NULL, has_room ? "store.has_room" : "store.no_room",
		    LOG_INT("free_bytes", free_bytes));
	atomic_store(&s->has_room, has_room);
}

/* Old history goes in slices, when nothing else is to be done. */
static void
purge(struct store *s)
{
	struct error err;
	int64_t events = 0;
	int64_t messages = 0;
	int64_t now_ms = loop_wall_ms(s->loop);
	int64_t keep_ms = atomic_load(&s->keep_messages_ms);
	int64_t since_ms = now_ms - keep_ms - ID_EPOCH_MS;
	uint64_t before_id =
	    since_ms > 0 ? (uint64_t)since_ms << ID_COUNTER_BITS : 0;

	if (db_begin(s->db, &err) != 0)
		return;
	if (db_event_purge(s->db, now_ms - atomic_load(&s->keep_events_ms),
		PURGE_ROWS, &events, &err) != 0 ||
	    db_message_purge(s->db, before_id, PURGE_ROWS, &messages, &err) !=
		0 ||
	    db_commit(s->db, &err) != 0) {
		db_rollback(s->db);
		log_error(
		    NULL, "store.purge_failed", LOG_TEXT("why", err.text));
		if (db_is_broken(s->db))
			close_broken(s, &err);
	}
	if (events + messages != 0)
		log_debug(NULL, "store.purged", LOG_INT("events", events),
		    LOG_INT("messages", messages));
}

static void
reopen(struct store *s)
{
	struct error err;

	if (loop_now_ms(s->loop) < s->reopen_at_ms)
		return;
	/* Opening drops the pieces of unfinished messages: those end first. */
	run_group(s);
	s->db = db_open(s->data_dir, DB_WRITER, &err);
	if (s->db == NULL) {
		log_error(
		    NULL, "store.reopen_failed", LOG_TEXT("why", err.text));
		s->reopen_at_ms = loop_now_ms(s->loop) + REOPEN_MS;
		return;
	}
	log_warn(NULL, "store.reopened", LOG_TEXT("dir", s->data_dir));
}

static void
on_idle(void *arg)
{
	struct store *s = arg;

	if (s->db == NULL)
		reopen(s);
	if (s->db != NULL) {
		check_room(s);
		purge(s);
		maybe_checkpoint(s, 1);
	}
	timer_start(s->idle, IDLE_MS);
}

void
store_configure(struct store *s, const struct config *config)
{
	atomic_store(&s->disk_free_min, config->limits.disk_free_min);
	atomic_store(&s->keep_events_ms, config->retention.events);
	atomic_store(&s->keep_messages_ms, config->retention.messages);
}

struct store *
store_new(const struct config *config, const struct store_hooks *hooks,
    struct error *out_err)
{
	struct store *s = MEM_NEW(struct store);
	uint64_t highest = 0;

	s->tail = &s->head;
	s->hooks = *hooks;
	s->data_dir = mem_strdup(config->data_dir);
	s->loop = loop_new();
	store_configure(s, config);
	s->db = db_open(s->data_dir, DB_WRITER, out_err);
	if (s->db == NULL || db_highest_id(s->db, &highest, out_err) != 0) {
		store_free(s);
		return NULL;
	}
	id_start_above(highest);
	atomic_store(&s->last_event, db_event_last(s->db));
	atomic_store(&s->has_room, true);
	check_room(s);
	s->idle = timer_new(s->loop, on_idle, s);
	timer_start(s->idle, IDLE_MS);
	s->thread = thread_start("store", s->loop, out_err);
	if (s->thread == NULL) {
		store_free(s);
		return NULL;
	}
	return s;
}

void
store_give(struct store *s, struct store_job *job)
{
	job->store = s;
	job->is_failed = false;
	job->mail.deliver = deliver_job;
	loop_post(s->loop, &job->mail);
}

void
store_stop(struct store *s)
{
	if (s == NULL)
		return;
	if (s->thread != NULL) {
		loop_stop(s->loop);
		thread_join(s->thread);
		s->thread = NULL;
	}
	loop_finish(s->loop);
	db_close(s->db);
	s->db = NULL;
	atomic_store(&s->has_room, false);
	atomic_store(&s->is_stopped, true);
}

bool
store_is_stopped(const struct store *s)
{
	return atomic_load(&s->is_stopped);
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_stop(s);
	timer_free(s->idle);
	loop_free(s->loop);
	mem_free(s->data_dir);
	mem_free(s);
}

bool
store_has_room(const struct store *s)
{
	return atomic_load_explicit(&s->has_room, memory_order_relaxed);
}

int64_t
store_last_event(const struct store *s)
{
	return atomic_load(&s->last_event);
}

void
store_get_figures(const struct store *s, struct store_figures *out)
{
	out->commits = atomic_load(&s->commits);
	out->jobs = atomic_load(&s->jobs);
	out->failures = atomic_load(&s->failures);
	out->wal_pages = atomic_load(&s->wal_pages);
}
