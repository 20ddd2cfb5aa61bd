/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message as its reader sees it: decoded header texts, visible text, HTML
 * structure, links, attachments. Every member is bounded whatever the message
 * holds. Pure; one view belongs to one thread.
 */
#ifndef POSTHORN_SCORING_VIEW_H
#define POSTHORN_SCORING_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

#define VIEW_LINKS_MAX 1000
#define VIEW_ATTACHMENTS_MAX 100
#define VIEW_PARTS_MAX 1000
#define VIEW_DEPTH_MAX 50
/* Octets kept of each attachment's start, decoded. */
#define VIEW_ATTACHMENT_BYTES 65536

struct view_link {
	struct slice url;  /* as written, trimmed */
	struct slice host; /* lower case; empty if the URL has none */
	struct slice text; /* what the reader sees of it; may be empty */
	bool has_image;    /* an image stands inside it */
};

struct view_attachment {
	struct slice name;  /* lower case; empty if none is given */
	struct slice type;  /* "application/pdf", lower case */
	struct slice start; /* the first octets, decoded */
};

/* What HTML parts are made of, over all of them. */
struct view_html {
	bool is_present;
	size_t shown_chars;  /* text that is displayed */
	size_t hidden_chars; /* text that styles hide */
	size_t tiny_chars;   /* text of 2 px and less */
	size_t images;
	size_t forms;
	size_t password_fields;
	size_t scripts;
	size_t refreshes; /* <meta http-equiv=refresh> */
	size_t iframes;
};

struct view {
	struct arena arena;  /* owns every slice below */
	struct slice header; /* raw; borrowed from the message */
	struct slice subject, from_name, from_address, reply_to, message_id;
	bool has_subject, has_references;
	struct buf text; /* visible text of all parts, one space between
			  * words, valid UTF-8 */
	struct view_html html;
	struct view_link links[VIEW_LINKS_MAX];
	size_t link_count;
	struct view_attachment attachments[VIEW_ATTACHMENTS_MAX];
	size_t attachment_count;
	size_t part_count;
	bool is_too_complex; /* parts or depth beyond the bounds */
};

/* Once a process, before the first view. */
void view_start(void);
/* Builds the view of a whole message (CR LF or LF lines); `text_max` octets
 * of visible text are kept. Never fails: what can't be read is left out. */
struct view *view_make(struct slice message, size_t text_max);
void view_free(struct view *v);

#endif
