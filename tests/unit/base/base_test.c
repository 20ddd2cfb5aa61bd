/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ground floor: cutting, caps, ids, times, units, UTF-8.
 */
#include "tests/unit/check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/units.h"
#include "base/utf8.h"

static void
cuts_and_numbers(void **state)
{
	struct slice rest = SLICE("a,,b");
	struct slice piece;
	uint64_t number;

	(void)state;
	assert_true(slice_cut(&rest, ',', &piece));
	check_slice(piece, "a");
	assert_true(slice_cut(&rest, ',', &piece));
	check_slice(piece, "");
	assert_true(slice_cut(&rest, ',', &piece));
	check_slice(piece, "b");
	assert_false(slice_cut(&rest, ',', &piece));
	assert_int_equal(
	    slice_to_u64(SLICE("18446744073709551615"), &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(
	    slice_to_u64(SLICE("18446744073709551616"), &number), -1);
	assert_int_equal(slice_to_u64(SLICE(""), &number), -1);
	assert_int_equal(slice_to_u64(SLICE("-1"), &number), -1);
	assert_int_equal(slice_find_nocase(SLICE("xxBoundary"), "boundary"), 2);
	check_slice(slice_trim(SLICE(" \t a b\r\n")), "a b");
}

static void
buffers_keep_their_cap(void **state)
{
	struct buf b = buf_make(10);

	(void)state;
	assert_int_equal(buf_append_text(&b, "12345"), 0);
	assert_int_equal(buf_appendf(&b, "%05d", 7), 0);
	assert_int_equal(buf_append_char(&b, 'x'), -1);
	assert_string_equal(buf_text(&b), "1234500007");
	/* It stays failed, so one check at the end is enough. */
	buf_consume(&b, 5);
	assert_int_equal(buf_append_char(&b, 'x'), -1);
	buf_reset(&b);
	assert_int_equal(buf_append_char(&b, 'x'), 0);
	buf_free(&b);
}

static void
arenas_hold_any_size(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 1; i < 20000; i += 997) {
		char *at = arena_alloc(&a, i);
		assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(at[j], 0);
		memset(at, 'x', i);
	}
	assert_string_equal(arena_printf(&a, "%s-%d", "a", 5), "a-5");
	arena_free(&a);
	assert_null(a.head);
}

static void
ids_rise_whatever_the_clock_does(void **state)
{
	char text[ID_TEXT_BYTES];
	char before[ID_TEXT_BYTES] = "";
	uint64_t back;

	(void)state;
	for (int64_t i = 0; i < 5000; i++) {
		int64_t now = 1790000000000 + (i % 7) * 1000 - i * 3;
		uint64_t id = id_next(now);
		id_to_text(id, text);
		assert_int_equal(strlen(text), 13);
		assert_true(strcmp(before, text) < 0);
		assert_int_equal(id_from_text(slice_of(text), &back), 0);
		assert_true(back == id);
		memcpy(before, text, sizeof(text));
	}
	id_start_above(back + 1000000);
	assert_true(id_next(0) == back + 1000001);
	assert_int_equal(id_from_text(SLICE("short"), &back), -1);
	assert_int_equal(id_from_text(SLICE("zzzzzzzzzzzzz"), &back), -1);
	assert_int_equal(id_from_text(SLICE("0000000000u00"), &back), -1);
}

static void
times_read_as_they_print(void **state)
{
	char text[TIME_RFC5322_BYTES];
	int64_t ms;

	(void)state;
	time_to_rfc3339(1795438800123, text);
	assert_string_equal(text, "2026-11-23T13:00:00.123Z");
	assert_int_equal(time_from_rfc3339(slice_of(text), &ms), 0);
	assert_int_equal(ms, 1795438800123);
	time_to_rfc5322(1795438800123, text);
	assert_string_equal(text, "Mon, 23 Nov 2026 13:00:00 +0000");
	assert_int_equal(time_from_rfc3339(SLICE("2026-11-23"), &ms), 0);
	assert_int_equal(ms, 1795392000000);
	assert_int_equal(time_from_rfc3339(SLICE("2026-13-23"), &ms), -1);
	assert_int_equal(time_from_rfc3339(SLICE("2026-11-23T13:00"), &ms), -1);
}

static void
units_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {{"90s", 90000}, {"5m", 300000}, {"2h", 7200000},
	    {"4d", 345600000}, {"7", 7000}, {"10ms", 10}, {"1.5h", -1},
	    {"h", -1}, {"-1s", -1}, {"99999999999999999999d", -1}};
	char text[UNITS_TEXT_BYTES];
	uint64_t bytes;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc = units_parse_duration(slice_of(rows[i].text), &ms);
		check_row(rows[i].text, rc == (rows[i].ms < 0 ? -1 : 0));
		check_row(rows[i].text, rows[i].ms < 0 || ms == rows[i].ms);
	}
	assert_int_equal(units_parse_size(SLICE("10k"), &bytes), 0);
	assert_int_equal(bytes, 10240);
	assert_int_equal(units_parse_size(SLICE("25M"), &bytes), 0);
	assert_int_equal(bytes, 25 << 20);
	assert_int_equal(units_parse_size(SLICE("25X"), &bytes), -1);
	units_print_duration(5400000, text);
	assert_string_equal(text, "90m");
}

static void
utf8_is_checked_and_cleaned(void **state)
{
	struct buf out = buf_make(100);

	(void)state;
	assert_true(utf8_is_valid(SLICE("gr\xc3\xbc\xc3\x9f")));
	assert_false(utf8_is_valid(SLICE("\xc0\xaf")));         /* overlong */
	assert_false(utf8_is_valid(SLICE("\xed\xa0\x80")));     /* surrogate */
	assert_false(utf8_is_valid(SLICE("\xf4\x90\x80\x80"))); /* too high */
	assert_false(utf8_is_valid(SLICE("\xe2\x82")));         /* cut off */
	utf8_append_clean(
	    &out, SLICE("a\r\n\x1b[31m b\xff \xe2\x80\xae c"), 100);
	assert_string_equal(buf_text(&out), "a ?[31m b? ? c");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cuts_and_numbers),
	    cmocka_unit_test(buffers_keep_their_cap),
	    cmocka_unit_test(arenas_hold_any_size),
	    cmocka_unit_test(ids_rise_whatever_the_clock_does),
	    cmocka_unit_test(times_read_as_they_print),
	    cmocka_unit_test(units_as_people_write_them),
	    cmocka_unit_test(utf8_is_checked_and_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
