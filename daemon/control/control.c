/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callers, calls and the change of setups. The parser of what comes in
 * answers and never ends the daemon, whatever it is given.
 */
#include "daemon/control/control.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/control/call.h"
#include "daemon/net/conn.h"
#include "daemon/net/listener.h"
#include "db/event.h"

#define REQUEST_MAX 60000
#define UNSENT_MAX (256U << 20) /* of an answer that is no list of pages */
#define AGAIN_MS 1000
#define OUTPUT_FULL (256 << 10)
#define POLL_MS 100
#define NESTING_MAX 8

struct caller {
	TAILQ_ENTRY(caller) entry;
	struct control *control;
	struct conn *conn;
	char actor[64];
	struct call *call; /* one at a time */
	struct timer *poll;
	bool is_reading; /* read_later() is put off */
	bool is_gone;
};

struct control {
	struct control_parts parts;
	char path[108];
	struct listener *listener;
	bool is_ending;
	struct timer *again; /* runs while settings could not be read */
	bool bumps_auth;     /* what they change about logins */
	TAILQ_HEAD(caller_list, caller) callers;
};

struct binding {
	const char *op;
	op_fn *fn;
};

/* clang-format off */
static const struct binding bindings[] = {
	{ "status", op_status },
	{ "queue.list", op_queue_list }, { "queue.show", op_queue_show }, { "queue.cat", op_queue_cat },
	{ "queue.hold", op_queue_act }, { "queue.release", op_queue_act }, { "queue.retry", op_queue_act },
	{ "queue.bounce", op_queue_act }, { "queue.delete", op_queue_act },
	{ "events", op_events },
	{ "account.add", op_account_add }, { "account.list", op_account_list }, { "account.show", op_account_show },
	{ "account.set", op_policy_set }, { "account.suspend", op_account_state }, { "account.resume", op_account_state },
	{ "account.delete", op_account_delete },
	{ "credential.add", op_credential_add }, { "credential.list", op_credential_list },
	{ "credential.revoke", op_credential_revoke }, { "credential.rotate", op_credential_rotate }, { "credential.set", op_credential_set }, { "usage", op_usage },
	{ "suppress.add", op_suppress_change }, { "suppress.remove", op_suppress_change }, { "suppress.list", op_suppress_list }, { "suppress.import", op_suppress_import },
	{ "trap.add", op_trap_change }, { "trap.remove", op_trap_change }, { "trap.list", op_trap_list },
	{ "rule.add", op_rule_add }, { "rule.remove", op_rule_remove }, { "rule.list", op_rule_list },
	{ "domain.add", op_domain_change }, { "domain.remove", op_domain_change }, { "domain.verify", op_domain_verify }, { "domain.list", op_domain_list },
	{ "identity.list", op_identity_list }, { "identity.release", op_identity_release },
	{ "policy.show", op_policy_show }, { "policy.set", op_policy_set },
	{ "policy.history", op_policy_history }, { "policy.undo", op_policy_undo },
	{ "zone.list", op_zone_list }, { "zone.show", op_zone_show },
	{ "zone.pause", op_zone_state }, { "zone.resume", op_zone_state }, { "zone.drain", op_zone_state },
	{ "source.list", op_source_list }, { "source.disable", op_source_state }, { "source.enable", op_source_state },
	{ "config.show", op_config_show }, { "reload", op_reload },
};
/* clang-format on */

struct control_parts *
call_parts(struct call *call)
{
	return &call->control->parts;
}

bool
call_is_ending(const struct call *call)
{
	return call->control->is_ending;
}

struct setup *
call_setup(struct call *call)
{
	return call->control->parts.setup;
}

json_t *
json_time(int64_t wall_ms)
{
	char text[TIME_RFC3339_BYTES];

	if (wall_ms == 0)
		return NULL;
	time_to_rfc3339(wall_ms, text);
	return json_string(text);
}

json_t *
json_slice(struct slice s)
{
	if (s.ptr == NULL)
		return NULL;
	json_t *value = json_stringn(s.ptr, s.len);
	return value != NULL ? value : json_string("(not UTF-8)");
}

void
row_set(json_t *row, const char *key, json_t *value_taken)
{
	if (value_taken != NULL)
		(void)json_object_set_new(row, key, value_taken);
}

static void
send_line(struct caller *caller, json_t *line_taken)
{
	char *text =
	    json_dumps(line_taken, JSON_COMPACT | JSON_REAL_PRECISION(10));

	/* An answer that has lost a line must not look whole. */
	if (text != NULL && caller != NULL && caller->conn != NULL &&
	    (!conn_write(caller->conn, slice_of(text)) ||
		!conn_write(caller->conn, SLICE("\n")))) {
		log_error(NULL, "control.answer_too_long",
		    LOG_TEXT("actor", caller->actor));
		conn_abort(&caller->conn);
	}
	free(text);
	json_decref(line_taken);
}

void
call_row_take(struct call *call, json_t *row)
{
	if (call->caller == NULL)
		json_decref(row);
	else
		send_line(call->caller, json_pack("{s:o}", "row", row));
}

static void read_requests(struct caller *caller);
static void caller_gone(struct caller *caller);

static void
read_later(void *arg)
{
	struct caller *caller = arg;

	caller->is_reading = false;
	if (caller->is_gone)
		return;
	if (caller->conn == NULL)
		caller_gone(caller);
	else
		read_requests(caller);
}

static void
end_call(struct call *call)
{
	call->is_ended = true;
	call->produce = NULL;
	if (call->stop != NULL)
		call->stop(call);
	call->stop = NULL;
	if (call->caller != NULL) {
		struct caller *caller = call->caller;
		caller->call = NULL;
		timer_stop(caller->poll);
		/* Another request may wait behind this one. */
		if (caller->conn != NULL)
			conn_want_drained(caller->conn, false);
		if (!caller->is_reading) {
			caller->is_reading = true;
			loop_later(
			    call->control->parts.loop, read_later, caller);
		}
	}
	json_decref(call->args);
	mem_free(call);
}

void
call_done(struct call *call)
{
	send_line(call->caller, json_pack("{s:b}", "done", 1));
	end_call(call);
}

void
call_fail(struct call *call, const struct error *err)
{
	static const char *const kinds[] = {
	    [ERROR_FAILED] = "failed",
	    [ERROR_USAGE] = "usage",
	    [ERROR_NOT_FOUND] = "not_found",
	    [ERROR_REFUSED] = "refused",
	    [ERROR_STORAGE] = "storage",
	};

	if (call->caller == NULL)
		log_error(NULL, "control.failed",
		    LOG_TEXT("op", call->op->name), LOG_TEXT("why", err->text));
	send_line(call->caller,
	    json_pack("{s:{s:s, s:s}}", "error", "kind", kinds[err->kind],
		"text", err->text));
	end_call(call);
}

void
call_failf(struct call *call, enum error_kind kind, const char *format, ...)
{
	struct error err = {.kind = kind};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	call_fail(call, &err);
}

bool
call_is_full(const struct call *call)
{
	return call->caller != NULL &&
	    conn_unsent(call->caller->conn) > OUTPUT_FULL;
}

/* A producer that stopped at a full buffer goes on when it is empty. */
static void
ask_for_more(struct caller *caller)
{
	if (caller->call != NULL && caller->call->produce != NULL &&
	    call_is_full(caller->call))
		conn_want_drained(caller->conn, true);
}

static void
produce(void *arg)
{
	struct caller *caller = arg;

	if (caller->call == NULL || caller->call->produce == NULL)
		return;
	conn_want_drained(caller->conn, false);
	caller->call->produce(caller->call);
	ask_for_more(caller);
}

void
call_wait(struct call *call)
{
	if (call->caller != NULL)
		timer_start(call->caller->poll, POLL_MS);
}

const char *
call_text(const struct call *call, const char *name)
{
	return json_string_value(json_object_get(call->args, name));
}

int64_t
call_int(const struct call *call, const char *name, int64_t fallback)
{
	json_t *value = json_object_get(call->args, name);

	return value != NULL ? json_integer_value(value) : fallback;
}

bool
call_flag(const struct call *call, const char *name)
{
	return json_is_true(json_object_get(call->args, name));
}

bool
call_selector(struct call *call, struct db_selector *out, char buffer[300])
{
	static const char *const states[] = {"queued", "deferred", "held"};
	const char *state = call_text(call, "state");
	const char *domain = call_text(call, "domain");
	const char *from = call_text(call, "from");
	json_t *score = json_object_get(call->args, "score_min");
	int64_t now_ms = clock_wall_ms();
	int64_t older_ms = call_int(call, "older", -1);
	int64_t newer_ms = call_int(call, "newer", -1);

	*out = (struct db_selector){
	    .zone = slice_of(call_text(call, "zone")),
	    .account = slice_of(call_text(call, "account")),
	    .credential = slice_of(call_text(call, "credential")),
	    .subuser = slice_of(call_text(call, "subuser")),
	    .sender = from != NULL && strcmp(from, "<>") == 0 ? SLICE("")
							      : slice_of(from),
	    .recipient = slice_of(call_text(call, "to")),
	    .mx_group = slice_of(call_text(call, "mx_group")),
	    .has_score = score != NULL,
	    .score_min = json_number_value(score),
	    .before_ms = older_ms >= 0 ? now_ms - older_ms : 0,
	    .after_ms = newer_ms >= 0 ? now_ms - newer_ms : 0,
	};
	if (domain != NULL) {
		(void)snprintf(buffer, 300, "@%s", domain);
		out->domain = slice_of(buffer);
	}
	if (state == NULL)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(state, states[i]) == 0) {
			out->has_state = true;
			out->state = (enum db_state)i;
			return true;
		}
	call_failf(call, ERROR_USAGE,
	    "--state is queued, deferred or held, not \"%.32s\"", state);
	return false;
}

static void
start_call(struct caller *caller, json_t *request_taken)
{
	const char *name =
	    json_string_value(json_object_get(request_taken, "op"));
	struct call *call = MEM_NEW(struct call);
	json_t *args = json_object_get(request_taken, "args");
	struct error err;

	call->control = caller->control;
	call->caller = caller;
	call->op = name != NULL ? op_find(name) : NULL;
	call->args = json_is_object(args) ? json_incref(args) : json_object();
	(void)snprintf(call->actor, sizeof(call->actor), "%s", caller->actor);
	caller->call = call;
	json_decref(request_taken);
	if (call->op == NULL) {
		call_failf(call, ERROR_USAGE, "no such operation");
		return;
	}
	if (op_check(call->op, call->args, &err) != 0) {
		call_fail(call, &err);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(bindings); i++)
		if (strcmp(bindings[i].op, call->op->name) == 0) {
			bindings[i].fn(call);
			/* The call may have ended; the caller is still here. */
			ask_for_more(caller);
			return;
		}
	call_failf(call, ERROR_FAILED, "%s has no handler", call->op->name);
}

static bool
nests_too_deep(struct slice line)
{
	int depth = 0;

	for (size_t i = 0; i < line.len; i++) {
		depth += line.ptr[i] == '{' || line.ptr[i] == '[';
		depth -= line.ptr[i] == '}' || line.ptr[i] == ']';
		if (depth > NESTING_MAX)
			return true;
	}
	return false;
}

static void
take_request(struct caller *caller, struct slice line)
{
	json_error_t why;
	json_t *request = nests_too_deep(line)
	    ? NULL
	    : json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(request)) {
		json_decref(request);
		send_line(caller,
		    json_pack("{s:{s:s, s:s}}", "error", "kind", "usage",
			"text", "expected a line with a JSON object"));
		return;
	}
	start_call(caller, request);
}

static void
free_caller(void *arg)
{
	struct caller *caller = arg;

	timer_free(caller->poll);
	mem_free(caller);
}

static void
caller_gone(struct caller *caller)
{
	struct call *call = caller->call;

	caller->is_gone = true;
	TAILQ_REMOVE(&caller->control->callers, caller, entry);
	/* A write goes on without its caller; a reader ends. */
	if (call != NULL) {
		call->caller = NULL;
		if (call->produce != NULL)
			end_call(call);
	}
	caller->call = NULL;
	conn_close(&caller->conn);
	timer_stop(caller->poll);
	loop_later(caller->control->parts.loop, free_caller, caller);
}

static void
read_requests(struct caller *caller)
{
	while (caller->call == NULL && caller->conn != NULL) {
		struct slice in = conn_input(caller->conn);
		ptrdiff_t end = slice_find(in, '\n');
		if (end < 0 && in.len > REQUEST_MAX) {
			caller_gone(caller);
			return;
		}
		if (end < 0)
			return;
		char *line = slice_dup(slice_sub(in, 0, (size_t)end));
		conn_consume(caller->conn, (size_t)end + 1);
		take_request(caller, slice_of(line));
		mem_free(line);
	}
}

static void
on_event(void *owner, enum conn_event event)
{
	struct caller *caller = owner;

	switch (event) {
	case CONN_READABLE:
		read_requests(caller);
		break;
	case CONN_DRAINED:
		produce(caller);
		break;
	case CONN_CLOSED:
	case CONN_FAILED:
	case CONN_TIMEOUT:
		caller_gone(caller);
		break;
	case CONN_CONNECTED:
	case CONN_SECURED:
		break;
	}
}

/* Who is at the other end: the user's name, for the audit. */
static void
name_actor(int fd, char *out, size_t size)
{
	struct ucred cred = {.uid = (uid_t)-1};
	socklen_t len = sizeof(cred);
	struct passwd entry;
	struct passwd *found = NULL;
	char buffer[2048];

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	if (getpwuid_r(cred.uid, &entry, buffer, sizeof(buffer), &found) == 0 &&
	    found != NULL)
		(void)snprintf(out, size, "%s", found->pw_name);
	else
		(void)snprintf(out, size, "uid %u", (unsigned)cred.uid);
}

static void
on_accept(void *arg, int fd, const struct addr *peer)
{
	struct control *c = arg;
	struct caller *caller = MEM_NEW(struct caller);

	caller->control = c;
	name_actor(fd, caller->actor, sizeof(caller->actor));
	caller->conn =
	    conn_accepted_take(c->parts.loop, fd, peer, on_event, caller);
	conn_set_unsent_max(caller->conn, UNSENT_MAX);
	caller->poll = timer_new(c->parts.loop, produce, caller);
	TAILQ_INSERT_TAIL(&c->callers, caller, entry);
}

static int
listen_on(const char *path, struct error *out_err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set_errno(out_err, "control socket");
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	(void)unlink(path);
	mode_t before = umask(0117);
	int rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa));
	(void)umask(before);
	if (rc != 0 || listen(fd, 64) != 0) {
		(void)error_set_errno(out_err, "control socket %s", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void configure_again(void *arg);

struct control *
control_new(const struct control_parts *parts, struct error *out_err)
{
	struct control *c = MEM_NEW(struct control);

	c->parts = *parts;
	(void)setup_ref(c->parts.setup);
	TAILQ_INIT(&c->callers);
	int len = snprintf(c->path, sizeof(c->path), "%s/control.sock",
	    parts->setup->config->run_dir);
	int fd = len < (int)sizeof(c->path)
	    ? listen_on(c->path, out_err)
	    : error_set(out_err, "run_dir: the path is too long for a socket");
	if (fd < 0) {
		setup_unref(c->parts.setup);
		mem_free(c);
		return NULL;
	}
	c->listener = listener_start_take(parts->loop, fd, on_accept, c);
	c->again = timer_new(parts->loop, configure_again, c);
	return c;
}

void
control_end(struct control *c)
{
	struct caller *caller;

	if (c == NULL || c->is_ending)
		return;
	c->is_ending = true;
	listener_free(c->listener);
	timer_stop(c->again);
	(void)unlink(c->path);
	while ((caller = TAILQ_FIRST(&c->callers)) != NULL)
		caller_gone(caller);
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	control_end(c);
	timer_free(c->again);
	setup_unref(c->parts.setup);
	mem_free(c);
}

/* --- writes ------------------------------------------------------------ */

struct write *
write_new(struct call *call,
    int (*run)(struct db *db, struct write *w, struct error *err))
{
	struct write *w = MEM_NEW(struct write);

	w->call = call;
	w->run = run;
	return w;
}

static void
write_free(struct write *w)
{
	json_decref(w->row);
	mem_free(w->state);
	mem_free(w);
}

static enum store_result
run_write(struct db *db, struct store_job *job)
{
	struct write *w = (struct write *)job;

	json_decref(w->row);
	w->row = NULL;
	if (w->run(db, w, &job->err) != 0)
		return STORE_FAILED;
	if (w->event == NULL)
		return STORE_DONE;
	struct db_event e = {
	    .time_ms = clock_wall_ms(),
	    .event = slice_of(w->event),
	    .account = slice_of(w->account[0] != '\0' ? w->account : NULL),
	    .text = slice_of(w->text),
	};
	return db_event_insert(db, &e, &job->err) == 0 ? STORE_DONE
						       : STORE_FAILED;
}

static void
finish_write(struct write *w)
{
	struct call *call = w->call;

	if (w->row != NULL)
		call_row_take(call, json_incref(w->row));
	write_free(w);
	call_done(call);
}

static void
on_configured(void *arg)
{
	finish_write(arg);
}

/* The settings as they are on disk now, for all threads but submission. */
static struct setup *
refresh(struct control *c, bool bumps_auth, struct error *err)
{
	struct control_parts *p = &c->parts;
	struct setup *s = setup_refresh(p->setup, p->reader,
	    p->setup->auth_epoch + (bumps_auth ? 1 : 0), err);

	if (s == NULL)
		return NULL;
	setup_unref(p->setup);
	p->setup = s;
	delivery_configure(p->delivery, s);
	return s;
}

static void
on_written(struct store_job *job)
{
	struct write *w = (struct write *)job;
	struct call *call = w->call;
	struct control_parts *p = call_parts(call);
	struct error err;

	if (job->is_failed) {
		err = job->err;
		write_free(w);
		call_fail(call, &err);
		return;
	}
	log_info(NULL, "control.done", LOG_TEXT("op", call->op->name),
	    LOG_TEXT("actor", call->actor), LOG_TEXT("what", w->text));
	/* At the end nobody is left to have a new setup. */
	if (w->keeps_setup || call_is_ending(call)) {
		finish_write(w);
		return;
	}
	struct setup *s = refresh(call->control, w->bumps_auth, &err);
	if (s == NULL) {
		/* It is stored: it will be in force when it can be read. */
		call->control->bumps_auth |= w->bumps_auth;
		timer_start(call->control->again, AGAIN_MS);
		write_free(w);
		call_fail(call, &err);
		return;
	}
	submission_configure(p->submission, s, NULL, p->loop, on_configured, w);
}

static void
on_configured_again(void *arg UNUSED)
{
}

static void
configure_again(void *arg)
{
	struct control *c = arg;
	struct error err;
	struct setup *s = refresh(c, c->bumps_auth, &err);

	if (s == NULL) {
		log_error(NULL, "settings.not_read", LOG_TEXT("why", err.text));
		timer_start(c->again, AGAIN_MS);
		return;
	}
	c->bumps_auth = false;
	submission_configure(c->parts.submission, s, NULL, c->parts.loop,
	    on_configured_again, c);
}

void
write_give(struct write *w)
{
	w->job.origin = call_parts(w->call)->loop;
	w->job.run = run_write;
	w->job.done = on_written;
	store_give(call_parts(w->call)->store, &w->job);
}

/* --- reload ------------------------------------------------------------ */

static bool
has_same_listeners(const struct config *a, const struct config *b)
{
	if (a->listener_count != b->listener_count)
		return false;
	for (size_t i = 0; i < a->listener_count; i++)
		if (strcmp(a->listeners[i].address, b->listeners[i].address) !=
			0 ||
		    a->listeners[i].port != b->listeners[i].port)
			return false;
	return true;
}

static void
on_reloaded(void *arg)
{
	struct call *call = arg;

	struct control_parts *p = call_parts(call);

	log_info(NULL, "config.reloaded", LOG_TEXT("file", p->config_path));
	if (!call_is_ending(call))
		p->on_config(p->on_config_arg, p->setup);
	call_done(call);
}

void
control_apply_config(struct call *call)
{
	struct control_parts *p = call_parts(call);
	const struct config *old_config = p->setup->config;
	struct sockets *sockets = NULL;
	struct error err;

	struct config *config = config_load(p->config_path, &err);
	if (config == NULL) {
		call_fail(call, &err);
		return;
	}
	if (config_can_reload(old_config, config, &err) != 0) {
		config_unref(config);
		call_fail(call, &err);
		return;
	}
	if (!has_same_listeners(old_config, config)) {
		sockets = sockets_bind(config, &err);
		if (sockets == NULL) {
			config_unref(config);
			call_fail(call, &err);
			return;
		}
	}
	struct setup *s = setup_new_take(config, p->reader, &err);
	if (s == NULL) {
		sockets_free(sockets);
		call_fail(call, &err);
		return;
	}
	s->auth_epoch = p->setup->auth_epoch + 1;
	setup_unref(p->setup);
	p->setup = s;
	log_configure((enum log_level)config->log.level,
	    (enum log_format)config->log.format);
	store_configure(p->store, config);
	delivery_configure(p->delivery, s);
	submission_configure(
	    p->submission, s, sockets, p->loop, on_reloaded, call);
}

void
control_reload(struct control *c)
{
	struct call *call = MEM_NEW(struct call);

	call->control = c;
	call->op = op_find("reload");
	call->args = json_object();
	(void)snprintf(call->actor, sizeof(call->actor), "SIGHUP");
	control_apply_config(call);
}
