/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which zone a recipient's mail goes through, and from which source: routes
 * first, then the score's bands, then the default. Pure.
 */
#ifndef POSTHORN_ROUTING_ROUTE_H
#define POSTHORN_ROUTING_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/config.h"
#include "policy/policy.h"

#define ROUTE_REASON_BYTES 160

/* Zones that take no new mail, and sources that are not to be used. */
struct route_state {
	const char *const *closed_zones;
	size_t closed_zone_count;
	const char *const *disabled_sources;
	size_t disabled_source_count;
};

struct route_facts {
	struct slice account, credential;
	struct slice sender_domain, recipient_domain; /* lower case */
	struct slice header;                          /* of the message, raw */
	double score;
	struct slice wished; /* zone that the client names; null: none */
};

struct route_choice {
	const struct config_zone *zone;  /* never null */
	char reason[ROUTE_REASON_BYTES]; /* one line for a person */
};

/* A closed zone is passed over, and the reason says so; the default zone is
 * taken even when closed, so that mail always has a place. */
void route_choose(const struct config *config, const struct policy *policy,
    const struct route_state *state, const struct route_facts *facts,
    struct route_choice *out);

/*
 * The source of a zone for a message, by weight: equal keys choose alike as
 * long as the pool is the same. Null when the zone has no sources, or none
 * that may be used.
 */
const struct config_source *route_source(const struct config_zone *zone,
    const struct route_state *state, uint64_t key);
/* The zone's source with that address if it may be used, or null. */
const struct config_source *route_source_named(const struct config_zone *zone,
    const struct route_state *state, struct slice address);

/* "example.org" matches itself, "*.example.org" what is below it. */
bool route_domain_matches(const char *pattern, struct slice domain);

#endif
