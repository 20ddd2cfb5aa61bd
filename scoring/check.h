/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The families of checks. Each looks at a view and adds findings; none knows
 * of another, and points come from the table. For scoring/ only.
 */
#ifndef POSTHORN_SCORING_CHECK_H
#define POSTHORN_SCORING_CHECK_H

#include <libpsl.h>

#include "scoring/score.h"
#include "scoring/symbols.h"
#include "scoring/view.h"

struct check {
	const struct view *view;
	const struct score_facts *facts;
	const psl_ctx_t *psl;
	struct arena *arena; /* owns the reasons */
	struct verdict *out;
};

/* Adds a symbol with its reason; the same symbol again is left out. */
void check_found(struct check *c, enum symbol_id id, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* example.org of www.example.org; empty for addresses and suffixes. */
struct slice check_site(const struct check *c, struct slice host);
/* The well-known company named in `text` as a word, or null. */
const char *check_brand_in(struct slice text);
/* Is `site` one of the brand's own? */
bool check_brand_owns(const char *brand, struct slice site);

void check_header(struct check *c);
void check_text(struct check *c);
void check_html(struct check *c);
void check_links(struct check *c);
void check_attachments(struct check *c);

#endif
