/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds a line in a bounded buffer and writes it at once. Foreign bytes are
 * escaped, so that no peer can forge a line or drive a terminal.
 */
#include "base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"

#define LINE_BYTES 4096
#define VALUE_BYTES 1024

static _Atomic int current_level = LOG_INFO;
static _Atomic int current_format = LOG_FORMAT_TEXT;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void
log_configure(enum log_level level, enum log_format format)
{
	atomic_store(&current_level, (int)level);
	atomic_store(&current_format, (int)format);
}

int
log_is_on(enum log_level level)
{
	return (int)level >=
	    atomic_load_explicit(&current_level, memory_order_relaxed);
}

static bool
needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == ' ' || c == '"' || c == '=' || c == '\\')
			return true;
	}
	return s.len == 0;
}

static void
append_quoted(struct buf *line, struct slice s)
{
	(void)buf_append_char(line, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			(void)buf_append_char(line, '\\');
		(void)buf_append_char(line, s.ptr[i]);
	}
	(void)buf_append_char(line, '"');
}

static void
append_value(struct buf *line, const struct log_field *f, bool is_json)
{
	char id[ID_TEXT_BYTES];
	struct buf clean = buf_make(VALUE_BYTES);

	if (f->kind == LOG_KIND_INT) {
		(void)buf_appendf(line, "%" PRId64, f->number);
		return;
	}
	if (f->kind == LOG_KIND_ID) {
		id_to_text((uint64_t)f->number, id);
		(void)buf_append_text(&clean, id);
	} else {
		utf8_append_clean(&clean, f->text, VALUE_BYTES);
	}
	if (is_json || needs_quotes(buf_slice(&clean)))
		append_quoted(line, buf_slice(&clean));
	else
		(void)buf_append_slice(line, buf_slice(&clean));
	buf_free(&clean);
}

static void
append_fields(
    struct buf *line, const struct log_field *f, size_t max, bool is_json)
{
	for (size_t i = 0; i < max && f[i].kind != LOG_KIND_END; i++) {
		(void)buf_appendf(
		    line, is_json ? ",\"%s\":" : " %s=", f[i].key);
		append_value(line, &f[i], is_json);
	}
}

static void
append_context(struct buf *line, const struct log *log, bool is_json)
{
	if (log == NULL)
		return;
	append_context(line, log->parent, is_json);
	append_fields(line, log->fields, ARRAY_LEN(log->fields), is_json);
}

void
log_write(enum log_level level, const struct log *log, const char *event,
    const struct log_field *fields)
{
	bool is_json = atomic_load(&current_format) == LOG_FORMAT_JSON;
	struct buf line = buf_make(LINE_BYTES);
	char when[TIME_RFC3339_BYTES];

	time_to_rfc3339(clock_wall_ms(), when);
	(void)buf_appendf(&line,
	    is_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\""
		    : "%s %s %s",
	    when, level_names[level], event);
	append_context(&line, log, is_json);
	append_fields(&line, fields, SIZE_MAX, is_json);
	/* A line too long for the buffer still ends like one. */
	line.is_over = false;
	if (line.len > LINE_BYTES - 2)
		line.len = LINE_BYTES - 2;
	(void)buf_append_text(&line, is_json ? "}\n" : "\n");
	if (write(STDERR_FILENO, line.ptr, line.len) < 0) {
		/* There is no place left to say so. */
	}
	buf_free(&line);
}
