/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery status notifications (RFC 3464 in RFC 6522's multipart/report):
 * writing the message that tells a sender what became of its mail. Pure.
 */
#ifndef POSTHORN_SMTP_DSN_H
#define POSTHORN_SMTP_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"
#include "smtp/reply.h"

/* Original header octets that a notification carries at most. */
#define DSN_HEADER_MAX 65536

enum dsn_action {
	DSN_FAILED = 0,
	DSN_DELAYED,
	DSN_RELAYED, /* taken by a host that sends no notifications */
};

struct dsn_recipient {
	enum dsn_action action;
	struct slice address;           /* Final-Recipient */
	struct slice orcpt;             /* as the client sent it; null: none */
	const struct smtp_reply *reply; /* what decided it */
	struct slice remote_mta;        /* host that said so; may be empty */
	bool is_expired;                /* given up after the lifetime */
};

struct dsn {
	const char *id;          /* of the notification itself */
	const char *original_id; /* of the message it tells of */
	const char *hostname;    /* Reporting-MTA, and the From's domain */
	struct slice to;         /* the original envelope sender */
	int64_t now_ms;          /* wall */
	int64_t arrival_ms;      /* wall; when the original was accepted */
	int64_t expires_ms;      /* wall; when it would be given up */
	struct slice envid;      /* xtext as the client sent it; null: none */
	const struct dsn_recipient *recipients; /* all of one action */
	size_t recipient_count;                 /* at least 1 */
	/* The original message; its header goes in, cut to whole fields at
	 * the bound, or all of it (RET=FULL). */
	struct slice original;
	bool is_full;
	bool is_utf8; /* addresses or header hold UTF-8: RFC 6533 */
};

/* Appends the whole notification, CR LF lines; -1 past the buffer's cap. */
int dsn_write(struct buf *out, const struct dsn *d) MUST_CHECK;

/* The Subject of a notification. */
const char *dsn_subject(enum dsn_action action);

/*
 * May a notification be sent for a message with this envelope sender and
 * header? Not for the null sender, nor for what is itself automatic
 * (RFC 3464 2, RFC 3834 2, RFC 5321 4.5.5).
 */
bool dsn_is_wanted(struct slice sender, struct slice header);

#endif
