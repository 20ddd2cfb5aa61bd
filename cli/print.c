/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table is printed a page at a time: its columns are as wide as the widest
 * value of the page, at most COLUMN_MAX.
 */
#include "cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"

#define COLUMN_MAX 48
#define COLUMNS_MAX 24
#define PAGE_ROWS 200

/* A value as a clean text. */
static void
value_text(json_t *value, struct buf *out)
{
	char *dump;

	buf_reset(out);
	if (json_is_string(value)) {
		utf8_append_clean(out,
		    slice_make(
			json_string_value(value), json_string_length(value)),
		    out->cap);
	} else if (json_is_real(value)) {
		(void)buf_appendf(out, "%.1f", json_real_value(value));
	} else if (json_is_boolean(value)) {
		(void)buf_append_text(out, json_is_true(value) ? "yes" : "no");
	} else if (value != NULL) {
		dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		(void)buf_append_text(out, dump != NULL ? dump : "");
		free(dump);
	}
}

struct columns {
	const char *names[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	size_t count;
};

static size_t
find_column(struct columns *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->names[i], name) == 0)
			return i;
	if (c->count == COLUMNS_MAX)
		return COLUMNS_MAX;
	c->names[c->count] = name;
	c->widths[c->count] = strlen(name);
	return c->count++;
}

static void
measure(struct columns *c, json_t *rows)
{
	struct buf text = buf_make(4096);
	const char *name;
	json_t *row;
	json_t *value;
	size_t i;

	json_array_foreach (rows, i, row) {
		json_object_foreach (row, name, value) {
			size_t at = find_column(c, name);
			value_text(value, &text);
			if (at < COLUMNS_MAX && text.len > c->widths[at])
				c->widths[at] = text.len;
		}
	}
	for (i = 0; i + 1 < c->count; i++)
		if (c->widths[i] > COLUMN_MAX)
			c->widths[i] = COLUMN_MAX;
	buf_free(&text);
}

static void
print_table(json_t *rows)
{
	struct columns c = {0};
	struct buf text = buf_make(4096);
	json_t *row;
	size_t i;

	measure(&c, rows);
	for (size_t n = 0; n < c.count; n++)
		(void)printf("%-*s%s", n + 1 < c.count ? (int)c.widths[n] : 0,
		    c.names[n], n + 1 < c.count ? "  " : "\n");
	json_array_foreach (rows, i, row)
		for (size_t n = 0; n < c.count; n++) {
			bool is_last = n + 1 == c.count;
			value_text(json_object_get(row, c.names[n]), &text);
			(void)printf("%-*.*s%s", is_last ? 0 : (int)c.widths[n],
			    is_last ? 4096 : (int)c.widths[n], buf_text(&text),
			    is_last ? "\n" : "  ");
		}
	buf_free(&text);
}

/* "name   value" lines of what is no list. */
static void
print_fields(json_t *row, const char *indent)
{
	struct buf text = buf_make(8192);
	const char *name;
	json_t *value;

	json_object_foreach (row, name, value) {
		if (json_is_array(value) || json_is_object(value))
			continue;
		value_text(value, &text);
		(void)printf("%s%-13s %s\n", indent, name, buf_text(&text));
	}
	buf_free(&text);
}

static void
print_lists(json_t *row)
{
	const char *name;
	json_t *value;

	json_object_foreach (row, name, value) {
		if (!json_is_array(value) || json_array_size(value) == 0)
			continue;
		(void)printf("\n%s\n", name);
		if (json_is_object(json_array_get(value, 0))) {
			print_table(value);
			continue;
		}
		json_t *item;
		size_t i;
		json_array_foreach (value, i, item)
			(void)printf("  ! %s\n", json_string_value(item));
	}
}

static void
print_symbols(json_t *symbols)
{
	json_t *s;
	size_t i;

	json_array_foreach (symbols, i, s)
		(void)printf("  %+6.1f  %-20s %s\n",
		    json_number_value(json_object_get(s, "points")),
		    json_string_value(json_object_get(s, "symbol")),
		    json_string_value(json_object_get(s, "why")));
}

static const char *
text_of(json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text != NULL ? text : "";
}

/* One message: envelope, verdict, what is open, what happened. */
static void
print_message(json_t *row)
{
	json_t *symbols = json_object_get(row, "symbols");
	json_t *one;
	size_t i;

	print_fields(row, "");
	if (json_array_size(symbols) != 0) {
		(void)printf("\nwhy this score\n");
		print_symbols(symbols);
	}
	json_array_foreach (json_object_get(row, "open"), i, one) {
		(void)printf("\nopen: %s\n", text_of(one, "to"));
		(void)json_object_del(one, "to");
		print_fields(one, "  ");
	}
	if (json_array_size(json_object_get(row, "events")) != 0)
		(void)printf("\nwhat happened\n");
	json_array_foreach (json_object_get(row, "events"), i, one) {
		json_t *code = json_object_get(one, "code");
		(void)printf("  %s  %-9s %s", text_of(one, "time"),
		    text_of(one, "event"), text_of(one, "to"));
		if (text_of(one, "mx")[0] != '\0')
			(void)printf(" at %s", text_of(one, "mx"));
		if (text_of(one, "source")[0] != '\0')
			(void)printf(" from %s", text_of(one, "source"));
		if (code != NULL)
			(void)printf(": %lld %s",
			    (long long)json_integer_value(code),
			    text_of(one, "enhanced"));
		(void)printf(" %s\n", text_of(one, "text"));
	}
}

static void
print_json(json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(10));

	(void)printf("%s\n", text != NULL ? text : "{}");
	free(text);
}

/* base64 of a message's octets, strictly as the daemon writes it. */
static void
print_base64(const char *text)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0;
	int have = 0;

	for (; *text != '\0' && *text != '='; text++) {
		const char *at = strchr(alphabet, *text);
		if (at == NULL)
			return;
		bits = bits << 6 | (unsigned int)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			(void)putchar((int)(bits >> have & 0xff));
		}
	}
}

/* One line an event: number, time, name, then key=value. */
static void
print_event(json_t *row)
{
	struct buf text = buf_make(8192);
	const char *name;
	json_t *value;

	(void)printf("%8lld  %s  %-9s",
	    (long long)json_integer_value(json_object_get(row, "seq")),
	    text_of(row, "time"), text_of(row, "event"));
	json_object_foreach (row, name, value) {
		if (strcmp(name, "seq") == 0 || strcmp(name, "time") == 0 ||
		    strcmp(name, "event") == 0)
			continue;
		value_text(value, &text);
		(void)printf("  %s=%s", name, buf_text(&text));
	}
	(void)putchar('\n');
	(void)fflush(stdout);
	buf_free(&text);
}

void
print_row(struct printer *p, json_t *row)
{
	p->printed++;
	if (strcmp(p->op, "queue.cat") == 0) {
		print_base64(text_of(row, "base64"));
		return;
	}
	if (p->is_json) {
		print_json(row);
		(void)fflush(stdout);
		return;
	}
	if (strcmp(p->op, "queue.show") == 0) {
		print_message(row);
	} else if (strcmp(p->op, "config.show") == 0) {
		char *text = json_dumps(row, JSON_INDENT(2));
		(void)printf("%s\n", text);
		free(text);
	} else if (strcmp(p->op, "status") == 0 ||
	    strcmp(p->op, "zone.show") == 0 ||
	    strcmp(p->op, "account.show") == 0) {
		print_fields(row, "");
		print_lists(row);
	} else if (strcmp(p->op, "events") == 0) {
		print_event(row);
	} else {
		if (p->rows == NULL)
			p->rows = json_array();
		(void)json_array_append(p->rows, row);
		if (json_array_size(p->rows) == PAGE_ROWS)
			print_finish(p);
	}
}

void
print_finish(struct printer *p)
{
	if (p->rows == NULL)
		return;
	print_table(p->rows);
	json_decref(p->rows);
	p->rows = NULL;
}
