/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two state machines over octets. Both are strict on purpose: a server that
 * takes LF . LF or CR CR LF as a line end, or passes one on, lets a client
 * smuggle a second message past the next hop.
 */
#include "smtp/data.h"

#include <string.h>

/* Bytes before the first CR, LF or NUL. */
static size_t
plain_length(struct slice in)
{
	const char *cr = memchr(in.ptr, '\r', in.len);
	size_t len = cr != NULL ? (size_t)(cr - in.ptr) : in.len;
	const char *lf = memchr(in.ptr, '\n', len);

	if (lf != NULL)
		len = (size_t)(lf - in.ptr);
	const char *nul = memchr(in.ptr, '\0', len);
	return nul != NULL ? (size_t)(nul - in.ptr) : len;
}

/* Takes the plain rest of a line and its CR LF, as far as it is there. */
static enum smtp_data_status
read_text(struct smtp_data_reader *r, struct slice *in, struct slice *out)
{
	size_t len = plain_length(*in);

	if (len == in->len) {
		r->state = SMTP_DATA_TEXT;
	} else if (in->ptr[len] == '\0') {
		return SMTP_DATA_NUL;
	} else if (in->ptr[len] == '\n') {
		return SMTP_DATA_BARE;
	} else {
		len++;
		r->state = SMTP_DATA_CR;
		if (len < in->len && in->ptr[len] == '\n') {
			len++;
			r->state = SMTP_DATA_LINE_START;
		}
	}
	*out = slice_sub(*in, 0, len);
	*in = slice_sub(*in, len, SIZE_MAX);
	return SMTP_DATA_PIECE;
}

bool
smtp_data_may_end(const struct smtp_data_reader *r)
{
	return r->state != SMTP_DATA_CR;
}

enum smtp_data_status
smtp_data_read(struct smtp_data_reader *r, struct slice *in, struct slice *out)
{
	while (in->len != 0) {
		char c = in->ptr[0];
		switch (r->state) {
		case SMTP_DATA_TEXT:
			return read_text(r, in, out);
		case SMTP_DATA_LINE_START:
			if (c != '.' || r->is_chunked)
				return read_text(r, in, out);
			r->state = SMTP_DATA_DOT;
			break;
		case SMTP_DATA_DOT:
			if (c != '\r')
				return read_text(r, in, out);
			r->state = SMTP_DATA_DOT_CR;
			break;
		case SMTP_DATA_CR:
			if (c != '\n')
				return SMTP_DATA_BARE;
			r->state = SMTP_DATA_LINE_START;
			*out = slice_sub(*in, 0, 1);
			*in = slice_sub(*in, 1, SIZE_MAX);
			return SMTP_DATA_PIECE;
		case SMTP_DATA_DOT_CR:
			if (c != '\n')
				return SMTP_DATA_BARE;
			*in = slice_sub(*in, 1, SIZE_MAX);
			r->state = SMTP_DATA_LINE_START;
			return SMTP_DATA_DONE;
		}
		*in = slice_sub(*in, 1, SIZE_MAX);
	}
	return SMTP_DATA_MORE;
}

int
smtp_data_write(struct smtp_data_writer *w, struct slice in, struct buf *out)
{
	while (in.len != 0) {
		if (w->state == SMTP_DATA_CR) {
			if (in.ptr[0] != '\n' || buf_append_char(out, '\n'))
				return -1;
			w->state = SMTP_DATA_LINE_START;
			in = slice_sub(in, 1, SIZE_MAX);
			continue;
		}
		if (w->state == SMTP_DATA_LINE_START && in.ptr[0] == '.' &&
		    buf_append_char(out, '.') != 0)
			return -1;
		size_t len = plain_length(in);
		w->state = SMTP_DATA_TEXT;
		if (len < in.len) {
			if (in.ptr[len] != '\r')
				return -1;
			len++;
			w->state = SMTP_DATA_CR;
		}
		if (buf_append(out, in.ptr, len) != 0)
			return -1;
		in = slice_sub(in, len, SIZE_MAX);
	}
	return 0;
}

int
smtp_data_finish(struct smtp_data_writer *w, struct buf *out)
{
	if (w->state == SMTP_DATA_CR)
		return -1;
	if (w->state == SMTP_DATA_TEXT && buf_append_text(out, "\r\n") != 0)
		return -1;
	return buf_append_text(out, ".\r\n");
}
