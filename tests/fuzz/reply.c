/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies over any cut.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/reply.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply_parser p;
	struct smtp_reply r;
	struct slice all = FUZZ_INPUT(data, size);
	size_t step = size != 0 ? (size_t)data[0] % 31 + 1 : 1;

	smtp_reply_parser_init(&p);
	for (size_t i = 0; i < all.len; i += step) {
		struct slice in = slice_sub(all, i, step);
		while (in.len != 0) {
			enum smtp_reply_status s = smtp_reply_feed(&p, &in, &r);
			if (s == SMTP_REPLY_ERROR)
				goto done;
			if (s == SMTP_REPLY_DONE)
				assert(r.code >= 200 && r.code <= 599);
		}
	}
done:
	smtp_reply_parser_free(&p);
	return 0;
}
