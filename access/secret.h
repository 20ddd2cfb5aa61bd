/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is stored of a secret, and checking one against it. New ones are
 * stored as SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677, text of RFC 5803),
 * which serve SCRAM, PLAIN and LOGIN alike. Pure but for chance.
 */
#ifndef POSTHORN_ACCESS_SECRET_H
#define POSTHORN_ACCESS_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define SECRET_KEY_BYTES 32
#define SECRET_SALT_MAX 64
#define SECRET_TEXT_BYTES 400 /* a verifier's text, with the NUL */
#define SECRET_CHARS_MAX 500  /* of a secret */

/*
 * Rounds of PBKDF2. Generated secrets have 160 bits of chance, so the least
 * that RFC 7677 4 allows is plenty; for chosen ones OWASP's figure (Password
 * Storage Cheat Sheet, 2023).
 */
#define SECRET_ROUNDS_GENERATED 4096
#define SECRET_ROUNDS_CHOSEN 600000
#define SECRET_ROUNDS_MAX 10000000

/* Stored: do not renumber. */
enum secret_kind {
	SECRET_SHA256 = 0, /* hex SHA-256 of a generated one; no longer made */
	SECRET_CRYPT = 1,  /* crypt(5) text; no longer made */
	SECRET_SCRAM = 2,
};

struct secret_verifier {
	uint32_t rounds;
	uint8_t salt[SECRET_SALT_MAX];
	size_t salt_len;
	uint8_t stored_key[SECRET_KEY_BYTES];
	uint8_t server_key[SECRET_KEY_BYTES];
};

/* Derives; takes `rounds` rounds. -1 when OpenSSL fails. */
int secret_derive(struct slice secret, const uint8_t *salt, size_t salt_len,
    uint32_t rounds, struct secret_verifier *out) MUST_CHECK;
/* The same with a salt of chance. */
int secret_make(struct slice secret, uint32_t rounds,
    struct secret_verifier *out) MUST_CHECK;
void secret_print(const struct secret_verifier *v, char out[SECRET_TEXT_BYTES]);
int secret_parse(struct slice text, struct secret_verifier *out) MUST_CHECK;

/* Letters and digits of chance, 5 bits each, and a NUL: `out` has `chars` + 1
 * (at most 64). -1 when there is no chance to be had. */
int secret_generate(char *out, size_t chars) MUST_CHECK;

/* Is it the secret? Slow; compares in constant time. False too when the text
 * is no verifier of its kind. */
bool secret_matches(
    enum secret_kind kind, struct slice text, struct slice secret);

#endif
