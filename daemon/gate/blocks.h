/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks in force, kept in memory. For gate/ only; store thread.
 */
#ifndef POSTHORN_DAEMON_GATE_BLOCKS_H
#define POSTHORN_DAEMON_GATE_BLOCKS_H

#include "access/usage.h"
#include "access/watch.h"
#include "base/attr.h"
#include "base/error.h"
#include "db/db.h"

struct blocks;

struct block {
	int64_t id;
	enum watch_action action;
	int64_t until_ms; /* wall */
};

struct blocks *blocks_new(void);
void blocks_free(struct blocks *b);
/* They may be others on disk: read anew before they are used next. */
void blocks_distrust(struct blocks *b);

/* What is in force for an identity, if anything (`action` off). One whose
 * time is over ends here, with its event. */
int blocks_find(struct blocks *b, struct db *db, enum usage_axis axis,
    struct slice name, int64_t now_ms, struct block *out,
    struct error *out_err) MUST_CHECK;

struct new_block {
	enum usage_axis axis;
	struct slice name, account, credential, subuser;
	enum watch_sign sign;
	const char *evidence;
	uint64_t message_id; /* 0: none */
	struct watch_rule rule;
	int64_t now_ms;
};

/* Puts it in force, with its event. */
int blocks_add(struct blocks *b, struct db *db, const struct new_block *n,
    struct error *out_err) MUST_CHECK;

#endif
