/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One operator's call while it is worked on. For control/ only; main thread.
 */
#ifndef POSTHORN_DAEMON_CONTROL_CALL_H
#define POSTHORN_DAEMON_CONTROL_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/control/control.h"
#include "db/db.h"
#include "db/message.h"
#include "ops/ops.h"

struct caller;

struct call {
	struct control *control;
	struct caller *caller; /* null: has gone, or is a signal */
	const struct op *op;
	json_t *args;
	char actor[64];
	bool is_ended;
	/* More rows when the caller has read the last; null: none to come. */
	void (*produce)(struct call *call);
	void (*stop)(struct call *call); /* frees `state`; may be null */
	void *state;
};

/* A handler starts the call; it, or what it started, ends it by call_done()
 * or call_fail(), once. */
typedef void op_fn(struct call *call);

struct control_parts *call_parts(struct call *call);
struct setup *call_setup(struct call *call);

/* Adds a row; takes it. */
void call_row_take(struct call *call, json_t *row);
void call_done(struct call *call);
void call_fail(struct call *call, const struct error *err);
void call_failf(struct call *call, enum error_kind kind, const char *format,
    ...) PRINTF_LIKE(3, 4);
/* Is the output buffer full for now? Then return; produce() comes again. */
bool call_is_full(const struct call *call);
/* Is the process at its end? Then nothing may be started or asked any more:
 * a continuation only ends its call. */
bool call_is_ending(const struct call *call);
/* Calls produce() in a moment (for new events). */
void call_wait(struct call *call);

/* Arguments; null, fallback or zero when not given. */
const char *call_text(const struct call *call, const char *name);
int64_t call_int(const struct call *call, const char *name, int64_t fallback);
bool call_flag(const struct call *call, const char *name);
/* Fills a selector that borrows from the arguments; `buffer` holds the
 * domain. False (and the call has failed) if something is off. */
bool call_selector(
    struct call *call, struct db_selector *out, char buffer[300]);

/*
 * A write: `run` in the store thread, with the call as argument; then the
 * setup is read anew (`bumps_auth`: logins are checked anew too), all threads
 * have it, and the call is done. What `run` wants to say it puts into `row`.
 */
struct write {
	struct store_job job;
	struct call *call;
	int (*run)(struct db *db, struct write *w, struct error *err);
	bool bumps_auth;
	bool keeps_setup;  /* nothing of the setup changed */
	const char *event; /* "policy.changed"; null: none */
	char text[400];    /* of the event */
	char account[300]; /* of the event; empty: none */
	json_t *row;       /* made anew by each run */
	void *state;       /* the handler's; freed with the write */
};
struct write *write_new(struct call *call,
    int (*run)(struct db *db, struct write *w, struct error *err));
void write_give(struct write *w);

/* Loads and swaps the configuration; ends the call. */
void control_apply_config(struct call *call);

/* Times and numbers as rows show them. */
json_t *json_time(int64_t wall_ms); /* null for 0 */
json_t *json_slice(struct slice s); /* null for a null slice */
void row_set(json_t *row, const char *key, json_t *value_taken);

extern op_fn op_status, op_queue_list, op_queue_show, op_queue_cat,
    op_queue_act, op_events, op_account_add, op_account_list, op_account_show,
    op_account_state, op_account_delete, op_credential_add, op_credential_list,
    op_credential_revoke, op_credential_rotate, op_credential_set, op_usage,
    op_suppress_change, op_suppress_list, op_suppress_import, op_trap_change,
    op_trap_list, op_rule_add, op_rule_remove, op_rule_list, op_domain_change,
    op_domain_verify, op_domain_list, op_identity_list, op_identity_release,
    op_policy_show, op_policy_set, op_policy_history, op_policy_undo,
    op_zone_list, op_zone_show, op_zone_state, op_source_list, op_source_state,
    op_config_show, op_reload;

#endif
