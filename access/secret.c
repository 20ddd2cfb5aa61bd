/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5802 3: SaltedPassword = PBKDF2(secret), ClientKey = HMAC(it, "Client
 * Key"), StoredKey = SHA-256(ClientKey), ServerKey = HMAC(it, "Server Key").
 */
#include "access/secret.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "access/base64.h"
#include "base/mem.h"

#define NAME "SCRAM-SHA-256"
#define SALT_BYTES 16
#define GENERATED_MAX 64

int
secret_derive(struct slice secret, const uint8_t *salt, size_t salt_len,
    uint32_t rounds, struct secret_verifier *out)
{
	uint8_t salted[SECRET_KEY_BYTES];
	uint8_t client_key[SECRET_KEY_BYTES];
	static const uint8_t client[] = "Client Key";
	static const uint8_t server[] = "Server Key";

	if (salt_len == 0 || salt_len > SECRET_SALT_MAX || rounds == 0 ||
	    rounds > SECRET_ROUNDS_MAX || secret.len > SECRET_CHARS_MAX)
		return -1;
	memmove(out->salt, salt, salt_len);
	out->salt_len = salt_len;
	out->rounds = rounds;
	bool is_good = PKCS5_PBKDF2_HMAC(secret.ptr, (int)secret.len, out->salt,
			   (int)salt_len, (int)rounds, EVP_sha256(),
			   sizeof(salted), salted) == 1 &&
	    HMAC(EVP_sha256(), salted, sizeof(salted), client,
		sizeof(client) - 1, client_key, NULL) != NULL &&
	    EVP_Digest(client_key, sizeof(client_key), out->stored_key, NULL,
		EVP_sha256(), NULL) == 1 &&
	    HMAC(EVP_sha256(), salted, sizeof(salted), server,
		sizeof(server) - 1, out->server_key, NULL) != NULL;
	OPENSSL_cleanse(salted, sizeof(salted));
	OPENSSL_cleanse(client_key, sizeof(client_key));
	return is_good ? 0 : -1;
}

int
secret_make(struct slice secret, uint32_t rounds, struct secret_verifier *out)
{
	uint8_t salt[SALT_BYTES];

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return -1;
	return secret_derive(secret, salt, sizeof(salt), rounds, out);
}

int
secret_generate(char *out, size_t chars)
{
	/* Without those that are taken for each other. */
	static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz123456789";
	unsigned char chance[GENERATED_MAX];

	_Static_assert(sizeof(alphabet) - 1 == 32, "5 bits a character");
	if (chars > sizeof(chance) || RAND_bytes(chance, (int)chars) != 1)
		return -1;
	for (size_t i = 0; i < chars; i++)
		out[i] = alphabet[chance[i] & 31];
	out[chars] = '\0';
	return 0;
}

void
secret_print(const struct secret_verifier *v, char out[SECRET_TEXT_BYTES])
{
	char salt[BASE64_BYTES(SECRET_SALT_MAX)];
	char stored[BASE64_BYTES(SECRET_KEY_BYTES)];
	char server[BASE64_BYTES(SECRET_KEY_BYTES)];

	base64_encode(slice_make((const char *)v->salt, v->salt_len), salt);
	base64_encode(
	    slice_make((const char *)v->stored_key, SECRET_KEY_BYTES), stored);
	base64_encode(
	    slice_make((const char *)v->server_key, SECRET_KEY_BYTES), server);
	(void)snprintf(out, SECRET_TEXT_BYTES, "%s$%u:%s$%s:%s", NAME,
	    v->rounds, salt, stored, server);
}

static bool
read_key(struct slice text, uint8_t out[SECRET_KEY_BYTES])
{
	uint8_t bytes[BASE64_ROOM(64)];

	if (text.len > 64 ||
	    base64_decode(text, bytes, sizeof(bytes)) != SECRET_KEY_BYTES)
		return false;
	memcpy(out, bytes, SECRET_KEY_BYTES);
	return true;
}

int
secret_parse(struct slice text, struct secret_verifier *out)
{
	struct slice name, rounds_text, salt, stored;
	uint8_t bytes[BASE64_ROOM(BASE64_BYTES(SECRET_SALT_MAX))];
	uint64_t rounds;

	if (!slice_cut(&text, '$', &name) || !slice_is(name, NAME) ||
	    !slice_cut(&text, ':', &rounds_text) ||
	    !slice_cut(&text, '$', &salt) || !slice_cut(&text, ':', &stored) ||
	    text.ptr == NULL || slice_to_u64(rounds_text, &rounds) != 0 ||
	    rounds == 0 || rounds > SECRET_ROUNDS_MAX)
		return -1;
	int len = base64_decode(salt, bytes, sizeof(bytes));
	if (len <= 0 || len > SECRET_SALT_MAX)
		return -1;
	out->rounds = (uint32_t)rounds;
	out->salt_len = (size_t)len;
	memcpy(out->salt, bytes, (size_t)len);
	return read_key(stored, out->stored_key) &&
		read_key(text, out->server_key)
	    ? 0
	    : -1;
}

static bool
matches_scram(struct slice text, struct slice secret)
{
	struct secret_verifier want;
	struct secret_verifier got;

	return secret_parse(text, &want) == 0 &&
	    secret_derive(
		secret, want.salt, want.salt_len, want.rounds, &got) == 0 &&
	    CRYPTO_memcmp(want.stored_key, got.stored_key, SECRET_KEY_BYTES) ==
	    0;
}

static bool
matches_sha256(struct slice text, struct slice secret)
{
	uint8_t digest[SECRET_KEY_BYTES];
	char hex[2 * SECRET_KEY_BYTES + 1];

	(void)EVP_Digest(
	    secret.ptr, secret.len, digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return text.len == sizeof(hex) - 1 &&
	    CRYPTO_memcmp(text.ptr, hex, text.len) == 0;
}

static bool
matches_crypt(struct slice text, struct slice secret)
{
	struct crypt_data *data = MEM_NEW(struct crypt_data);
	char *setting = slice_dup(text);
	char *phrase = slice_dup(secret);
	const char *hash = crypt_r(phrase, setting, data);
	bool is_match = hash != NULL && strlen(hash) == text.len &&
	    CRYPTO_memcmp(hash, text.ptr, text.len) == 0;

	OPENSSL_cleanse(data, sizeof(*data));
	OPENSSL_cleanse(phrase, secret.len);
	mem_free(data);
	mem_free(setting);
	mem_free(phrase);
	return is_match;
}

bool
secret_matches(enum secret_kind kind, struct slice text, struct slice secret)
{
	switch (kind) {
	case SECRET_SHA256:
		return matches_sha256(text, secret);
	case SECRET_CRYPT:
		return matches_crypt(text, secret);
	case SECRET_SCRAM:
		return matches_scram(text, secret);
	}
	return false;
}
