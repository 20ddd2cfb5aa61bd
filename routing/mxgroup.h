/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that take mail for a domain, and the MX group they belong to: the
 * operator behind them, so that all its domains share lanes. Pure.
 */
#ifndef POSTHORN_ROUTING_MXGROUP_H
#define POSTHORN_ROUTING_MXGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define MX_HOSTS_MAX 20
#define MX_NAME_BYTES 256

struct mx_host {
	uint16_t preference;
	char name[MX_NAME_BYTES]; /* lower case, no dot at the end */
};

struct mx_list {
	struct mx_host hosts[MX_HOSTS_MAX];
	size_t count;
};

/* Adds a host unless it is there, the list is full or the name is no host
 * name. Says whether it was added. */
bool mx_list_add(struct mx_list *list, uint16_t preference, struct slice name);
/* By preference; equal ones in an order that `seed` shuffles (RFC 5321 5.1). */
void mx_list_sort(struct mx_list *list, uint64_t seed);
/*
 * Drops `self` and every host of the same or worse preference, so that mail
 * does not loop (RFC 5321 5.1). True when `self` was in the list.
 */
bool mx_list_drop_self(struct mx_list *list, struct slice self);

/*
 * The group: the registrable domain of the most preferred host (google.com),
 * or the host itself where it has none. `out` holds MX_NAME_BYTES.
 */
void mx_group_name(const struct mx_list *list, char *out);

#endif
