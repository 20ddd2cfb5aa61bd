/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account's policy is the global one with its own keys on top. All of them
 * are worked out when a set is built, so asking is one lookup.
 */
#include "policy/policy.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/units.h"

enum key_kind {
	KEY_SCORE = 0,
	KEY_SCORE_OR_OFF,
	KEY_DURATION,
	KEY_COUNT,
	KEY_SIZE,
	KEY_BAND,
	KEY_WEIGHT,
	KEY_LIMIT,
	KEY_FROM,
	KEY_SWITCH,
	KEY_WATCH,
};

#define SCORE_LIMIT 1000.0

static const struct policy_key keys[] = {
    {"reject", "10", "refuse messages with this score and above"},
    {"hold", "off", "hold messages with this score and above; off: none"},
    {"band.", "", "band.ZONE: score below which the zone is used, in order"},
    {"first_retry", "as configured", "wait before the second try, 60s to 1d"},
    {"lifetime", "as configured", "give a recipient up after, 1m to 30d"},
    {"recipients_max", "as configured", "recipients of one message"},
    {"message_size_max", "as configured", "largest message"},
    {"weight.", "the symbol's", "weight.SYMBOL: its points, -100 to 100"},
    {"from_policy", "any",
	"senders: any, account (its domains), verified (proved ones)"},
    {"zone_header", "off", "on: X-Posthorn-Zone names the zone"},
    {"watch.trap", "block 5d",
	"mail to a trap: off, slow, hold or block, and a time"},
    {"watch.probe", "block 3d",
	"a stolen login being tried: off, slow, hold or block, and a time"},
    {"watch.repeat", "block 1d",
	"the same doubtful mail over and over: off, slow, hold or block, and a "
	"time"},
    {"watch.refused", "block 1d",
	"much refused for its content: off, slow, hold or block, and a time"},
    {"watch.bounces", "hold 2h",
	"a burst of unknown recipients: off, slow, hold or block, and a time"},
    {"watch.jump", "slow 1h",
	"far more than usual: off, slow, hold or block, and a time"},
    {"rate.messages", "off",
	"messages of the account: 100/m, 1000/h, 5000/d; later beyond (451)"},
    {"rate.recipients", "off",
	"recipients of the account: 100/m, 1000/h, 5000/d; later beyond (451)"},
    {"quota.messages", "off",
	"messages of the account: 100/m, 1000/h, 5000/d; refused beyond (550)"},
    {"quota.recipients", "off",
	"recipients of the account: 100/m, 1000/h, 5000/d; refused beyond "
	"(550)"},
    {"credential.rate.messages", "off",
	"messages of each of its logins: 100/m, 1000/h, 5000/d; later beyond "
	"(451)"},
    {"credential.rate.recipients", "off",
	"recipients of each of its logins: 100/m, 1000/h, 5000/d; later beyond "
	"(451)"},
    {"credential.quota.messages", "off",
	"messages of each of its logins: 100/m, 1000/h, 5000/d; refused beyond "
	"(550)"},
    {"credential.quota.recipients", "off",
	"recipients of each of its logins: 100/m, 1000/h, 5000/d; refused "
	"beyond (550)"},
    {"subuser.rate.messages", "off",
	"messages of each of its subusers: 100/m, 1000/h, 5000/d; later beyond "
	"(451)"},
    {"subuser.rate.recipients", "off",
	"recipients of each of its subusers: 100/m, 1000/h, 5000/d; later "
	"beyond (451)"},
    {"subuser.quota.messages", "off",
	"messages of each of its subusers: 100/m, 1000/h, 5000/d; refused "
	"beyond (550)"},
    {"subuser.quota.recipients", "off",
	"recipients of each of its subusers: 100/m, 1000/h, 5000/d; refused "
	"beyond (550)"},
};

/* Of the keys in their order: the kind, and where a plain value is kept. */
static const struct {
	enum key_kind kind;
	size_t offset;
} rows[] = {
    {KEY_SCORE, 0},
    {KEY_SCORE_OR_OFF, 0},
    {KEY_BAND, 0},
    {KEY_DURATION, offsetof(struct policy, first_retry_ms)},
    {KEY_DURATION, offsetof(struct policy, lifetime_ms)},
    {KEY_COUNT, offsetof(struct policy, recipients_max)},
    {KEY_SIZE, offsetof(struct policy, message_size_max)},
    {KEY_WEIGHT, 0},
    {KEY_FROM, 0},
    {KEY_SWITCH, offsetof(struct policy, has_zone_header)},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_TRAP])},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_PROBE])},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_REPEAT])},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_REFUSED])},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_BOUNCES])},
    {KEY_WATCH, offsetof(struct policy, watch.of[WATCH_JUMP])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_ACCOUNT].rate[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_ACCOUNT].rate[USAGE_RECIPIENTS])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_ACCOUNT].quota[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_ACCOUNT].quota[USAGE_RECIPIENTS])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_CREDENTIAL].rate[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(
	    struct policy, limits[USAGE_CREDENTIAL].rate[USAGE_RECIPIENTS])},
    {KEY_LIMIT,
	offsetof(
	    struct policy, limits[USAGE_CREDENTIAL].quota[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(
	    struct policy, limits[USAGE_CREDENTIAL].quota[USAGE_RECIPIENTS])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_SUBUSER].rate[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_SUBUSER].rate[USAGE_RECIPIENTS])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_SUBUSER].quota[USAGE_MESSAGES])},
    {KEY_LIMIT,
	offsetof(struct policy, limits[USAGE_SUBUSER].quota[USAGE_RECIPIENTS])},
};
_Static_assert(ARRAY_LEN(keys) == ARRAY_LEN(rows), "one row a key");

struct member {
	char *account;
	struct policy policy;
	UT_hash_handle hh;
};

struct policy_set {
	struct arena arena;
	_Atomic int references;
	struct policy global;
	struct member *members;
};

const struct policy_key *
policy_keys(size_t *out_count)
{
	*out_count = ARRAY_LEN(keys);
	return keys;
}

/* The row of a key and, for a prefix, the name behind it. */
static int
find_key(struct slice key, size_t *out_row, struct slice *out_name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t len = strlen(keys[i].name);
		bool is_prefix = keys[i].name[len - 1] == '.';
		if (is_prefix ? key.len > len &&
			    slice_starts_nocase(key, keys[i].name)
			      : slice_is(key, keys[i].name)) {
			*out_row = i;
			*out_name = slice_sub(key, len, SIZE_MAX);
			return 0;
		}
	}
	return -1;
}

static int
parse_score(struct slice text, double *out)
{
	char copy[32];
	char *end;

	if (text.len == 0 || text.len >= sizeof(copy))
		return -1;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	*out = strtod(copy, &end);
	return end == copy + text.len && *out >= -SCORE_LIMIT &&
		*out <= SCORE_LIMIT
	    ? 0
	    : -1;
}

static int
parse_duration(struct slice value, int64_t min, int64_t max, int64_t *out)
{
	if (units_parse_duration(value, out) != 0)
		return -1;
	return *out >= min && *out <= max ? 0 : -1;
}

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_' &&
		    name.ptr[i] != '-')
			return false;
	return name.len != 0 && name.len <= 64;
}

static void
set_band(struct policy *p, struct arena *a, struct slice zone, double below)
{
	struct policy_band *bands =
	    arena_alloc(a, (p->band_count + 1) * sizeof(*bands));
	size_t n = 0;
	bool is_placed = false;

	/* In order of score; an earlier value of the same zone goes. */
	for (size_t i = 0; i < p->band_count; i++) {
		if (slice_is(zone, p->bands[i].zone))
			continue;
		if (!is_placed && p->bands[i].below > below) {
			bands[n++] =
			    (struct policy_band){arena_dup(a, zone), below};
			is_placed = true;
		}
		bands[n++] = p->bands[i];
	}
	if (!is_placed)
		bands[n++] = (struct policy_band){arena_dup(a, zone), below};
	p->bands = bands;
	p->band_count = n;
}

static void
set_weight(
    struct policy *p, struct arena *a, struct slice symbol, double points)
{
	struct policy_weight *weights =
	    arena_alloc(a, (p->weight_count + 1) * sizeof(*weights));
	size_t n = 0;

	for (size_t i = 0; i < p->weight_count; i++)
		if (!slice_is_nocase(symbol, p->weights[i].symbol))
			weights[n++] = p->weights[i];
	weights[n++] = (struct policy_weight){arena_dup(a, symbol), points};
	p->weights = weights;
	p->weight_count = n;
}

static int
parse_from(struct slice value, enum policy_from *out)
{
	static const char *const names[] = {"any", "account", "verified"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is_nocase(value, names[i])) {
			*out = (enum policy_from)i;
			return 0;
		}
	return -1;
}

static int
parse_switch(struct slice value, bool *out)
{
	*out = slice_is_nocase(value, "on");
	return *out || slice_is_nocase(value, "off") ? 0 : -1;
}

/* Puts one setting into `p`; -1 with what was expected in `out_want`. */
static int
apply(struct policy *p, struct arena *a, struct slice key, struct slice value,
    const char **out_want)
{
	size_t row;
	struct slice name;
	uint64_t number = 0;
	double points;
	void *place;
	int64_t *at;

	*out_want = NULL;
	if (find_key(key, &row, &name) != 0)
		return -1;
	place = (char *)p + rows[row].offset;
	at = place;
	switch (rows[row].kind) {
	case KEY_SCORE:
		*out_want = "a score, -1000 to 1000";
		return parse_score(value, &p->reject);
	case KEY_SCORE_OR_OFF:
		*out_want = "a score, -1000 to 1000, or off";
		p->has_hold = !slice_is_nocase(value, "off");
		return p->has_hold ? parse_score(value, &p->hold) : 0;
	case KEY_DURATION:
		*out_want = at == &p->lifetime_ms ? "a time, 1m to 30d"
						  : "a time, 60s to 1d";
		return parse_duration(value, 60000,
		    at == &p->lifetime_ms ? INT64_C(30) * 86400000 : 86400000,
		    at);
	case KEY_COUNT:
		*out_want = "a whole number, 1 to 100000";
		if (slice_to_u64(value, &number) != 0 || number < 1 ||
		    number > 100000)
			return -1;
		*at = (int64_t)number;
		return 0;
	case KEY_SIZE:
		*out_want = "a size, 64k to 2047M";
		if (units_parse_size(value, &number) != 0 || number < 65536 ||
		    number > (UINT64_C(2047) << 20))
			return -1;
		*at = (int64_t)number;
		return 0;
	case KEY_BAND:
		*out_want = "a score, -1000 to 1000, and a zone's name";
		if (!is_name(name) || parse_score(value, &points) != 0)
			return -1;
		set_band(p, a, name, points);
		return 0;
	case KEY_WEIGHT:
		*out_want = "points, -100 to 100, and a symbol's name";
		if (!is_name(name) || parse_score(value, &points) != 0 ||
		    points < -100 || points > 100)
			return -1;
		set_weight(p, a, name, points);
		return 0;
	case KEY_LIMIT:
		*out_want = "numbers a minute, hour or day, as in 100/m, "
			    "1000/h, 5000/d, or off";
		return usage_parse_limit(value, at);
	case KEY_FROM:
		*out_want = "any, account or verified";
		return parse_from(value, &p->from);
	case KEY_SWITCH:
		*out_want = "on or off";
		return parse_switch(value, place);
	case KEY_WATCH:
		*out_want = "off, or slow, hold or block and a time, as in "
			    "block 1d";
		return watch_parse_rule(value, place);
	}
	return -1;
}

int
policy_check(struct slice key, struct slice value, struct error *out_err)
{
	struct policy scratch = {0};
	struct arena arena = {0};
	const char *want;

	int rc = apply(&scratch, &arena, key, value, &want);
	arena_free(&arena);
	if (rc == 0)
		return 0;
	if (want != NULL)
		return error_set_kind(out_err, ERROR_USAGE, "%.*s: expected %s",
		    SLICE_ARGS(key), want);
	char *name = slice_dup(slice_sub(key, 0, 64));
	size_t best = name_distance_max(name) + 1;
	const char *nearest = NULL;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t distance = name_distance(name, keys[i].name);
		if (distance >= best)
			continue;
		best = distance;
		nearest = keys[i].name;
	}
	(void)error_set_kind(out_err, ERROR_USAGE,
	    nearest != NULL
		? "there is no policy key \"%s\"; did you mean %s?"
		: "there is no policy key \"%s\"; posthorn policy show lists "
		  "them%s",
	    name, nearest != NULL ? nearest : "");
	mem_free(name);
	return -1;
}

static struct policy *
member_policy(struct policy_set *set, struct slice account)
{
	struct member *m;

	if (account.len == 0)
		return &set->global;
	HASH_FIND(hh, set->members, account.ptr, account.len, m);
	if (m == NULL) {
		m = ARENA_NEW(&set->arena, struct member);
		m->account = arena_dup(&set->arena, account);
		m->policy = set->global;
		HASH_ADD_KEYPTR(hh, set->members, m->account, account.len, m);
	}
	return &m->policy;
}

/* What the table of keys says. */
static void
set_watch_defaults(struct policy *p, struct arena *a)
{
	const char *want;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (rows[i].kind == KEY_WATCH)
			(void)apply(p, a, slice_of(keys[i].name),
			    slice_of(keys[i].default_text), &want);
}

struct policy_set *
policy_set_build(
    const struct policy_entry *entries, size_t count, int64_t version)
{
	struct policy_set *set = MEM_NEW(struct policy_set);
	const char *want;

	atomic_init(&set->references, 1);
	set->global.version = version;
	set->global.reject = 10;
	set_watch_defaults(&set->global, &set->arena);
	/* The global ones first: the others start from them. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < count; i++) {
			const struct policy_entry *e = &entries[i];
			if ((e->account.len != 0) != (pass == 1))
				continue;
			struct policy *p = member_policy(set, e->account);
			struct policy before = *p;
			if (apply(p, &set->arena, e->key, e->value, &want) != 0)
				*p = before;
		}
	return set;
}

struct policy_set *
policy_set_ref(struct policy_set *set)
{
	atomic_fetch_add(&set->references, 1);
	return set;
}

void
policy_set_unref(struct policy_set *set)
{
	if (set == NULL || atomic_fetch_sub(&set->references, 1) != 1)
		return;
	HASH_CLEAR(hh, set->members);
	arena_free(&set->arena);
	mem_free(set);
}

const struct policy *
policy_for(const struct policy_set *set, struct slice account)
{
	struct member *m = NULL;

	if (account.len != 0)
		HASH_FIND(hh, set->members, account.ptr, account.len, m);
	return m != NULL ? &m->policy : &set->global;
}
