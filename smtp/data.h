/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data stream between 354 and the final dot (RFC 5321 4.5.2): undoing
 * dot-stuffing on the way in, doing it on the way out. The end of data is
 * CR LF . CR LF and nothing else; a CR or LF that is not part of CR LF, and a
 * NUL, are errors in both directions. Pure; works over any cut of the bytes.
 */
#ifndef POSTHORN_SMTP_DATA_H
#define POSTHORN_SMTP_DATA_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"

enum smtp_data_state {
	SMTP_DATA_LINE_START = 0, /* after CR LF, and at the very start */
	SMTP_DATA_TEXT,           /* inside a line */
	SMTP_DATA_CR,             /* after a CR inside a line */
	SMTP_DATA_DOT,            /* after a '.' at a line's start */
	SMTP_DATA_DOT_CR,         /* after ". CR" */
};

enum smtp_data_status {
	SMTP_DATA_MORE = 0, /* all input is used up */
	SMTP_DATA_PIECE,    /* a piece was given; call again */
	SMTP_DATA_DONE,     /* the final dot was read; the rest is commands */
	SMTP_DATA_BARE,     /* bare CR or LF */
	SMTP_DATA_NUL,      /* a NUL octet */
};

/* Zero it to start. */
struct smtp_data_reader {
	enum smtp_data_state state;
	bool is_chunked; /* BDAT (RFC 3030): no dots, the end is known */
};

/*
 * Cuts bytes off the front of `*in`; on PIECE `*out_piece` is a part of them
 * that belongs to the message.
 */
enum smtp_data_status smtp_data_read(struct smtp_data_reader *r,
    struct slice *in, struct slice *out_piece) MUST_CHECK;
/* The last chunk was read: may the message end here? Not after a lone CR. */
bool smtp_data_may_end(const struct smtp_data_reader *r);

/* Zero it to start. */
struct smtp_data_writer {
	enum smtp_data_state state; /* LINE_START, TEXT or CR */
};

/*
 * Appends message bytes to `out`, dot-stuffed. -1 when they hold a bare CR or
 * LF or a NUL (nothing of that may leave), or when `out` is full.
 */
int smtp_data_write(
    struct smtp_data_writer *w, struct slice in, struct buf *out) MUST_CHECK;
/* Appends what ends the data: CR LF where the last line has none, then the
 * dot. -1 when the message ends in a CR. */
int smtp_data_finish(struct smtp_data_writer *w, struct buf *out) MUST_CHECK;

#endif
