/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper of who may send, and how much: counts what is accepted, in the
 * transaction that accepts it, watches identities for signs of abuse and
 * blocks those that show one. All of it runs in the store thread, so that
 * limits hold exactly whatever thread a message came by.
 */
#ifndef POSTHORN_DAEMON_GATE_GATE_H
#define POSTHORN_DAEMON_GATE_GATE_H

#include "access/usage.h"
#include "access/watch.h"
#include "base/attr.h"
#include "base/error.h"
#include "db/db.h"
#include "policy/policy.h"

struct gate;

struct gate *gate_new(void);
/* After the store has stopped; null is accepted. */
void gate_free(struct gate *g);

/* Who sends. The narrowest of the three is the one that is watched. */
struct gate_identity {
	struct slice account;
	struct slice credential; /* null: known by the address */
	struct slice subuser;    /* null: none */
};

struct gate_request {
	struct gate_identity who;
	const struct policy *policy; /* of the account */
	uint64_t message_id;
	struct watch_facts facts; /* with recipients and the time */
};

enum gate_result {
	GATE_OPEN = 0,
	GATE_HOLD,    /* accept, but hold */
	GATE_LIMITED, /* a rate or quota is used up */
	GATE_BLOCKED, /* the identity is blocked */
};

struct gate_answer {
	enum gate_result result;
	enum usage_axis axis;     /* whose limit or block it is */
	struct usage_refusal why; /* if limited */
	int64_t until_ms;         /* if blocked; wall */
};

/* May the message be accepted? If so it is counted. One that is refused for
 * its content is only watched. -1: the store failed. */
int gate_admit(struct gate *g, struct db *db, const struct gate_request *r,
    struct gate_answer *out, struct error *out_err) MUST_CHECK;
/* A recipient of the identity's mail was delivered, or does not exist. */
int gate_note_delivery(struct gate *g, struct db *db,
    const struct gate_identity *who, const struct policy *policy,
    bool is_unknown_user, int64_t now_ms, struct error *out_err) MUST_CHECK;
/* Is there anything on the lists (rules, suppressions, traps)? Any thread. */
bool gate_has_lists(const struct gate *g);
/* Looks; after a change of them. A later rollback does no harm. */
int gate_look_at_lists(
    struct gate *g, struct db *db, struct error *out_err) MUST_CHECK;
/* Blocks were changed on disk by another job. */
void gate_distrust_blocks(struct gate *g);

/* For the store: writes what a transaction has counted, at its end. */
int gate_before_commit(
    void *gate, struct db *db, struct error *out_err) MUST_CHECK;
/* That is on disk now. */
void gate_after_commit(void *gate);
/* What it has counted is forgotten. */
void gate_after_rollback(void *gate);

#endif
