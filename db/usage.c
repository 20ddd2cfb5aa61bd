/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of usage to structs and back.
 */
#include "db/usage.h"

#include "db/db_internal.h"

/* Columns from `first` on: window, messages, recipients, three times. */
static void
read_usage(sqlite3_stmt *s, int first, struct usage *u)
{
	for (int p = 0; p < USAGE_PERIODS; p++) {
		u->window[p] = sqlite3_column_int64(s, first + 3 * p);
		for (int unit = 0; unit < USAGE_UNITS; unit++)
			u->count[p][unit] =
			    sqlite3_column_int64(s, first + 3 * p + 1 + unit);
	}
}

int
db_usage_get(struct db *db, enum usage_axis axis, struct slice name,
    struct usage *out, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_USAGE_GET);
	int rc;

	*out = (struct usage){0};
	bind_int(s, "axis", axis);
	bind_text(s, "name", name);
	while ((rc = next(db, s, out_err)) > 0)
		read_usage(s, 1, out);
	return rc;
}

int
db_usage_list(struct db *db, struct slice account, db_usage_fn *fn, void *arg,
    struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_USAGE_LIST);
	int rc;

	bind_text(s, "account", account);
	while ((rc = next(db, s, out_err)) > 0) {
		struct db_usage row = {
		    .axis = (enum usage_axis)sqlite3_column_int(s, 0),
		    .name = column_slice(s, 1),
		};
		read_usage(s, 2, &row.usage);
		(void)fn(&row, arg);
	}
	return rc;
}

int
db_usage_put(struct db *db, enum usage_axis axis, struct slice name,
    const struct usage *u, struct error *out_err)
{
	static const char *const names[USAGE_PERIODS][3] = {
	    {"minute", "minute_messages", "minute_recipients"},
	    {"hour", "hour_messages", "hour_recipients"},
	    {"day", "day_messages", "day_recipients"},
	};
	sqlite3_stmt *s = use(db, SQL_USAGE_PUT);

	bind_int(s, "axis", axis);
	bind_text(s, "name", name);
	for (int p = 0; p < USAGE_PERIODS; p++) {
		bind_int(s, names[p][0], u->window[p]);
		bind_int(s, names[p][1], u->count[p][USAGE_MESSAGES]);
		bind_int(s, names[p][2], u->count[p][USAGE_RECIPIENTS]);
	}
	return run(db, s, out_err);
}

int
db_usage_purge(struct db *db, int64_t before_day, struct error *out_err)
{
	sqlite3_stmt *s = use(db, SQL_USAGE_PURGE);

	bind_int(s, "day", before_day);
	return run(db, s, out_err);
}
