/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posthornd: reads its arguments and runs the daemon in the foreground.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "daemon/daemon.h"

static const char usage[] =
    "usage: posthornd [-c FILE] [--check]\n"
    "  -c, --config FILE   configuration (default " CONFIG_DEFAULT_PATH ")\n"
    "      --check         check the configuration and exit\n";

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'k'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *path = getenv("POSTHORN_CONFIG");
	bool is_check = false;
	struct error err;
	int option;

	if (path == NULL)
		path = CONFIG_DEFAULT_PATH;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c') {
			path = optarg;
		} else if (option == 'k') {
			is_check = true;
		} else {
			(void)fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	int rc = is_check ? daemon_check(path, &err) : daemon_run(path, &err);
	if (rc != 0) {
		(void)fprintf(stderr, "posthornd: %s\n", err.text);
		return 1;
	}
	if (is_check)
		(void)printf("%s: good\n", path);
	return 0;
}
