/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass: view, checks, rules, sum. A statistical model joins here as one
 * more finding.
 */
#include "scoring/score.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scoring/check.h"
#include "scoring/rules.h"

#define WHY_BYTES 300

struct scorer {
	struct rules *rules;
	const psl_ctx_t *psl;
	size_t text_max;
	_Atomic int references;
};

static const char *const class_names[CLASS_COUNT] = {
    [CLASS_SPAM] = "spam",
    [CLASS_PHISH] = "phish",
    [CLASS_SCAM] = "scam",
    [CLASS_MALWARE] = "malware",
    [CLASS_FORGED] = "forged",
};

const char *score_class_name(enum score_class class)
{
	return class_names[class];
}

static void
append_json_text(struct buf *out, const char *text)
{
	(void)buf_append_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)buf_append_char(out, '\\');
		(void)buf_append_char(out, *text);
	}
	(void)buf_append_char(out, '"');
}

void
verdict_to_json(const struct verdict *v, struct buf *out)
{
	(void)buf_append_char(out, '[');
	for (size_t i = 0; i < v->finding_count; i++) {
		const struct finding *f = &v->findings[i];
		(void)buf_appendf(out,
		    "%s{\"symbol\":\"%s\",\"points\":%.2f,"
		    "\"why\":",
		    i != 0 ? "," : "", f->symbol, f->points);
		append_json_text(out, f->why);
		(void)buf_append_char(out, '}');
	}
	(void)buf_append_char(out, ']');
}

struct scorer *
scorer_new(const char *rules_path, size_t text_max, struct error *out_err)
{
	view_start();
	struct rules *rules = rules_path != NULL
	    ? rules_load(rules_path, out_err)
	    : rules_builtin();
	if (rules == NULL)
		return NULL;
	struct scorer *s = MEM_NEW(struct scorer);
	atomic_init(&s->references, 1);
	s->rules = rules;
	s->psl = psl_builtin();
	s->text_max = text_max;
	return s;
}

struct scorer *
scorer_ref(struct scorer *s)
{
	(void)atomic_fetch_add(&s->references, 1);
	return s;
}

void
scorer_unref(struct scorer *s)
{
	if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1)
		return;
	rules_free(s->rules);
	mem_free(s);
}

static void
add_finding(struct check *c, const char *name, double points,
    enum score_class class, struct slice why)
{
	struct verdict *v = c->out;
	struct buf clean = buf_make(WHY_BYTES);

	for (size_t i = 0; i < v->finding_count; i++)
		if (strcmp(v->findings[i].symbol, name) == 0)
			return;
	if (v->finding_count == FINDINGS_MAX)
		return;
	utf8_append_clean(&clean, why, clean.cap);
	v->findings[v->finding_count++] = (struct finding){
	    name, points, class, arena_dup(c->arena, buf_slice(&clean))};
	buf_free(&clean);
}

void
check_found(struct check *c, enum symbol_id id, const char *format, ...)
{
	const struct symbol *s = &symbols[id];
	struct buf why = buf_make(4096);
	va_list args;

	(void)buf_appendf(&why, "%s", s->help);
	if (format[0] != '\0') {
		(void)buf_append_text(&why, ": ");
		va_start(args, format);
		(void)buf_vappendf(&why, format, args);
		va_end(args);
	}
	add_finding(c, s->name, s->points, s->class, buf_slice(&why));
	buf_free(&why);
}

struct slice
check_site(const struct check *c, struct slice host)
{
	char name[256];

	if (host.len == 0 || host.len >= sizeof(name))
		return SLICE("");
	memcpy(name, host.ptr, host.len);
	name[host.len] = '\0';
	const char *site = psl_registrable_domain(c->psl, name);
	if (site == NULL)
		return SLICE("");
	/* It is a tail of what was asked for. */
	size_t len = strlen(site);
	return slice_sub(host, host.len - len, len);
}

static void
apply_rules(struct check *c, const struct rules *rules)
{
	struct slice match;

	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *rule = rules_at(rules, i);
		struct slice text = rule->is_subject
		    ? c->view->subject
		    : buf_slice(&c->view->text);
		if (!rules_match(rules, i, text, &match))
			continue;
		struct buf why = buf_make(4096);
		(void)buf_appendf(&why, "%s: \"%.*s\"", rule->help,
		    (int)(match.len < 120 ? match.len : 120), match.ptr);
		add_finding(c, rule->symbol, rule->points, rule->class,
		    buf_slice(&why));
		buf_free(&why);
	}
}

static void
apply_weights(struct verdict *v, const struct policy *policy)
{
	for (size_t w = 0; policy != NULL && w < policy->weight_count; w++)
		for (size_t i = 0; i < v->finding_count; i++)
			if (slice_is_nocase(slice_of(v->findings[i].symbol),
				policy->weights[w].symbol))
				v->findings[i].points =
				    policy->weights[w].points;
}

static void
sum_up(struct verdict *v)
{
	double by_class[CLASS_COUNT] = {0};

	for (size_t i = 0; i < v->finding_count; i++) {
		v->score += v->findings[i].points;
		by_class[v->findings[i].class] += v->findings[i].points;
	}
	for (int i = 0; i < CLASS_COUNT; i++)
		if (by_class[i] > by_class[v->class])
			v->class = (enum score_class)i;
}

static const char *
keep(struct arena *arena, struct slice s)
{
	return s.len != 0 ? arena_dup(arena, slice_sub(s, 0, 400)) : NULL;
}

void
score_message(const struct scorer *s, struct slice message,
    const struct score_facts *facts, const struct policy *policy,
    struct arena *arena, struct verdict *out)
{
	struct view *view = view_make(message, s->text_max);
	struct check c = {view, facts, s->psl, arena, out};

	*out = (struct verdict){0};
	check_header(&c);
	check_text(&c);
	check_html(&c);
	check_links(&c);
	check_attachments(&c);
	apply_rules(&c, s->rules);
	apply_weights(out, policy);
	sum_up(out);
	out->digest = digest_text(buf_slice(&view->text));
	out->subject = keep(arena, view->subject);
	out->header_from = keep(arena, view->from_address);
	out->message_id = keep(arena, view->message_id);
	view_free(view);
}

bool
scorer_knows(const struct scorer *s, struct slice symbol)
{
	for (size_t i = 0; i < SYM_COUNT; i++)
		if (slice_is_nocase(symbol, symbols[i].name))
			return true;
	for (size_t i = 0; i < rules_count(s->rules); i++)
		if (slice_is_nocase(symbol, rules_at(s->rules, i)->symbol))
			return true;
	return false;
}

/* Letters in common from the front: enough for names with families. */
static size_t
common_prefix(struct slice a, const char *b)
{
	size_t i = 0;

	while (i < a.len && b[i] != '\0' &&
	    ascii_lower(a.ptr[i]) == ascii_lower(b[i]))
		i++;
	return i;
}

const char *
scorer_nearest(const struct scorer *s, struct slice symbol)
{
	const char *best = NULL;
	size_t best_len = 3;

	for (size_t i = 0; i < SYM_COUNT; i++)
		if (common_prefix(symbol, symbols[i].name) > best_len) {
			best_len = common_prefix(symbol, symbols[i].name);
			best = symbols[i].name;
		}
	for (size_t i = 0; i < rules_count(s->rules); i++) {
		const char *name = rules_at(s->rules, i)->symbol;
		if (common_prefix(symbol, name) > best_len) {
			best_len = common_prefix(symbol, name);
			best = name;
		}
	}
	return best;
}
