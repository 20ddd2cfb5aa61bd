/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A field is a name of printable ASCII, a colon, and a value that goes on
 * over lines that start with white space (RFC 5322 2.2.3).
 */
#include "smtp/header.h"

#include <string.h>

#define LINE_MAX_OCTETS 998

static bool
is_field_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c <= 0x20 || c >= 0x7f)
			return false;
	}
	return s.len != 0;
}

/* The length of the first line with its LF, or all. */
static size_t
line_length(struct slice s)
{
	ptrdiff_t lf = slice_find(s, '\n');

	return lf < 0 ? s.len : (size_t)lf + 1;
}

bool
smtp_field_next(struct slice *rest, struct smtp_field *out)
{
	size_t len = line_length(*rest);
	ptrdiff_t colon = slice_find(slice_sub(*rest, 0, len), ':');

	if (colon <= 0)
		return false;
	/* RFC 5322 4.5: obsolete syntax has white space before the colon. */
	struct slice name = slice_trim(slice_sub(*rest, 0, (size_t)colon));
	if (!is_field_name(name) || ascii_is_space(rest->ptr[0]))
		return false;
	while (len < rest->len &&
	    (rest->ptr[len] == ' ' || rest->ptr[len] == '\t'))
		len += line_length(slice_sub(*rest, len, SIZE_MAX));
	out->name = name;
	out->whole = slice_sub(*rest, 0, len);
	out->value =
	    slice_trim(slice_sub(out->whole, (size_t)colon + 1, SIZE_MAX));
	*rest = slice_sub(*rest, len, SIZE_MAX);
	return true;
}

bool
smtp_field_find(struct slice header, const char *name, struct smtp_field *out)
{
	while (smtp_field_next(&header, out))
		if (slice_is_nocase(out->name, name))
			return true;
	return false;
}

int
smtp_field_append(struct buf *out, const char *name, struct slice value)
{
	size_t len = strlen(name) + 2 + value.len;

	if (!is_field_name(slice_of(name)) || len > LINE_MAX_OCTETS ||
	    slice_find(value, '\r') >= 0 || slice_find(value, '\n') >= 0 ||
	    slice_find(value, '\0') >= 0)
		return -1;
	return buf_appendf(out, "%s: %.*s\r\n", name, SLICE_ARGS(value));
}

/* The index behind a quoted string or comment that starts at `i`. */
static size_t
skip_quoted(struct slice s, size_t i)
{
	bool is_comment = s.ptr[i] == '(';
	size_t depth = 1;

	/* Comments nest (RFC 5322 3.2.2), quoted strings do not. */
	for (i++; i < s.len && depth != 0; i++) {
		char c = s.ptr[i];
		if (c == '\\')
			i++;
		else if (is_comment && c == '(')
			depth++;
		else if (c == (is_comment ? ')' : '"'))
			depth--;
	}
	return i < s.len ? i : s.len;
}

/* The bytes before `end`, quoted strings passed over as a whole. */
static struct slice
until(struct slice s, char end)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] != end)
		i = s.ptr[i] == '"' ? skip_quoted(s, i) : i + 1;
	return slice_sub(s, 0, i);
}

struct slice
smtp_field_address(struct slice value)
{
	struct slice rest = value;
	size_t i = 0;

	/* Of an address list, what stands before the first comma counts. */
	while (i < rest.len && rest.ptr[i] != ',' && rest.ptr[i] != ';') {
		char c = rest.ptr[i];
		if (c == '<')
			return slice_trim(
			    until(slice_sub(rest, i + 1, SIZE_MAX), '>'));
		i = c == '"' || c == '(' ? skip_quoted(rest, i) : i + 1;
		if (c == ':') {
			/* A group's name (RFC 5322 3.4). */
			rest = slice_sub(rest, i, SIZE_MAX);
			i = 0;
		}
	}
	/* No brackets: the address without the comments around it. */
	value = slice_trim(slice_sub(rest, 0, i));
	if (value.len != 0 && value.ptr[0] == '(')
		value = slice_sub(value, skip_quoted(value, 0), SIZE_MAX);
	value = slice_trim(until(value, '('));
	/* An '@' inside quotes alone makes no address. */
	i = value.len != 0 && value.ptr[0] == '"' ? skip_quoted(value, 0) : 0;
	return slice_find(slice_sub(value, i, SIZE_MAX), '@') >= (i == 0)
	    ? value
	    : SLICE("");
}

bool
smtp_field_next_address(struct slice *rest, struct slice *out)
{
	size_t i = 0;

	if (slice_trim(*rest).len == 0)
		return false;
	while (i < rest->len && rest->ptr[i] != ',')
		i = rest->ptr[i] == '"' || rest->ptr[i] == '('
		    ? skip_quoted(*rest, i)
		    : i + 1;
	*out = smtp_field_address(slice_sub(*rest, 0, i));
	*rest = slice_sub(*rest, i + 1, SIZE_MAX);
	return true;
}
