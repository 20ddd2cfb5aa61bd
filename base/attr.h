/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiler attributes under short names. Nothing here has behaviour.
 */
#ifndef POSTHORN_BASE_ATTR_H
#define POSTHORN_BASE_ATTR_H

/* The caller may not drop the result. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* Argument F is a printf format, its arguments start at A (both from 1). */
#define PRINTF_LIKE(F, A) __attribute__((format(printf, F, A)))
/* The value is taken by design and not used. */
#define UNUSED __attribute__((unused))

#define ARRAY_LEN(A) (sizeof(A) / sizeof((A)[0]))

#endif
