/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading remote replies, which are foreign bytes: bounded in length and
 * lines, cleaned before anyone sees the text. A code that changes inside a
 * multi-line reply is an error (RFC 5321 4.2.1).
 */
#include "smtp/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct smtp_reply
smtp_reply_local(int code, int subject, int detail, const char *format, ...)
{
	struct smtp_reply r = {.code = code, .is_local = true};
	struct buf raw = buf_make(4 * sizeof(r.text));
	struct buf clean = buf_make(sizeof(r.text) - 1);
	va_list args;

	r.enhanced = (struct smtp_enhanced){
	    (uint16_t)(code / 100), (uint16_t)subject, (uint16_t)detail};
	va_start(args, format);
	(void)buf_vappendf(&raw, format, args);
	va_end(args);
	/* What went into it may be foreign: names, reasons of libraries. */
	utf8_append_clean(&clean, buf_slice(&raw), clean.cap);
	memcpy(r.text, buf_text(&clean), clean.len + 1);
	buf_free(&raw);
	buf_free(&clean);
	return r;
}

bool
smtp_reply_is_success(const struct smtp_reply *r)
{
	return r->code / 100 == 2;
}

bool
smtp_reply_is_temporary(const struct smtp_reply *r)
{
	return r->code / 100 == 4;
}

bool
smtp_reply_is_permanent(const struct smtp_reply *r)
{
	return r->code / 100 == 5;
}

void
smtp_enhanced_print(struct smtp_enhanced e, char out[SMTP_ENHANCED_BYTES])
{
	out[0] = '\0';
	if (e.class != 0)
		(void)snprintf(out, SMTP_ENHANCED_BYTES, "%u.%u.%u", e.class,
		    e.subject, e.detail);
}

/* One to three digits; bytes used, 0 if there are none or more. */
static size_t
parse_number(struct slice s, uint16_t *out)
{
	size_t len = 0;
	uint64_t value;

	while (len < s.len && ascii_is_digit(s.ptr[len]))
		len++;
	if (len > 3 || slice_to_u64(slice_sub(s, 0, len), &value) != 0)
		return 0;
	*out = (uint16_t)value;
	return len;
}

size_t
smtp_enhanced_parse(struct slice text, struct smtp_enhanced *out)
{
	struct smtp_enhanced e;
	size_t used = 2;

	if (text.len < 5 || text.ptr[1] != '.' ||
	    (text.ptr[0] != '2' && text.ptr[0] != '4' && text.ptr[0] != '5'))
		return 0;
	e.class = (uint16_t)(text.ptr[0] - '0');
	size_t len = parse_number(slice_sub(text, used, SIZE_MAX), &e.subject);
	used += len;
	if (len == 0 || used >= text.len || text.ptr[used] != '.')
		return 0;
	used++;
	len = parse_number(slice_sub(text, used, SIZE_MAX), &e.detail);
	used += len;
	if (len == 0 || (used < text.len && !ascii_is_space(text.ptr[used])))
		return 0;
	*out = e;
	return used;
}

void
smtp_reply_parser_init(struct smtp_reply_parser *p)
{
	*p = (struct smtp_reply_parser){
	    .line = buf_make(SMTP_REPLY_BYTES_MAX),
	    .lines = buf_make(SMTP_REPLY_BYTES_MAX),
	};
}

void
smtp_reply_parser_free(struct smtp_reply_parser *p)
{
	buf_free(&p->line);
	buf_free(&p->lines);
}

/* The whole reply as one value: enhanced code cut off each line. */
static void
finish(struct smtp_reply_parser *p, struct smtp_reply *out)
{
	struct slice rest = buf_slice(&p->lines);
	struct slice line;
	struct buf text = buf_make(sizeof(out->text) - 1);

	*out = (struct smtp_reply){.code = p->code};
	while (slice_cut(&rest, '\n', &line) && line.ptr != NULL) {
		struct smtp_enhanced e;
		size_t used = smtp_enhanced_parse(line, &e);
		/* RFC 2034: it must be of the code's class to count. */
		if (used != 0 && e.class == p->code / 100) {
			if (out->enhanced.class == 0)
				out->enhanced = e;
			line = slice_trim(slice_sub(line, used, SIZE_MAX));
		}
		if (text.len != 0 && line.len != 0 && text.len < text.cap)
			(void)buf_append_char(&text, ' ');
		utf8_append_clean(&text, line, text.cap - text.len);
	}
	memcpy(out->text, buf_text(&text), text.len + 1);
	buf_free(&text);
}

/* Takes one whole line (without its end) into the reply. */
static enum smtp_reply_status
take_line(struct smtp_reply_parser *p, struct slice line)
{
	uint64_t code;

	if (line.len < 3 || slice_to_u64(slice_sub(line, 0, 3), &code) != 0 ||
	    code < 200 || code > 599 ||
	    (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-'))
		return SMTP_REPLY_ERROR;
	if (p->line_count++ == 0)
		p->code = (int)code;
	if (p->code != (int)code || p->line_count > SMTP_REPLY_LINES_MAX)
		return SMTP_REPLY_ERROR;
	if (buf_append_slice(&p->lines, slice_sub(line, 4, SIZE_MAX)) != 0 ||
	    buf_append_char(&p->lines, '\n') != 0)
		return SMTP_REPLY_ERROR;
	return line.len > 3 && line.ptr[3] == '-' ? SMTP_REPLY_MORE
						  : SMTP_REPLY_DONE;
}

enum smtp_reply_status
smtp_reply_feed(
    struct smtp_reply_parser *p, struct slice *in, struct smtp_reply *out)
{
	if (p->line_count == 0)
		buf_reset(&p->lines);
	while (in->len != 0) {
		ptrdiff_t end = slice_find(*in, '\n');
		size_t take = end < 0 ? in->len : (size_t)end + 1;
		if (buf_append(&p->line, in->ptr, take) != 0)
			return SMTP_REPLY_ERROR;
		*in = slice_sub(*in, take, SIZE_MAX);
		if (end < 0)
			return SMTP_REPLY_MORE;
		struct slice line = buf_slice(&p->line);
		line.len--;
		if (line.len != 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		enum smtp_reply_status status = take_line(p, line);
		buf_reset(&p->line);
		if (status == SMTP_REPLY_DONE) {
			finish(p, out);
			p->line_count = 0;
		}
		if (status != SMTP_REPLY_MORE)
			return status;
	}
	return SMTP_REPLY_MORE;
}
