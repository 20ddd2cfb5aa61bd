/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a delivery worker: zones, domains, lanes, clients, and the
 * recipients that move between them. For delivery/ only; everything but the
 * mail between workers belongs to the worker's thread.
 *
 * A recipient in memory is on the list that its stage names:
 *
 *	RESOLVING (domain.waiting) -> LANE (lane.queue) -> SENDING (a client's
 *	batch) -> REPORTING (a result on its way to disk) -> gone
 */
#ifndef POSTHORN_DAEMON_DELIVERY_WORKER_H
#define POSTHORN_DAEMON_DELIVERY_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "base/log.h"
#include "daemon/delivery/delivery.h"
#include "daemon/net/addr.h"
#include "routing/mxgroup.h"
#include "routing/shape.h"
#include "smtp/reply.h"

#define CANDIDATES_MAX 64
#define SOURCE_BYTES 64
#define LANE_KEY_BYTES (SOURCE_BYTES + MX_NAME_BYTES + 2)

enum stage {
	STAGE_RESOLVING = 0,
	STAGE_LANE,
	STAGE_SENDING,
	STAGE_REPORTING,
};

struct place {
	uint64_t id;
	uint64_t seq;
};

struct recipient {
	struct place place; /* key of worker.recipients */
	UT_hash_handle hh;
	TAILQ_ENTRY(recipient) entry; /* of the list of its stage */
	enum stage stage;
	struct outgoing *outgoing;
	struct zone *zone;
	struct domain *domain;     /* null before it is looked up */
	struct lane *lane;         /* null before STAGE_LANE */
	char source[SOURCE_BYTES]; /* empty: the system's choice */
	int64_t attempts;          /* made before this one */
	int64_t expires_ms;
	unsigned int notify; /* bits of enum smtp_notify */
	bool is_delay_told;
	const char *orcpt; /* behind the address; null: none */
	char address[];
};
TAILQ_HEAD(recipient_list, recipient);

/* One address of one host, in the order to be tried. */
struct candidate {
	struct addr addr;
	char host[MX_NAME_BYTES];
};

/* Where a recipient domain's mail goes, or why nowhere. */
struct domain {
	char *name; /* or "relay:ZONE" for a next hop */
	UT_hash_handle hh;
	struct worker *worker;
	const struct config_zone *next_hop_zone; /* in `setup`; or null */
	struct setup *setup;                     /* while resolving */
	bool is_ready;
	bool is_stale; /* out of the table; freed with its last user */
	struct smtp_reply failure; /* code 0: none */
	int64_t expires_ms;        /* monotonic */
	char group[MX_NAME_BYTES];
	struct mx_list mx;
	struct candidate candidates[CANDIDATES_MAX];
	size_t candidate_count;
	struct dns_answer_part *parts; /* addresses as they come in */
	int open_questions;
	bool is_secure; /* DNSSEC says that these are its MX hosts */
	bool had_trouble;
	char trouble[120];
	bool had_private;
	int64_t users; /* recipients and questions that point here */
	struct recipient_list waiting;
};

struct client;
TAILQ_HEAD(client_list, client);

/* zone x source x MX group. */
struct lane {
	char key[LANE_KEY_BYTES];
	UT_hash_handle hh;
	struct zone *zone;
	char source[SOURCE_BYTES];
	char group[MX_NAME_BYTES];
	struct shape shape;
	struct recipient_list queue;
	int64_t queued;
	int64_t users; /* recipients that point here */
	struct client_list clients;
	int64_t connecting; /* clients that carry nothing yet */
	struct timer *timer;
	enum shape_reason held_by;
	int64_t wake_ms; /* monotonic; when that ends; 0: on an event */
	char last_reply[SMTP_REPLY_TEXT_MAX]; /* why it backs off */
	bool is_scheduled;
};

struct zone {
	char *name;
	UT_hash_handle hh;
	struct worker *worker;
	struct lane *lanes;
	int64_t connections;
	int64_t loaded; /* recipients in memory */
	/* Everything due behind this place is still to be read. */
	int64_t read_due_ms;
	uint64_t read_id;
	int64_t read_seq;
	int64_t expiry_ms; /* first of what was passed over; 0: none */
	bool has_more;     /* on disk, due now */
	bool is_reading;
	struct timer *timer;  /* the next due time on disk */
	int64_t timer_due_ms; /* wall; 0: not armed */
};

struct worker {
	struct delivery *delivery;
	struct loop *loop;
	struct thread *thread;
	struct setup *setup;
	struct db *reader;
	struct zone *zones;
	struct domain *domains;
	struct recipient *recipients;
	int64_t reports; /* results on their way to disk */
	int64_t clients;
	int64_t store_failures; /* results that could not be stored */
	bool is_draining;
	void (*drain_fn)(struct worker *w); /* when nothing is under way */
	struct drain *drain;
	struct timer *drain_timer;
	struct timer *sweep_timer;
};

struct delivery {
	struct store *store;
	struct gate *gate; /* for the store thread */
	struct resolver *resolver;
	_Atomic int64_t budget; /* octets handed over in memory */
	_Atomic int64_t memory_max;
	size_t worker_count;
	struct worker *workers;
};

/* queue.c: recipients and zones. */
struct zone *zone_get(struct worker *w, const char *name);
/* Its settings in the setup in force; null when it was taken out. */
const struct config_zone *zone_config(const struct zone *z);
bool zone_may_send(const struct zone *z);
/* Takes a recipient up, unless it is in memory. `o` is referenced. */
void zone_add(
    struct zone *z, struct outgoing *o, const struct delivery_recipient *from);
/* Reads due rows, now or as soon as there is room. */
void zone_read(struct zone *z);
/* Something on disk is due at `due_ms` (wall). */
void zone_note_due(struct zone *z, int64_t due_ms);
/* A row was put back to disk: it may be due before where reading is. */
void zone_deferred(struct zone *z, int64_t due_ms, uint64_t id, int64_t seq);
/* A row is on disk but not in memory: read on from before it. */
void zone_rewind(struct zone *z, int64_t due_ms, uint64_t id, int64_t seq);
/* Forgets what is not under way and reads anew. */
void zone_refresh(struct zone *z);
/* At the end: all that is in memory of recipients, lanes and zones. */
void zones_free(struct worker *w);
/* The recipient is done or back on disk. */
void recipient_free(struct recipient *r);
/* Ends a drain when nothing is under way any more. */
void worker_check_drained(struct worker *w);

/* domain.c: DNS. */
void domain_place(struct recipient *r);
void domain_unuse(struct domain *d);
/* At the end, when nobody can use one any more. */
void domains_free(struct worker *w);

/* lane.c. */
void lane_enqueue(struct recipient *r);
void lane_dequeue(struct recipient *r);
/* Opens connections as far as limits allow, at the end of the turn. */
void lane_schedule(struct lane *l);
/*
 * The next recipients, all of one message, that a connection to `host` may
 * carry: at most `max`, put on `out` in STAGE_SENDING. The count; 0 if there
 * is nothing or the lane's rate says not yet.
 */
size_t lane_take(
    struct lane *l, const char *host, size_t max, struct recipient_list *out);
/* No host of `d` could be reached: its recipients wait on disk. */
void lane_failed(struct lane *l, struct domain *d,
    const struct smtp_reply *reply, const char *host);
void lane_free(struct lane *l);

/* client.c: one connection of a lane, made for domain `d`. */
void client_start(struct lane *l, struct domain *d);
/* Is one on its way to a host of `d` that carries nothing yet? */
bool client_is_connecting(const struct lane *l, const struct domain *d);
/* An idle client may take more now; says whether there was one. */
bool client_wake_idle(struct lane *l, const struct recipient *head);
void clients_drain(struct worker *w);
/* At the end: every connection is cut, what it carried stays on disk. */
void clients_abort(struct worker *w);

/* result.c: what became of recipients, onto disk. */
struct attempt {
	const struct smtp_reply *reply; /* 2xx, 4xx or 5xx */
	const char *host;               /* that said so; null: none */
	const char *tls;                /* null: none */
	int64_t ms;                     /* that it took */
	bool is_expired;
	bool is_dsn_passed; /* the host sends notifications from here on */
};
struct report;
/* Results of one message that go together, and its notification if one is
 * due. Recipients move to STAGE_REPORTING. */
struct report *report_new(struct worker *w, struct outgoing *o);
void report_add(
    struct report *rep, struct recipient *r, const struct attempt *a);
void report_send(struct report *rep);
/* The short form for one recipient. */
void report_one(struct recipient *r, const struct smtp_reply *reply,
    const char *host, bool is_expired);

#endif
