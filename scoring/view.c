/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIME by GMime, walked without recursion and within bounds. The message is
 * parsed where it lies; decoded parts are read up to a bound and no further.
 */
#include "scoring/view.h"

#include <gmime/gmime.h>
#include <libxml/parser.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "scoring/view_internal.h"
#include "smtp/header.h"

#define HEADER_TEXT_MAX 4096
#define URL_MAX 4096
#define READ_BYTES 16384

void
view_start(void)
{
	g_mime_init();
	xmlInitParser();
}

void
view_add_text(struct view *v, struct slice text)
{
	size_t room = v->text.cap - v->text.len;

	if (text.len == 0 || room < 8)
		return;
	utf8_append_clean(&v->text, text, room - 1);
	if (v->text.len != 0 && v->text.ptr[v->text.len - 1] != ' ')
		(void)buf_append_char(&v->text, ' ');
}

/* The host of an absolute URL: between "//" and the next delimiter. */
static struct slice
find_host(struct slice url)
{
	ptrdiff_t at = slice_find_nocase(url, "//");

	if (at < 0)
		return SLICE("");
	struct slice rest = slice_sub(url, (size_t)at + 2, SIZE_MAX);
	size_t len = 0;
	while (len < rest.len && strchr("/?#\\ ", rest.ptr[len]) == NULL)
		len++;
	rest = slice_sub(rest, 0, len);
	ptrdiff_t userinfo = slice_rfind(rest, '@');
	if (userinfo >= 0)
		rest = slice_sub(rest, (size_t)userinfo + 1, SIZE_MAX);
	if (rest.len != 0 && rest.ptr[0] == '[')
		return rest;
	ptrdiff_t port = slice_find(rest, ':');
	return port >= 0 ? slice_sub(rest, 0, (size_t)port) : rest;
}

struct view_link *
view_add_link(struct view *v, struct slice url)
{
	url = slice_trim(slice_sub(url, 0, URL_MAX));
	if (v->link_count == VIEW_LINKS_MAX || url.len == 0)
		return NULL;
	struct view_link *link = &v->links[v->link_count++];
	*link = (struct view_link){.url = arena_slice(&v->arena, url)};
	struct slice host = find_host(link->url);
	link->host = slice_make(arena_dup_lower(&v->arena, host), host.len);
	return link;
}

static bool
ends_url(char c)
{
	return (unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"';
}

void
view_add_bare_links(struct view *v, struct slice text)
{
	ptrdiff_t at;

	while (v->link_count < VIEW_LINKS_MAX &&
	    (at = slice_find(text, ':')) >= 0) {
		size_t start = (size_t)at;
		while (start > 0 && ascii_is_alpha(text.ptr[start - 1]))
			start--;
		struct slice scheme =
		    slice_sub(text, start, (size_t)at - start);
		struct slice rest = slice_sub(text, (size_t)at, SIZE_MAX);
		size_t len = 0;
		if ((slice_ends_nocase(scheme, "http") ||
			slice_ends_nocase(scheme, "https")) &&
		    slice_starts_nocase(rest, "://")) {
			while (len < rest.len && !ends_url(rest.ptr[len]))
				len++;
			while (len > 3 &&
			    strchr(".,;:!?)'", rest.ptr[len - 1]) != NULL)
				len--;
			struct slice url =
			    slice_sub(text, start, (size_t)at - start + len);
			(void)view_add_link(v, url);
		}
		text = slice_sub(rest, len > 1 ? len : 1, SIZE_MAX);
	}
}

/* Reads a decoded part, at most `max` octets; text is brought to UTF-8. */
static void
read_part(GMimePart *part, bool is_text, size_t max, struct buf *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);

	if (content == NULL)
		return;
	GMimeStream *raw = g_mime_data_wrapper_get_stream(content);
	GMimeStream *stream = g_mime_stream_filter_new(raw);
	GMimeFilter *decode = g_mime_filter_basic_new(
	    g_mime_data_wrapper_get_encoding(content), FALSE);
	(void)g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), decode);
	g_object_unref(decode);
	const char *charset = is_text
	    ? g_mime_object_get_content_type_parameter(
		  GMIME_OBJECT(part), "charset")
	    : NULL;
	GMimeFilter *convert = charset != NULL
	    ? g_mime_filter_charset_new(charset, "UTF-8")
	    : NULL;
	if (convert != NULL) {
		(void)g_mime_stream_filter_add(
		    GMIME_STREAM_FILTER(stream), convert);
		g_object_unref(convert);
	}
	(void)g_mime_stream_reset(raw);
	while (out->len < max) {
		size_t want =
		    max - out->len < READ_BYTES ? max - out->len : READ_BYTES;
		char *at = buf_reserve(out, want);
		ssize_t got =
		    at != NULL ? g_mime_stream_read(stream, at, want) : 0;
		if (got <= 0)
			break;
		buf_grow(out, (size_t)got);
	}
	g_object_unref(stream);
}

static void
add_attachment(struct view *v, GMimePart *part, const char *name)
{
	GMimeContentType *type =
	    g_mime_object_get_content_type(GMIME_OBJECT(part));

	if (v->attachment_count == VIEW_ATTACHMENTS_MAX)
		return;
	struct view_attachment *a = &v->attachments[v->attachment_count++];
	struct buf clean = buf_make(256);
	utf8_append_clean(&clean, slice_of(name), clean.cap);
	a->name = slice_make(
	    arena_dup_lower(&v->arena, buf_slice(&clean)), clean.len);
	buf_free(&clean);
	char *mime = g_mime_content_type_get_mime_type(type);
	a->type = slice_make(
	    arena_dup_lower(&v->arena, slice_sub(slice_of(mime), 0, 127)),
	    slice_sub(slice_of(mime), 0, 127).len);
	g_free(mime);
	struct buf start = buf_make(VIEW_ATTACHMENT_BYTES);
	read_part(part, false, VIEW_ATTACHMENT_BYTES, &start);
	a->start = arena_slice(&v->arena, buf_slice(&start));
	buf_free(&start);
}

static void
add_part(struct view *v, GMimePart *part)
{
	GMimeContentType *type =
	    g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *name = g_mime_part_get_filename(part);
	const char *disposition =
	    g_mime_object_get_disposition(GMIME_OBJECT(part));
	bool is_attached = disposition != NULL &&
	    g_ascii_strcasecmp(disposition, "attachment") == 0;
	bool is_html = g_mime_content_type_is_type(type, "text", "html");

	if (is_attached || name != NULL ||
	    !g_mime_content_type_is_type(type, "text", "*"))
		add_attachment(v, part, name);
	if (is_attached ||
	    !(is_html || g_mime_content_type_is_type(type, "text", "*")))
		return;
	struct buf text = buf_make(v->text.cap);
	read_part(part, true, v->text.cap, &text);
	if (is_html) {
		view_add_html(v, buf_slice(&text));
	} else {
		view_add_text(v, buf_slice(&text));
		view_add_bare_links(v, buf_slice(&text));
	}
	buf_free(&text);
}

/* An entity that waits to be looked at. */
struct waiting {
	GMimeObject *object;
	size_t depth;
};

static void
push(GArray *stack, GMimeObject *object, size_t depth)
{
	struct waiting w = {object, depth};

	if (object != NULL)
		g_array_append_val(stack, w);
}

/* All parts, outermost first, without recursion. */
static void
walk(struct view *v, GMimeObject *root)
{
	GArray *stack = g_array_new(FALSE, FALSE, sizeof(struct waiting));

	push(stack, root, 0);
	while (stack->len != 0) {
		struct waiting w =
		    g_array_index(stack, struct waiting, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		if (++v->part_count > VIEW_PARTS_MAX ||
		    w.depth > VIEW_DEPTH_MAX) {
			v->is_too_complex = true;
			break;
		}
		if (GMIME_IS_MULTIPART(w.object)) {
			GMimeMultipart *m = GMIME_MULTIPART(w.object);
			int count = g_mime_multipart_get_count(m);
			v->is_too_complex |= count > VIEW_PARTS_MAX;
			if (count > VIEW_PARTS_MAX)
				count = VIEW_PARTS_MAX;
			for (int i = count - 1; i >= 0; i--)
				push(stack, g_mime_multipart_get_part(m, i),
				    w.depth + 1);
		} else if (GMIME_IS_MESSAGE_PART(w.object)) {
			GMimeMessage *inner = g_mime_message_part_get_message(
			    GMIME_MESSAGE_PART(w.object));
			if (inner != NULL)
				push(stack, g_mime_message_get_mime_part(inner),
				    w.depth + 1);
		} else if (GMIME_IS_PART(w.object)) {
			add_part(v, GMIME_PART(w.object));
		}
	}
	g_array_free(stack, TRUE);
}

/* A header text without encoded words, as one clean line. */
static struct slice
decode_text(struct view *v, struct slice raw, bool is_phrase)
{
	char *copy = slice_dup(slice_sub(raw, 0, HEADER_TEXT_MAX));
	struct buf clean = buf_make(HEADER_TEXT_MAX);

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	char *decoded = is_phrase
	    ? g_mime_utils_header_decode_phrase(NULL, copy)
	    : g_mime_utils_header_decode_text(NULL, copy);
	utf8_append_clean(&clean, slice_trim(slice_of(decoded)), clean.cap);
	struct slice out = arena_slice(&v->arena, buf_slice(&clean));
	g_free(decoded);
	mem_free(copy);
	buf_free(&clean);
	return out;
}

static struct slice
lower_copy(struct view *v, struct slice s)
{
	return slice_make(arena_dup_lower(&v->arena, s), s.len);
}

static void
read_from(struct view *v, struct slice value)
{
	struct slice address = smtp_field_address(value);
	ptrdiff_t bracket = slice_find(value, '<');

	v->from_address = lower_copy(v, slice_sub(address, 0, 512));
	if (bracket <= 0)
		return;
	struct slice name = slice_trim(slice_sub(value, 0, (size_t)bracket));
	if (name.len >= 2 && name.ptr[0] == '"' &&
	    name.ptr[name.len - 1] == '"')
		name = slice_sub(name, 1, name.len - 2);
	v->from_name = decode_text(v, name, true);
}

static void
read_header(struct view *v, struct slice message)
{
	struct slice rest = message;
	struct smtp_field f;

	while (smtp_field_next(&rest, &f)) {
		if (slice_is_nocase(f.name, "From") && v->from_address.len == 0)
			read_from(v, f.value);
		else if (slice_is_nocase(f.name, "Subject")) {
			v->subject = decode_text(v, f.value, false);
			v->has_subject = true;
		} else if (slice_is_nocase(f.name, "Reply-To"))
			v->reply_to = lower_copy(
			    v, slice_sub(smtp_field_address(f.value), 0, 512));
		else if (slice_is_nocase(f.name, "Message-ID"))
			v->message_id =
			    arena_slice(&v->arena, slice_sub(f.value, 0, 512));
		else if (slice_is_nocase(f.name, "In-Reply-To") ||
		    slice_is_nocase(f.name, "References"))
			v->has_references = true;
	}
	v->header = slice_make(message.ptr, message.len - rest.len);
}

/* How deep multiparts could nest: bounded before the parser recurses. */
static bool
nests_too_deep(struct slice message)
{
	size_t count = 0;

	for (;;) {
		ptrdiff_t at = slice_find_nocase(message, "boundary");
		if (at < 0)
			return false;
		if (++count > VIEW_PARTS_MAX)
			return true;
		message = slice_sub(message, (size_t)at + 8, SIZE_MAX);
	}
}

struct view *
view_make(struct slice message, size_t text_max)
{
	struct view *v = MEM_NEW(struct view);

	v->text = buf_make(text_max);
	read_header(v, message);
	if (message.len == 0 || nests_too_deep(message)) {
		v->is_too_complex = message.len != 0;
		return v;
	}
	/* The parser reads the message where it lies: the array borrows it. */
	GByteArray *bytes = g_byte_array_new();
	bytes->data = (guint8 *)(uintptr_t)message.ptr;
	bytes->len = (guint)message.len;
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *parsed = g_mime_parser_construct_message(parser, NULL);
	if (parsed != NULL) {
		walk(v, g_mime_message_get_mime_part(parsed));
		g_object_unref(parsed);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	(void)g_byte_array_free(bytes, FALSE);
	return v;
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	arena_free(&v->arena);
	buf_free(&v->text);
	mem_free(v);
}
