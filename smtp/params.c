/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tables of keywords, and the readers of their values.
 */
#include "smtp/params.h"

#include "base/attr.h"

static int
hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The octet at `*at`, which moves on; -1 when there is none that is good. */
static int
xtext_octet(struct slice s, size_t *at)
{
	char c = s.ptr[(*at)++];

	if (c != '+')
		return c > ' ' && c <= '~' && c != '=' ? c : -1;
	if (*at + 2 > s.len)
		return -1;
	int high = hex_digit(s.ptr[*at]);
	int low = hex_digit(s.ptr[*at + 1]);
	*at += 2;
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool
smtp_xtext_is_valid(struct slice s)
{
	size_t at = 0;

	while (at < s.len)
		if (xtext_octet(s, &at) < 0)
			return false;
	return true;
}

struct slice
smtp_xtext_decode(struct slice s, struct arena *arena)
{
	char *out = arena_alloc(arena, s.len + 1);
	size_t len = 0;
	size_t at = 0;

	while (at < s.len) {
		int c = xtext_octet(s, &at);
		if (c < ' ' || c > '~')
			return (struct slice){0};
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return slice_make(out, len);
}

typedef bool read_fn(struct slice value, void *out);

struct row {
	const char *keyword;
	read_fn *read; /* false: the value is not good */
};

static bool
read_size(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	p->has_size = true;
	return slice_to_u64(value, &p->size) == 0;
}

static bool
read_body(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	p->is_8bit = slice_is_nocase(value, "8BITMIME");
	return p->is_8bit || slice_is_nocase(value, "7BIT");
}

/* "<>" or the xtext of a mailbox; who submitted first does not matter to us,
 * but has to be good. */
static bool
read_auth(struct slice value, void *out UNUSED)
{
	return value.len != 0 && smtp_xtext_is_valid(value);
}

static bool
read_ret(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	bool is_full = slice_is_nocase(value, "FULL");

	p->ret = is_full ? SMTP_RET_FULL : SMTP_RET_HDRS;
	return is_full || slice_is_nocase(value, "HDRS");
}

static bool
read_envid(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	p->envid = value;
	return value.len != 0 && value.len <= SMTP_ENVID_MAX &&
	    smtp_xtext_is_valid(value);
}

static bool
read_utf8(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	p->is_utf8 = true;
	return value.ptr == NULL;
}

static bool
read_requiretls(struct slice value, void *out)
{
	struct smtp_mail_params *p = out;

	p->requires_tls = true;
	return value.ptr == NULL;
}

static bool
read_notify(struct slice value, void *out)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} words[] = {
	    {"NEVER", SMTP_NOTIFY_NEVER},
	    {"SUCCESS", SMTP_NOTIFY_SUCCESS},
	    {"FAILURE", SMTP_NOTIFY_FAILURE},
	    {"DELAY", SMTP_NOTIFY_DELAY},
	};
	struct smtp_rcpt_params *p = out;
	struct slice word;

	while (slice_cut(&value, ',', &word)) {
		unsigned int bit = 0;
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (slice_is_nocase(word, words[i].name))
				bit = words[i].bit;
		if (bit == 0)
			return false;
		p->notify |= bit;
	}
	/* NEVER stands alone (RFC 3461 4.1). */
	return p->notify != 0 &&
	    ((p->notify & SMTP_NOTIFY_NEVER) == 0 ||
		p->notify == SMTP_NOTIFY_NEVER);
}

/* Address type, semicolon, xtext; "utf-8" has a syntax of its own
 * (RFC 6533 3), whose octets are taken as they are. */
static bool
read_orcpt(struct slice value, void *out)
{
	struct smtp_rcpt_params *p = out;

	struct slice rest = value;
	struct slice type;

	p->orcpt = value;
	if (value.len > SMTP_ORCPT_MAX || !slice_cut(&rest, ';', &type) ||
	    type.len == 0 || rest.len == 0)
		return false;
	for (size_t i = 0; i < type.len; i++)
		if (!ascii_is_alnum(type.ptr[i]) && type.ptr[i] != '-')
			return false;
	return slice_is_nocase(type, "utf-8") || smtp_xtext_is_valid(rest);
}

static const struct row mail_rows[] = {
    {"SIZE", read_size},
    {"BODY", read_body},
    {"AUTH", read_auth},
    {"RET", read_ret},
    {"ENVID", read_envid},
    {"SMTPUTF8", read_utf8},
    {"REQUIRETLS", read_requiretls},
};

static const struct row rcpt_rows[] = {
    {"NOTIFY", read_notify},
    {"ORCPT", read_orcpt},
};

static enum smtp_params_error
read_params(const struct smtp_path *path, const struct row *rows, size_t count,
    void *out, struct slice *out_bad)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < path->param_count; i++) {
		const struct smtp_param *p = &path->params[i];
		size_t at = 0;
		*out_bad = p->keyword;
		while (at < count &&
		    !slice_is_nocase(p->keyword, rows[at].keyword))
			at++;
		if (at == count)
			return SMTP_PARAMS_UNKNOWN;
		if ((seen & (1U << at)) != 0)
			return SMTP_PARAMS_DUPLICATE;
		seen |= 1U << at;
		if (!rows[at].read(p->value, out))
			return SMTP_PARAMS_VALUE;
	}
	return SMTP_PARAMS_OK;
}

enum smtp_params_error
smtp_mail_params_read(const struct smtp_path *path,
    struct smtp_mail_params *out, struct slice *out_bad)
{
	*out = (struct smtp_mail_params){0};
	return read_params(path, mail_rows, ARRAY_LEN(mail_rows), out, out_bad);
}

enum smtp_params_error
smtp_rcpt_params_read(const struct smtp_path *path,
    struct smtp_rcpt_params *out, struct slice *out_bad)
{
	*out = (struct smtp_rcpt_params){0};
	return read_params(path, rcpt_rows, ARRAY_LEN(rcpt_rows), out, out_bad);
}
