/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH (RFC 4954) by PLAIN (RFC 4616) and LOGIN. Only ever over TLS; the
 * lines are never logged.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/submission/session_internal.h"

#define RESPONSE_MAX 9216 /* AUTH_LINE_MAX without base64 */

static bool
is_base64(struct slice s)
{
	size_t padding = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '=')
			padding++;
		else if (padding != 0 ||
		    (!ascii_is_alnum(c) && c != '+' && c != '/'))
			return false;
	}
	return s.len % 4 == 0 && padding <= 2;
}

/* Strict base64 (RFC 4648 4); the length, or -1. */
static int
decode(struct slice text, unsigned char out[RESPONSE_MAX])
{
	if (!is_base64(text) || text.len / 4 * 3 > RESPONSE_MAX)
		return -1;
	if (text.len == 0)
		return 0;
	int len = EVP_DecodeBlock(
	    out, (const unsigned char *)text.ptr, (int)text.len);
	if (len < 0)
		return -1;
	for (size_t i = text.len; i > 0 && text.ptr[i - 1] == '='; i--)
		len--;
	return len;
}

static enum session_state
give_answer(struct session *s, const struct auth_answer *a)
{
	char date[TIME_RFC3339_BYTES];

	s->auth_step = AUTH_STEP_NONE;
	switch (a->result) {
	case AUTH_OK:
		memcpy(s->account, a->account, sizeof(s->account));
		memcpy(s->login, a->login, sizeof(s->login));
		s->is_suspended = a->is_suspended;
		s->auth_epoch = s->worker->setup->auth_epoch;
		s->log.fields[1] = LOG_TEXT("account", s->account);
		s->log.fields[2] = LOG_TEXT("login", s->login);
		session_reply(s, "235 2.7.0 Authentication successful");
		return SESSION_READY;
	case AUTH_EXPIRED:
		time_to_rfc3339(a->expires_ms, date);
		log_info(&s->log, "auth.expired", LOG_TEXT("login", a->login));
		return session_refuse(s,
			   "535 5.7.8 [credential_expired] expired %.10s; ask "
			   "for a new one",
			   date) == SESSION_END
		    ? SESSION_END
		    : SESSION_READY;
	case AUTH_TROUBLE:
		session_reply(s, "454 4.7.0 Try again later");
		return SESSION_READY;
	case AUTH_BAD:
		break;
	}
	s->auth_failures++;
	log_info(
	    &s->log, "auth.refused", LOG_INT("failures", s->auth_failures));
	return session_refuse(s,
		   "535 5.7.8 [bad_credential] Wrong login or "
		   "secret") == SESSION_END
	    ? SESSION_END
	    : SESSION_READY;
}

static void
on_answer(void *arg, const struct auth_answer *answer)
{
	struct session *s = arg;

	s->auth_check = NULL;
	session_continue(s, give_answer(s, answer));
}

static enum session_state
check(struct session *s, struct slice login, struct slice secret)
{
	struct worker *w = s->worker;
	struct auth_answer answer;

	if (slice_find(login, '\0') >= 0 || slice_find(secret, '\0') >= 0)
		login = secret = SLICE("");
	s->auth_check = auth_begin(w->auth_cache, w->reader, w->shared->pool,
	    w->loop, w->setup->auth_epoch, clock_wall_ms(), login, secret,
	    on_answer, s, &answer);
	return s->auth_check != NULL ? SESSION_CHECK : give_answer(s, &answer);
}

static enum session_state
refuse_response(struct session *s, const char *reply)
{
	s->auth_step = AUTH_STEP_NONE;
	return session_refuse(s, "%s", reply) == SESSION_END ? SESSION_END
							     : SESSION_READY;
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
	case AUTH_STEP_NONE:
		break;
	}
	return SESSION_END;
}

enum session_state
auth_line(struct session *s, struct slice line)
{
	unsigned char response[RESPONSE_MAX];

	if (slice_is(line, "*"))
		return refuse_response(s, "501 5.0.0 Authentication cancelled");
	int len = decode(line, response);
	if (len < 0)
		return refuse_response(s, "501 5.5.2 That is no base64");
	enum session_state next =
	    take_response(s, slice_make((const char *)response, (size_t)len));
	OPENSSL_cleanse(response, (size_t)len);
	return next;
}

enum session_state
verb_auth(struct session *s, struct slice args)
{
	struct slice mechanism;

	if (!s->is_secured || s->listener->auth == AUTH_NONE)
		return session_refuse(s, "502 5.5.1 AUTH is not offered here");
	if (s->login[0] != '\0')
		return session_refuse(s, "503 5.5.1 Authenticated already");
	(void)slice_cut(&args, ' ', &mechanism);
	args = slice_trim(args);
	if (slice_is_nocase(mechanism, "PLAIN"))
		s->auth_step = AUTH_STEP_PLAIN;
	else if (slice_is_nocase(mechanism, "LOGIN"))
		s->auth_step = AUTH_STEP_USER;
	else
		return session_refuse(
		    s, "504 5.5.4 Use AUTH PLAIN or AUTH LOGIN");
	if (args.len == 0) {
		session_reply(s,
		    s->auth_step == AUTH_STEP_PLAIN
			? "334 "
			: "334 VXNlcm5hbWU6"); /* Username: */
		return SESSION_AUTH;
	}
	/* An initial response; "=" is the empty one. */
	return auth_line(s, slice_is(args, "=") ? SLICE("") : args);
}
