/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket addresses: IP and port, printed and read. IPv4 is kept as IPv4
 * mapped into IPv6 where only the 16 bytes count. Pure.
 */
#ifndef POSTHORN_DAEMON_NET_ADDR_H
#define POSTHORN_DAEMON_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"

#define ADDR_TEXT_BYTES 64

struct addr {
	uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;  /* host order */
};

int addr_parse(const char *ip, uint16_t port, struct addr *out) MUST_CHECK;
bool addr_is_v4(const struct addr *a);
/* "192.0.2.1" or "2001:db8::1". */
void addr_print(const struct addr *a, char out[ADDR_TEXT_BYTES]);
/* Fills a sockaddr of the address' own family; its length is returned. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);
void addr_from_sockaddr(const struct sockaddr_storage *in, struct addr *out);

#endif
