/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a target over files, for builds without libFuzzer.
 */
#include <stdio.h>

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct buf text = buf_make(64 << 20);
		FILE *file = fopen(argv[i], "rb");
		size_t got = 1;
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		while (got != 0) {
			char *at = buf_reserve(&text, 65536);
			got = at != NULL ? fread(at, 1, 65536, file) : 0;
			if (got != 0)
				buf_grow(&text, got);
		}
		(void)fclose(file);
		(void)LLVMFuzzerTestOneInput(
		    (const uint8_t *)buf_text(&text), text.len);
		buf_free(&text);
	}
	return 0;
}
