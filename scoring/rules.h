/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Phrase rules: regular expressions over the decoded subject or the visible
 * text, each a symbol of its own. A line of a rules file is
 *
 *	SYMBOL POINTS CLASS subject|body /regex/ what it means
 *
 * Expressions are PCRE2, UTF, case folded, and bounded in steps. A loaded set
 * is immutable and shared by threads.
 */
#ifndef POSTHORN_SCORING_RULES_H
#define POSTHORN_SCORING_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"
#include "scoring/verdict.h"

struct rules;

struct rule {
	const char *symbol;
	double points;
	enum score_class class;
	bool is_subject; /* else the visible text */
	const char *help;
};

/* `path` is for messages. The error names file, line and place. */
struct rules *rules_parse(
    struct slice text, const char *path, struct error *out_err) MUST_CHECK;
struct rules *rules_load(const char *path, struct error *out_err) MUST_CHECK;
/* Those that come with the program. */
struct rules *rules_builtin(void);
void rules_free(struct rules *r);

size_t rules_count(const struct rules *r);
const struct rule *rules_at(const struct rules *r, size_t index);
/*
 * Does rule `index` match `text` (valid UTF-8)? `out_match` then borrows the
 * place. A match that takes too many steps is none.
 */
bool rules_match(const struct rules *r, size_t index, struct slice text,
    struct slice *out_match);

#endif
