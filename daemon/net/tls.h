/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS settings of a role (server, client), made once and shared by threads.
 */
#ifndef POSTHORN_DAEMON_NET_TLS_H
#define POSTHORN_DAEMON_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"

/* Shows `certificate` (PEM, with chain) to clients; counted by OpenSSL. */
SSL_CTX *tls_server_new(const char *certificate, const char *key,
    bool needs_1_3, struct error *out_err) MUST_CHECK;
/* Towards other servers; verifies with the system's authorities if asked. */
SSL_CTX *tls_client_new(bool is_verifying, struct error *out_err) MUST_CHECK;
/* The first error of this thread's OpenSSL queue, as text; empties it. */
const char *tls_error_text(char *out, size_t size);

#endif
