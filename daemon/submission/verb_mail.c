/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MAIL and RCPT: the envelope.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "daemon/submission/lists.h"
#include "daemon/submission/session_internal.h"

const struct policy *
session_policy(const struct session *s)
{
	return policy_for(s->worker->setup->policies, slice_of(s->who.account));
}

int64_t
session_size_max(const struct session *s)
{
	int64_t own = session_policy(s)->message_size_max;
	int64_t all = s->worker->setup->config->submission.message_size_max;

	return own != 0 && own < all ? own : all;
}

int64_t
session_recipients_max(const struct session *s)
{
	int64_t own = session_policy(s)->recipients_max;

	return own != 0 ? own
			: s->worker->setup->config->submission.recipients_max;
}

static enum session_state
refuse_path(struct session *s, enum smtp_path_error error, const char *verb)
{
	switch (error) {
	case SMTP_PATH_KEYWORD:
		return session_refuse(
		    s, "501 5.5.4 Expected %s:<address>", verb);
	case SMTP_PATH_PARAMS:
		return session_refuse(s, "501 5.5.4 Malformed parameter");
	case SMTP_PATH_SYNTAX:
	case SMTP_PATH_OK:
		break;
	}
	return session_refuse(s, "501 5.1.%d That is no address: %s",
	    verb[0] == 'T' ? 3 : 7, "write <name@example.org>");
}

/* Whoever logged in may have lost the right since. */
static enum session_state
check_standing(struct session *s)
{
	switch (
	    auth_check_standing(&s->who, s->worker->reader, conn_peer(s->conn),
		s->worker->setup->auth_epoch, clock_wall_ms())) {
	case STANDING_GOOD:
		break;
	case STANDING_SUSPENDED:
		return session_refuse(s,
		    "550 5.7.1 [account_suspended] This account may not send");
	case STANDING_REVOKED:
		session_reply(s,
		    "421 4.7.0 [auth_required] This login was revoked, "
		    "closing");
		return SESSION_END;
	case STANDING_EXPIRED:
		session_reply(s,
		    "421 4.7.0 [credential_expired] This login has expired, "
		    "closing");
		return SESSION_END;
	case STANDING_TROUBLE:
		session_reply(
		    s, "451 4.3.0 [storage] Not known now, try later");
		return STAY;
	}
	return SESSION_MAIL;
}

/* Refuses what smtp_*_params_read() found at fault; STAY when nothing. */
static enum session_state
refuse_params(struct session *s, enum smtp_params_error error, struct slice bad)
{
	switch (error) {
	case SMTP_PARAMS_OK:
		break;
	case SMTP_PARAMS_UNKNOWN:
		return session_refuse(s,
		    "555 5.5.4 Parameter %.*s is not known here",
		    SLICE_ARGS(bad));
	case SMTP_PARAMS_VALUE:
		return session_refuse(s,
		    "501 5.5.4 The value of %.*s is not good", SLICE_ARGS(bad));
	case SMTP_PARAMS_DUPLICATE:
		return session_refuse(
		    s, "501 5.5.4 %.*s came twice", SLICE_ARGS(bad));
	}
	return STAY;
}

static void
note_refusal(struct session *s, const char *event, struct slice sender,
    struct slice recipient, const struct list_answer *a, const char *text)
{
	struct note note = {
	    .event = event,
	    .rule = a->rule,
	    .account = slice_of(s->who.account),
	    .credential =
		slice_of(s->who.login[0] != '\0' ? s->who.login : NULL),
	    .sender = sender,
	    .recipient = recipient,
	    .text = slice_of(text),
	    .code = 550,
	    .enhanced = "5.7.1",
	};

	notes_add(s->worker->notes, &note);
	log_info(&s->log, "recipient.refused", LOG_SLICE("from", sender),
	    LOG_SLICE("to", recipient), LOG_TEXT("why", text));
}

/* Rules about the sender, and whose addresses it may use. False: refused. */
static bool
may_be_sender(struct session *s, struct slice address, bool *out_is_allowed)
{
	struct db *reader = s->worker->reader;
	struct slice account = slice_of(s->who.account);
	struct list_answer a = {0};
	char text[160];

	if (gate_has_lists(s->worker->shared->gate))
		lists_ask_sender(reader, account, address, clock_wall_ms(), &a);
	*out_is_allowed = a.verdict == LIST_ALLOWED;
	if (a.verdict == LIST_NOTHING && address.len != 0)
		a.verdict = lists_ask_from(reader, account,
		    session_policy(s)->from, smtp_address_domain(address));
	switch (a.verdict) {
	case LIST_TROUBLE:
		session_reply(
		    s, "451 4.3.0 [storage] Not known now, try later");
		return false;
	case LIST_DENIED:
		(void)snprintf(text, sizeof(text), "%s%s%s",
		    a.rule != 0 ? "denied:sender" : "from_not_permitted",
		    a.reason[0] != '\0' ? ": " : "", a.reason);
		note_refusal(
		    s, "rejected", address, (struct slice){0}, &a, text);
		if (a.rule != 0)
			session_reply(s,
			    "550 5.7.1 [denied:sender] A rule refuses this "
			    "sender%s%s",
			    a.reason[0] != '\0' ? ": " : "", a.reason);
		else
			session_reply(s,
			    "550 5.7.1 [from_not_permitted] This account may "
			    "not send as %.*s",
			    (int)(address.len < 300 ? address.len : 300),
			    address.ptr);
		return false;
	case LIST_ALLOWED:
		if (a.rule != 0) {
			struct note hit = {.rule = a.rule};
			notes_add(s->worker->notes, &hit);
		}
		return true;
	case LIST_NOTHING:
	case LIST_SUPPRESSED:
	case LIST_TRAP:
		break;
	}
	return true;
}

/* What the lists say of a recipient. False: refused. */
static bool
may_be_recipient(struct session *s, struct slice address)
{
	struct message *m = s->message;
	struct list_answer a;
	char text[160];

	if (!gate_has_lists(s->worker->shared->gate))
		return true;
	lists_ask_recipient(
	    s->worker->reader, m->account, address, clock_wall_ms(), &a);
	switch (a.verdict) {
	case LIST_TROUBLE:
		session_reply(
		    s, "451 4.3.0 [storage] Not known now, try later");
		return false;
	case LIST_SUPPRESSED:
		note_refusal(s, "suppressed", m->sender, address, &a, a.reason);
		session_reply(s,
		    "550 5.7.1 [suppressed:%s] This address is on the "
		    "suppression list",
		    a.reason);
		return false;
	case LIST_DENIED:
		(void)snprintf(text, sizeof(text), "denied:recipient%s%s",
		    a.reason[0] != '\0' ? ": " : "", a.reason);
		note_refusal(s, "rejected", m->sender, address, &a, text);
		session_reply(s,
		    "550 5.7.1 [denied:recipient] A rule refuses this "
		    "recipient%s%s",
		    a.reason[0] != '\0' ? ": " : "", a.reason);
		return false;
	case LIST_ALLOWED:
		m->allowed_recipients++;
		struct note hit = {.rule = a.rule};
		notes_add(s->worker->notes, &hit);
		return true;
	case LIST_TRAP:
		/* Nobody is to find out by asking. */
		m->trap = arena_slice(&m->arena, address);
		return true;
	case LIST_NOTHING:
		break;
	}
	return true;
}

/* What stands against a transaction with this path; a whole reply. */
static const char *
find_obstacle(const struct session *s, const struct smtp_path *path,
    const struct smtp_mail_params *params)
{
	if (params->has_size && params->size > (uint64_t)session_size_max(s))
		return "552 5.3.4 [message_size] The message is too big";
	if (path->address.is_utf8 && !params->is_utf8)
		return "553 5.6.7 A UTF-8 address needs SMTPUTF8";
	if (params->requires_tls && !s->is_secured)
		return "530 5.7.10 REQUIRETLS needs TLS";
	if (!store_has_room(s->worker->shared->store) ||
	    !message_has_memory(s->worker))
		return "452 4.3.1 [storage] No room now, try later";
	return NULL;
}

static void
start_message(struct session *s, const struct smtp_path *path,
    const struct smtp_mail_params *params)
{
	struct message *m = message_new(s->worker);

	m->sender = arena_slice(&m->arena, path->address.text);
	if (m->sender.ptr == NULL)
		m->sender = SLICE("");
	m->params = *params;
	m->params.envid = arena_slice(&m->arena, params->envid);
	m->account = arena_slice(&m->arena, slice_of(s->who.account));
	if (s->who.login[0] != '\0')
		m->credential = arena_slice(&m->arena, slice_of(s->who.login));
	m->client = arena_slice(&m->arena, slice_of(s->peer));
	m->helo = arena_slice(&m->arena, slice_of(s->helo));
	s->message = m;
}

/* Is a rate or quota of who sends used up? Then that was answered. */
static bool
is_at_limit(struct session *s)
{
	const struct slice names[] = {
	    [USAGE_ACCOUNT] = slice_of(s->who.account),
	    [USAGE_CREDENTIAL] = slice_of(s->who.login),
	};

	for (size_t axis = 0; axis < ARRAY_LEN(names); axis++) {
		const struct usage_refusal *why = names[axis].len == 0
		    ? NULL
		    : limited_find(s->worker->limited, (enum usage_axis)axis,
			  names[axis], session_policy(s)->version,
			  clock_wall_ms());
		if (why == NULL)
			continue;
		reply_limit(s, (enum usage_axis)axis, why);
		return true;
	}
	return false;
}

enum session_state
verb_mail(struct session *s, struct slice args)
{
	struct arena scratch = {0};
	struct smtp_path path;
	struct smtp_mail_params params;
	struct slice bad = {0};
	enum smtp_params_error fault = SMTP_PARAMS_OK;
	enum session_state next = STAY;
	const char *obstacle = NULL;
	bool is_allowed = false;

	next = check_standing(s);
	if (next != SESSION_MAIL)
		return next;
	next = STAY;
	enum smtp_path_error error =
	    smtp_path_parse(args, "FROM", &scratch, &path);
	if (error == SMTP_PATH_OK)
		fault = smtp_mail_params_read(&path, &params, &bad);
	if (error == SMTP_PATH_OK && fault == SMTP_PARAMS_OK &&
	    is_at_limit(s)) {
		arena_free(&scratch);
		return STAY;
	}
	if (error != SMTP_PATH_OK || path.is_postmaster) {
		next = refuse_path(s, error, "FROM");
	} else if (fault != SMTP_PARAMS_OK) {
		next = refuse_params(s, fault, bad);
	} else if ((obstacle = find_obstacle(s, &path, &params)) != NULL) {
		next = session_refuse(s, "%s", obstacle);
	} else if (may_be_sender(s, path.address.text, &is_allowed)) {
		start_message(s, &path, &params);
		s->message->is_allowed_sender = is_allowed;
		session_reply(s, "250 2.1.0 Ok");
		next = SESSION_MAIL;
	}
	arena_free(&scratch);
	return next;
}

/* "<Postmaster>" is this host's (RFC 5321 4.1.1.3). */
static int
complete_postmaster(struct session *s, struct smtp_path *path)
{
	struct message *m = s->message;
	const char *text = arena_printf(
	    &m->arena, "postmaster@%s", s->worker->setup->config->hostname);

	return smtp_address_parse(slice_of(text), &m->arena, &path->address);
}

enum session_state
verb_rcpt(struct session *s, struct slice args)
{
	struct message *m = s->message;
	struct smtp_path path;
	struct smtp_rcpt_params params;
	struct slice bad = {0};

	if ((int64_t)m->recipient_count >= session_recipients_max(s)) {
		/* No fault of the client's: it sends the rest in another
		 * transaction (RFC 5321 4.5.3.1.10). */
		session_reply(s,
		    "452 4.5.3 [recipients_max] No more than %lld recipients",
		    (long long)session_recipients_max(s));
		return STAY;
	}
	enum smtp_path_error error =
	    smtp_path_parse(args, "TO", &m->arena, &path);
	if (error == SMTP_PATH_OK && path.is_postmaster &&
	    complete_postmaster(s, &path) != 0)
		error = SMTP_PATH_SYNTAX;
	if (error != SMTP_PATH_OK || path.is_null)
		return refuse_path(s, error, "TO");
	enum smtp_params_error fault =
	    smtp_rcpt_params_read(&path, &params, &bad);
	if (fault != SMTP_PARAMS_OK)
		return refuse_params(s, fault, bad);
	if (path.address.is_utf8 && !m->params.is_utf8)
		return session_refuse(
		    s, "553 5.6.7 A UTF-8 address needs SMTPUTF8 at MAIL");
	if (!may_be_recipient(s, path.address.text))
		return STAY;
	message_add_recipient(m, &path.address, &params);
	session_reply(s, "250 2.1.5 Ok");
	return SESSION_RCPT == s->state ? STAY : SESSION_RCPT;
}
