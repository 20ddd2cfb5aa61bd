/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tables: words that receivers use, asked first because they say more,
 * then enhanced codes (RFC 3463).
 */
#include "routing/classify.h"

#include <string.h>

#include "base/attr.h"

static const char *const class_names[REPLY_CLASS_COUNT] = {
    [REPLY_INVALID_RECIPIENT] = "invalid_recipient",
    [REPLY_MAILBOX_FULL] = "mailbox_full",
    [REPLY_INACTIVE] = "inactive",
    [REPLY_SPAM_CONTENT] = "spam_content",
    [REPLY_REPUTATION] = "reputation",
    [REPLY_BLOCKLIST] = "blocklist",
    [REPLY_AUTH_POLICY] = "auth_policy",
    [REPLY_RATE_LIMITED] = "rate_limited",
    [REPLY_GREYLISTED] = "greylisted",
    [REPLY_CONNECTION] = "connection",
    [REPLY_TLS] = "tls",
    [REPLY_DNS] = "dns",
    [REPLY_PROTOCOL] = "protocol",
    [REPLY_TOO_BIG] = "too_big",
    [REPLY_RELAY_DENIED] = "relay_denied",
    [REPLY_OTHER] = "other",
};

struct words {
	const char *text;
	enum reply_class class;
};

/* clang-format off */
static const struct words words[] = {
	{ "server busy", REPLY_RATE_LIMITED },
	{ "mail too quickly", REPLY_RATE_LIMITED },
	{ "mail at a rate", REPLY_RATE_LIMITED },
	{ "reverse hostname", REPLY_AUTH_POLICY },
	{ "greylist", REPLY_GREYLISTED },
	{ "graylist", REPLY_GREYLISTED },
	{ "grey-list", REPLY_GREYLISTED },
	{ "greylisted", REPLY_GREYLISTED },
	{ "try again in a few minutes", REPLY_GREYLISTED },
	{ "spamhaus", REPLY_BLOCKLIST },
	{ "barracudacentral", REPLY_BLOCKLIST },
	{ "spamcop", REPLY_BLOCKLIST },
	{ "sorbs", REPLY_BLOCKLIST },
	{ "blacklist", REPLY_BLOCKLIST },
	{ "blocklist", REPLY_BLOCKLIST },
	{ "block list", REPLY_BLOCKLIST },
	{ "dnsbl", REPLY_BLOCKLIST },
	{ "rbl", REPLY_BLOCKLIST },
	{ "banned sending ip", REPLY_BLOCKLIST },
	{ "dmarc", REPLY_AUTH_POLICY },
	{ "dkim", REPLY_AUTH_POLICY },
	{ "spf", REPLY_AUTH_POLICY },
	{ "unauthenticated", REPLY_AUTH_POLICY },
	{ "ptr record", REPLY_AUTH_POLICY },
	{ "reverse dns", REPLY_AUTH_POLICY },
	{ "reputation", REPLY_REPUTATION },
	{ "rate limit", REPLY_RATE_LIMITED },
	{ "ratelimit", REPLY_RATE_LIMITED },
	{ "too many connections", REPLY_RATE_LIMITED },
	{ "too many messages", REPLY_RATE_LIMITED },
	{ "too many recipients", REPLY_RATE_LIMITED },
	{ "unusual rate", REPLY_RATE_LIMITED },
	{ "throttl", REPLY_RATE_LIMITED },
	{ "temporarily deferred due to", REPLY_RATE_LIMITED },
	{ "quota exceeded", REPLY_MAILBOX_FULL },
	{ "over quota", REPLY_MAILBOX_FULL },
	{ "overquota", REPLY_MAILBOX_FULL },
	{ "mailbox full", REPLY_MAILBOX_FULL },
	{ "mailbox is full", REPLY_MAILBOX_FULL },
	{ "out of storage", REPLY_MAILBOX_FULL },
	{ "inactive", REPLY_INACTIVE },
	{ "disabled", REPLY_INACTIVE },
	{ "suspended", REPLY_INACTIVE },
	{ "user unknown", REPLY_INVALID_RECIPIENT },
	{ "unknown user", REPLY_INVALID_RECIPIENT },
	{ "no such user", REPLY_INVALID_RECIPIENT },
	{ "no such recipient", REPLY_INVALID_RECIPIENT },
	{ "does not exist", REPLY_INVALID_RECIPIENT },
	{ "recipient address rejected", REPLY_INVALID_RECIPIENT },
	{ "recipient not found", REPLY_INVALID_RECIPIENT },
	{ "user not found", REPLY_INVALID_RECIPIENT },
	{ "invalid recipient", REPLY_INVALID_RECIPIENT },
	{ "mailbox unavailable", REPLY_INVALID_RECIPIENT },
	{ "relay access denied", REPLY_RELAY_DENIED },
	{ "relaying denied", REPLY_RELAY_DENIED },
	{ "relay not permitted", REPLY_RELAY_DENIED },
	{ "unable to relay", REPLY_RELAY_DENIED },
	{ "message size", REPLY_TOO_BIG },
	{ "too large", REPLY_TOO_BIG },
	{ "too big", REPLY_TOO_BIG },
	{ "spam", REPLY_SPAM_CONTENT },
	{ "unsolicited", REPLY_SPAM_CONTENT },
	{ "content rejected", REPLY_SPAM_CONTENT },
	{ "virus", REPLY_SPAM_CONTENT },
	{ "starttls", REPLY_TLS },
};

struct code {
	int subject, detail; /* detail -1: any */
	enum reply_class class;
};

/* RFC 3463 3.2 to 3.8. */
static const struct code codes[] = {
	{ 1, 1, REPLY_INVALID_RECIPIENT },
	{ 1, 2, REPLY_DNS },
	{ 1, 3, REPLY_INVALID_RECIPIENT },
	{ 1, 6, REPLY_INVALID_RECIPIENT },
	{ 1, 10, REPLY_INVALID_RECIPIENT },
	{ 2, 1, REPLY_INACTIVE },
	{ 2, 2, REPLY_MAILBOX_FULL },
	{ 2, 3, REPLY_TOO_BIG },
	{ 3, 4, REPLY_TOO_BIG },
	{ 4, 1, REPLY_CONNECTION },
	{ 4, 2, REPLY_CONNECTION },
	{ 4, 3, REPLY_DNS },
	{ 4, 4, REPLY_DNS },
	{ 4, 5, REPLY_RATE_LIMITED },
	{ 5, -1, REPLY_PROTOCOL },
	{ 7, 20, REPLY_AUTH_POLICY },
	{ 7, 21, REPLY_AUTH_POLICY },
	{ 7, 23, REPLY_AUTH_POLICY },
	{ 7, 25, REPLY_AUTH_POLICY },
	{ 7, 26, REPLY_AUTH_POLICY },
	{ 7, 5, REPLY_TLS },
	{ 7, 10, REPLY_TLS },
	{ 7, 28, REPLY_RATE_LIMITED },
};
/* clang-format on */

const char *reply_class_name(enum reply_class class)
{
	return class_names[class];
}

static bool
find_code(struct smtp_enhanced e, enum reply_class *out)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].subject == (int)e.subject &&
		    (codes[i].detail == -1 ||
			codes[i].detail == (int)e.detail)) {
			*out = codes[i].class;
			return true;
		}
	return false;
}

static bool
is_letter(struct slice s, ptrdiff_t at)
{
	return at >= 0 && (size_t)at < s.len && ascii_is_alnum(s.ptr[at]);
}

/* Short words count as words only: "rbl" is in "marbles". */
static bool
has_word(struct slice text, const char *word)
{
	ptrdiff_t len = (ptrdiff_t)slice_of(word).len;
	ptrdiff_t at;

	while ((at = slice_find_nocase(text, word)) >= 0) {
		if (len > 5 ||
		    (!is_letter(text, at - 1) && !is_letter(text, at + len)))
			return true;
		text = slice_sub(text, (size_t)at + 1, SIZE_MAX);
	}
	return false;
}

/* Addresses that a server echoes are not its words. */
static void
without_addresses(const char *text, char *out)
{
	const char *close;

	while (*text != '\0') {
		if (*text == '<' && (close = strchr(text, '>')) != NULL &&
		    memchr(text, '@', (size_t)(close - text)) != NULL)
			text = close + 1;
		else
			*out++ = *text++;
	}
	*out = '\0';
}

enum reply_class
classify_reply(const struct smtp_reply *reply)
{
	char plain[SMTP_REPLY_TEXT_MAX];
	enum reply_class class;

	without_addresses(reply->text, plain);
	struct slice text = slice_of(plain);

	/* Our own replies have exact codes. */
	if (reply->is_local && find_code(reply->enhanced, &class))
		return class;
	/* An address that is unknown by code stays that, whatever is said. */
	if (reply->enhanced.class == 5 && reply->enhanced.subject == 1 &&
	    reply->enhanced.detail == 1)
		return REPLY_INVALID_RECIPIENT;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (has_word(text, words[i].text))
			return words[i].class;
	if (reply->enhanced.class != 0 && find_code(reply->enhanced, &class))
		return class;
	if (reply->code == 421)
		return REPLY_CONNECTION;
	if (reply->code == 552)
		return REPLY_MAILBOX_FULL;
	return reply->code == 550 && reply->enhanced.class == 0
	    ? REPLY_INVALID_RECIPIENT
	    : REPLY_OTHER;
}
