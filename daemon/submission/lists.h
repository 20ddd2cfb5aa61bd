/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the lists say of an address: rules, suppressions, traps, domains. Read
 * from the store at every command, so that a change acts at once.
 */
#ifndef POSTHORN_DAEMON_SUBMISSION_LISTS_H
#define POSTHORN_DAEMON_SUBMISSION_LISTS_H

#include "base/slice.h"
#include "db/db.h"
#include "policy/policy.h"

enum list_verdict {
	LIST_NOTHING = 0,
	LIST_ALLOWED,    /* by a rule: not refused for its content */
	LIST_DENIED,     /* by a rule */
	LIST_SUPPRESSED, /* the recipient wants no mail of this account */
	LIST_TRAP,       /* nobody with a good list has this address */
	LIST_TROUBLE,    /* the store can't be read (logged) */
};

struct list_answer {
	enum list_verdict verdict;
	int64_t rule;     /* that decided; 0: none */
	char reason[100]; /* of the rule or suppression; may be empty */
};

/* `address` is in canonical form; empty is the null sender. */
void lists_ask_sender(struct db *reader, struct slice account,
    struct slice address, int64_t now_ms, struct list_answer *out);
void lists_ask_recipient(struct db *reader, struct slice account,
    struct slice address, int64_t now_ms, struct list_answer *out);

/* May the account use an address of this domain, as the policy has it? A
 * domain of the account includes those below it. */
enum list_verdict lists_ask_from(struct db *reader, struct slice account,
    enum policy_from policy, struct slice domain);

#endif
