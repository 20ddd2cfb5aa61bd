/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper of who may send how much: counts what is accepted, in the
 * transaction that accepts it. All of it runs in the store thread, so that
 * limits hold exactly whatever thread a message came by.
 */
#ifndef POSTHORN_DAEMON_GATE_GATE_H
#define POSTHORN_DAEMON_GATE_GATE_H

#include "access/usage.h"
#include "base/attr.h"
#include "base/error.h"
#include "db/db.h"
#include "policy/policy.h"

struct gate;

struct gate *gate_new(void);
/* After the store has stopped; null is accepted. */
void gate_free(struct gate *g);

struct gate_request {
	const struct policy *policy; /* of the account */
	struct slice account;
	struct slice credential; /* null: known by the address */
	struct slice subuser;    /* null: none */
	int64_t recipients;
	int64_t now_ms; /* wall */
};

struct gate_answer {
	bool is_limited;
	enum usage_axis axis; /* whose limit it is */
	struct usage_refusal why;
};

/* May the message be accepted? If so it is counted. -1: the store failed. */
int gate_admit(struct gate *g, struct db *db, const struct gate_request *r,
    struct gate_answer *out, struct error *out_err) MUST_CHECK;

/* For the store: writes what a transaction has counted, at its end. */
int gate_before_commit(
    void *gate, struct db *db, struct error *out_err) MUST_CHECK;
/* That is on disk now. */
void gate_after_commit(void *gate);
/* What it has counted is forgotten. */
void gate_after_rollback(void *gate);

/* "ACCOUNT/SUBUSER", as usage is stored for one; cut to `size`. */
struct slice gate_subuser_name(
    struct slice account, struct slice subuser, char *out, size_t size);

#endif
