/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above
 * U+10FFFF.
 */
#include "base/utf8.h"

size_t
utf8_decode(struct slice s, uint32_t *out_code)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	if (s.len == 0)
		return 0;
	unsigned char first = (unsigned char)s.ptr[0];
	if (first < 0x80) {
		*out_code = first;
		return 1;
	}
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || s.len < len)
		return 0;
	uint32_t code = first & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (next & 0x3f);
	}
	if (code < lowest[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*out_code = code;
	return len;
}

bool
utf8_is_valid(struct slice s)
{
	uint32_t code;

	while (s.len != 0) {
		size_t len = utf8_decode(s, &code);
		if (len == 0)
			return false;
		s = slice_sub(s, len, SIZE_MAX);
	}
	return true;
}

bool
utf8_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static bool
is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

void
utf8_append_clean(struct buf *out, struct slice s, size_t max)
{
	size_t start = out->len;
	bool was_space = false;

	while (s.len != 0) {
		uint32_t code;
		size_t len = utf8_decode(s, &code);
		struct slice piece = slice_sub(s, 0, len);
		bool is_space = ascii_is_space(s.ptr[0]);
		if (is_space)
			piece = SLICE(" ");
		else if (len == 0 || is_unsafe(code))
			piece = SLICE("?");
		if (out->len - start + piece.len > max)
			return;
		if (!(is_space && was_space) &&
		    buf_append_slice(out, piece) != 0)
			return;
		was_space = is_space;
		s = slice_sub(s, len != 0 ? len : 1, SIZE_MAX);
	}
}
