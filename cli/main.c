/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posthorn: the operator's command. What it can ask of the daemon is the
 * table in ops/; scoring files and checking configurations it does itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/score.h"
#include "config/config.h"
#include "ops/ops.h"

#define LINE_BYTES 2048
#define PART_BYTES 40000 /* of lines in one call */
#define PASSWORD_MAX 600

struct options {
	const char *config_path;
	bool is_json;
	int count; /* words that are left */
	char **words;
};

static void
print_help(FILE *to)
{
	(void)fprintf(
	    to, "usage: posthorn [--config FILE] [--json] VERB …\n\n");
	for (size_t i = 0; i < ops_count; i++)
		(void)fprintf(to, "  %-20s %s\n", ops[i].words, ops[i].help);
	(void)fprintf(to,
	    "  %-20s %s\n  %-20s %s\n  %-20s %s\n  %-20s %s\n\n"
	    "posthorn help VERB shows its arguments. Exit: 0 done, 1 refused "
	    "or failed, 2 usage,\n3 daemon not reachable, 4 not found.\n",
	    "score FILE… | -", "a message's verdict; --tsv: paths on stdin",
	    "config check", "check the configuration file", "config reference",
	    "every setting and what it means", "help [VERB]", "this");
}

static void
print_op_help(const struct op *op, FILE *to)
{
	(void)fprintf(to, "usage: posthorn %s", op->words);
	for (const struct op_arg *a = op->args; a->name != NULL; a++)
		if (a->kind == OP_POSITIONAL)
			(void)fprintf(
			    to, a->is_required ? " %s" : " [%s]", a->name);
		else if (a->kind == OP_REST)
			(void)fprintf(to, " [%s…]", a->name);
	(void)fprintf(to, "\n  %s\n", op->help);
	for (const struct op_arg *a = op->args; a->name != NULL; a++) {
		char flag[40];
		(void)snprintf(flag, sizeof(flag), "%s%s",
		    a->kind == OP_OPTION || a->kind == OP_FLAG ? "--" : "",
		    a->name);
		for (char *c = flag; *c != '\0'; c++)
			if (*c == '_')
				*c = '-';
		(void)fprintf(to, "  %-18s %s\n", flag, a->help);
	}
}

/* The operation whose words come first, the longest; `out_used` words. */
static const struct op *
find_op(char **words, int count, int *out_used)
{
	const struct op *best = NULL;

	*out_used = 0;
	for (size_t i = 0; i < ops_count; i++) {
		struct slice rest = slice_of(ops[i].words);
		struct slice word;
		int used = 0;
		bool is_match = true;
		while (is_match && slice_cut(&rest, ' ', &word)) {
			is_match = used < count && slice_is(word, words[used]);
			used += is_match;
		}
		if (is_match && used > *out_used) {
			best = &ops[i];
			*out_used = used;
		}
	}
	return best;
}

static const struct op_arg *
find_option(const struct op *op, const char *word)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", word + 2);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	for (const struct op_arg *a = op->args; a->name != NULL; a++)
		if ((a->kind == OP_OPTION || a->kind == OP_FLAG) &&
		    strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

/* The positional argument that word number `place` is, or the rest. */
static const struct op_arg *
find_place(const struct op *op, int place)
{
	for (const struct op_arg *a = op->args; a->name != NULL; a++) {
		if (a->kind == OP_REST)
			return a;
		if (a->kind == OP_POSITIONAL && place-- == 0)
			return a;
	}
	return NULL;
}

static int
set_value(
    json_t *args, const struct op_arg *a, const char *text, struct error *err)
{
	json_t *value = op_parse_value(a, text, err);

	if (value == NULL)
		return -1;
	if (a->kind != OP_REST)
		return json_object_set_new(args, a->name, value);
	json_t *list = json_object_get(args, a->name);
	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(args, a->name, list);
	}
	return json_array_append_new(list, value);
}

static int
parse_args(const struct op *op, char **words, int count, json_t *args,
    struct error *err)
{
	int place = 0;

	for (int i = 0; i < count; i++) {
		bool is_option = strncmp(words[i], "--", 2) == 0;
		const struct op_arg *a = is_option ? find_option(op, words[i])
						   : find_place(op, place++);
		if (a == NULL)
			return error_set_kind(err, ERROR_USAGE,
			    "%s takes no \"%.64s\"; see posthorn help %s",
			    op->words, words[i], op->words);
		if (a->kind == OP_FLAG) {
			(void)json_object_set_new(args, a->name, json_true());
			continue;
		}
		if (a->kind == OP_OPTION && ++i == count)
			return error_set_kind(err, ERROR_USAGE,
			    "%s needs a value: %s", words[i - 1], a->help);
		if (set_value(args, a, words[i], err) != 0)
			return -1;
	}
	return 0;
}

/* A password from standard input, one line. */
static int
read_password(json_t *args, struct error *err)
{
	char line[PASSWORD_MAX];

	if (!json_is_true(json_object_get(args, "password_stdin")))
		return 0;
	if (isatty(STDIN_FILENO))
		(void)fprintf(stderr, "password: ");
	if (fgets(line, sizeof(line), stdin) == NULL)
		return error_set_kind(
		    err, ERROR_USAGE, "no password on standard input");
	line[strcspn(line, "\r\n")] = '\0';
	return json_object_set_new(args, "password", json_string(line));
}

static void
on_row(void *arg, json_t *row)
{
	print_row(arg, row);
}

static enum cli_exit
fail(const struct error *err)
{
	(void)fprintf(stderr, "posthorn: %s\n", err->text);
	return err->kind == ERROR_USAGE ? CLI_USAGE : CLI_FAILED;
}

static const struct op_arg *
lines_of(const struct op *op)
{
	for (const struct op_arg *a = op->args; a->name != NULL; a++)
		if (a->kind == OP_LINES)
			return a;
	return NULL;
}

/* Standard input in parts, a call for each. */
static enum cli_exit
call_with_lines(const char *path, const struct op *op, json_t *args,
    struct printer *printer)
{
	const char *name = lines_of(op)->name;
	enum cli_exit result = CLI_DONE;
	char line[LINE_BYTES];
	bool is_more = true;

	while (is_more && result == CLI_DONE) {
		json_t *lines = json_array();
		size_t bytes = 0;
		while (bytes < PART_BYTES &&
		    (is_more = fgets(line, sizeof(line), stdin) != NULL)) {
			line[strcspn(line, "\r\n")] = '\0';
			bytes += strlen(line) + 3;
			if (line[0] != '\0' &&
			    json_array_append_new(lines, json_string(line)) !=
				0)
				(void)fprintf(stderr,
				    "posthorn: a line that is no UTF-8 is "
				    "left out\n");
		}
		if (json_array_size(lines) == 0) {
			json_decref(lines);
			break;
		}
		json_t *part = json_copy(args);
		(void)json_object_set_new(part, name, lines);
		result = client_call(path, op->name, part, on_row, printer);
	}
	json_decref(args);
	return result;
}

static enum cli_exit
call_op(const struct op *op, const struct options *o, int used)
{
	struct printer printer = {.op = op->name, .is_json = o->is_json};
	json_t *args = json_object();
	struct error err;
	char path[300];

	if (parse_args(op, o->words + used, o->count - used, args, &err) != 0 ||
	    read_password(args, &err) != 0 ||
	    (lines_of(op) == NULL && op_check(op, args, &err) != 0)) {
		json_decref(args);
		return fail(&err);
	}
	struct config *config = config_load(o->config_path, &err);
	if (config == NULL) {
		json_decref(args);
		return fail(&err);
	}
	(void)snprintf(path, sizeof(path), "%s/control.sock", config->run_dir);
	config_unref(config);
	enum cli_exit result = lines_of(op) != NULL
	    ? call_with_lines(path, op, args, &printer)
	    : client_call(path, op->name, args, on_row, &printer);
	print_finish(&printer);
	return result;
}

static enum cli_exit
run_score(const struct options *o)
{
	bool is_tsv = o->count > 1 && strcmp(o->words[1], "--tsv") == 0;
	const char *rules = NULL;
	struct error err;

	if (o->count < 2) {
		(void)fprintf(
		    stderr, "usage: posthorn score FILE… | - | --tsv\n");
		return CLI_USAGE;
	}
	/* The rules of a configuration, if there is one. */
	struct config *config = config_load(o->config_path, &err);
	size_t text_max = 1 << 20;
	if (config != NULL) {
		rules = config->scoring.rules;
		text_max = (size_t)config->scoring.text_max;
	} else if (access(o->config_path, F_OK) == 0) {
		return fail(&err);
	}
	struct scorer *s = scorer_new(rules, text_max, &err);
	config_unref(config);
	if (s == NULL)
		return fail(&err);
	enum cli_exit result = is_tsv
	    ? score_tsv(s)
	    : score_files(s, o->words + 1, o->count - 1, o->is_json);
	scorer_unref(s);
	return result;
}

static enum cli_exit
run_config(const struct options *o)
{
	struct error err;

	if (o->count == 2 && strcmp(o->words[1], "reference") == 0) {
		struct buf text = buf_make(1 << 20);
		config_print_reference(&text);
		(void)fputs(buf_text(&text), stdout);
		buf_free(&text);
		return CLI_DONE;
	}
	struct config *config = config_load(o->config_path, &err);
	if (config == NULL)
		return fail(&err);
	config_unref(config);
	(void)printf("%s: good\n", o->config_path);
	return CLI_DONE;
}

static enum cli_exit
run_help(const struct options *o)
{
	int used;
	const struct op *op = find_op(o->words + 1, o->count - 1, &used);

	if (op != NULL)
		print_op_help(op, stdout);
	else
		print_help(stdout);
	return CLI_DONE;
}

/* "queue" and "queue --zone x" are "queue list …". */
static enum cli_exit
list_queue(const struct options *o)
{
	static char list[] = "list";
	struct options full = *o;
	int used;

	full.words = mem_alloc((size_t)(o->count + 1) * sizeof(*full.words));
	full.words[0] = o->words[0];
	full.words[1] = list;
	for (int i = 1; i < o->count; i++)
		full.words[i + 1] = o->words[i];
	full.count++;
	const struct op *op = find_op(full.words, full.count, &used);
	enum cli_exit result = call_op(op, &full, used);
	mem_free(full.words);
	return result;
}

static enum cli_exit
run(struct options *o)
{
	int used;

	if (o->count == 0) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(o->words[0], "help") == 0 ||
	    strcmp(o->words[0], "--help") == 0)
		return run_help(o);
	if (strcmp(o->words[0], "score") == 0)
		return run_score(o);
	if (strcmp(o->words[0], "config") == 0 && o->count == 2 &&
	    strcmp(o->words[1], "show") != 0)
		return run_config(o);
	const struct op *op = find_op(o->words, o->count, &used);
	if (op != NULL)
		return call_op(op, o, used);
	if (strcmp(o->words[0], "queue") == 0 &&
	    (o->count == 1 || o->words[1][0] == '-'))
		return list_queue(o);
	(void)fprintf(stderr,
	    "posthorn: no verb \"%s%s%s\"; posthorn help lists them\n",
	    o->words[0], o->count > 1 ? " " : "",
	    o->count > 1 ? o->words[1] : "");
	return CLI_USAGE;
}

int
main(int argc, char **argv)
{
	struct options o = {.config_path = getenv("POSTHORN_CONFIG")};
	int i = 1;

	if (o.config_path == NULL)
		o.config_path = CONFIG_DEFAULT_PATH;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			o.is_json = true;
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			o.config_path = argv[++i];
		} else if (strcmp(argv[i], "--help") == 0) {
			print_help(stdout);
			return CLI_DONE;
		} else {
			(void)fprintf(stderr,
			    "posthorn: unknown option %s; posthorn help\n",
			    argv[i]);
			return CLI_USAGE;
		}
	}
	/* --json may stand behind the verb too. */
	o.words = argv + i;
	for (; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			o.is_json = true;
		else
			o.words[o.count++] = argv[i];
	}
	return (int)run(&o);
}
