/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: operators' calls as JSON lines, in the main thread.
 *
 *	{"op":"queue.list","args":{"zone":"main"}}
 *	{"row":{...}}  …  {"done":true}  or  {"error":{"kind":…,"text":…}}
 */
#ifndef POSTHORN_DAEMON_CONTROL_CONTROL_H
#define POSTHORN_DAEMON_CONTROL_CONTROL_H

#include "base/attr.h"
#include "base/error.h"
#include "daemon/delivery/delivery.h"
#include "daemon/setup.h"
#include "daemon/store/store.h"
#include "daemon/submission/submission.h"

struct control;

/* What operations work on; borrowed for the control's life. */
struct control_parts {
	struct loop *loop;
	const char *config_path;
	struct store *store;
	struct delivery *delivery;
	struct submission *submission;
	struct resolver *resolver;
	struct gate *gate; /* for the store thread */
	struct db *reader;
	struct setup *setup; /* the first; the control keeps the current one */
	int64_t started_ms;
	/* All threads have a new configuration. */
	void (*on_config)(void *arg, struct setup *setup);
	void *on_config_arg;
};

/* Listens on run_dir/control.sock, mode 0660. */
struct control *control_new(
    const struct control_parts *parts, struct error *out_err) MUST_CHECK;
/* No more calls are taken; those under way end with their writes. Null is
 * accepted. */
void control_end(struct control *c);
/* After the loop has settled what was under way; null is accepted. */
void control_free(struct control *c);

/* SIGHUP: as the operation `reload`, the outcome goes to the log. */
void control_reload(struct control *c);

#endif
