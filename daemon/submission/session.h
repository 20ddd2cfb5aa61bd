/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One SMTP server session (RFC 5321, 3207, 4954, 1870, 2920, 6152, 2034). For
 * submission/ only; belongs to its worker's thread.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_SESSION_H
#define POSTHORN_DAEMON_SUBMISSION_SESSION_H

#include <stdint.h>

#include "daemon/net/addr.h"
#include "daemon/submission/worker.h"

/* Serves an accepted descriptor, which it takes over. */
void session_start_take(
    struct worker *w, int fd, const struct addr *peer, size_t listener);
/* The server stops: idle sessions end with 421, the others after their
 * message. */
void sessions_drain(struct worker *w);
/* At once; what was submitted goes on without it. */
void session_abort(struct session *s);

#endif
