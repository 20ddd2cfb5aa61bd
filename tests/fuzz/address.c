/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An address that parses prints as one that parses to the same.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/address.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct smtp_address a;
	struct smtp_address b;

	if (smtp_address_parse(FUZZ_INPUT(data, size), &arena, &a) == 0) {
		int rc = smtp_address_parse(a.text, &arena, &b);
		assert(rc == 0 && slice_equal(a.text, b.text));
		assert(slice_find(a.text, '\r') < 0 &&
		    slice_find(a.text, '\n') < 0);
	}
	arena_free(&arena);
	return 0;
}
