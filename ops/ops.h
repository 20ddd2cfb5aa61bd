/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one table of operations: everything that an operator can ask of a
 * running daemon, with its words, arguments and rights. The control socket
 * checks calls against it, the CLI parses and explains by it. Handlers are
 * the daemon's and bound by name. Read-only; any thread.
 */
#ifndef POSTHORN_OPS_OPS_H
#define POSTHORN_OPS_OPS_H

#include <jansson.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/slice.h"

enum op_rights {
	OP_READ = 0, /* looks */
	OP_WRITE,    /* changes something; audited by an event */
};

enum op_arg_kind {
	OP_POSITIONAL = 0, /* by place */
	OP_REST,           /* all further words, a list */
	OP_OPTION,         /* --name VALUE */
	OP_FLAG,           /* --name */
	OP_LINES,          /* standard input, a list; calls take it in parts */
};

enum op_arg_type {
	OP_TEXT = 0,
	OP_INT,
	OP_REAL,
	OP_DURATION, /* 90s, 4d; milliseconds on the wire */
	OP_SINCE,    /* a duration back from now, a time, or a cursor */
};

struct op_arg {
	const char *name; /* key on the wire; option names use - for _ */
	enum op_arg_kind kind;
	enum op_arg_type type;
	int is_required;
	const char *help;
};

struct op {
	const char *name;  /* "queue.list" */
	const char *words; /* "queue list" */
	enum op_rights rights;
	const struct op_arg *args; /* ends with a null name */
	const char *help;
};

extern const struct op ops[];
extern const size_t ops_count;

const struct op *op_find(const char *name);
/* Checks a call's arguments: known names, right types, required ones there. */
int op_check(
    const struct op *op, json_t *args, struct error *out_err) MUST_CHECK;
/* Reads one argument's text into its wire form; null with an error. */
json_t *op_parse_value(const struct op_arg *arg, const char *text,
    struct error *out_err) MUST_CHECK;

#endif
