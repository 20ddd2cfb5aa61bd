/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains in Unicode (IDNA 2008, RFC 5890) as DNS knows them. Pure.
 */
#ifndef POSTHORN_SMTP_IDNA_H
#define POSTHORN_SMTP_IDNA_H

#include "base/attr.h"
#include "base/slice.h"
#include "smtp/address.h"

/* The A-label form (ASCII, lower case); ASCII domains and literals are
 * copied. -1 when it has none. */
int smtp_domain_to_ascii(
    struct slice domain, char out[SMTP_DOMAIN_MAX + 1]) MUST_CHECK;

#endif
