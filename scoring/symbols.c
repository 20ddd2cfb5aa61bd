/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table. Points are on the scale on which policy's `reject` is 10: no
 * single sign that legitimate mail shows refuses a message.
 */
#include "scoring/symbols.h"

/* clang-format off */
const struct symbol symbols[SYM_COUNT] = {
	[SYM_FROM_MISSING] = { "FROM_MISSING", 2.0, CLASS_FORGED, "there is no From address" },
	[SYM_FROM_NAME_ADDRESS] = { "FROM_NAME_ADDRESS", 2.5, CLASS_PHISH, "the name shown in From is an address of another domain" },
	[SYM_FROM_BRAND] = { "FROM_BRAND", 3.5, CLASS_PHISH, "the name shown in From is a well-known company's, the address is not" },
	[SYM_REPLY_TO_ELSEWHERE] = { "REPLY_TO_ELSEWHERE", 1.5, CLASS_SCAM, "answers go to a free mailbox at another domain" },
	[SYM_SUBJECT_EMPTY] = { "SUBJECT_EMPTY", 0.5, CLASS_SPAM, "there is no subject" },
	[SYM_SUBJECT_CAPS] = { "SUBJECT_CAPS", 1.0, CLASS_SPAM, "the subject is in capital letters" },
	[SYM_SUBJECT_LOUD] = { "SUBJECT_LOUD", 0.7, CLASS_SPAM, "the subject shouts: !!, ?!, $$" },
	[SYM_SUBJECT_PROBE] = { "SUBJECT_PROBE", 6.0, CLASS_SPAM, "the subject looks like a test of stolen credentials" },
	[SYM_FAKE_REPLY] = { "FAKE_REPLY", 1.0, CLASS_FORGED, "the subject says Re: but the message answers nothing" },
	[SYM_PHP_SCRIPT] = { "PHP_SCRIPT", 2.5, CLASS_FORGED, "sent by code that a PHP site evaluated, as broken-into sites do" },
	[SYM_TEXT_INVISIBLE] = { "TEXT_INVISIBLE", 2.5, CLASS_SPAM, "invisible characters inside words" },
	[SYM_TEXT_MIXED_SCRIPT] = { "TEXT_MIXED_SCRIPT", 3.0, CLASS_PHISH, "words that mix Latin with look-alike letters" },
	[SYM_TEXT_LINK_ONLY] = { "TEXT_LINK_ONLY", 1.5, CLASS_SPAM, "hardly any text besides a link" },
	[SYM_HTML_HIDDEN_TEXT] = { "HTML_HIDDEN_TEXT", 2.0, CLASS_SPAM, "more hidden text than shown text" },
	[SYM_HTML_TINY_TEXT] = { "HTML_TINY_TEXT", 1.0, CLASS_SPAM, "much text too small to read" },
	[SYM_HTML_IMAGE_ONLY] = { "HTML_IMAGE_ONLY", 1.5, CLASS_SPAM, "a linked image with hardly any text" },
	[SYM_HTML_FORM] = { "HTML_FORM", 2.0, CLASS_PHISH, "a form to fill in inside the mail" },
	[SYM_HTML_PASSWORD] = { "HTML_PASSWORD", 5.0, CLASS_PHISH, "a password field inside the mail" },
	[SYM_HTML_SCRIPT] = { "HTML_SCRIPT", 1.0, CLASS_PHISH, "script inside the mail" },
	[SYM_HTML_REFRESH] = { "HTML_REFRESH", 3.0, CLASS_PHISH, "the mail sends the reader on by itself" },
	[SYM_HTML_IFRAME] = { "HTML_IFRAME", 1.5, CLASS_PHISH, "a frame with foreign content" },
	[SYM_LINK_TEXT_DIFFERS] = { "LINK_TEXT_DIFFERS", 2.5, CLASS_PHISH, "a link shows one site and leads to another" },
	[SYM_LINK_IP] = { "LINK_IP", 2.5, CLASS_PHISH, "a link to a bare IP address" },
	[SYM_LINK_PUNYCODE] = { "LINK_PUNYCODE", 1.5, CLASS_PHISH, "a link to a host with encoded foreign letters" },
	[SYM_LINK_SHORTENER] = { "LINK_SHORTENER", 1.0, CLASS_SPAM, "a link through a URL shortener" },
	[SYM_LINK_USERINFO] = { "LINK_USERINFO", 3.0, CLASS_PHISH, "a link with a user name before the host" },
	[SYM_LINK_PORT] = { "LINK_PORT", 0.7, CLASS_PHISH, "a link to an unusual port" },
	[SYM_LINK_SCHEME] = { "LINK_SCHEME", 3.0, CLASS_PHISH, "a data: or javascript: link" },
	[SYM_LINK_BRAND] = { "LINK_BRAND", 3.0, CLASS_PHISH, "a link to a host that carries a well-known company's name and is not its" },
	[SYM_ATTACH_EXECUTABLE] = { "ATTACH_EXECUTABLE", 7.0, CLASS_MALWARE, "an attached program" },
	[SYM_ATTACH_DOUBLE_EXT] = { "ATTACH_DOUBLE_EXT", 5.0, CLASS_MALWARE, "an attachment that hides what it is behind two extensions" },
	[SYM_ATTACH_HTML] = { "ATTACH_HTML", 2.5, CLASS_PHISH, "an attached web page with a script or form" },
	[SYM_ATTACH_MACRO] = { "ATTACH_MACRO", 3.0, CLASS_MALWARE, "an office document with macros" },
	[SYM_ATTACH_ZIP_EXEC] = { "ATTACH_ZIP_EXEC", 6.0, CLASS_MALWARE, "an archive with a program in it" },
	[SYM_ATTACH_ZIP_LOCKED] = { "ATTACH_ZIP_LOCKED", 2.0, CLASS_MALWARE, "an archive with a password" },
	[SYM_MIME_TOO_COMPLEX] = { "MIME_TOO_COMPLEX", 3.0, CLASS_FORGED, "more parts or deeper nesting than any mail program makes" },
};
/* clang-format on */
