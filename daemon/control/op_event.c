/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events after a cursor; with --follow, new ones as they are committed.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/units.h"
#include "daemon/control/call.h"
#include "db/event.h"

#define PAGE_ROWS 500

struct feed {
	struct call *call;
	struct db_selector selector;
	char domain[300];
	int64_t seq;
	int64_t left; /* rows still wanted; negative: all */
	int64_t rows;
	bool is_following;
};

static bool
on_row(const struct db_event *e, void *arg)
{
	struct feed *f = arg;
	json_t *row = json_object();
	char id[ID_TEXT_BYTES];

	row_set(row, "seq", json_integer(e->seq));
	row_set(row, "time", json_time(e->time_ms));
	row_set(row, "event", json_slice(e->event));
	if (e->message_id != 0) {
		id_to_text(e->message_id, id);
		row_set(row, "id", json_string(id));
	}
	row_set(row, "account", json_slice(e->account));
	row_set(row, "credential", json_slice(e->credential));
	row_set(row, "subuser", json_slice(e->subuser));
	row_set(row, "from", json_slice(e->sender));
	row_set(row, "to", json_slice(e->recipient));
	row_set(row, "zone", json_slice(e->zone));
	row_set(row, "source", json_slice(e->source));
	row_set(row, "mx_group", json_slice(e->mx_group));
	row_set(row, "mx", json_slice(e->mx));
	if (e->code != 0)
		row_set(row, "code", json_integer(e->code));
	row_set(row, "enhanced", json_slice(e->enhanced));
	row_set(row, "text", json_slice(e->text));
	row_set(row, "class", json_slice(e->class));
	if (e->has_score)
		row_set(row, "score", json_real(e->score));
	if (e->policy != 0)
		row_set(row, "policy", json_integer(e->policy));
	if (e->attempt != 0)
		row_set(row, "attempt", json_integer(e->attempt));
	row_set(row, "tls", json_slice(e->tls));
	if (e->ms != 0)
		row_set(row, "ms", json_integer(e->ms));
	call_row_take(f->call, row);
	f->seq = e->seq;
	f->rows++;
	return f->left < 0 || --f->left > 0;
}

static void
produce_events(struct call *call)
{
	struct feed *f = call->state;
	struct error err;

	while (f->left != 0 && !call_is_full(call)) {
		/* Nothing behind the last commit is missed by the cursor. */
		int64_t last = store_last_event(call_parts(call)->store);
		f->rows = 0;
		if (db_event_list(call_parts(call)->reader, &f->selector,
			f->seq, PAGE_ROWS, on_row, f, &err) != 0) {
			call_fail(call, &err);
			return;
		}
		if (f->rows == PAGE_ROWS)
			continue;
		if (f->seq < last)
			f->seq = last;
		if (f->is_following && f->left != 0)
			call_wait(call);
		else
			f->left = 0;
		break;
	}
	if (f->left == 0)
		call_done(call);
}

static void
stop(struct call *call)
{
	mem_free(call->state);
}

/* A cursor, a time, or a duration back from now. */
static int
find_start(
    struct call *call, const char *since, int64_t *out_seq, struct error *err)
{
	uint64_t number;
	int64_t ms;

	if (since == NULL)
		return 0;
	if (slice_to_u64(slice_of(since), &number) == 0) {
		*out_seq = (int64_t)number;
		return 0;
	}
	if (units_parse_duration(slice_of(since), &ms) == 0)
		ms = clock_wall_ms() - ms;
	else if (time_from_rfc3339(slice_of(since), &ms) != 0)
		return error_set_kind(err, ERROR_USAGE,
		    "--since is a cursor (12345), a time "
		    "(2026-11-23T13:00:00Z) or a duration (2h), not "
		    "\"%.40s\"",
		    since);
	return db_event_cursor(call_parts(call)->reader, ms, out_seq, err);
}

void
op_events(struct call *call)
{
	struct feed *f = MEM_NEW(struct feed);
	struct error err;

	f->call = call;
	f->left = call_int(call, "limit", -1);
	f->is_following = call_flag(call, "follow");
	call->state = f;
	call->stop = stop;
	if (!call_selector(call, &f->selector, f->domain))
		return;
	if (find_start(call, call_text(call, "since"), &f->seq, &err) != 0) {
		call_fail(call, &err);
		return;
	}
	call->produce = produce_events;
	produce_events(call);
}
