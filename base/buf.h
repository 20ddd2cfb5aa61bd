/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable byte buffer with a cap. An append that would pass the cap
 * appends nothing and fails, and so does every later one until buf_reset():
 * a caller that builds a text may check once, at the end. Owned by one thread.
 */
#ifndef POSTHORN_BASE_BUF_H
#define POSTHORN_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

struct buf {
	char *ptr;    /* null until the first append */
	size_t len;   /* bytes in use */
	size_t room;  /* bytes allocated */
	size_t cap;   /* bytes it may ever hold */
	bool is_over; /* an append failed */
};

/* A buffer that may hold `cap` bytes; allocates nothing yet. */
struct buf buf_make(size_t cap);
/* Frees the bytes; the buffer can be used again. */
void buf_free(struct buf *b);
/* Empties it, keeps its memory, forgets an overflow. */
void buf_reset(struct buf *b);

/* 0, or -1 past the cap. */
int buf_append(struct buf *b, const void *bytes, size_t len);
int buf_append_slice(struct buf *b, struct slice s);
int buf_append_text(struct buf *b, const char *text);
int buf_append_char(struct buf *b, char c);
int buf_appendf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
int buf_vappendf(struct buf *b, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

/* Makes room for `len` more bytes; null past the cap. Then buf_grow(). */
char *buf_reserve(struct buf *b, size_t len) MUST_CHECK;
/* Counts `len` bytes written at the place that buf_reserve() gave. */
void buf_grow(struct buf *b, size_t len);

/* Drops `len` bytes from the front. */
void buf_consume(struct buf *b, size_t len);
/* What it holds; valid until the next append or free. */
struct slice buf_slice(const struct buf *b);
/* The same with a NUL behind it (which does not count); never null. */
const char *buf_text(struct buf *b);

#endif
