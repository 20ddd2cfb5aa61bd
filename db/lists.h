/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of addresses in the store: suppressed recipients, traps, rules,
 * domains of accounts. Addresses and domains are given in lower case; an
 * empty account is everyone.
 */
#ifndef POSTHORN_DB_LISTS_H
#define POSTHORN_DB_LISTS_H

#include "db/db.h"

struct db_suppression {
	struct slice account, address, reason;
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
};

/* Stored: do not renumber. */
enum db_rule_field {
	DB_RULE_SENDER = 0,
	DB_RULE_SENDER_DOMAIN,
	DB_RULE_SENDER_PREFIX,
	DB_RULE_RECIPIENT,
	DB_RULE_RECIPIENT_DOMAIN,
};

struct db_rule {
	int64_t id;
	struct slice account;
	bool is_allow; /* else deny */
	enum db_rule_field field;
	struct slice value;
	struct slice reason; /* may be null */
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
	int64_t hits, last_hit_ms;
};

struct db_domain {
	struct slice domain, account;
	struct slice token; /* that DNS has to show */
	int64_t created_ms;
	int64_t verified_ms; /* 0: not yet */
};

typedef bool db_suppression_fn(const struct db_suppression *row, void *arg);
typedef bool db_trap_fn(struct slice address, int64_t created_ms, void *arg);
typedef bool db_rule_fn(const struct db_rule *row, void *arg);
typedef bool db_domain_fn(const struct db_domain *row, void *arg);

/* Writer. */
int db_suppression_put(struct db *db, const struct db_suppression *s,
    struct error *out_err) MUST_CHECK;
int db_suppression_delete(struct db *db, struct slice account,
    struct slice address, bool *out_changed, struct error *out_err) MUST_CHECK;
int db_suppression_purge(
    struct db *db, int64_t now_ms, struct error *out_err) MUST_CHECK;
int db_trap_put(struct db *db, struct slice address, int64_t now_ms,
    struct error *out_err) MUST_CHECK;
int db_trap_delete(struct db *db, struct slice address, bool *out_changed,
    struct error *out_err) MUST_CHECK;
int db_rule_insert(struct db *db, const struct db_rule *r, int64_t *out_id,
    struct error *out_err) MUST_CHECK;
int db_rule_delete(struct db *db, int64_t id, bool *out_changed,
    struct error *out_err) MUST_CHECK;
int db_rule_hit(struct db *db, int64_t id, int64_t hits, int64_t now_ms,
    struct error *out_err) MUST_CHECK;
int db_domain_put(
    struct db *db, const struct db_domain *d, struct error *out_err) MUST_CHECK;
int db_domain_set_verified(struct db *db, struct slice account,
    struct slice domain, int64_t now_ms, bool *out_changed,
    struct error *out_err) MUST_CHECK;
int db_domain_delete(struct db *db, struct slice account, struct slice domain,
    bool *out_changed, struct error *out_err) MUST_CHECK;

/* What the lists say of a recipient. */
struct db_listed {
	bool has_rule;
	struct db_rule rule; /* id, is_allow, reason */
	bool is_suppressed;
	struct slice suppression; /* its reason */
	bool is_trap;
};
typedef void db_listed_fn(const struct db_listed *row, void *arg);

/* Any mode. Is there anything on any list (domains left out)? */
int db_list_any(struct db *db, bool *out_any, struct error *out_err) MUST_CHECK;
/* The callback is called for each finding, which alone is set in its row. */
int db_list_recipient(struct db *db, struct slice account, struct slice address,
    struct slice domain, int64_t now_ms, db_listed_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
/* The rule that decides about a sender; the callback runs once, or not. */
int db_rule_of_sender(struct db *db, struct slice account, struct slice address,
    struct slice domain, int64_t now_ms, db_rule_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_domain_get(struct db *db, struct slice account, struct slice domain,
    db_domain_fn *fn, void *arg, struct error *out_err) MUST_CHECK;

/* Lists; a null account: of all. */
int db_suppression_list(struct db *db, struct slice account,
    struct slice after_account, struct slice after_address, int64_t limit,
    db_suppression_fn *fn, void *arg, struct error *out_err) MUST_CHECK;
int db_trap_list(
    struct db *db, db_trap_fn *fn, void *arg, struct error *out_err) MUST_CHECK;
int db_rule_list(struct db *db, struct slice account, db_rule_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_domain_list(struct db *db, struct slice account, db_domain_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;

#endif
