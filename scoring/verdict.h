/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What scoring finds: symbols with points, each with the reason in words, and
 * their sum. Owned by the arena given to score_message().
 */
#ifndef POSTHORN_SCORING_VERDICT_H
#define POSTHORN_SCORING_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* What kind of mail a symbol speaks of; the refusal names it. */
enum score_class {
	CLASS_SPAM = 0,
	CLASS_PHISH,
	CLASS_SCAM,
	CLASS_MALWARE,
	CLASS_FORGED,
	CLASS_COUNT,
};

struct finding {
	const char *symbol;
	double points;
	enum score_class class;
	const char *why; /* one clean line of UTF-8 */
};

#define FINDINGS_MAX 64

struct verdict {
	double score;           /* the sum of the points */
	enum score_class class; /* the one with most points */
	struct finding findings[FINDINGS_MAX];
	size_t finding_count;
	uint64_t digest; /* of the visible text, see base/digest.h */
	/* What the envelope's row keeps of the header, decoded; may be null. */
	const char *subject;
	const char *header_from;
	const char *message_id;
};

/* "spam", "phish", … */
const char *score_class_name(enum score_class class);
/* Appends [{"symbol":…,"points":…,"why":…},…]. */
void verdict_to_json(const struct verdict *v, struct buf *out);

#endif
