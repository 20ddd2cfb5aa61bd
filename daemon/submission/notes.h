/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is refused before there is a message leaves a trace all the same: its
 * event and the hit of its rule are gathered for a moment and then stored
 * together. One belongs to one thread.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_NOTES_H
#define POSTHORN_DAEMON_SUBMISSION_NOTES_H

#include "base/slice.h"
#include "daemon/net/loop.h"
#include "daemon/store/store.h"

struct notes;

struct note {
	const char *event; /* of static life; null: only the hit counts */
	int64_t rule;      /* 0: none */
	struct slice account, credential, sender, recipient, text;
	int64_t code;
	const char *enhanced;
};

struct notes *notes_new(struct loop *loop, struct store *store);
/* The texts are copied. */
void notes_add(struct notes *n, const struct note *note);
/* After the store has stopped; what was not stored is lost. */
void notes_free(struct notes *n);

#endif
