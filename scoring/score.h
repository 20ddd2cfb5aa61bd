/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scoring a message: a pure function of the message, what the daemon knows of
 * its sender, and the weights in force. The scorer itself is immutable and
 * shared by threads.
 */
#ifndef POSTHORN_SCORING_SCORE_H
#define POSTHORN_SCORING_SCORE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"
#include "policy/policy.h"
#include "scoring/verdict.h"

struct scorer;

/* What is known of the sender besides the message. */
struct score_facts {
	struct slice sender; /* envelope; empty: null sender or not known */
};

/*
 * `rules_path` null: the built-in rules. `text_max` octets of decoded text
 * are looked at. Calls view_start(); the first call is before threads start.
 */
struct scorer *scorer_new(
    const char *rules_path, size_t text_max, struct error *out_err) MUST_CHECK;
struct scorer *scorer_ref(struct scorer *s);
/* Gives a reference back; null is accepted. */
void scorer_unref(struct scorer *s);

/*
 * Fills `out`; `arena` owns its texts. `policy` gives weights; null: the
 * symbols' own. Any thread; takes no lock, reads no clock.
 */
void score_message(const struct scorer *s, struct slice message,
    const struct score_facts *facts, const struct policy *policy,
    struct arena *arena, struct verdict *out);

/* Is there a symbol of that name (any case), built in or from the rules? */
bool scorer_knows(const struct scorer *s, struct slice symbol);
/* The known symbol nearest to a name, or null. */
const char *scorer_nearest(const struct scorer *s, struct slice symbol);

#endif
