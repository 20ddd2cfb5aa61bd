/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats errors. Never logs: whoever handles the error does.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int fill(struct error *err, enum error_kind kind, const char *format,
    va_list args) PRINTF_LIKE(3, 0);

static int
fill(struct error *err, enum error_kind kind, const char *format, va_list args)
{
	err->kind = kind;
	return vsnprintf(err->text, sizeof(err->text), format, args);
}

int
error_set(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fill(err, ERROR_FAILED, format, args);
	va_end(args);
	return -1;
}

int
error_set_kind(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fill(err, kind, format, args);
	va_end(args);
	return -1;
}

int
error_set_errno(struct error *err, const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	int len = fill(err, ERROR_FAILED, format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < sizeof(err->text))
		(void)snprintf(err->text + len, sizeof(err->text) - (size_t)len,
		    ": %s", strerror(saved));
	return -1;
}
