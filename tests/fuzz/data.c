/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the writer emits the reader gives back; the reader lets nothing
 * bare through, however the bytes are cut.
 */
#include "tests/fuzz/fuzz.h"

#include "smtp/data.h"

static enum smtp_data_status
read_all(struct slice all, size_t step, struct buf *out)
{
	struct smtp_data_reader r = {0};
	enum smtp_data_status s = SMTP_DATA_MORE;
	struct slice piece;

	for (size_t i = 0; i < all.len; i += step) {
		struct slice in = slice_sub(all, i, step);
		while ((s = smtp_data_read(&r, &in, &piece)) == SMTP_DATA_PIECE)
			(void)buf_append_slice(out, piece);
		if (s != SMTP_DATA_MORE)
			return s;
	}
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = FUZZ_INPUT(data, size);
	struct buf out = buf_make(1 << 22);
	struct buf wire = buf_make(1 << 22);
	struct buf back = buf_make(1 << 22);
	size_t step = size != 0 ? (size_t)data[0] % 17 + 1 : 1;

	if (read_all(in, step, &out) == SMTP_DATA_DONE) {
		struct smtp_data_writer w = {0};
		int rc = smtp_data_write(&w, buf_slice(&out), &wire);
		assert(rc == 0 && smtp_data_finish(&w, &wire) == 0);
		assert(
		    read_all(buf_slice(&wire), step, &back) == SMTP_DATA_DONE);
		assert(slice_equal(buf_slice(&out), buf_slice(&back)));
	}
	buf_free(&out);
	buf_free(&wire);
	buf_free(&back);
	return 0;
}
