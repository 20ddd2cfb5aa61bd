/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test needs: cmocka, and assertions on slices that name the
 * case at hand.
 */
#ifndef POSTHORN_TESTS_UNIT_UNIT_H
#define POSTHORN_TESTS_UNIT_UNIT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

/* Fails with the name of the case; goes on to name what was expected. */
#define CHECK(NAME, CONDITION)                                           \
	do {                                                             \
		if (!(CONDITION))                                        \
			fail_msg("%s: expected %s", (NAME), #CONDITION); \
	} while (0)

#define CHECK_SLICE(NAME, GOT, WANT)                                      \
	do {                                                              \
		struct slice got_ = (GOT);                                \
		struct slice want_ = (WANT);                              \
		if (!slice_equal(got_, want_))                            \
			fail_msg("%s: got \"%.*s\", expected \"%.*s\"",   \
			    (NAME), SLICE_ARGS(got_), SLICE_ARGS(want_)); \
	} while (0)

#define CHECK_INT(NAME, GOT, WANT)                                             \
	do {                                                                   \
		long long got_ = (long long)(GOT);                             \
		long long want_ = (long long)(WANT);                           \
		if (got_ != want_)                                             \
			fail_msg("%s: got %lld, expected %lld for %s", (NAME), \
			    got_, want_, #GOT);                                \
	} while (0)

#endif
