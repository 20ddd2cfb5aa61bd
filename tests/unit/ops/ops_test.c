/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of operations, the check of calls against it, and values as the
 * command line gives them.
 */
#include "ops/ops.h"

#include "tests/unit/unit.h"

static void
test_table(void **state UNUSED)
{
	for (size_t i = 0; i < ops_count; i++) {
		const struct op *op = &ops[i];
		CHECK(op->name, op_find(op->name) == op);
		CHECK(op->name, op->help[0] != '\0' && op->words[0] != '\0');
		/* The words are the name with spaces. */
		CHECK(op->name, strlen(op->name) == strlen(op->words));
		for (size_t c = 0; op->name[c] != '\0'; c++)
			CHECK(op->name,
			    op->words[c] ==
				(op->name[c] == '.' ? ' ' : op->name[c]));
		for (const struct op_arg *a = op->args; a->name != NULL; a++)
			CHECK(op->name, a->help != NULL);
	}
	assert_null(op_find("no.such"));
	assert_null(op_find(""));
}

struct call {
	const char *name, *op, *args;
	const char *want; /* in the error; null: good */
};

static const struct call calls[] = {
    {.name = "none", .op = "status", .args = "{}"},
    {.name = "unknown argument",
	.op = "status",
	.args = "{\"x\":1}",
	.want = "x"},
    {.name = "missing", .op = "queue.show", .args = "{}", .want = "id"},
    {.name = "wrong type",
	.op = "queue.show",
	.args = "{\"id\":1}",
	.want = "id"},
    {.name = "null", .op = "queue.show", .args = "{\"id\":null}", .want = "id"},
    {.name = "good", .op = "queue.show", .args = "{\"id\":\"x\"}"},
    {.name = "list", .op = "queue.hold", .args = "{\"ids\":[\"a\",\"b\"]}"},
    {.name = "list of numbers",
	.op = "queue.hold",
	.args = "{\"ids\":[1]}",
	.want = "ids"},
    {.name = "list that is a text",
	.op = "queue.hold",
	.args = "{\"ids\":\"a\"}",
	.want = "ids"},
    {.name = "negative limit",
	.op = "queue.list",
	.args = "{\"limit\":-1}",
	.want = "limit"},
    {.name = "real limit",
	.op = "queue.list",
	.args = "{\"limit\":1.5}",
	.want = "limit"},
    {.name = "flag", .op = "events", .args = "{\"follow\":true}"},
    {.name = "flag as a number",
	.op = "events",
	.args = "{\"follow\":1}",
	.want = "follow"},
    {.name = "negative score",
	.op = "queue.list",
	.args = "{\"score_min\":-1}"},
    {.name = "password beside its flag",
	.op = "credential.add",
	.args = "{\"account\":\"a\",\"password\":\"p\"}"},
    {.name = "password elsewhere",
	.op = "account.add",
	.args = "{\"name\":\"a\",\"password\":\"p\"}",
	.want = "password"},
};

static void
test_calls(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct error err = {0};
		json_t *args = json_loads(calls[i].args, 0, NULL);
		int rc = op_check(op_find(calls[i].op), args, &err);
		CHECK_INT(calls[i].name, rc, calls[i].want != NULL ? -1 : 0);
		if (rc != 0) {
			CHECK_INT(calls[i].name, err.kind, ERROR_USAGE);
			CHECK(calls[i].name,
			    strstr(err.text, calls[i].want) != NULL);
		}
		json_decref(args);
	}
}

struct value {
	const char *name;
	enum op_arg_type type;
	const char *text;
	const char *want; /* JSON; null: refused */
};

static const struct value values[] = {
    {.name = "text", .type = OP_TEXT, .text = "a", .want = "\"a\""},
    {.name = "broken UTF-8", .type = OP_TEXT, .text = "\xff"},
    {.name = "int", .type = OP_INT, .text = "12", .want = "12"},
    {.name = "negative int", .type = OP_INT, .text = "-1"},
    {.name = "int too large", .type = OP_INT, .text = "9223372036854775808"},
    {.name = "empty int", .type = OP_INT, .text = ""},
    {.name = "duration", .type = OP_DURATION, .text = "90s", .want = "90000"},
    {.name = "bad duration", .type = OP_DURATION, .text = "90x"},
    {.name = "real", .type = OP_REAL, .text = "-1.5", .want = "-1.5"},
    {.name = "empty real", .type = OP_REAL, .text = ""},
    {.name = "real and text", .type = OP_REAL, .text = "1x"},
    /* JSON has neither, so they can't go over the socket. */
    {.name = "nan", .type = OP_REAL, .text = "nan"},
    {.name = "inf", .type = OP_REAL, .text = "inf"},
    {.name = "since", .type = OP_SINCE, .text = "2h", .want = "\"2h\""},
};

static void
test_values(void **state UNUSED)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		const struct value *c = &values[i];
		struct op_arg arg = {
		    .name = "x", .kind = OP_OPTION, .type = c->type};
		struct error err = {0};
		json_t *got = op_parse_value(&arg, c->text, &err);
		json_t *want = c->want != NULL
		    ? json_loads(c->want, JSON_DECODE_ANY, NULL)
		    : NULL;
		/* With null comes a text: the caller prints it. */
		if (want != NULL ? !json_equal(got, want)
				 : got != NULL || err.text[0] == '\0') {
			print_error("%s: %s\n", c->name,
			    got != NULL ? "was accepted" : "no error text");
			wrong++;
		}
		json_decref(got);
		json_decref(want);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_calls),
	    cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
