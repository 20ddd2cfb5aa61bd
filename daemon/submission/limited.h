/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at a limit just now, as far as this worker knows: such a client is
 * told at MAIL, before it sends a message in vain. The gate decides; this
 * only remembers. One belongs to one thread.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_LIMITED_H
#define POSTHORN_DAEMON_SUBMISSION_LIMITED_H

#include "access/usage.h"
#include "base/slice.h"

struct limited;

struct limited *limited_new(void);
void limited_free(struct limited *l);
/* `version` is the policy's: under another one it does not count. */
void limited_note(struct limited *l, enum usage_axis axis, struct slice name,
    const struct usage_refusal *why, int64_t version);
/* Null: not known to be at a limit. */
const struct usage_refusal *limited_find(struct limited *l,
    enum usage_axis axis, struct slice name, int64_t version, int64_t now_ms);

#endif
