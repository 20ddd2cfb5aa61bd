/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a recipient's domain to the addresses that take its mail (RFC 5321 5,
 * RFC 7505): MX hosts by preference, or the domain itself; each host's A and
 * AAAA. Trouble with DNS never bounces mail.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/delivery/worker.h"
#include "routing/guard.h"
#include "smtp/address.h"
#include "smtp/idna.h"

#define TTL_MIN_MS 30000
#define TTL_MAX_MS 1800000
#define HOSTS_ASKED_MAX 10
#define ADDRESSES_PER_HOST 8

/* What one host's A or AAAA question brought. */
struct dns_answer_part {
	struct domain *domain;
	size_t host;
	enum dns_type type;
	size_t count;
	uint8_t addresses[ADDRESSES_PER_HOST][16];
};

static void
free_domain(struct domain *d)
{
	if (!d->is_stale)
		HASH_DEL(d->worker->domains, d);
	setup_unref(d->setup);
	mem_free(d->parts);
	mem_free(d->name);
	mem_free(d);
}

void
domain_unuse(struct domain *d)
{
	if (--d->users == 0 && d->is_stale)
		free_domain(d);
}

static void
use(struct domain *d)
{
	d->users++;
}

/* Ready or failed: whoever waits goes on. */
static void
finish(struct domain *d)
{
	struct recipient *r;

	d->is_ready = true;
	mem_free(d->parts);
	d->parts = NULL;
	setup_unref(d->setup);
	d->setup = NULL;
	/* Failures are looked up again soon. */
	if (d->failure.code != 0)
		d->expires_ms = clock_mono_ms() + TTL_MIN_MS;
	use(d);
	while ((r = TAILQ_FIRST(&d->waiting)) != NULL) {
		TAILQ_REMOVE(&d->waiting, r, entry);
		if (d->failure.code != 0)
			report_one(r, &d->failure, NULL, false);
		else
			lane_enqueue(r);
	}
	domain_unuse(d);
}

static void
add_candidate(
    struct domain *d, const char *host, const uint8_t ip[16], uint16_t port)
{
	struct candidate *c = &d->candidates[d->candidate_count];

	if (d->candidate_count == CANDIDATES_MAX)
		return;
	memcpy(c->addr.ip, ip, 16);
	c->addr.port = port;
	memcpy(c->host, host, strnlen(host, sizeof(c->host) - 1));
	d->candidate_count++;
}

/* All addresses are in: in order of hosts, IPv6 and IPv4 as they came. */
static void
collect(struct domain *d)
{
	const struct config *config = d->setup->config;
	const struct config_zone *hop = d->next_hop_zone;
	uint16_t port = (uint16_t)(hop != NULL ? hop->next_hop.port
					       : config->delivery.port);

	for (size_t i = 0; i < 2 * d->mx.count; i++) {
		const struct dns_answer_part *p = &d->parts[i];
		for (size_t a = 0; a < p->count; a++) {
			/* A next hop is the operator's own choice. */
			if (hop != NULL ||
			    guard_allows(p->addresses[a],
				config->delivery.private_networks_allowed,
				config->delivery
				    .private_networks_allowed_count))
				add_candidate(d, d->mx.hosts[i / 2].name,
				    p->addresses[a], port);
			else
				d->had_private = true;
		}
	}
	if (d->candidate_count != 0)
		return;
	if (d->had_trouble)
		d->failure = smtp_reply_local(
		    451, 4, 3, "DNS: %s: %s", d->name, d->trouble);
	else if (d->had_private)
		d->failure = smtp_reply_local(554, 4, 4,
		    "%s: its mail hosts have no public address", d->name);
	else if (hop != NULL)
		d->failure = smtp_reply_local(451, 4, 4,
		    "the next hop %s has no address", hop->next_hop.host);
	else
		d->failure = smtp_reply_local(
		    550, 4, 4, "%s: its mail hosts have no address", d->name);
}

static void
note_ttl(struct domain *d, int64_t ttl_ms)
{
	int64_t ttl = ttl_ms < TTL_MIN_MS ? TTL_MIN_MS
	    : ttl_ms > TTL_MAX_MS         ? TTL_MAX_MS
					  : ttl_ms;
	int64_t at = clock_mono_ms() + ttl;

	if (d->expires_ms == 0 || at < d->expires_ms)
		d->expires_ms = at;
}

static void
on_address(void *arg, const struct dns_answer *answer)
{
	struct dns_answer_part *p = arg;
	struct domain *d = p->domain;

	if (d->worker->is_draining) {
		domain_unuse(d);
		return;
	}
	if (answer->status == DNS_TROUBLE) {
		d->had_trouble = true;
		(void)snprintf(
		    d->trouble, sizeof(d->trouble), "%s", answer->why);
	} else {
		note_ttl(d, answer->ttl_ms);
	}
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count &&
	     p->count < ADDRESSES_PER_HOST;
	     i++)
		memcpy(
		    p->addresses[p->count++], answer->records[i].address, 16);
	if (--d->open_questions == 0) {
		collect(d);
		finish(d);
	}
	domain_unuse(d);
}

static void
ask_addresses(struct domain *d)
{
	struct worker *w = d->worker;

	if (d->mx.count > HOSTS_ASKED_MAX)
		d->mx.count = HOSTS_ASKED_MAX;
	mx_group_name(&d->mx, d->group);
	d->parts = mem_alloc(2 * d->mx.count * sizeof(*d->parts));
	d->open_questions = (int)(2 * d->mx.count);
	for (size_t i = 0; i < 2 * d->mx.count; i++) {
		struct dns_answer_part *p = &d->parts[i];
		p->domain = d;
		p->host = i / 2;
		p->type = i % 2 == 0 ? DNS_AAAA : DNS_A;
		use(d);
		resolver_ask(w->delivery->resolver, w->loop,
		    d->mx.hosts[i / 2].name, p->type, on_address, p);
	}
}

static void
take_mx(struct domain *d, const struct dns_answer *answer)
{
	const char *self = d->setup->config->hostname;
	bool is_null =
	    answer->count == 1 && strcmp(answer->records[0].name, ".") == 0;

	for (size_t i = 0; i < answer->count; i++)
		(void)mx_list_add(&d->mx, answer->records[i].preference,
		    slice_of(answer->records[i].name));
	mx_list_sort(&d->mx, (uint64_t)clock_mono_us());
	if (is_null)
		d->failure = smtp_reply_local(
		    556, 1, 10, "%s takes no mail (null MX)", d->name);
	else if (d->mx.count == 0)
		d->failure = smtp_reply_local(
		    550, 4, 4, "%s: its MX records name no host", d->name);
	else if (mx_list_drop_self(&d->mx, slice_of(self)) && d->mx.count == 0)
		d->failure = smtp_reply_local(
		    554, 4, 6, "mail for %s loops back to this host", d->name);
}

static void
on_mx(void *arg, const struct dns_answer *answer)
{
	struct domain *d = arg;
	char ascii[SMTP_DOMAIN_MAX + 1];

	/* What waits for it is on disk. */
	if (d->worker->is_draining) {
		domain_unuse(d);
		return;
	}
	d->is_secure = answer->is_secure;
	switch (answer->status) {
	case DNS_FOUND:
		note_ttl(d, answer->ttl_ms);
		take_mx(d, answer);
		break;
	case DNS_NO_DATA:
		/* RFC 5321 5.1: the domain is its own MX. */
		note_ttl(d, answer->ttl_ms);
		if (smtp_domain_to_ascii(slice_of(d->name), ascii) == 0)
			(void)mx_list_add(&d->mx, 0, slice_of(ascii));
		break;
	case DNS_NO_NAME:
		d->failure = smtp_reply_local(
		    550, 1, 2, "there is no domain %s", d->name);
		break;
	case DNS_TROUBLE:
		d->failure = smtp_reply_local(
		    451, 4, 3, "DNS: MX of %s: %s", d->name, answer->why);
		break;
	}
	if (d->failure.code != 0)
		finish(d);
	else
		ask_addresses(d);
	domain_unuse(d);
}

/* An address in place of a name: nothing to ask. */
static void
take_literal(struct domain *d, const char *text, uint16_t port, bool is_trusted)
{
	const struct config *config = d->setup->config;
	struct addr addr;

	(void)snprintf(d->group, sizeof(d->group), "%s", d->name);
	d->expires_ms = clock_mono_ms() + TTL_MAX_MS;
	if (addr_parse(text, port, &addr) != 0)
		d->failure =
		    smtp_reply_local(550, 1, 2, "%s is no address", d->name);
	else if (!is_trusted &&
	    !guard_allows(addr.ip, config->delivery.private_networks_allowed,
		config->delivery.private_networks_allowed_count))
		d->failure = smtp_reply_local(
		    554, 4, 4, "%s is no public address", d->name);
	else
		add_candidate(d, text, addr.ip, port);
	finish(d);
}

static void
look_up_hop(struct domain *d)
{
	const struct config_next_hop *hop = &d->next_hop_zone->next_hop;
	struct addr addr;

	if (addr_parse(hop->host, (uint16_t)hop->port, &addr) == 0) {
		take_literal(d, hop->host, (uint16_t)hop->port, true);
		return;
	}
	(void)mx_list_add(&d->mx, 0, slice_of(hop->host));
	if (d->mx.count != 0) {
		ask_addresses(d);
		return;
	}
	d->failure = smtp_reply_local(451, 3, 5, "bad next hop %s", hop->host);
	finish(d);
}

static void
look_up(struct domain *d)
{
	struct worker *w = d->worker;
	char literal[ADDR_TEXT_BYTES + 8] = "";
	char ascii[SMTP_DOMAIN_MAX + 1];
	size_t len = strlen(d->name);

	if (d->next_hop_zone != NULL) {
		look_up_hop(d);
	} else if (d->name[0] == '[' && len < sizeof(literal)) {
		size_t skip = strncasecmp(d->name, "[IPv6:", 6) == 0 ? 6 : 1;
		memcpy(literal, d->name + skip, len - skip - 1);
		take_literal(d, literal,
		    (uint16_t)d->setup->config->delivery.port, false);
	} else if (smtp_domain_to_ascii(slice_of(d->name), ascii) != 0) {
		d->failure = smtp_reply_local(
		    550, 1, 2, "%s is no domain name", d->name);
		finish(d);
	} else {
		use(d);
		resolver_ask(
		    w->delivery->resolver, w->loop, ascii, DNS_MX, on_mx, d);
	}
}

static struct domain *
find_or_start(struct zone *z, const char *name,
    const struct config_zone *next_hop, bool *out_is_new)
{
	struct worker *w = z->worker;
	struct domain *d;

	*out_is_new = false;
	HASH_FIND_STR(w->domains, name, d);
	if (d != NULL && d->is_ready && clock_mono_ms() >= d->expires_ms) {
		HASH_DEL(w->domains, d);
		d->is_stale = true;
		if (d->users == 0)
			free_domain(d);
		d = NULL;
	}
	if (d != NULL)
		return d;
	d = MEM_NEW(struct domain);
	d->name = mem_strdup(name);
	d->worker = w;
	d->setup = setup_ref(w->setup);
	d->next_hop_zone = next_hop;
	TAILQ_INIT(&d->waiting);
	HASH_ADD_KEYPTR(hh, w->domains, d->name, strlen(d->name), d);
	*out_is_new = true;
	return d;
}

void
domain_place(struct recipient *r)
{
	const struct config_zone *config = zone_config(r->zone);
	bool has_hop = config != NULL && config->next_hop.host != NULL;
	char name[SMTP_DOMAIN_MAX + 1];
	bool is_new;

	if (has_hop)
		(void)snprintf(name, sizeof(name), "relay:%s", r->zone->name);
	else
		(void)snprintf(name, sizeof(name), "%.*s",
		    SLICE_ARGS(smtp_address_domain(slice_of(r->address))));
	struct domain *d =
	    find_or_start(r->zone, name, has_hop ? config : NULL, &is_new);
	r->domain = d;
	use(d);
	r->stage = STAGE_RESOLVING;
	if (d->is_ready && d->failure.code != 0) {
		report_one(r, &d->failure, NULL, false);
	} else if (d->is_ready) {
		lane_enqueue(r);
	} else {
		TAILQ_INSERT_TAIL(&d->waiting, r, entry);
		if (is_new)
			look_up(d);
	}
}

void
domains_free(struct worker *w)
{
	struct domain *d;
	struct domain *next;

	HASH_ITER(hh, w->domains, d, next)
	free_domain(d);
}
