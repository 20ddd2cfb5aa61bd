/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identities that are slowed, held or blocked, and lifting that. With
 * --account only what is that account's can be lifted: so an owner's call can
 * be passed on as it is.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "db/block.h"
#include "db/event.h"

static bool
on_block(const struct db_block *b, void *arg)
{
	json_t *row = json_object();
	char id[ID_TEXT_BYTES];

	row_set(row, "block", json_integer(b->id));
	row_set(row, "axis", json_string(usage_axis_name(b->axis)));
	row_set(row, "name", json_slice(b->name));
	row_set(row, "account", json_slice(b->account));
	row_set(row, "action", json_slice(b->action));
	row_set(row, "sign", json_slice(b->sign));
	row_set(row, "since", json_time(b->since_ms));
	row_set(row, "until", json_time(b->until_ms));
	row_set(row, "ended", json_time(b->ended_ms));
	row_set(row, "ended_by", json_slice(b->ended_by));
	row_set(row, "evidence", json_slice(b->evidence));
	if (b->message_id != 0) {
		id_to_text(b->message_id, id);
		row_set(row, "id", json_string(id));
	}
	call_row_take(arg, row);
	return true;
}

void
op_identity_list(struct call *call)
{
	struct error err;

	if (db_block_list(call_parts(call)->reader,
		slice_of(call_text(call, "account")), call_flag(call, "all"),
		on_block, call, &err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}

struct release {
	int64_t id;
	struct gate *gate;
	char account[300]; /* empty: any */
	char actor[64];
};

/* In the store thread, as the gate. */
static int
run_release(struct db *db, struct write *w, struct error *err)
{
	struct release *r = w->state;
	bool is_changed = false;
	int64_t now_ms = clock_wall_ms();

	if (db_block_end(db, r->id,
		slice_of(r->account[0] != '\0' ? r->account : NULL),
		slice_of(r->actor), now_ms, &is_changed, err) != 0)
		return -1;
	if (!is_changed)
		return error_set_kind(err, ERROR_NOT_FOUND,
		    "there is no block %lld in force%s%s", (long long)r->id,
		    r->account[0] != '\0' ? " of account " : "", r->account);
	gate_distrust_blocks(r->gate);
	w->row =
	    json_pack("{s:I, s:b}", "block", (json_int_t)r->id, "released", 1);
	return 0;
}

void
op_identity_release(struct call *call)
{
	const char *account = call_text(call, "account");
	struct release *r = MEM_NEW(struct release);
	struct write *w = write_new(call, run_release);

	r->id = call_int(call, "block", 0);
	r->gate = call_parts(call)->gate;
	(void)snprintf(r->account, sizeof(r->account), "%s",
	    account != NULL ? account : "");
	(void)snprintf(r->actor, sizeof(r->actor), "%s", call->actor);
	w->state = r;
	w->keeps_setup = true;
	w->event = "identity.cleared";
	(void)snprintf(w->account, sizeof(w->account), "%s", r->account);
	(void)snprintf(w->text, sizeof(w->text), "block %lld released by %s",
	    (long long)r->id, call->actor);
	write_give(w);
}
