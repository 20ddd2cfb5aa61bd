/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads command lines. Takes what real clients send beyond the grammar where
 * it has one meaning only: a space after the colon, a path without brackets.
 */
#include "smtp/command.h"

#include <string.h>

struct smtp_command
smtp_command_parse(struct slice line)
{
	size_t len = 0;

	line = slice_trim(line);
	while (len < line.len && ascii_is_alnum(line.ptr[len]))
		len++;
	struct slice rest = slice_sub(line, len, SIZE_MAX);
	/* "MAIL:" or "X-FOO bar" is no verb that we know. */
	if (rest.len != 0 && !ascii_is_space(rest.ptr[0])) {
		len = 0;
		rest = line;
	}
	return (struct smtp_command){slice_sub(line, 0, len), slice_trim(rest)};
}

/* The length of the path text at the front, quotes respected; 0 if none. */
static size_t
path_length(struct slice s)
{
	bool is_quoted = false;
	bool has_bracket = s.len != 0 && s.ptr[0] == '<';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (is_quoted && c == '\\')
			i++;
		else if (c == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && has_bracket && c == '>')
			return i + 1;
		else if (!is_quoted && ascii_is_space(c))
			return has_bracket ? 0 : i;
	}
	return has_bracket || is_quoted ? 0 : s.len;
}

static struct slice
drop_source_route(struct slice path)
{
	ptrdiff_t colon;

	if (path.len == 0 || path.ptr[0] != '@')
		return path;
	colon = slice_find(path, ':');
	return colon < 0 ? path : slice_sub(path, (size_t)colon + 1, SIZE_MAX);
}

static bool
is_param_keyword(struct slice s)
{
	if (s.len == 0 || !ascii_is_alnum(s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

/* esmtp-value: anything but "=", space and controls. */
static bool
is_param_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c <= 0x20 || c == '=' || c == 0x7f)
			return false;
	}
	return s.len != 0;
}

static int
parse_params(struct slice rest, struct smtp_path *out)
{
	struct slice word;

	while (slice_cut(&rest, ' ', &word)) {
		word = slice_trim(word);
		if (word.len == 0)
			continue;
		if (out->param_count == SMTP_PARAMS_MAX)
			return -1;
		struct smtp_param p = {word, {NULL, 0}};
		ptrdiff_t eq = slice_find(word, '=');
		if (eq >= 0) {
			p.keyword = slice_sub(word, 0, (size_t)eq);
			p.value = slice_sub(word, (size_t)eq + 1, SIZE_MAX);
			if (!is_param_value(p.value))
				return -1;
		}
		if (!is_param_keyword(p.keyword))
			return -1;
		out->params[out->param_count++] = p;
	}
	return 0;
}

enum smtp_path_error
smtp_path_parse(struct slice args, const char *keyword, struct arena *arena,
    struct smtp_path *out)
{
	*out = (struct smtp_path){0};
	if (!slice_starts_nocase(args, keyword))
		return SMTP_PATH_KEYWORD;
	args = slice_trim(slice_sub(args, strlen(keyword), SIZE_MAX));
	if (args.len == 0 || args.ptr[0] != ':')
		return SMTP_PATH_KEYWORD;
	args = slice_trim(slice_sub(args, 1, SIZE_MAX));
	size_t len = path_length(args);
	if (len == 0)
		return SMTP_PATH_SYNTAX;
	struct slice path = slice_sub(args, 0, len);
	struct slice rest = slice_sub(args, len, SIZE_MAX);
	if (rest.len != 0 && !ascii_is_space(rest.ptr[0]))
		return SMTP_PATH_SYNTAX;
	if (path.ptr[0] == '<')
		path = slice_trim(slice_sub(path, 1, len - 2));
	out->is_null = path.len == 0;
	path = drop_source_route(path);
	out->is_postmaster = slice_is_nocase(path, "postmaster");
	if (!out->is_null && !out->is_postmaster &&
	    smtp_address_parse(path, arena, &out->address) != 0)
		return SMTP_PATH_SYNTAX;
	return parse_params(rest, out) == 0 ? SMTP_PATH_OK : SMTP_PATH_PARAMS;
}

bool
smtp_helo_is_valid(struct slice name)
{
	if (name.len == 0 || name.len > SMTP_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (c <= 0x20 || c >= 0x7f)
			return false;
	}
	return true;
}
