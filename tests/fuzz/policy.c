/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy keys and values.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/policy.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = FUZZ_INPUT(data, size);
	struct slice key;
	struct error err;

	if (slice_cut(&all, ' ', &key) && policy_check(key, all, &err) != 0)
		assert(err.text[0] != '\0');
	return 0;
}
