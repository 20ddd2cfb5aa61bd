/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strict base64 (RFC 4648 4), as SASL uses it. Pure.
 */
#ifndef POSTHORN_ACCESS_BASE64_H
#define POSTHORN_ACCESS_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

/* Characters of LEN encoded octets, with the NUL. */
#define BASE64_BYTES(LEN) (((LEN) + 2) / 3 * 4 + 1)
/* Room that decoding LEN characters takes. */
#define BASE64_ROOM(LEN) (((LEN) + 3) / 4 * 3)

/* `out` has BASE64_BYTES(in.len). */
void base64_encode(struct slice in, char *out);
/* No line breaks, no missing padding, nothing behind it. `out` has
 * `room` >= BASE64_ROOM(text.len); the length, or -1. */
int base64_decode(struct slice text, uint8_t *out, size_t room) MUST_CHECK;

#endif
