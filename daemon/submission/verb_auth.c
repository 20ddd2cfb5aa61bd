/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH (RFC 4954) by PLAIN (RFC 4616), LOGIN and SCRAM-SHA-256 (RFC 7677).
 * Only ever over TLS; the lines are never logged.
 *
 * A refusal is answered a set time after the command came, whatever the
 * reason and however long the check took, and later with every further one
 * of the pair (peer, login).
 */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "access/base64.h"
#include "access/scram.h"
#include "access/throttle.h"
#include "base/clock.h"
#include "base/mem.h"
#include "daemon/submission/session_internal.h"

#define RESPONSE_MAX 9216 /* AUTH_LINE_MAX without base64 */

/* A SCRAM exchange under way. */
struct scram_exchange {
	struct scram scram;
	struct auth_login login;
	struct secret_verifier verifiers[AUTH_SECRETS_MAX];
	size_t places[AUTH_SECRETS_MAX]; /* of the verifiers in the login */
	size_t count;
	struct auth_answer answer; /* once the proof was good */
};

static void
end_exchange(struct session *s)
{
	if (s->scram != NULL)
		OPENSSL_cleanse(s->scram, sizeof(*s->scram));
	mem_free(s->scram);
	s->scram = NULL;
	s->auth_step = AUTH_STEP_NONE;
}

void
auth_forget(struct session *s)
{
	auth_cancel(s->auth_check);
	s->auth_check = NULL;
	timer_free(s->auth_timer);
	s->auth_timer = NULL;
	end_exchange(s);
}

static enum session_state
refuse_response(struct session *s, const char *reply)
{
	end_exchange(s);
	return session_after(session_refuse(s, "%s", reply));
}

static void
on_refusal_due(void *arg)
{
	struct session *s = arg;

	timer_free(s->auth_timer);
	s->auth_timer = NULL;
	session_continue(s,
	    session_after(session_refuse(
		s, "535 5.7.8 [bad_credential] Wrong login or secret")));
}

static enum session_state
refuse_login(struct session *s)
{
	struct throttle_rule rule = worker_throttle_rule(s->worker);
	int64_t now_ms = clock_mono_ms();
	int64_t due_ms = s->auth_started_ms +
	    throttle_delay(s->worker->throttle, &s->auth_key, &rule, now_ms);

	s->auth_failures++;
	worker_login_failed(s->worker, &s->auth_key);
	log_info(&s->log, "auth.refused", LOG_TEXT("login", s->auth_user),
	    LOG_INT("failures", s->auth_failures));
	s->auth_timer = timer_new(s->worker->loop, on_refusal_due, s);
	timer_start(s->auth_timer, due_ms > now_ms ? due_ms - now_ms : 0);
	return SESSION_CHECK;
}

static enum session_state
give_answer(struct session *s, const struct auth_answer *a)
{
	char date[TIME_RFC3339_BYTES];

	end_exchange(s);
	switch (a->result) {
	case AUTH_OK:
		s->who = a->who;
		s->log.fields[1] = LOG_TEXT("account", s->who.account);
		s->log.fields[2] = LOG_TEXT("login", s->who.login);
		throttle_passed(s->worker->throttle, &s->auth_key);
		session_reply(s, "235 2.7.0 Authentication successful");
		return SESSION_READY;
	case AUTH_EXPIRED:
		time_to_rfc3339(a->who.expires_ms, date);
		log_info(
		    &s->log, "auth.expired", LOG_TEXT("login", a->who.login));
		return session_after(session_refuse(s,
		    "535 5.7.8 [credential_expired] expired %.10s; ask for a "
		    "new one",
		    date));
	case AUTH_TROUBLE:
		session_reply(s, "454 4.7.0 Try again later");
		return SESSION_READY;
	case AUTH_BUSY:
		log_warn(&s->log, "auth.busy", LOG_TEXT("login", s->auth_user));
		session_reply(s, "454 4.7.0 Too many logins, try again later");
		return SESSION_READY;
	case AUTH_BAD:
		break;
	}
	return refuse_login(s);
}

static void
on_answer(void *arg, const struct auth_answer *answer)
{
	struct session *s = arg;

	s->auth_check = NULL;
	session_continue(s, give_answer(s, answer));
}

/* Notes whose login it is; false when that pair is locked: the session ends,
 * and has been told. */
static bool
begin_login(struct session *s, struct slice login)
{
	struct throttle_rule rule = worker_throttle_rule(s->worker);
	int64_t now_ms = clock_mono_ms();
	size_t len =
	    login.len < AUTH_NAME_BYTES ? login.len : AUTH_NAME_BYTES - 1;

	memmove(s->auth_user, login.ptr, len);
	s->auth_user[len] = '\0';
	s->auth_key =
	    throttle_key(conn_peer(s->conn)->ip, slice_of(s->auth_user));
	if (throttle_locked_until(
		s->worker->throttle, &s->auth_key, &rule, now_ms) == 0)
		return true;
	log_info(&s->log, "auth.throttled", LOG_TEXT("login", s->auth_user));
	session_reply(s, "421 4.7.0 [auth_throttled] Too many failed logins");
	return false;
}

static enum session_state
check(struct session *s, struct slice login, struct slice secret)
{
	struct worker *w = s->worker;
	struct auth_answer answer;

	if (slice_find(login, '\0') >= 0 || slice_find(secret, '\0') >= 0)
		login = secret = SLICE("");
	if (!begin_login(s, login))
		return SESSION_END;
	struct auth_place at = {
	    .cache = w->auth_cache,
	    .reader = w->reader,
	    .pool = w->shared->auth_pool,
	    .waiting_max = (size_t)w->setup->config->submission.auth_queue_max,
	    .loop = w->loop,
	    .epoch = w->setup->auth_epoch,
	    .now_ms = clock_wall_ms(),
	    .peer = conn_peer(s->conn),
	};
	s->auth_check = auth_begin(
	    &at, slice_of(s->auth_user), secret, on_answer, s, &answer);
	return s->auth_check != NULL ? SESSION_CHECK : give_answer(s, &answer);
}

/* [authzid] NUL authcid NUL passwd. */
static enum session_state
take_plain(struct session *s, struct slice response)
{
	struct slice authzid;
	struct slice login;

	if (!slice_cut(&response, '\0', &authzid) ||
	    !slice_cut(&response, '\0', &login) || response.ptr == NULL)
		return refuse_response(
		    s, "501 5.5.2 PLAIN wants login and secret");
	if (authzid.len != 0 && !slice_equal(authzid, login))
		return refuse_response(
		    s, "535 5.7.8 [bad_credential] Wrong login or secret");
	return check(s, login, response);
}

/* --- SCRAM -------------------------------------------------------------- */

/* The verifiers that go with the salt and rounds of the newest. */
static void
collect_verifiers(struct scram_exchange *x)
{
	for (size_t i = 0; i < x->login.count; i++) {
		struct secret_verifier *v = &x->verifiers[x->count];
		const struct secret_verifier *first = &x->verifiers[0];
		if (x->login.secrets[i].kind != SECRET_SCRAM ||
		    secret_parse(slice_of(x->login.secrets[i].verifier), v) !=
			0)
			continue;
		if (x->count != 0 &&
		    (v->rounds != first->rounds ||
			v->salt_len != first->salt_len ||
			memcmp(v->salt, first->salt, v->salt_len) != 0))
			continue;
		x->places[x->count++] = i;
	}
}

static void
challenge(struct session *s, const char *text)
{
	char encoded[BASE64_BYTES(SCRAM_TEXT_BYTES)];

	base64_encode(slice_of(text), encoded);
	session_reply_long(s, "334 ", encoded);
}

static enum session_state
take_scram_first(struct session *s, struct slice response)
{
	struct worker *w = s->worker;
	uint8_t chance[SCRAM_NONCE_BYTES];

	s->scram = MEM_NEW(struct scram_exchange);
	struct scram_exchange *x = s->scram;
	if (scram_first(&x->scram, response) != 0)
		return refuse_response(
		    s, "501 5.5.2 That is no SCRAM-SHA-256 message");
	if (!begin_login(s, slice_of(x->scram.login)))
		return SESSION_END;
	if (auth_lookup(w->reader, slice_of(x->scram.login), conn_peer(s->conn),
		w->setup->auth_epoch, &x->login) != 0) {
		struct auth_answer trouble = {.result = AUTH_TROUBLE};
		return give_answer(s, &trouble);
	}
	collect_verifiers(x);
	/* Who is not known is led on to the end like all. */
	if (x->count == 0)
		scram_decoy(slice_of(x->scram.login), w->shared->decoy_key,
		    sizeof(w->shared->decoy_key), &x->verifiers[0]);
	if (RAND_bytes(chance, sizeof(chance)) != 1) {
		struct auth_answer trouble = {.result = AUTH_TROUBLE};
		return give_answer(s, &trouble);
	}
	scram_challenge(&x->scram, chance, &x->verifiers[0]);
	s->auth_step = AUTH_STEP_SCRAM_PROOF;
	challenge(s, x->scram.server_first);
	return SESSION_AUTH;
}

static enum session_state
take_scram_proof(struct session *s, struct slice response)
{
	struct scram_exchange *x = s->scram;
	char text[SCRAM_TEXT_BYTES];
	struct auth_answer bad = {.result = AUTH_BAD};

	s->auth_started_ms = clock_mono_ms();
	int match =
	    scram_final(&x->scram, response, x->verifiers, x->count, text);
	if (match < 0)
		return give_answer(s, &bad);
	auth_settle(&x->login, x->places[match], clock_wall_ms(), &x->answer);
	if (x->answer.result != AUTH_OK) {
		struct auth_answer answer = x->answer;
		return give_answer(s, &answer);
	}
	/* The server's signature goes as one more challenge (RFC 4954 4),
	 * which the client answers with nothing. */
	s->auth_step = AUTH_STEP_SCRAM_END;
	challenge(s, text);
	return SESSION_AUTH;
}

static enum session_state
take_scram_end(struct session *s, struct slice response)
{
	struct auth_answer answer = s->scram->answer;

	if (response.len != 0)
		return refuse_response(
		    s, "501 5.5.2 Nothing was expected any more");
	return give_answer(s, &answer);
}

/* --- lines -------------------------------------------------------------- */

static enum session_state
take_response(struct session *s, struct slice response)
{
	switch (s->auth_step) {
	case AUTH_STEP_PLAIN:
		return take_plain(s, response);
	case AUTH_STEP_USER:
		if (response.len >= sizeof(s->auth_user))
			response = SLICE("");
		memcpy(s->auth_user, response.ptr, response.len);
		s->auth_user[response.len] = '\0';
		s->auth_step = AUTH_STEP_PASS;
		session_reply(s, "334 UGFzc3dvcmQ6"); /* Password: */
		return SESSION_AUTH;
	case AUTH_STEP_PASS:
		return check(s, slice_of(s->auth_user), response);
	case AUTH_STEP_SCRAM_FIRST:
		return take_scram_first(s, response);
	case AUTH_STEP_SCRAM_PROOF:
		return take_scram_proof(s, response);
	case AUTH_STEP_SCRAM_END:
		return take_scram_end(s, response);
	case AUTH_STEP_NONE:
		break;
	}
	return SESSION_END;
}

enum session_state
auth_line(struct session *s, struct slice line)
{
	uint8_t response[RESPONSE_MAX];

	s->auth_started_ms = clock_mono_ms();
	if (slice_is(line, "*"))
		return refuse_response(s, "501 5.0.0 Authentication cancelled");
	int len = base64_decode(line, response, sizeof(response));
	if (len < 0)
		return refuse_response(s, "501 5.5.2 That is no base64");
	enum session_state next =
	    take_response(s, slice_make((const char *)response, (size_t)len));
	OPENSSL_cleanse(response, (size_t)len);
	return next;
}

static const struct mechanism {
	const char *name;
	enum auth_step step;
	const char *prompt; /* without an initial response */
} mechanisms[] = {
    {"PLAIN", AUTH_STEP_PLAIN, "334 "},
    {"LOGIN", AUTH_STEP_USER, "334 VXNlcm5hbWU6"}, /* Username: */
    {"SCRAM-SHA-256", AUTH_STEP_SCRAM_FIRST, "334 "},
};

enum session_state
verb_auth(struct session *s, struct slice args)
{
	const struct mechanism *m = NULL;
	struct slice name;

	if (!s->is_secured || s->listener->auth == AUTH_NONE)
		return session_refuse(s, "502 5.5.1 AUTH is not offered here");
	if (s->who.login[0] != '\0')
		return session_refuse(s, "503 5.5.1 Authenticated already");
	(void)slice_cut(&args, ' ', &name);
	args = slice_trim(args);
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if (slice_is_nocase(name, mechanisms[i].name))
			m = &mechanisms[i];
	if (m == NULL)
		return session_refuse(
		    s, "504 5.5.4 Use AUTH PLAIN, LOGIN or SCRAM-SHA-256");
	s->auth_step = m->step;
	s->auth_name = m->name;
	if (args.len == 0) {
		session_reply(s, "%s", m->prompt);
		return SESSION_AUTH;
	}
	/* An initial response; "=" is the empty one. */
	return auth_line(s, slice_is(args, "=") ? SLICE("") : args);
}
