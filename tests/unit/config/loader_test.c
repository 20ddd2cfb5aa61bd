/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mistakes in a file, one a row: each is refused, and the message names file,
 * line and key.
 */
#include "config/config.h"

#include "tests/unit/unit.h"

/* Line 1 to 3; a row's text is on line 4. */
#define FILE_WITH(TEXT)                                                       \
	"{ \"hostname\": \"mx.example.org\", // \"x\n"                        \
	"\"listeners\": [ { \"port\": 25, \"tls\": \"none\", \"relay_from\":" \
	" [ { \"cidr\": \"10.0.0.0/8\", \"account\": \"a\" } ] } ], /* \" "   \
	"*/\n"                                                                \
	"\"zones\": { \"main\": {} }, \"default_zone\": \"main\"\n" TEXT "\n}"

struct bad {
	const char *name;
	const char *text;
	const char *line, *word;
};

static const struct bad bad[] = {
    {.name = "unknown key",
	.text = FILE_WITH(", \"hostnam\": 1"),
	.line = ":4:",
	.word = "hostname"},
    {.name = "unknown nested key",
	.text = FILE_WITH(", \"delivery\": { \"retri\": [] }"),
	.line = ":4:",
	.word = "delivery.retri"},
    {.name = "text for a number",
	.text = FILE_WITH(", \"submission\": { \"workers\": \"2\" }"),
	.line = ":4:",
	.word = "submission.workers"},
    {.name = "real for an int",
	.text = FILE_WITH(", \"submission\": { \"workers\": 2.5 }"),
	.line = ":4:",
	.word = "submission.workers"},
    {.name = "null",
	.text = FILE_WITH(", \"submission\": { \"workers\": null }"),
	.line = ":4:",
	.word = "submission.workers"},
    {.name = "below the least",
	.text = FILE_WITH(", \"submission\": { \"workers\": 0 }"),
	.line = ":4:",
	.word = "submission.workers"},
    {.name = "above the most",
	.text = FILE_WITH(", \"submission\": { \"workers\": 65 }"),
	.line = ":4:",
	.word = "submission.workers"},
    {.name = "negative size",
	.text = FILE_WITH(", \"submission\": { \"message_size_max\": -1 }"),
	.line = ":4:",
	.word = "submission.message_size_max"},
    {.name = "size too large",
	.text = FILE_WITH(
	    ", \"submission\": { \"message_size_max\": \"9999999999G\" }"),
	.line = ":4:",
	.word = "submission.message_size_max"},
    {.name = "negative duration",
	.text = FILE_WITH(", \"delivery\": { \"lifetime\": \"-1s\" }"),
	.line = ":4:",
	.word = "delivery.lifetime"},
    {.name = "duration too long",
	.text = FILE_WITH(", \"delivery\": { \"lifetime\": \"31d\" }"),
	.line = ":4:",
	.word = "delivery.lifetime"},
    {.name = "empty text",
	.text = FILE_WITH(", \"data_dir\": \"\""),
	.line = ":4:",
	.word = "data_dir"},
    {.name = "NUL in a text",
	.text = FILE_WITH(", \"data_dir\": \"a\\u0000b\""),
	.line = ":4:",
	.word = ""},
    {.name = "no retry",
	.text = FILE_WITH(", \"delivery\": { \"retry\": [] }"),
	.line = ":4:",
	.word = "delivery.retry"},
    {.name = "no backoff",
	.text = FILE_WITH(", \"delivery\": { \"backoff\": [] }"),
	.line = ":4:",
	.word = "delivery.backoff"},
    {.name = "bad range",
	.text = FILE_WITH(", \"delivery\": { \"private_networks_allowed\": [ "
			  "\"10.0.0.0/33\" ] }"),
	.line = ":4:",
	.word = "private_networks_allowed[0]"},
    {.name = "duplicate key",
	.text = FILE_WITH(
	    ", \"log\": { \"level\": \"info\",\n \"level\": \"warn\" }"),
	.line = ":5:",
	.word = "level"},
    {.name = "text behind the object",
	.text = FILE_WITH("") " x",
	.line = ":5:",
	.word = ""},
    {.name = "open comment",
	.text = FILE_WITH("") " /* x",
	.line = ":5:",
	.word = ""},
    {.name = "score band out of reach",
	.text = FILE_WITH(
	    ", \"routes\": [ { \"zone\": \"main\", \"score_min\": 1001 } ]"),
	.line = ":4:",
	.word = "routes[0].score_min"},
    {.name = "rate just below 0",
	.text = "{ \"hostname\": \"a.org\", \"listeners\": [],\n\"zones\": { "
		"\"main\": { \"messages_per_second\": -0.5 } "
		"},\n\"default_zone\": \"main\" }",
	.line = ":2:",
	.word = "messages_per_second"},
    {.name = "rate just above the most",
	.text = "{ \"hostname\": \"a.org\", \"listeners\": [],\n\"zones\": { "
		"\"main\": { \"messages_per_second\": 1000000.5 } "
		"},\n\"default_zone\": \"main\" }",
	.line = ":2:",
	.word = "messages_per_second"},
    {.name = "rate far above",
	.text = "{ \"hostname\": \"a.org\", \"listeners\": [],\n\"zones\": { "
		"\"main\": { \"messages_per_second\": 1e300 } "
		"},\n\"default_zone\": \"main\" }",
	.line = ":2:",
	.word = "messages_per_second"},
};

static void
test_bad(void **state UNUSED)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = {0};
		struct config *c =
		    config_parse(slice_of(bad[i].text), "posthorn.jsonc", &err);
		if (c == NULL && strstr(err.text, "posthorn.jsonc") != NULL &&
		    strstr(err.text, bad[i].line) != NULL &&
		    strstr(err.text, bad[i].word) != NULL)
			continue;
		print_error("%s: %s\n", bad[i].name,
		    c == NULL ? err.text : "was accepted");
		config_unref(c);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
test_good(void **state UNUSED)
{
	struct error err = {0};
	struct config *c = config_parse(
	    SLICE(FILE_WITH(", \"user\": \"a // b /* c */\"")), "x", &err);

	assert_non_null(c);
	/* What looks like a comment inside a text is none. */
	assert_string_equal(c->user, "a // b /* c */");
	struct config *again = config_ref(c);
	config_unref(c);
	assert_string_equal(again->hostname, "mx.example.org");
	config_unref(again);
	assert_null(config_load("/nonexistent/posthorn.jsonc", &err));
	assert_non_null(strstr(err.text, "/nonexistent/posthorn.jsonc"));
}

/* Every prefix of a good file is refused, and none crashes. */
static void
test_prefixes(void **state UNUSED)
{
	struct slice text =
	    SLICE(FILE_WITH(", \"user\": \"a\" // x\n /* y */"));

	for (size_t n = 0; n < text.len; n++) {
		struct error err = {0};
		assert_null(config_parse(slice_sub(text, 0, n), "x", &err));
		assert_true(err.text[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
