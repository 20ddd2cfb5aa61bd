/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One libunbound context in one loop. Answers are foreign bytes: sizes are
 * checked, names that are no host names are left out.
 */
#include "daemon/net/resolver.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unbound.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

#define CLASS_IN 1
#define RCODE_NXDOMAIN 3

struct question {
	struct mail mail; /* to the resolver, and back */
	TAILQ_ENTRY(question) entry;
	struct resolver *resolver;
	struct loop *origin;
	struct timer *timer;
	bool is_answered;
	int async_id;
	char name[DNS_NAME_BYTES];
	enum dns_type type;
	dns_fn *fn;
	void *arg;
	struct dns_answer answer;
};

struct resolver {
	struct ub_ctx *ctx;
	struct loop *loop;
	struct thread *thread;
	struct watch *watch;
	int64_t timeout_ms;
	TAILQ_HEAD(question_list, question) open;
};

/* In the origin's thread. */
static void
deliver_answer(struct mail *mail)
{
	struct question *q = (struct question *)mail;

	q->fn(q->arg, &q->answer);
	mem_free(q->answer.records);
	mem_free(q);
}

static void
send_answer(struct question *q)
{
	TAILQ_REMOVE(&q->resolver->open, q, entry);
	timer_free(q->timer);
	q->mail.deliver = deliver_answer;
	loop_post(q->origin, &q->mail);
}

static void
send_trouble(struct question *q, const char *why)
{
	q->answer.status = DNS_TROUBLE;
	(void)snprintf(q->answer.why, sizeof(q->answer.why), "%s", why);
	send_answer(q);
}

/* An uncompressed wire name to text; "." for the root. */
static int
read_name(struct slice wire, char out[DNS_NAME_BYTES])
{
	struct buf text = buf_make(DNS_NAME_BYTES - 1);
	size_t i = 0;
	int rc = -1;

	while (i < wire.len) {
		size_t len = (unsigned char)wire.ptr[i];
		if (len == 0) {
			rc = 0;
			break;
		}
		if (len > 63 || i + 1 + len > wire.len)
			break;
		if (text.len != 0)
			(void)buf_append_char(&text, '.');
		(void)buf_append(&text, wire.ptr + i + 1, len);
		i += 1 + len;
	}
	/* A NUL or a dot inside a label makes another name of it. */
	if (rc == 0 && !text.is_over && strlen(buf_text(&text)) == text.len)
		(void)snprintf(out, DNS_NAME_BYTES, "%s",
		    text.len != 0 ? buf_text(&text) : ".");
	else
		rc = -1;
	buf_free(&text);
	return rc;
}

/* character-strings (RFC 1035 3.3.14), one behind the other. */
static void
read_text(struct slice wire, char out[DNS_NAME_BYTES])
{
	size_t len = 0;

	for (size_t i = 0; i < wire.len;) {
		struct slice part =
		    slice_sub(wire, i + 1, (unsigned char)wire.ptr[i]);
		i += part.len + 1;
		for (size_t j = 0; j < part.len && len + 1 < DNS_NAME_BYTES;
		     j++)
			if (part.ptr[j] != '\0')
				out[len++] = part.ptr[j];
	}
	out[len] = '\0';
}

static int
read_record(enum dns_type type, struct slice data, struct dns_record *out)
{
	*out = (struct dns_record){0};
	switch (type) {
	case DNS_A:
		if (data.len != 4)
			return -1;
		out->address[10] = out->address[11] = 0xff;
		memcpy(out->address + 12, data.ptr, 4);
		return 0;
	case DNS_AAAA:
		if (data.len != 16)
			return -1;
		memcpy(out->address, data.ptr, 16);
		return 0;
	case DNS_MX:
		if (data.len < 3)
			return -1;
		out->preference = (uint16_t)((unsigned char)data.ptr[0] << 8 |
		    (unsigned char)data.ptr[1]);
		return read_name(slice_sub(data, 2, SIZE_MAX), out->name);
	case DNS_TXT:
		read_text(data, out->name);
		return 0;
	}
	return -1;
}

static void
read_answer(struct question *q, const struct ub_result *result)
{
	struct dns_answer *a = &q->answer;

	a->is_secure = result->secure != 0;
	a->ttl_ms = (int64_t)result->ttl * 1000;
	if (result->havedata == 0) {
		a->status =
		    result->rcode == RCODE_NXDOMAIN ? DNS_NO_NAME : DNS_NO_DATA;
		return;
	}
	a->records = mem_alloc(DNS_RECORDS_MAX * sizeof(*a->records));
	for (int i = 0; result->data[i] != NULL && a->count < DNS_RECORDS_MAX;
	     i++) {
		struct slice data =
		    slice_make(result->data[i], (size_t)result->len[i]);
		if (read_record(q->type, data, &a->records[a->count]) == 0)
			a->count++;
	}
	a->status = a->count != 0 ? DNS_FOUND : DNS_NO_DATA;
}

static void
on_result(void *arg, int error, struct ub_result *result)
{
	struct question *q = arg;

	if (error != 0) {
		send_trouble(q, ub_strerror(error));
	} else if (result->bogus != 0) {
		send_trouble(q,
		    result->why_bogus != NULL ? result->why_bogus
					      : "DNSSEC validation failed");
	} else if (result->rcode != 0 && result->rcode != RCODE_NXDOMAIN) {
		send_trouble(q, "the name server failed (SERVFAIL)");
	} else {
		read_answer(q, result);
		send_answer(q);
	}
	ub_resolve_free(result);
}

static void
on_timeout(void *arg)
{
	struct question *q = arg;

	(void)ub_cancel(q->resolver->ctx, q->async_id);
	send_trouble(q, "no answer in time");
}

static void
deliver_question(struct mail *mail)
{
	struct question *q = (struct question *)mail;
	struct resolver *r = q->resolver;

	TAILQ_INSERT_TAIL(&r->open, q, entry);
	q->timer = timer_new(r->loop, on_timeout, q);
	timer_start(q->timer, r->timeout_ms);
	int rc = ub_resolve_async(r->ctx, q->name, (int)q->type, CLASS_IN, q,
	    on_result, &q->async_id);
	if (rc != 0)
		send_trouble(q, ub_strerror(rc));
}

static void
on_ready(void *arg, bool can_read UNUSED, bool can_write UNUSED)
{
	struct resolver *r = arg;

	(void)ub_process(r->ctx);
}

static int
configure(
    struct resolver *r, const struct config *config, struct error *out_err)
{
	int rc = ub_ctx_async(r->ctx, 1);

	/* Operators run resolvers on this machine. */
	if (rc == 0)
		rc = ub_ctx_set_option(r->ctx, "do-not-query-localhost:", "no");
	for (size_t i = 0; rc == 0 && i < config->dns.servers.count; i++) {
		rc = ub_ctx_set_fwd(r->ctx, config->dns.servers.items[i]);
		if (rc != 0)
			return error_set(out_err, "dns.servers: \"%s\": %s",
			    config->dns.servers.items[i], ub_strerror(rc));
	}
	/* RFC 6761 names are answered by whoever the operator told us to ask.
	 */
	if (config->dns.servers.count != 0) {
		(void)ub_ctx_zone_remove(r->ctx, "test.");
		(void)ub_ctx_zone_remove(r->ctx, "invalid.");
	}
	if (rc == 0 && config->dns.servers.count == 0)
		rc = ub_ctx_resolvconf(r->ctx, NULL);
	if (rc == 0 && config->dns.trust_anchor != NULL)
		rc = ub_ctx_add_ta_file(r->ctx, config->dns.trust_anchor);
	return rc == 0 ? 0
		       : error_set(out_err, "resolver: %s", ub_strerror(rc));
}

struct resolver *
resolver_new(const struct config *config, struct error *out_err)
{
	struct resolver *r = MEM_NEW(struct resolver);

	TAILQ_INIT(&r->open);
	r->timeout_ms = config->dns.timeout;
	r->ctx = ub_ctx_create();
	r->loop = loop_new();
	if (r->ctx == NULL)
		(void)error_set(out_err, "resolver: can't start libunbound");
	if (r->ctx == NULL || configure(r, config, out_err) != 0) {
		resolver_free(r);
		return NULL;
	}
	r->watch = watch_new(r->loop, ub_fd(r->ctx), on_ready, r);
	watch_set(r->watch, true, false);
	r->thread = thread_start("resolver", r->loop, out_err);
	if (r->thread == NULL) {
		resolver_free(r);
		return NULL;
	}
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	if (r->thread != NULL) {
		loop_stop(r->loop);
		thread_join(r->thread);
	}
	watch_free(r->watch);
	if (r->ctx != NULL)
		ub_ctx_delete(r->ctx);
	while (!TAILQ_EMPTY(&r->open)) {
		struct question *q = TAILQ_FIRST(&r->open);
		TAILQ_REMOVE(&r->open, q, entry);
		timer_free(q->timer);
		mem_free(q);
	}
	loop_free(r->loop);
	mem_free(r);
}

void
resolver_ask(struct resolver *r, struct loop *origin, const char *name,
    enum dns_type type, dns_fn *fn, void *arg)
{
	struct question *q = MEM_NEW(struct question);

	q->resolver = r;
	q->origin = origin;
	q->type = type;
	q->fn = fn;
	q->arg = arg;
	(void)snprintf(q->name, sizeof(q->name), "%s", name);
	q->mail.deliver = deliver_question;
	loop_post(r->loop, &q->mail);
}
