/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `posthorn score`: scores files by itself, no daemon needed.
 */
#ifndef POSTHORN_CLI_SCORE_H
#define POSTHORN_CLI_SCORE_H

#include "cli/client.h"
#include "scoring/score.h"

/* Prints the verdict of each file ("-": standard input). */
enum cli_exit score_files(
    const struct scorer *s, char **files, int count, int is_json);
/* Paths on standard input; `path<TAB>score` lines on standard output. */
enum cli_exit score_tsv(const struct scorer *s);

#endif
