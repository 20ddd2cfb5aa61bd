/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmocka with what it wants included before it, and checks on slices.
 */
#ifndef POSTHORN_TESTS_CHECK_H
#define POSTHORN_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

/* Says which row of a table is at hand when it fails. */
#define check_row(NAME, CONDITION)                                      \
	do {                                                            \
		if (!(CONDITION))                                       \
			fail_msg("row \"%s\": %s", (NAME), #CONDITION); \
	} while (0)
#define check_slice(S, TEXT)                               \
	do {                                               \
		struct slice check_s = (S);                \
		if (!slice_is(check_s, (TEXT)))            \
			fail_msg("\"%.*s\" is not \"%s\"", \
			    SLICE_ARGS(check_s), (TEXT));  \
	} while (0)

#endif
