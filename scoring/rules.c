/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiling and matching phrase rules with PCRE2. Limits on steps, memory and
 * depth make a hostile or careless expression fail to match, not stall.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "scoring/rules.h"

#include <fcntl.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "rules_builtin.h"

#define RULES_MAX 500
#define MATCH_STEPS_MAX 100000
#define HEAP_KIB_MAX 1024
#define FILE_BYTES_MAX (1 << 20)

struct compiled {
	struct rule rule;
	pcre2_code *code;
};

struct rules {
	struct arena arena;
	pcre2_match_context *limits;
	struct compiled items[RULES_MAX];
	size_t count;
};

struct place {
	const char *path;
	int line;
	struct error *err;
};

static int
fail(const struct place *at, const char *what, struct slice word)
{
	return error_set(at->err, "%s:%d: %s: %.*s", at->path, at->line, what,
	    (int)(word.len < 100 ? word.len : 100), word.ptr);
}

/* The next word of a line. */
static struct slice
cut_word(struct slice *line)
{
	*line = slice_trim(*line);
	size_t len = 0;
	while (len < line->len && !ascii_is_space(line->ptr[len]))
		len++;
	struct slice word = slice_sub(*line, 0, len);
	*line = slice_trim(slice_sub(*line, len, SIZE_MAX));
	return word;
}

static int
parse_class(struct slice word, enum score_class *out)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (slice_is(word, score_class_name((enum score_class)i))) {
			*out = (enum score_class)i;
			return 0;
		}
	return -1;
}

/* "/…/" at the front; a slash inside is written "\/". */
static int
cut_regex(struct slice *line, struct slice *out)
{
	size_t i = 1;

	if (line->len < 3 || line->ptr[0] != '/')
		return -1;
	while (i < line->len && line->ptr[i] != '/')
		i += line->ptr[i] == '\\' ? 2 : 1;
	if (i >= line->len)
		return -1;
	*out = slice_sub(*line, 1, i - 1);
	*line = slice_trim(slice_sub(*line, i + 1, SIZE_MAX));
	return 0;
}

static int
compile(const struct place *at, struct slice regex, pcre2_code **out)
{
	int code;
	PCRE2_SIZE offset;
	PCRE2_UCHAR text[120];

	*out = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len,
	    PCRE2_CASELESS | PCRE2_UTF | PCRE2_UCP, &code, &offset, NULL);
	if (*out == NULL) {
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return error_set(at->err,
		    "%s:%d: bad expression at character %zu: %s", at->path,
		    at->line, offset + 1, (const char *)text);
	}
	/* Without JIT it only is slower. */
	(void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
	return 0;
}

static int
parse_line(struct rules *r, const struct place *at, struct slice line)
{
	struct compiled *c = &r->items[r->count];
	struct slice regex;
	char *end;

	if (r->count == RULES_MAX)
		return fail(at, "more than 500 rules", SLICE(""));
	struct slice word = cut_word(&line);
	c->rule.symbol = arena_dup(&r->arena, word);
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_alnum(word.ptr[i]) && word.ptr[i] != '_')
			return fail(at, "expected a symbol's name", word);
	word = cut_word(&line);
	c->rule.points = strtod(arena_dup(&r->arena, word), &end);
	/* Written so that "nan" fails too. */
	if (word.len == 0 || *end != '\0' ||
	    !(c->rule.points >= -100 && c->rule.points <= 100))
		return fail(at, "expected points, -100 to 100", word);
	word = cut_word(&line);
	if (parse_class(word, &c->rule.class) != 0)
		return fail(
		    at, "expected spam, phish, scam, malware or forged", word);
	word = cut_word(&line);
	c->rule.is_subject = slice_is(word, "subject");
	if (!c->rule.is_subject && !slice_is(word, "body"))
		return fail(at, "expected subject or body", word);
	if (cut_regex(&line, &regex) != 0)
		return fail(at, "expected /an expression/", line);
	c->rule.help = arena_dup(&r->arena, line);
	if (compile(at, regex, &c->code) != 0)
		return -1;
	r->count++;
	return 0;
}

struct rules *
rules_parse(struct slice text, const char *path, struct error *out_err)
{
	struct rules *r = MEM_NEW(struct rules);
	struct place at = {path, 0, out_err};
	struct slice line;

	r->limits = pcre2_match_context_create(NULL);
	(void)pcre2_set_match_limit(r->limits, MATCH_STEPS_MAX);
	(void)pcre2_set_heap_limit(r->limits, HEAP_KIB_MAX);
	while (slice_cut(&text, '\n', &line)) {
		at.line++;
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (parse_line(r, &at, line) != 0) {
			rules_free(r);
			return NULL;
		}
	}
	return r;
}

struct rules *
rules_load(const char *path, struct error *out_err)
{
	struct buf text = buf_make(FILE_BYTES_MAX);
	struct rules *r = NULL;
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
		r = rules_parse(buf_slice(&text), path, out_err);
	(void)close(fd);
	buf_free(&text);
	return r;
}

struct rules *
rules_builtin(void)
{
	struct error err;
	struct rules *r =
	    rules_parse(slice_of(rules_builtin_text), "built-in rules", &err);

	/* A test loads them, so they do load. */
	if (r == NULL)
		abort();
	return r;
}

void
rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		pcre2_code_free(r->items[i].code);
	pcre2_match_context_free(r->limits);
	arena_free(&r->arena);
	mem_free(r);
}

size_t
rules_count(const struct rules *r)
{
	return r->count;
}

const struct rule *
rules_at(const struct rules *r, size_t index)
{
	return &r->items[index].rule;
}

bool
rules_match(const struct rules *r, size_t index, struct slice text,
    struct slice *out_match)
{
	const pcre2_code *code = r->items[index].code;
	pcre2_match_data *data =
	    pcre2_match_data_create_from_pattern(code, NULL);

	int rc =
	    pcre2_match(code, (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : ""),
		text.len, 0, PCRE2_NO_UTF_CHECK, data, r->limits);
	if (rc > 0) {
		const PCRE2_SIZE *place = pcre2_get_ovector_pointer(data);
		*out_match = slice_sub(text, place[0], place[1] - place[0]);
	}
	pcre2_match_data_free(data);
	return rc > 0;
}
