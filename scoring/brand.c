/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Well-known companies that phishing borrows, and the sites they own. A site
 * with the brand as its own first label counts as the brand's in any country
 * (amazon.de); others are listed.
 */
#include <string.h>

#include "scoring/check.h"

struct brand {
	const char *name;
	const char *sites; /* besides NAME.*; separated by spaces */
};

static const struct brand brands[] = {
    {"paypal", "paypal-communication.com"},
    {"amazon", "amazonses.com amazonaws.com"},
    {"apple", "icloud.com itunes.com me.com"},
    {"icloud", "apple.com"},
    {"microsoft",
	"office.com live.com outlook.com microsoftonline.com "
	"sharepoint.com windows.com"},
    {"outlook", "microsoft.com live.com office.com office365.com"},
    {"netflix", ""},
    {"facebook", "facebookmail.com fb.com meta.com"},
    {"instagram", "facebookmail.com"},
    {"linkedin", "lnkd.in"},
    {"docusign", ""},
    {"dropbox", "dropboxmail.com"},
    {"coinbase", ""},
    {"binance", ""},
    {"metamask", "consensys.net"},
    {"ledger", ""},
    {"blockchain", ""},
    {"wellsfargo", ""},
    {"citibank", "citi.com"},
    {"hsbc", ""},
    {"santander", ""},
    {"bradesco", ""},
    {"mastercard", ""},
    {"americanexpress", "aexp.com"},
    {"ebay", ""},
    {"fedex", ""},
    {"usps", ""},
    {"dhl", ""},
    {"costco", ""},
    {"walmart", ""},
    {"norton", "nortonlifelock.com"},
    {"mcafee", ""},
    {"geek squad", "bestbuy.com geeksquad.com"},
    {"spotify", ""},
    {"whatsapp", ""},
    {"trust wallet", "trustwallet.com"},
};

static bool
is_word_at(struct slice text, size_t at, size_t len)
{
	bool starts = at == 0 || !ascii_is_alnum(text.ptr[at - 1]);
	bool ends = at + len == text.len || !ascii_is_alnum(text.ptr[at + len]);

	return starts && ends;
}

const char *
check_brand_in(struct slice text)
{
	for (size_t i = 0; i < ARRAY_LEN(brands); i++) {
		ptrdiff_t at = slice_find_nocase(text, brands[i].name);
		if (at >= 0 &&
		    is_word_at(text, (size_t)at, strlen(brands[i].name)))
			return brands[i].name;
	}
	return NULL;
}

bool
check_brand_owns(const char *brand, struct slice site)
{
	struct slice label;
	struct slice rest = site;
	struct slice word;

	if (slice_cut(&rest, '.', &label) && slice_is_nocase(label, brand))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(brands); i++) {
		if (strcmp(brands[i].name, brand) != 0)
			continue;
		rest = slice_of(brands[i].sites);
		while (slice_cut(&rest, ' ', &word))
			if (word.len != 0 && slice_equal_nocase(word, site))
				return true;
	}
	return false;
}
