/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy for operators: what is in force, changing it, history, undo.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "db/account.h"
#include "db/settings.h"
#include "policy/policy.h"
#include "scoring/score.h"

struct setting {
	char account[300];
	char key[100];
	char value[200];
	bool is_unset;
	int64_t version; /* undo */
	char actor[64];
};

static bool
on_stored(struct slice account, struct slice key, struct slice value, void *arg)
{
	struct call *call = arg;
	const char *wanted = call_text(call, "account");

	if (wanted != NULL && account.len != 0 && !slice_is(account, wanted))
		return true;
	json_t *row = json_object();
	row_set(row, "key", json_slice(key));
	row_set(row, "value", json_slice(value));
	row_set(row, "account",
	    account.len != 0 ? json_slice(account) : json_string("(all)"));
	call_row_take(call, row);
	return true;
}

struct stored_keys {
	const char *name;
	bool is_found;
};

static bool
on_key(struct slice account, struct slice key, struct slice value UNUSED,
    void *arg)
{
	struct stored_keys *k = arg;

	k->is_found =
	    k->is_found || (account.len == 0 && slice_is(key, k->name));
	return true;
}

/* Defaults of what nobody has set, then what is set. */
void
op_policy_show(struct call *call)
{
	struct db *reader = call_parts(call)->reader;
	struct error err;
	int64_t version;
	size_t count;
	const struct policy_key *keys = policy_keys(&count);

	for (size_t i = 0; i < count; i++) {
		struct stored_keys k = {.name = keys[i].name};
		if (db_policy_all(reader, on_key, &k, &version, &err) != 0) {
			call_fail(call, &err);
			return;
		}
		if (k.is_found || keys[i].name[strlen(keys[i].name) - 1] == '.')
			continue;
		call_row_take(call,
		    json_pack("{s:s, s:s, s:s}", "key", keys[i].name, "value",
			keys[i].default_text, "account", "(default)"));
	}
	if (db_policy_all(reader, on_stored, call, &version, &err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}

static int
run_set(struct db *db, struct write *w, struct error *err)
{
	struct setting *s = w->state;
	int64_t version;
	bool exists = s->account[0] == '\0';

	if (!exists &&
	    db_account_exists(db, slice_of(s->account), &exists, err) != 0)
		return -1;
	if (!exists)
		return error_set_kind(
		    err, ERROR_NOT_FOUND, "there is no account %s", s->account);
	struct slice value = slice_of(s->is_unset ? NULL : s->value);
	if (db_policy_set(db, slice_of(s->account), slice_of(s->key), value,
		slice_of(s->actor), clock_wall_ms(), 0, &version, err) != 0)
		return -1;
	w->row = json_pack("{s:I, s:s, s:s}", "version", (json_int_t)version,
	    "key", s->key, "value", s->is_unset ? "default" : s->value);
	return 0;
}

/* Bands name zones, weights name symbols: those must exist. */
static int
check_names(struct call *call, const char *key, struct error *err)
{
	struct setup *setup = call_setup(call);

	if (strncmp(key, "band.", 5) == 0 &&
	    config_zone_find(setup->config, slice_of(key + 5)) == NULL)
		return error_set_kind(err, ERROR_USAGE,
		    "there is no zone %s in the configuration", key + 5);
	if (strncmp(key, "weight.", 7) == 0 &&
	    !scorer_knows(setup->scorer, slice_of(key + 7))) {
		const char *near =
		    scorer_nearest(setup->scorer, slice_of(key + 7));
		return error_set_kind(err, ERROR_USAGE,
		    "there is no symbol %s%s%s%s", key + 7,
		    near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
	}
	return 0;
}

void
op_policy_set(struct call *call)
{
	const char *account = call_text(call, "account");
	const char *key = call_text(call, "key");
	const char *value = call_text(call, "value");
	bool is_unset = strcmp(value, "default") == 0;
	struct error err;

	if (strlen(key) >= 100 || strlen(value) >= 200 ||
	    (account != NULL && strlen(account) >= 300)) {
		call_failf(call, ERROR_USAGE, "that is too long");
		return;
	}
	if ((!is_unset &&
		policy_check(slice_of(key), slice_of(value), &err) != 0) ||
	    (!is_unset && check_names(call, key, &err) != 0)) {
		call_fail(call, &err);
		return;
	}
	struct write *w = write_new(call, run_set);
	struct setting *s = MEM_NEW(struct setting);
	w->state = s;
	w->event = "policy.changed";
	(void)snprintf(s->account, sizeof(s->account), "%s",
	    account != NULL ? account : "");
	(void)snprintf(s->key, sizeof(s->key), "%s", key);
	(void)snprintf(s->value, sizeof(s->value), "%s", value);
	(void)snprintf(s->actor, sizeof(s->actor), "%s", call->actor);
	s->is_unset = is_unset;
	(void)snprintf(w->account, sizeof(w->account), "%s", s->account);
	(void)snprintf(w->text, sizeof(w->text), "%s = %s by %s", s->key,
	    s->value, s->actor);
	write_give(w);
}

static int
run_undo(struct db *db, struct write *w, struct error *err)
{
	struct setting *s = w->state;
	int64_t undone;
	int64_t version;

	if (db_policy_undo(db, s->version, slice_of(s->actor), clock_wall_ms(),
		&undone, &version, err) != 0)
		return -1;
	w->row = json_pack("{s:I, s:I}", "version", (json_int_t)version,
	    "undone", (json_int_t)undone);
	(void)snprintf(w->text, sizeof(w->text), "version %lld undone by %s",
	    (long long)undone, s->actor);
	return 0;
}

void
op_policy_undo(struct call *call)
{
	struct write *w = write_new(call, run_undo);
	struct setting *s = MEM_NEW(struct setting);

	w->state = s;
	w->event = "policy.changed";
	s->version = call_int(call, "version", 0);
	(void)snprintf(s->actor, sizeof(s->actor), "%s", call->actor);
	write_give(w);
}

static bool
on_change(const struct db_policy_change *c, void *arg)
{
	json_t *row = json_object();

	row_set(row, "version", json_integer(c->version));
	row_set(row, "time", json_time(c->time_ms));
	row_set(row, "actor", json_slice(c->actor));
	row_set(row, "account",
	    c->account.len != 0 ? json_slice(c->account)
				: json_string("(all)"));
	row_set(row, "key", json_slice(c->key));
	row_set(row, "old",
	    c->old_value.ptr != NULL ? json_slice(c->old_value)
				     : json_string("(default)"));
	row_set(row, "new",
	    c->new_value.ptr != NULL ? json_slice(c->new_value)
				     : json_string("(default)"));
	if (c->undoes != 0)
		row_set(row, "undoes", json_integer(c->undoes));
	call_row_take(arg, row);
	return true;
}

void
op_policy_history(struct call *call)
{
	struct error err;

	if (db_policy_history(call_parts(call)->reader,
		call_int(call, "limit", 100), on_change, call, &err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}
