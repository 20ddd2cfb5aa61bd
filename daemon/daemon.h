/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon as a whole: its parts, started and stopped in order.
 */
#ifndef POSTHORN_DAEMON_DAEMON_H
#define POSTHORN_DAEMON_DAEMON_H

#include "base/attr.h"
#include "base/error.h"

/* Runs until SIGTERM or SIGINT; 0, or -1 when it could not start. */
int daemon_run(const char *config_path, struct error *out_err) MUST_CHECK;
/* Checks a configuration as a start would, without touching the data. */
int daemon_check(const char *config_path, struct error *out_err) MUST_CHECK;

#endif
