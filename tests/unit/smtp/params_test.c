/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters of MAIL and RCPT, good ones and bad ones.
 */
#include "smtp/params.h"

#include "tests/unit/unit.h"

struct mail_case {
	const char *in; /* behind "FROM:<a@b.org> " */
	enum smtp_params_error error;
	const char *bad;
	struct smtp_mail_params want;
};

static const struct mail_case mails[] = {
    {.in = ""},
    {.in = "SIZE=10", .want = {.has_size = true, .size = 10}},
    {.in = "size=10 BODY=8bitmime",
	.want = {.has_size = true, .size = 10, .is_8bit = true}},
    {.in = "BODY=7BIT"},
    {.in = "SMTPUTF8 REQUIRETLS",
	.want = {.is_utf8 = true, .requires_tls = true}},
    {.in = "RET=FULL ENVID=QQ314159",
	.want = {.ret = SMTP_RET_FULL, .envid = SLICE("QQ314159")}},
    {.in = "RET=hdrs ENVID=a+2Bb",
	.want = {.ret = SMTP_RET_HDRS, .envid = SLICE("a+2Bb")}},
    {.in = "AUTH=<>"},
    {.in = "AUTH=e+3Dmc2@example.com"},
    {.in = "SIZE", .error = SMTP_PARAMS_VALUE, .bad = "SIZE"},
    {.in = "SIZE=-1", .error = SMTP_PARAMS_VALUE, .bad = "SIZE"},
    {.in = "SIZE=99999999999999999999",
	.error = SMTP_PARAMS_VALUE,
	.bad = "SIZE"},
    {.in = "BODY=BINARYMIME", .error = SMTP_PARAMS_VALUE, .bad = "BODY"},
    {.in = "BODY", .error = SMTP_PARAMS_VALUE, .bad = "BODY"},
    {.in = "RET=ALL", .error = SMTP_PARAMS_VALUE, .bad = "RET"},
    {.in = "RET", .error = SMTP_PARAMS_VALUE, .bad = "RET"},
    {.in = "ENVID", .error = SMTP_PARAMS_VALUE, .bad = "ENVID"},
    {.in = "ENVID=a+2", .error = SMTP_PARAMS_VALUE, .bad = "ENVID"},
    {.in = "ENVID=a+2b", .error = SMTP_PARAMS_VALUE, .bad = "ENVID"},
    {.in = "AUTH", .error = SMTP_PARAMS_VALUE, .bad = "AUTH"},
    {.in = "SMTPUTF8=yes", .error = SMTP_PARAMS_VALUE, .bad = "SMTPUTF8"},
    {.in = "REQUIRETLS=1", .error = SMTP_PARAMS_VALUE, .bad = "REQUIRETLS"},
    {.in = "SIZE=1 SIZE=1", .error = SMTP_PARAMS_DUPLICATE, .bad = "SIZE"},
    {.in = "NOTIFY=NEVER", .error = SMTP_PARAMS_UNKNOWN, .bad = "NOTIFY"},
    {.in = "BY=10;R", .error = SMTP_PARAMS_UNKNOWN, .bad = "BY"},
};

static void
test_mail(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
		const struct mail_case *c = &mails[i];
		struct arena arena = {0};
		struct smtp_path path;
		struct smtp_mail_params got;
		struct slice bad = {0};
		const char *line =
		    arena_printf(&arena, "FROM:<a@b.org> %s", c->in);
		CHECK_INT(c->in,
		    smtp_path_parse(slice_of(line), "FROM", &arena, &path),
		    SMTP_PATH_OK);
		CHECK_INT(
		    c->in, smtp_mail_params_read(&path, &got, &bad), c->error);
		if (c->error != SMTP_PARAMS_OK) {
			CHECK_SLICE(c->in, bad, slice_of(c->bad));
		} else {
			CHECK_INT(c->in, got.has_size, c->want.has_size);
			CHECK_INT(c->in, got.size, c->want.size);
			CHECK_INT(c->in, got.is_8bit, c->want.is_8bit);
			CHECK_INT(c->in, got.is_utf8, c->want.is_utf8);
			CHECK_INT(
			    c->in, got.requires_tls, c->want.requires_tls);
			CHECK_INT(c->in, got.ret, c->want.ret);
			CHECK_SLICE(c->in, got.envid, c->want.envid);
		}
		arena_free(&arena);
	}
}

struct rcpt_case {
	const char *in;
	enum smtp_params_error error;
	unsigned int notify;
	const char *orcpt;
};

static const struct rcpt_case rcpts[] = {
    {.in = ""},
    {.in = "NOTIFY=NEVER", .notify = SMTP_NOTIFY_NEVER},
    {.in = "notify=success,Failure",
	.notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE},
    {.in = "NOTIFY=DELAY ORCPT=rfc822;Bob@Example.COM",
	.notify = SMTP_NOTIFY_DELAY,
	.orcpt = "rfc822;Bob@Example.COM"},
    {.in = "ORCPT=utf-8;b\xc3\xb6@x.org", .orcpt = "utf-8;b\xc3\xb6@x.org"},
    {.in = "NOTIFY", .error = SMTP_PARAMS_VALUE},
    {.in = "NOTIFY=", .error = SMTP_PARAMS_VALUE},
    {.in = "NOTIFY=NEVER,DELAY", .error = SMTP_PARAMS_VALUE},
    {.in = "NOTIFY=SUCCESS,", .error = SMTP_PARAMS_VALUE},
    {.in = "NOTIFY=ALWAYS", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=Bob@Example.COM", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=rfc822;", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=;a@b", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=rfc 822;a", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=rfc822;a+4", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=rfc822;b\xc3\xb6@x.org", .error = SMTP_PARAMS_VALUE},
    {.in = "ORCPT=rfc822;a ORCPT=rfc822;a", .error = SMTP_PARAMS_DUPLICATE},
    {.in = "SIZE=1", .error = SMTP_PARAMS_UNKNOWN},
};

static void
test_rcpt(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rcpts); i++) {
		const struct rcpt_case *c = &rcpts[i];
		struct arena arena = {0};
		struct smtp_path path;
		struct smtp_rcpt_params got;
		struct slice bad = {0};
		const char *line =
		    arena_printf(&arena, "TO:<a@b.org> %s", c->in);
		/* "X=" and the like are refused a step earlier. */
		if (smtp_path_parse(slice_of(line), "TO", &arena, &path) ==
		    SMTP_PATH_OK) {
			CHECK_INT(c->in,
			    smtp_rcpt_params_read(&path, &got, &bad), c->error);
		} else {
			CHECK_INT(c->in, c->error, SMTP_PARAMS_VALUE);
		}
		if (c->error == SMTP_PARAMS_OK) {
			CHECK_INT(c->in, got.notify, c->notify);
			CHECK_SLICE(c->in, got.orcpt, slice_of(c->orcpt));
		}
		arena_free(&arena);
	}
}

static void
test_xtext(void **state UNUSED)
{
	struct arena arena = {0};

	CHECK_SLICE(
	    "plain", smtp_xtext_decode(SLICE("abc"), &arena), SLICE("abc"));
	CHECK_SLICE("escapes", smtp_xtext_decode(SLICE("a+2B+3Db"), &arena),
	    SLICE("a+=b"));
	CHECK("line break",
	    smtp_xtext_decode(SLICE("a+0D+0Ab"), &arena).ptr == NULL);
	CHECK("cut short", smtp_xtext_decode(SLICE("a+"), &arena).ptr == NULL);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mail),
	    cmocka_unit_test(test_rcpt),
	    cmocka_unit_test(test_xtext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
