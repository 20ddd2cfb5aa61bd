/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header section of a message (RFC 5322 2.2): walking its fields and
 * writing new ones. Never changes bytes that it passes on. Pure.
 */
#ifndef POSTHORN_SMTP_HEADER_H
#define POSTHORN_SMTP_HEADER_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"

struct smtp_field {
	struct slice name;  /* without the colon */
	struct slice value; /* after the colon, folds included, ends trimmed */
	struct slice whole; /* name to the final CR LF: the bytes themselves */
};

/*
 * Cuts the next field off `*rest` (lines end in CR LF). False at the end of
 * the header section: `*rest` then starts with the empty line, or with a line
 * that is no field, or is empty.
 */
bool smtp_field_next(struct slice *rest, struct smtp_field *out);

/* The first field of that name (any case); false if there is none. */
bool smtp_field_find(
    struct slice header, const char *name, struct smtp_field *out);

/*
 * Appends "Name: value CR LF". -1 when name or value hold CR, LF or NUL, or
 * the line would pass 998 octets (RFC 5322 2.1.1): nothing is appended then.
 */
int smtp_field_append(
    struct buf *out, const char *name, struct slice value) MUST_CHECK;

/* Cuts the next address of a list (From, To) off `*rest`: what
 * smtp_field_address() finds up to the next comma. False at its end. */
bool smtp_field_next_address(struct slice *rest, struct slice *out);

/*
 * The addr-spec in a From-like value: the part in angle brackets, or the bare
 * address; comments and display names are left out. Empty if there is none.
 */
struct slice smtp_field_address(struct slice value);

#endif
