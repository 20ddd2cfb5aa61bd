/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel
 * binding:
 *
 *	scram_first()    reads "n,,n=login,r=nonce"
 *	scram_challenge  writes "r=...,s=salt,i=rounds"
 *	scram_final()    reads "c=biws,r=...,p=proof", writes "v=signature"
 *
 * Pure: chance and the stored verifiers are arguments.
 */
#ifndef POSTHORN_ACCESS_SCRAM_H
#define POSTHORN_ACCESS_SCRAM_H

#include "access/secret.h"

#define SCRAM_LOGIN_BYTES 256
#define SCRAM_TEXT_BYTES 1024
#define SCRAM_NONCE_BYTES 24 /* of chance, ours */

struct scram {
	char login[SCRAM_LOGIN_BYTES];
	char binding[SCRAM_LOGIN_BYTES + 16]; /* the GS2 header */
	char client_first[SCRAM_TEXT_BYTES];  /* bare */
	char server_first[SCRAM_TEXT_BYTES];
	char nonce[SCRAM_TEXT_BYTES]; /* both parts */
};

/* -1: no client-first-message, or one that asks for what is not offered
 * (channel binding, another identity). `login` is decoded then. */
int scram_first(struct scram *s, struct slice message) MUST_CHECK;
/* Fills server_first. */
void scram_challenge(struct scram *s, const uint8_t chance[SCRAM_NONCE_BYTES],
    const struct secret_verifier *v);
/*
 * Which of the verifiers (of one salt and rounds) the proof is good for;
 * `out` gets the server-final-message. -1: none, or the message is malformed.
 */
int scram_final(const struct scram *s, struct slice message,
    const struct secret_verifier *verifiers, size_t count,
    char out[SCRAM_TEXT_BYTES]) MUST_CHECK;

/* What an unknown login is shown: always the same salt for it, as a known
 * one's is. `key` is the installation's. */
void scram_decoy(struct slice login, const uint8_t *key, size_t key_len,
    struct secret_verifier *out);

#endif
