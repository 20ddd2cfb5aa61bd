/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole message through the view and every check.
 */
#include "tests/fuzz/fuzz.h"

#include "scoring/score.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scorer *scorer;
	struct score_facts facts = {{NULL, 0}};
	struct arena arena = {0};
	struct verdict v;
	struct error err;
	struct buf json = buf_make(1 << 16);

	if (scorer == NULL)
		scorer = scorer_new(NULL, 1 << 18, &err);
	score_message(scorer, FUZZ_INPUT(data, size), &facts, NULL, &arena, &v);
	verdict_to_json(&v, &json);
	assert(json.len >= 2);
	buf_free(&json);
	arena_free(&arena);
	return 0;
}
