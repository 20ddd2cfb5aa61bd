/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One form inside, two families outside.
 */
#include "daemon/net/addr.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

int
addr_parse(const char *ip, uint16_t port, struct addr *out)
{
	out->port = port;
	if (inet_pton(AF_INET, ip, out->ip + 12) == 1) {
		memcpy(out->ip, mapped, sizeof(mapped));
		return 0;
	}
	return inet_pton(AF_INET6, ip, out->ip) == 1 ? 0 : -1;
}

bool
addr_is_v4(const struct addr *a)
{
	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

void
addr_print(const struct addr *a, char out[ADDR_TEXT_BYTES])
{
	bool is_v4 = addr_is_v4(a);

	if (inet_ntop(is_v4 ? AF_INET : AF_INET6, a->ip + (is_v4 ? 12 : 0), out,
		ADDR_TEXT_BYTES) == NULL)
		out[0] = '\0';
}

socklen_t
addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	memset(out, 0, sizeof(*out));
	if (addr_is_v4(a)) {
		memcpy(&v4.sin_addr, a->ip + 12, 4);
		v4.sin_port = htons(a->port);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, a->ip, 16);
	v6.sin6_port = htons(a->port);
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

void
addr_from_sockaddr(const struct sockaddr_storage *in, struct addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct addr){0};
	if (in->ss_family == AF_INET) {
		memcpy(&v4, in, sizeof(v4));
		memcpy(out->ip, mapped, sizeof(mapped));
		memcpy(out->ip + 12, &v4.sin_addr, 4);
		out->port = ntohs(v4.sin_port);
	} else if (in->ss_family == AF_INET6) {
		memcpy(&v6, in, sizeof(v6));
		memcpy(out->ip, &v6.sin6_addr, 16);
		out->port = ntohs(v6.sin6_port);
	}
}
