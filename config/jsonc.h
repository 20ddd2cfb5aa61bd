/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON with comments: blanks the comments out for the JSON library, and keeps
 * where each value stands, so that messages can name a line.
 */
#ifndef POSTHORN_CONFIG_JSONC_H
#define POSTHORN_CONFIG_JSONC_H

#include <jansson.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"

struct jsonc_place;

struct jsonc {
	json_t *root;               /* an object */
	struct jsonc_place *places; /* one a value, by path */
	size_t place_count;
};

/* Parses a text of at most 1 MiB; `path` names the file in messages. */
int jsonc_parse(struct slice text, const char *path, struct jsonc *out,
    struct error *out_err) MUST_CHECK;
void jsonc_free(struct jsonc *j);
/* The line (from 1) where the value of that path starts, e.g.
 * "zones.main.sources[0].address"; 0 if there is none. */
int jsonc_line(const struct jsonc *j, const char *path);

#endif
