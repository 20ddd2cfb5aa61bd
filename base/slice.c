/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing, cutting and searching borrowed bytes. Decides nothing.
 */
#include "base/slice.h"

#include <string.h>

#include "base/mem.h"

struct slice
slice_of(const char *text)
{
	return (struct slice){text, text != NULL ? strlen(text) : 0};
}

struct slice
slice_make(const char *ptr, size_t len)
{
	return (struct slice){ptr, len};
}

struct slice
slice_sub(struct slice s, size_t start, size_t len)
{
	if (start > s.len)
		start = s.len;
	if (len > s.len - start)
		len = s.len - start;
	return (struct slice){s.len != 0 ? s.ptr + start : s.ptr, len};
}

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

bool
ascii_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool
equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool
slice_equal_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && equal_nocase(a.ptr, b.ptr, a.len);
}

bool
slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

bool
slice_is_nocase(struct slice a, const char *text)
{
	return slice_equal_nocase(a, slice_of(text));
}

bool
slice_starts_nocase(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && equal_nocase(s.ptr, prefix, len);
}

bool
slice_ends_nocase(struct slice s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && equal_nocase(s.ptr + s.len - len, suffix, len);
}

ptrdiff_t
slice_find(struct slice s, char c)
{
	const char *at = s.len != 0 ? memchr(s.ptr, c, s.len) : NULL;

	return at != NULL ? at - s.ptr : -1;
}

ptrdiff_t
slice_rfind(struct slice s, char c)
{
	const char *at = s.len != 0 ? memrchr(s.ptr, c, s.len) : NULL;

	return at != NULL ? at - s.ptr : -1;
}

ptrdiff_t
slice_find_nocase(struct slice s, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; len <= s.len && i <= s.len - len; i++)
		if (equal_nocase(s.ptr + i, text, len))
			return (ptrdiff_t)i;
	return -1;
}

struct slice
slice_trim(struct slice s)
{
	while (s.len != 0 && ascii_is_space(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len != 0 && ascii_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
slice_cut(struct slice *rest, char sep, struct slice *out)
{
	if (rest->ptr == NULL)
		return false;
	ptrdiff_t at = slice_find(*rest, sep);
	if (at < 0) {
		*out = *rest;
		*rest = (struct slice){NULL, 0};
		return true;
	}
	*out = slice_sub(*rest, 0, (size_t)at);
	*rest = slice_sub(*rest, (size_t)at + 1, SIZE_MAX);
	return true;
}

int
slice_to_u64(struct slice s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]))
			return -1;
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

char *
slice_dup(struct slice s)
{
	return mem_strndup(s.ptr, s.len);
}

char *
slice_dup_lower(struct slice s)
{
	char *copy = slice_dup(s);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = ascii_lower(copy[i]);
	return copy;
}
