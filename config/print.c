/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schema and a loaded configuration as text: the reference page, the
 * effective settings, and what differs between two of them.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "config/config.h"
#include "config/schema.h"

static json_t *print_object(const struct schema *schema, const char *base);

static json_t *
print_cidr(const struct config_cidr *c)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char name[INET6_ADDRSTRLEN] = "";
	bool is_v4 = memcmp(c->address, mapped, sizeof(mapped)) == 0;

	(void)inet_ntop(is_v4 ? AF_INET : AF_INET6,
	    c->address + (is_v4 ? 12 : 0), name, sizeof(name));
	return json_sprintf("%s/%u", name, c->bits - (is_v4 ? 96 : 0));
}

static json_t *
print_duration(int64_t ms)
{
	char text[UNITS_TEXT_BYTES];

	units_print_duration(ms, text);
	return json_string(text);
}

struct list {
	const char *items;
	size_t count;
};

static struct list
get_list(const char *at)
{
	struct list list;

	memcpy(&list.items, at, sizeof(list.items));
	memcpy(&list.count, at + sizeof(list.items), sizeof(list.count));
	return list;
}

static json_t *
print_list(const struct schema_field *f, const char *at)
{
	struct list list = get_list(at);
	json_t *out = f->type == SCHEMA_MAP ? json_object() : json_array();

	for (size_t i = 0; i < list.count; i++) {
		const char *item;
		json_t *value = NULL;
		if (f->type == SCHEMA_DURATIONS) {
			int64_t ms;
			memcpy(&ms, list.items + i * sizeof(ms), sizeof(ms));
			value = print_duration(ms);
		} else if (f->type == SCHEMA_CIDRS) {
			value = print_cidr(
			    &((const struct config_cidr *)(const void *)
				    list.items)[i]);
		} else if (f->type == SCHEMA_TEXTS) {
			memcpy(
			    &item, list.items + i * sizeof(item), sizeof(item));
			value = json_string(item);
		} else {
			item = list.items + i * f->object->size;
			value = print_object(f->object, item);
		}
		if (f->type == SCHEMA_MAP) {
			const char *name;
			memcpy(&name, list.items + i * f->object->size,
			    sizeof(name));
			(void)json_object_set_new(out, name, value);
		} else {
			(void)json_array_append_new(out, value);
		}
	}
	return out;
}

static json_t *
print_field(const struct schema_field *f, const char *base)
{
	const char *at = base + f->offset;
	int64_t number = 0;
	double real;
	const char *text;

	switch (f->type) {
	case SCHEMA_TEXT:
		memcpy(&text, at, sizeof(text));
		if (text == NULL)
			return NULL;
		return json_string(
		    (f->flags & SCHEMA_SECRET) != 0 ? "(secret)" : text);
	case SCHEMA_REAL:
		memcpy(&real, at, sizeof(real));
		return json_real(real);
	case SCHEMA_INT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
	case SCHEMA_ENUM:
		memcpy(&number, at, sizeof(number));
		if (f->type == SCHEMA_ENUM)
			return json_string(f->names[number]);
		return f->type == SCHEMA_DURATION ? print_duration(number)
						  : json_integer(number);
	case SCHEMA_CIDR:
		return print_cidr((const void *)at);
	case SCHEMA_OBJECT:
		return print_object(f->object, base);
	case SCHEMA_TEXTS:
	case SCHEMA_DURATIONS:
	case SCHEMA_CIDRS:
	case SCHEMA_LIST:
	case SCHEMA_MAP:
		return print_list(f, at);
	}
	return NULL;
}

static json_t *
print_object(const struct schema *schema, const char *base)
{
	json_t *out = json_object();

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *f = &schema->fields[i];
		json_t *value = print_field(f, base);
		if (value != NULL)
			(void)json_object_set_new(out, f->name, value);
	}
	return out;
}

void
config_print(const struct config *c, struct buf *out)
{
	json_t *root = print_object(&schema_root, (const char *)c);
	char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	(void)buf_append_text(out, text);
	(void)buf_append_char(out, '\n');
	free(text);
	json_decref(root);
}

static int
find_difference(const struct schema *schema, const struct config *a,
    const struct config *b, const char *prefix, struct error *out_err)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *f = &schema->fields[i];
		if (f->type == SCHEMA_OBJECT) {
			if (find_difference(
				f->object, a, b, f->name, out_err) != 0)
				return -1;
			continue;
		}
		if ((f->flags & SCHEMA_RESTART) == 0)
			continue;
		json_t *x = print_field(f, (const char *)a);
		json_t *y = print_field(f, (const char *)b);
		bool is_same = x == y || json_equal(x, y) == 1;
		json_decref(x);
		json_decref(y);
		if (!is_same)
			return error_set(out_err,
			    "%s%s%s: can't change while running: restart "
			    "posthornd, or set it back",
			    prefix, prefix[0] != '\0' ? "." : "", f->name);
	}
	return 0;
}

int
config_can_reload(const struct config *old_config,
    const struct config *new_config, struct error *out_err)
{
	return find_difference(
	    &schema_root, old_config, new_config, "", out_err);
}

static const char *
type_name(const struct schema_field *f)
{
	switch (f->type) {
	case SCHEMA_TEXT:
		return "text";
	case SCHEMA_INT:
		return "whole number";
	case SCHEMA_SIZE:
		return "size";
	case SCHEMA_DURATION:
		return "time";
	case SCHEMA_REAL:
		return "number";
	case SCHEMA_ENUM:
		return "one of";
	case SCHEMA_CIDR:
		return "address range";
	case SCHEMA_TEXTS:
		return "list of texts";
	case SCHEMA_DURATIONS:
		return "list of times";
	case SCHEMA_CIDRS:
		return "list of address ranges";
	case SCHEMA_OBJECT:
		return "object";
	case SCHEMA_LIST:
		return "list of objects";
	case SCHEMA_MAP:
		return "objects by name";
	}
	return "";
}

static void
print_bounds(struct buf *out, const struct schema_field *f)
{
	char min[UNITS_TEXT_BYTES];
	char max[UNITS_TEXT_BYTES];

	if (f->min == 0 && f->max == 0)
		return;
	if (f->type == SCHEMA_DURATION || f->type == SCHEMA_DURATIONS) {
		units_print_duration(f->min, min);
		units_print_duration(f->max, max);
		(void)buf_appendf(out, ", %s to %s", min, max);
	} else {
		(void)buf_appendf(
		    out, ", %" PRId64 " to %" PRId64, f->min, f->max);
	}
}

static void
print_reference(
    const struct schema *schema, const char *prefix, struct buf *out)
{
	char path[200];

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *f = &schema->fields[i];
		(void)snprintf(path, sizeof(path), "%s%s%s", prefix,
		    prefix[0] != '\0' ? "." : "", f->name);
		(void)buf_appendf(out, "%s\n    %s", path, type_name(f));
		for (size_t n = 0; f->names != NULL && f->names[n] != NULL; n++)
			(void)buf_appendf(
			    out, "%s%s", n != 0 ? ", " : " ", f->names[n]);
		print_bounds(out, f);
		if (f->default_text != NULL)
			(void)buf_appendf(out, "; default %s", f->default_text);
		if ((f->flags & SCHEMA_REQUIRED) != 0)
			(void)buf_append_text(out, "; required");
		if ((f->flags & SCHEMA_RESTART) != 0)
			(void)buf_append_text(out, "; needs a restart");
		(void)buf_appendf(out, "\n    %s\n\n", f->help);
		if (f->object == NULL)
			continue;
		if (f->type == SCHEMA_LIST)
			(void)strncat(
			    path, "[]", sizeof(path) - strlen(path) - 1);
		else if (f->type == SCHEMA_MAP)
			(void)strncat(
			    path, ".NAME", sizeof(path) - strlen(path) - 1);
		print_reference(f->object, path, out);
	}
}

void
config_print_reference(struct buf *out)
{
	print_reference(&schema_root, "", out);
}
