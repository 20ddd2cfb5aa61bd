/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Newsletters repeat themselves too: repetition alone is no sign, only that of
 * doubtful mail. The figures are in the table below, each with its reason.
 */
#include "access/watch.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/units.h"

#define HALF_MS INT64_C(1800000) /* windows slide by half an hour */
#define SUBJECTS 32              /* remembered at a time */
#define DIGESTS 32

/*
 * PROBE_MIN     Mail Baby's figure: more than four times the same.
 * REPEAT_MIN    ten of a kind; a stolen login is to be stopped before fifty
 * DOUBTFUL      mean score from which repetition counts (what a band of
 *              doubtful mail takes; sloppy programs reach 2 or 3)
 * REFUSED_MIN   and at least REFUSED_SHARE of what it sent
 * BOUNCES_MIN   and at least BOUNCES_SHARE of what was tried
 * JUMP_MIN      messages in an hour, and JUMP_FACTOR times the usual
 */
#define PROBE_MIN 5
#define REPEAT_MIN 10
#define DOUBTFUL 4.0
#define REFUSED_MIN 5
#define REFUSED_SHARE 0.3
#define BOUNCES_MIN 20
#define BOUNCES_SHARE 0.3
#define JUMP_MIN 500
#define JUMP_FACTOR 20.0
/* Hours until the usual rate has taken over most of a change. */
#define USUAL_HOURS 48.0

/* A thing that may come again. */
struct seen {
	uint64_t value;
	int64_t count;
	double score; /* sum */
	int64_t last_ms;
};

struct half {
	int64_t messages, refused, unknown, tried;
};

struct watcher {
	struct seen subjects[SUBJECTS];
	struct seen digests[DIGESTS];
	struct half halves[2]; /* this one and the one before */
	int64_t half_start_ms;
	double usual; /* messages an hour */
	int64_t hours;
};

struct watcher *
watcher_new(void)
{
	return MEM_NEW(struct watcher);
}

void
watcher_free(struct watcher *w)
{
	mem_free(w);
}

void
watcher_reset(struct watcher *w)
{
	double usual = w->usual;
	int64_t hours = w->hours;

	*w = (struct watcher){.usual = usual, .hours = hours};
}

const char *
watch_sign_name(enum watch_sign sign)
{
	static const char *const names[] = {
	    "nothing", "trap", "probe", "repeat", "refused", "bounces", "jump"};

	return sign < WATCH_SIGNS ? names[sign] : "";
}

const char *
watch_action_name(enum watch_action action)
{
	static const char *const names[] = {"off", "slow", "hold", "block"};

	return names[action];
}

int
watch_parse_rule(struct slice text, struct watch_rule *out)
{
	struct slice word;

	*out = (struct watch_rule){0};
	if (slice_is_nocase(text, "off"))
		return 0;
	if (!slice_cut(&text, ' ', &word))
		return -1;
	for (int a = WATCH_SLOW; a <= WATCH_BLOCK; a++)
		if (slice_is_nocase(
			word, watch_action_name((enum watch_action)a)))
			out->action = (enum watch_action)a;
	return out->action != WATCH_OFF &&
		units_parse_duration(slice_trim(text), &out->ms) == 0 &&
		out->ms > 0
	    ? 0
	    : -1;
}

static void
slide(struct watcher *w, int64_t now_ms)
{
	while (now_ms - w->half_start_ms >= HALF_MS) {
		bool is_long = now_ms - w->half_start_ms >= 48 * HALF_MS;
		double hourly = 2.0 * (double)w->halves[0].messages;
		if (w->half_start_ms != 0) {
			w->usual += (hourly - w->usual) / (2 * USUAL_HOURS);
			w->hours++;
		}
		w->halves[1] = w->halves[0];
		w->halves[0] = (struct half){0};
		/* After days of silence there is nothing to slide. */
		w->half_start_ms = is_long || w->half_start_ms == 0
		    ? now_ms
		    : w->half_start_ms + HALF_MS;
	}
}

static uint64_t
hash_subject(struct slice s)
{
	uint64_t hash = HASH_START;

	/* Counters in it make no other subject. */
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]) && s.ptr[i] != ' ')
			hash = hash_octet(
			    hash, (unsigned char)ascii_lower(s.ptr[i]));
	return hash_mix(hash);
}

static bool
is_same(uint64_t a, uint64_t b, bool is_near)
{
	return is_near ? digest_distance(a, b) <= DIGEST_NEAR_BITS : a == b;
}

/* Counts a value; takes the place of what was seen longest ago. */
static struct seen *
count(struct seen *list, size_t room, uint64_t value, bool is_near,
    double score, int64_t now_ms)
{
	struct seen *oldest = &list[0];

	for (size_t i = 0; i < room; i++) {
		struct seen *s = &list[i];
		if (s->count != 0 && now_ms - s->last_ms < 2 * HALF_MS &&
		    is_same(s->value, value, is_near)) {
			s->count++;
			s->score += score;
			s->last_ms = now_ms;
			return s;
		}
		if (s->last_ms < oldest->last_ms)
			oldest = s;
	}
	*oldest = (struct seen){value, 1, score, now_ms};
	return oldest;
}

static bool
is_doubtful_run(const struct seen *s)
{
	return s->count >= REPEAT_MIN &&
	    s->score / (double)s->count >= DOUBTFUL;
}

/* A lone address, not one in words: cron jobs, for one, write
 * "Cron <root@host> command". */
static bool
is_probing(struct slice subject)
{
	subject = slice_trim(subject);
	return (slice_find(subject, '@') >= 0 &&
		   slice_find(subject, ' ') < 0) ||
	    slice_find_nocase(subject, "smtp") >= 0 ||
	    slice_find_nocase(subject, "socks4") >= 0 ||
	    slice_find_nocase(subject, "socks5") >= 0;
}

static enum watch_sign
look_at_repetition(
    struct watcher *w, const struct watch_facts *f, char why[WATCH_WHY_BYTES])
{
	const struct seen *s = NULL;

	if (f->subject.len != 0) {
		s = count(w->subjects, SUBJECTS, hash_subject(f->subject),
		    false, f->score, f->now_ms);
		if (s->count >= PROBE_MIN && is_probing(f->subject)) {
			(void)snprintf(why, WATCH_WHY_BYTES,
			    "%lld times the subject \"%.*s\"",
			    (long long)s->count,
			    (int)(f->subject.len < 80 ? f->subject.len : 80),
			    f->subject.ptr);
			return WATCH_PROBE;
		}
		if (is_doubtful_run(s)) {
			(void)snprintf(why, WATCH_WHY_BYTES,
			    "%lld messages with one subject, mean score %.1f",
			    (long long)s->count, s->score / (double)s->count);
			return WATCH_REPEAT;
		}
	}
	if (f->digest == 0)
		return WATCH_NOTHING;
	s = count(w->digests, DIGESTS, f->digest, true, f->score, f->now_ms);
	if (!is_doubtful_run(s))
		return WATCH_NOTHING;
	(void)snprintf(why, WATCH_WHY_BYTES,
	    "%lld messages with nearly one text, mean score %.1f",
	    (long long)s->count, s->score / (double)s->count);
	return WATCH_REPEAT;
}

static enum watch_sign
look_at_volume(const struct watcher *w, char why[WATCH_WHY_BYTES])
{
	const struct half *h = w->halves;
	int64_t messages = h[0].messages + h[1].messages;
	int64_t refused = h[0].refused + h[1].refused;

	if (refused >= REFUSED_MIN &&
	    (double)refused >= REFUSED_SHARE * (double)messages) {
		(void)snprintf(why, WATCH_WHY_BYTES,
		    "%lld of %lld messages of an hour refused for their "
		    "content",
		    (long long)refused, (long long)messages);
		return WATCH_REFUSED;
	}
	/* Two days tell what is usual. */
	if (w->hours >= 2 * (int64_t)USUAL_HOURS && messages >= JUMP_MIN &&
	    (double)messages >= JUMP_FACTOR * (w->usual > 1 ? w->usual : 1)) {
		(void)snprintf(why, WATCH_WHY_BYTES,
		    "%lld messages in an hour, %.1f are usual",
		    (long long)messages, w->usual);
		return WATCH_JUMP;
	}
	return WATCH_NOTHING;
}

enum watch_sign
watcher_message(struct watcher *w, const struct watch_facts *f,
    char out_why[WATCH_WHY_BYTES])
{
	slide(w, f->now_ms);
	w->halves[0].messages++;
	w->halves[0].refused += f->is_refused;
	out_why[0] = '\0';
	if (f->is_trap) {
		(void)snprintf(out_why, WATCH_WHY_BYTES, "mail to a trap");
		return WATCH_TRAP;
	}
	enum watch_sign sign = look_at_repetition(w, f, out_why);
	return sign != WATCH_NOTHING ? sign : look_at_volume(w, out_why);
}

enum watch_sign
watcher_delivery(struct watcher *w, bool is_unknown_user, int64_t now_ms,
    char out_why[WATCH_WHY_BYTES])
{
	const struct half *h = w->halves;

	slide(w, now_ms);
	w->halves[0].tried++;
	w->halves[0].unknown += is_unknown_user;
	int64_t unknown = h[0].unknown + h[1].unknown;
	int64_t tried = h[0].tried + h[1].tried;
	if (!is_unknown_user || unknown < BOUNCES_MIN ||
	    (double)unknown < BOUNCES_SHARE * (double)tried)
		return WATCH_NOTHING;
	(void)snprintf(out_why, WATCH_WHY_BYTES,
	    "%lld of %lld recipients of an hour do not exist",
	    (long long)unknown, (long long)tried);
	return WATCH_BOUNCES;
}
