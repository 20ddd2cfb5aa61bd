/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells, as events, of secrets that expire soon or have (credential.expiring,
 * credential.expired); forgets suppressions that have. Main thread.
 */
#ifndef POSTHORN_DAEMON_EXPIRY_H
#define POSTHORN_DAEMON_EXPIRY_H

#include "daemon/net/loop.h"
#include "daemon/store/store.h"

struct expiry;

struct expiry *expiry_new(struct loop *loop, struct store *store);
/* The loop has ended and the store too; null is accepted. */
void expiry_free(struct expiry *e);

#endif
