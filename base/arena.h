/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory with one end: everything taken from an arena goes when it goes.
 * One arena a message, a session, a callback turn. Owned by one thread.
 */
#ifndef POSTHORN_BASE_ARENA_H
#define POSTHORN_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *head; /* null while empty */
	size_t total_bytes;       /* taken from the heap */
};

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((returns_nonnull));
/* NUL-terminated copies. */
char *arena_dup(struct arena *a, struct slice s)
    __attribute__((returns_nonnull));
char *arena_dup_lower(struct arena *a, struct slice s)
    __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3)
    __attribute__((returns_nonnull));
/* A borrowed slice over a copy that the arena owns; null stays null. */
struct slice arena_slice(struct arena *a, struct slice s);
/* Frees all; the arena can be used again. */
void arena_free(struct arena *a);

#define ARENA_NEW(A, TYPE) ((TYPE *)arena_alloc((A), sizeof(TYPE)))

#endif
