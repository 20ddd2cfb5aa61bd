/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCRAM's messages, base64 and stored verifiers.
 */
#include "tests/fuzz/fuzz.h"

#include "access/base64.h"
#include "access/scram.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t chance[SCRAM_NONCE_BYTES];
	struct slice text = FUZZ_INPUT(data, size);
	struct secret_verifier v;
	struct scram s;
	char out[SCRAM_TEXT_BYTES];
	uint8_t bytes[4096];

	scram_decoy(SLICE("x"), chance, sizeof(chance), &v);
	if (scram_first(&s, text) == 0) {
		assert(s.login[0] != '\0');
		scram_challenge(&s, chance, &v);
		assert(scram_final(&s, text, &v, 1, out) == -1);
	}
	if (size <= sizeof(bytes))
		assert(base64_decode(text, bytes, sizeof(bytes)) <= (int)size);
	if (secret_parse(text, &v) == 0) {
		char printed[SECRET_TEXT_BYTES];
		secret_print(&v, printed);
		assert(secret_parse(slice_of(printed), &v) == 0);
	}
	return 0;
}
