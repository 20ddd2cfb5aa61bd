/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A borrowed piece of bytes: pointer and length, no terminator, may hold NUL.
 * All functions are pure; any thread. ASCII rules only, never the locale.
 */
#ifndef POSTHORN_BASE_SLICE_H
#define POSTHORN_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice over a string literal. */
#define SLICE(LITERAL) ((struct slice){(LITERAL), sizeof(LITERAL) - 1})
/* For "%.*s". */
#define SLICE_ARGS(S) (int)(S).len, (S).ptr

/* A slice over a C string; null gives the empty slice. */
struct slice slice_of(const char *text);
struct slice slice_make(const char *ptr, size_t len);
/* Bytes from `start` on, at most `len`; both are clamped. */
struct slice slice_sub(struct slice s, size_t start, size_t len);

bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text);
bool slice_starts_nocase(struct slice s, const char *prefix);
bool slice_ends_nocase(struct slice s, const char *suffix);

/* Index of the first `c`, or -1. */
ptrdiff_t slice_find(struct slice s, char c);
ptrdiff_t slice_rfind(struct slice s, char c);
/* Index of the first occurrence of `text`, ASCII case folded, or -1. */
ptrdiff_t slice_find_nocase(struct slice s, const char *text);

/* Without the spaces and tabs (CR and LF too) at both ends. */
struct slice slice_trim(struct slice s);
/*
 * Cuts the bytes before the next `sep` off the front of `*rest` into `*out`.
 * False when nothing is left; the last piece has no separator after it.
 */
bool slice_cut(struct slice *rest, char sep, struct slice *out);

/* Decimal digits only, the whole slice, no sign; 0 or -1 (also on overflow). */
int slice_to_u64(struct slice s, uint64_t *out) MUST_CHECK;

char ascii_lower(char c);
bool ascii_is_alpha(char c);
bool ascii_is_digit(char c);
bool ascii_is_alnum(char c);
bool ascii_is_space(char c);

/* A NUL-terminated heap copy; free with mem_free(). */
char *slice_dup(struct slice s);
/* Likewise, ASCII letters in lower case. */
char *slice_dup_lower(struct slice s);

#endif
