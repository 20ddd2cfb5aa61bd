/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EHLO, HELO, STARTTLS and the verbs that change nothing.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/submission/session_internal.h"

static enum session_state
take_name(struct session *s, struct slice args, bool is_esmtp)
{
	struct slice name;

	if (!slice_cut(&args, ' ', &name) || !smtp_helo_is_valid(name)) {
		/* RFC 5321 4.1.1.1: the session is as it was. */
		return session_refuse(
		    s, "501 5.5.4 Say your host's name: EHLO mail.example.org");
	}
	session_reset(s);
	s->is_esmtp = is_esmtp;
	memcpy(s->helo, name.ptr, name.len);
	s->helo[name.len] = '\0';
	return SESSION_READY;
}

enum session_state
verb_ehlo(struct session *s, struct slice args)
{
	const struct config *c = s->worker->setup->config;
	enum session_state next = take_name(s, args, true);
	bool may_tls =
	    s->listener->tls == LISTENER_TLS_STARTTLS && !s->is_secured;
	bool may_auth = s->is_secured && s->listener->auth != AUTH_NONE;

	if (next != SESSION_READY)
		return next;
	session_reply(s, "250-%s", c->hostname);
	session_reply(s, "250-PIPELINING");
	session_reply(
	    s, "250-SIZE %lld", (long long)c->submission.message_size_max);
	session_reply(s, "250-8BITMIME");
	session_reply(s, "250-SMTPUTF8");
	session_reply(s, "250-DSN");
	session_reply(s, "250-CHUNKING");
	if (may_tls)
		session_reply(s, "250-STARTTLS");
	if (may_auth)
		session_reply(s, "250-AUTH PLAIN LOGIN SCRAM-SHA-256");
	if (s->is_secured)
		session_reply(s, "250-REQUIRETLS");
	session_reply(
	    s, "250-LIMITS RCPTMAX=%lld", (long long)session_recipients_max(s));
	session_reply(s, "250 ENHANCEDSTATUSCODES");
	return next;
}

enum session_state
verb_helo(struct session *s, struct slice args)
{
	enum session_state next = take_name(s, args, false);

	if (next == SESSION_READY)
		session_reply(s, "250 %s", s->worker->setup->config->hostname);
	return next;
}

enum session_state
verb_starttls(struct session *s, struct slice args)
{
	if (s->listener->tls != LISTENER_TLS_STARTTLS)
		return session_refuse(s, "502 5.5.1 TLS is not offered here");
	if (s->is_secured)
		return session_refuse(s, "503 5.5.1 TLS is in use already");
	if (args.len != 0)
		return session_refuse(
		    s, "501 5.5.4 STARTTLS takes no argument");
	session_reset(s);
	session_reply(s, "220 2.0.0 Ready to start TLS");
	/* Drops what was pipelined behind it (CVE-2011-0411). */
	conn_start_tls_server(s->conn, s->setup->server_tls);
	return s->conn != NULL ? SESSION_TLS : SESSION_END;
}

enum session_state
verb_rset(struct session *s, struct slice args UNUSED)
{
	session_reset(s);
	session_reply(s, "250 2.0.0 Ok");
	return s->state == SESSION_START ? STAY : SESSION_READY;
}

enum session_state
verb_noop(struct session *s, struct slice args UNUSED)
{
	session_reply(s, "250 2.0.0 Ok");
	return STAY;
}

enum session_state
verb_vrfy(struct session *s, struct slice args)
{
	if (args.len == 0)
		return session_refuse(s, "501 5.5.4 VRFY takes an address");
	session_reply(s, "252 2.5.0 Not verified; send mail to find out");
	return STAY;
}

enum session_state
verb_help(struct session *s, struct slice args UNUSED)
{
	session_reply(s, "214 2.0.0 See RFC 5321");
	return STAY;
}

enum session_state
verb_quit(struct session *s, struct slice args UNUSED)
{
	session_reply(s, "221 2.0.0 Bye");
	return SESSION_END;
}
