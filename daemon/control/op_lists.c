/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Suppressions, traps, rules and domains for operators. They act at the next
 * command: sessions read them from the store.
 */
#include <stdio.h>
#include <string.h>

#include "access/secret.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "daemon/net/resolver.h"
#include "db/account.h"
#include "db/lists.h"
#include "smtp/address.h"

#define PAGE_ROWS 500
#define IMPORT_MAX 5000 /* addresses in one call */
#define TOKEN_CHARS 24

struct lists {
	char account[300]; /* empty: everyone */
	char value[600];   /* address, domain or value, in lower case */
	char reason[100];
	char token[TOKEN_CHARS + 1];
	int64_t expires_ms;
	int64_t id;
	bool is_removal;
	bool is_allow;
	enum db_rule_field field;
	struct gate *gate;
	json_t *lines; /* borrowed from the call's arguments */
};

/* An account that is named must be there. */
static int
check_account(struct db *db, const struct lists *l, struct error *err)
{
	bool exists = l->account[0] == '\0';

	if (!exists &&
	    db_account_exists(db, slice_of(l->account), &exists, err) != 0)
		return -1;
	return exists ? 0
		      : error_set_kind(err, ERROR_NOT_FOUND,
			    "there is no account %s", l->account);
}

/* "A@b" to "a@b"; an address, or with `may_be_domain` "@b" too. */
static bool
get_address(struct call *call, const char *text, bool may_be_domain, char *out,
    size_t size)
{
	struct arena arena = {0};
	struct smtp_address a;
	struct slice s = slice_of(text);
	bool is_good = false;

	if (may_be_domain && s.len > 1 && s.ptr[0] == '@')
		is_good = smtp_domain_is_valid(slice_sub(s, 1, SIZE_MAX)) &&
		    s.len < size;
	else if (smtp_address_parse(s, &arena, &a) == 0) {
		s = a.text;
		is_good = s.len < size;
	}
	if (is_good)
		(void)snprintf(out, size, "%s", arena_dup_lower(&arena, s));
	else
		call_failf(call, ERROR_USAGE, "\"%.64s\" is no address%s", text,
		    may_be_domain ? " and no @domain" : "");
	arena_free(&arena);
	return is_good;
}

static struct write *
start(struct call *call,
    int (*run)(struct db *db, struct write *w, struct error *err),
    struct lists **out)
{
	struct lists *l = MEM_NEW(struct lists);
	const char *account = call_text(call, "account");
	const char *reason = call_text(call, "reason");
	int64_t expires = call_int(call, "expires", 0);
	struct write *w = write_new(call, run);

	(void)snprintf(l->account, sizeof(l->account), "%s",
	    account != NULL ? account : "");
	(void)snprintf(
	    l->reason, sizeof(l->reason), "%s", reason != NULL ? reason : "");
	/* It stands in brackets and in a reply. */
	for (char *c = l->reason; *c != '\0'; c++)
		if (*c < ' ' || *c > '~' || *c == ']')
			*c = '_';
	l->expires_ms = expires != 0 ? clock_wall_ms() + expires : 0;
	l->gate = call_parts(call)->gate;
	w->state = l;
	w->keeps_setup = true;
	w->event = "policy.changed";
	(void)snprintf(w->account, sizeof(w->account), "%s", l->account);
	*out = l;
	return w;
}

static void
give(struct write *w, const char *what)
{
	(void)snprintf(w->text, sizeof(w->text), "%s %.200s by %s",
	    w->call->op->words, what, w->call->actor);
	write_give(w);
}

static void
drop(struct write *w)
{
	mem_free(w->state);
	mem_free(w);
}

static int
removed(bool is_changed, const char *what, struct error *err)
{
	return is_changed ? 0
			  : error_set_kind(err, ERROR_NOT_FOUND,
				"%s is not on the list", what);
}

/* --- suppressions ------------------------------------------------------- */

static int
put_suppression(struct db *db, const struct lists *l, struct slice address,
    struct slice reason, struct error *err)
{
	struct db_suppression row = {
	    .account = slice_of(l->account),
	    .address = address,
	    .reason = reason.len != 0  ? reason
		: l->reason[0] != '\0' ? slice_of(l->reason)
				       : SLICE("manual"),
	    .created_ms = clock_wall_ms(),
	    .expires_ms = l->expires_ms,
	};

	return db_suppression_put(db, &row, err);
}

static int
run_suppress(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	bool is_changed = true;

	w->row = json_pack("{s:s, s:b}", "address", l->value,
	    l->is_removal ? "removed" : "suppressed", 1);
	if (check_account(db, l, err) != 0)
		return -1;
	if (!l->is_removal)
		return put_suppression(
			   db, l, slice_of(l->value), SLICE(""), err) == 0
		    ? gate_look_at_lists(l->gate, db, err)
		    : -1;
	if (db_suppression_delete(db, slice_of(l->account), slice_of(l->value),
		&is_changed, err) != 0)
		return -1;
	return removed(is_changed, l->value, err);
}

void
op_suppress_change(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_suppress, &l);

	l->is_removal = strcmp(call->op->name, "suppress.remove") == 0;
	if (get_address(call, call_text(call, "address"), false, l->value,
		sizeof(l->value)))
		give(w, l->value);
	else
		drop(w);
}

static int
run_import(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	struct arena arena = {0};
	json_t *line;
	size_t i;
	json_int_t count = 0;
	json_int_t bad = 0;
	int rc = check_account(db, l, err);

	json_array_foreach (l->lines, i, line) {
		struct slice rest = slice_of(json_string_value(line));
		struct slice text;
		struct smtp_address a;
		if (rc != 0 || slice_trim(rest).len == 0)
			continue;
		(void)slice_cut(&rest, ',', &text);
		if (smtp_address_parse(slice_trim(text), &arena, &a) != 0) {
			bad++;
			continue;
		}
		rc = put_suppression(db, l,
		    slice_of(arena_dup_lower(&arena, a.text)),
		    slice_trim(slice_sub(rest, 0, 60)), err);
		count++;
	}
	arena_free(&arena);
	if (rc == 0)
		rc = gate_look_at_lists(l->gate, db, err);
	w->row = json_pack("{s:I, s:I}", "imported", count, "no_address", bad);
	return rc;
}

void
op_suppress_import(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_import, &l);

	l->lines = json_object_get(call->args, "lines");
	if (!json_is_array(l->lines) ||
	    json_array_size(l->lines) > IMPORT_MAX) {
		drop(w);
		call_failf(call, ERROR_USAGE,
		    "expected at most %d addresses in a call", IMPORT_MAX);
		return;
	}
	give(w, "addresses");
}

struct page {
	struct call *call;
	char account[300], address[600];
	size_t rows;
};

static bool
on_suppression(const struct db_suppression *s, void *arg)
{
	struct page *p = arg;
	json_t *row = json_object();

	row_set(row, "address", json_slice(s->address));
	row_set(row, "account",
	    s->account.len != 0 ? json_slice(s->account)
				: json_string("(all)"));
	row_set(row, "reason", json_slice(s->reason));
	row_set(row, "since", json_time(s->created_ms));
	row_set(row, "expires", json_time(s->expires_ms));
	call_row_take(p->call, row);
	(void)snprintf(
	    p->account, sizeof(p->account), "%.*s", SLICE_ARGS(s->account));
	(void)snprintf(
	    p->address, sizeof(p->address), "%.*s", SLICE_ARGS(s->address));
	p->rows++;
	return true;
}

static void
produce_suppressions(struct call *call)
{
	struct page *p = call->state;
	struct error err;

	do {
		p->rows = 0;
		if (db_suppression_list(call_parts(call)->reader,
			slice_of(call_text(call, "account")),
			slice_of(p->account), slice_of(p->address), PAGE_ROWS,
			on_suppression, p, &err) != 0) {
			call_fail(call, &err);
			return;
		}
	} while (p->rows == PAGE_ROWS && !call_is_full(call));
	if (p->rows < PAGE_ROWS)
		call_done(call);
}

static void
free_state(struct call *call)
{
	mem_free(call->state);
}

void
op_suppress_list(struct call *call)
{
	struct page *p = MEM_NEW(struct page);

	p->call = call;
	call->state = p;
	call->stop = free_state;
	call->produce = produce_suppressions;
	produce_suppressions(call);
}

/* --- traps -------------------------------------------------------------- */

static int
run_trap(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	bool is_changed = true;

	w->row = json_pack("{s:s, s:b}", "address", l->value,
	    l->is_removal ? "removed" : "trap", 1);
	if (!l->is_removal)
		return db_trap_put(
			   db, slice_of(l->value), clock_wall_ms(), err) == 0
		    ? gate_look_at_lists(l->gate, db, err)
		    : -1;
	if (db_trap_delete(db, slice_of(l->value), &is_changed, err) != 0)
		return -1;
	return removed(is_changed, l->value, err);
}

void
op_trap_change(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_trap, &l);

	l->is_removal = strcmp(call->op->name, "trap.remove") == 0;
	if (get_address(call, call_text(call, "address"), true, l->value,
		sizeof(l->value)))
		give(w, l->value);
	else
		drop(w);
}

static bool
on_trap(struct slice address, int64_t created_ms, void *arg)
{
	json_t *row = json_object();

	row_set(row, "address", json_slice(address));
	row_set(row, "since", json_time(created_ms));
	call_row_take(arg, row);
	return true;
}

void
op_trap_list(struct call *call)
{
	struct error err;

	if (db_trap_list(call_parts(call)->reader, on_trap, call, &err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}

/* --- rules -------------------------------------------------------------- */

static const char *const field_names[] = {
    [DB_RULE_SENDER] = "sender",
    [DB_RULE_SENDER_DOMAIN] = "sender-domain",
    [DB_RULE_SENDER_PREFIX] = "sender-prefix",
    [DB_RULE_RECIPIENT] = "recipient",
    [DB_RULE_RECIPIENT_DOMAIN] = "recipient-domain",
};

static bool
get_rule(struct call *call, struct lists *l)
{
	const char *action = call_text(call, "action");
	const char *field = call_text(call, "field");
	const char *value = call_text(call, "value");
	size_t i = 0;

	l->is_allow = strcmp(action, "allow") == 0;
	if (!l->is_allow && strcmp(action, "deny") != 0) {
		call_failf(
		    call, ERROR_USAGE, "allow or deny, not \"%.32s\"", action);
		return false;
	}
	while (i < ARRAY_LEN(field_names) && strcmp(field, field_names[i]) != 0)
		i++;
	if (i == ARRAY_LEN(field_names)) {
		call_failf(call, ERROR_USAGE,
		    "the field is sender, sender-domain, sender-prefix, "
		    "recipient or recipient-domain, not \"%.32s\"",
		    field);
		return false;
	}
	l->field = (enum db_rule_field)i;
	if (l->field == DB_RULE_SENDER || l->field == DB_RULE_RECIPIENT)
		return get_address(
		    call, value, false, l->value, sizeof(l->value));
	bool is_domain = l->field != DB_RULE_SENDER_PREFIX;
	if (value[0] == '\0' || strlen(value) >= sizeof(l->value) ||
	    (is_domain && !smtp_domain_is_valid(slice_of(value)))) {
		call_failf(call, ERROR_USAGE, "\"%.64s\" is no %s", value,
		    is_domain ? "domain" : "prefix");
		return false;
	}
	for (size_t c = 0; value[c] != '\0'; c++)
		l->value[c] = ascii_lower(value[c]);
	return true;
}

static int
run_rule_add(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	struct db_rule r = {
	    .account = slice_of(l->account),
	    .is_allow = l->is_allow,
	    .field = l->field,
	    .value = slice_of(l->value),
	    .reason = slice_of(l->reason[0] != '\0' ? l->reason : NULL),
	    .created_ms = clock_wall_ms(),
	    .expires_ms = l->expires_ms,
	};
	int64_t id = 0;

	if (check_account(db, l, err) != 0 ||
	    db_rule_insert(db, &r, &id, err) != 0 ||
	    gate_look_at_lists(l->gate, db, err) != 0)
		return -1;
	w->row = json_pack("{s:I, s:s, s:s, s:s}", "rule", (json_int_t)id,
	    "action", l->is_allow ? "allow" : "deny", "field",
	    field_names[l->field], "value", l->value);
	return 0;
}

void
op_rule_add(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_rule_add, &l);

	if (get_rule(call, l))
		give(w, l->value);
	else
		drop(w);
}

static int
run_rule_remove(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	bool is_changed = false;

	w->row =
	    json_pack("{s:I, s:b}", "rule", (json_int_t)l->id, "removed", 1);
	if (db_rule_delete(db, l->id, &is_changed, err) != 0)
		return -1;
	return removed(is_changed, l->value, err);
}

void
op_rule_remove(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_rule_remove, &l);

	l->id = call_int(call, "id", 0);
	(void)snprintf(
	    l->value, sizeof(l->value), "rule %lld", (long long)l->id);
	give(w, l->value);
}

static bool
on_rule(const struct db_rule *r, void *arg)
{
	json_t *row = json_object();

	row_set(row, "rule", json_integer(r->id));
	row_set(row, "action", json_string(r->is_allow ? "allow" : "deny"));
	row_set(row, "field", json_string(field_names[r->field]));
	row_set(row, "value", json_slice(r->value));
	row_set(row, "account",
	    r->account.len != 0 ? json_slice(r->account)
				: json_string("(all)"));
	row_set(row, "hits", json_integer(r->hits));
	row_set(row, "last_hit", json_time(r->last_hit_ms));
	row_set(row, "expires", json_time(r->expires_ms));
	row_set(row, "reason", json_slice(r->reason));
	call_row_take(arg, row);
	return true;
}

void
op_rule_list(struct call *call)
{
	struct error err;

	if (db_rule_list(call_parts(call)->reader,
		slice_of(call_text(call, "account")), on_rule, call, &err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}

/* --- domains ------------------------------------------------------------ */

static json_t *
proof_row(struct slice domain, struct slice account, struct slice token,
    int64_t verified_ms)
{
	json_t *row = json_object();

	row_set(row, "domain", json_slice(domain));
	row_set(row, "account", json_slice(account));
	row_set(row, "verified",
	    verified_ms != 0 ? json_time(verified_ms) : json_string("no"));
	row_set(row, "txt_name",
	    json_sprintf("_posthorn.%.*s", SLICE_ARGS(domain)));
	row_set(row, "txt_value",
	    json_sprintf("posthorn-verify=%.*s", SLICE_ARGS(token)));
	return row;
}

static bool
on_proof(const struct db_domain *d, void *arg)
{
	struct lists *l = arg;

	(void)snprintf(
	    l->token, sizeof(l->token), "%.*s", SLICE_ARGS(d->token));
	return false;
}

static int
run_domain(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	struct slice account = slice_of(l->account);
	struct slice domain = slice_of(l->value);
	bool is_changed = true;

	if (check_account(db, l, err) != 0)
		return -1;
	if (l->is_removal) {
		w->row =
		    json_pack("{s:s, s:b}", "domain", l->value, "removed", 1);
		if (db_domain_delete(db, account, domain, &is_changed, err) !=
		    0)
			return -1;
		return removed(is_changed, l->value, err);
	}
	struct db_domain row = {
	    .domain = domain,
	    .account = account,
	    .token = slice_of(l->token),
	    .created_ms = clock_wall_ms(),
	};
	/* Added again it keeps its token. */
	if (db_domain_put(db, &row, err) != 0 ||
	    db_domain_get(db, account, domain, on_proof, l, err) != 0)
		return -1;
	w->row = proof_row(domain, account, slice_of(l->token), 0);
	return 0;
}

static bool
get_domain(struct call *call, struct lists *l)
{
	const char *domain = call_text(call, "domain");

	if (!smtp_domain_is_valid(slice_of(domain)) ||
	    strlen(domain) >= sizeof(l->value)) {
		call_failf(call, ERROR_USAGE, "\"%.64s\" is no domain", domain);
		return false;
	}
	for (size_t c = 0; domain[c] != '\0'; c++)
		l->value[c] = ascii_lower(domain[c]);
	return true;
}

void
op_domain_change(struct call *call)
{
	struct lists *l;
	struct write *w = start(call, run_domain, &l);

	l->is_removal = strcmp(call->op->name, "domain.remove") == 0;
	if (secret_generate(l->token, TOKEN_CHARS) != 0) {
		call_failf(call, ERROR_FAILED, "no random numbers to be had");
		drop(w);
		return;
	}
	if (get_domain(call, l))
		give(w, l->value);
	else
		drop(w);
}

static int
run_verified(struct db *db, struct write *w, struct error *err)
{
	struct lists *l = w->state;
	int64_t now_ms = clock_wall_ms();
	bool is_changed = false;

	w->row = proof_row(slice_of(l->value), slice_of(l->account),
	    slice_of(l->token), now_ms);
	if (db_domain_set_verified(db, slice_of(l->account), slice_of(l->value),
		now_ms, &is_changed, err) != 0)
		return -1;
	return removed(is_changed, l->value, err);
}

static void
on_txt(void *arg, const struct dns_answer *answer)
{
	struct write *w = arg;
	struct call *call = w->call;
	struct lists *l = w->state;
	char want[TOKEN_CHARS + 32];
	bool is_proved = false;

	(void)snprintf(want, sizeof(want), "posthorn-verify=%s", l->token);
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count;
	     i++)
		is_proved =
		    is_proved || strcmp(answer->records[i].name, want) == 0;
	if (is_proved && !call_is_ending(call)) {
		give(w, l->value);
		return;
	}
	char value[sizeof(l->value)];
	memcpy(value, l->value, sizeof(value));
	drop(w);
	call_failf(call, ERROR_REFUSED,
	    "_posthorn.%.200s has no TXT record \"%s\"%s%.100s", value, want,
	    answer->status == DNS_TROUBLE ? ": " : "",
	    answer->status == DNS_TROUBLE ? answer->why : "");
}

void
op_domain_verify(struct call *call)
{
	struct control_parts *p = call_parts(call);
	struct lists *l;
	struct write *w = start(call, run_verified, &l);
	struct error err;
	char name[700];

	if (!get_domain(call, l)) {
		drop(w);
		return;
	}
	if (db_domain_get(p->reader, slice_of(l->account), slice_of(l->value),
		on_proof, l, &err) != 0) {
		drop(w);
		call_fail(call, &err);
		return;
	}
	if (l->token[0] == '\0') {
		call_failf(call, ERROR_NOT_FOUND,
		    "%s has no domain %.200s: posthorn domain add first",
		    l->account, l->value);
		drop(w);
		return;
	}
	(void)snprintf(name, sizeof(name), "_posthorn.%s", l->value);
	resolver_ask(p->resolver, p->loop, name, DNS_TXT, on_txt, w);
}

static bool
on_domain(const struct db_domain *d, void *arg)
{
	call_row_take(
	    arg, proof_row(d->domain, d->account, d->token, d->verified_ms));
	return true;
}

void
op_domain_list(struct call *call)
{
	struct error err;

	if (db_domain_list(call_parts(call)->reader,
		slice_of(call_text(call, "account")), on_domain, call,
		&err) != 0)
		call_fail(call, &err);
	else
		call_done(call);
}
