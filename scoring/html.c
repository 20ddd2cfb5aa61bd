/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTML parts by libxml2's SAX parser: no tree is built, so the memory is
 * bounded by the depth that is kept here. Deeper elements count as shown.
 */
#include <libxml/HTMLparser.h>
#include <string.h>

#include "base/utf8.h"
#include "scoring/view_internal.h"

#define DEPTH_MAX 256
#define LINK_TEXT_MAX 512

/* What an element does to the text inside. */
enum shade {
	SHADE_SHOWN = 0,
	SHADE_TINY,
	SHADE_HIDDEN,
	SHADE_SILENT, /* style, script, title: no text of the mail */
};

struct walker {
	struct view *view;
	enum shade shades[DEPTH_MAX];
	size_t depth;
	struct view_link *link; /* the open <a>, if any */
	struct buf link_text;
};

static const char *
find_attribute(const xmlChar **attributes, const char *name)
{
	for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
		if (xmlStrcasecmp(attributes[i], BAD_CAST name) == 0)
			return attributes[i + 1] != NULL
			    ? (const char *)attributes[i + 1]
			    : "";
	return NULL;
}

/* "font-size: 1px" and the like, white space left out. */
static bool
style_has(const char *style, const char *wanted)
{
	while (*style != '\0') {
		const char *s = style;
		const char *w = wanted;
		while (*w != '\0' && *s != '\0') {
			if (ascii_is_space(*s)) {
				s++;
			} else if (ascii_lower(*s) == *w) {
				s++;
				w++;
			} else {
				break;
			}
		}
		if (*w == '\0')
			return true;
		style++;
	}
	return false;
}

static enum shade
shade_of(const char *name, const xmlChar **attributes)
{
	static const char *const hiding[] = {"display:none",
	    "visibility:hidden", "font-size:0px", "font-size:0;",
	    "font-size:0pt", "opacity:0;", "max-height:0"};
	static const char *const shrinking[] = {
	    "font-size:1px", "font-size:2px", "font-size:1pt", "font-size:.1"};

	if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0 ||
	    strcmp(name, "title") == 0 || strcmp(name, "head") == 0)
		return SHADE_SILENT;
	const char *style = find_attribute(attributes, "style");
	if (style == NULL)
		return SHADE_SHOWN;
	for (size_t i = 0; i < ARRAY_LEN(hiding); i++)
		if (style_has(style, hiding[i]))
			return SHADE_HIDDEN;
	for (size_t i = 0; i < ARRAY_LEN(shrinking); i++)
		if (style_has(style, shrinking[i]))
			return SHADE_TINY;
	return SHADE_SHOWN;
}

static void
close_link(struct walker *w)
{
	if (w->link == NULL)
		return;
	w->link->text =
	    arena_slice(&w->view->arena, slice_trim(buf_slice(&w->link_text)));
	w->link = NULL;
}

/* Counts the elements that speak for themselves. */
static void
count_element(struct walker *w, const char *name, const xmlChar **attributes)
{
	struct view_html *h = &w->view->html;
	const char *value;

	if (strcmp(name, "img") == 0) {
		h->images++;
		if (w->link != NULL)
			w->link->has_image = true;
	} else if (strcmp(name, "form") == 0) {
		h->forms++;
		if ((value = find_attribute(attributes, "action")) != NULL)
			(void)view_add_link(w->view, slice_of(value));
	} else if (strcmp(name, "input") == 0) {
		value = find_attribute(attributes, "type");
		h->password_fields += value != NULL &&
		    slice_is_nocase(slice_of(value), "password");
	} else if (strcmp(name, "script") == 0) {
		value = find_attribute(attributes, "type");
		/* Mail markup in JSON-LD is data, not a program. */
		h->scripts += value == NULL ||
		    !slice_is_nocase(slice_of(value), "application/ld+json");
	} else if (strcmp(name, "iframe") == 0) {
		h->iframes++;
	} else if (strcmp(name, "meta") == 0) {
		value = find_attribute(attributes, "http-equiv");
		h->refreshes += value != NULL &&
		    slice_is_nocase(slice_of(value), "refresh");
	}
}

static bool
is_block(const char *name)
{
	static const char *const blocks[] = {"br", "p", "div", "td", "tr", "li",
	    "h1", "h2", "h3", "table", "ul", "ol", "hr"};

	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (strcmp(name, blocks[i]) == 0)
			return true;
	return false;
}

static void
on_start(void *arg, const xmlChar *element, const xmlChar **attributes)
{
	struct walker *w = arg;
	const char *name = (const char *)element;
	const char *href;

	count_element(w, name, attributes);
	if (is_block(name))
		(void)buf_append_char(&w->view->text, ' ');
	if ((strcmp(name, "a") == 0 || strcmp(name, "area") == 0) &&
	    (href = find_attribute(attributes, "href")) != NULL) {
		close_link(w);
		w->link = view_add_link(w->view, slice_of(href));
		buf_reset(&w->link_text);
	}
	if (w->depth < DEPTH_MAX) {
		enum shade outer =
		    w->depth != 0 ? w->shades[w->depth - 1] : SHADE_SHOWN;
		enum shade own = shade_of(name, attributes);
		w->shades[w->depth] = own > outer ? own : outer;
	}
	w->depth++;
}

static void
on_end(void *arg, const xmlChar *element)
{
	struct walker *w = arg;

	if (strcmp((const char *)element, "a") == 0)
		close_link(w);
	if (is_block((const char *)element))
		(void)buf_append_char(&w->view->text, ' ');
	if (w->depth != 0)
		w->depth--;
}

static void
on_text(void *arg, const xmlChar *text, int len)
{
	struct walker *w = arg;
	struct slice s = slice_make((const char *)text, (size_t)len);
	size_t inside = w->depth < DEPTH_MAX ? w->depth : DEPTH_MAX;
	enum shade shade = inside != 0 ? w->shades[inside - 1] : SHADE_SHOWN;
	size_t chars = slice_trim(s).len;

	if (shade == SHADE_SILENT)
		return;
	if (shade == SHADE_HIDDEN) {
		w->view->html.hidden_chars += chars;
		return;
	}
	if (shade == SHADE_TINY)
		w->view->html.tiny_chars += chars;
	w->view->html.shown_chars += chars;
	/* No space added: inline elements may cut a word in two. */
	size_t room = w->view->text.cap - w->view->text.len;
	utf8_append_clean(&w->view->text, s, room);
	if (w->link != NULL && w->link_text.len < LINK_TEXT_MAX)
		utf8_append_clean(
		    &w->link_text, s, LINK_TEXT_MAX - w->link_text.len);
}

void
view_add_html(struct view *v, struct slice html)
{
	static htmlSAXHandler handlers = {
	    .startElement = on_start,
	    .endElement = on_end,
	    .characters = on_text,
	    .ignorableWhitespace = on_text,
	};
	struct walker w = {.view = v, .link_text = buf_make(LINK_TEXT_MAX)};

	v->html.is_present = true;
	if (html.len == 0)
		return;
	htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(
	    &handlers, &w, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (parser == NULL)
		return;
	(void)htmlCtxtUseOptions(parser,
	    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
		HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
	(void)htmlParseChunk(parser, html.ptr, (int)html.len, 1);
	htmlFreeParserCtxt(parser);
	close_link(&w);
	buf_free(&w.link_text);
	view_add_text(v, SLICE(" "));
}
