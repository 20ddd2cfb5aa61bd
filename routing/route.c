/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing a zone says why, in words that `queue show` prints.
 */
#include "routing/route.h"

#include <stdio.h>
#include <string.h>

#include "smtp/header.h"

bool
route_domain_matches(const char *pattern, struct slice domain)
{
	if (pattern[0] != '*')
		return slice_is_nocase(domain, pattern);
	return domain.len > strlen(pattern + 1) &&
	    slice_ends_nocase(domain, pattern + 1);
}

static bool
header_matches(const char *wanted, struct slice header)
{
	struct slice value = slice_of(wanted);
	struct slice name;
	struct smtp_field f;

	(void)slice_cut(&value, ':', &name);
	value = slice_trim(value);
	while (smtp_field_next(&header, &f)) {
		if (!slice_equal_nocase(f.name, slice_trim(name)))
			continue;
		if (value.len == 0)
			return true;
		for (size_t i = 0; i + value.len <= f.value.len; i++)
			if (slice_equal_nocase(
				slice_sub(f.value, i, value.len), value))
				return true;
	}
	return false;
}

static bool
route_matches(const struct config_route *r, const struct route_facts *f)
{
	return (r->account == NULL || slice_is(f->account, r->account)) &&
	    (r->credential == NULL || slice_is(f->credential, r->credential)) &&
	    (r->sender_domain == NULL ||
		route_domain_matches(r->sender_domain, f->sender_domain)) &&
	    (r->recipient_domain == NULL ||
		route_domain_matches(
		    r->recipient_domain, f->recipient_domain)) &&
	    f->score >= r->score_min && f->score < r->score_max &&
	    (r->header == NULL || header_matches(r->header, f->header));
}

static bool
has_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Takes the zone if it is open; else notes that it was passed over. */
static bool
take(const struct config_zone *zone, const struct route_state *state,
    struct route_choice *out, char closed[64])
{
	if (zone == NULL)
		return false;
	if (has_name(
		state->closed_zones, state->closed_zone_count, zone->name)) {
		(void)snprintf(
		    closed, 64, " (%s takes no new mail)", zone->name);
		return false;
	}
	out->zone = zone;
	return true;
}

void
route_choose(const struct config *config, const struct policy *policy,
    const struct route_state *state, const struct route_facts *facts,
    struct route_choice *out)
{
	char closed[64] = "";

	if (policy->has_zone_header && facts->wished.len != 0 &&
	    take(config_zone_find(config, facts->wished), state, out, closed)) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the client asked for it (X-Posthorn-Zone)");
		return;
	}
	for (size_t i = 0; i < config->route_count; i++) {
		const struct config_route *r = &config->routes[i];
		if (!route_matches(r, facts) ||
		    !take(config_zone_find(config, slice_of(r->zone)), state,
			out, closed))
			continue;
		(void)snprintf(out->reason, sizeof(out->reason),
		    "route %zu matches%s", i + 1, closed);
		return;
	}
	for (size_t i = 0; i < policy->band_count; i++) {
		const struct policy_band *b = &policy->bands[i];
		if (facts->score >= b->below ||
		    !take(config_zone_find(config, slice_of(b->zone)), state,
			out, closed))
			continue;
		(void)snprintf(out->reason, sizeof(out->reason),
		    "score %.1f is below band.%s %.1f%s", facts->score, b->zone,
		    b->below, closed);
		return;
	}
	out->zone = config_zone_find(config, slice_of(config->default_zone));
	(void)snprintf(out->reason, sizeof(out->reason),
	    "no route and no band takes score %.1f: default zone%s",
	    facts->score, closed);
}

static bool
is_usable(const struct config_source *s, const struct route_state *state)
{
	return !has_name(
	    state->disabled_sources, state->disabled_source_count, s->address);
}

/* Spreads keys that differ in few bits (splitmix64's finalizer). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

const struct config_source *
route_source(const struct config_zone *zone, const struct route_state *state,
    uint64_t key)
{
	uint64_t total = 0;

	for (size_t i = 0; i < zone->source_count; i++)
		if (is_usable(&zone->sources[i], state))
			total += (uint64_t)zone->sources[i].weight;
	if (total == 0)
		return NULL;
	uint64_t place = mix(key) % total;
	for (size_t i = 0; i < zone->source_count; i++) {
		if (!is_usable(&zone->sources[i], state))
			continue;
		uint64_t weight = (uint64_t)zone->sources[i].weight;
		if (place < weight)
			return &zone->sources[i];
		place -= weight;
	}
	return NULL;
}

const struct config_source *
route_source_named(const struct config_zone *zone,
    const struct route_state *state, struct slice address)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (slice_is(address, zone->sources[i].address) &&
		    is_usable(&zone->sources[i], state))
			return &zone->sources[i];
	return NULL;
}
