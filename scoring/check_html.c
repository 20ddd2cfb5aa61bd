/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What HTML does besides showing text.
 */
#include "scoring/check.h"

void
check_html(struct check *c)
{
	const struct view_html *h = &c->view->html;
	bool has_image_link = false;

	if (!h->is_present)
		return;
	for (size_t i = 0; i < c->view->link_count; i++)
		has_image_link |= c->view->links[i].has_image;
	/* A hidden line at the top is what newsletters do. */
	if (h->hidden_chars > 500 && h->hidden_chars > h->shown_chars)
		check_found(c, SYM_HTML_HIDDEN_TEXT, "%zu of %zu characters",
		    h->hidden_chars, h->hidden_chars + h->shown_chars);
	if (h->tiny_chars > 200)
		check_found(
		    c, SYM_HTML_TINY_TEXT, "%zu characters", h->tiny_chars);
	if (has_image_link && h->shown_chars < 100)
		check_found(c, SYM_HTML_IMAGE_ONLY, "%zu characters of text",
		    h->shown_chars);
	if (h->forms != 0)
		check_found(c, SYM_HTML_FORM, "%zu", h->forms);
	if (h->password_fields != 0)
		check_found(c, SYM_HTML_PASSWORD, "%zu", h->password_fields);
	if (h->scripts != 0)
		check_found(c, SYM_HTML_SCRIPT, "%zu", h->scripts);
	if (h->refreshes != 0)
		check_found(c, SYM_HTML_REFRESH, "%zu", h->refreshes);
	if (h->iframes != 0)
		check_found(c, SYM_HTML_IFRAME, "%zu", h->iframes);
}
