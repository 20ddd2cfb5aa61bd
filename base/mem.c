/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that ends the process when memory is out. A mail server that
 * goes on after a failed allocation guesses; one that stops is restarted and
 * recovers from disk, where every accepted message is.
 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
out_of_memory(void)
{
	static const char text[] = "posthorn: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

void *
mem_alloc(size_t size)
{
	void *ptr = calloc(1, size != 0 ? size : 1);

	if (ptr == NULL)
		out_of_memory();
	return ptr;
}

void *
mem_realloc(void *ptr, size_t size)
{
	ptr = realloc(ptr, size != 0 ? size : 1);
	if (ptr == NULL)
		out_of_memory();
	return ptr;
}

char *
mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len != 0)
		memcpy(copy, text, len);
	return copy;
}

char *
mem_strdup(const char *text)
{
	return text != NULL ? mem_strndup(text, strlen(text)) : NULL;
}

void
mem_free(void *ptr)
{
	free(ptr);
}
