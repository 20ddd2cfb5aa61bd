/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines as a server reads them (RFC 5321 4.1.1): verb, path,
 * parameters. Pure; slices point into the line.
 */
#ifndef POSTHORN_SMTP_COMMAND_H
#define POSTHORN_SMTP_COMMAND_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"
#include "smtp/address.h"

#define SMTP_PARAMS_MAX 16

struct smtp_command {
	struct slice verb; /* ASCII letters and digits only; may be empty */
	struct slice args; /* without the spaces around */
};

/* keyword["=" value] (RFC 5321 4.1.2 esmtp-param). */
struct smtp_param {
	struct slice keyword;
	struct slice value; /* null pointer when there is no "=" */
};

struct smtp_path {
	struct smtp_address address; /* empty for the null path */
	bool is_null;                /* "<>" */
	bool is_postmaster;          /* "<Postmaster>" without a domain */
	struct smtp_param params[SMTP_PARAMS_MAX];
	size_t param_count;
};

enum smtp_path_error {
	SMTP_PATH_OK = 0,
	SMTP_PATH_KEYWORD, /* "FROM:" or "TO:" is missing */
	SMTP_PATH_SYNTAX,  /* the address is no mailbox */
	SMTP_PATH_PARAMS,  /* a parameter is malformed, or there are too many */
};

/* Splits a line (without CR LF) into verb and arguments; never fails. */
struct smtp_command smtp_command_parse(struct slice line);

/*
 * Parses the arguments of MAIL ("FROM") or RCPT ("TO"): keyword, colon, path
 * with or without angle brackets, parameters. A source route is dropped
 * (RFC 5321 4.1.1.3). `arena` owns the address.
 */
enum smtp_path_error smtp_path_parse(struct slice args, const char *keyword,
    struct arena *arena, struct smtp_path *out) MUST_CHECK;

/* Is it what EHLO or HELO may carry: a domain, a literal, or another word of
 * printable ASCII without spaces (clients send many)? RFC 5321 4.1.1.1. */
bool smtp_helo_is_valid(struct slice name);

#endif
