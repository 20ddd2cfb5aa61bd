/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies (RFC 5321 4.2, enhanced codes RFC 3463): the value that says how an
 * SMTP step ended. What a remote server said and what failed on our side
 * (DNS, connect, TLS, timeout: marked local) have one type and one path.
 */
#ifndef POSTHORN_SMTP_REPLY_H
#define POSTHORN_SMTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"

/* Text kept of a reply; longer ones are cut. */
#define SMTP_REPLY_TEXT_MAX 512
/* A remote reply with more octets than this, or more lines, is an error. */
#define SMTP_REPLY_BYTES_MAX 16384
#define SMTP_REPLY_LINES_MAX 128

struct smtp_enhanced {
	uint16_t class; /* 2, 4 or 5; 0: none given */
	uint16_t subject;
	uint16_t detail;
};

struct smtp_reply {
	int code;                       /* 200 to 599 */
	struct smtp_enhanced enhanced;  /* RFC 3463 */
	bool is_local;                  /* we made it; no server said so */
	char text[SMTP_REPLY_TEXT_MAX]; /* one clean line, UTF-8 */
};

/* A local reply, e.g. 451 4.4.1 for a refused connection. */
struct smtp_reply smtp_reply_local(int code, int subject, int detail,
    const char *format, ...) PRINTF_LIKE(4, 5);
bool smtp_reply_is_success(const struct smtp_reply *r);   /* 2xx */
bool smtp_reply_is_temporary(const struct smtp_reply *r); /* 4xx */
bool smtp_reply_is_permanent(const struct smtp_reply *r); /* 5xx */

/* "5.1.1" into `out` of at least 16 bytes; empty when there is none. */
#define SMTP_ENHANCED_BYTES 20
void smtp_enhanced_print(struct smtp_enhanced e, char out[SMTP_ENHANCED_BYTES]);
/* Reads "x.y.z" at the front of the text; bytes used, 0 if there is none. */
size_t smtp_enhanced_parse(struct slice text, struct smtp_enhanced *out);

/* Reads replies off a byte stream, over as many feeds as it takes. */
struct smtp_reply_parser {
	struct buf line;  /* the line being read */
	struct buf lines; /* texts after the code, '\n' behind each */
	size_t line_count;
	int code; /* of the first line; 0 before it */
};

enum smtp_reply_status {
	SMTP_REPLY_MORE = 0, /* feed more bytes */
	SMTP_REPLY_DONE,     /* one reply is complete */
	SMTP_REPLY_ERROR,    /* not SMTP, or over a bound; close */
};

void smtp_reply_parser_init(struct smtp_reply_parser *p);
void smtp_reply_parser_free(struct smtp_reply_parser *p);
/*
 * Takes bytes off the front of `*in`, at most to the end of one reply. On
 * DONE `out` is filled, and p->lines holds the texts until the next feed.
 */
enum smtp_reply_status smtp_reply_feed(struct smtp_reply_parser *p,
    struct slice *in, struct smtp_reply *out) MUST_CHECK;

#endif
