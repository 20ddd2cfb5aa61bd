/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start: configuration, sockets, user, store, setup, resolver, pool,
 * delivery, submission, control. Stop: submission first (nothing new comes
 * in), then delivery, then the rest in reverse. Both are bounded in time.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/control/control.h"
#include "daemon/expiry.h"
#include "daemon/net/pool.h"
#include "daemon/net/tls.h"
#include "db/event.h"

#define LOCK_NAME "posthorn.lock"
/* How often mail in zones that are no more is looked for. */
#define ZONES_LOOK_MS 60000

struct daemon {
	struct loop *loop;
	struct setup *setup;
	struct db *reader;
	struct store *store;
	struct gate *gate;
	struct resolver *resolver;
	struct pool *pool;
	struct pool *auth_pool;
	struct delivery *delivery;
	struct submission *submission;
	struct control *control;
	struct expiry *expiry;
	struct timer *zone_timer;
	bool is_stopping;
};

/* Creates a folder of ours, private unless others must reach into it. */
static int
make_dir(const char *path, mode_t mode, const struct passwd *user,
    struct error *out_err)
{
	bool is_new = mkdir(path, mode) == 0;

	if (!is_new && errno != EEXIST)
		return error_set_errno(out_err, "%s", path);
	/* Whatever the umask. */
	if (is_new && chmod(path, mode) != 0)
		return error_set_errno(out_err, "%s", path);
	if (user != NULL && chown(path, user->pw_uid, user->pw_gid) != 0)
		return error_set_errno(out_err, "%s", path);
	return access(path, W_OK) == 0 ? 0
				       : error_set_errno(out_err, "%s", path);
}

/* From root to the configured user, for good. */
static int
drop_root(const struct passwd *user, struct error *out_err)
{
	if (user == NULL || geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) != 0 ||
	    initgroups(user->pw_name, user->pw_gid) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return error_set_errno(
		    out_err, "can't become %s", user->pw_name);
	if (setresuid(0, 0, 0) == 0)
		return error_set(out_err, "root could be regained");
	return 0;
}

static void
harden_process(void)
{
	struct rlimit files;

	(void)umask(0077);
	/* Core files would hold secrets and mail. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Two daemons on one queue would send everything twice. The lock goes with
 * the process, however that ends. */
static int
lock_dir(const char *dir, const struct passwd *user, struct error *out_err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, LOCK_NAME);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(out_err, "%s", path);
	if (user != NULL && fchown(fd, user->pw_uid, user->pw_gid) != 0) {
		(void)error_set_errno(out_err, "%s", path);
		(void)close(fd);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	(void)(errno == EWOULDBLOCK
		? error_set(out_err,
		      "another posthornd uses %s: stop it first, or give this "
		      "one a data_dir of its own",
		      dir)
		: error_set_errno(out_err, "%s", path));
	(void)close(fd);
	return -1;
}

/* Folders, the lock, the sockets that may need root; then root is given up.
 * The lock's descriptor, or -1. */
static int
prepare_process(const struct config *config, struct sockets **out_sockets,
    struct error *out_err)
{
	const struct passwd *user = NULL;

	harden_process();
	if (config->user != NULL && geteuid() == 0) {
		user = getpwnam(config->user);
		if (user == NULL)
			return error_set(
			    out_err, "user: there is no user %s", config->user);
	}
	if (make_dir(config->data_dir, 0700, user, out_err) != 0 ||
	    make_dir(config->run_dir, 0755, user, out_err) != 0)
		return -1;
	int lock_fd = lock_dir(config->data_dir, user, out_err);
	if (lock_fd < 0)
		return -1;
	*out_sockets = sockets_bind(config, out_err);
	if (*out_sockets != NULL && drop_root(user, out_err) == 0)
		return lock_fd;
	sockets_free(*out_sockets);
	(void)close(lock_fd);
	return -1;
}

/* Mail of zones that the configuration lost goes to the default zone. */
struct rezone {
	struct store_job job;
	struct daemon *daemon;
	char *zone;
	char *to_zone;
	int64_t moved;
};

static enum store_result
run_rezone(struct db *db, struct store_job *job)
{
	struct rezone *r = (struct rezone *)job;
	struct error *err = &job->err;

	if (db_recipient_rezone(db, slice_of(r->zone), slice_of(r->to_zone),
		SLICE("its zone was taken out of the configuration"), 1000,
		&r->moved, err) != 0)
		return STORE_FAILED;
	if (r->moved == 0)
		return STORE_DONE;
	struct db_event e = {
	    .time_ms = clock_wall_ms(),
	    .event = SLICE("rerouted"),
	    .zone = slice_of(r->to_zone),
	    .text = slice_of(r->zone),
	};
	return db_event_insert(db, &e, err) != 0 ? STORE_FAILED : STORE_AGAIN;
}

static void
on_rezoned(struct store_job *job)
{
	struct rezone *r = (struct rezone *)job;

	if (job->is_failed) {
		log_error(NULL, "zone.gone", LOG_TEXT("zone", r->zone),
		    LOG_TEXT("why", job->err.text));
	} else {
		log_warn(NULL, "zone.gone", LOG_TEXT("zone", r->zone),
		    LOG_TEXT("mail_goes_to", r->to_zone));
		delivery_refresh(r->daemon->delivery, r->to_zone);
	}
	mem_free(r->zone);
	mem_free(r->to_zone);
	mem_free(r);
}

static bool
on_zone(struct slice name, void *arg)
{
	struct daemon *d = arg;
	const struct config *config = d->setup->config;

	if (config_zone_find(config, name) != NULL)
		return true;
	struct rezone *r = MEM_NEW(struct rezone);
	r->daemon = d;
	r->zone = slice_dup(name);
	r->to_zone = mem_strdup(config->default_zone);
	r->job.origin = d->loop;
	r->job.run = run_rezone;
	r->job.done = on_rezoned;
	store_give(d->store, &r->job);
	return true;
}

/* Mail in zones that are no more: what was scored before a reload may come
 * in after it, so this is looked at again and again. */
static void
check_zones(void *arg)
{
	struct daemon *d = arg;
	struct error err;

	if (d->is_stopping)
		return;
	if (db_queue_zones(d->reader, on_zone, d, &err) != 0)
		log_error(NULL, "zone.check_failed", LOG_TEXT("why", err.text));
	timer_start(d->zone_timer, ZONES_LOOK_MS);
}

static void
on_config(void *arg, struct setup *setup)
{
	struct daemon *d = arg;

	setup_unref(d->setup);
	d->setup = setup_ref(setup);
	check_zones(d);
}

static void
on_delivery_drained(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

static void
on_submission_drained(void *arg)
{
	struct daemon *d = arg;

	delivery_drain(d->delivery, d->loop, on_delivery_drained, d);
}

static void
on_terminate(void *arg)
{
	struct daemon *d = arg;

	if (d->is_stopping)
		return;
	d->is_stopping = true;
	log_info(NULL, "daemon.stopping", LOG_INT("pid", getpid()));
	submission_drain(d->submission, d->loop, on_submission_drained, d);
}

static void
on_hangup(void *arg)
{
	struct daemon *d = arg;

	control_reload(d->control);
}

static int
start(struct daemon *d, const char *config_path, struct config *config,
    struct sockets *sockets, struct error *out_err)
{
	d->gate = gate_new();
	struct store_hooks hooks = {
	    .arg = d->gate,
	    .before_commit = gate_before_commit,
	    .after_commit = gate_after_commit,
	    .after_rollback = gate_after_rollback,
	};
	d->store = store_new(config, &hooks, out_err);
	if (d->store == NULL)
		goto failed;
	d->reader = db_open(config->data_dir, DB_READER, out_err);
	if (d->reader == NULL)
		goto failed;
	if (gate_look_at_lists(d->gate, d->reader, out_err) != 0)
		goto failed;
	d->setup = setup_new_take(config_ref(config), d->reader, out_err);
	if (d->setup == NULL)
		goto failed;
	d->resolver = resolver_new(config, out_err);
	d->pool = d->resolver != NULL
	    ? pool_new("scoring", (int)config->scoring.workers, out_err)
	    : NULL;
	d->auth_pool = d->pool != NULL
	    ? pool_new("auth", (int)config->submission.auth_workers, out_err)
	    : NULL;
	if (d->auth_pool == NULL)
		goto failed;
	d->delivery =
	    delivery_new(d->setup, d->store, d->gate, d->resolver, out_err);
	if (d->delivery == NULL)
		goto failed;
	struct submission_parts submission_parts = {
	    .store = d->store,
	    .pool = d->pool,
	    .auth_pool = d->auth_pool,
	    .delivery = d->delivery,
	    .gate = d->gate,
	};
	d->submission =
	    submission_new_take(&submission_parts, d->setup, sockets, out_err);
	if (d->submission == NULL)
		return -1;
	struct control_parts parts = {
	    .loop = d->loop,
	    .config_path = config_path,
	    .store = d->store,
	    .delivery = d->delivery,
	    .submission = d->submission,
	    .resolver = d->resolver,
	    .gate = d->gate,
	    .reader = d->reader,
	    .setup = d->setup,
	    .started_ms = clock_wall_ms(),
	    .on_config = on_config,
	    .on_config_arg = d,
	};
	d->control = control_new(&parts, out_err);
	if (d->control == NULL)
		return -1;
	d->expiry = expiry_new(d->loop, d->store);
	return 0;

failed:
	sockets_free(sockets);
	return -1;
}

static void
stop(struct daemon *d)
{
	/* Threads end in the order in which they give each other work; what
	 * they posted to loops that have ended is settled when those go. */
	control_end(d->control);
	submission_stop(d->submission);
	pool_free(d->pool);
	pool_free(d->auth_pool);
	delivery_stop(d->delivery);
	db_close(d->reader);
	store_stop(d->store);
	loop_finish(d->loop);
	submission_free(d->submission);
	delivery_free(d->delivery);
	loop_finish(d->loop);
	expiry_free(d->expiry);
	timer_free(d->zone_timer);
	control_free(d->control);
	store_free(d->store);
	gate_free(d->gate);
	resolver_free(d->resolver);
	setup_unref(d->setup);
	loop_free(d->loop);
}

int
daemon_run(const char *config_path, struct error *out_err)
{
	struct daemon d = {0};

	struct config *config = config_load(config_path, out_err);
	if (config == NULL)
		return -1;
	log_configure((enum log_level)config->log.level,
	    (enum log_format)config->log.format);
	struct sockets *sockets = NULL;
	int lock_fd = prepare_process(config, &sockets, out_err);
	if (lock_fd < 0) {
		config_unref(config);
		return -1;
	}
	d.loop = loop_new();
	loop_on_signal(d.loop, SIGTERM, on_terminate, &d);
	loop_on_signal(d.loop, SIGINT, on_terminate, &d);
	loop_on_signal(d.loop, SIGHUP, on_hangup, &d);
	int rc = start(&d, config_path, config, sockets, out_err);
	if (rc == 0) {
		d.zone_timer = timer_new(d.loop, check_zones, &d);
		check_zones(&d);
		log_info(NULL, "daemon.started",
		    LOG_TEXT("hostname", config->hostname),
		    LOG_TEXT("data_dir", config->data_dir));
		loop_run(d.loop);
		log_info(NULL, "daemon.stopped", LOG_INT("pid", getpid()));
	}
	stop(&d);
	(void)close(lock_fd);
	config_unref(config);
	return rc;
}

int
daemon_check(const char *config_path, struct error *out_err)
{
	struct config *config = config_load(config_path, out_err);
	int rc = config != NULL ? 0 : -1;

	if (rc == 0 && config->tls.certificate != NULL) {
		SSL_CTX *ctx = tls_server_new(
		    config->tls.certificate, config->tls.key, false, out_err);
		rc = ctx != NULL ? 0 : -1;
		SSL_CTX_free(ctx);
	}
	if (rc == 0) {
		struct scorer *s = scorer_new(config->scoring.rules,
		    (size_t)config->scoring.text_max, out_err);
		rc = s != NULL ? 0 : -1;
		scorer_unref(s);
	}
	config_unref(config);
	return rc;
}
