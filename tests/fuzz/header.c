/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking a header gives back its bytes.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/header.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = FUZZ_INPUT(data, size);
	struct slice rest = all;
	struct smtp_field f;
	size_t total = 0;

	while (smtp_field_next(&rest, &f)) {
		assert(f.whole.ptr == all.ptr + total && f.whole.len != 0);
		total += f.whole.len;
		struct slice a = smtp_field_address(f.value);
		assert(a.len <= f.value.len);
	}
	assert(total + rest.len == all.len);
	(void)smtp_field_address(all);
	return 0;
}
