/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbols fire on what they name and on nothing plain; hostile structure
 * costs bounded time.
 */
#include "tests/unit/check.h"

#include <jansson.h>
#include <time.h>

#include "scoring/rules.h"
#include "scoring/score.h"

#define FROM "From: Ann <a@shop.test>\r\n"
#define SUBJ "Subject: lunch\r\n"
#define HTML "Content-Type: text/html\r\n\r\n"
#define LONG                                                               \
	"This is a plain text of some length, as people write it to each " \
	"other when they have something to say, and not much more than that. "
#define ATTACHED(NAME, BODY)                                          \
	FROM SUBJ "Content-Type: multipart/mixed; boundary=b\r\n\r\n" \
		  "--b\r\n\r\nsee there\r\n--b\r\nContent-Type: "     \
		  "application/octet-stream\r\nContent-Disposition: " \
		  "attachment; filename=\"" NAME "\"\r\n\r\n" BODY    \
		  "\r\n--b--\r\n"

static const struct {
	const char *symbol; /* null: nothing at all */
	const char *message;
} rows[] = {
    {NULL, FROM SUBJ "\r\n" LONG},
    {NULL,
	FROM SUBJ HTML "<p>" LONG "<a href='https://shop.test/x'>see "
		       "here</a></p>"},
    {"FROM_MISSING", SUBJ "\r\n" LONG},
    {"FROM_NAME_ADDRESS",
	"From: \"ceo@bank.com\" <x@evil.org>\r\n" SUBJ "\r\n" LONG},
    {"FROM_BRAND", "From: PayPal <x@evil.org>\r\n" SUBJ "\r\n" LONG},
    {"REPLY_TO_ELSEWHERE",
	FROM SUBJ "Reply-To: me@gmail.com\r\nX: y\r\n\r\n" LONG},
    {"SUBJECT_EMPTY", FROM "\r\n" LONG},
    {"SUBJECT_CAPS", FROM "Subject: BUY THIS THING NOW\r\n\r\n" LONG},
    {"SUBJECT_LOUD", FROM "Subject: now!!\r\n\r\n" LONG},
    {"SUBJECT_PROBE", FROM "Subject: smtp ok x@y.test\r\n\r\n" LONG},
    {"FAKE_REPLY", FROM "Subject: Re: hello\r\n\r\n" LONG},
    {"PHP_SCRIPT",
	FROM SUBJ "X-PHP-Originating-Script: 33:x.php(1) : eval()'d code\r\n"
		  "\r\n" LONG},
    {"TEXT_INVISIBLE",
	FROM SUBJ "Content-Type: text/plain; charset=utf-8\r\n\r\n" LONG
		  "v\xe2\x80\x8bi\xe2\x80\x8b"
		  "a\xe2\x80\x8bg\xe2\x80\x8br"
		  "\xe2\x80\x8b"
		  "a"},
    {"TEXT_MIXED_SCRIPT",
	FROM SUBJ "Content-Type: text/plain; charset=utf-8\r\n\r\n" LONG
		  "p\xd0\xb0ypal p\xd0\xb0ss acc\xd0\xbeunt"},
    {"TEXT_LINK_ONLY", FROM SUBJ "\r\nhttp://x.example.org/\r\n"},
    {"HTML_IMAGE_ONLY",
	FROM SUBJ HTML "<a href='http://x.shop.test/'><img src='x'></a>"},
    {"HTML_FORM", FROM SUBJ HTML LONG "<form><input></form>"},
    {"HTML_PASSWORD", FROM SUBJ HTML LONG "<input type=PASSWORD>"},
    {"HTML_SCRIPT", FROM SUBJ HTML LONG "<script>x</script>"},
    {"HTML_REFRESH",
	FROM SUBJ HTML LONG "<meta http-equiv=Refresh content='0;url=x'>"},
    {"HTML_IFRAME", FROM SUBJ HTML LONG "<iframe src='x'></iframe>"},
    {"LINK_TEXT_DIFFERS",
	FROM SUBJ HTML LONG "<a href='http://evil.org/'>www.bank.com</a>"},
    {"LINK_IP", FROM SUBJ "\r\n" LONG "http://198.51.100.7/x"},
    {"LINK_PUNYCODE", FROM SUBJ "\r\n" LONG "http://xn--80ak6aa92e.com/"},
    {"LINK_SHORTENER", FROM SUBJ "\r\n" LONG "https://bit.ly/abc"},
    {"LINK_USERINFO", FROM SUBJ "\r\n" LONG "http://bank.com@evil.org/"},
    {"LINK_PORT", FROM SUBJ "\r\n" LONG "http://evil.org:8081/"},
    {"LINK_SCHEME", FROM SUBJ HTML LONG "<a href='data:text/html,x'>here</a>"},
    {"LINK_BRAND", FROM SUBJ "\r\n" LONG "http://paypal.evil.org/"},
    {"ATTACH_EXECUTABLE", ATTACHED("a.exe", "x")},
    {"ATTACH_DOUBLE_EXT", ATTACHED("invoice.pdf.exe", "x")},
    {"ATTACH_HTML", ATTACHED("page.html", "<script>1</script>")},
    {"ATTACH_MACRO", ATTACHED("x.docm", "x")},
    {"SUBJECT_PILLS", FROM "Subject: cheap viagra\r\n\r\n" LONG},
    {"BODY_VERIFY", FROM SUBJ "\r\n" LONG "Please verify your account."},
    {"BODY_STOLEN_LOGIN",
	FROM SUBJ "\r\nsmtp server: x.test port 587 login: a password: b"},
};

static struct scorer *scorer;

static void
score(struct slice message, const struct policy *policy, struct arena *arena,
    struct verdict *v)
{
	struct score_facts facts = {.sender = SLICE("a@shop.test")};

	score_message(scorer, message, &facts, policy, arena, v);
}

static bool
has(const struct verdict *v, const char *symbol)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (strcmp(v->findings[i].symbol, symbol) == 0)
			return true;
	return false;
}

static void
symbols_fire(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = {0};
		struct verdict v;
		struct buf json = buf_make(65536);
		double sum = 0;
		score(slice_of(rows[i].message), NULL, &arena, &v);
		if (rows[i].symbol == NULL)
			check_row(rows[i].message, v.finding_count == 0);
		else
			check_row(rows[i].symbol, has(&v, rows[i].symbol));
		for (size_t f = 0; f < v.finding_count; f++)
			sum += v.findings[f].points;
		assert_true(sum - v.score < 1e-9 && v.score - sum < 1e-9);
		verdict_to_json(&v, &json);
		json_t *parsed = json_loads(buf_text(&json), 0, NULL);
		assert_int_equal(json_array_size(parsed), v.finding_count);
		json_decref(parsed);
		buf_free(&json);
		arena_free(&arena);
	}
}

static void
weights_apply(void **state)
{
	struct policy_weight w = {"html_form", -3};
	struct policy policy = {.weights = &w, .weight_count = 1};
	struct arena arena = {0};
	struct verdict v;

	(void)state;
	score(SLICE(FROM SUBJ HTML LONG "<form></form>"), &policy, &arena, &v);
	assert_true(v.score == -3);
	arena_free(&arena);
	assert_true(scorer_knows(scorer, SLICE("Body_419")));
	assert_false(scorer_knows(scorer, SLICE("NO_SUCH")));
	assert_string_equal(
	    scorer_nearest(scorer, SLICE("HTML_PASWORD")), "HTML_PASSWORD");
}

static void
bounded(const char *name, struct buf *message)
{
	struct arena arena = {0};
	struct verdict v;
	struct timespec before;
	struct timespec after;

	assert_false(message->is_over);
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	score(buf_slice(message), NULL, &arena, &v);
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	check_row(name, after.tv_sec - before.tv_sec < 20);
	arena_free(&arena);
	buf_free(message);
}

static void
hostile_structure_is_bounded(void **state)
{
	struct buf m = buf_make(64 << 20);

	(void)state;
	for (int i = 0; i < 5000; i++)
		(void)buf_appendf(&m,
		    "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d"
		    "\r\n",
		    i, i);
	bounded("nested multiparts", &m);
	m = buf_make(64 << 20);
	for (int i = 0; i < 5000; i++)
		(void)buf_append_text(
		    &m, "Content-Type: message/rfc822\r\n\r\n");
	bounded("nested messages", &m);
	m = buf_make(64 << 20);
	for (int i = 0; i < 10000; i++)
		(void)buf_appendf(&m, "X-%d: y\r\n", i);
	bounded("headers", &m);
	m = buf_make(64 << 20);
	(void)buf_append_text(
	    &m, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		(void)buf_append_text(&m, "--b\r\n\r\nx\r\n");
	bounded("parts", &m);
	m = buf_make(64 << 20);
	(void)buf_append_text(&m, HTML);
	for (int i = 0; i < 300000; i++)
		(void)buf_append_text(&m, "<div><a href=http://x>");
	bounded("elements", &m);
	m = buf_make(64 << 20);
	(void)buf_append_text(&m, "Subject: x\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		(void)buf_append_text(&m, "next of kin funds ");
	bounded("words", &m);
}

static void
bad_rules_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
	    {"\n\nX 1 spam body /(/ y", "r:3: bad expression"},
	    {"X one spam body /a/ y", "r:1: expected points"},
	    {"X 1 ham body /a/ y", "r:1: expected spam, phish"},
	    {"X 1 spam head /a/ y", "r:1: expected subject or body"},
	    {"X 1 spam body a y", "r:1: expected /an expression/"},
	    {"X! 1 spam body /a/ y", "r:1: expected a symbol"},
	};
	struct error err;
	struct slice match;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(rules_parse(slice_of(bad[i].text), "r", &err));
		check_row(bad[i].text, strstr(err.text, bad[i].want) != NULL);
	}
	struct rules *r = rules_parse(
	    SLICE("# words\nX 1.5 scam subject /a\\/b+/ help text"), "r", &err);
	assert_non_null(r);
	assert_int_equal(rules_count(r), 1);
	assert_true(rules_match(r, 0, SLICE("xA/BB"), &match));
	check_slice(match, "A/BB");
	rules_free(r);
	/* A bomb fails to match in bounded steps. */
	r = rules_parse(SLICE("X 1 spam body /^(a+)+$/ bomb"), "r", &err);
	assert_false(rules_match(r, 0,
	    SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
	    &match));
	rules_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(symbols_fire),
	    cmocka_unit_test(weights_apply),
	    cmocka_unit_test(hostile_structure_is_bounded),
	    cmocka_unit_test(bad_rules_are_refused_with_their_place),
	};
	struct error err;

	scorer = scorer_new(NULL, 1 << 20, &err);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	scorer_unref(scorer);
	return rc;
}
