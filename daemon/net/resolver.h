/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS by libunbound in a thread of its own: answers are cached there, and
 * validated where a trust anchor is configured. Names and addresses only.
 */
#ifndef POSTHORN_DAEMON_NET_RESOLVER_H
#define POSTHORN_DAEMON_NET_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "config/config.h"
#include "daemon/net/loop.h"

#define DNS_RECORDS_MAX 100
#define DNS_NAME_BYTES 256

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND = 0,
	DNS_NO_DATA, /* the name exists, this type does not */
	DNS_NO_NAME, /* NXDOMAIN */
	DNS_TROUBLE, /* no answer, SERVFAIL, bogus: ask again later */
};

struct dns_record {
	uint8_t address[16]; /* A (mapped) and AAAA */
	uint16_t preference; /* MX */
	/* MX; "." is the null MX (RFC 7505). TXT: its strings joined, cut. */
	char name[DNS_NAME_BYTES];
};

struct dns_answer {
	enum dns_status status;
	bool is_secure; /* validated by DNSSEC */
	int64_t ttl_ms;
	size_t count;
	struct dns_record *records; /* freed after the callback */
	char why[120];              /* for DNS_TROUBLE */
};

typedef void dns_fn(void *arg, const struct dns_answer *answer);

struct resolver;

struct resolver *resolver_new(
    const struct config *config, struct error *out_err) MUST_CHECK;
/* Ends the thread; open questions are dropped. */
void resolver_free(struct resolver *r);
/* Asks; `fn(arg)` runs in `origin` once, never at once. Any thread. */
void resolver_ask(struct resolver *r, struct loop *origin, const char *name,
    enum dns_type type, dns_fn *fn, void *arg);

#endif
