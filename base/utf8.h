/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UTF-8 (RFC 3629) checking and cleaning of foreign text. Pure; any thread.
 */
#ifndef POSTHORN_BASE_UTF8_H
#define POSTHORN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Decodes the character at the front: its length in bytes (1 to 4) and its
 * code point; 0 when the bytes are not valid UTF-8 (or nothing is left).
 */
size_t utf8_decode(struct slice s, uint32_t *out_code);
bool utf8_is_valid(struct slice s);
bool utf8_is_ascii(struct slice s);
/*
 * Appends `s` as one clean line of UTF-8: controls (C0, C1, line and
 * paragraph separators, bidi overrides) and invalid bytes become '?', runs of
 * white space one space. Stops at `max` bytes, on a character's end.
 */
void utf8_append_clean(struct buf *out, struct slice s, size_t max);

#endif
