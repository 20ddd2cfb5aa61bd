/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines, and the paths and parameters in them.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/command.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = FUZZ_INPUT(data, size);
	struct smtp_command c = smtp_command_parse(line);
	struct arena arena = {0};
	struct smtp_path path;

	assert(c.verb.len <= line.len && c.args.len <= line.len);
	if (smtp_path_parse(c.args, "FROM", &arena, &path) == SMTP_PATH_OK)
		assert(path.is_null || path.is_postmaster ||
		    path.address.text.len != 0);
	(void)smtp_helo_is_valid(line);
	enum smtp_path_error ignored =
	    smtp_path_parse(line, "TO", &arena, &path);
	(void)ignored;
	arena_free(&arena);
	return 0;
}
