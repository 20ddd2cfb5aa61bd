/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Non-blocking sockets with or without TLS.
 *
 *	CONNECTING -> OPEN -> HANDSHAKE -> OPEN (TLS) -> LINGER -> gone
 *
 * The end of TLS is the end of the connection: nothing plain is ever read
 * after it. Nothing is freed inside a callback: a dead connection is parked
 * and freed at the end of the turn.
 */
#include "daemon/net/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "daemon/net/tls.h"

#define INPUT_MAX 65536
#define OUTPUT_MAX (1 << 20)
#define READ_BYTES 16384
#define LINGER_MS 2000
#define LINGER_BYTES (4 << 20)

enum conn_state {
	STATE_CONNECTING = 0,
	STATE_OPEN,
	STATE_HANDSHAKE,
	STATE_LINGER, /* the owner has gone */
	STATE_DEAD,
};

struct conn {
	struct loop_child child; /* first */
	struct loop *loop;
	int fd;
	enum conn_state state;
	struct watch *watch;
	struct timer *timer;
	SSL *ssl;
	struct buf in;
	struct buf out;
	conn_fn *fn; /* null after the owner has gone */
	void *owner;
	struct addr peer;
	size_t lingered;
	bool is_paused;
	bool is_flushing; /* a flush is put off to the turn's end */
	bool wants_drained;
	bool tls_wants_write; /* a read or handshake waits for room */
	char error[160];
};

static void flush(struct conn *c);
static void schedule_flush(struct conn *c);

static void
update_watch(struct conn *c)
{
	bool is_open = c->state == STATE_OPEN || c->state == STATE_HANDSHAKE;
	bool want_read = c->state == STATE_LINGER ||
	    (is_open && !c->is_paused && c->in.len < INPUT_MAX);
	bool want_write = c->state == STATE_CONNECTING || c->out.len != 0 ||
	    c->tls_wants_write;

	if (c->state == STATE_DEAD)
		want_read = want_write = false;
	watch_set(c->watch, want_read, want_write);
}

static void
emit(struct conn *c, enum conn_event event)
{
	if (c->fn != NULL)
		c->fn(c->owner, event);
}

static void
reap(void *arg)
{
	struct conn *c = arg;

	if (c->is_flushing) {
		/* Its flush is still in the list of this turn. */
		loop_later(c->loop, reap, c);
		return;
	}
	loop_disown(c->loop, &c->child);
	timer_free(c->timer);
	SSL_free(c->ssl);
	buf_free(&c->in);
	buf_free(&c->out);
	mem_free(c);
}

static void
die(struct conn *c)
{
	if (c->state == STATE_DEAD)
		return;
	c->state = STATE_DEAD;
	watch_free(c->watch);
	c->watch = NULL;
	timer_stop(c->timer);
	(void)close(c->fd);
	c->fd = -1;
	loop_later(c->loop, reap, c);
}

/* An error: told to the owner, who closes; else the end. */
static void
fail(struct conn *c, const char *what)
{
	if (c->error[0] == '\0')
		(void)snprintf(c->error, sizeof(c->error), "%s", what);
	if (c->fn == NULL) {
		die(c);
		return;
	}
	watch_set(c->watch, false, false);
	emit(c, CONN_FAILED);
}

static void
peer_ended(struct conn *c)
{
	if (c->fn == NULL) {
		die(c);
		return;
	}
	watch_set(c->watch, false, false);
	emit(c, CONN_CLOSED);
}

enum io { IO_OK = 0, IO_AGAIN, IO_END, IO_ERROR };

static enum io
tls_result(struct conn *c, int rc)
{
	char why[120];

	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return IO_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		c->tls_wants_write = true;
		return IO_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return IO_END;
	case SSL_ERROR_SYSCALL:
		if (errno != 0 && errno != ECONNRESET) {
			(void)snprintf(
			    c->error, sizeof(c->error), "%s", strerror(errno));
			return IO_ERROR;
		}
		return IO_END;
	default:
		(void)snprintf(c->error, sizeof(c->error), "TLS: %s",
		    tls_error_text(why, sizeof(why)));
		return IO_ERROR;
	}
}

static enum io
read_some(struct conn *c, char *at, size_t room, size_t *out_got)
{
	if (c->ssl != NULL) {
		errno = 0;
		ERR_clear_error();
		int rc = SSL_read_ex(c->ssl, at, room, out_got);
		return rc == 1 ? IO_OK : tls_result(c, rc);
	}
	ssize_t got = recv(c->fd, at, room, 0);
	if (got > 0) {
		*out_got = (size_t)got;
		return IO_OK;
	}
	if (got == 0)
		return IO_END;
	if (errno == EAGAIN || errno == EINTR)
		return IO_AGAIN;
	(void)snprintf(c->error, sizeof(c->error), "%s", strerror(errno));
	return IO_ERROR;
}

static enum io
write_some(struct conn *c, size_t *out_put)
{
	if (c->ssl != NULL) {
		errno = 0;
		ERR_clear_error();
		int rc = SSL_write_ex(c->ssl, c->out.ptr, c->out.len, out_put);
		return rc == 1 ? IO_OK : tls_result(c, rc);
	}
	ssize_t put = send(c->fd, c->out.ptr, c->out.len, MSG_NOSIGNAL);
	if (put >= 0) {
		*out_put = (size_t)put;
		return IO_OK;
	}
	if (errno == EAGAIN || errno == EINTR)
		return IO_AGAIN;
	(void)snprintf(c->error, sizeof(c->error), "%s", strerror(errno));
	return IO_ERROR;
}

/* Reads and drops what a peer sends after the owner has gone. */
static void
linger_read(struct conn *c)
{
	char scratch[READ_BYTES];
	size_t got = 0;

	for (;;) {
		enum io io = read_some(c, scratch, sizeof(scratch), &got);
		c->lingered += io == IO_OK ? got : 0;
		if (io == IO_AGAIN)
			return;
		if (io != IO_OK || c->lingered > LINGER_BYTES) {
			die(c);
			return;
		}
	}
}

static void
read_input(struct conn *c)
{
	size_t before = c->in.len;
	enum io io = IO_OK;

	/* TLS may hold more than the socket shows: read it dry. */
	while (io == IO_OK && c->in.len < INPUT_MAX) {
		size_t got = 0;
		size_t room = INPUT_MAX - c->in.len;
		char *at =
		    buf_reserve(&c->in, room < READ_BYTES ? room : READ_BYTES);
		assert(at != NULL);
		io = read_some(
		    c, at, room < READ_BYTES ? room : READ_BYTES, &got);
		if (io == IO_OK)
			buf_grow(&c->in, got);
		if (io == IO_OK && c->ssl == NULL && got < READ_BYTES)
			break;
	}
	if (c->in.len > before)
		emit(c, CONN_READABLE);
	if (c->state == STATE_DEAD || c->state == STATE_LINGER)
		return;
	if (io == IO_END)
		peer_ended(c);
	else if (io == IO_ERROR)
		fail(c, "read failed");
}

static void
handshake(struct conn *c)
{
	errno = 0;
	ERR_clear_error();
	int rc = SSL_do_handshake(c->ssl);
	if (rc == 1) {
		c->state = STATE_OPEN;
		emit(c, CONN_SECURED);
		/* Bytes may have come with the last handshake record. */
		if (c->state == STATE_OPEN && SSL_has_pending(c->ssl))
			read_input(c);
		return;
	}
	enum io io = tls_result(c, rc);
	if (io == IO_END)
		fail(c, "TLS: connection ended in the handshake");
	else if (io == IO_ERROR)
		fail(c, "TLS: handshake failed");
}

static void
finish_connect(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		fail(c, strerror(error));
		return;
	}
	c->state = STATE_OPEN;
	emit(c, CONN_CONNECTED);
}

static void
on_watch(void *arg, bool can_read, bool can_write)
{
	struct conn *c = arg;

	if (can_write)
		c->tls_wants_write = false;
	if (c->state == STATE_CONNECTING && can_write)
		finish_connect(c);
	else if (c->state == STATE_HANDSHAKE)
		handshake(c);
	else if (c->state == STATE_LINGER && can_read)
		linger_read(c);
	else if (c->state == STATE_OPEN && can_read)
		read_input(c);
	if (c->state != STATE_DEAD && can_write)
		flush(c);
	if (c->state != STATE_DEAD)
		update_watch(c);
}

static void
on_timer(void *arg)
{
	struct conn *c = arg;

	if (c->state == STATE_LINGER)
		die(c);
	else
		emit(c, CONN_TIMEOUT);
}

/* The loop is finished: nobody waits for the rest of a lingering one. */
static void
end_lingering(struct loop_child *child)
{
	struct conn *c = (struct conn *)child;

	if (c->fn == NULL)
		die(c);
}

static struct conn *
conn_new(struct loop *loop, int fd, const struct addr *peer, conn_fn *fn,
    void *owner)
{
	struct conn *c = MEM_NEW(struct conn);
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->loop = loop;
	c->child.end = end_lingering;
	loop_adopt(loop, &c->child);
	c->fd = fd;
	c->peer = *peer;
	c->fn = fn;
	c->owner = owner;
	c->in = buf_make(INPUT_MAX);
	c->out = buf_make(OUTPUT_MAX);
	c->watch = watch_new(loop, fd, on_watch, c);
	c->timer = timer_new(loop, on_timer, c);
	return c;
}

struct conn *
conn_accepted_take(struct loop *loop, int fd, const struct addr *peer,
    conn_fn *fn, void *owner)
{
	struct conn *c = conn_new(loop, fd, peer, fn, owner);

	c->state = STATE_OPEN;
	update_watch(c);
	return c;
}

struct conn *
conn_connect(struct loop *loop, const struct addr *local,
    const struct addr *peer, conn_fn *fn, void *owner, struct error *out_err)
{
	struct sockaddr_storage to;
	struct sockaddr_storage from;
	char text[ADDR_TEXT_BYTES];
	int on = 1;
	socklen_t to_len = addr_to_sockaddr(peer, &to);
	int fd =
	    socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		(void)error_set_errno(out_err, "socket");
		return NULL;
	}
	if (local != NULL) {
		socklen_t len = addr_to_sockaddr(local, &from);
		/* The port is chosen at connect: many peers, one port. */
		(void)setsockopt(
		    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&from, len) != 0) {
			addr_print(local, text);
			(void)error_set_errno(
			    out_err, "can't send from %s", text);
			(void)close(fd);
			return NULL;
		}
	}
	if (connect(fd, (struct sockaddr *)&to, to_len) != 0 &&
	    errno != EINPROGRESS) {
		addr_print(peer, text);
		(void)error_set_errno(
		    out_err, "connect to %s port %u", text, peer->port);
		(void)close(fd);
		return NULL;
	}
	struct conn *c = conn_new(loop, fd, peer, fn, owner);
	c->state = STATE_CONNECTING;
	update_watch(c);
	return c;
}

static void
start_tls(struct conn *c, SSL_CTX *ctx)
{
	assert(c->ssl == NULL && c->state == STATE_OPEN);
	/* The reply before the handshake goes out in clear. */
	flush(c);
	if (c->state != STATE_OPEN || c->error[0] != '\0')
		return;
	buf_free(&c->in);
	/* What is left could only go out inside TLS, where it would be taken
	 * for said there. */
	if (c->out.len != 0) {
		fail(c, "the peer asks for TLS but does not read");
		return;
	}
	c->ssl = SSL_new(ctx);
	assert(c->ssl != NULL);
	(void)SSL_set_fd(c->ssl, c->fd);
	c->state = STATE_HANDSHAKE;
	update_watch(c);
}

void
conn_start_tls_server(struct conn *c, SSL_CTX *ctx)
{
	start_tls(c, ctx);
	if (c->ssl != NULL)
		SSL_set_accept_state(c->ssl);
}

/* The client speaks first, at the end of the turn. */
static void
begin_handshake(void *arg)
{
	struct conn *c = arg;

	c->is_flushing = false;
	if (c->state != STATE_HANDSHAKE)
		return;
	handshake(c);
	if (c->state != STATE_DEAD)
		update_watch(c);
}

void
conn_start_tls_client(struct conn *c, SSL_CTX *ctx, const char *host)
{
	start_tls(c, ctx);
	if (c->ssl == NULL)
		return;
	SSL_set_connect_state(c->ssl);
	(void)SSL_set_tlsext_host_name(c->ssl, host);
	(void)SSL_set1_host(c->ssl, host);
	if (!c->is_flushing) {
		c->is_flushing = true;
		loop_later(c->loop, begin_handshake, c);
	} else {
		handshake(c);
	}
}

bool
conn_is_tls(const struct conn *c)
{
	return c->ssl != NULL && c->state == STATE_OPEN;
}

bool
conn_is_verified(const struct conn *c)
{
	return conn_is_tls(c) && SSL_get0_peer_certificate(c->ssl) != NULL &&
	    SSL_get_verify_result(c->ssl) == X509_V_OK;
}

void
conn_tls_text(const struct conn *c, char *out, size_t size)
{
	out[0] = '\0';
	if (conn_is_tls(c))
		(void)snprintf(out, size, "%s %s", SSL_get_version(c->ssl),
		    SSL_get_cipher_name(c->ssl));
}

struct slice
conn_input(const struct conn *c)
{
	return buf_slice(&c->in);
}

void
conn_consume(struct conn *c, size_t len)
{
	buf_consume(&c->in, len);
	/* An idle session holds no input buffer. */
	if (c->in.len == 0)
		buf_free(&c->in);
	if (c->state != STATE_OPEN)
		return;
	update_watch(c);
	/* Room again for what TLS has taken off the socket already. */
	if (c->ssl != NULL && !c->is_paused && SSL_has_pending(c->ssl))
		schedule_flush(c);
}

/* What TLS has taken off the socket already shows no readiness. */
static void
read_rest(void *arg)
{
	struct conn *c = arg;

	c->is_flushing = false;
	if (c->state == STATE_OPEN && !c->is_paused)
		read_input(c);
	if (c->state != STATE_DEAD) {
		flush(c);
		if (c->state != STATE_DEAD)
			update_watch(c);
	}
}

void
conn_pause(struct conn *c, bool is_paused)
{
	if (c->is_paused == is_paused)
		return;
	c->is_paused = is_paused;
	if (c->state != STATE_OPEN)
		return;
	update_watch(c);
	if (!is_paused && c->ssl != NULL && SSL_has_pending(c->ssl) &&
	    !c->is_flushing) {
		c->is_flushing = true;
		loop_later(c->loop, read_rest, c);
	}
}

static void
flush(struct conn *c)
{
	size_t sent = 0;
	enum io io = IO_OK;

	if (c->state != STATE_OPEN && c->state != STATE_LINGER)
		return;
	while (io == IO_OK && c->out.len != 0) {
		io = write_some(c, &sent);
		if (io == IO_OK)
			buf_consume(&c->out, sent);
	}
	if (io == IO_ERROR || io == IO_END) {
		c->out.len = 0;
		fail(c, "the peer closed while we wrote");
		return;
	}
	if (c->out.len != 0)
		return;
	buf_free(&c->out);
	if (c->state == STATE_LINGER) {
		ERR_clear_error();
		if (c->ssl != NULL)
			(void)SSL_shutdown(c->ssl);
		(void)shutdown(c->fd, SHUT_WR);
	} else if (c->wants_drained) {
		emit(c, CONN_DRAINED);
	}
}

static void
flush_later(void *arg)
{
	struct conn *c = arg;

	c->is_flushing = false;
	if (c->state == STATE_DEAD)
		return;
	if (c->state == STATE_HANDSHAKE) {
		handshake(c);
	} else {
		flush(c);
		/* A resumed reader may wait for what TLS holds already. */
		if (c->state == STATE_OPEN && !c->is_paused && c->ssl != NULL &&
		    c->in.len < INPUT_MAX && SSL_has_pending(c->ssl))
			read_input(c);
	}
	if (c->state != STATE_DEAD)
		update_watch(c);
}

static void
schedule_flush(struct conn *c)
{
	if (c->is_flushing)
		return;
	c->is_flushing = true;
	loop_later(c->loop, flush_later, c);
}

bool
conn_write(struct conn *c, struct slice bytes)
{
	if (c->state == STATE_DEAD || c->state == STATE_LINGER)
		return false;
	if (buf_append_slice(&c->out, bytes) != 0)
		return false;
	schedule_flush(c);
	return true;
}

void
conn_set_unsent_max(struct conn *c, size_t octets)
{
	c->out.cap = octets;
}

size_t
conn_unsent(const struct conn *c)
{
	return c->out.len;
}

void
conn_want_drained(struct conn *c, bool is_wanted)
{
	c->wants_drained = is_wanted;
	if (is_wanted)
		schedule_flush(c);
}

void
conn_set_timeout(struct conn *c, int64_t after_ms)
{
	if (after_ms > 0)
		timer_start(c->timer, after_ms);
	else
		timer_stop(c->timer);
}

const struct addr *
conn_peer(const struct conn *c)
{
	return &c->peer;
}

const char *
conn_error(const struct conn *c)
{
	return c->error;
}

void
conn_close(struct conn **cp)
{
	struct conn *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	c->fn = NULL;
	c->owner = NULL;
	if (c->state != STATE_OPEN || c->error[0] != '\0') {
		die(c);
		return;
	}
	c->state = STATE_LINGER;
	buf_free(&c->in);
	timer_start(c->timer, LINGER_MS);
	schedule_flush(c);
	update_watch(c);
}

void
conn_abort(struct conn **cp)
{
	struct conn *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	c->fn = NULL;
	c->owner = NULL;
	/* A reset: nothing that waits in the socket goes out any more. */
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	if (c->fd >= 0)
		(void)setsockopt(
		    c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	die(c);
}
