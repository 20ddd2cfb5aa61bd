/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, sharing and giving up outgoing messages.
 */
#include "daemon/outgoing.h"

#include <stdatomic.h>

#include "base/mem.h"

struct body *
body_new(size_t len)
{
	struct body *b = mem_alloc(sizeof(*b) + len);

	atomic_init(&b->references, 1);
	b->len = len;
	return b;
}

struct body *
body_ref(struct body *b)
{
	(void)atomic_fetch_add(&b->references, 1);
	return b;
}

void
body_unref(struct body *b)
{
	if (b != NULL && atomic_fetch_sub(&b->references, 1) == 1)
		mem_free(b);
}

struct outgoing *
outgoing_new(void)
{
	struct outgoing *o = MEM_NEW(struct outgoing);

	atomic_init(&o->references, 1);
	return o;
}

struct outgoing *
outgoing_ref(struct outgoing *o)
{
	(void)atomic_fetch_add(&o->references, 1);
	return o;
}

void
outgoing_unref(struct outgoing *o)
{
	if (o == NULL || atomic_fetch_sub(&o->references, 1) != 1)
		return;
	if (o->budget != NULL)
		(void)atomic_fetch_sub(o->budget, (int64_t)o->body->len);
	body_unref(o->body);
	arena_free(&o->arena);
	mem_free(o);
}
