/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Simhash (Charikar 2002) over pairs of words: each pair's hash votes on
 * every bit.
 */
#include "base/digest.h"

#include <stdbool.h>

#include "base/hash.h"

#define WORDS_MIN 8
#define WORDS_MAX 1500

static bool
is_word_octet(char c)
{
	return ascii_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* The hash of the next word that counts; false at the end. */
static bool
next_word(struct slice *rest, uint64_t *out)
{
	while (rest->len != 0) {
		uint64_t hash = HASH_START;
		bool has_digit = false;
		size_t i = 0;
		size_t start;
		while (i < rest->len && !is_word_octet(rest->ptr[i]))
			i++;
		for (start = i; i < rest->len && is_word_octet(rest->ptr[i]);
		     i++) {
			char c = ascii_lower(rest->ptr[i]);
			has_digit = has_digit || ascii_is_digit(c);
			hash = hash_octet(hash, (unsigned char)c);
		}
		bool is_word = i - start > 1 && !has_digit;
		*rest = slice_sub(*rest, i, SIZE_MAX);
		*out = hash;
		if (is_word)
			return true;
	}
	return false;
}

uint64_t
digest_text(struct slice text)
{
	int votes[64] = {0};
	uint64_t before = 0;
	uint64_t word;
	int words = 0;

	while (words < WORDS_MAX && next_word(&text, &word)) {
		uint64_t pair = hash_mix(before * 3 + word);
		for (int bit = 0; bit < 64; bit++)
			votes[bit] += (pair >> bit & 1) != 0 ? 1 : -1;
		before = word;
		words++;
	}
	if (words < WORDS_MIN)
		return 0;
	uint64_t digest = 0;
	for (int bit = 0; bit < 64; bit++)
		if (votes[bit] > 0)
			digest |= UINT64_C(1) << bit;
	return digest != 0 ? digest : 1;
}

int
digest_distance(uint64_t a, uint64_t b)
{
	return __builtin_popcountll(a ^ b);
}
