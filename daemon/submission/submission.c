/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workers: starting, swapping setups, draining.
 */
#include "daemon/submission/submission.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/submission/session.h"
#include "daemon/submission/worker.h"

/* Pairs of address and login that are remembered for failed logins. */
#define THROTTLE_ENTRIES 50000

struct sockets {
	size_t listeners, workers;
	int *fds; /* of worker w, listener l: [w * listeners + l]; -1: taken */
};

struct submission {
	struct shared shared;
	size_t worker_count;
	struct worker *workers;
};

/* A message to every worker, counted until all are done with it. */
struct broadcast {
	_Atomic int64_t open;
	struct loop *origin;
	void (*fn)(void *arg);
	void *arg;
	struct mail back;
	struct setup *setup;
	struct sockets *sockets;
};

struct worker_mail {
	struct mail mail;
	struct worker *worker;
	size_t index;
	struct broadcast *broadcast;
};

struct worker_drain {
	struct broadcast *broadcast;
};

struct sockets *
sockets_bind(const struct config *config, struct error *out_err)
{
	struct sockets *s = MEM_NEW(struct sockets);
	size_t count =
	    (size_t)config->submission.workers * config->listener_count;

	s->listeners = config->listener_count;
	s->workers = (size_t)config->submission.workers;
	s->fds = mem_alloc(count * sizeof(*s->fds));
	for (size_t i = 0; i < count; i++)
		s->fds[i] = -1;
	for (size_t i = 0; i < count; i++) {
		const struct config_listener *l =
		    &config->listeners[i % s->listeners];
		struct addr at;
		if (addr_parse(l->address, (uint16_t)l->port, &at) != 0) {
			(void)error_set(
			    out_err, "not an IP address: %s", l->address);
			sockets_free(s);
			return NULL;
		}
		s->fds[i] = listener_bind(&at, out_err);
		if (s->fds[i] < 0) {
			sockets_free(s);
			return NULL;
		}
	}
	return s;
}

void
sockets_free(struct sockets *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->listeners * s->workers; i++)
		if (s->fds[i] >= 0)
			(void)close(s->fds[i]);
	mem_free(s->fds);
	mem_free(s);
}

static void
on_accept(void *arg, int fd, const struct addr *peer)
{
	struct door *door = arg;

	session_start_take(door->worker, fd, peer, door->index);
}

static void
stop_listening(struct worker *w)
{
	/* Who is connected already gets an answer, not a reset. */
	for (size_t i = 0; i < w->listener_count; i++) {
		listener_accept_rest(w->listeners[i]);
		listener_free(w->listeners[i]);
	}
	mem_free(w->listeners);
	mem_free(w->doors);
	w->listeners = NULL;
	w->doors = NULL;
	w->listener_count = 0;
}

static void
start_listening(struct worker *w, struct sockets *sockets, size_t index)
{
	w->listener_count = sockets->listeners;
	w->listeners = mem_alloc(w->listener_count * sizeof(*w->listeners));
	w->doors = mem_alloc(w->listener_count * sizeof(*w->doors));
	for (size_t i = 0; i < w->listener_count; i++) {
		int *fd = &sockets->fds[index * sockets->listeners + i];
		w->doors[i] = (struct door){w, i};
		w->listeners[i] =
		    listener_start_take(w->loop, *fd, on_accept, &w->doors[i]);
		*fd = -1;
	}
}

/* Back in the origin's thread. */
static void
deliver_back(struct mail *mail)
{
	struct broadcast *b = (struct broadcast *)(void *)((char *)mail -
	    offsetof(struct broadcast, back));

	setup_unref(b->setup);
	sockets_free(b->sockets);
	b->fn(b->arg);
	mem_free(b);
}

static void
broadcast_done(struct broadcast *b)
{
	if (atomic_fetch_sub(&b->open, 1) != 1)
		return;
	b->back.deliver = deliver_back;
	loop_post(b->origin, &b->back);
}

static void
broadcast(
    struct submission *s, struct broadcast *b, void (*deliver)(struct mail *))
{
	atomic_init(&b->open, (int64_t)s->worker_count);
	for (size_t i = 0; i < s->worker_count; i++) {
		struct worker_mail *m = MEM_NEW(struct worker_mail);
		m->worker = &s->workers[i];
		m->index = i;
		m->broadcast = b;
		m->mail.deliver = deliver;
		loop_post(s->workers[i].loop, &m->mail);
	}
}

static void
deliver_setup(struct mail *mail)
{
	struct worker_mail *m = (struct worker_mail *)mail;
	struct worker *w = m->worker;
	struct broadcast *b = m->broadcast;

	setup_unref(w->setup);
	w->setup = setup_ref(b->setup);
	if (b->sockets != NULL && !w->is_draining) {
		stop_listening(w);
		start_listening(w, b->sockets, m->index);
	}
	mem_free(m);
	broadcast_done(b);
}

void
submission_configure(struct submission *s, struct setup *setup,
    struct sockets *sockets, struct loop *origin, void (*fn)(void *arg),
    void *arg)
{
	struct broadcast *b = MEM_NEW(struct broadcast);

	b->origin = origin;
	b->fn = fn;
	b->arg = arg;
	b->setup = setup_ref(setup);
	b->sockets = sockets;
	broadcast(s, b, deliver_setup);
}

/* News of a failed login from another worker. */
struct failed_login {
	struct mail mail;
	struct worker *worker;
	struct throttle_key key;
};

struct throttle_rule
worker_throttle_rule(const struct worker *w)
{
	const struct config *c = w->setup->config;

	return (struct throttle_rule){
	    .failures_max = c->submission.auth_failures_max,
	    .lock_ms = c->submission.auth_lock,
	    .delay_ms = c->submission.auth_delay,
	};
}

static void
note_failed_login(struct worker *w, const struct throttle_key *key)
{
	struct throttle_rule rule = worker_throttle_rule(w);

	throttle_failed(w->throttle, key, &rule, clock_mono_ms());
}

static void
deliver_failed_login(struct mail *mail)
{
	struct failed_login *f = (struct failed_login *)mail;

	note_failed_login(f->worker, &f->key);
	mem_free(f);
}

void
worker_login_failed(struct worker *w, const struct throttle_key *key)
{
	struct shared *shared = w->shared;

	note_failed_login(w, key);
	for (size_t i = 0; i < shared->worker_count; i++) {
		if (&shared->workers[i] == w)
			continue;
		struct failed_login *f = MEM_NEW(struct failed_login);
		f->mail.deliver = deliver_failed_login;
		f->worker = &shared->workers[i];
		f->key = *key;
		loop_post(f->worker->loop, &f->mail);
	}
}

static void
finish_drain(struct worker *w)
{
	struct worker_drain *drain = w->drain;

	if (drain == NULL)
		return;
	w->drain = NULL;
	timer_free(w->drain_timer);
	w->drain_timer = NULL;
	broadcast_done(drain->broadcast);
	mem_free(drain);
}

void
worker_session_gone(struct worker *w)
{
	if (TAILQ_EMPTY(&w->sessions))
		finish_drain(w);
}

static void
on_drain_over(void *arg)
{
	struct worker *w = arg;
	struct session *s;

	while ((s = TAILQ_FIRST(&w->sessions)) != NULL)
		session_abort(s);
	finish_drain(w);
}

static void
deliver_drain(struct mail *mail)
{
	struct worker_mail *m = (struct worker_mail *)mail;
	struct worker *w = m->worker;

	w->is_draining = true;
	stop_listening(w);
	w->drain = MEM_NEW(struct worker_drain);
	w->drain->broadcast = m->broadcast;
	w->drain_timer = timer_new(w->loop, on_drain_over, w);
	timer_start(w->drain_timer, w->setup->config->limits.drain_timeout);
	mem_free(m);
	sessions_drain(w);
	worker_session_gone(w);
}

void
submission_drain(
    struct submission *s, struct loop *origin, void (*fn)(void *arg), void *arg)
{
	struct broadcast *b = MEM_NEW(struct broadcast);

	b->origin = origin;
	b->fn = fn;
	b->arg = arg;
	broadcast(s, b, deliver_drain);
}

static int
prepare_worker(struct worker *w, struct submission *s, struct setup *setup,
    struct error *out_err)
{
	w->shared = &s->shared;
	TAILQ_INIT(&w->sessions);
	w->setup = setup_ref(setup);
	w->loop = loop_new();
	w->auth_cache = auth_cache_new();
	w->throttle = throttle_new(THROTTLE_ENTRIES);
	w->limited = limited_new();
	w->notes = notes_new(w->loop, s->shared.store);
	w->reader = db_open(setup->config->data_dir, DB_READER, out_err);
	return w->reader != NULL ? 0 : -1;
}

struct submission *
submission_new_take(const struct submission_parts *parts, struct setup *setup,
    struct sockets *sockets, struct error *out_err)
{
	struct submission *s = MEM_NEW(struct submission);
	int rc = 0;

	s->shared.store = parts->store;
	s->shared.pool = parts->pool;
	s->shared.auth_pool = parts->auth_pool;
	s->shared.delivery = parts->delivery;
	s->shared.gate = parts->gate;
	s->workers = mem_alloc(sockets->workers * sizeof(*s->workers));
	for (size_t i = 0; rc == 0 && i < sockets->workers; i++) {
		s->worker_count++;
		rc = prepare_worker(&s->workers[i], s, setup, out_err);
	}
	if (rc == 0)
		rc = db_secret(s->workers[0].reader, "decoy_key",
		    s->shared.decoy_key, sizeof(s->shared.decoy_key), out_err);
	/* They tell each other things: all are there before one runs. */
	s->shared.workers = s->workers;
	s->shared.worker_count = s->worker_count;
	for (size_t i = 0; rc == 0 && i < s->worker_count; i++) {
		struct worker *w = &s->workers[i];
		start_listening(w, sockets, i);
		w->thread = thread_start("submission", w->loop, out_err);
		rc = w->thread != NULL ? 0 : -1;
	}
	sockets_free(sockets);
	if (rc == 0)
		return s;
	submission_free(s);
	return NULL;
}

void
submission_stop(struct submission *s)
{
	for (size_t i = 0; s != NULL && i < s->worker_count; i++) {
		struct worker *w = &s->workers[i];
		if (w->thread != NULL) {
			loop_stop(w->loop);
			thread_join(w->thread);
			w->thread = NULL;
		}
		db_close(w->reader);
		w->reader = NULL;
	}
}

void
submission_free(struct submission *s)
{
	struct session *session;

	if (s == NULL)
		return;
	submission_stop(s);
	for (size_t i = 0; i < s->worker_count; i++) {
		struct worker *w = &s->workers[i];
		stop_listening(w);
		while ((session = TAILQ_FIRST(&w->sessions)) != NULL)
			session_abort(session);
		loop_finish(w->loop);
	}
	for (size_t i = 0; i < s->worker_count; i++) {
		struct worker *w = &s->workers[i];
		auth_cache_free(w->auth_cache);
		throttle_free(w->throttle);
		limited_free(w->limited);
		notes_free(w->notes);
		loop_free(w->loop);
		setup_unref(w->setup);
	}
	mem_free(s->workers);
	mem_free(s);
}

void
submission_get_figures(
    const struct submission *s, struct submission_figures *out)
{
	out->sessions = atomic_load(&s->shared.sessions);
	out->accepted = atomic_load(&s->shared.accepted);
	out->refused = atomic_load(&s->shared.refused);
	out->message_bytes = atomic_load(&s->shared.message_bytes);
}
