/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of Mailbox:
 *
 *	Mailbox     = Local-part "@" ( Domain / address-literal )
 *	Local-part  = Dot-string / Quoted-string
 *	Dot-string  = Atom *("." Atom)
 *
 * Octets above 127 are taken where they form valid UTF-8 (RFC 6531).
 */
#include "smtp/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

static bool
is_atext(char c)
{
	return ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_dot_string(struct slice s)
{
	char before = '.';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '.' ? before == '.' : !is_atext(c))
			return false;
		before = c;
	}
	return s.len != 0 && before != '.';
}

/* Reads a Quoted-string; the text without quotes goes to `out`. */
static int
unquote(struct slice s, struct buf *out, size_t *out_used)
{
	for (size_t i = 1; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '"') {
			*out_used = i + 1;
			return 0;
		}
		if (c == '\\' && ++i < s.len)
			c = s.ptr[i];
		if ((unsigned char)c < 0x20 || c == 0x7f ||
		    buf_append_char(out, c) != 0)
			return -1;
	}
	return -1;
}

static void
print_local(struct buf *out, struct slice local)
{
	if (is_dot_string(local)) {
		(void)buf_append_slice(out, local);
		return;
	}
	(void)buf_append_char(out, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.ptr[i] == '"' || local.ptr[i] == '\\')
			(void)buf_append_char(out, '\\');
		(void)buf_append_char(out, local.ptr[i]);
	}
	(void)buf_append_char(out, '"');
}

bool
smtp_domain_is_valid(struct slice domain)
{
	struct slice label;

	if (domain.len == 0 || domain.len > SMTP_DOMAIN_MAX ||
	    domain.ptr[domain.len - 1] == '.' || !utf8_is_valid(domain))
		return false;
	while (slice_cut(&domain, '.', &label)) {
		if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
		    label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++) {
			char c = label.ptr[i];
			if (!ascii_is_alnum(c) && c != '-' && c != '_' &&
			    (unsigned char)c < 0x80)
				return false;
		}
	}
	return true;
}

bool
smtp_literal_is_valid(struct slice literal)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char address[16];

	if (literal.len < 3 || literal.ptr[0] != '[' ||
	    literal.ptr[literal.len - 1] != ']')
		return false;
	struct slice inner = slice_sub(literal, 1, literal.len - 2);
	int family = AF_INET;
	if (slice_starts_nocase(inner, "IPv6:")) {
		family = AF_INET6;
		inner = slice_sub(inner, 5, SIZE_MAX);
	}
	if (inner.len >= sizeof(text))
		return false;
	memcpy(text, inner.ptr, inner.len);
	return strlen(text) == inner.len &&
	    inet_pton(family, text, address) == 1;
}

struct slice
smtp_address_domain(struct slice text)
{
	ptrdiff_t at = slice_rfind(text, '@');

	if (at < 0)
		return SLICE("");
	return slice_sub(text, (size_t)at + 1, SIZE_MAX);
}

static int
parse_local(struct slice text, struct buf *out, size_t *out_used)
{
	struct buf plain = buf_make(SMTP_LOCAL_MAX);
	int rc = -1;

	if (text.len != 0 && text.ptr[0] == '"') {
		rc = unquote(text, &plain, out_used);
	} else {
		/* The first '@': a dot-string can't hold one. */
		ptrdiff_t at = slice_find(text, '@');
		struct slice local = slice_sub(text, 0, (size_t)at);
		if (at > 0 && is_dot_string(local)) {
			rc = buf_append_slice(&plain, local);
			*out_used = local.len;
		}
	}
	if (rc == 0 && !utf8_is_valid(buf_slice(&plain)))
		rc = -1;
	if (rc == 0)
		print_local(out, buf_slice(&plain));
	buf_free(&plain);
	return rc;
}

int
smtp_address_parse(
    struct slice text, struct arena *arena, struct smtp_address *out)
{
	struct buf printed = buf_make(2 * SMTP_LOCAL_MAX + SMTP_DOMAIN_MAX + 3);
	size_t used = 0;
	int rc = -1;

	*out = (struct smtp_address){0};
	if (parse_local(text, &printed, &used) == 0 && used < text.len &&
	    text.ptr[used] == '@') {
		struct slice domain = slice_sub(text, used + 1, SIZE_MAX);
		size_t local_len = printed.len;
		out->is_literal = domain.len != 0 && domain.ptr[0] == '[';
		if (out->is_literal ? smtp_literal_is_valid(domain)
				    : smtp_domain_is_valid(domain)) {
			(void)buf_append_char(&printed, '@');
			for (size_t i = 0; i < domain.len; i++)
				(void)buf_append_char(
				    &printed, ascii_lower(domain.ptr[i]));
			out->text = arena_slice(arena, buf_slice(&printed));
			out->local = slice_sub(out->text, 0, local_len);
			out->domain =
			    slice_sub(out->text, local_len + 1, SIZE_MAX);
			out->is_utf8 = !utf8_is_ascii(out->text);
			rc = printed.is_over ? -1 : 0;
		}
	}
	buf_free(&printed);
	return rc;
}
