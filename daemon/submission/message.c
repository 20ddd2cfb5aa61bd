/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a message from its final dot to its 250:
 *
 *	session thread   message_submit()
 *	pool thread      score, decide, choose zones and sources
 *	store thread     one transaction (large bodies: pieces first), then the
 *	                 hand-off to delivery
 *	session thread   done(): the reply
 *
 * If the session ends meanwhile the message goes on: the client has sent its
 * final dot and may have been about to be told 250.
 */
#include "daemon/submission/message.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "daemon/delivery/delivery.h"
#include "db/event.h"
#include "db/message.h"
#include "scoring/score.h"

#define CHUNK_BYTES (256 << 10)
/* Pieces of a large body in one transaction, so that it stalls no other. */
#define CHUNKS_A_RUN 4
#define SYMBOLS_BYTES_MAX 32768

static void
count_memory(struct message *m, int64_t bytes)
{
	(void)atomic_fetch_add(&m->shared->message_bytes, bytes - m->counted);
	m->counted = bytes;
}

bool
message_has_memory(const struct worker *w)
{
	return atomic_load(&w->shared->message_bytes) + MESSAGE_RESERVE <=
	    w->setup->config->submission.memory_max;
}

struct message *
message_new(struct worker *w)
{
	struct message *m = MEM_NEW(struct message);
	const struct config *config = w->setup->config;

	m->shared = w->shared;
	m->setup = setup_ref(w->setup);
	m->spill_fd = -1;
	m->head = buf_make((size_t)config->submission.message_memory_max);
	m->symbols = buf_make(SYMBOLS_BYTES_MAX);
	m->received_ms = clock_wall_ms();
	m->id = id_next(m->received_ms);
	count_memory(m, MESSAGE_RESERVE);
	return m;
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	(void)atomic_fetch_sub(&m->shared->message_bytes, m->counted);
	if (m->spill_fd >= 0)
		(void)close(m->spill_fd);
	setup_unref(m->setup);
	body_unref(m->body);
	buf_free(&m->head);
	buf_free(&m->header);
	buf_free(&m->symbols);
	mem_free(m->recipients);
	arena_free(&m->arena);
	mem_free(m);
}

void
message_add_recipient(struct message *m, const struct smtp_address *a,
    const struct smtp_rcpt_params *params)
{
	if (m->recipient_count == m->recipient_room) {
		m->recipient_room =
		    m->recipient_room != 0 ? m->recipient_room * 2 : 4;
		m->recipients = mem_realloc(
		    m->recipients, m->recipient_room * sizeof(*m->recipients));
	}
	m->recipients[m->recipient_count++] = (struct message_recipient){
	    .address = a->text,
	    .domain = a->domain,
	    .notify = params->notify,
	    .orcpt = arena_slice(&m->arena, params->orcpt),
	};
}

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.len != 0) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);
		if (put <= 0)
			return -1;
		bytes = slice_sub(bytes, (size_t)put, SIZE_MAX);
	}
	return 0;
}

/* All goes to a nameless file; the first part stays for the header. */
static int
start_spill(struct message *m)
{
	m->spill_fd = open(
	    m->setup->config->data_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (m->spill_fd < 0)
		return -1;
	return write_all(m->spill_fd, buf_slice(&m->head));
}

int
message_append(struct message *m, struct slice piece)
{
	m->size += (int64_t)piece.len;
	m->is_8bit = m->is_8bit || !utf8_is_ascii(piece);
	if (m->spill_fd < 0) {
		/* Beyond its reserve it grows while there is memory. */
		bool may_grow = m->head.len + piece.len <= MESSAGE_RESERVE ||
		    atomic_load(&m->shared->message_bytes) <
			m->setup->config->submission.memory_max;
		if (may_grow && buf_append_slice(&m->head, piece) == 0) {
			if ((int64_t)m->head.room > m->counted)
				count_memory(m, (int64_t)m->head.room);
			return 0;
		}
		m->is_cut_short = !may_grow;
		if (start_spill(m) != 0)
			return -1;
	}
	return write_all(m->spill_fd, piece);
}

/* The whole message as the client sent it; unmap_message() after. Null when
 * there is no memory for it. */
static struct slice
map_message(struct message *m)
{
	if (m->spill_fd < 0)
		return buf_slice(&m->head);
	void *at =
	    mmap(NULL, (size_t)m->size, PROT_READ, MAP_PRIVATE, m->spill_fd, 0);
	return at != MAP_FAILED ? slice_make(at, (size_t)m->size)
				: (struct slice){0};
}

static void
unmap_message(struct message *m, struct slice all)
{
	if (m->spill_fd >= 0 && all.len != 0)
		(void)munmap((void *)(uintptr_t)all.ptr, all.len);
}

static void
choose_zones(struct message *m, const struct policy *policy)
{
	struct route_facts facts = {
	    .account = m->account,
	    .credential = m->credential,
	    .sender_domain = smtp_address_domain(m->sender),
	    .header = slice_sub(buf_slice(&m->head), 0, m->header_len),
	    .score = m->verdict.score,
	    .wished = m->wished_zone,
	};
	struct route_choice choice;

	for (size_t i = 0; i < m->recipient_count; i++) {
		struct message_recipient *r = &m->recipients[i];
		facts.recipient_domain = r->domain;
		route_choose(m->setup->config, policy, &m->setup->state, &facts,
		    &choice);
		r->zone = choice.zone;
		r->source = route_source(choice.zone, &m->setup->state, m->id);
		/* Mostly all recipients have one reason. */
		r->reason = i != 0 &&
			strcmp(m->recipients[i - 1].reason, choice.reason) == 0
		    ? m->recipients[i - 1].reason
		    : arena_dup(&m->arena, slice_of(choice.reason));
	}
}

/* What the store keeps: our header and the client's body, in one piece. */
static void
make_body(struct message *m)
{
	struct slice rest =
	    slice_sub(buf_slice(&m->head), m->header_len, SIZE_MAX);

	m->stored_size =
	    m->size - (int64_t)m->header_len + (int64_t)m->header.len;
	if (m->spill_fd >= 0) {
		/* The header, then the file from the body on. */
		int64_t body_len = m->size - (int64_t)m->header_len;
		m->spill_offset = (int64_t)m->header_len;
		m->chunks = 1 + (body_len + CHUNK_BYTES - 1) / CHUNK_BYTES;
		return;
	}
	m->body = body_new(m->header.len + rest.len);
	memcpy(m->body->bytes, m->header.ptr, m->header.len);
	if (rest.len != 0)
		memcpy(m->body->bytes + m->header.len, rest.ptr, rest.len);
	buf_free(&m->head);
}

static void
decide(struct message *m, const struct policy *policy)
{
	double score = m->verdict.score;

	/* An operator's rule weighs more than the score. */
	if (m->is_allowed_sender ||
	    m->allowed_recipients == m->recipient_count) {
		m->outcome = MESSAGE_ACCEPTED;
	} else if (score >= policy->reject) {
		m->outcome = MESSAGE_REFUSED;
		m->threshold = policy->reject;
	} else if (policy->has_hold && score >= policy->hold) {
		m->outcome = MESSAGE_HELD;
		m->threshold = policy->hold;
	} else {
		m->outcome = MESSAGE_ACCEPTED;
	}
}

/* In a pool thread. */
static void
score(struct pool_job *job)
{
	struct message *m = (struct message *)job;
	const struct policy *policy =
	    policy_for(m->setup->policies, m->account);
	struct score_facts facts = {.sender = m->sender};
	struct slice all = map_message(m);

	if (all.ptr == NULL &&
	    m->setup->config->scoring.on_failure == ON_FAILURE_TEMPFAIL) {
		m->outcome = MESSAGE_NOT_SCORED;
		store_give(m->shared->store, &m->store_job);
		return;
	}
	if (all.ptr != NULL)
		score_message(m->setup->scorer, all, &facts, policy, &m->arena,
		    &m->verdict);
	unmap_message(m, all);
	verdict_to_json(&m->verdict, &m->symbols);
	decide(m, policy);
	m->decided = m->outcome;
	choose_zones(m, policy);
	if (m->outcome != MESSAGE_REFUSED)
		make_body(m);
	else
		m->stored_size = m->size;
	/* On from here, not by way of the session's thread. */
	store_give(m->shared->store, &m->store_job);
}

static struct message *
of_store_job(struct store_job *job)
{
	return (struct message *)(void *)((char *)job -
	    offsetof(struct message, store_job));
}

/* The next pieces of a spilled body. */
static int
write_chunks(struct db *db, struct message *m, int64_t *out_done)
{
	char *bytes = mem_alloc(CHUNK_BYTES);
	int64_t n = m->chunks_done;
	int rc = 0;

	for (int i = 0; rc == 0 && i < CHUNKS_A_RUN && n < m->chunks; i++) {
		struct slice piece = buf_slice(&m->header);
		if (n > 0) {
			ssize_t got = pread(m->spill_fd, bytes, CHUNK_BYTES,
			    m->spill_offset + (n - 1) * CHUNK_BYTES);
			if (got <= 0) {
				rc = error_set_errno(&m->store_job.err,
				    "reading a spilled message");
				break;
			}
			piece = slice_make(bytes, (size_t)got);
		}
		rc = db_chunk_insert(db, m->id, n, piece, &m->store_job.err);
		n++;
	}
	mem_free(bytes);
	*out_done = n;
	return rc;
}

/* When it is sent: not before the client wants it. */
static int64_t
due_ms(const struct message *m)
{
	return m->send_at_ms > m->received_ms ? m->send_at_ms : m->received_ms;
}

/* When it is given up: after its lifetime, or when the client says. */
static int64_t
expires_ms(const struct message *m, const struct policy *policy)
{
	int64_t lifetime_ms = policy->lifetime_ms != 0
	    ? policy->lifetime_ms
	    : m->setup->config->delivery.lifetime;
	int64_t end_ms = due_ms(m) + lifetime_ms;

	return m->deliver_by_ms != 0 && m->deliver_by_ms < end_ms
	    ? m->deliver_by_ms
	    : end_ms;
}

static int
insert_message(struct db *db, struct message *m, const struct policy *policy)
{
	static const enum db_action actions[] = {
	    [MESSAGE_ACCEPTED] = DB_ACCEPTED,
	    [MESSAGE_HELD] = DB_HELD,
	    [MESSAGE_REFUSED] = DB_REFUSED,
	    [MESSAGE_NOT_STORED] = DB_REFUSED,
	    [MESSAGE_LIMITED] = DB_REFUSED,
	    [MESSAGE_BLOCKED] = DB_REFUSED,
	    [MESSAGE_NOT_SCORED] = DB_REFUSED,
	};
	struct db_message row = {
	    .id = m->id,
	    .account = m->account,
	    .credential = m->credential,
	    .subuser = m->subuser,
	    .client = m->client,
	    .helo = m->helo,
	    .sender = m->sender,
	    .recipients = (int64_t)m->recipient_count,
	    .received_ms = m->received_ms,
	    .expires_ms = expires_ms(m, policy),
	    .first_retry_ms = policy->first_retry_ms,
	    .size = m->stored_size,
	    .chunks = m->chunks,
	    .is_8bit = m->is_8bit,
	    .subject = slice_of(m->verdict.subject),
	    .header_from = slice_of(m->verdict.header_from),
	    .message_id = slice_of(m->verdict.message_id),
	    .action = actions[m->outcome],
	    .score = m->verdict.score,
	    .class = slice_of(score_class_name(m->verdict.class)),
	    .policy = policy->version,
	    .symbols = buf_slice(&m->symbols),
	    .envid = m->params.envid,
	    .ret = m->params.ret,
	    .is_utf8 = m->is_utf8,
	    .requires_tls = m->params.requires_tls,
	};

	return db_message_insert(db, &row, &m->store_job.err);
}

static int
insert_recipients(struct db *db, struct message *m, const struct policy *policy)
{
	bool is_held = m->outcome == MESSAGE_HELD;

	for (size_t i = 0; i < m->recipient_count; i++) {
		const struct message_recipient *r = &m->recipients[i];
		struct db_recipient row = {
		    .message_id = m->id,
		    .seq = (uint32_t)i,
		    .address = r->address,
		    .zone = slice_of(r->zone->name),
		    .zone_reason = slice_of(r->reason),
		    .source =
			slice_of(r->source != NULL ? r->source->address : NULL),
		    .state = is_held ? DB_WAITS_HELD : DB_QUEUED,
		    .due_ms = is_held ? expires_ms(m, policy) : due_ms(m),
		    .expires_ms = expires_ms(m, policy),
		    .notify = r->notify,
		    .orcpt = r->orcpt,
		};
		if (db_recipient_insert(db, &row, &m->store_job.err) != 0)
			return -1;
	}
	return 0;
}

static int
insert_events(struct db *db, struct message *m, const struct policy *policy)
{
	static const char *const names[] = {
	    [MESSAGE_ACCEPTED] = "accepted",
	    [MESSAGE_HELD] = "held",
	    [MESSAGE_REFUSED] = "rejected",
	    [MESSAGE_NOT_STORED] = "rejected",
	    [MESSAGE_LIMITED] = "rejected",
	    [MESSAGE_BLOCKED] = "rejected",
	    [MESSAGE_NOT_SCORED] = "rejected",
	};
	const struct message_recipient *first = &m->recipients[0];
	struct db_event e = {
	    .time_ms = clock_wall_ms(),
	    .event = SLICE("scored"),
	    .message_id = m->id,
	    .account = m->account,
	    .credential = m->credential,
	    .subuser = m->subuser,
	    .sender = m->sender,
	    .recipient = first->address,
	    .class = slice_of(score_class_name(m->verdict.class)),
	    .has_score = true,
	    .score = m->verdict.score,
	    .policy = policy->version,
	};

	if (db_event_insert(db, &e, &m->store_job.err) != 0)
		return -1;
	e.event = slice_of(names[m->outcome]);
	if (m->outcome == MESSAGE_REFUSED) {
		e.code = 550;
		e.enhanced = SLICE("5.7.1");
	} else {
		e.class = (struct slice){0};
		e.zone = slice_of(first->zone->name);
		e.source = slice_of(
		    first->source != NULL ? first->source->address : NULL);
	}
	return db_event_insert(db, &e, &m->store_job.err);
}

/* May who sends send this now? May run more than once. */
static int
admit(struct db *db, struct message *m, const struct policy *policy)
{
	struct gate_request r = {
	    .who = {m->account, m->credential, m->subuser},
	    .policy = policy,
	    .message_id = m->id,
	    .facts =
		{
		    .subject = slice_of(m->verdict.subject),
		    .digest = m->verdict.digest,
		    .score = m->verdict.score,
		    .is_refused = m->decided == MESSAGE_REFUSED,
		    .is_trap = m->trap.ptr != NULL,
		    .recipients = (int64_t)m->recipient_count,
		    .now_ms = clock_wall_ms(),
		},
	};

	m->outcome = m->decided;
	if (gate_admit(m->shared->gate, db, &r, &m->gate, &m->store_job.err) !=
	    0)
		return -1;
	if (m->gate.result == GATE_LIMITED)
		m->outcome = MESSAGE_LIMITED;
	else if (m->gate.result == GATE_BLOCKED)
		m->outcome = MESSAGE_BLOCKED;
	else if (m->gate.result == GATE_HOLD && m->outcome == MESSAGE_ACCEPTED)
		m->outcome = MESSAGE_HELD;
	return 0;
}

/* In the store thread. */
static enum store_result
commit(struct db *db, struct store_job *job)
{
	struct message *m = of_store_job(job);
	const struct policy *policy =
	    policy_for(m->setup->policies, m->account);
	int64_t done;

	if (m->outcome == MESSAGE_NOT_SCORED)
		return STORE_DONE;
	if (m->chunks_done < m->chunks) {
		if (write_chunks(db, m, &done) != 0)
			return STORE_FAILED;
		if (done < m->chunks)
			return STORE_AGAIN;
	}
	if (admit(db, m, policy) != 0)
		return STORE_FAILED;
	if (m->outcome == MESSAGE_LIMITED || m->outcome == MESSAGE_BLOCKED)
		return STORE_DONE;
	if (insert_message(db, m, policy) != 0 ||
	    insert_events(db, m, policy) != 0)
		return STORE_FAILED;
	if (m->outcome == MESSAGE_REFUSED)
		return STORE_DONE;
	if (insert_recipients(db, m, policy) != 0)
		return STORE_FAILED;
	if (m->body != NULL &&
	    db_body_insert(db, m->id, slice_make(m->body->bytes, m->body->len),
		&job->err) != 0)
		return STORE_FAILED;
	return STORE_DONE;
}

static struct outgoing *
make_outgoing(const struct message *m, const struct policy *policy)
{
	struct outgoing *o = outgoing_new();

	o->id = m->id;
	o->account = arena_slice(&o->arena, m->account);
	o->credential = arena_slice(&o->arena, m->credential);
	o->subuser = arena_slice(&o->arena, m->subuser);
	o->envid = arena_slice(&o->arena, m->params.envid);
	o->ret = m->params.ret;
	o->is_utf8 = m->is_utf8;
	o->requires_tls = m->params.requires_tls;
	o->sender = arena_slice(&o->arena, m->sender);
	o->received_ms = m->received_ms;
	o->expires_ms = expires_ms(m, policy);
	o->first_retry_ms = policy->first_retry_ms;
	o->size = m->stored_size;
	o->chunks = m->chunks;
	o->is_8bit = m->is_8bit;
	o->score = m->verdict.score;
	o->policy = policy->version;
	return o;
}

/* In the store thread, after the commit: hot hand-off. */
static void
committed(struct store_job *job)
{
	struct message *m = of_store_job(job);
	const struct policy *policy =
	    policy_for(m->setup->policies, m->account);

	if (m->chunks_done < m->chunks) {
		m->chunks_done += CHUNKS_A_RUN;
		if (m->chunks_done < m->chunks)
			return;
	}
	if (m->outcome != MESSAGE_ACCEPTED)
		return;
	struct outgoing *o = make_outgoing(m, policy);
	struct delivery_recipient *out =
	    mem_alloc(m->recipient_count * sizeof(*out));
	for (size_t i = 0; i < m->recipient_count; i++) {
		const struct message_recipient *r = &m->recipients[i];
		out[i] = (struct delivery_recipient){
		    .seq = (uint32_t)i,
		    .zone = r->zone->name,
		    .source = r->source != NULL ? r->source->address : NULL,
		    .address = r->address,
		    .due_ms = due_ms(m),
		    .expires_ms = o->expires_ms,
		    .notify = r->notify,
		    .orcpt = r->orcpt,
		};
	}
	/* What is for later waits on disk. */
	delivery_hand_over(m->shared->delivery, o,
	    due_ms(m) > m->received_ms ? NULL : m->body, out,
	    m->recipient_count);
	mem_free(out);
}

/* Pieces of a message that was not stored in the end. */
struct leftover {
	struct store_job job; /* first */
	uint64_t id;
};

static enum store_result
drop_leftover(struct db *db, struct store_job *job)
{
	const struct leftover *l = (struct leftover *)job;

	return db_chunks_delete(db, l->id, &job->err) == 0 ? STORE_DONE
							   : STORE_FAILED;
}

static void
leftover_done(struct store_job *job)
{
	/* What could not be dropped goes at the next start. */
	mem_free(job);
}

static void
drop_chunks(const struct message *m)
{
	/* At the end of the process: what is left goes at the next start. */
	if (store_is_stopped(m->shared->store))
		return;
	struct leftover *l = MEM_NEW(struct leftover);

	l->id = m->id;
	l->job.origin = m->store_job.origin;
	l->job.run = drop_leftover;
	l->job.done = leftover_done;
	store_give(m->shared->store, &l->job);
}

/* In the session's thread. */
static void
finish(struct store_job *job)
{
	struct message *m = of_store_job(job);

	if (m->chunks != 0 && (job->is_failed || m->outcome == MESSAGE_LIMITED))
		drop_chunks(m);
	if (job->is_failed) {
		log_error(NULL, "message.not_stored", LOG_ID("id", m->id),
		    LOG_TEXT("why", job->err.text));
		m->outcome = MESSAGE_NOT_STORED;
	}
	(void)atomic_fetch_add(m->outcome <= MESSAGE_HELD ? &m->shared->accepted
							  : &m->shared->refused,
	    1);
	if (m->session != NULL)
		m->done(m->session, m);
	message_free(m);
}

void
message_submit(struct message *m, struct loop *loop)
{
	m->pool_job = (struct pool_job){.run = score};
	m->store_job = (struct store_job){
	    .origin = loop,
	    .run = commit,
	    .committed = committed,
	    .done = finish,
	};
	pool_give(m->shared->pool, &m->pool_job);
}
