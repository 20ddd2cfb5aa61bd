/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table and its checks. A new operation is a row here and a handler in
 * daemon/control.
 */
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* clang-format off */
#define SELECTOR \
	{ "zone", OP_OPTION, OP_TEXT, 0, "in this zone" }, \
	{ "account", OP_OPTION, OP_TEXT, 0, "of this account" }, \
	{ "credential", OP_OPTION, OP_TEXT, 0, "sent by this login" }, \
	{ "subuser", OP_OPTION, OP_TEXT, 0, "sent on behalf of this subuser" }, \
	{ "from", OP_OPTION, OP_TEXT, 0, "with this envelope sender; <> for none" }, \
	{ "to", OP_OPTION, OP_TEXT, 0, "to this recipient" }, \
	{ "domain", OP_OPTION, OP_TEXT, 0, "to this recipient domain" }, \
	{ "mx_group", OP_OPTION, OP_TEXT, 0, "to this MX group" }, \
	{ "state", OP_OPTION, OP_TEXT, 0, "queued, deferred or held" }, \
	{ "older", OP_OPTION, OP_DURATION, 0, "received longer ago than" }, \
	{ "newer", OP_OPTION, OP_DURATION, 0, "received more lately than" }, \
	{ "score_min", OP_OPTION, OP_REAL, 0, "with this score or more" }
#define END { NULL, OP_FLAG, OP_TEXT, 0, NULL }

static const struct op_arg none[] = { END };
static const struct op_arg queue_list[] = { SELECTOR, { "limit", OP_OPTION, OP_INT, 0, "at most so many (1000)" }, END };
static const struct op_arg queue_id[] = { { "id", OP_POSITIONAL, OP_TEXT, 1, "id of the message" }, END };
static const struct op_arg queue_act[] = { { "ids", OP_REST, OP_TEXT, 0, "ids of messages" }, SELECTOR, END };
static const struct op_arg events[] = { SELECTOR,
	{ "since", OP_OPTION, OP_SINCE, 0, "after this cursor (seq), time, or so long ago" },
	{ "limit", OP_OPTION, OP_INT, 0, "at most so many (all)" },
	{ "follow", OP_FLAG, OP_TEXT, 0, "go on with new ones" }, END };
static const struct op_arg account[] = { { "name", OP_POSITIONAL, OP_TEXT, 1, "name of the account" }, END };
static const struct op_arg account_suspend[] = { { "name", OP_POSITIONAL, OP_TEXT, 1, "name of the account" },
	{ "reason", OP_OPTION, OP_TEXT, 0, "why" }, END };
static const struct op_arg account_set[] = { { "account", OP_POSITIONAL, OP_TEXT, 1, "name of the account" },
	{ "key", OP_POSITIONAL, OP_TEXT, 1, "policy key" },
	{ "value", OP_POSITIONAL, OP_TEXT, 1, "its value; default: unset" }, END };
static const struct op_arg credential_add[] = { { "account", OP_POSITIONAL, OP_TEXT, 1, "name of the account" },
	{ "login", OP_OPTION, OP_TEXT, 0, "login (default: the account's name, then a made one)" },
	{ "expires", OP_OPTION, OP_TEXT, 0, "90d, or never; default 90d, never for a chosen password" },
	{ "password_stdin", OP_FLAG, OP_TEXT, 0, "read a chosen password from standard input" },
	{ "from", OP_OPTION, OP_TEXT, 0, "networks it may be used from: 192.0.2.0/24,2001:db8::/32; default any" },
	END };
static const struct op_arg credential_list[] = { { "account", OP_POSITIONAL, OP_TEXT, 0, "name of the account; none: all" }, END };
static const struct op_arg credential[] = { { "login", OP_POSITIONAL, OP_TEXT, 1, "the login" }, END };
static const struct op_arg credential_rotate[] = { { "login", OP_POSITIONAL, OP_TEXT, 1, "the login" },
	{ "expires", OP_OPTION, OP_TEXT, 0, "90d, or never; default 90d, never for a chosen password" },
	{ "overlap", OP_OPTION, OP_TEXT, 0, "how long the old secret serves too (7d), or none" },
	{ "password_stdin", OP_FLAG, OP_TEXT, 0, "read a chosen password from standard input" }, END };
static const struct op_arg credential_set[] = { { "login", OP_POSITIONAL, OP_TEXT, 1, "the login" },
	{ "from", OP_OPTION, OP_TEXT, 1, "networks it may be used from: 192.0.2.0/24,2001:db8::/32; or any" }, END };
#define OF_ACCOUNT { "account", OP_OPTION, OP_TEXT, 0, "of this account only" }
#define REASON { "reason", OP_OPTION, OP_TEXT, 0, "why; is told in the refusal" }
#define EXPIRES { "expires", OP_OPTION, OP_DURATION, 0, "forget it after, as 30d; default never" }
static const struct op_arg suppress[] = { { "address", OP_POSITIONAL, OP_TEXT, 1, "the recipient" }, OF_ACCOUNT, REASON, EXPIRES, END };
static const struct op_arg suppress_remove[] = { { "address", OP_POSITIONAL, OP_TEXT, 1, "the recipient" }, OF_ACCOUNT, END };
static const struct op_arg suppress_import[] = { OF_ACCOUNT, REASON, EXPIRES,
	{ "lines", OP_LINES, OP_TEXT, 1, "standard input: an address a line, or address,reason" }, END };
static const struct op_arg of_account[] = { OF_ACCOUNT, END };
static const struct op_arg trap[] = { { "address", OP_POSITIONAL, OP_TEXT, 1, "an address, or @domain" }, END };
static const struct op_arg rule_add[] = { { "action", OP_POSITIONAL, OP_TEXT, 1, "allow or deny" },
	{ "field", OP_POSITIONAL, OP_TEXT, 1, "sender, sender-domain, sender-prefix, recipient or recipient-domain" },
	{ "value", OP_POSITIONAL, OP_TEXT, 1, "what it has to be" }, OF_ACCOUNT, REASON, EXPIRES, END };
static const struct op_arg rule_remove[] = { { "id", OP_POSITIONAL, OP_INT, 1, "number of the rule" }, END };
static const struct op_arg domain[] = { { "account", OP_POSITIONAL, OP_TEXT, 1, "name of the account" },
	{ "domain", OP_POSITIONAL, OP_TEXT, 1, "its domain; those below it too" }, END };
static const struct op_arg identity_list[] = { OF_ACCOUNT, { "all", OP_FLAG, OP_TEXT, 0, "ended ones too" }, END };
static const struct op_arg identity_release[] = { { "block", OP_POSITIONAL, OP_INT, 1, "number of the block" },
	{ "account", OP_OPTION, OP_TEXT, 0, "only if it is this account's" }, END };
static const struct op_arg policy_show[] = { { "account", OP_OPTION, OP_TEXT, 0, "what is in force for this account" }, END };
static const struct op_arg policy_set[] = { { "key", OP_POSITIONAL, OP_TEXT, 1, "policy key" },
	{ "value", OP_POSITIONAL, OP_TEXT, 1, "its value; default: unset" },
	{ "account", OP_OPTION, OP_TEXT, 0, "for this account only" }, END };
static const struct op_arg policy_history[] = { { "limit", OP_OPTION, OP_INT, 0, "at most so many (100)" }, END };
static const struct op_arg policy_undo[] = { { "version", OP_POSITIONAL, OP_INT, 0, "the change to take back; none: the newest" }, END };
static const struct op_arg zone[] = { { "zone", OP_POSITIONAL, OP_TEXT, 1, "name of the zone" }, END };
static const struct op_arg source[] = { { "address", OP_POSITIONAL, OP_TEXT, 1, "IP address of the source" }, END };

const struct op ops[] = {
	{ "status", "status", OP_READ, none, "one screen: zones, lanes, rates, oldest due" },
	{ "queue.list", "queue list", OP_READ, queue_list, "recipients that wait" },
	{ "queue.show", "queue show", OP_READ, queue_id, "envelope, verdict, attempts and next try of a message" },
	{ "queue.cat", "queue cat", OP_READ, queue_id, "the message itself" },
	{ "queue.hold", "queue hold", OP_WRITE, queue_act, "keep from delivery" },
	{ "queue.release", "queue release", OP_WRITE, queue_act, "let what is held go" },
	{ "queue.retry", "queue retry", OP_WRITE, queue_act, "try now" },
	{ "queue.bounce", "queue bounce", OP_WRITE, queue_act, "give up and tell the sender" },
	{ "queue.delete", "queue delete", OP_WRITE, queue_act, "give up and tell nobody" },
	{ "events", "events", OP_READ, events, "what happened, oldest first" },
	{ "account.add", "account add", OP_WRITE, account, "add a customer" },
	{ "account.list", "account list", OP_READ, none, "all customers" },
	{ "account.show", "account show", OP_READ, account, "a customer, its logins and policy" },
	{ "account.set", "account set", OP_WRITE, account_set, "policy for one account; as policy set --account" },
	{ "account.suspend", "account suspend", OP_WRITE, account_suspend, "refuse its mail from now on" },
	{ "account.resume", "account resume", OP_WRITE, account, "take its mail again" },
	{ "account.delete", "account delete", OP_WRITE, account, "remove it with its logins and policy" },
	{ "usage", "usage", OP_READ, credential_list, "what accounts, logins and subusers have sent this minute, hour and day" },
	{ "credential.add", "credential add", OP_WRITE, credential_add, "a new login; the secret is shown once" },
	{ "credential.list", "credential list", OP_READ, credential_list, "logins" },
	{ "credential.revoke", "credential revoke", OP_WRITE, credential, "remove a login at once" },
	{ "credential.rotate", "credential rotate", OP_WRITE, credential_rotate, "a new secret for a login; the old one serves for the overlap" },
	{ "credential.set", "credential set", OP_WRITE, credential_set, "where a login may be used from" },
	{ "suppress.add", "suppress add", OP_WRITE, suppress, "no more mail to an address" },
	{ "suppress.remove", "suppress remove", OP_WRITE, suppress_remove, "mail to an address again" },
	{ "suppress.list", "suppress list", OP_READ, of_account, "addresses that get no mail" },
	{ "suppress.import", "suppress import", OP_WRITE, suppress_import, "many addresses from standard input" },
	{ "trap.add", "trap add", OP_WRITE, trap, "an address that only bad lists have" },
	{ "trap.remove", "trap remove", OP_WRITE, trap, "no trap any more" },
	{ "trap.list", "trap list", OP_READ, none, "all traps" },
	{ "rule.add", "rule add", OP_WRITE, rule_add, "allow or deny senders or recipients" },
	{ "rule.remove", "rule remove", OP_WRITE, rule_remove, "take a rule away" },
	{ "rule.list", "rule list", OP_READ, of_account, "rules and how often they were of use" },
	{ "domain.add", "domain add", OP_WRITE, domain, "a domain that an account sends from" },
	{ "domain.verify", "domain verify", OP_WRITE, domain, "look in DNS for the proof that it is the account's" },
	{ "domain.remove", "domain remove", OP_WRITE, domain, "it is not the account's any more" },
	{ "domain.list", "domain list", OP_READ, of_account, "domains of accounts and how to prove them" },
	{ "identity.list", "identity list", OP_READ, identity_list, "accounts, logins and subusers that are blocked, and why" },
	{ "identity.release", "identity release", OP_WRITE, identity_release, "lift a block" },
	{ "policy.show", "policy show", OP_READ, policy_show, "the settings in force" },
	{ "policy.set", "policy set", OP_WRITE, policy_set, "change a setting; acts on the next message" },
	{ "policy.history", "policy history", OP_READ, policy_history, "changes, newest first" },
	{ "policy.undo", "policy undo", OP_WRITE, policy_undo, "take a change back" },
	{ "zone.list", "zone list", OP_READ, none, "zones and what waits in them" },
	{ "zone.show", "zone show", OP_READ, zone, "a zone, its sources and lanes" },
	{ "zone.pause", "zone pause", OP_WRITE, zone, "deliver nothing; mail is still taken in" },
	{ "zone.resume", "zone resume", OP_WRITE, zone, "back to normal" },
	{ "zone.drain", "zone drain", OP_WRITE, zone, "deliver what is there, take no new mail" },
	{ "source.list", "source list", OP_READ, none, "sources of all zones" },
	{ "source.disable", "source disable", OP_WRITE, source, "send nothing from this address" },
	{ "source.enable", "source enable", OP_WRITE, source, "send from it again" },
	{ "config.show", "config show", OP_READ, none, "the configuration in force, secrets masked" },
	{ "reload", "reload", OP_WRITE, none, "read the configuration anew, or refuse it whole" },
};
/* clang-format on */
const size_t ops_count = ARRAY_LEN(ops);

const struct op *
op_find(const char *name)
{
	for (size_t i = 0; i < ops_count; i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

static const struct op_arg *
find_arg(const struct op *op, const char *name)
{
	for (const struct op_arg *a = op->args; a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static int
check_type(const struct op_arg *arg, json_t *value)
{
	if (arg->kind == OP_REST || arg->kind == OP_LINES) {
		size_t i;
		json_t *item;
		if (!json_is_array(value))
			return -1;
		json_array_foreach (value, i, item)
			if (!json_is_string(item))
				return -1;
		return 0;
	}
	if (arg->kind == OP_FLAG)
		return json_is_boolean(value) ? 0 : -1;
	switch (arg->type) {
	case OP_TEXT:
	case OP_SINCE:
		return json_is_string(value) ? 0 : -1;
	case OP_INT:
	case OP_DURATION:
		return json_is_integer(value) && json_integer_value(value) >= 0
		    ? 0
		    : -1;
	case OP_REAL:
		return json_is_number(value) ? 0 : -1;
	}
	return -1;
}

int
op_check(const struct op *op, json_t *args, struct error *out_err)
{
	const char *name;
	json_t *value;

	json_object_foreach (args, name, value) {
		const struct op_arg *arg = find_arg(op, name);
		/* The password itself travels beside the flag. */
		if (arg == NULL && strcmp(name, "password") == 0 &&
		    find_arg(op, "password_stdin") != NULL &&
		    json_is_string(value))
			continue;
		if (arg == NULL)
			return error_set_kind(out_err, ERROR_USAGE,
			    "%s has no argument \"%.64s\"", op->words, name);
		if (check_type(arg, value) != 0)
			return error_set_kind(out_err, ERROR_USAGE,
			    "%s: bad value for \"%s\": %s", op->words,
			    arg->name, arg->help);
	}
	for (const struct op_arg *a = op->args; a->name != NULL; a++)
		if (a->is_required && json_object_get(args, a->name) == NULL)
			return error_set_kind(out_err, ERROR_USAGE,
			    "%s: \"%s\" is missing: %s", op->words, a->name,
			    a->help);
	return 0;
}

json_t *
op_parse_value(
    const struct op_arg *arg, const char *text, struct error *out_err)
{
	uint64_t number;
	int64_t ms;
	char *end;

	switch (arg->type) {
	case OP_TEXT:
	case OP_SINCE: {
		json_t *value = json_string(text);
		if (value == NULL)
			(void)error_set_kind(
			    out_err, ERROR_USAGE, "%s: not UTF-8", arg->name);
		return value;
	}
	case OP_INT:
		if (slice_to_u64(slice_of(text), &number) == 0 &&
		    number <= INT64_MAX)
			return json_integer((json_int_t)number);
		(void)error_set_kind(out_err, ERROR_USAGE,
		    "%s: expected a whole number, got \"%.64s\"", arg->name,
		    text);
		return NULL;
	case OP_REAL: {
		double real = strtod(text, &end);
		if (end != text && *end == '\0' && isfinite(real))
			return json_real(real);
		(void)error_set_kind(out_err, ERROR_USAGE,
		    "%s: expected a number, got \"%.64s\"", arg->name, text);
		return NULL;
	}
	case OP_DURATION:
		if (units_parse_duration(slice_of(text), &ms) == 0)
			return json_integer(ms);
		(void)error_set_kind(out_err, ERROR_USAGE,
		    "%s: expected a time such as 90s, 2h or 4d, got \"%.64s\"",
		    arg->name, text);
		return NULL;
	}
	return NULL;
}
