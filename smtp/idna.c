/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libidn2, which wants a C string and gives one.
 */
#include "smtp/idna.h"

#include <idn2.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

int
smtp_domain_to_ascii(struct slice domain, char out[SMTP_DOMAIN_MAX + 1])
{
	uint8_t *ascii = NULL;
	int rc = -1;

	if (domain.len > SMTP_DOMAIN_MAX || slice_find(domain, '\0') >= 0)
		return -1;
	if (utf8_is_ascii(domain)) {
		memcpy(out, domain.ptr, domain.len);
		out[domain.len] = '\0';
		return 0;
	}
	char *text = slice_dup(domain);
	if (idn2_lookup_u8((const uint8_t *)text, &ascii,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
	    smtp_domain_is_valid(slice_of((const char *)ascii))) {
		memcpy(out, ascii, strlen((const char *)ascii) + 1);
		rc = 0;
	}
	idn2_free(ascii);
	mem_free(text);
	return rc;
}
