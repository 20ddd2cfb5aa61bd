/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows for people: tables for lists, and screens of their own for status,
 * queue show and a few more. Foreign text is cleaned before it is printed.
 */
#ifndef POSTHORN_CLI_PRINT_H
#define POSTHORN_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>

struct printer {
	const char *op;
	bool is_json;
	json_t *rows; /* kept until the columns' widths are known */
	size_t printed;
};

void print_row(struct printer *p, json_t *row);
/* The rows that were kept. */
void print_finish(struct printer *p);

#endif
