/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accepting in turns: a burst of clients does not starve open sessions. Out
 * of descriptors, it waits a moment and leaves clients in the backlog.
 */
#include "daemon/net/listener.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define BACKLOG 4096
#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100

struct listener {
	int fd;
	struct watch *watch;
	struct timer *pause;
	accept_fn *fn;
	void *arg;
};

int
listener_bind(const struct addr *at, struct error *out_err)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(at, &sa);
	char text[ADDR_TEXT_BYTES];
	int on = 1;
	int off = 0;
	int fd =
	    socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	addr_print(at, text);
	if (fd < 0)
		return error_set_errno(out_err, "socket for %s", text);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (sa.ss_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&sa, len) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		(void)error_set_errno(
		    out_err, "can't listen on %s port %u", text, at->port);
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
on_ready(void *arg, bool can_read UNUSED, bool can_write UNUSED)
{
	struct listener *l = arg;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		struct addr peer;
		int fd = accept4(l->fd, (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			addr_from_sockaddr(&sa, &peer);
			l->fn(l->arg, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			log_warn(NULL, "listener.paused",
			    LOG_TEXT("why", "out of descriptors or memory"));
			watch_set(l->watch, false, false);
			timer_start(l->pause, PAUSE_MS);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

void
listener_accept_rest(struct listener *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};

	for (int i = 0; i < BACKLOG && poll(&p, 1, 0) == 1; i++)
		on_ready(l, true, false);
}

static void
on_pause_over(void *arg)
{
	struct listener *l = arg;

	watch_set(l->watch, true, false);
}

struct listener *
listener_start_take(struct loop *loop, int fd, accept_fn *fn, void *arg)
{
	struct listener *l = MEM_NEW(struct listener);

	l->fd = fd;
	l->fn = fn;
	l->arg = arg;
	l->watch = watch_new(loop, fd, on_ready, l);
	l->pause = timer_new(loop, on_pause_over, l);
	watch_set(l->watch, true, false);
	return l;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	watch_free(l->watch);
	timer_free(l->pause);
	(void)close(l->fd);
	mem_free(l);
}
