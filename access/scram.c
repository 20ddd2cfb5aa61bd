/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5802 3: AuthMessage = client-first-message-bare , server-first-message ,
 * client-final-message-without-proof. The proof is ClientKey XOR
 * HMAC(StoredKey, AuthMessage).
 */
#include "access/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "access/base64.h"

#define CLIENT_NONCE_MAX 128
#define DECOY_SALT_BYTES 16

/* "=2C" is a comma, "=3D" an equals sign; nothing else may be escaped. */
static int
decode_name(struct slice s, char out[SCRAM_LOGIN_BYTES])
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '=') {
			struct slice code = slice_sub(s, i, 3);
			if (!slice_is(code, "=2C") && !slice_is(code, "=3D"))
				return -1;
			c = code.ptr[2] == 'C' ? ',' : '=';
			i += 2;
		}
		if (c == '\0' || len + 1 >= SCRAM_LOGIN_BYTES)
			return -1;
		out[len++] = c;
	}
	out[len] = '\0';
	return len != 0 ? 0 : -1;
}

static bool
is_nonce(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '!' || s.ptr[i] > '~' || s.ptr[i] == ',')
			return false;
	return s.len != 0;
}

/* An attribute "x=value" off the front. */
static bool
cut_attribute(struct slice *rest, char name, struct slice *out)
{
	if (!slice_cut(rest, ',', out) || out->len < 2 || out->ptr[0] != name ||
	    out->ptr[1] != '=')
		return false;
	*out = slice_sub(*out, 2, SIZE_MAX);
	return true;
}

static int
copy(char *out, size_t size, struct slice s)
{
	if (s.len >= size || slice_find(s, '\0') >= 0)
		return -1;
	memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return 0;
}

int
scram_first(struct scram *s, struct slice message)
{
	struct slice rest = message;
	struct slice flag, authzid, login, nonce;
	char other[SCRAM_LOGIN_BYTES];

	*s = (struct scram){0};
	if (!slice_cut(&rest, ',', &flag) || !slice_cut(&rest, ',', &authzid) ||
	    rest.ptr == NULL)
		return -1;
	/* "y": it could bind, but rightly saw that we do not offer it. */
	if (!slice_is(flag, "n") && !slice_is(flag, "y"))
		return -1;
	if (copy(s->binding, sizeof(s->binding),
		slice_make(message.ptr, (size_t)(rest.ptr - message.ptr))) !=
		0 ||
	    copy(s->client_first, sizeof(s->client_first), rest) != 0)
		return -1;
	if (!cut_attribute(&rest, 'n', &login) ||
	    decode_name(login, s->login) != 0 ||
	    !cut_attribute(&rest, 'r', &nonce) || !is_nonce(nonce) ||
	    nonce.len > CLIENT_NONCE_MAX)
		return -1;
	if (authzid.len != 0 &&
	    (authzid.len < 2 || authzid.ptr[0] != 'a' ||
		authzid.ptr[1] != '=' ||
		decode_name(slice_sub(authzid, 2, SIZE_MAX), other) != 0 ||
		strcmp(other, s->login) != 0))
		return -1;
	return copy(s->nonce, sizeof(s->nonce), nonce);
}

void
scram_challenge(struct scram *s, const uint8_t chance[SCRAM_NONCE_BYTES],
    const struct secret_verifier *v)
{
	char ours[BASE64_BYTES(SCRAM_NONCE_BYTES)];
	char salt[BASE64_BYTES(SECRET_SALT_MAX)];
	size_t len = strlen(s->nonce);

	base64_encode(
	    slice_make((const char *)chance, SCRAM_NONCE_BYTES), ours);
	base64_encode(slice_make((const char *)v->salt, v->salt_len), salt);
	(void)snprintf(s->nonce + len, sizeof(s->nonce) - len, "%s", ours);
	(void)snprintf(s->server_first, sizeof(s->server_first),
	    "r=%.300s,s=%s,i=%u", s->nonce, salt, v->rounds);
}

static bool
hmac(const uint8_t key[SECRET_KEY_BYTES], const char *text,
    uint8_t out[SECRET_KEY_BYTES])
{
	return HMAC(EVP_sha256(), key, SECRET_KEY_BYTES, (const uint8_t *)text,
		   strlen(text), out, NULL) != NULL;
}

static bool
is_proof(const struct secret_verifier *v, const char *auth_message,
    const uint8_t proof[SECRET_KEY_BYTES])
{
	uint8_t key[SECRET_KEY_BYTES];
	uint8_t digest[SECRET_KEY_BYTES];

	if (!hmac(v->stored_key, auth_message, key))
		return false;
	for (size_t i = 0; i < SECRET_KEY_BYTES; i++)
		key[i] ^= proof[i];
	bool is_good = EVP_Digest(key, sizeof(key), digest, NULL, EVP_sha256(),
			   NULL) == 1 &&
	    CRYPTO_memcmp(digest, v->stored_key, SECRET_KEY_BYTES) == 0;
	OPENSSL_cleanse(key, sizeof(key));
	return is_good;
}

/* Binding and nonce have to be what was said before. */
static bool
reads_back(const struct scram *s, struct slice binding, struct slice nonce)
{
	char want[BASE64_BYTES(sizeof(s->binding))];

	base64_encode(slice_of(s->binding), want);
	return slice_is(binding, want) && slice_is(nonce, s->nonce);
}

int
scram_final(const struct scram *s, struct slice message,
    const struct secret_verifier *verifiers, size_t count,
    char out[SCRAM_TEXT_BYTES])
{
	char auth_message[3 * SCRAM_TEXT_BYTES];
	char text[BASE64_BYTES(SECRET_KEY_BYTES)];
	uint8_t proof[BASE64_ROOM(SECRET_KEY_BYTES * 2)];
	uint8_t signature[SECRET_KEY_BYTES];
	struct slice rest = message;
	struct slice binding, nonce, proof_text;
	ptrdiff_t end = slice_rfind(message, ',');

	if (end < 0 || !cut_attribute(&rest, 'c', &binding) ||
	    !cut_attribute(&rest, 'r', &nonce) ||
	    !reads_back(s, binding, nonce))
		return -1;
	/* Extensions stand between nonce and proof; the proof is last. */
	rest = slice_sub(message, (size_t)end + 1, SIZE_MAX);
	if (!cut_attribute(&rest, 'p', &proof_text) || proof_text.len > 48 ||
	    base64_decode(proof_text, proof, sizeof(proof)) != SECRET_KEY_BYTES)
		return -1;
	int len = snprintf(auth_message, sizeof(auth_message), "%s,%s,%.*s",
	    s->client_first, s->server_first, (int)end, message.ptr);
	if (len < 0 || (size_t)len >= sizeof(auth_message))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_proof(&verifiers[i], auth_message, proof) ||
		    !hmac(verifiers[i].server_key, auth_message, signature))
			continue;
		base64_encode(
		    slice_make((const char *)signature, sizeof(signature)),
		    text);
		(void)snprintf(out, SCRAM_TEXT_BYTES, "v=%s", text);
		return (int)i;
	}
	return -1;
}

void
scram_decoy(struct slice login, const uint8_t *key, size_t key_len,
    struct secret_verifier *out)
{
	uint8_t digest[EVP_MAX_MD_SIZE] = {0};

	*out = (struct secret_verifier){
	    .rounds = SECRET_ROUNDS_GENERATED, .salt_len = DECOY_SALT_BYTES};
	(void)HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)login.ptr,
	    login.len, digest, NULL);
	memcpy(out->salt, digest, DECOY_SALT_BYTES);
}
