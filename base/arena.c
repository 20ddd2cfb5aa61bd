/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bump allocation in blocks; large requests get a block of their own behind
 * the current one, so that its rest stays usable.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_BYTES 4096
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

static struct arena_block *
add_block(struct arena *a, size_t size)
{
	struct arena_block *block = mem_alloc(sizeof(*block) + size);

	block->size = size;
	a->total_bytes += sizeof(*block) + size;
	return block;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct arena_block *head = a->head;
	if (head != NULL && head->size - head->used >= size) {
		void *at = head->bytes + head->used;
		head->used += size;
		return at;
	}
	if (head != NULL && size > BLOCK_BYTES / 4) {
		struct arena_block *own = add_block(a, size);
		own->used = size;
		own->next = head->next;
		head->next = own;
		return own->bytes;
	}
	head = add_block(a, size > BLOCK_BYTES ? size : BLOCK_BYTES);
	head->next = a->head;
	head->used = size;
	a->head = head;
	return head->bytes;
}

char *
arena_dup(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (s.len != 0)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

char *
arena_dup_lower(struct arena *a, struct slice s)
{
	char *copy = arena_dup(a, s);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = ascii_lower(copy[i]);
	return copy;
}

struct slice
arena_slice(struct arena *a, struct slice s)
{
	return s.ptr != NULL ? slice_make(arena_dup(a, s), s.len) : s;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(a, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

void
arena_free(struct arena *a)
{
	struct arena_block *block = a->head;

	while (block != NULL) {
		struct arena_block *next = block->next;
		mem_free(block);
		block = next;
	}
	*a = (struct arena){0};
}
