/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Point lookups; addresses are compared in lower case.
 */
#include "daemon/submission/lists.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/log.h"
#include "db/lists.h"
#include "smtp/address.h"

static void
copy_reason(struct list_answer *a, struct slice reason)
{
	/* It goes into replies. */
	(void)snprintf(a->reason, sizeof(a->reason), "%.*s",
	    (int)(reason.len < sizeof(a->reason) ? reason.len
						 : sizeof(a->reason) - 1),
	    reason.ptr != NULL ? reason.ptr : "");
}

static bool
on_rule(const struct db_rule *r, void *arg)
{
	struct list_answer *a = arg;

	a->verdict = r->is_allow ? LIST_ALLOWED : LIST_DENIED;
	a->rule = r->id;
	copy_reason(a, r->reason);
	return false;
}

/* A rule weighs more than a suppression, that more than a trap. */
static void
on_listed(const struct db_listed *row, void *arg)
{
	struct list_answer *a = arg;

	if (a->rule != 0 || a->verdict == LIST_SUPPRESSED)
		return;
	if (row->has_rule) {
		(void)on_rule(&row->rule, a);
	} else if (row->is_suppressed) {
		a->verdict = LIST_SUPPRESSED;
		copy_reason(a, row->suppression);
	} else if (row->is_trap) {
		a->verdict = LIST_TRAP;
	}
}

static void
note_trouble(struct list_answer *a, const struct error *err)
{
	log_error(NULL, "lists.not_read", LOG_TEXT("why", err->text));
	a->verdict = LIST_TROUBLE;
}

void
lists_ask_sender(struct db *reader, struct slice account, struct slice address,
    int64_t now_ms, struct list_answer *out)
{
	struct arena arena = {0};
	struct error err;

	*out = (struct list_answer){0};
	if (address.len == 0)
		return;
	struct slice lower = slice_of(arena_dup_lower(&arena, address));
	if (db_rule_of_sender(reader, account, lower,
		smtp_address_domain(lower), now_ms, on_rule, out, &err) != 0)
		note_trouble(out, &err);
	arena_free(&arena);
}

void
lists_ask_recipient(struct db *reader, struct slice account,
    struct slice address, int64_t now_ms, struct list_answer *out)
{
	struct arena arena = {0};
	struct error err;

	*out = (struct list_answer){0};
	struct slice lower = slice_of(arena_dup_lower(&arena, address));
	if (db_list_recipient(reader, account, lower,
		smtp_address_domain(lower), now_ms, on_listed, out, &err) != 0)
		note_trouble(out, &err);
	arena_free(&arena);
}

struct ownership {
	bool is_found, is_verified;
};

static bool
on_domain(const struct db_domain *d, void *arg)
{
	struct ownership *o = arg;

	o->is_found = true;
	o->is_verified = d->verified_ms != 0;
	return false;
}

enum list_verdict
lists_ask_from(struct db *reader, struct slice account, enum policy_from policy,
    struct slice domain)
{
	struct arena arena = {0};
	struct list_answer answer = {.verdict = LIST_DENIED};
	struct error err;

	if (policy == POLICY_FROM_ANY)
		return LIST_ALLOWED;
	struct slice rest = slice_of(arena_dup_lower(&arena, domain));
	while (rest.len != 0 && answer.verdict == LIST_DENIED) {
		struct ownership o = {0};
		struct slice label;
		if (db_domain_get(reader, account, rest, on_domain, &o, &err) !=
		    0)
			note_trouble(&answer, &err);
		else if (o.is_verified ||
		    (o.is_found && policy == POLICY_FROM_ACCOUNT))
			answer.verdict = LIST_ALLOWED;
		(void)slice_cut(&rest, '.', &label);
	}
	arena_free(&arena);
	return answer.verdict;
}
