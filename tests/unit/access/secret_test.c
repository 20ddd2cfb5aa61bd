/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifiers of secrets, SCRAM by the example of RFC 7677 3, base64.
 */
#include "access/secret.h"

#include "access/base64.h"
#include "access/scram.h"
#include "tests/unit/unit.h"

/* RFC 7677 3: user "user", password "pencil". */
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define CLIENT_FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CLIENT_FINAL \
	"c=biws,r=" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static void
make_pencil(struct secret_verifier *v)
{
	uint8_t salt[BASE64_ROOM(24)];
	int len = base64_decode(SLICE(SALT), salt, sizeof(salt));

	assert_int_equal(len, 16);
	assert_int_equal(
	    secret_derive(SLICE("pencil"), salt, (size_t)len, 4096, v), 0);
}

static void
test_rfc_7677(void **state UNUSED)
{
	struct secret_verifier v[2];
	struct scram s;
	char out[SCRAM_TEXT_BYTES];

	assert_int_equal(
	    secret_make(SLICE("another"), SECRET_ROUNDS_GENERATED, &v[0]), 0);
	make_pencil(&v[1]);
	assert_int_equal(scram_first(&s, SLICE(CLIENT_FIRST)), 0);
	assert_string_equal(s.login, "user");
	/* The example's own server nonce is no base64. */
	(void)snprintf(s.nonce, sizeof(s.nonce), "%s", NONCE);
	(void)snprintf(s.server_first, sizeof(s.server_first),
	    "r=%s,s=%s,i=4096", NONCE, SALT);
	assert_int_equal(scram_final(&s, SLICE(CLIENT_FINAL), v, 2, out), 1);
	assert_string_equal(out, SERVER_FINAL);
	assert_int_equal(scram_final(&s, SLICE(CLIENT_FINAL), v, 1, out), -1);
}

static void
test_challenge(void **state UNUSED)
{
	struct secret_verifier v;
	struct scram s;
	uint8_t chance[SCRAM_NONCE_BYTES] = {0};

	make_pencil(&v);
	assert_int_equal(scram_first(&s, SLICE("y,,n=a=2Cb=3D,r=abc")), 0);
	assert_string_equal(s.login, "a,b=");
	scram_challenge(&s, chance, &v);
	assert_string_equal(s.server_first,
	    "r=abcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,s=" SALT ",i=4096");
}

static const struct {
	const char *name;
	const char *text;
} bad_firsts[] = {
    {"empty", ""},
    {"channel binding", "p=tls-unique,,n=user,r=abc"},
    {"another identity", "n,a=admin,n=user,r=abc"},
    {"no nonce", "n,,n=user"},
    {"empty nonce", "n,,n=user,r="},
    {"no user", "n,,r=abc"},
    {"empty user", "n,,n=,r=abc"},
    {"bad escape", "n,,n=a=41,r=abc"},
    {"extension first", "n,,m=x,n=user,r=abc"},
    {"one comma", "n,n=user"},
    {"control in the nonce", "n,,n=user,r=a\x01"},
};

static void
test_bad_messages(void **state UNUSED)
{
	static const char *const finals[] = {
	    "",
	    "c=biws,r=" NONCE,
	    "c=biws,r=" NONCE ",p=",
	    "c=biws,r=" NONCE ",p=AAAA",
	    "c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	    "c=eSws,r=" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	    "r=" NONCE ",c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	    "c=biws,r=" NONCE
	    ",x=1,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	};
	struct secret_verifier v;
	struct scram s;
	char out[SCRAM_TEXT_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(bad_firsts); i++)
		CHECK(bad_firsts[i].name,
		    scram_first(&s, slice_of(bad_firsts[i].text)) != 0);
	make_pencil(&v);
	assert_int_equal(scram_first(&s, SLICE(CLIENT_FIRST)), 0);
	(void)snprintf(s.nonce, sizeof(s.nonce), "%s", NONCE);
	(void)snprintf(s.server_first, sizeof(s.server_first),
	    "r=%s,s=%s,i=4096", NONCE, SALT);
	for (size_t i = 0; i < ARRAY_LEN(finals); i++)
		CHECK(finals[i],
		    scram_final(&s, slice_of(finals[i]), &v, 1, out) == -1);
}

static void
test_verifiers(void **state UNUSED)
{
	struct secret_verifier v;
	struct secret_verifier again;
	char text[SECRET_TEXT_BYTES];

	make_pencil(&v);
	secret_print(&v, text);
	assert_int_equal(secret_parse(slice_of(text), &again), 0);
	assert_memory_equal(v.stored_key, again.stored_key, SECRET_KEY_BYTES);
	assert_memory_equal(v.server_key, again.server_key, SECRET_KEY_BYTES);
	assert_int_equal(again.rounds, 4096);
	assert_int_equal(again.salt_len, v.salt_len);
	assert_true(
	    secret_matches(SECRET_SCRAM, slice_of(text), SLICE("pencil")));
	assert_false(
	    secret_matches(SECRET_SCRAM, slice_of(text), SLICE("Pencil")));
	assert_false(secret_matches(SECRET_SCRAM, slice_of(text), SLICE("")));
	/* Those of older stores. */
	assert_true(secret_matches(SECRET_SHA256,
	    SLICE("2d711642b726b04401627ca9fbac32f5"
		  "c8530fb1903cc4db02258717921a4881"),
	    SLICE("x")));
	assert_false(
	    secret_matches(SECRET_CRYPT, SLICE("no setting"), SLICE("pencil")));
}

static void
test_bad_verifiers(void **state UNUSED)
{
	static const char *const texts[] = {"", "SCRAM-SHA-256",
	    "SCRAM-SHA-1$1:", "SCRAM-SHA-256$0:" SALT "$AA==:AA==",
	    "SCRAM-SHA-256$4096:$AA==:AA==",
	    "SCRAM-SHA-256$4096:" SALT "$AA==:AA==",
	    "SCRAM-SHA-256$99999999999:" SALT "$AA==:AA=="};
	struct secret_verifier v;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		CHECK(texts[i], secret_parse(slice_of(texts[i]), &v) == -1);
}

static void
test_base64(void **state UNUSED)
{
	static const struct {
		const char *text;
		int len;
	} cases[] = {{"", 0}, {"AA==", 1}, {"AAA=", 2}, {"AAAA", 3}, {"A", -1},
	    {"AA", -1}, {"A===", -1}, {"AA=A", -1}, {"AA==AA==", -1},
	    {"AA A", -1}, {"AA-_", -1}};
	uint8_t out[16];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_INT(cases[i].text,
		    base64_decode(slice_of(cases[i].text), out, sizeof(out)),
		    cases[i].len);
	assert_int_equal(base64_decode(SLICE("AAAA"), out, 2), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rfc_7677),
	    cmocka_unit_test(test_challenge),
	    cmocka_unit_test(test_bad_messages),
	    cmocka_unit_test(test_verifiers),
	    cmocka_unit_test(test_bad_verifiers),
	    cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
