/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reply means, whatever words it was put in: its class, whether trying
 * again makes sense, and whether the host or only the recipient is meant.
 * Pure. Classes are the public ones of events and metrics.
 */
#ifndef POSTHORN_ROUTING_CLASSIFY_H
#define POSTHORN_ROUTING_CLASSIFY_H

#include <stdbool.h>

#include "smtp/reply.h"

enum reply_class {
	REPLY_INVALID_RECIPIENT = 0,
	REPLY_MAILBOX_FULL,
	REPLY_INACTIVE,
	REPLY_SPAM_CONTENT,
	REPLY_REPUTATION,
	REPLY_BLOCKLIST,
	REPLY_AUTH_POLICY,
	REPLY_RATE_LIMITED,
	REPLY_GREYLISTED,
	REPLY_CONNECTION,
	REPLY_TLS,
	REPLY_DNS,
	REPLY_PROTOCOL,
	REPLY_TOO_BIG,
	REPLY_RELAY_DENIED,
	REPLY_OTHER,
	REPLY_CLASS_COUNT,
};

/* "invalid_recipient", … */
const char *reply_class_name(enum reply_class class);
/* For 4xx and 5xx replies, remote or local. */
enum reply_class classify_reply(const struct smtp_reply *reply);

#endif
