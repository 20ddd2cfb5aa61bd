/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event loop and what belongs to its thread: timers, a mailbox that other
 * threads post to, and work put off to the end of the turn. Everything here
 * is for the loop's own thread but loop_post(), loop_stop() and loop_new().
 */
#ifndef POSTHORN_DAEMON_NET_LOOP_H
#define POSTHORN_DAEMON_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct loop;

/* What one thread posts to another: embed it, cast back in `deliver`, which
 * runs in the receiving thread and owns the object from then on. */
struct mail {
	struct mail *next;
	void (*deliver)(struct mail *mail);
};

/* What a loop may have to end by itself when it is finished. */
struct loop_child {
	struct loop_child *prev, *next;
	void (*end)(struct loop_child *child);
};

struct loop *loop_new(void);
/* Enters and leaves the loop's list of such objects. */
void loop_adopt(struct loop *loop, struct loop_child *child);
void loop_disown(struct loop *loop, struct loop_child *child);
/* After its thread has ended: delivers the mail that is left and runs what was
 * put off, in the calling thread. */
void loop_finish(struct loop *loop);
/* Not running any more; what loop_finish() left is dropped. */
void loop_free(struct loop *loop);
/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
/* One turn, without waiting: for who has no thread for it. */
void loop_turn(struct loop *loop);
/* Any thread: the loop ends after the current turn. */
void loop_stop(struct loop *loop);
/* Any thread. Mail from one thread arrives in order. */
void loop_post(struct loop *loop, struct mail *mail);
/* Time of the current turn, monotonic and wall milliseconds. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_wall_ms(const struct loop *loop);

/* Calls `fn(arg)` once at the end of the turn, in order; never at once. */
void loop_later(struct loop *loop, void (*fn)(void *arg), void *arg);

/* A timer that fires once per start. */
struct timer;
struct timer *timer_new(struct loop *loop, void (*fn)(void *arg), void *arg);
/* (Re)arms it, in milliseconds from now. */
void timer_start(struct timer *timer, int64_t after_ms);
void timer_stop(struct timer *timer);
bool timer_is_armed(const struct timer *timer);
/* Null is accepted; also from its own callback. */
void timer_free(struct timer *timer);

/* Readiness of a descriptor that the caller owns. */
struct watch;
struct watch *watch_new(struct loop *loop, int fd,
    void (*fn)(void *arg, bool can_read, bool can_write), void *arg);
void watch_set(struct watch *watch, bool want_read, bool want_write);
/* Before the descriptor is closed; null is accepted. */
void watch_free(struct watch *watch);

/* Calls `fn(arg)` in the loop for each signal; for the process' life. */
void loop_on_signal(
    struct loop *loop, int number, void (*fn)(void *arg), void *arg);

/* A thread that runs `loop`; signals are blocked in it. */
struct thread;
struct thread *thread_start(
    const char *name, struct loop *loop, struct error *out_err) MUST_CHECK;
/* A thread that runs `fn(arg)`. */
struct thread *thread_start_fn(const char *name, void (*fn)(void *arg),
    void *arg, struct error *out_err) MUST_CHECK;
/* Waits for its end and frees it; null is accepted. */
void thread_join(struct thread *thread);

#endif
