/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader: what it takes, and how it says what is wrong.
 */
#include "tests/unit/check.h"

#include "config/config.h"
#include "config/schema.h"

#define HEAD                                                              \
	"{ // comment with \" quote\n"                                    \
	"\"hostname\": \"relay.test\", /* two\nlines */\n"                \
	"\"listeners\": [ { \"port\": 2587 } ],\n"                        \
	"\"tls\": { \"certificate\": \"c.pem\", \"key\": \"/k.pem\" },\n" \
	"\"zones\": { \"main\": {} }, \"default_zone\": \"main\"\n"

static void
good_file(void **state)
{
	struct error err;
	struct config *c = config_parse(
	    SLICE(HEAD ", \"submission\": { \"message_size_max\": \"10M\","
		       " \"idle_timeout\": \"90s\" } }"),
	    "/etc/posthorn/x.jsonc", &err);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->hostname, "relay.test");
	assert_int_equal(c->listeners[0].port, 2587);
	assert_int_equal(c->listeners[0].tls, LISTENER_TLS_STARTTLS);
	assert_int_equal(c->submission.message_size_max, 10 << 20);
	assert_int_equal(c->submission.idle_timeout, 90000);
	assert_int_equal(c->delivery.retry_count, 7);
	assert_int_equal(c->delivery.retry[0], 75000);
	assert_string_equal(c->tls.certificate, "/etc/posthorn/c.pem");
	assert_string_equal(c->tls.key, "/k.pem");
	assert_int_equal(c->zones[0].lane_connections_max, 20);
	config_unref(c);
}

static void
mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *want[3];
	} rows[] = {
	    {HEAD ",\n\"zoness\": {} }",
		{"x.jsonc:8:", "zoness", "did you mean \"zones\""}},
	    {HEAD ",\n\n\"dns\": { \"timeout\": true } }",
		{"x.jsonc:9:", "dns.timeout", "expected a time"}},
	    {HEAD ", \"log\": { \"level\": \"loud\" } }",
		{"log.level", "\"debug\"", "\"error\""}},
	    {HEAD ", \"delivery\": { \"port\": 70000 } }",
		{"delivery.port", "1 to 65535", "70000"}},
	    {HEAD ", \"delivery\": { \"retry\": [ \"1s\", \"0s\" ] } }",
		{"delivery.retry[1]", "1s to 7d", ""}},
	    {"{ \"hostname\": \"x.test\" }", {"listeners", "is missing", ""}},
	    {"{ \"a\": 1, \"a\": 2 }", {"x.jsonc:1:", "duplicate", ""}},
	    {"{ \"a\": ", {"x.jsonc:1:", "", ""}},
	    {"[]", {"expected an object", "", ""}},
	    {"[[[[[[[[[[[[[[[[[[[[[[", {"nested deeper", "", ""}},
	    {HEAD ", \"routes\": [ { \"zone\": \"nowhere\" } ] }",
		{"routes[0].zone", "no zone \"nowhere\"", ""}},
	    {"{ \"hostname\": \"x.test\", \"listeners\": [ { \"port\": 25 } ],"
	     " \"zones\": { \"m\": {} }, \"default_zone\": \"m\" }",
		{"listeners[0].tls", "certificate", ""}},
	    {"{ \"hostname\": \"x.test\", \"listeners\": [ { \"port\": 25,"
	     " \"tls\": \"none\" } ], \"zones\": { \"m\": {} },"
	     " \"default_zone\": \"m\" }",
		{"nobody could send", "relay_from", ""}},
	    {"{ \"hostname\": \"x.test\", \"listeners\": [], \"zones\": {"
	     " \"bad name\": {} }, \"default_zone\": \"m\" }",
		{"zones.bad name", "letters, digits", ""}},
	    {"{ \"hostname\": \"x.test\", \"listeners\": [], \"zones\": {"
	     " \"m\": { \"next_hop\": { \"host\": \"h\", \"tls\": \"may\","
	     " \"auth\": { \"login\": \"l\", \"secret\": \"s\" } } } },"
	     " \"default_zone\": \"m\" }",
		{"zones.m.next_hop.auth", "verified TLS", ""}},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *c =
		    config_parse(slice_of(rows[i].text), "x.jsonc", &err);
		check_row(rows[i].text, c == NULL);
		for (size_t w = 0; w < 3; w++)
			if (strstr(err.text, rows[i].want[w]) == NULL)
				fail_msg("\"%s\" is not in \"%s\"",
				    rows[i].want[w], err.text);
	}
}

static void
reload_knows_what_needs_a_restart(void **state)
{
	struct error err;
	struct config *a = config_parse(SLICE(HEAD "}"), "x", &err);
	struct config *b = config_parse(
	    SLICE(HEAD ", \"submission\": { \"recipients_max\": 7 } }"), "x",
	    &err);
	struct config *c = config_parse(
	    SLICE(HEAD ", \"submission\": { \"workers\": 7 } }"), "x", &err);

	(void)state;
	assert_int_equal(config_can_reload(a, b, &err), 0);
	assert_int_equal(config_can_reload(a, c, &err), -1);
	assert_non_null(strstr(err.text, "submission.workers"));
	config_unref(a);
	config_unref(b);
	config_unref(c);
}

static void
secrets_are_masked(void **state)
{
	struct error err;
	struct buf out = buf_make(100000);
	struct config *c = config_parse(
	    SLICE("{ \"hostname\": \"x.test\", \"listeners\": [], \"zones\": {"
		  " \"m\": { \"next_hop\": { \"host\": \"h.test\","
		  " \"auth\": { \"login\": \"l\", \"secret\": \"hunter2\" } }"
		  " } }, \"default_zone\": \"m\" }"),
	    "x", &err);

	(void)state;
	assert_non_null(c);
	config_print(c, &out);
	assert_non_null(strstr(buf_text(&out), "\"hostname\": \"x.test\""));
	assert_non_null(strstr(buf_text(&out), "(secret)"));
	assert_null(strstr(buf_text(&out), "hunter2"));
	config_unref(c);
	buf_reset(&out);
	config_print_reference(&out);
	assert_non_null(strstr(buf_text(&out), "zones.NAME.sources[].weight"));
	buf_free(&out);
}

static void
ranges(void **state)
{
	struct config_cidr r;
	struct config_cidr a;

	(void)state;
	assert_int_equal(config_cidr_parse(SLICE("192.0.2.0/25"), &r), 0);
	assert_int_equal(config_cidr_parse(SLICE("192.0.2.127"), &a), 0);
	assert_true(config_cidr_has(&r, a.address));
	assert_int_equal(config_cidr_parse(SLICE("192.0.2.128"), &a), 0);
	assert_false(config_cidr_has(&r, a.address));
	/* A client that comes over IPv6 with its IPv4 address is the same. */
	assert_int_equal(config_cidr_parse(SLICE("::ffff:192.0.2.1"), &a), 0);
	assert_true(config_cidr_has(&r, a.address));
	assert_int_equal(config_cidr_parse(SLICE("2001:db8::/32"), &r), 0);
	assert_false(config_cidr_has(&r, a.address));
	assert_int_equal(config_cidr_parse(SLICE("192.0.2.0/33"), &r), -1);
	assert_int_equal(config_cidr_parse(SLICE("example.org"), &r), -1);
	assert_int_equal(config_cidr_parse(SLICE(""), &r), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_file),
	    cmocka_unit_test(mistakes_are_named),
	    cmocka_unit_test(reload_knows_what_needs_a_restart),
	    cmocka_unit_test(secrets_are_masked),
	    cmocka_unit_test(ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
