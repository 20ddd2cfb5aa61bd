/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of the machine: one immutable struct, loaded whole from a
 * JSON file with comments or refused whole. Shared by all threads, counted by
 * reference. Times are milliseconds, sizes bytes; absent texts are null.
 */
#ifndef POSTHORN_CONFIG_CONFIG_H
#define POSTHORN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define CONFIG_DEFAULT_PATH "/etc/posthorn/posthorn.jsonc"

enum config_listener_tls {
	LISTENER_TLS_NONE = 0,
	LISTENER_TLS_STARTTLS,
	LISTENER_TLS_IMPLICIT,
};

enum config_auth {
	AUTH_REQUIRED = 0, /* AUTH, or an address in relay_from */
	AUTH_OPTIONAL,     /* AUTH offered; relay_from may do without */
	AUTH_NONE,         /* AUTH not offered; relay_from only */
};

enum config_tls_version { TLS_1_2 = 0, TLS_1_3 };
enum config_on_failure { ON_FAILURE_TEMPFAIL = 0, ON_FAILURE_ACCEPT };
enum config_delivery_tls {
	DELIVERY_TLS_MAY = 0, /* where offered, any certificate */
	DELIVERY_TLS_ENCRYPT, /* never without, any certificate */
	DELIVERY_TLS_NONE,
};
enum config_hop_tls {
	HOP_TLS_STARTTLS = 0, /* required, certificate verified */
	HOP_TLS_IMPLICIT,     /* likewise */
	HOP_TLS_MAY,          /* where offered, any certificate */
	HOP_TLS_NONE,
};

/* An address range; IPv4 is kept as ::ffff:a.b.c.d. */
struct config_cidr {
	uint8_t address[16];
	unsigned int bits; /* 0 to 128 */
};

struct config_texts {
	const char **items;
	size_t count;
};

struct config_relay_from {
	struct config_cidr cidr;
	const char *account;
};

struct config_listener {
	const char *address;
	int64_t port;
	int64_t tls;  /* enum config_listener_tls */
	int64_t auth; /* enum config_auth */
	struct config_relay_from *relay_from;
	size_t relay_from_count;
};

struct config_source {
	const char *address;
	const char *helo; /* null: the hostname */
	int64_t weight;   /* 0: gets no new mail */
};

struct config_next_hop {
	const char *host; /* null: the zone delivers to MX hosts */
	int64_t port;
	int64_t tls; /* enum config_hop_tls */
	const char *login;
	const char *secret;
};

struct config_zone {
	const char *name;
	struct config_source *sources;
	size_t source_count;
	struct config_next_hop next_hop;
	int64_t connections_max;      /* of the whole zone */
	int64_t lane_connections_max; /* of one source to one MX group */
	double messages_per_second;   /* of one lane; 0: no limit */
};

struct config_route {
	const char *account;
	const char *credential;
	const char *sender_domain;    /* "example.org" or "*.example.org" */
	const char *recipient_domain; /* likewise */
	const char *header;           /* "Name: text", or "Name:" for any */
	double score_min;
	double score_max;
	const char *zone;
};

struct config {
	const char *hostname;
	const char *data_dir;
	const char *run_dir;
	const char *user; /* null: stay who we are */
	struct config_listener *listeners;
	size_t listener_count;
	struct {
		const char *certificate;
		const char *key;
		int64_t min_version; /* enum config_tls_version */
	} tls;
	struct {
		int64_t workers;
		int64_t sessions_max;
		int64_t sessions_per_ip_max;
		int64_t memory_max;
		int64_t message_size_max;
		int64_t message_memory_max;
		int64_t header_size_max;
		int64_t recipients_max;
		int64_t errors_max;
		int64_t received_max;
		int64_t idle_timeout;
		int64_t data_timeout;
		int64_t message_timeout;
		int64_t auth_workers;
		int64_t auth_queue_max;
		int64_t auth_failures_max;
		int64_t auth_lock;
		int64_t auth_delay;
		const char *subuser_header;
	} submission;
	struct {
		int64_t workers;
		const char *rules;
		int64_t on_failure; /* enum config_on_failure */
		int64_t text_max;
	} scoring;
	struct config_zone *zones;
	size_t zone_count;
	const char *default_zone;
	struct config_route *routes;
	size_t route_count;
	struct {
		int64_t workers;
		int64_t port;
		int64_t *retry;
		size_t retry_count;
		int64_t *backoff;
		size_t backoff_count;
		int64_t lifetime;
		int64_t delay_notice;
		int64_t tls; /* enum config_delivery_tls */
		int64_t memory_max;
		int64_t messages_per_connection;
		int64_t recipients_per_message;
		int64_t connect_timeout;
		int64_t command_timeout;
		int64_t data_timeout;
		int64_t idle_timeout;
		struct config_cidr *private_networks_allowed;
		size_t private_networks_allowed_count;
	} delivery;
	struct {
		struct config_texts servers;
		const char *trust_anchor;
		int64_t timeout;
	} dns;
	struct {
		int64_t drain_timeout;
		int64_t disk_free_min;
	} limits;
	struct {
		int64_t level;  /* enum log_level */
		int64_t format; /* enum log_format */
	} log;
	struct {
		int64_t events;
		int64_t messages;
	} retention;
};

/*
 * Loads and checks a file; the result has one reference. The error names
 * file, line, what was expected and the nearest known name. Any thread.
 */
struct config *config_load(const char *path, struct error *out_err) MUST_CHECK;
/* The same from text; `path` is for messages and relative file names. */
struct config *config_parse(
    struct slice text, const char *path, struct error *out_err) MUST_CHECK;
struct config *config_ref(struct config *c);
/* Gives a reference back; null is accepted. */
void config_unref(struct config *c);

/* The zone of that name, or null. */
const struct config_zone *config_zone_find(
    const struct config *c, struct slice name);

/*
 * Is every setting that only a restart can change alike in both? If not, -1
 * and the error names the first that differs.
 */
int config_can_reload(const struct config *old_config,
    const struct config *new_config, struct error *out_err) MUST_CHECK;

/* The effective settings as JSON text, secrets masked. */
void config_print(const struct config *c, struct buf *out);
/* The reference page: every key with type, default, bounds and meaning. */
void config_print_reference(struct buf *out);

/* Is the address (16 bytes, IPv4 mapped) in the range? */
bool config_cidr_has(const struct config_cidr *cidr, const uint8_t address[16]);
/* "192.0.2.0/24", "2001:db8::/32" or one address; 0 or -1. */
int config_cidr_parse(struct slice text, struct config_cidr *out) MUST_CHECK;

#endif
