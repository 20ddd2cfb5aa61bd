/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration files.
 */
#include "tests/fuzz/fuzz.h"

#include "config/config.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;

	config_unref(config_parse(FUZZ_INPUT(data, size), "fuzz", &err));
	return 0;
}
