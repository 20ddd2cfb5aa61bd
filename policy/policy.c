/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account's policy is the global one with its own keys on top. All of them
 * are worked out when a set is built, so asking is one lookup.
 */
#include "policy/policy.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/units.h"

enum key_kind {
	KEY_SCORE = 0,
	KEY_SCORE_OR_OFF,
	KEY_DURATION,
	KEY_COUNT,
	KEY_SIZE,
	KEY_BAND,
	KEY_WEIGHT,
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
};
static const enum key_kind kinds[] = {
    KEY_SCORE,
    KEY_SCORE_OR_OFF,
    KEY_BAND,
    KEY_DURATION,
    KEY_DURATION,
    KEY_COUNT,
    KEY_SIZE,
    KEY_WEIGHT,
};
_Static_assert(ARRAY_LEN(keys) == ARRAY_LEN(kinds), "one kind a key");

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

/* Where a plain number of the policy is kept. */
static int64_t *
number_of(struct policy *p, const char *key)
{
	if (strcmp(key, "first_retry") == 0)
		return &p->first_retry_ms;
	if (strcmp(key, "lifetime") == 0)
		return &p->lifetime_ms;
	if (strcmp(key, "recipients_max") == 0)
		return &p->recipients_max;
	return &p->message_size_max;
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
	int64_t *at;

	*out_want = NULL;
	if (find_key(key, &row, &name) != 0)
		return -1;
	at = number_of(p, keys[row].name);
	switch (kinds[row]) {
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
	struct buf names = buf_make(400);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t len = strlen(keys[i].name);
		(void)buf_appendf(&names, "%s%s%s", i != 0 ? ", " : "",
		    keys[i].name, keys[i].name[len - 1] == '.' ? "NAME" : "");
	}
	(void)error_set_kind(out_err, ERROR_USAGE,
	    "there is no policy key \"%.*s\"; the keys are %s", SLICE_ARGS(key),
	    buf_text(&names));
	buf_free(&names);
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

struct policy_set *
policy_set_build(
    const struct policy_entry *entries, size_t count, int64_t version)
{
	struct policy_set *set = MEM_NEW(struct policy_set);
	const char *want;

	atomic_init(&set->references, 1);
	set->global.version = version;
	set->global.reject = 10;
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
