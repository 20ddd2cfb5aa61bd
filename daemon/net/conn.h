/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection: descriptor, TLS, both buffers and one timer, belonging to one
 * loop. Its owner gets events; bytes written in a turn leave together at the
 * turn's end.
 */
#ifndef POSTHORN_DAEMON_NET_CONN_H
#define POSTHORN_DAEMON_NET_CONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"
#include "daemon/net/addr.h"
#include "daemon/net/loop.h"

struct conn;

/* In any of them the owner may write, and may call conn_close(). */
enum conn_event {
	CONN_CONNECTED, /* conn_connect() got through; once, first */
	CONN_SECURED,   /* the TLS handshake is done; once */
	CONN_READABLE,  /* conn_input() has grown */
	CONN_DRAINED,   /* all is written; only while asked for */
	CONN_TIMEOUT,   /* conn_set_timeout() ran out */
	CONN_CLOSED,    /* the peer ended it; nothing comes any more */
	CONN_FAILED,    /* error; conn_error() says which */
};

typedef void conn_fn(void *owner, enum conn_event event);

/* Takes over an accepted descriptor. */
struct conn *conn_accepted_take(struct loop *loop, int fd,
    const struct addr *peer, conn_fn *fn, void *owner);
/* Starts to connect from `local` (null: any). -1 fails at once. */
struct conn *conn_connect(struct loop *loop, const struct addr *local,
    const struct addr *peer, conn_fn *fn, void *owner,
    struct error *out_err) MUST_CHECK;

/* TLS from here on; what was read before and is not consumed is dropped
 * (RFC 3207 4.2), whoever sent it. */
void conn_start_tls_server(struct conn *c, SSL_CTX *ctx);
/* `host`: for SNI; verified if the context verifies. */
void conn_start_tls_client(struct conn *c, SSL_CTX *ctx, const char *host);
bool conn_is_tls(const struct conn *c);
/* Is the peer the host that conn_start_tls_client() named, by its
 * certificate? */
bool conn_is_verified(const struct conn *c);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or empty. */
void conn_tls_text(const struct conn *c, char *out, size_t size);

/* What has come in; valid until the next event or conn_consume(). */
struct slice conn_input(const struct conn *c);
void conn_consume(struct conn *c, size_t len);
/* Reading pauses while the owner can't take more. */
void conn_pause(struct conn *c, bool is_paused);

/* Bytes to send; false when more than 1 MiB would wait. */
bool conn_write(struct conn *c, struct slice bytes);
/* How many octets may wait to be sent (1 MiB unless told). */
void conn_set_unsent_max(struct conn *c, size_t octets);
size_t conn_unsent(const struct conn *c);
/* CONN_DRAINED after all is sent, until switched off. */
void conn_want_drained(struct conn *c, bool is_wanted);

/* CONN_TIMEOUT after so long, once; 0 stops the timer. */
void conn_set_timeout(struct conn *c, int64_t after_ms);
const struct addr *conn_peer(const struct conn *c);
const char *conn_error(const struct conn *c);

/*
 * The owner is done: no event comes any more. What was written is sent, the
 * rest of the input read and dropped for a bounded time, so that the last
 * reply is not lost to a reset. `*c` becomes null.
 */
void conn_close(struct conn **c);
/* Likewise, at once and without sending. */
void conn_abort(struct conn **c);

#endif
