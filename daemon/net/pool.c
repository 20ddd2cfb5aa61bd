/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue under a mutex: jobs here take a hundred microseconds and more, so
 * the lock is not what counts.
 */
#include "daemon/net/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

#define THREADS_MAX 64

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	struct mail *head;
	struct mail **tail;
	bool is_ending;
	size_t waiting;
	int thread_count;
	struct thread *threads[THREADS_MAX];
};

static void
deliver_done(struct mail *mail)
{
	struct pool_job *job = (struct pool_job *)mail;

	job->done(job);
}

static struct pool_job *
take_job(struct pool *pool)
{
	struct pool_job *job = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->head == NULL && !pool->is_ending)
		(void)pthread_cond_wait(&pool->has_work, &pool->lock);
	if (pool->head != NULL) {
		job = (struct pool_job *)pool->head;
		pool->head = pool->head->next;
		pool->waiting--;
		if (pool->head == NULL)
			pool->tail = &pool->head;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return job;
}

static void
work(void *arg)
{
	struct pool *pool = arg;
	struct pool_job *job;

	while ((job = take_job(pool)) != NULL) {
		/* After run() a job without an origin may be gone. */
		struct loop *origin = job->origin;
		job->run(job);
		if (origin == NULL)
			continue;
		job->mail.deliver = deliver_done;
		loop_post(origin, &job->mail);
	}
}

struct pool *
pool_new(const char *name, int threads, struct error *out_err)
{
	struct pool *pool = MEM_NEW(struct pool);

	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->has_work, NULL);
	pool->tail = &pool->head;
	for (int i = 0; i < threads && i < THREADS_MAX; i++) {
		struct thread *t = thread_start_fn(name, work, pool, out_err);
		if (t == NULL) {
			pool_free(pool);
			return NULL;
		}
		pool->threads[pool->thread_count++] = t;
	}
	return pool;
}

bool
pool_offer(struct pool *pool, struct pool_job *job, size_t waiting_max)
{
	bool has_room;

	job->mail.next = NULL;
	(void)pthread_mutex_lock(&pool->lock);
	has_room = pool->waiting < waiting_max;
	if (has_room) {
		pool->waiting++;
		*pool->tail = &job->mail;
		pool->tail = &job->mail.next;
		(void)pthread_cond_signal(&pool->has_work);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return has_room;
}

void
pool_give(struct pool *pool, struct pool_job *job)
{
	bool is_taken = pool_offer(pool, job, SIZE_MAX);

	assert(is_taken);
	(void)is_taken;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->is_ending = true;
	(void)pthread_cond_broadcast(&pool->has_work);
	(void)pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->thread_count; i++)
		thread_join(pool->threads[i]);
	(void)pthread_cond_destroy(&pool->has_work);
	(void)pthread_mutex_destroy(&pool->lock);
	mem_free(pool);
}
