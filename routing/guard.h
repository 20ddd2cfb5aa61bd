/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that mail is not to be delivered to: what MX records must not
 * point to (SSRF, loops). Decided on the address that is connected to. Pure.
 */
#ifndef POSTHORN_ROUTING_GUARD_H
#define POSTHORN_ROUTING_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

/* Loopback, private, link-local, multicast, unspecified and other addresses
 * that are not of the public internet (IPv4 mapped into IPv6). */
bool guard_is_private(const uint8_t address[16]);
/* May mail be delivered to the address? Public, or in the allowed ranges. */
bool guard_allows(const uint8_t address[16], const struct config_cidr *allowed,
    size_t allowed_count);

#endif
