/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message being taken in: envelope and octets as they arrive (large ones
 * spill to a nameless file), then scoring, routing and the commit, which run
 * in other threads. A session owns it until message_submit(); after that it
 * owns itself and tells the session how it ended.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_MESSAGE_H
#define POSTHORN_DAEMON_SUBMISSION_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"
#include "daemon/gate/gate.h"
#include "daemon/net/pool.h"
#include "daemon/outgoing.h"
#include "daemon/setup.h"
#include "daemon/store/store.h"
#include "daemon/submission/worker.h"
#include "scoring/verdict.h"
#include "smtp/address.h"
#include "smtp/params.h"

enum message_outcome {
	MESSAGE_ACCEPTED = 0,
	MESSAGE_HELD,
	MESSAGE_REFUSED, /* for its content */
	MESSAGE_NOT_STORED,
	MESSAGE_LIMITED,    /* by a rate or quota */
	MESSAGE_BLOCKED,    /* who sends is */
	MESSAGE_NOT_SCORED, /* and that is not to be passed over */
};

struct message_recipient {
	struct slice address, domain;
	const struct config_zone *zone;
	const struct config_source *source; /* may be null */
	const char *reason;
	unsigned int notify; /* bits of enum smtp_notify */
	struct slice orcpt;  /* null: none */
};

struct message {
	struct pool_job pool_job;   /* first: scoring */
	struct store_job store_job; /* then: the commit */
	struct arena arena;
	struct shared *shared;
	struct setup *setup; /* the one it is judged by */
	/* In the session's thread only; null when the session has gone. */
	void (*done)(void *session, struct message *m);
	void *session;

	uint64_t id;
	struct slice account, credential, subuser, client, helo, sender;
	struct smtp_mail_params params; /* slices of the arena */
	struct message_recipient *recipients;
	size_t recipient_count, recipient_room;
	int64_t received_ms;
	struct slice wished_zone; /* X-Posthorn-Zone; null: none */
	int64_t send_at_ms;       /* wall; not before; 0: at once */
	int64_t deliver_by_ms;    /* wall; not after; 0: as policy has it */

	struct buf head; /* the octets, or the first part of a spilled one */
	int spill_fd;    /* -1: all is in head */
	int64_t size;    /* octets received */
	int64_t counted; /* of them in shared->message_bytes */
	bool is_8bit;
	bool is_allowed_sender;    /* by a rule */
	size_t allowed_recipients; /* likewise */
	struct slice trap;         /* a trap among the recipients; null: none */
	bool is_cut_short; /* head ended where memory did, not the bound */
	bool is_utf8;      /* sender or header need SMTPUTF8 on their way */
	size_t header_len; /* of the client's header in head */
	struct buf header; /* ours: what replaces it */

	struct verdict verdict;
	enum message_outcome decided; /* by the score */
	enum message_outcome outcome; /* in the end */
	struct gate_answer gate;      /* what the gate said */
	double threshold;             /* that the score reached, if refused */
	struct buf symbols;
	struct body *body; /* what is stored, unless spilled */
	int64_t stored_size;
	int64_t chunks, chunks_done;
	int64_t spill_offset;
};

struct message *message_new(struct worker *w);
void message_free(struct message *m);

/* Adds an address that the arena owns; of `params` a copy is made. */
void message_add_recipient(struct message *m, const struct smtp_address *a,
    const struct smtp_rcpt_params *params);
/* Octets of memory that every message is sure of. */
#define MESSAGE_RESERVE (16 << 10)

/* Is there memory for one more (submission.memory_max)? */
bool message_has_memory(const struct worker *w);
/* Adds octets; -1 when disk or memory refuse them. */
int message_append(struct message *m, struct slice piece) MUST_CHECK;

/* Reads the header and makes ours; a permanent refusal is put in `out_why`
 * ("malformed:duplicate-from", "loop") and -1 returned. `is_tls` and
 * `is_auth` go into Received. */
int message_prepare(struct message *m, bool is_esmtp, bool is_tls, bool is_auth,
    const char **out_why) MUST_CHECK;

/* Scores, routes, commits; `m->done` is called in the session's thread and
 * then `m` frees itself. */
void message_submit(struct message *m, struct loop *loop);

#endif
