/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole server session: the input is what a client sends, over a socket.
 * The loop, the connection, the session, scoring and the readers of the store
 * are the real ones; the store, the pools and delivery are faked here, so that
 * everything happens in one thread and nothing is written.
 */
#include "tests/fuzz/fuzz.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access/secret.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/submission/session_internal.h"

#define TURNS_MAX 200000

static struct shared shared;
static struct worker worker;

/* --- fakes -------------------------------------------------------------- */

struct put_off {
	void (*fn)(void *job);
	void *job;
};

static void
run_put_off(void *arg)
{
	struct put_off *p = arg;

	p->fn(p->job);
	mem_free(p);
}

static void
put_off(void (*fn)(void *job), void *job)
{
	struct put_off *p = MEM_NEW(struct put_off);

	p->fn = fn;
	p->job = job;
	loop_later(worker.loop, run_put_off, p);
}

static void
finish_store_job(void *arg)
{
	struct store_job *job = arg;

	job->is_failed = false;
	job->done(job);
}

void
store_give(struct store *s UNUSED, struct store_job *job)
{
	put_off(finish_store_job, job);
}

bool
store_has_room(const struct store *s UNUSED)
{
	return true;
}

bool
store_is_stopped(const struct store *s UNUSED)
{
	return false;
}

static void
run_pool_job(void *arg)
{
	struct pool_job *job = arg;
	bool is_answered = job->origin != NULL;

	job->run(job);
	if (is_answered)
		job->done(job);
}

void
pool_give(struct pool *pool UNUSED, struct pool_job *job)
{
	put_off(run_pool_job, job);
}

bool
pool_offer(
    struct pool *pool UNUSED, struct pool_job *job, size_t waiting_max UNUSED)
{
	put_off(run_pool_job, job);
	return true;
}

void
delivery_hand_over(struct delivery *d UNUSED, struct outgoing *o,
    struct body *body UNUSED, const struct delivery_recipient *r UNUSED,
    size_t count UNUSED)
{
	outgoing_unref(o);
}

/* --- the set-up, once ---------------------------------------------------- */

static void
add_rows(const char *dir)
{
	struct error err;
	struct secret_verifier v;
	char text[SECRET_TEXT_BYTES];
	struct db *db = db_open(dir, DB_WRITER, &err);

	assert(db != NULL);
	int rc = secret_make(SLICE("secret"), 1, &v);
	assert(rc == 0);
	secret_print(&v, text);
	struct db_credential c = {
	    .login = SLICE("login"),
	    .account = SLICE("acme"),
	    .secret = {.kind = SECRET_SCRAM, .verifier = slice_of(text)},
	};
	rc = db_begin(db, &err);
	rc |= db_account_insert(db, SLICE("acme"), 1, &err);
	rc |= db_credential_insert(db, &c, &err);
	rc |= db_commit(db, &err);
	assert(rc == 0);
	db_close(db);
}

static void
set_up(void)
{
	static char dir[] = "/tmp/posthorn-fuzz-XXXXXX";
	char path[100];
	struct error err;

	log_configure(LOG_ERROR, LOG_FORMAT_TEXT);
	const char *made = mkdtemp(dir);
	assert(made != NULL);
	add_rows(dir);
	(void)snprintf(path, sizeof(path), "%s/c", dir);
	FILE *f = fopen(path, "w");
	assert(f != NULL);
	(void)fprintf(f,
	    "{ \"hostname\": \"relay.test\", \"data_dir\": \"%s\",\n"
	    "\"run_dir\": \"%s\", \"zones\": { \"main\": {} },\n"
	    "\"default_zone\": \"main\", \"listeners\": [\n"
	    " { \"port\": 25, \"tls\": \"none\", \"relay_from\": [\n"
	    "   { \"cidr\": \"10.0.0.1\", \"account\": \"acme\" } ] } ],\n"
	    "\"submission\": { \"auth_delay\": \"0s\", \"errors_max\": 1000,\n"
	    " \"auth_failures_max\": 1000, \"message_memory_max\": \"16k\",\n"
	    " \"header_size_max\": \"4k\", \"message_size_max\": \"64k\" } }\n",
	    dir, dir);
	(void)fclose(f);
	struct config *config = config_load(path, &err);
	assert(config != NULL);
	worker.reader = db_open(dir, DB_READER, &err);
	assert(worker.reader != NULL);
	worker.setup = setup_new_take(config, worker.reader, &err);
	assert(worker.setup != NULL);
	worker.loop = loop_new();
	worker.shared = &shared;
	worker.auth_cache = auth_cache_new();
	worker.throttle = throttle_new(1000);
	worker.limited = limited_new();
	worker.notes = notes_new(worker.loop, NULL);
	TAILQ_INIT(&worker.sessions);
	shared.gate = gate_new();
	shared.workers = &worker;
	shared.worker_count = 1;
}

/* --- a session ----------------------------------------------------------- */

/* Is anything of the last input still under way? */
static bool
is_busy(void)
{
	return !TAILQ_EMPTY(&worker.sessions) ||
	    atomic_load(&shared.message_bytes) != 0;
}

/* Turns until all is over, reading what the session says. */
static void
run_to_the_end(int peer_fd)
{
	char scratch[65536];

	for (int turns = 0; is_busy(); turns++) {
		/* It must come to its end. */
		assert(turns < TURNS_MAX);
		loop_turn(worker.loop);
		while (
		    recv(peer_fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0)
			;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;
	struct addr peer;
	int fds[2];

	if (!is_ready)
		set_up();
	is_ready = true;
	if (size < 1 || size > 100000)
		return 0;
	/* The first octet: known by the address, or over TLS to log in. */
	bool is_known = (data[0] & 1) != 0;
	int rc = addr_parse(is_known ? "10.0.0.1" : "10.0.0.2", 1, &peer);
	assert(rc == 0);
	rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	assert(rc == 0);
	(void)send(fds[1], data + 1, size - 1, MSG_NOSIGNAL);
	(void)shutdown(fds[1], SHUT_WR);
	session_start_take(&worker, fds[0], &peer, 0);
	struct session *s = TAILQ_FIRST(&worker.sessions);
	if (s != NULL)
		s->is_secured = !is_known;
	run_to_the_end(fds[1]);
	(void)close(fds[1]);
	assert(atomic_load(&shared.sessions) == 0);
	return 0;
}
