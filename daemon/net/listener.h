/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets. Each thread has its own on the same port (SO_REUSEPORT):
 * the kernel spreads clients, and no thread wakes for another's.
 */
#ifndef POSTHORN_DAEMON_NET_LISTENER_H
#define POSTHORN_DAEMON_NET_LISTENER_H

#include "base/attr.h"
#include "base/error.h"
#include "daemon/net/addr.h"
#include "daemon/net/loop.h"

struct listener;

/* A client's descriptor; the callback owns it. */
typedef void accept_fn(void *arg, int fd, const struct addr *peer);

/* Binds and listens, any thread; the descriptor or -1. */
int listener_bind(const struct addr *at, struct error *out_err) MUST_CHECK;
/* Accepts in `loop`; takes the descriptor over. */
struct listener *listener_start_take(
    struct loop *loop, int fd, accept_fn *fn, void *arg);
/* Stops and closes; null is accepted. */
/* Takes in who is connected already, before it is freed. */
void listener_accept_rest(struct listener *l);
void listener_free(struct listener *l);

#endif
