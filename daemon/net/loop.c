/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libev behind the few calls that the daemon needs. The mailbox is a stack
 * that senders push to without a lock and the owner takes whole; only the
 * sender that finds it empty wakes the loop.
 */
#include "daemon/net/loop.h"

#include <assert.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

#define THREAD_STACK_BYTES (16 << 20)

struct later {
	struct later *next;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct ev_loop *ev;
	ev_async wake;
	ev_prepare end_of_turn;
	_Atomic(struct mail *) mailbox;
	_Atomic bool is_stopping;
	struct later *later_head;
	struct later **later_tail;
	struct later *later_free;
	struct loop_child children; /* a ring; this is no child */
};

static void
deliver_mail(struct loop *loop)
{
	struct mail *mail = atomic_exchange(&loop->mailbox, NULL);
	struct mail *in_order = NULL;

	while (mail != NULL) {
		struct mail *next = mail->next;
		mail->next = in_order;
		in_order = mail;
		mail = next;
	}
	while (in_order != NULL) {
		struct mail *next = in_order->next;
		in_order->deliver(in_order);
		in_order = next;
	}
}

static void
on_wake(struct ev_loop *ev, ev_async *w, int events UNUSED)
{
	struct loop *loop = w->data;

	deliver_mail(loop);
	if (atomic_load(&loop->is_stopping))
		ev_break(ev, EVBREAK_ALL);
}

/* What is put off during this runs in the next turn, so that sockets and
 * timers come in between. */
static void
on_end_of_turn(struct ev_loop *ev, ev_prepare *w, int events UNUSED)
{
	struct loop *loop = w->data;
	struct later **last = loop->later_tail;
	bool is_last = loop->later_head == NULL;

	while (!is_last) {
		struct later *later = loop->later_head;
		is_last = last == &later->next;
		loop->later_head = later->next;
		if (loop->later_head == NULL)
			loop->later_tail = &loop->later_head;
		void (*fn)(void *) = later->fn;
		void *arg = later->arg;
		later->next = loop->later_free;
		loop->later_free = later;
		fn(arg);
	}
	if (loop->later_head != NULL)
		ev_async_send(ev, &loop->wake);
}

struct loop *
loop_new(void)
{
	struct loop *loop = MEM_NEW(struct loop);

	loop->ev = ev_loop_new(EVFLAG_AUTO);
	assert(loop->ev != NULL);
	loop->later_tail = &loop->later_head;
	loop->children.prev = loop->children.next = &loop->children;
	ev_async_init(&loop->wake, on_wake);
	loop->wake.data = loop;
	ev_async_start(loop->ev, &loop->wake);
	ev_prepare_init(&loop->end_of_turn, on_end_of_turn);
	loop->end_of_turn.data = loop;
	ev_prepare_start(loop->ev, &loop->end_of_turn);
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	ev_async_stop(loop->ev, &loop->wake);
	ev_prepare_stop(loop->ev, &loop->end_of_turn);
	ev_loop_destroy(loop->ev);
	while (loop->later_head != NULL) {
		struct later *next = loop->later_head->next;
		mem_free(loop->later_head);
		loop->later_head = next;
	}
	while (loop->later_free != NULL) {
		struct later *next = loop->later_free->next;
		mem_free(loop->later_free);
		loop->later_free = next;
	}
	mem_free(loop);
}

void
loop_run(struct loop *loop)
{
	(void)ev_run(loop->ev, 0);
	/* The last turn's work. */
	on_end_of_turn(loop->ev, &loop->end_of_turn, 0);
}

void
loop_turn(struct loop *loop)
{
	(void)ev_run(loop->ev, EVRUN_NOWAIT);
}

void
loop_adopt(struct loop *loop, struct loop_child *child)
{
	child->prev = &loop->children;
	child->next = loop->children.next;
	child->next->prev = child;
	loop->children.next = child;
}

void
loop_disown(struct loop *loop UNUSED, struct loop_child *child)
{
	child->prev->next = child->next;
	child->next->prev = child->prev;
}

void
loop_finish(struct loop *loop)
{
	struct loop_child *child = loop->children.next;

	/* Ending one puts its freeing off; it stays in the ring till then. */
	for (; child != &loop->children; child = child->next)
		child->end(child);
	while (
	    atomic_load(&loop->mailbox) != NULL || loop->later_head != NULL) {
		deliver_mail(loop);
		on_end_of_turn(loop->ev, &loop->end_of_turn, 0);
	}
}

void
loop_stop(struct loop *loop)
{
	atomic_store(&loop->is_stopping, true);
	ev_async_send(loop->ev, &loop->wake);
}

void
loop_post(struct loop *loop, struct mail *mail)
{
	struct mail *head = atomic_load(&loop->mailbox);

	do {
		mail->next = head;
	} while (!atomic_compare_exchange_weak(&loop->mailbox, &head, mail));
	if (head == NULL)
		ev_async_send(loop->ev, &loop->wake);
}

int64_t
loop_now_ms(const struct loop *loop UNUSED)
{
	return clock_mono_ms();
}

int64_t
loop_wall_ms(const struct loop *loop)
{
	return (int64_t)(ev_now(loop->ev) * 1000);
}

void
loop_later(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct later *later = loop->later_free;

	if (later != NULL)
		loop->later_free = later->next;
	else
		later = MEM_NEW(struct later);
	*later = (struct later){NULL, fn, arg};
	*loop->later_tail = later;
	loop->later_tail = &later->next;
}

struct timer {
	ev_timer ev;
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
};

static void
on_timer(struct ev_loop *ev UNUSED, ev_timer *w, int events UNUSED)
{
	struct timer *timer = w->data;

	timer->fn(timer->arg);
}

struct timer *
timer_new(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct timer *timer = MEM_NEW(struct timer);

	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	ev_timer_init(&timer->ev, on_timer, 0, 0);
	timer->ev.data = timer;
	return timer;
}

void
timer_start(struct timer *timer, int64_t after_ms)
{
	ev_timer_stop(timer->loop->ev, &timer->ev);
	/* From now, not from the start of the turn. */
	double late = (double)clock_wall_ms() / 1000 - ev_now(timer->loop->ev);
	if (late < 0 || late > 60)
		late = 0;
	double after = (double)(after_ms > 0 ? after_ms : 0) / 1000;
	ev_timer_set(&timer->ev, after + late, 0.);
	ev_timer_start(timer->loop->ev, &timer->ev);
}

void
timer_stop(struct timer *timer)
{
	ev_timer_stop(timer->loop->ev, &timer->ev);
}

bool
timer_is_armed(const struct timer *timer)
{
	return ev_is_active(&timer->ev);
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	ev_timer_stop(timer->loop->ev, &timer->ev);
	mem_free(timer);
}

struct watch {
	ev_io ev;
	struct loop *loop;
	int fd;
	int wanted;
	void (*fn)(void *arg, bool can_read, bool can_write);
	void *arg;
};

static void
on_ready(struct ev_loop *ev UNUSED, ev_io *w, int events)
{
	struct watch *watch = w->data;

	watch->fn(
	    watch->arg, (events & EV_READ) != 0, (events & EV_WRITE) != 0);
}

struct watch *
watch_new(struct loop *loop, int fd,
    void (*fn)(void *arg, bool can_read, bool can_write), void *arg)
{
	struct watch *watch = MEM_NEW(struct watch);

	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->arg = arg;
	ev_io_init(&watch->ev, on_ready, fd, 0);
	watch->ev.data = watch;
	return watch;
}

void
watch_set(struct watch *watch, bool want_read, bool want_write)
{
	int wanted = (want_read ? EV_READ : 0) | (want_write ? EV_WRITE : 0);

	if (wanted == watch->wanted)
		return;
	ev_io_stop(watch->loop->ev, &watch->ev);
	watch->wanted = wanted;
	if (wanted == 0)
		return;
	ev_io_set(&watch->ev, watch->fd, wanted);
	ev_io_start(watch->loop->ev, &watch->ev);
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	ev_io_stop(watch->loop->ev, &watch->ev);
	mem_free(watch);
}

struct signal_watch {
	ev_signal ev;
	void (*fn)(void *arg);
	void *arg;
};

static void
on_signal(struct ev_loop *ev UNUSED, ev_signal *w, int events UNUSED)
{
	struct signal_watch *watch = w->data;

	watch->fn(watch->arg);
}

void
loop_on_signal(struct loop *loop, int number, void (*fn)(void *arg), void *arg)
{
	/* One a signal, for as long as the process lives. */
	static struct signal_watch watches[8];
	static size_t count;

	assert(count < ARRAY_LEN(watches));
	struct signal_watch *watch = &watches[count++];
	watch->fn = fn;
	watch->arg = arg;
	ev_signal_init(&watch->ev, on_signal, number);
	watch->ev.data = watch;
	ev_signal_start(loop->ev, &watch->ev);
}

struct thread {
	pthread_t id;
	struct loop *loop; /* or null, and then: */
	void (*fn)(void *arg);
	void *arg;
	char name[16];
};

static void *
thread_main(void *arg)
{
	struct thread *thread = arg;

	(void)pthread_setname_np(pthread_self(), thread->name);
	if (thread->loop != NULL)
		loop_run(thread->loop);
	else
		thread->fn(thread->arg);
	return NULL;
}

static struct thread *
start(struct thread *thread, const char *name, struct error *out_err)
{
	pthread_attr_t attr;
	sigset_t all;
	sigset_t before;

	/* The kernel keeps 15 characters. */
	(void)snprintf(thread->name, sizeof(thread->name), "%s", name);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	int rc = pthread_create(&thread->id, &attr, thread_main, thread);
	(void)pthread_attr_destroy(&attr);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		mem_free(thread);
		(void)error_set(
		    out_err, "can't start thread %s: error %d", name, rc);
		return NULL;
	}
	return thread;
}

struct thread *
thread_start(const char *name, struct loop *loop, struct error *out_err)
{
	struct thread *thread = MEM_NEW(struct thread);

	thread->loop = loop;
	return start(thread, name, out_err);
}

struct thread *
thread_start_fn(
    const char *name, void (*fn)(void *arg), void *arg, struct error *out_err)
{
	struct thread *thread = MEM_NEW(struct thread);

	thread->fn = fn;
	thread->arg = arg;
	return start(thread, name, out_err);
}

void
thread_join(struct thread *thread)
{
	if (thread == NULL)
		return;
	(void)pthread_join(thread->id, NULL);
	mem_free(thread);
}
