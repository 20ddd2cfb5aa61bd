/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailbox addresses (RFC 5321 4.1.2, RFC 6531 3.3): parsed once, printed
 * once. What is scored, checked, stored and sent is the printed form. Pure.
 */
#ifndef POSTHORN_SMTP_ADDRESS_H
#define POSTHORN_SMTP_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

/* Longest local part and domain taken, in octets (RFC 5321 asks 64, 255). */
#define SMTP_LOCAL_MAX 256
#define SMTP_DOMAIN_MAX 255

struct smtp_address {
	struct slice text;   /* canonical: local@domain, domain in lower case */
	struct slice local;  /* as printed, quotes included; within text */
	struct slice domain; /* "example.org" or "[192.0.2.1]"; within text */
	bool is_literal;     /* the domain is an address literal */
	bool is_utf8;        /* holds octets above 127 (needs SMTPUTF8) */
};

/*
 * Parses local@domain. A quoted local part that needs no quotes loses them.
 * `arena` owns the result. 0, or -1 when it is no mailbox.
 */
int smtp_address_parse(struct slice text, struct arena *arena,
    struct smtp_address *out) MUST_CHECK;

/* A domain name of LDH labels (underscore and UTF-8 taken), 1 to 255 octets. */
bool smtp_domain_is_valid(struct slice domain);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
bool smtp_literal_is_valid(struct slice literal);
/* The domain of a canonical address text (after the last '@'), or empty. */
struct slice smtp_address_domain(struct slice text);

#endif
