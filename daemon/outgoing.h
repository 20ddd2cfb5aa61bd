/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message on its way out, as submission hands it to delivery and delivery
 * reads it back from the store: immutable after it is made, shared by the
 * workers of several zones, counted by reference.
 */
#ifndef POSTHORN_DAEMON_OUTGOING_H
#define POSTHORN_DAEMON_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "smtp/params.h"

/* A message's octets in memory, shared and counted. */
struct body {
	_Atomic int references;
	size_t len;
	char bytes[];
};

struct body *body_new(size_t len);
struct body *body_ref(struct body *b);
/* Null is accepted. */
void body_unref(struct body *b);

struct outgoing {
	_Atomic int references;
	struct arena arena; /* owns the slices */
	uint64_t id;
	struct slice account, credential, subuser;
	struct slice sender; /* empty: the null sender */
	int64_t received_ms, expires_ms;
	int64_t first_retry_ms; /* 0: as configured */
	int64_t size;
	int64_t chunks; /* 0: one row of body */
	bool is_8bit;
	double score;
	int64_t policy;
	struct slice envid; /* xtext as sent; null: none */
	enum smtp_ret ret;
	bool is_utf8; /* needs SMTPUTF8 */
	bool requires_tls;
	struct body *body;       /* null: it is on disk only */
	_Atomic int64_t *budget; /* counts body->len while we live; or null */
};

struct outgoing *outgoing_new(void);
struct outgoing *outgoing_ref(struct outgoing *o);
void outgoing_unref(struct outgoing *o);

#endif
