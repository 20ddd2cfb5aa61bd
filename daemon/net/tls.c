/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSL contexts. No renegotiation, no compression, TLS 1.2 and up; idle
 * connections give their buffers back.
 */
#include "daemon/net/tls.h"

#include <openssl/err.h>
#include <string.h>

static SSL_CTX *
new_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL)
		return NULL;
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

const char *
tls_error_text(char *out, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = code != 0 && ERR_SYSTEM_ERROR(code)
	    ? strerror(ERR_GET_REASON(code))
	    : ERR_reason_error_string(code);

	(void)BIO_snprintf(out, size, "%s",
	    reason != NULL ? reason : "connection ended in the handshake");
	ERR_clear_error();
	return out;
}

SSL_CTX *
tls_server_new(const char *certificate, const char *key, bool needs_1_3,
    struct error *out_err)
{
	static const unsigned char session_context[] = "posthorn-submission";
	char why[200];
	SSL_CTX *ctx = new_context(TLS_server_method());

	if (ctx == NULL) {
		(void)error_set(
		    out_err, "TLS: %s", tls_error_text(why, sizeof(why)));
		return NULL;
	}
	if (needs_1_3)
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		(void)error_set(out_err, "tls.certificate: %s: %s", certificate,
		    tls_error_text(why, sizeof(why)));
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		(void)error_set(out_err, "tls.key: %s: %s", key,
		    tls_error_text(why, sizeof(why)));
	else if (SSL_CTX_check_private_key(ctx) != 1)
		(void)error_set(out_err,
		    "tls.key: %s does not belong to the certificate %s", key,
		    certificate);
	else if (SSL_CTX_set_session_id_context(
		     ctx, session_context, sizeof(session_context) - 1) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *
tls_client_new(bool is_verifying, struct error *out_err)
{
	char why[200];
	SSL_CTX *ctx = new_context(TLS_client_method());

	/* Reading authorities' files costs a handshake dear: only where it
	 * decides. */
	if (ctx == NULL ||
	    (is_verifying && SSL_CTX_set_default_verify_paths(ctx) != 1)) {
		(void)error_set(
		    out_err, "TLS: %s", tls_error_text(why, sizeof(why)));
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(
	    ctx, is_verifying ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return ctx;
}
