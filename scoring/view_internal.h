/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between view.c (MIME) and html.c: how parts add to a view.
 */
#ifndef POSTHORN_SCORING_VIEW_INTERNAL_H
#define POSTHORN_SCORING_VIEW_INTERNAL_H

#include "scoring/view.h"

/* Adds visible text; runs of white space become one space. */
void view_add_text(struct view *v, struct slice text);
/* Adds a link; null when there are too many. */
struct view_link *view_add_link(struct view *v, struct slice url);
/* Adds the links that stand in plain text. */
void view_add_bare_links(struct view *v, struct slice text);
/* Adds an HTML part (UTF-8). */
void view_add_html(struct view *v, struct slice html);

#endif
