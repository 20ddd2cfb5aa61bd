/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one table of settings. Adding a row (and its member in config.h) is all
 * that a new setting takes. A member whose type is not the row's does not
 * compile: the offset is computed through an assertion on the type.
 */
#include "config/schema.h"

#include <string.h>

#include "base/attr.h"
#include "base/log.h"
#include "base/nearest.h"
#include "config/config.h"

/* offsetof(), but an error where the member's type is another. */
#define AT(S, MEMBER, TYPE)                                         \
	(offsetof(S, MEMBER) +                                      \
	    0 *                                                     \
		sizeof(char[__builtin_types_compatible_p(           \
				__typeof__(((S *)0)->MEMBER), TYPE) \
			? 1                                         \
			: -1]))
#define TEXT(S, M) .type = SCHEMA_TEXT, .offset = AT(S, M, const char *)
#define INT(S, M) .type = SCHEMA_INT, .offset = AT(S, M, int64_t)
#define SIZE(S, M) .type = SCHEMA_SIZE, .offset = AT(S, M, int64_t)
#define TIME(S, M) .type = SCHEMA_DURATION, .offset = AT(S, M, int64_t)
#define REAL(S, M) .type = SCHEMA_REAL, .offset = AT(S, M, double)
#define ENUM(S, M, NAMES) \
	.type = SCHEMA_ENUM, .offset = AT(S, M, int64_t), .names = (NAMES)
#define CIDR(S, M) .type = SCHEMA_CIDR, .offset = AT(S, M, struct config_cidr)
#define TEXTS(S, M) \
	.type = SCHEMA_TEXTS, .offset = AT(S, M, struct config_texts)
#define TIMES(S, M) .type = SCHEMA_DURATIONS, .offset = AT(S, M, int64_t *)
#define CIDRS(S, M) \
	.type = SCHEMA_CIDRS, .offset = AT(S, M, struct config_cidr *)
#define LIST(S, M, TYPE, O) \
	.type = SCHEMA_LIST, .offset = AT(S, M, TYPE *), .object = &(O)
#define MAP(S, M, TYPE, O) \
	.type = SCHEMA_MAP, .offset = AT(S, M, TYPE *), .object = &(O)
#define OBJECT(O) .type = SCHEMA_OBJECT, .offset = 0, .object = &(O)

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const char *const listener_tls_names[] = {
    "none", "starttls", "implicit", NULL};
static const char *const auth_names[] = {"required", "optional", "none", NULL};
static const char *const tls_version_names[] = {"1.2", "1.3", NULL};
static const char *const on_failure_names[] = {"tempfail", "accept", NULL};
static const char *const delivery_tls_names[] = {
    "may", "encrypt", "none", NULL};
static const char *const hop_tls_names[] = {
    "starttls", "implicit", "may", "none", NULL};
static const char *const log_level_names[] = {
    "debug", "info", "warn", "error", NULL};
static const char *const log_format_names[] = {"text", "json", NULL};

/* clang-format off */
static const struct schema_field relay_from_fields[] = {
	{ "cidr", CIDR(struct config_relay_from, cidr), .flags = SCHEMA_REQUIRED, .help = "clients in this range need no AUTH" },
	{ "account", TEXT(struct config_relay_from, account), .flags = SCHEMA_REQUIRED, .help = "the account that their mail counts for" },
};
static const struct schema relay_from = { sizeof(struct config_relay_from), ARRAY_LEN(relay_from_fields), relay_from_fields };

static const struct schema_field listener_fields[] = {
	{ "address", TEXT(struct config_listener, address), .default_text = "::", .help = "IP address to listen on; :: is all, IPv4 too" },
	{ "port", INT(struct config_listener, port), .min = 1, .max = 65535, .flags = SCHEMA_REQUIRED, .help = "TCP port" },
	{ "tls", ENUM(struct config_listener, tls, listener_tls_names), .default_text = "starttls", .help = "none: never; starttls: required before AUTH and MAIL; implicit: from the first byte" },
	{ "auth", ENUM(struct config_listener, auth, auth_names), .default_text = "required", .help = "who may send: see relay_from; AUTH itself is only ever offered over TLS" },
	{ "relay_from", LIST(struct config_listener, relay_from, struct config_relay_from, relay_from), .help = "client addresses that may send without AUTH" },
};
static const struct schema listener = { sizeof(struct config_listener), ARRAY_LEN(listener_fields), listener_fields };

static const struct schema_field tls_fields[] = {
	{ "certificate", TEXT(struct config, tls.certificate), .help = "PEM file: certificate and chain" },
	{ "key", TEXT(struct config, tls.key), .help = "PEM file: private key" },
	{ "min_version", ENUM(struct config, tls.min_version, tls_version_names), .default_text = "1.2", .help = "lowest TLS version that clients may use" },
};
static const struct schema tls = { 0, ARRAY_LEN(tls_fields), tls_fields };

static const struct schema_field submission_fields[] = {
	{ "workers", INT(struct config, submission.workers), .default_text = "2", .min = 1, .max = 64, .flags = SCHEMA_RESTART, .help = "threads that serve SMTP sessions" },
	{ "sessions_max", INT(struct config, submission.sessions_max), .default_text = "10000", .min = 1, .max = 1000000, .help = "sessions at a time; 421 above" },
	{ "sessions_per_ip_max", INT(struct config, submission.sessions_per_ip_max), .default_text = "500", .min = 1, .max = 1000000, .help = "sessions at a time from one address; 421 above" },
	{ "memory_max", SIZE(struct config, submission.memory_max), .default_text = "256M", .min = MIB, .max = 1024 * GIB, .help = "message bytes held in memory by all sessions; 452 at MAIL above" },
	{ "message_size_max", SIZE(struct config, submission.message_size_max), .default_text = "50M", .min = 64 * KIB, .max = 2 * GIB - 1, .help = "largest message taken" },
	{ "message_memory_max", SIZE(struct config, submission.message_memory_max), .default_text = "256k", .min = 16 * KIB, .max = 64 * MIB, .help = "a larger message is spilled to a nameless file in data_dir while it comes in" },
	{ "header_size_max", SIZE(struct config, submission.header_size_max), .default_text = "128k", .min = 4 * KIB, .max = 16 * MIB, .help = "largest header section taken; at most message_memory_max" },
	{ "recipients_max", INT(struct config, submission.recipients_max), .default_text = "1000", .min = 1, .max = 100000, .help = "recipients of one message; 452 for each further one" },
	{ "errors_max", INT(struct config, submission.errors_max), .default_text = "20", .min = 1, .max = 1000, .help = "refused commands in one session before it is closed" },
	{ "received_max", INT(struct config, submission.received_max), .default_text = "50", .min = 5, .max = 1000, .help = "Received fields above which a message is taken for a loop" },
	{ "idle_timeout", TIME(struct config, submission.idle_timeout), .default_text = "5m", .min = SECOND, .max = HOUR, .help = "longest wait for the next command (RFC 5321 4.5.3.2.7)" },
	{ "data_timeout", TIME(struct config, submission.data_timeout), .default_text = "3m", .min = SECOND, .max = HOUR, .help = "longest wait for the next piece of message data" },
	{ "message_timeout", TIME(struct config, submission.message_timeout), .default_text = "30m", .min = SECOND, .max = 24 * HOUR, .help = "longest time for all of a message's data, however slowly it comes" },
	{ "auth_workers", INT(struct config, submission.auth_workers), .default_text = "1", .min = 1, .max = 64, .flags = SCHEMA_RESTART, .help = "threads that check secrets" },
	{ "auth_queue_max", INT(struct config, submission.auth_queue_max), .default_text = "500", .min = 1, .max = 100000, .help = "logins that wait to be checked; 454 above" },
	{ "auth_failures_max", INT(struct config, submission.auth_failures_max), .default_text = "10", .min = 1, .max = 1000, .help = "failed logins of one address and login before it is locked; 421" },
	{ "auth_lock", TIME(struct config, submission.auth_lock), .default_text = "15m", .min = SECOND, .max = DAY, .help = "how long that lock lasts" },
	{ "auth_delay", TIME(struct config, submission.auth_delay), .default_text = "1s", .min = 0, .max = 60 * SECOND, .help = "when the first failed login is answered; doubles with each further one, at most four times" },
	{ "subuser_header", TEXT(struct config, submission.subuser_header), .default_text = "X-AuthUser", .help = "header field that names the user below the login for whom a message is sent" },
};
static const struct schema submission = { 0, ARRAY_LEN(submission_fields), submission_fields };

static const struct schema_field scoring_fields[] = {
	{ "workers", INT(struct config, scoring.workers), .default_text = "2", .min = 1, .max = 64, .flags = SCHEMA_RESTART, .help = "threads that score messages" },
	{ "rules", TEXT(struct config, scoring.rules), .help = "file of subject and body phrases; a relative name counts from this file's folder; none: the built-in ones" },
	{ "on_failure", ENUM(struct config, scoring.on_failure, on_failure_names), .default_text = "tempfail", .help = "what to do with a message that can't be scored" },
	{ "text_max", SIZE(struct config, scoring.text_max), .default_text = "1M", .min = 16 * KIB, .max = 64 * MIB, .help = "decoded text of a message that scoring looks at" },
};
static const struct schema scoring = { 0, ARRAY_LEN(scoring_fields), scoring_fields };

static const struct schema_field source_fields[] = {
	{ "address", TEXT(struct config_source, address), .flags = SCHEMA_REQUIRED, .help = "local IP address to send from" },
	{ "helo", TEXT(struct config_source, helo), .help = "name in EHLO; should be the address's PTR name; default: hostname" },
	{ "weight", INT(struct config_source, weight), .default_text = "1", .min = 0, .max = 1000, .help = "share of the zone's mail; 0: no new mail" },
};
static const struct schema source = { sizeof(struct config_source), ARRAY_LEN(source_fields), source_fields };

static const struct schema_field auth_fields[] = {
	{ "login", TEXT(struct config_zone, next_hop.login), .help = "login at the next hop; sent over TLS only" },
	{ "secret", TEXT(struct config_zone, next_hop.secret), .flags = SCHEMA_SECRET, .help = "its password" },
};
static const struct schema hop_auth = { 0, ARRAY_LEN(auth_fields), auth_fields };

static const struct schema_field next_hop_fields[] = {
	{ "host", TEXT(struct config_zone, next_hop.host), .help = "name or IP address that takes all mail of the zone" },
	{ "port", INT(struct config_zone, next_hop.port), .default_text = "25", .min = 1, .max = 65535, .help = "its TCP port" },
	{ "tls", ENUM(struct config_zone, next_hop.tls, hop_tls_names), .default_text = "starttls", .help = "starttls and implicit verify the certificate" },
	{ "auth", OBJECT(hop_auth), .help = "how to log in there" },
};
static const struct schema next_hop = { 0, ARRAY_LEN(next_hop_fields), next_hop_fields };

static const struct schema_field zone_fields[] = {
	{ "sources", LIST(struct config_zone, sources, struct config_source, source), .help = "addresses the zone sends from; none: whatever the system picks" },
	{ "next_hop", OBJECT(next_hop), .help = "relay to this host and not to MX hosts" },
	{ "connections_max", INT(struct config_zone, connections_max), .default_text = "500", .min = 1, .max = 100000, .help = "connections of the zone at a time" },
	{ "lane_connections_max", INT(struct config_zone, lane_connections_max), .default_text = "20", .min = 1, .max = 10000, .help = "connections of one source to one MX group at a time" },
	{ "messages_per_second", REAL(struct config_zone, messages_per_second), .default_text = "0", .min = 0, .max = 1000000, .help = "of one source to one MX group; 0: no limit" },
};
static const struct schema zone = { sizeof(struct config_zone), ARRAY_LEN(zone_fields), zone_fields };

static const struct schema_field route_fields[] = {
	{ "account", TEXT(struct config_route, account), .help = "name of the account" },
	{ "credential", TEXT(struct config_route, credential), .help = "login" },
	{ "sender_domain", TEXT(struct config_route, sender_domain), .help = "of the envelope sender; *.example.org takes all below it" },
	{ "recipient_domain", TEXT(struct config_route, recipient_domain), .help = "likewise of the recipient" },
	{ "header", TEXT(struct config_route, header), .help = "\"Name: text\": the field holds the text; \"Name:\": it is there" },
	{ "score_min", REAL(struct config_route, score_min), .default_text = "-1000", .min = -1000, .max = 1000, .help = "score at least this" },
	{ "score_max", REAL(struct config_route, score_max), .default_text = "1000", .min = -1000, .max = 1000, .help = "score below this" },
	{ "zone", TEXT(struct config_route, zone), .flags = SCHEMA_REQUIRED, .help = "zone of what matches all that is given" },
};
static const struct schema route = { sizeof(struct config_route), ARRAY_LEN(route_fields), route_fields };

static const struct schema_field delivery_fields[] = {
	{ "workers", INT(struct config, delivery.workers), .default_text = "1", .min = 1, .max = 64, .flags = SCHEMA_RESTART, .help = "threads that deliver; every zone belongs to one" },
	{ "port", INT(struct config, delivery.port), .default_text = "25", .min = 1, .max = 65535, .help = "TCP port of MX hosts" },
	{ "retry", TIMES(struct config, delivery.retry), .default_text = "75s,5m,15m,30m,1h,2h,4h", .min = SECOND, .max = 7 * DAY, .help = "waits between tries, each up to a fifth shorter or longer; the last one repeats" },
	{ "backoff", TIMES(struct config, delivery.backoff), .default_text = "15s,30s,1m,2m,4m,8m,15m", .min = SECOND / 10, .max = DAY, .help = "waits of a lane (zone, source, MX group) none of whose hosts answers; the last one repeats" },
	{ "lifetime", TIME(struct config, delivery.lifetime), .default_text = "4d", .min = SECOND, .max = 30 * DAY, .help = "after this a recipient is given up and the sender told" },
	{ "delay_notice", TIME(struct config, delivery.delay_notice), .default_text = "4h", .min = SECOND, .max = 30 * DAY, .help = "a sender who asked (NOTIFY=DELAY) is told once of mail that waits longer" },
	{ "tls", ENUM(struct config, delivery.tls, delivery_tls_names), .default_text = "may", .help = "to MX hosts: may: where offered; encrypt: never without; none" },
	{ "memory_max", SIZE(struct config, delivery.memory_max), .default_text = "128M", .min = MIB, .max = 1024 * GIB, .help = "messages handed on in memory, all workers; the rest is read back from disk" },
	{ "messages_per_connection", INT(struct config, delivery.messages_per_connection), .default_text = "100", .min = 1, .max = 100000, .help = "then a new connection is made" },
	{ "recipients_per_message", INT(struct config, delivery.recipients_per_message), .default_text = "50", .min = 1, .max = 1000, .help = "recipients in one SMTP transaction" },
	{ "connect_timeout", TIME(struct config, delivery.connect_timeout), .default_text = "30s", .min = SECOND / 10, .max = HOUR, .help = "for one address" },
	{ "command_timeout", TIME(struct config, delivery.command_timeout), .default_text = "5m", .min = SECOND / 10, .max = HOUR, .help = "for greeting, TLS handshake and each reply (RFC 5321 4.5.3.2)" },
	{ "data_timeout", TIME(struct config, delivery.data_timeout), .default_text = "10m", .min = SECOND / 10, .max = HOUR, .help = "for progress of the data, and for the reply to its end" },
	{ "idle_timeout", TIME(struct config, delivery.idle_timeout), .default_text = "5s", .min = SECOND / 10, .max = HOUR, .help = "an unused connection is kept this long" },
	{ "private_networks_allowed", CIDRS(struct config, delivery.private_networks_allowed), .help = "private, loopback and own ranges that MX hosts may be in" },
};
static const struct schema delivery = { 0, ARRAY_LEN(delivery_fields), delivery_fields };

static const struct schema_field dns_fields[] = {
	{ "servers", TEXTS(struct config, dns.servers), .flags = SCHEMA_RESTART, .help = "resolvers to ask, as address or address@port; none: those of the system" },
	{ "trust_anchor", TEXT(struct config, dns.trust_anchor), .flags = SCHEMA_RESTART, .help = "file with the DNSSEC root key; none: answers are not validated" },
	{ "timeout", TIME(struct config, dns.timeout), .default_text = "20s", .min = SECOND, .max = 300 * SECOND, .help = "longest wait for an answer; the mail then waits" },
};
static const struct schema dns = { 0, ARRAY_LEN(dns_fields), dns_fields };

static const struct schema_field limits_fields[] = {
	{ "drain_timeout", TIME(struct config, limits.drain_timeout), .default_text = "20s", .min = SECOND / 10, .max = HOUR, .help = "longest wait for open sessions and transactions at a stop" },
	{ "disk_free_min", SIZE(struct config, limits.disk_free_min), .default_text = "64M", .min = 0, .max = 1024 * GIB, .help = "free bytes on data_dir's disk below which MAIL gets 452" },
};
static const struct schema limits = { 0, ARRAY_LEN(limits_fields), limits_fields };

static const struct schema_field log_fields[] = {
	{ "level", ENUM(struct config, log.level, log_level_names), .default_text = "info", .help = "least level that is written" },
	{ "format", ENUM(struct config, log.format, log_format_names), .default_text = "text", .help = "text: key=value; json: an object a line" },
};
static const struct schema log_schema = { 0, ARRAY_LEN(log_fields), log_fields };

static const struct schema_field retention_fields[] = {
	{ "events", TIME(struct config, retention.events), .default_text = "30d", .min = HOUR, .max = 3650 * DAY, .help = "how long events are kept" },
	{ "messages", TIME(struct config, retention.messages), .default_text = "30d", .min = HOUR, .max = 3650 * DAY, .help = "how long envelope and verdict of a finished message are kept; its body goes at once" },
};
static const struct schema retention = { 0, ARRAY_LEN(retention_fields), retention_fields };

static const struct schema_field root_fields[] = {
	{ "hostname", TEXT(struct config, hostname), .flags = SCHEMA_REQUIRED, .help = "this machine's name in greeting, Received and notifications" },
	{ "data_dir", TEXT(struct config, data_dir), .default_text = "/var/lib/posthorn", .flags = SCHEMA_RESTART, .help = "folder of the database; nothing else holds state" },
	{ "run_dir", TEXT(struct config, run_dir), .default_text = "/run/posthorn", .flags = SCHEMA_RESTART, .help = "folder of the control socket" },
	{ "user", TEXT(struct config, user), .flags = SCHEMA_RESTART, .help = "user to become after binding, when started as root" },
	{ "listeners", LIST(struct config, listeners, struct config_listener, listener), .flags = SCHEMA_REQUIRED, .help = "where clients submit" },
	{ "tls", OBJECT(tls), .help = "certificate shown to clients" },
	{ "submission", OBJECT(submission), .help = "limits of the SMTP server" },
	{ "scoring", OBJECT(scoring), .help = "the scorer; thresholds are policy, in the database" },
	{ "zones", MAP(struct config, zones, struct config_zone, zone), .flags = SCHEMA_REQUIRED, .help = "egress zones by name" },
	{ "default_zone", TEXT(struct config, default_zone), .flags = SCHEMA_REQUIRED, .help = "zone of mail that no route and no band places" },
	{ "routes", LIST(struct config, routes, struct config_route, route), .help = "asked in order before the score's bands; the first match wins" },
	{ "delivery", OBJECT(delivery), .help = "retries, limits and timeouts towards MX hosts" },
	{ "dns", OBJECT(dns), .help = "the resolver" },
	{ "limits", OBJECT(limits), .help = "of the process" },
	{ "log", OBJECT(log_schema), .help = "the log on stderr" },
	{ "retention", OBJECT(retention), .help = "how long history is kept" },
};
const struct schema schema_root = { sizeof(struct config), ARRAY_LEN(root_fields), root_fields };
/* clang-format on */

_Static_assert(
    (int)LOG_DEBUG == 0 && (int)LOG_ERROR == 3 && (int)LOG_FORMAT_JSON == 1,
    "names of log levels and formats are indexes");

const char *
schema_nearest(const struct schema *schema, const char *name)
{
	const char *nearest = NULL;
	size_t best = name_distance_max(name) + 1;

	for (size_t i = 0; i < schema->field_count; i++) {
		size_t d = name_distance(name, schema->fields[i].name);
		if (d < best) {
			best = d;
			nearest = schema->fields[i].name;
		}
	}
	return nearest;
}
