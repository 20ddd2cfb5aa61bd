/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What MAIL and RCPT carry behind the path: SIZE (RFC 1870), BODY (RFC 6152),
 * AUTH (RFC 4954 5), RET, ENVID, NOTIFY, ORCPT (RFC 3461 4), SMTPUTF8
 * (RFC 6531 3.4), REQUIRETLS (RFC 8689 2). Pure.
 */
#ifndef POSTHORN_SMTP_PARAMS_H
#define POSTHORN_SMTP_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"
#include "smtp/command.h"

#define SMTP_ENVID_MAX 100 /* octets of xtext, RFC 3461 4.4 */
#define SMTP_ORCPT_MAX 500 /* octets, RFC 3461 4.2 */

/* What of the message a notification returns. Stored: do not renumber. */
enum smtp_ret {
	SMTP_RET_DEFAULT = 0,
	SMTP_RET_FULL,
	SMTP_RET_HDRS,
};

/* When a notification is wanted, as bits; 0: not said. Stored. */
enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1,
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8,
};

enum smtp_params_error {
	SMTP_PARAMS_OK = 0,
	SMTP_PARAMS_UNKNOWN,   /* a keyword that is not known: 555 */
	SMTP_PARAMS_VALUE,     /* a value that is not good: 501 */
	SMTP_PARAMS_DUPLICATE, /* a keyword came twice: 501 */
};

struct smtp_mail_params {
	bool has_size;
	uint64_t size; /* octets */
	bool is_8bit;  /* BODY=8BITMIME */
	bool is_utf8;  /* SMTPUTF8 */
	bool requires_tls;
	enum smtp_ret ret;
	struct slice envid; /* as sent (xtext); null: none */
};

struct smtp_rcpt_params {
	unsigned int notify; /* bits of enum smtp_notify */
	struct slice orcpt;  /* as sent, "type;xtext"; null: none */
};

/* `out_bad` is the parameter at fault, when one is. Slices point into the
 * path's. */
enum smtp_params_error smtp_mail_params_read(const struct smtp_path *path,
    struct smtp_mail_params *out, struct slice *out_bad) MUST_CHECK;
enum smtp_params_error smtp_rcpt_params_read(const struct smtp_path *path,
    struct smtp_rcpt_params *out, struct slice *out_bad) MUST_CHECK;

/* Is it xtext (RFC 3461 4)? Decoding is into printable ASCII only: `arena`
 * owns the result; null when it is none. */
bool smtp_xtext_is_valid(struct slice s);
struct slice smtp_xtext_decode(struct slice s, struct arena *arena);

#endif
