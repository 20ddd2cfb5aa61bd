/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Customers and their logins. A generated secret is shown once, in the answer
 * that makes it; the store keeps only what verifies it.
 */
#include <stdio.h>
#include <string.h>

#include "access/secret.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "config/config.h"
#include "daemon/control/call.h"
#include "db/account.h"
#include "policy/policy.h"

#define SECRET_CHARS 32 /* of 5 bits: 160 bits of chance */
#define NAME_MAX_CHARS 200
#define EXPIRES_DEFAULT_MS (INT64_C(90) * 86400000)
#define OVERLAP_DEFAULT_MS (INT64_C(7) * 86400000)
#define PASSWORD_MIN_CHARS 10

struct changes {
	char name[NAME_MAX_CHARS + 1];
	char reason[200];
	char login[NAME_MAX_CHARS + 16];
	char secret[SECRET_CHARS + 1]; /* generated; empty if chosen */
	char verifier[SECRET_TEXT_BYTES];
	bool is_chosen;
	char networks[1000]; /* empty: any */
	int64_t overlap_ms;  /* of a rotation */
	enum db_account_state state;
	int64_t expires_ms;
};

/* Names go into headers, logs and selectors. */
static bool
is_good_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(name[i]) &&
		    strchr("-_.@+", name[i]) == NULL)
			return false;
	return len > 0 && len <= NAME_MAX_CHARS;
}

static bool
get_name(struct call *call, const char *arg, char out[NAME_MAX_CHARS + 1])
{
	const char *name = call_text(call, arg);

	if (name != NULL && is_good_name(name)) {
		(void)snprintf(out, NAME_MAX_CHARS + 1, "%s", name);
		return true;
	}
	call_failf(call, ERROR_USAGE,
	    "%s: expected letters, digits and -_.@+, at most %d, got "
	    "\"%.64s\"",
	    arg, NAME_MAX_CHARS, name != NULL ? name : "");
	return false;
}

static struct write *
start_write(struct call *call, const char *arg,
    int (*run)(struct db *db, struct write *w, struct error *err),
    struct changes **out)
{
	struct changes *c = MEM_NEW(struct changes);

	if (!get_name(call, arg, c->name)) {
		mem_free(c);
		return NULL;
	}
	struct write *w = write_new(call, run);
	w->state = c;
	w->bumps_auth = true;
	w->event = "policy.changed";
	(void)snprintf(w->text, sizeof(w->text), "%s %s by %s", call->op->words,
	    c->name, call->actor);
	*out = c;
	return w;
}

static int
not_found(struct error *err, const char *what, const char *name)
{
	return error_set_kind(
	    err, ERROR_NOT_FOUND, "there is no %s %s", what, name);
}

/* --- accounts ----------------------------------------------------------- */

static int
run_add(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;

	(void)snprintf(w->account, sizeof(w->account), "%s", c->name);
	bool exists;

	if (db_account_exists(db, slice_of(c->name), &exists, err) != 0)
		return -1;
	if (exists)
		return error_set_kind(err, ERROR_REFUSED,
		    "there is an account %s already", c->name);
	w->row = json_pack("{s:s}", "account", c->name);
	return db_account_insert(db, slice_of(c->name), clock_wall_ms(), err);
}

void
op_account_add(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "name", run_add, &c);

	if (w != NULL)
		write_give(w);
}

static int
run_state(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	bool is_changed = false;

	(void)snprintf(w->account, sizeof(w->account), "%s", c->name);
	if (db_account_set_state(db, slice_of(c->name), c->state,
		c->reason[0] != '\0' ? slice_of(c->reason)
				     : (struct slice){NULL, 0},
		&is_changed, err) != 0)
		return -1;
	w->row = json_pack("{s:s, s:s}", "account", c->name, "state",
	    c->state == DB_ACCOUNT_SUSPENDED ? "suspended" : "active");
	return is_changed ? 0 : not_found(err, "account", c->name);
}

void
op_account_state(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "name", run_state, &c);
	const char *reason = call_text(call, "reason");

	if (w == NULL)
		return;
	if (strcmp(call->op->name, "account.suspend") == 0)
		c->state = DB_ACCOUNT_SUSPENDED;
	if (reason != NULL)
		(void)snprintf(c->reason, sizeof(c->reason), "%s", reason);
	write_give(w);
}

static int
run_delete(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	bool is_changed = false;

	if (db_account_delete(db, slice_of(c->name), &is_changed, err) != 0)
		return -1;
	w->row = json_pack("{s:s, s:b}", "account", c->name, "deleted", 1);
	return is_changed ? 0 : not_found(err, "account", c->name);
}

void
op_account_delete(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "name", run_delete, &c);

	if (w != NULL)
		write_give(w);
}

static bool
on_account(const struct db_account *a, void *arg)
{
	json_t *row = json_object();

	row_set(row, "account", json_slice(a->name));
	row_set(row, "state",
	    json_string(
		a->state == DB_ACCOUNT_SUSPENDED ? "suspended" : "active"));
	row_set(row, "credentials", json_integer(a->credentials));
	row_set(row, "created", json_time(a->created_ms));
	row_set(row, "reason", json_slice(a->reason));
	call_row_take(arg, row);
	return true;
}

void
op_account_list(struct call *call)
{
	struct error err;

	if (db_account_list(call_parts(call)->reader, on_account, call, &err) !=
	    0)
		call_fail(call, &err);
	else
		call_done(call);
}

static json_t *
credential_row(const struct db_credential *c)
{
	json_t *row = json_object();

	row_set(row, "login", json_slice(c->login));
	row_set(row, "account", json_slice(c->account));
	row_set(row, "kind",
	    json_string(c->secret.is_chosen ? "chosen" : "generated"));
	row_set(row, "secret", json_integer(c->secret.seq));
	row_set(row, "created", json_time(c->secret.created_ms));
	row_set(row, "expires",
	    c->secret.expires_ms != 0 ? json_time(c->secret.expires_ms)
				      : json_string("never"));
	row_set(row, "networks", json_slice(c->networks));
	return row;
}

struct account_view {
	json_t *row;
	json_t *logins;
};

static bool
on_shown(const struct db_account *a, void *arg)
{
	struct account_view *v = arg;

	v->row = json_object();
	row_set(v->row, "account", json_slice(a->name));
	row_set(v->row, "state",
	    json_string(
		a->state == DB_ACCOUNT_SUSPENDED ? "suspended" : "active"));
	row_set(v->row, "reason", json_slice(a->reason));
	row_set(v->row, "created", json_time(a->created_ms));
	return true;
}

static bool
on_login(const struct db_credential *c, void *arg)
{
	struct account_view *v = arg;

	(void)json_array_append_new(v->logins, credential_row(c));
	return true;
}

void
op_account_show(struct call *call)
{
	struct slice name = slice_of(call_text(call, "name"));
	struct db *reader = call_parts(call)->reader;
	struct account_view v = {NULL, json_array()};
	struct error err;

	if (db_account_get(reader, name, on_shown, &v, &err) != 0 ||
	    db_credential_list(reader, name, on_login, &v, &err) != 0) {
		call_fail(call, &err);
	} else if (v.row == NULL) {
		call_failf(call, ERROR_NOT_FOUND, "there is no account %.*s",
		    SLICE_ARGS(name));
	} else {
		(void)json_object_set(v.row, "credentials", v.logins);
		const struct policy *p =
		    policy_for(call_setup(call)->policies, name);
		row_set(v.row, "reject", json_real(p->reject));
		call_row_take(call, json_incref(v.row));
		call_done(call);
	}
	json_decref(v.row);
	json_decref(v.logins);
}

/* --- credentials -------------------------------------------------------- */

/* "90d", "never", or the default. */
static bool
get_expiry(struct call *call, bool is_chosen, int64_t *out)
{
	const char *text = call_text(call, "expires");
	int64_t ms = EXPIRES_DEFAULT_MS;

	*out = 0;
	if ((text == NULL && is_chosen) ||
	    (text != NULL && strcmp(text, "never") == 0))
		return true;
	if (text != NULL && units_parse_duration(slice_of(text), &ms) != 0) {
		call_failf(call, ERROR_USAGE,
		    "--expires is a time such as 90d, or never, not \"%.32s\"",
		    text);
		return false;
	}
	*out = clock_wall_ms() + ms;
	return true;
}

/* The salt and rounds of a login's newest secret. */
struct salt {
	bool is_found;
	struct secret_verifier verifier;
};

static bool
on_salt(const struct db_credential *row, void *arg)
{
	struct salt *salt = arg;

	salt->is_found = salt->is_found ||
	    (row->secret.kind == SECRET_SCRAM &&
		secret_parse(row->secret.verifier, &salt->verifier) == 0);
	return true;
}

/*
 * While two secrets of a login serve, SCRAM can tell the client but one salt:
 * a new one takes that of the one it replaces, where the rounds are the same.
 */
static int
derive(struct call *call, struct slice secret, uint32_t rounds,
    const char *login, struct secret_verifier *out)
{
	struct salt salt = {0};
	struct error err;

	if (login != NULL &&
	    db_credential_get(call_parts(call)->reader, slice_of(login),
		on_salt, &salt, &err) == 0 &&
	    salt.is_found && salt.verifier.rounds == rounds)
		return secret_derive(secret, salt.verifier.salt,
		    salt.verifier.salt_len, rounds, out);
	return secret_make(secret, rounds, out);
}

/* What verifies the secret; the secret itself when it is generated here.
 * `login` is the one that gets another; null: a new one. */
static bool
prepare_secret(struct call *call, struct changes *c, const char *login)
{
	const char *password = call_text(call, "password");
	struct secret_verifier v;

	if (!get_expiry(call, password != NULL, &c->expires_ms))
		return false;
	if (password == NULL && call_flag(call, "password_stdin")) {
		call_failf(call, ERROR_USAGE, "no password came in");
		return false;
	}
	c->is_chosen = password != NULL;
	if (c->is_chosen &&
	    (strlen(password) < PASSWORD_MIN_CHARS ||
		strlen(password) > SECRET_CHARS_MAX)) {
		call_failf(call, ERROR_USAGE,
		    "a chosen password has %d to %d characters",
		    PASSWORD_MIN_CHARS, SECRET_CHARS_MAX);
		return false;
	}
	if (!c->is_chosen && secret_generate(c->secret, SECRET_CHARS) != 0) {
		call_failf(call, ERROR_FAILED, "no random numbers to be had");
		return false;
	}
	if (derive(call, slice_of(c->is_chosen ? password : c->secret),
		c->is_chosen ? SECRET_ROUNDS_CHOSEN : SECRET_ROUNDS_GENERATED,
		login, &v) != 0) {
		call_failf(call, ERROR_FAILED, "PBKDF2 failed");
		return false;
	}
	secret_print(&v, c->verifier);
	return true;
}

/* "--from 192.0.2.0/24,2001:db8::/32" into what is stored. */
static bool
get_networks(struct call *call, struct changes *c)
{
	struct slice rest = slice_of(call_text(call, "from"));
	struct slice one;
	struct config_cidr cidr;
	size_t len = 0;

	if (slice_is(rest, "any"))
		return true;
	while (slice_cut(&rest, ',', &one)) {
		one = slice_trim(one);
		if (config_cidr_parse(one, &cidr) != 0 ||
		    len + one.len + 2 > sizeof(c->networks)) {
			call_failf(call, ERROR_USAGE,
			    "--from takes networks such as "
			    "192.0.2.0/24,2001:db8::/32, or any, not "
			    "\"%.*s\"",
			    (int)(one.len < 64 ? one.len : 64), one.ptr);
			return false;
		}
		if (len != 0)
			c->networks[len++] = ' ';
		memcpy(c->networks + len, one.ptr, one.len);
		len += one.len;
	}
	return true;
}

static struct slice
networks_of(const struct changes *c)
{
	return slice_of(c->networks[0] != '\0' ? c->networks : NULL);
}

static struct db_secret
db_secret_of(const struct changes *c)
{
	return (struct db_secret){
	    .kind = SECRET_SCRAM,
	    .is_chosen = c->is_chosen,
	    .verifier = slice_of(c->verifier),
	    .created_ms = clock_wall_ms(),
	    .expires_ms = c->expires_ms,
	};
}

static json_t *
secret_row(const struct changes *c)
{
	json_t *row = json_pack("{s:s}", "login", c->login);

	if (c->secret[0] != '\0')
		row_set(row, "secret", json_string(c->secret));
	row_set(row, "expires",
	    c->expires_ms != 0 ? json_time(c->expires_ms)
			       : json_string("never"));
	return row;
}

static bool
on_found(const struct db_credential *row UNUSED, void *arg)
{
	*(bool *)arg = true;
	return true;
}

static bool
has_login(struct db *db, const char *login)
{
	struct error err;
	bool exists = false;

	return db_credential_get(
		   db, slice_of(login), on_found, &exists, &err) == 0 &&
	    exists;
}

static int
run_credential_add(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	struct db_credential row = {
	    .account = slice_of(c->name),
	    .networks = networks_of(c),
	    .created_ms = clock_wall_ms(),
	    .secret = db_secret_of(c),
	};

	(void)snprintf(w->account, sizeof(w->account), "%s", c->name);
	bool exists;
	if (db_account_exists(db, slice_of(c->name), &exists, err) != 0)
		return -1;
	if (!exists)
		return not_found(err, "account", c->name);
	if (c->login[0] == '\0') {
		(void)snprintf(c->login, sizeof(c->login), "%s", c->name);
		for (int i = 2; has_login(db, c->login); i++)
			(void)snprintf(c->login, sizeof(c->login), "%.190s-%d",
			    c->name, i);
	} else if (has_login(db, c->login)) {
		return error_set_kind(
		    err, ERROR_REFUSED, "the login %s is taken", c->login);
	}
	row.login = slice_of(c->login);
	w->row = secret_row(c);
	return db_credential_insert(db, &row, err);
}

void
op_credential_add(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "account", run_credential_add, &c);

	if (w == NULL)
		return;
	if ((call_text(call, "login") != NULL &&
		!get_name(call, "login", c->login)) ||
	    !get_networks(call, c) || !prepare_secret(call, c, NULL)) {
		mem_free(w->state);
		mem_free(w);
		return;
	}
	write_give(w);
}

static int
run_rotate(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	bool is_changed = false;
	struct db_secret secret = db_secret_of(c);
	int64_t until_ms = secret.created_ms + c->overlap_ms;

	(void)snprintf(c->login, sizeof(c->login), "%s", c->name);
	w->row = secret_row(c);
	row_set(w->row, "old_until", json_time(until_ms));
	if (db_credential_rotate(db, slice_of(c->name), &secret, until_ms,
		&is_changed, err) != 0)
		return -1;
	return is_changed ? 0 : not_found(err, "login", c->name);
}

static bool
get_overlap(struct call *call, struct changes *c)
{
	const char *text = call_text(call, "overlap");

	c->overlap_ms = OVERLAP_DEFAULT_MS;
	if (text != NULL && strcmp(text, "none") == 0) {
		c->overlap_ms = 0;
	} else if (text != NULL &&
	    units_parse_duration(slice_of(text), &c->overlap_ms) != 0) {
		call_failf(call, ERROR_USAGE,
		    "--overlap is a time such as 7d, or none, not \"%.32s\"",
		    text);
		return false;
	}
	return true;
}

void
op_credential_rotate(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "login", run_rotate, &c);

	if (w == NULL)
		return;
	if (!get_overlap(call, c) || !prepare_secret(call, c, c->name)) {
		mem_free(w->state);
		mem_free(w);
		return;
	}
	write_give(w);
}

static int
run_set(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	bool is_changed = false;

	w->row = json_pack("{s:s, s:s}", "login", c->name, "networks",
	    c->networks[0] != '\0' ? c->networks : "any");
	if (db_credential_set_networks(
		db, slice_of(c->name), networks_of(c), &is_changed, err) != 0)
		return -1;
	return is_changed ? 0 : not_found(err, "login", c->name);
}

void
op_credential_set(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "login", run_set, &c);

	if (w == NULL)
		return;
	if (!get_networks(call, c)) {
		mem_free(w->state);
		mem_free(w);
		return;
	}
	write_give(w);
}

static int
run_revoke(struct db *db, struct write *w, struct error *err)
{
	struct changes *c = w->state;
	bool is_changed = false;

	if (db_credential_delete(db, slice_of(c->name), &is_changed, err) != 0)
		return -1;
	w->row = json_pack("{s:s, s:b}", "login", c->name, "revoked", 1);
	return is_changed ? 0 : not_found(err, "login", c->name);
}

void
op_credential_revoke(struct call *call)
{
	struct changes *c;
	struct write *w = start_write(call, "login", run_revoke, &c);

	if (w != NULL)
		write_give(w);
}

static bool
on_credential(const struct db_credential *c, void *arg)
{
	call_row_take(arg, credential_row(c));
	return true;
}

void
op_credential_list(struct call *call)
{
	struct error err;

	if (db_credential_list(call_parts(call)->reader,
		slice_of(call_text(call, "account")), on_credential, call,
		&err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}
