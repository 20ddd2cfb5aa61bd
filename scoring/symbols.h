/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The catalogue of built-in symbols: name, points, class, what it means.
 * Rules from the phrase file add their own. Read-only.
 */
#ifndef POSTHORN_SCORING_SYMBOLS_H
#define POSTHORN_SCORING_SYMBOLS_H

#include <stddef.h>

#include "scoring/verdict.h"

enum symbol_id {
	SYM_FROM_MISSING = 0,
	SYM_FROM_NAME_ADDRESS,
	SYM_FROM_BRAND,
	SYM_REPLY_TO_ELSEWHERE,
	SYM_SUBJECT_EMPTY,
	SYM_SUBJECT_CAPS,
	SYM_SUBJECT_LOUD,
	SYM_SUBJECT_PROBE,
	SYM_FAKE_REPLY,
	SYM_PHP_SCRIPT,
	SYM_TEXT_INVISIBLE,
	SYM_TEXT_MIXED_SCRIPT,
	SYM_TEXT_LINK_ONLY,
	SYM_HTML_HIDDEN_TEXT,
	SYM_HTML_TINY_TEXT,
	SYM_HTML_IMAGE_ONLY,
	SYM_HTML_FORM,
	SYM_HTML_PASSWORD,
	SYM_HTML_SCRIPT,
	SYM_HTML_REFRESH,
	SYM_HTML_IFRAME,
	SYM_LINK_TEXT_DIFFERS,
	SYM_LINK_IP,
	SYM_LINK_PUNYCODE,
	SYM_LINK_SHORTENER,
	SYM_LINK_USERINFO,
	SYM_LINK_PORT,
	SYM_LINK_SCHEME,
	SYM_LINK_BRAND,
	SYM_ATTACH_EXECUTABLE,
	SYM_ATTACH_DOUBLE_EXT,
	SYM_ATTACH_HTML,
	SYM_ATTACH_MACRO,
	SYM_ATTACH_ZIP_EXEC,
	SYM_ATTACH_ZIP_LOCKED,
	SYM_MIME_TOO_COMPLEX,
	SYM_COUNT,
};

struct symbol {
	const char *name;
	double points;
	enum score_class class;
	const char *help;
};

extern const struct symbol symbols[SYM_COUNT];

#endif
