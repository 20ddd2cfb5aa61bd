/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap allocation that cannot fail: running out of memory ends the process
 * here, in one place. Any thread.
 */
#ifndef POSTHORN_BASE_MEM_H
#define POSTHORN_BASE_MEM_H

#include <stddef.h>

/* Returns `size` zeroed bytes; free with mem_free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks; new bytes are not zeroed. */
void *mem_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));
/* Copies `len` bytes and adds a NUL. */
char *mem_strndup(const char *text, size_t len) __attribute__((malloc));
/* Copies a C string; null gives null. */
char *mem_strdup(const char *text) __attribute__((malloc));
/* Frees; null is accepted. */
void mem_free(void *ptr);

/* A zeroed object of the type that `ptr` points to. */
#define MEM_NEW(TYPE) ((TYPE *)mem_alloc(sizeof(TYPE)))

#endif
