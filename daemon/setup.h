/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that can change while the daemon runs, as one immutable value:
 * the configuration, TLS contexts, the scorer, the policy, what operators
 * paused or disabled. A change makes a new setup; every thread swaps its
 * pointer between two messages. Counted by reference.
 */
#ifndef POSTHORN_DAEMON_SETUP_H
#define POSTHORN_DAEMON_SETUP_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "config/config.h"
#include "db/db.h"
#include "policy/policy.h"
#include "routing/route.h"
#include "scoring/score.h"

struct setup {
	struct config *config;
	struct policy_set *policies;
	struct scorer *scorer;
	SSL_CTX *server_tls;      /* null without a certificate */
	SSL_CTX *client_tls;      /* any certificate */
	SSL_CTX *verifying_tls;   /* the host's own */
	struct route_state state; /* closed and paused zones, sources */
	const char **paused_zones;
	size_t paused_zone_count;
	uint64_t auth_epoch; /* grows when accounts or credentials change */
	struct arena arena;  /* of the lists */
	_Atomic int references;
};

/* All from a configuration file's content (which is taken). */
struct setup *setup_new_take(
    struct config *config, struct db *reader, struct error *out_err) MUST_CHECK;
/* The same configuration with the database's settings read anew; `epoch` is
 * the new auth_epoch. */
struct setup *setup_refresh(const struct setup *old, struct db *reader,
    uint64_t epoch, struct error *out_err) MUST_CHECK;
struct setup *setup_ref(struct setup *s);
void setup_unref(struct setup *s);

bool setup_is_paused(const struct setup *s, const char *zone);

#endif
