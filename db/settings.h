/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live settings in the store: policy with its history, paused zones, disabled
 * sources. Values are texts here; what they mean is decided in policy/.
 */
#ifndef POSTHORN_DB_SETTINGS_H
#define POSTHORN_DB_SETTINGS_H

#include "db/db.h"

enum db_zone_state {
	DB_ZONE_OPEN = 0,
	DB_ZONE_PAUSED,   /* takes mail, delivers none */
	DB_ZONE_DRAINING, /* delivers, takes no new mail */
};

struct db_policy_change {
	int64_t version;
	int64_t time_ms;
	struct slice actor, account, key;
	struct slice old_value, new_value; /* null: was not, is not set */
	int64_t undoes;                    /* 0: no undo */
};

typedef bool db_policy_fn(
    struct slice account, struct slice key, struct slice value, void *arg);
typedef bool db_policy_change_fn(const struct db_policy_change *row, void *arg);
typedef bool db_zone_state_fn(struct slice zone, enum db_zone_state state,
    int64_t since_ms, struct slice actor, void *arg);
typedef bool db_source_state_fn(
    struct slice address, int64_t since_ms, struct slice actor, void *arg);

/* Writer. Sets (or with a null value unsets) a key and writes history;
 * `account` empty is everyone. */
int db_policy_set(struct db *db, struct slice account, struct slice key,
    struct slice value, struct slice actor, int64_t now_ms, int64_t undoes,
    int64_t *out_version, struct error *out_err) MUST_CHECK;
/* Takes a change back (version 0: the newest that can be). ERROR_NOT_FOUND
 * if there is none; ERROR_REFUSED when a later change hides it. */
int db_policy_undo(struct db *db, int64_t version, struct slice actor,
    int64_t now_ms, int64_t *out_undone, int64_t *out_version,
    struct error *out_err) MUST_CHECK;
int db_zone_state_set(struct db *db, struct slice zone,
    enum db_zone_state state, struct slice actor, int64_t now_ms,
    struct error *out_err) MUST_CHECK;
int db_source_set(struct db *db, struct slice address, bool is_disabled,
    struct slice actor, int64_t now_ms, struct error *out_err) MUST_CHECK;

/* Any mode. */
int db_policy_all(struct db *db, db_policy_fn *fn, void *arg,
    int64_t *out_version, struct error *out_err) MUST_CHECK;
int db_policy_history(struct db *db, int64_t limit, db_policy_change_fn *fn,
    void *arg, struct error *out_err) MUST_CHECK;
int db_zone_states(struct db *db, db_zone_state_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;
int db_source_states(struct db *db, db_source_state_fn *fn, void *arg,
    struct error *out_err) MUST_CHECK;

#endif
