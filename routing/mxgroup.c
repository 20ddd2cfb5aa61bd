/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registrable domains by the public suffix list that libpsl carries.
 */
#include "routing/mxgroup.h"

#include <libpsl.h>
#include <stdio.h>

#include "smtp/address.h"

bool
mx_list_add(struct mx_list *list, uint16_t preference, struct slice name)
{
	if (name.len != 0 && name.ptr[name.len - 1] == '.')
		name.len--;
	if (list->count == MX_HOSTS_MAX || name.len >= MX_NAME_BYTES ||
	    !smtp_domain_is_valid(name))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (slice_is_nocase(name, list->hosts[i].name))
			return false;
	struct mx_host *host = &list->hosts[list->count++];
	host->preference = preference;
	for (size_t i = 0; i < name.len; i++)
		host->name[i] = ascii_lower(name.ptr[i]);
	host->name[name.len] = '\0';
	return true;
}

void
mx_list_sort(struct mx_list *list, uint64_t seed)
{
	/* Shuffle, then a stable sort by preference. */
	for (size_t i = list->count; i > 1; i--) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		size_t j = (size_t)((seed >> 33) % i);
		struct mx_host swap = list->hosts[i - 1];
		list->hosts[i - 1] = list->hosts[j];
		list->hosts[j] = swap;
	}
	for (size_t i = 1; i < list->count; i++) {
		struct mx_host host = list->hosts[i];
		size_t j = i;
		for (; j > 0 && list->hosts[j - 1].preference > host.preference;
		     j--)
			list->hosts[j] = list->hosts[j - 1];
		list->hosts[j] = host;
	}
}

bool
mx_list_drop_self(struct mx_list *list, struct slice self)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!slice_is_nocase(self, list->hosts[i].name))
			continue;
		uint16_t own = list->hosts[i].preference;
		size_t kept = 0;
		for (size_t j = 0; j < list->count; j++)
			if (list->hosts[j].preference < own)
				list->hosts[kept++] = list->hosts[j];
		list->count = kept;
		return true;
	}
	return false;
}

void
mx_group_name(const struct mx_list *list, char *out)
{
	out[0] = '\0';
	if (list->count == 0)
		return;
	/* One psl_builtin() a process; read-only, any thread. */
	const char *best =
	    psl_registrable_domain(psl_builtin(), list->hosts[0].name);
	if (best == NULL)
		best = list->hosts[0].name;
	(void)snprintf(out, MX_NAME_BYTES, "%s", best);
}
