/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was sent in the current windows, next to the limits on it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/control/call.h"
#include "db/account.h"
#include "db/usage.h"

struct owner {
	char name[300];
};

static bool
on_owner(const struct db_credential *c, void *arg)
{
	struct owner *o = arg;

	(void)snprintf(
	    o->name, sizeof(o->name), "%.*s", SLICE_ARGS(c->account));
	return true;
}

/* The account that a row belongs to. */
static struct slice
owner_of(struct call *call, const struct db_usage *row, struct owner *o)
{
	struct error err;
	ptrdiff_t slash;

	switch (row->axis) {
	case USAGE_ACCOUNT:
		return row->name;
	case USAGE_CREDENTIAL:
		o->name[0] = '\0';
		if (db_credential_get(call_parts(call)->reader, row->name,
			on_owner, o, &err) != 0)
			return SLICE("");
		return slice_of(o->name);
	case USAGE_SUBUSER:
		slash = slice_find(row->name, '/');
		return slice_sub(row->name, 0, slash < 0 ? 0 : (size_t)slash);
	case USAGE_AXES:
		break;
	}
	return SLICE("");
}

static int64_t
lesser(int64_t rate, int64_t quota)
{
	if (rate == 0 || (quota != 0 && quota < rate))
		return quota;
	return rate;
}

static bool
on_usage(const struct db_usage *stored, void *arg)
{
	struct call *call = arg;
	struct usage u = stored->usage;
	struct owner owner;
	const struct policy *p = policy_for(
	    call_setup(call)->policies, owner_of(call, stored, &owner));
	const struct usage_limits *l = &p->limits[stored->axis];
	json_t *row = json_object();

	usage_roll(&u, clock_wall_ms());
	row_set(row, "axis", json_string(usage_axis_name(stored->axis)));
	row_set(row, "name", json_slice(stored->name));
	for (int period = 0; period < USAGE_PERIODS; period++)
		for (int unit = 0; unit < USAGE_UNITS; unit++) {
			char key[48];
			int64_t max = lesser(
			    l->rate[unit][period], l->quota[unit][period]);
			(void)snprintf(key, sizeof(key), "%s_%s",
			    usage_period_name((enum usage_period)period),
			    usage_unit_name((enum usage_unit)unit));
			row_set(row, key, json_integer(u.count[period][unit]));
			(void)strncat(
			    key, "_max", sizeof(key) - strlen(key) - 1);
			if (max != 0)
				row_set(row, key, json_integer(max));
		}
	call_row_take(call, row);
	return true;
}

void
op_usage(struct call *call)
{
	struct error err;

	if (db_usage_list(call_parts(call)->reader,
		slice_of(call_text(call, "account")), on_usage, call,
		&err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}
