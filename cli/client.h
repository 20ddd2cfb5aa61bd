/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call on the control socket, from the CLI's side.
 */
#ifndef POSTHORN_CLI_CLIENT_H
#define POSTHORN_CLI_CLIENT_H

#include <jansson.h>

#include <stdbool.h>

#include "base/attr.h"

/* What the program ends with; INTERFACES fixes the numbers. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_REACHABLE = 3,
	CLI_NOT_FOUND = 4,
};

/*
 * Calls `op` with `args` (taken) at the daemon of `socket_path`; `on_row`
 * sees each row. Errors go to stderr.
 */
enum cli_exit client_call(const char *socket_path, const char *op, json_t *args,
    void (*on_row)(void *arg, json_t *row), void *arg) MUST_CHECK;

#endif
