/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules files that must be refused with their line, and symbols that need a
 * larger message to fire.
 */
#include "scoring/rules.h"

#include <jansson.h>
#include <math.h>

#include "base/utf8.h"
#include "scoring/score.h"
#include "tests/unit/unit.h"

struct bad {
	const char *name;
	struct slice text;
};

/* The mistake is on line 3. */
#define GOOD "# words\nA 1 spam body /a/ x\n"
static const struct bad bad[] = {
    {.name = "nan", .text = SLICE(GOOD "B nan spam body /a/ x\n")},
    {.name = "inf", .text = SLICE(GOOD "B inf spam body /a/ x\n")},
    {.name = "points above", .text = SLICE(GOOD "B 101 spam body /a/ x\n")},
    {.name = "no points", .text = SLICE(GOOD "B\n")},
    {.name = "class", .text = SLICE(GOOD "B 1 ham body /a/ x\n")},
    {.name = "place", .text = SLICE(GOOD "B 1 spam header /a/ x\n")},
    {.name = "open expression", .text = SLICE(GOOD "B 1 spam body /a x\n")},
    {.name = "escaped end", .text = SLICE(GOOD "B 1 spam body /a\\/")},
    {.name = "bad expression", .text = SLICE(GOOD "B 1 spam body /(a/ x\n")},
    {.name = "symbol", .text = SLICE(GOOD "B\" 1 spam body /a/ x\n")},
    {.name = "broken UTF-8", .text = SLICE(GOOD "B 1 spam body /a\xf0/ x\n")},
};

static void
test_bad(void **state UNUSED)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = {0};
		struct rules *r = rules_parse(bad[i].text, "my.rules", &err);
		if (r == NULL && strstr(err.text, "my.rules:3:") != NULL)
			continue;
		print_error("%s: %s\n", bad[i].name,
		    r == NULL ? err.text : "was accepted");
		rules_free(r);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
append_many(struct buf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		(void)buf_append_text(out, text);
}

static bool
fires(const char *symbol, struct slice message)
{
	struct error err;
	struct arena arena = {0};
	struct score_facts facts = {.sender = SLICE("a@shop.test")};
	struct verdict v = {0};
	struct buf json = buf_make(1 << 20);
	struct scorer *s = scorer_new(NULL, 1 << 20, &err);
	bool found = false;

	assert_non_null(s);
	score_message(s, message, &facts, NULL, &arena, &v);
	assert_false(isnan(v.score));
	for (size_t i = 0; i < v.finding_count; i++) {
		found = found || strcmp(v.findings[i].symbol, symbol) == 0;
		assert_true(utf8_is_valid(slice_of(v.findings[i].why)));
		assert_null(strchr(v.findings[i].why, '\n'));
	}
	verdict_to_json(&v, &json);
	json_t *parsed = json_loads(buf_text(&json), 0, NULL);
	assert_int_equal(json_array_size(parsed), v.finding_count);
	json_decref(parsed);
	buf_free(&json);
	arena_free(&arena);
	scorer_unref(s);
	return found;
}

#define HEAD                                                          \
	"From: Ann <a@shop.test>\r\nSubject: lunch\r\nMIME-Version: " \
	"1.0\r\n"
#define HTML HEAD "Content-Type: text/html\r\n\r\n<p>See you at noon.</p>"

static void
test_hidden_and_tiny(void **state UNUSED)
{
	struct buf m = buf_make(1 << 20);

	(void)buf_append_text(&m, HTML "<div style=\"display:none\">");
	append_many(&m, "words that nobody sees ", 60);
	(void)buf_append_text(&m, "</div>");
	assert_true(fires("HTML_HIDDEN_TEXT", buf_slice(&m)));
	buf_reset(&m);
	(void)buf_append_text(&m, HTML "<span style='font-size: 1px'>");
	append_many(&m, "words that nobody reads ", 60);
	(void)buf_append_text(&m, "</span>");
	assert_true(fires("HTML_TINY_TEXT", buf_slice(&m)));
	buf_free(&m);
}

#define ATTACHED(NAME)                                           \
	HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n" \
	     "--b\r\n\r\nsee there\r\n--b\r\nContent-Type: "     \
	     "application/octet-stream\r\nContent-Disposition: " \
	     "attachment; filename=\"" NAME                      \
	     "\"\r\nContent-Transfer-Encoding: "                 \
	     "base64\r\n\r\n"

static void
test_archives(void **state UNUSED)
{
	/* A local header of "a.exe", and one that is encrypted. */
	assert_true(fires("ATTACH_ZIP_EXEC",
	    SLICE(ATTACHED("a.zip") "UEsDBAoAAAAAAAAAAAAAAAAAAQAAAAEAAAAFAAAAYS"
				    "5leGV4\r\n--b--\r\n")));
	assert_true(fires("ATTACH_ZIP_LOCKED",
	    SLICE(ATTACHED("a.zip") "UEsDBAoAAQAAAAAAAAAAAAAAAQAAAAEAAAAFAAAAYS"
				    "50eHR4\r\n--b--\r\n")));
	assert_false(fires("ATTACH_ZIP_LOCKED",
	    SLICE(ATTACHED("a.zip") "UEsDBAoAAAAAAAAAAAAAAAAAAQAAAAEAAAAFAAAAYS"
				    "50eHR4\r\n--b--\r\n")));
	/* Headers that are cut at every octet are read within bounds. */
	struct slice zip = SLICE("UEsDBAoAAAAAAAAAAAAAAAAAAQAAAAEAAAAFAAAAYS"
				 "5leGV4");
	for (size_t n = 0; n <= zip.len; n++) {
		struct buf m = buf_make(4096);
		(void)buf_append_text(&m, ATTACHED("a.zip"));
		(void)buf_append_slice(&m, slice_sub(zip, 0, n));
		(void)buf_append_text(&m, "\r\n--b--\r\n");
		(void)fires("NONE", buf_slice(&m));
		buf_free(&m);
	}
}

static void
test_too_complex(void **state UNUSED)
{
	struct buf m = buf_make(8 << 20);

	(void)buf_append_text(
	    &m, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	append_many(&m, "--b\r\n\r\nx\r\n", 5000);
	assert_true(fires("MIME_TOO_COMPLEX", buf_slice(&m)));
	buf_reset(&m);
	(void)buf_append_text(&m, HEAD);
	for (int i = 0; i < 200; i++)
		(void)buf_appendf(&m,
		    "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n"
		    "--b%d\r\n",
		    i, i);
	assert_true(fires("MIME_TOO_COMPLEX", buf_slice(&m)));
	buf_reset(&m);
	(void)buf_append_text(&m, HEAD);
	append_many(&m, "Content-Type: message/rfc822\r\n\r\n", 200);
	assert_true(fires("MIME_TOO_COMPLEX", buf_slice(&m)));
	buf_free(&m);
}

/* Octets that break JSON or UTF-8 where they can be reached. */
static void
test_hostile_text(void **state UNUSED)
{
	assert_true(fires("SUBJECT_LOUD",
	    SLICE("From: a@b.org\r\nSubject: \"\\\xff\x01\xe2\x80\xae!!\r\n"
		  "\r\nx")));
	assert_true(fires("SUBJECT_LOUD",
	    SLICE("From: a@b.org\r\n"
		  "Subject: =?utf-8?B?AAEC/yEhIgpc?=\r\n\r\nx")));
	(void)fires("NONE", SLICE(""));
	(void)fires("NONE", SLICE("\r\n"));
	(void)fires("NONE", SLICE("\0\0\0"));
	(void)fires("NONE", SLICE("Content-Type: multipart/mixed\r\n\r\n--"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_hidden_and_tiny),
	    cmocka_unit_test(test_archives),
	    cmocka_unit_test(test_too_complex),
	    cmocka_unit_test(test_hostile_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
