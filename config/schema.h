/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of the configuration as a table: what the loader checks, what
 * `config reference` prints and what the sample file is tested against.
 * Read-only; any thread.
 */
#ifndef POSTHORN_CONFIG_SCHEMA_H
#define POSTHORN_CONFIG_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum schema_type {
	SCHEMA_TEXT = 0,  /* const char * */
	SCHEMA_INT,       /* int64_t */
	SCHEMA_SIZE,      /* int64_t bytes; "10k" or a number */
	SCHEMA_DURATION,  /* int64_t ms; "90s" or a number of seconds */
	SCHEMA_REAL,      /* double */
	SCHEMA_ENUM,      /* int64_t, index into names */
	SCHEMA_CIDR,      /* struct config_cidr */
	SCHEMA_TEXTS,     /* struct config_texts */
	SCHEMA_DURATIONS, /* int64_t * and a size_t behind it */
	SCHEMA_CIDRS,     /* struct config_cidr * and a size_t behind it */
	SCHEMA_OBJECT,    /* a nested struct */
	SCHEMA_LIST,      /* struct * and a size_t behind it: [ {...} ] */
	SCHEMA_MAP,       /* likewise: { "name": {...} }, name comes first */
};

enum schema_flags {
	SCHEMA_REQUIRED = 1, /* must be given */
	SCHEMA_RESTART = 2,  /* a reload can't change it */
	SCHEMA_SECRET = 4,   /* masked when shown */
};

struct schema_field {
	const char *name;
	enum schema_type type;
	size_t offset;
	const char *default_text;    /* as in the file, without quotes */
	int64_t min, max;            /* numbers, sizes, ms; both 0: any */
	const char *const *names;    /* of an enum; ends with null */
	const struct schema *object; /* of OBJECT, LIST and MAP */
	unsigned int flags;
	const char *help;
};

struct schema {
	size_t size; /* of the struct; 0 for a nested one */
	size_t field_count;
	const struct schema_field *fields;
};

/* The table of the whole file. */
extern const struct schema schema_root;

/* The known name nearest to `name`, or null when none is near. */
const char *schema_nearest(const struct schema *schema, const char *name);

#endif
