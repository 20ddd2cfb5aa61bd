/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules files.
 */
#include "tests/fuzz/fuzz.h"

#include "scoring/rules.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	struct rules *r = rules_parse(FUZZ_INPUT(data, size), "fuzz", &err);
	struct slice match;

	for (size_t i = 0; r != NULL && i < rules_count(r); i++)
		(void)rules_match(r, i, SLICE("some text of a mail"), &match);
	rules_free(r);
	return 0;
}
