/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSL's coder behind a check of what it would let pass.
 */
#include "access/base64.h"

#include <openssl/evp.h>
#include <stdbool.h>

void
base64_encode(struct slice in, char *out)
{
	out[0] = '\0';
	if (in.len != 0)
		(void)EVP_EncodeBlock((unsigned char *)out,
		    (const unsigned char *)in.ptr, (int)in.len);
}

static bool
is_base64(struct slice s)
{
	size_t padding = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '=')
			padding++;
		else if (padding != 0 ||
		    (!ascii_is_alnum(c) && c != '+' && c != '/'))
			return false;
	}
	return s.len % 4 == 0 && padding <= 2;
}

int
base64_decode(struct slice text, uint8_t *out, size_t room)
{
	if (!is_base64(text) || text.len / 4 * 3 > room)
		return -1;
	if (text.len == 0)
		return 0;
	int len = EVP_DecodeBlock(
	    out, (const unsigned char *)text.ptr, (int)text.len);
	for (size_t i = text.len; len > 0 && text.ptr[i - 1] == '='; i--)
		len--;
	return len;
}
