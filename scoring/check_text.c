/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the visible text is made of, whatever it says.
 */
#include "base/utf8.h"
#include "scoring/check.h"

#define SCANNED_BYTES 65536
#define SHORT_TEXT_BYTES 120

static bool
is_invisible(uint32_t code)
{
	return code == 0xad || (code >= 0x200b && code <= 0x200d) ||
	    code == 0x2060 || code == 0xfeff;
}

static bool
is_latin(uint32_t code)
{
	return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
}

/* Cyrillic and Greek letters that look like Latin ones. */
static bool
is_look_alike(uint32_t code)
{
	static const uint32_t codes[] = {0x0430, 0x0435, 0x043e, 0x0440, 0x0441,
	    0x0443, 0x0445, 0x0455, 0x0456, 0x0458, 0x0410, 0x0412, 0x0415,
	    0x041a, 0x041c, 0x041d, 0x041e, 0x0420, 0x0421, 0x0422, 0x0425,
	    0x03bf, 0x03b1, 0x03c1, 0x0391, 0x0392, 0x0395, 0x039f, 0x03a1,
	    0x03a4};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

struct counts {
	size_t invisible_inside; /* between two letters of a word */
	size_t mixed_words;
};

static struct counts
count_letters(struct slice text)
{
	struct counts n = {0};
	bool has_latin = false;
	bool has_alike = false;
	uint32_t before = 0;
	bool after_invisible = false;

	while (text.len != 0) {
		uint32_t code = 0;
		size_t len = utf8_decode(text, &code);
		text = slice_sub(text, len != 0 ? len : 1, SIZE_MAX);
		if (is_invisible(code)) {
			after_invisible = is_latin(before);
			continue;
		}
		n.invisible_inside += after_invisible && is_latin(code);
		after_invisible = false;
		before = code;
		bool alike = code >= 0x80 && is_look_alike(code);
		if (is_latin(code) || alike) {
			has_latin |= is_latin(code);
			has_alike |= alike;
			continue;
		}
		/* Another letter of a foreign script: a word of its own. */
		if (code >= 0x370 && code < 0x530) {
			has_latin = false;
			continue;
		}
		n.mixed_words += has_latin && has_alike;
		has_latin = has_alike = false;
	}
	n.mixed_words += has_latin && has_alike;
	return n;
}

void
check_text(struct check *c)
{
	const struct view *v = c->view;
	struct slice text = slice_sub(buf_slice(&v->text), 0, SCANNED_BYTES);
	struct counts body = count_letters(text);
	struct counts subject = count_letters(v->subject);

	if (body.invisible_inside + 3 * subject.invisible_inside >= 5)
		check_found(c, SYM_TEXT_INVISIBLE, "%zu in the text",
		    body.invisible_inside);
	if (body.mixed_words + 3 * subject.mixed_words >= 3)
		check_found(c, SYM_TEXT_MIXED_SCRIPT, "%zu words",
		    body.mixed_words + subject.mixed_words);
	if (v->link_count != 0 && v->attachment_count == 0 &&
	    slice_trim(text).len < SHORT_TEXT_BYTES && v->html.images == 0)
		check_found(c, SYM_TEXT_LINK_ONLY, "%zu octets of text",
		    slice_trim(text).len);
	if (v->is_too_complex)
		check_found(
		    c, SYM_MIME_TOO_COMPLEX, "%zu parts", v->part_count);
}
