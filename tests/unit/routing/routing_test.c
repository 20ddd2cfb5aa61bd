/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones, sources, classes, retries, guards and limits, on given times.
 */
#include "tests/unit/check.h"

#include "routing/classify.h"
#include "routing/guard.h"
#include "routing/mxgroup.h"
#include "routing/retry.h"
#include "routing/route.h"
#include "routing/shape.h"

static const char config_text[] =
    "{ \"hostname\": \"relay.test\", \"listeners\": [ { \"port\": 25,"
    " \"tls\": \"none\", \"relay_from\": [ { \"cidr\": \"10.0.0.0/8\","
    " \"account\": \"a\" } ] } ], \"zones\": { \"good\": { \"sources\": ["
    " { \"address\": \"192.0.2.1\", \"weight\": 3 },"
    " { \"address\": \"192.0.2.2\" },"
    " { \"address\": \"192.0.2.3\", \"weight\": 0 } ] },"
    " \"poor\": {}, \"vip\": {} }, \"default_zone\": \"poor\","
    " \"routes\": [ { \"account\": \"big\", \"score_max\": 5,"
    " \"zone\": \"vip\" }, { \"header\": \"X-Pool: vip\","
    " \"zone\": \"vip\" }, { \"recipient_domain\": \"*.gov.test\","
    " \"zone\": \"vip\" } ] }";

static void
zones_are_chosen_in_order(void **state)
{
	static const char *const closed[] = {"good"};
	static const struct {
		const char *name, *account, *recipient, *header;
		double score;
		size_t closed;
		const char *want;
	} rows[] = {
	    {"band", "x", "far.test", "", 2, 0, "good"},
	    {"at the band's end", "x", "far.test", "", 3, 0, "poor"},
	    {"route by account", "big", "far.test", "", 2, 0, "vip"},
	    {"route's score", "big", "far.test", "", 5, 0, "poor"},
	    {"header", "x", "far.test", "x-pool: my VIP pool\r\n", 9, 0, "vip"},
	    {"subdomain", "x", "tax.gov.test", "", 2, 0, "vip"},
	    {"not the domain itself", "x", "gov.test", "", 2, 0, "good"},
	    {"closed zone", "x", "far.test", "", 2, 1, "poor"},
	};
	struct error err;
	struct policy_band band = {"good", 3};
	struct policy policy = {.bands = &band, .band_count = 1};
	struct config *c = config_parse(slice_of(config_text), "x", &err);

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route_state routes = {closed, rows[i].closed, NULL, 0};
		struct route_facts facts = {
		    .account = slice_of(rows[i].account),
		    .recipient_domain = slice_of(rows[i].recipient),
		    .header = slice_of(rows[i].header),
		    .score = rows[i].score,
		};
		struct route_choice choice;
		route_choose(c, &policy, &routes, &facts, &choice);
		check_row(
		    rows[i].name, strcmp(choice.zone->name, rows[i].want) == 0);
		check_row(rows[i].name, choice.reason[0] != '\0');
	}
	config_unref(c);
}

static void
sources_share_by_weight(void **state)
{
	static const char *const disabled[] = {"192.0.2.1", "192.0.2.2"};
	struct error err;
	struct config *c = config_parse(slice_of(config_text), "x", &err);
	struct route_state all = {0};
	struct route_state some = {NULL, 0, disabled, 1};
	struct route_state none = {NULL, 0, disabled, 2};
	const struct config_zone *z = config_zone_find(c, SLICE("good"));
	int counts[4] = {0};

	(void)state;
	for (uint64_t key = 0; key < 4000; key++) {
		const struct config_source *s = route_source(z, &all, key);
		assert_ptr_equal(s, route_source(z, &all, key));
		counts[s->address[8] - '0']++;
		assert_string_equal(
		    route_source(z, &some, key)->address, "192.0.2.2");
	}
	assert_in_range(counts[1], 2850, 3150);
	assert_int_equal(counts[3], 0);
	assert_null(route_source(z, &none, 1));
	assert_non_null(route_source_named(z, &all, SLICE("192.0.2.3")));
	assert_null(route_source_named(z, &some, SLICE("192.0.2.1")));
	config_unref(c);
}

static void
replies_have_classes(void **state)
{
	static const struct {
		const char *text;
		enum reply_class want;
	} rows[] = {
	    {"550 5.1.1 The email account that you tried to reach does not "
	     "exist",
		REPLY_INVALID_RECIPIENT},
	    {"550 No such user here", REPLY_INVALID_RECIPIENT},
	    {"452 4.2.2 The recipient's inbox is out of storage space",
		REPLY_MAILBOX_FULL},
	    {"552 5.2.2 Over quota", REPLY_MAILBOX_FULL},
	    {"550 5.2.1 The email account is inactive", REPLY_INACTIVE},
	    {"451 4.7.1 Greylisted, please try again", REPLY_GREYLISTED},
	    {"450 4.2.0 Recipient address rejected: Greylisted",
		REPLY_GREYLISTED},
	    {"554 5.7.1 Service unavailable; client host blocked using "
	     "zen.spamhaus.org",
		REPLY_BLOCKLIST},
	    {"550 5.7.1 Our system has detected unsolicited mail",
		REPLY_SPAM_CONTENT},
	    {"550 5.7.26 This mail is unauthenticated", REPLY_AUTH_POLICY},
	    {"550 5.7.1 rejected due to DMARC policy", REPLY_AUTH_POLICY},
	    {"421 4.7.28 unusual rate of mail", REPLY_RATE_LIMITED},
	    {"421 too many connections from your IP", REPLY_RATE_LIMITED},
	    {"421 4.7.0 low reputation of the sending domain",
		REPLY_REPUTATION},
	    {"552 5.3.4 Message size exceeds fixed limit", REPLY_TOO_BIG},
	    {"554 5.7.1 Relay access denied", REPLY_RELAY_DENIED},
	    {"530 5.7.0 Must issue a STARTTLS command first", REPLY_TLS},
	    {"421 service not available", REPLY_CONNECTION},
	    {"503 5.5.1 bad sequence", REPLY_PROTOCOL},
	    {"554 transaction failed", REPLY_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_reply_parser p;
		struct smtp_reply r;
		struct buf line = buf_make(300);
		(void)buf_appendf(&line, "%s\r\n", rows[i].text);
		struct slice in = buf_slice(&line);
		smtp_reply_parser_init(&p);
		assert_int_equal(smtp_reply_feed(&p, &in, &r), SMTP_REPLY_DONE);
		check_row(rows[i].text, classify_reply(&r) == rows[i].want);
		smtp_reply_parser_free(&p);
		buf_free(&line);
	}
	struct smtp_reply dns = smtp_reply_local(451, 4, 3, "DNS");
	assert_int_equal(classify_reply(&dns), REPLY_DNS);
}

static void
retries_have_jitter(void **state)
{
	static const int64_t waits[] = {75000, 300000};
	struct retry_plan plan = {waits, 2, 0};
	int64_t least = INT64_MAX;
	int64_t most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 5000; seed++) {
		int64_t due = retry_due_ms(&plan, 1, 1000, seed) - 1000;
		assert_in_range(due, 60000, 90000);
		least = due < least ? due : least;
		most = due > most ? due : most;
		due = retry_due_ms(&plan, 9, 0, seed);
		assert_in_range(due, 240000, 360000);
	}
	assert_true(least < 61000 && most > 89000);
	plan.first_ms = 600000;
	assert_in_range(retry_due_ms(&plan, 1, 0, 5), 480000, 720000);
	assert_in_range(retry_due_ms(&plan, 2, 0, 5), 240000, 360000);
}

static void
private_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool is_private;
	} rows[] = {
	    {"127.0.0.1", true},
	    {"10.1.2.3", true},
	    {"172.31.255.255", true},
	    {"172.32.0.1", false},
	    {"192.168.1.1", true},
	    {"169.254.169.254", true},
	    {"100.64.0.1", true},
	    {"0.0.0.0", true},
	    {"255.255.255.255", true},
	    {"8.8.8.8", false},
	    {"::1", true},
	    {"::", true},
	    {"fe80::1", true},
	    {"fd00::1", true},
	    {"::ffff:127.0.0.1", true},
	    {"::ffff:8.8.8.8", false},
	    {"64:ff9b::7f00:1", true},
	    {"2002:7f00:1::", true},
	    {"2001:4860:4860::8888", false},
	};
	struct config_cidr a;
	struct config_cidr loopback;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
		    config_cidr_parse(slice_of(rows[i].text), &a), 0);
		check_row(rows[i].text,
		    guard_is_private(a.address) == rows[i].is_private);
	}
	assert_int_equal(config_cidr_parse(SLICE("127.0.0.0/8"), &loopback), 0);
	assert_int_equal(config_cidr_parse(SLICE("127.9.9.9"), &a), 0);
	assert_true(guard_allows(a.address, &loopback, 1));
	assert_false(guard_allows(a.address, NULL, 0));
}

static void
mx_lists(void **state)
{
	struct mx_list l = {0};
	char group[MX_NAME_BYTES];

	(void)state;
	assert_true(mx_list_add(&l, 20, SLICE("b.mail.example.com.")));
	assert_true(mx_list_add(&l, 10, SLICE("A.Mail.Example.COM")));
	assert_false(mx_list_add(&l, 30, SLICE("a.mail.example.com")));
	assert_false(mx_list_add(&l, 5, SLICE("bad name")));
	assert_true(mx_list_add(&l, 30, SLICE("c.example.com")));
	mx_list_sort(&l, 99);
	assert_string_equal(l.hosts[0].name, "a.mail.example.com");
	mx_group_name(&l, group);
	assert_string_equal(group, "example.com");
	assert_true(mx_list_drop_self(&l, SLICE("B.mail.example.com")));
	assert_int_equal(l.count, 1);
	assert_false(mx_list_drop_self(&l, SLICE("x.example.com")));
	assert_true(mx_list_drop_self(&l, SLICE("a.mail.example.com")));
	assert_int_equal(l.count, 0);
}

static void
lanes_keep_their_limits(void **state)
{
	static const int64_t waits[] = {15000, 60000, 900000};
	struct shape s = {0};
	struct shape_limits l = {.connections_max = 2,
	    .messages_per_second = 10,
	    .backoff_ms = waits,
	    .backoff_count = 3};
	int64_t wake;
	int sent = 0;

	(void)state;
	/* A minute of asking every millisecond. */
	for (int64_t now = 1; now <= 60000; now++)
		while (shape_message(&s, &l, now, &wake) == SHAPE_OPEN) {
			shape_message_started(&s, &l);
			sent++;
		}
	assert_in_range(sent, 600, 611);
	assert_int_equal(shape_message(&s, &l, 60000, &wake), SHAPE_RATE);
	assert_in_range(wake, 60001, 60101);
	assert_int_equal(shape_message(&s, &l, wake, &wake), SHAPE_OPEN);
	s.connections = 2;
	assert_int_equal(shape_connection(&s, &l, 1, &wake), SHAPE_CONNECTIONS);
	s.connections = 0;
	int64_t now = 100000;
	for (int i = 0; i < 12; i++) {
		shape_failed(&s, &l, now);
		assert_int_equal(
		    shape_connection(&s, &l, now, &wake), SHAPE_BACKOFF);
		assert_int_equal(wake - now, waits[i < 2 ? i : 2]);
		/* Others that were under way fail with it. */
		shape_failed(&s, &l, now + 1);
		assert_int_equal(
		    shape_connection(&s, &l, now, &wake), SHAPE_BACKOFF);
		assert_int_equal(wake - now, waits[i < 2 ? i : 2]);
		now = wake;
	}
	/* One tries first; with success all may. */
	s.connections = 1;
	assert_int_equal(
	    shape_connection(&s, &l, now, &wake), SHAPE_CONNECTIONS);
	shape_succeeded(&s);
	assert_int_equal(shape_connection(&s, &l, now, &wake), SHAPE_OPEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(zones_are_chosen_in_order),
	    cmocka_unit_test(sources_share_by_weight),
	    cmocka_unit_test(replies_have_classes),
	    cmocka_unit_test(retries_have_jitter),
	    cmocka_unit_test(private_addresses_are_known),
	    cmocka_unit_test(mx_lists),
	    cmocka_unit_test(lanes_keep_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
