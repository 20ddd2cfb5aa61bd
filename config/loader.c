/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills struct config by the schema table, then checks what one field alone
 * can't show (a zone that a route names, a certificate that a listener
 * needs). Stops at the first mistake; the result is whole or is not.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/units.h"
#include "config/config.h"
#include "config/jsonc.h"
#include "config/schema.h"
#include "smtp/address.h"

#define PATH_BYTES 512

/* What config_unref() needs; config comes first, so pointers convert. */
struct loaded {
	struct config config;
	struct arena arena;
	_Atomic int references;
};

struct loader {
	struct jsonc json;
	const char *file;
	struct arena *arena;
	struct error *err;
	char path[PATH_BYTES]; /* of the value at hand, for messages */
};

static int
fail(struct loader *l, const char *what)
{
	int line = jsonc_line(&l->json, l->path);

	/* A value that is not there: the nearest enclosing one that is. */
	char *end;
	char outer[PATH_BYTES];
	(void)snprintf(outer, sizeof(outer), "%s", l->path);
	while (line == 0 && (end = strrchr(outer, '.')) != NULL) {
		*end = '\0';
		line = jsonc_line(&l->json, outer);
	}
	return error_set(l->err, "%s:%d: %s: %s", l->file, line > 0 ? line : 1,
	    l->path, what);
}

static int failf(struct loader *l, const char *format, ...) PRINTF_LIKE(2, 3);

static int
failf(struct loader *l, const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fail(l, text);
}

static int load_object(
    struct loader *l, const struct schema *schema, json_t *value, char *base);

static int
check_bounds(struct loader *l, const struct schema_field *f, int64_t value)
{
	if ((f->min == 0 && f->max == 0) ||
	    (value >= f->min && value <= f->max))
		return 0;
	if (f->type == SCHEMA_DURATION || f->type == SCHEMA_DURATIONS) {
		char min[UNITS_TEXT_BYTES];
		char max[UNITS_TEXT_BYTES];
		units_print_duration(f->min, min);
		units_print_duration(f->max, max);
		return failf(l, "expected %s to %s", min, max);
	}
	return failf(l, "expected %" PRId64 " to %" PRId64 ", got %" PRId64,
	    f->min, f->max, value);
}

/* A size or duration: text with a unit, or a bare number. */
static int
load_quantity(
    struct loader *l, const struct schema_field *f, json_t *value, int64_t *out)
{
	bool is_size = f->type == SCHEMA_SIZE;
	uint64_t bytes;
	int rc = -1;

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    json_integer_value(value) < INT64_MAX / 1000) {
		*out = json_integer_value(value) * (is_size ? 1 : 1000);
		rc = 0;
	} else if (json_is_string(value)) {
		struct slice text = slice_of(json_string_value(value));
		rc = is_size ? units_parse_size(text, &bytes)
			     : units_parse_duration(text, out);
		if (rc == 0 && is_size)
			*out = (int64_t)bytes;
	}
	if (rc != 0)
		return fail(l,
		    is_size ? "expected a size, such as \"25M\""
			    : "expected a time, such as \"90s\"");
	return check_bounds(l, f, *out);
}

static int
load_enum(
    struct loader *l, const struct schema_field *f, json_t *value, int64_t *out)
{
	struct buf names = buf_make(200);

	for (int64_t i = 0; f->names[i] != NULL; i++) {
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), f->names[i]) == 0) {
			*out = i;
			buf_free(&names);
			return 0;
		}
		(void)buf_appendf(
		    &names, "%s\"%s\"", i != 0 ? ", " : "", f->names[i]);
	}
	(void)failf(l, "expected one of %s", buf_text(&names));
	buf_free(&names);
	return -1;
}

static int
load_cidr(struct loader *l, json_t *value, struct config_cidr *out)
{
	if (json_is_string(value) &&
	    config_cidr_parse(slice_of(json_string_value(value)), out) == 0)
		return 0;
	return fail(l, "expected an address range, such as \"192.0.2.0/24\"");
}

static int
load_scalar(
    struct loader *l, const struct schema_field *f, json_t *value, void *at)
{
	switch (f->type) {
	case SCHEMA_TEXT:
		if (!json_is_string(value) || json_string_length(value) == 0 ||
		    json_string_length(value) !=
			strlen(json_string_value(value)))
			return fail(l, "expected a text in quotes");
		*(const char **)at =
		    arena_dup(l->arena, slice_of(json_string_value(value)));
		return 0;
	case SCHEMA_INT:
		if (!json_is_integer(value))
			return fail(l, "expected a whole number");
		*(int64_t *)at = json_integer_value(value);
		return check_bounds(l, f, *(int64_t *)at);
	case SCHEMA_REAL:
		if (!json_is_number(value))
			return fail(l, "expected a number");
		*(double *)at = json_number_value(value);
		if (*(double *)at >= (double)f->min &&
		    *(double *)at <= (double)f->max)
			return 0;
		return failf(
		    l, "expected %" PRId64 " to %" PRId64, f->min, f->max);
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
		return load_quantity(l, f, value, at);
	case SCHEMA_ENUM:
		return load_enum(l, f, value, at);
	case SCHEMA_CIDR:
		return load_cidr(l, value, at);
	case SCHEMA_TEXTS:
	case SCHEMA_DURATIONS:
	case SCHEMA_CIDRS:
	case SCHEMA_OBJECT:
	case SCHEMA_LIST:
	case SCHEMA_MAP:
		break;
	}
	assert(!"a list is no scalar");
	return -1;
}

static size_t
element_size(const struct schema_field *f)
{
	switch (f->type) {
	case SCHEMA_TEXTS:
		return sizeof(const char *);
	case SCHEMA_DURATIONS:
		return sizeof(int64_t);
	case SCHEMA_CIDRS:
		return sizeof(struct config_cidr);
	case SCHEMA_LIST:
	case SCHEMA_MAP:
		return f->object->size;
	case SCHEMA_TEXT:
	case SCHEMA_INT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
	case SCHEMA_REAL:
	case SCHEMA_ENUM:
	case SCHEMA_CIDR:
	case SCHEMA_OBJECT:
		break;
	}
	return 0;
}

/* The same row, but of one element. */
static struct schema_field
element_field(const struct schema_field *f)
{
	struct schema_field e = *f;

	if (f->type == SCHEMA_TEXTS)
		e.type = SCHEMA_TEXT;
	else if (f->type == SCHEMA_DURATIONS)
		e.type = SCHEMA_DURATION;
	else if (f->type == SCHEMA_CIDRS)
		e.type = SCHEMA_CIDR;
	return e;
}

/* A pointer and a count side by side, whatever the element's type is. */
static void
store_list(void *at, void *items, size_t count)
{
	memcpy(at, &items, sizeof(items));
	memcpy((char *)at + sizeof(items), &count, sizeof(count));
}

static int
load_list(
    struct loader *l, const struct schema_field *f, json_t *value, void *at)
{
	struct schema_field e = element_field(f);
	size_t path_len = strlen(l->path);
	size_t size = element_size(f);
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return fail(l, "expected a list: [ … ]");
	char *items = arena_alloc(l->arena, size * json_array_size(value));
	json_array_foreach (value, i, element) {
		(void)snprintf(
		    l->path + path_len, PATH_BYTES - path_len, "[%zu]", i);
		int rc = f->type == SCHEMA_LIST
		    ? load_object(l, f->object, element, items + i * size)
		    : load_scalar(l, &e, element, items + i * size);
		if (rc != 0)
			return -1;
	}
	l->path[path_len] = '\0';
	store_list(at, items, json_array_size(value));
	return 0;
}

/* Names of zones go into tables, metrics and commands: keep them plain. */
static bool
is_plain_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return false;
	return len > 0 && len <= 32;
}

static int
load_map(
    struct loader *l, const struct schema_field *f, json_t *value, void *at)
{
	size_t path_len = strlen(l->path);
	size_t count = 0;
	const char *name;
	json_t *element;

	if (!json_is_object(value))
		return fail(l, "expected an object: { \"name\": { … } }");
	char *items =
	    arena_alloc(l->arena, f->object->size * json_object_size(value));
	json_object_foreach (value, name, element) {
		(void)snprintf(
		    l->path + path_len, PATH_BYTES - path_len, ".%s", name);
		if (!is_plain_name(name))
			return fail(l,
			    "expected a name of letters, digits, - and _, at "
			    "most 32");
		char *item = items + count++ * f->object->size;
		*(const char **)(void *)item =
		    arena_dup(l->arena, slice_of(name));
		if (load_object(l, f->object, element, item) != 0)
			return -1;
	}
	l->path[path_len] = '\0';
	store_list(at, items, count);
	return 0;
}

static int
load_default(struct loader *l, const struct schema_field *f, void *at)
{
	struct slice rest = slice_of(f->default_text);
	struct slice word;
	json_t *value;
	int rc;

	if (f->type == SCHEMA_DURATIONS) {
		value = json_array();
		while (slice_cut(&rest, ',', &word))
			(void)json_array_append_new(
			    value, json_stringn(word.ptr, word.len));
		rc = load_list(l, f, value, at);
	} else {
		bool is_number =
		    f->type == SCHEMA_INT || f->type == SCHEMA_REAL;
		value = is_number
		    ? json_loads(f->default_text, JSON_DECODE_ANY, NULL)
		    : json_string(f->default_text);
		rc = load_scalar(l, f, value, at);
	}
	json_decref(value);
	return rc;
}

static int
load_field(
    struct loader *l, const struct schema_field *f, json_t *value, char *base)
{
	char *at = base + f->offset;

	if (f->type == SCHEMA_OBJECT)
		return load_object(l, f->object, value, base);
	if (value == NULL)
		return f->default_text != NULL ? load_default(l, f, at) : 0;
	if (f->type == SCHEMA_MAP)
		return load_map(l, f, value, at);
	return element_size(f) != 0 ? load_list(l, f, value, at)
				    : load_scalar(l, f, value, at);
}

static int
refuse_unknown(struct loader *l, const struct schema *schema, json_t *value)
{
	size_t path_len = strlen(l->path);
	const char *name;
	json_t *ignored;

	json_object_foreach (value, name, ignored) {
		bool is_known = false;
		for (size_t i = 0; i < schema->field_count; i++)
			is_known = is_known ||
			    strcmp(schema->fields[i].name, name) == 0;
		if (is_known)
			continue;
		(void)snprintf(l->path + path_len, PATH_BYTES - path_len,
		    "%s%s", path_len != 0 ? "." : "", name);
		const char *near = schema_nearest(schema, name);
		return near != NULL
		    ? failf(l, "unknown key; did you mean \"%s\"?", near)
		    : fail(l, "unknown key; see `posthorn config reference`");
	}
	return 0;
}

/* `value` null: the object is not in the file; defaults are filled in. */
static int
load_object(
    struct loader *l, const struct schema *schema, json_t *value, char *base)
{
	size_t path_len = strlen(l->path);

	if (value != NULL && !json_is_object(value))
		return fail(l, "expected an object: { … }");
	if (value != NULL && refuse_unknown(l, schema, value) != 0)
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *f = &schema->fields[i];
		json_t *member = json_object_get(value, f->name);
		(void)snprintf(l->path + path_len, PATH_BYTES - path_len,
		    "%s%s", path_len != 0 ? "." : "", f->name);
		if (member == NULL && (f->flags & SCHEMA_REQUIRED) != 0)
			return failf(l, "is missing: %s", f->help);
		if (load_field(l, f, member, base) != 0)
			return -1;
		l->path[path_len] = '\0';
	}
	return 0;
}

bool
config_cidr_has(const struct config_cidr *cidr, const uint8_t address[16])
{
	unsigned int whole = cidr->bits / 8;
	unsigned int rest = cidr->bits % 8;

	if (memcmp(cidr->address, address, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((cidr->address[whole] ^ address[whole]) & mask) == 0;
}

int
config_cidr_parse(struct slice text, struct config_cidr *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char name[INET6_ADDRSTRLEN] = "";
	struct slice address;
	uint64_t bits;

	if (!slice_cut(&text, '/', &address) || address.len >= sizeof(name))
		return -1;
	if (address.len != 0)
		memcpy(name, address.ptr, address.len);
	bool is_v4 = inet_pton(AF_INET, name, out->address + 12) == 1;
	if (is_v4)
		memcpy(out->address, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, name, out->address) != 1)
		return -1;
	unsigned int widest = is_v4 ? 32 : 128;
	bits = widest;
	if (text.ptr != NULL &&
	    (slice_to_u64(text, &bits) != 0 || bits > widest))
		return -1;
	out->bits = (unsigned int)bits + (128 - widest);
	return 0;
}

const struct config_zone *
config_zone_find(const struct config *c, struct slice name)
{
	for (size_t i = 0; i < c->zone_count; i++)
		if (slice_is(name, c->zones[i].name))
			return &c->zones[i];
	return NULL;
}

static int
check_zone_name(struct loader *l, const struct config *c, const char *path,
    const char *name)
{
	if (config_zone_find(c, slice_of(name)) != NULL)
		return 0;
	(void)snprintf(l->path, PATH_BYTES, "%s", path);
	return failf(l, "no zone \"%.64s\" in \"zones\"", name);
}

static int
check_ip(struct loader *l, const char *text)
{
	struct config_cidr ip;

	if (strchr(text, '/') == NULL &&
	    config_cidr_parse(slice_of(text), &ip) == 0)
		return 0;
	return fail(l, "expected an IP address");
}

static int
check_zone(struct loader *l, const struct config_zone *z)
{
	for (size_t i = 0; i < z->source_count; i++) {
		(void)snprintf(l->path, PATH_BYTES,
		    "zones.%s.sources[%zu].address", z->name, i);
		if (check_ip(l, z->sources[i].address) != 0)
			return -1;
		(void)snprintf(l->path, PATH_BYTES,
		    "zones.%s.sources[%zu].helo", z->name, i);
		if (z->sources[i].helo != NULL &&
		    !smtp_domain_is_valid(slice_of(z->sources[i].helo)))
			return fail(l, "expected a host name");
	}
	(void)snprintf(l->path, PATH_BYTES, "zones.%s.next_hop.auth", z->name);
	if ((z->next_hop.login == NULL) != (z->next_hop.secret == NULL))
		return fail(l, "login and secret go together");
	if (z->next_hop.login != NULL && z->next_hop.host == NULL)
		return fail(l, "needs a host to log in at");
	if (z->next_hop.login != NULL && z->next_hop.tls != HOP_TLS_STARTTLS &&
	    z->next_hop.tls != HOP_TLS_IMPLICIT)
		return fail(l,
		    "a secret is only sent over verified TLS: set "
		    "\"tls\" to starttls or implicit");
	return 0;
}

static int
check_listener(struct loader *l, const struct config *c, size_t i)
{
	const struct config_listener *at = &c->listeners[i];

	(void)snprintf(l->path, PATH_BYTES, "listeners[%zu].address", i);
	if (check_ip(l, at->address) != 0)
		return -1;
	(void)snprintf(l->path, PATH_BYTES, "listeners[%zu].tls", i);
	if (at->tls != LISTENER_TLS_NONE &&
	    (c->tls.certificate == NULL || c->tls.key == NULL))
		return fail(l, "needs \"tls\": { \"certificate\", \"key\" }");
	if ((at->tls == LISTENER_TLS_NONE || at->auth == AUTH_NONE) &&
	    at->relay_from_count == 0)
		return fail(l,
		    "nobody could send here: AUTH needs TLS, and relay_from "
		    "is empty");
	return 0;
}

static int
check_whole(struct loader *l, const struct config *c)
{
	if (!smtp_domain_is_valid(slice_of(c->hostname))) {
		(void)snprintf(l->path, PATH_BYTES, "hostname");
		return fail(l, "expected a host name");
	}
	for (size_t i = 0; i < c->listener_count; i++)
		if (check_listener(l, c, i) != 0)
			return -1;
	for (size_t i = 0; i < c->zone_count; i++)
		if (check_zone(l, &c->zones[i]) != 0)
			return -1;
	if (check_zone_name(l, c, "default_zone", c->default_zone) != 0)
		return -1;
	for (size_t i = 0; i < c->route_count; i++) {
		char path[PATH_BYTES];
		(void)snprintf(path, sizeof(path), "routes[%zu].zone", i);
		if (check_zone_name(l, c, path, c->routes[i].zone) != 0)
			return -1;
		(void)snprintf(l->path, PATH_BYTES, "routes[%zu].header", i);
		if (c->routes[i].header != NULL &&
		    strchr(c->routes[i].header, ':') == NULL)
			return fail(l, "expected \"Name: text\" or \"Name:\"");
	}
	(void)snprintf(l->path, PATH_BYTES, "delivery.retry");
	if (c->delivery.retry_count == 0)
		return fail(l, "expected at least one wait");
	(void)snprintf(l->path, PATH_BYTES, "delivery.backoff");
	if (c->delivery.backoff_count == 0)
		return fail(l, "expected at least one wait");
	(void)snprintf(l->path, PATH_BYTES, "submission.header_size_max");
	if (c->submission.header_size_max > c->submission.message_memory_max)
		return fail(l, "is above message_memory_max");
	return 0;
}

/* File names in the file count from the file's folder. */
static const char *
resolve_name(struct arena *arena, const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	if (name == NULL || name[0] == '/' || slash == NULL)
		return name;
	return arena_printf(arena, "%.*s/%s", (int)(slash - file), file, name);
}

struct config *
config_parse(struct slice text, const char *path, struct error *out_err)
{
	struct loaded *loaded = MEM_NEW(struct loaded);
	struct config *c = &loaded->config;
	struct loader l = {
	    .file = path,
	    .arena = &loaded->arena,
	    .err = out_err,
	};

	atomic_init(&loaded->references, 1);
	int rc = jsonc_parse(text, path, &l.json, out_err);
	if (rc == 0)
		rc = load_object(&l, &schema_root, l.json.root, (char *)c);
	if (rc == 0)
		rc = check_whole(&l, c);
	jsonc_free(&l.json);
	if (rc != 0) {
		config_unref(c);
		return NULL;
	}
	c->scoring.rules = resolve_name(l.arena, path, c->scoring.rules);
	c->tls.certificate = resolve_name(l.arena, path, c->tls.certificate);
	c->tls.key = resolve_name(l.arena, path, c->tls.key);
	c->dns.trust_anchor = resolve_name(l.arena, path, c->dns.trust_anchor);
	return c;
}

struct config *
config_load(const char *path, struct error *out_err)
{
	struct buf text = buf_make(2 << 20);
	struct config *c = NULL;
	ssize_t got = 0;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)error_set_errno(out_err, "%s", path);
		return NULL;
	}
	do {
		char *at = buf_reserve(&text, 65536);
		got = at != NULL ? read(fd, at, 65536) : 0;
		if (got > 0)
			buf_grow(&text, (size_t)got);
	} while (got > 0);
	if (got < 0)
		(void)error_set_errno(out_err, "%s", path);
	else
		c = config_parse(buf_slice(&text), path, out_err);
	(void)close(fd);
	buf_free(&text);
	return c;
}

struct config *
config_ref(struct config *c)
{
	atomic_fetch_add(&((struct loaded *)c)->references, 1);
	return c;
}

void
config_unref(struct config *c)
{
	struct loaded *loaded = (struct loaded *)c;

	if (c == NULL || atomic_fetch_sub(&loaded->references, 1) != 1)
		return;
	arena_free(&loaded->arena);
	mem_free(loaded);
}
