/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong in the environment (file, socket, disk, configuration), as
 * a text for the operator. Functions that can fail so return 0 or -1 and take
 * `struct error *out_err`, which must not be null.
 */
#ifndef POSTHORN_BASE_ERROR_H
#define POSTHORN_BASE_ERROR_H

#include "base/attr.h"

enum error_kind {
	ERROR_FAILED = 0, /* the environment said no */
	ERROR_USAGE,      /* the caller's words are off */
	ERROR_NOT_FOUND,  /* the named thing does not exist */
	ERROR_REFUSED,    /* it exists, but this may not be done now */
	ERROR_STORAGE,    /* disk full or failing; nothing was written */
};

struct error {
	enum error_kind kind;
	char text[480]; /* one line, no newline at its end */
};

/* Fills `err` and returns -1, so that `return error_set(...)` reads well. */
int error_set(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
int error_set_kind(struct error *err, enum error_kind kind, const char *format,
    ...) PRINTF_LIKE(3, 4);
/* Likewise, with ": " and the text of errno behind. */
int error_set_errno(struct error *err, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
