/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where links lead, and what they pretend.
 */
#include <arpa/inet.h>
#include <string.h>

#include "scoring/check.h"
#include "smtp/address.h"

static bool
is_ip(struct slice host)
{
	char name[64] = "";
	unsigned char address[16];

	if (host.len != 0 && host.ptr[0] == '[')
		return true;
	if (host.len == 0 || host.len >= sizeof(name))
		return false;
	memcpy(name, host.ptr, host.len);
	return inet_pton(AF_INET, name, address) == 1;
}

static bool
is_private_ip(struct slice host)
{
	return slice_starts_nocase(host, "10.") ||
	    slice_starts_nocase(host, "192.168.") ||
	    slice_starts_nocase(host, "127.") ||
	    slice_starts_nocase(host, "172.16.");
}

static bool
is_shortener(struct slice host)
{
	static const char *const hosts[] = {"bit.ly", "tinyurl.com", "t.co",
	    "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly",
	    "shorturl.at", "rb.gy", "t.ly", "tiny.cc", "s.id", "v.gd",
	    "qrco.de", "lnkd.in", "dub.sh", "short.gy"};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (slice_is_nocase(host, hosts[i]))
			return true;
	return false;
}

/* The authority of a URL: between "//" and the path. */
static struct slice
authority_of(struct slice url)
{
	ptrdiff_t at = slice_find_nocase(url, "//");

	if (at < 0)
		return SLICE("");
	url = slice_sub(url, (size_t)at + 2, SIZE_MAX);
	size_t len = 0;
	while (len < url.len && strchr("/?#", url.ptr[len]) == NULL)
		len++;
	return slice_sub(url, 0, len);
}

/* The host that a link's text shows, if it looks like one. */
static struct slice
shown_host(struct slice text)
{
	ptrdiff_t at = slice_find_nocase(text, "://");
	size_t len = 0;

	if (at >= 0)
		text = slice_sub(text, (size_t)at + 3, SIZE_MAX);
	while (len < text.len &&
	    (ascii_is_alnum(text.ptr[len]) || text.ptr[len] == '.' ||
		text.ptr[len] == '-'))
		len++;
	/* "www.x.org/y" is a link; "Mr.Smith said" and "me@x.org" are not. */
	if (len < text.len && strchr("/?:# ", text.ptr[len]) == NULL)
		return SLICE("");
	if (at < 0 && len < text.len && text.ptr[len] == ' ')
		return SLICE("");
	struct slice host = slice_sub(text, 0, len);
	return slice_find(host, '.') > 0 && smtp_domain_is_valid(host)
	    ? host
	    : SLICE("");
}

static void
check_deceit(struct check *c, const struct view_link *link, struct slice site)
{
	struct slice own =
	    check_site(c, smtp_address_domain(c->view->from_address));
	struct slice shown = shown_host(link->text);
	char lower[256];

	/* Click counters on the sender's own site are no deceit. */
	if (shown.len != 0 && shown.len < sizeof(lower) && site.len != 0 &&
	    !slice_equal_nocase(site, own)) {
		for (size_t i = 0; i < shown.len; i++)
			lower[i] = ascii_lower(shown.ptr[i]);
		struct slice shown_site =
		    check_site(c, slice_make(lower, shown.len));
		if (shown_site.len != 0 && !slice_equal(shown_site, site))
			check_found(c, SYM_LINK_TEXT_DIFFERS,
			    "shows %.*s, leads to %.*s", SLICE_ARGS(shown_site),
			    SLICE_ARGS(link->host));
	}
	const char *brand = check_brand_in(link->host);
	if (brand != NULL && site.len != 0 && !check_brand_owns(brand, site) &&
	    !slice_equal_nocase(site, own))
		check_found(c, SYM_LINK_BRAND, "%.*s", SLICE_ARGS(link->host));
}

static void
check_authority(struct check *c, const struct view_link *link)
{
	struct slice authority = authority_of(link->url);
	ptrdiff_t at = slice_rfind(authority, '@');

	if (at >= 0)
		check_found(
		    c, SYM_LINK_USERINFO, "%.*s", SLICE_ARGS(authority));
	struct slice host = slice_sub(authority, (size_t)(at + 1), SIZE_MAX);
	ptrdiff_t colon = slice_rfind(host, ':');
	uint64_t port;
	if (colon > 0 &&
	    slice_to_u64(slice_sub(host, (size_t)colon + 1, SIZE_MAX), &port) ==
		0 &&
	    port != 80 && port != 443 && port != 8080 && port != 8443)
		check_found(c, SYM_LINK_PORT, "%.*s", SLICE_ARGS(host));
}

void
check_links(struct check *c)
{
	const struct view *v = c->view;

	for (size_t i = 0; i < v->link_count; i++) {
		const struct view_link *link = &v->links[i];
		if (slice_starts_nocase(link->url, "data:") ||
		    slice_starts_nocase(link->url, "javascript:")) {
			/* "javascript:void(0)" is a dead link, no attack. */
			if (!slice_starts_nocase(link->url, "javascript:void"))
				check_found(c, SYM_LINK_SCHEME, "%.*s",
				    (int)(link->url.len < 60 ? link->url.len
							     : 60),
				    link->url.ptr);
			continue;
		}
		if (link->host.len == 0)
			continue;
		if (is_ip(link->host) && !is_private_ip(link->host))
			check_found(
			    c, SYM_LINK_IP, "%.*s", SLICE_ARGS(link->host));
		if (slice_find_nocase(link->host, "xn--") >= 0)
			check_found(c, SYM_LINK_PUNYCODE, "%.*s",
			    SLICE_ARGS(link->host));
		struct slice site = check_site(c, link->host);
		if (is_shortener(link->host))
			check_found(c, SYM_LINK_SHORTENER, "%.*s",
			    SLICE_ARGS(link->host));
		check_authority(c, link);
		check_deceit(c, link, site);
	}
}
