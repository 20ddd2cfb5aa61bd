/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the header shows: who the mail says it is from, where answers go, what
 * the subject looks like.
 */
#include <string.h>

#include "base/utf8.h"
#include "scoring/check.h"
#include "smtp/address.h"
#include "smtp/header.h"

static struct slice
site_of(const struct check *c, struct slice address)
{
	return check_site(c, smtp_address_domain(address));
}

static bool
is_free_mailbox(struct slice site)
{
	static const char *const sites[] = {"gmail.com", "yahoo.com",
	    "hotmail.com", "outlook.com", "aol.com", "gmx.com", "gmx.de",
	    "mail.ru", "yandex.ru", "yandex.com", "protonmail.com", "live.com",
	    "163.com", "qq.com", "mail.com", "zoho.com", "yahoo.co.uk"};

	for (size_t i = 0; i < ARRAY_LEN(sites); i++)
		if (slice_is_nocase(site, sites[i]))
			return true;
	return false;
}

static void
check_from(struct check *c)
{
	const struct view *v = c->view;
	struct slice site = site_of(c, v->from_address);

	if (v->from_address.len == 0) {
		check_found(c, SYM_FROM_MISSING, "%s", "");
		return;
	}
	ptrdiff_t at = slice_find(v->from_name, '@');
	if (at > 0) {
		struct slice domain =
		    slice_sub(v->from_name, (size_t)at + 1, SIZE_MAX);
		size_t len = 0;
		while (len < domain.len &&
		    (ascii_is_alnum(domain.ptr[len]) ||
			domain.ptr[len] == '.' || domain.ptr[len] == '-'))
			len++;
		domain = slice_sub(domain, 0, len);
		struct slice shown = check_site(c, domain);
		if (shown.len != 0 && !slice_equal_nocase(shown, site))
			check_found(c, SYM_FROM_NAME_ADDRESS, "%.*s, from %.*s",
			    SLICE_ARGS(v->from_name),
			    SLICE_ARGS(v->from_address));
	}
	const char *brand = check_brand_in(v->from_name);
	if (brand != NULL && !check_brand_owns(brand, site))
		check_found(c, SYM_FROM_BRAND, "\"%.*s\" at %.*s",
		    SLICE_ARGS(v->from_name), SLICE_ARGS(v->from_address));
	struct slice reply_site = site_of(c, v->reply_to);
	if (is_free_mailbox(reply_site) && site.len != 0 &&
	    !slice_equal_nocase(reply_site, site))
		check_found(
		    c, SYM_REPLY_TO_ELSEWHERE, "%.*s", SLICE_ARGS(v->reply_to));
}

static bool
is_shouted(struct slice subject)
{
	size_t upper = 0;
	size_t lower = 0;

	for (size_t i = 0; i < subject.len; i++) {
		upper += subject.ptr[i] >= 'A' && subject.ptr[i] <= 'Z';
		lower += subject.ptr[i] >= 'a' && subject.ptr[i] <= 'z';
	}
	return upper >= 10 && lower * 6 <= upper;
}

static bool
starts_with_reply(struct slice subject)
{
	return slice_starts_nocase(subject, "re:") ||
	    slice_starts_nocase(subject, "re[") ||
	    slice_starts_nocase(subject, "aw:");
}

static void
check_subject(struct check *c)
{
	struct slice s = c->view->subject;

	if (s.len == 0) {
		check_found(c, SYM_SUBJECT_EMPTY, "%s", "");
		return;
	}
	if (is_shouted(s))
		check_found(c, SYM_SUBJECT_CAPS, "%.*s", SLICE_ARGS(s));
	if (slice_find_nocase(s, "!!") >= 0 ||
	    slice_find_nocase(s, "?!") >= 0 || slice_find_nocase(s, "$$") >= 0)
		check_found(c, SYM_SUBJECT_LOUD, "%.*s", SLICE_ARGS(s));
	bool has_tool = slice_find_nocase(s, "smtp") >= 0 ||
	    slice_find_nocase(s, "socks4") >= 0 ||
	    slice_find_nocase(s, "socks5") >= 0;
	if (has_tool &&
	    (slice_find(s, '@') >= 0 || slice_find(s, '|') >= 0 ||
		slice_find_nocase(s, ":587") >= 0 ||
		slice_find_nocase(s, ":465") >= 0))
		check_found(c, SYM_SUBJECT_PROBE, "%.*s", SLICE_ARGS(s));
	if (starts_with_reply(s) && !c->view->has_references)
		check_found(c, SYM_FAKE_REPLY, "%.*s", SLICE_ARGS(s));
}

void
check_header(struct check *c)
{
	struct smtp_field f;

	check_from(c);
	check_subject(c);
	/* PHP's mail.add_x_header names the file; "eval()'d code" in it means
	 * code that came with a request or out of a database. */
	if (smtp_field_find(c->view->header, "X-PHP-Originating-Script", &f) &&
	    slice_find_nocase(f.value, "eval()'d code") >= 0)
		check_found(c, SYM_PHP_SCRIPT, "%.*s",
		    (int)(f.value.len < 100 ? f.value.len : 100), f.value.ptr);
}
