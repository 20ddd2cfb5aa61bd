/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Growth by doubling up to the cap. Decides nothing about the bytes.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_ROOM 256

struct buf
buf_make(size_t cap)
{
	return (struct buf){.cap = cap};
}

void
buf_free(struct buf *b)
{
	mem_free(b->ptr);
	*b = buf_make(b->cap);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->is_over = false;
}

char *
buf_reserve(struct buf *b, size_t len)
{
	if (b->is_over || len > b->cap - b->len) {
		b->is_over = true;
		return NULL;
	}
	/* One byte more than the cap, for the NUL of buf_text(). */
	size_t need = b->len + len + 1;
	if (need > b->room) {
		size_t room = b->room != 0 ? b->room : FIRST_ROOM;
		while (room < need)
			room *= 2;
		if (room > b->cap + 1)
			room = b->cap + 1;
		b->ptr = mem_realloc(b->ptr, room);
		b->room = room;
	}
	return b->ptr + b->len;
}

void
buf_grow(struct buf *b, size_t len)
{
	assert(b->len + len < b->room);
	b->len += len;
}

int
buf_append(struct buf *b, const void *bytes, size_t len)
{
	char *at = buf_reserve(b, len);

	if (at == NULL)
		return -1;
	if (len != 0)
		memcpy(at, bytes, len);
	b->len += len;
	return 0;
}

int
buf_append_slice(struct buf *b, struct slice s)
{
	return buf_append(b, s.ptr, s.len);
}

int
buf_append_text(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

int
buf_append_char(struct buf *b, char c)
{
	return buf_append(b, &c, 1);
}

int
buf_vappendf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(len >= 0);
	char *at = buf_reserve(b, (size_t)len);
	if (at == NULL)
		return -1;
	/* buf_reserve() keeps one byte for the NUL. */
	(void)vsnprintf(at, (size_t)len + 1, format, args);
	b->len += (size_t)len;
	return 0;
}

int
buf_appendf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int rc = buf_vappendf(b, format, args);
	va_end(args);
	return rc;
}

void
buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	if (len == 0)
		return;
	b->len -= len;
	memmove(b->ptr, b->ptr + len, b->len);
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){b->ptr, b->len};
}

const char *
buf_text(struct buf *b)
{
	if (b->ptr == NULL)
		return "";
	b->ptr[b->len] = '\0';
	return b->ptr;
}
