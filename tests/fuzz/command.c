/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines, and the paths and parameters in them.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/command.h"
#include "smtp/params.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = FUZZ_INPUT(data, size);
	struct smtp_command c = smtp_command_parse(line);
	struct arena arena = {0};
	struct smtp_path path;

	assert(c.verb.len <= line.len && c.args.len <= line.len);
	struct smtp_mail_params mail;
	struct smtp_rcpt_params rcpt;
	struct slice bad;
	if (smtp_path_parse(c.args, "FROM", &arena, &path) == SMTP_PATH_OK) {
		assert(path.is_null || path.is_postmaster ||
		    path.address.text.len != 0);
		if (smtp_mail_params_read(&path, &mail, &bad) ==
			SMTP_PARAMS_OK &&
		    mail.envid.ptr != NULL)
			assert(smtp_xtext_is_valid(mail.envid));
		if (smtp_rcpt_params_read(&path, &rcpt, &bad) ==
			SMTP_PARAMS_OK &&
		    rcpt.orcpt.ptr != NULL)
			assert(slice_find(rcpt.orcpt, ';') > 0);
	}
	(void)smtp_xtext_decode(line, &arena);
	(void)smtp_helo_is_valid(line);
	enum smtp_path_error ignored =
	    smtp_path_parse(line, "TO", &arena, &path);
	(void)ignored;
	arena_free(&arena);
	return 0;
}
