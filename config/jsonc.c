/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library says where a syntax error is but not where a value stood; a
 * second walk over text that is known to be valid notes that.
 */
#include "config/jsonc.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX_BYTES (1 << 20)
#define DEPTH_MAX 16
#define PATH_MAX_BYTES 1024

struct jsonc_place {
	char *path;
	int line;
};

/* Index behind the string that starts at `i`. */
static size_t
skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"' && text[i] != '\n'; i++)
		if (text[i] == '\\')
			i++;
	return i < len ? i + 1 : len;
}

static size_t
comment_end(const char *text, size_t len, size_t i)
{
	bool is_block = text[i + 1] == '*';

	for (i += 2; i < len; i++) {
		if (!is_block && text[i] == '\n')
			return i;
		if (is_block && text[i] == '*' && i + 1 < len &&
		    text[i + 1] == '/')
			return i + 2;
	}
	return len;
}

static int
line_of(const char *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/*
 * Comments become blanks; line ends stay, so lines count as before. 0, or the
 * line of a comment that does not end.
 */
static int
blank_comments(char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (text[i] == '"') {
			i = skip_string(text, len, i);
		} else if (text[i] == '/' && i + 1 < len &&
		    (text[i + 1] == '/' || text[i + 1] == '*')) {
			size_t end = comment_end(text, len, i);
			if (text[i + 1] == '*' &&
			    (end < i + 4 || text[end - 1] != '/' ||
				text[end - 2] != '*'))
				return line_of(text, i);
			for (; i < end; i++)
				if (text[i] != '\n')
					text[i] = ' ';
		} else {
			i++;
		}
	}
	return 0;
}

/* The nesting, bounded before the library recurses into it. */
static bool
is_too_deep(const char *text, size_t len)
{
	int depth = 0;

	for (size_t i = 0; i < len;) {
		if (text[i] == '"') {
			i = skip_string(text, len, i);
			continue;
		}
		if (text[i] == '{' || text[i] == '[')
			depth++;
		else if (text[i] == '}' || text[i] == ']')
			depth--;
		if (depth > DEPTH_MAX)
			return true;
		i++;
	}
	return false;
}

/* One open object or array of the walk. */
struct level {
	size_t path_len; /* of the path up to here */
	bool is_array;
	size_t index;
};

static void
add_place(struct jsonc *j, struct buf *path, int line)
{
	j->places =
	    mem_realloc(j->places, (j->place_count + 1) * sizeof(*j->places));
	j->places[j->place_count++] =
	    (struct jsonc_place){mem_strdup(buf_text(path)), line};
}

/* The path of the element that comes next in an array. */
static void
start_element(struct jsonc *j, struct buf *path, struct level *level, int line)
{
	if (!level->is_array)
		return;
	path->len = level->path_len;
	(void)buf_appendf(path, "[%zu]", level->index);
	add_place(j, path, line);
}

static void
note_places(struct jsonc *j, const char *text, size_t len)
{
	struct level levels[DEPTH_MAX + 1] = {0};
	size_t depth = 0;
	struct buf path = buf_make(PATH_MAX_BYTES);
	bool is_value = true; /* false: a key comes next */
	int line = 1;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '\n') {
			line++;
		} else if (c == '{' || c == '[') {
			start_element(j, &path, &levels[depth], line);
			depth++;
			levels[depth] = (struct level){path.len, c == '[', 0};
			is_value = c == '[';
		} else if (c == '}' || c == ']') {
			depth--;
			is_value = levels[depth].is_array;
		} else if (c == ',') {
			levels[depth].index++;
			is_value = levels[depth].is_array;
		} else if (c == '"') {
			size_t end = skip_string(text, len, i);
			if (is_value) {
				start_element(j, &path, &levels[depth], line);
			} else {
				path.len = levels[depth].path_len;
				if (path.len != 0)
					(void)buf_append_char(&path, '.');
				(void)buf_append(
				    &path, text + i + 1, end - i - 2);
				add_place(j, &path, line);
				is_value = true;
			}
			i = end - 1;
		}
	}
	buf_free(&path);
}

int
jsonc_parse(struct slice text, const char *path, struct jsonc *out,
    struct error *out_err)
{
	json_error_t why;

	*out = (struct jsonc){0};
	if (text.len > TEXT_MAX_BYTES)
		return error_set(out_err, "%s: larger than 1 MiB", path);
	char *copy = slice_dup(text);
	int line = blank_comments(copy, text.len);
	if (line != 0) {
		mem_free(copy);
		return error_set(
		    out_err, "%s:%d: a comment without an end", path, line);
	}
	if (is_too_deep(copy, text.len)) {
		mem_free(copy);
		return error_set(out_err, "%s: nested deeper than %d levels",
		    path, DEPTH_MAX);
	}
	out->root = json_loadb(copy, text.len, JSON_REJECT_DUPLICATES, &why);
	int rc = 0;
	if (out->root == NULL) {
		rc = error_set(out_err, "%s:%d: %s", path, why.line, why.text);
	} else if (!json_is_object(out->root)) {
		rc =
		    error_set(out_err, "%s:1: expected an object: { … }", path);
		json_decref(out->root);
		out->root = NULL;
	} else {
		note_places(out, copy, text.len);
	}
	mem_free(copy);
	return rc;
}

void
jsonc_free(struct jsonc *j)
{
	for (size_t i = 0; i < j->place_count; i++)
		mem_free(j->places[i].path);
	mem_free(j->places);
	json_decref(j->root);
	*j = (struct jsonc){0};
}

int
jsonc_line(const struct jsonc *j, const char *path)
{
	for (size_t i = 0; i < j->place_count; i++)
		if (strcmp(j->places[i].path, path) == 0)
			return j->places[i].line;
	return 0;
}
