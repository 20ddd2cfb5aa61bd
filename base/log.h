/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one fact, one line on stderr, a constant event name and key=value
 * pairs. A context carries the keys that all lines of a session, message or
 * lane share. Any thread; a line is one write(2).
 *
 *	log_info(&s->log, "session.open", LOG_TEXT("peer", peer));
 */
#ifndef POSTHORN_BASE_LOG_H
#define POSTHORN_BASE_LOG_H

#include <stdint.h>

#include "base/slice.h"

enum log_level {
	LOG_DEBUG = 0,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
};

enum log_format {
	LOG_FORMAT_TEXT = 0,
	LOG_FORMAT_JSON,
};

enum log_kind {
	LOG_KIND_END = 0,
	LOG_KIND_TEXT,
	LOG_KIND_INT,
	LOG_KIND_ID,
};

/* One key=value pair; made by the macros below. */
struct log_field {
	const char *key;
	enum log_kind kind;
	struct slice text;
	int64_t number;
};

/* Keys that lines inherit; `parent` may be null. Borrowed by the calls. */
struct log {
	const struct log *parent;
	struct log_field fields[4]; /* ends at LOG_KIND_END or when full */
};

#define LOG_TEXT(KEY, VALUE) \
	((struct log_field){(KEY), LOG_KIND_TEXT, slice_of(VALUE), 0})
#define LOG_SLICE(KEY, VALUE) \
	((struct log_field){(KEY), LOG_KIND_TEXT, (VALUE), 0})
#define LOG_INT(KEY, VALUE) \
	((struct log_field){(KEY), LOG_KIND_INT, {0}, (int64_t)(VALUE)})
/* A message id, printed as its text. */
#define LOG_ID(KEY, VALUE) \
	((struct log_field){(KEY), LOG_KIND_ID, {0}, (int64_t)(VALUE)})

/* For the process; before threads start, and at reload. */
void log_configure(enum log_level level, enum log_format format);
/* Is a line of that level printed? For callers whose fields cost something. */
int log_is_on(enum log_level level);
/* `fields` ends with a LOG_KIND_END; `log` may be null. */
void log_write(enum log_level level, const struct log *log, const char *event,
    const struct log_field *fields);

#define LOG_FIELDS(...) \
	((struct log_field[]){__VA_ARGS__, {NULL, LOG_KIND_END, {0}, 0}})
#define log_at(LEVEL, LOG, EVENT, ...)                                         \
	do {                                                                   \
		if (log_is_on(LEVEL))                                          \
			log_write(                                             \
			    (LEVEL), (LOG), (EVENT), LOG_FIELDS(__VA_ARGS__)); \
	} while (0)
#define log_debug(LOG, EVENT, ...) log_at(LOG_DEBUG, LOG, EVENT, __VA_ARGS__)
#define log_info(LOG, EVENT, ...) log_at(LOG_INFO, LOG, EVENT, __VA_ARGS__)
#define log_warn(LOG, EVENT, ...) log_at(LOG_WARN, LOG, EVENT, __VA_ARGS__)
#define log_error(LOG, EVENT, ...) log_at(LOG_ERROR, LOG, EVENT, __VA_ARGS__)

#endif
