/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is attached: by name, by type, and by the first octets.
 */
#include <string.h>

#include "scoring/check.h"

static bool
has_extension(struct slice name, const char *list)
{
	struct slice rest = slice_of(list);
	struct slice extension;

	while (slice_cut(&rest, ' ', &extension)) {
		char dotted[16];
		size_t len = extension.len;
		dotted[0] = '.';
		memcpy(dotted + 1, extension.ptr, len);
		dotted[len + 1] = '\0';
		if (slice_ends_nocase(name, dotted))
			return true;
	}
	return false;
}

static bool
is_program(struct slice name)
{
	return has_extension(name,
	    "exe scr com bat cmd pif vbs vbe js jse wsf wsh hta cpl msi lnk "
	    "ps1 jar iso img vhd chm reg");
}

static bool
is_document(struct slice name)
{
	return has_extension(
	    name, "pdf doc docx xls xlsx ppt pptx txt jpg jpeg png gif zip");
}

static uint32_t
read_le16(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8;
}

/* An MZ stub that points to a PE header. */
static bool
is_windows_program(struct slice start)
{
	if (start.len < 64 || memcmp(start.ptr, "MZ", 2) != 0)
		return false;
	struct slice header = slice_sub(start, read_le16(start.ptr + 60), 4);
	return slice_equal(header, slice_make("PE\0\0", 4));
}

/* Local file headers of a ZIP (APPNOTE 4.3.7), as far as they are kept. */
static void
check_zip(struct check *c, const struct view_attachment *a)
{
	struct slice rest = a->start;
	ptrdiff_t at;

	while ((at = slice_find_nocase(rest, "PK\x03\x04")) >= 0) {
		rest = slice_sub(rest, (size_t)at, SIZE_MAX);
		if (rest.len < 30)
			return;
		uint32_t flags = read_le16(rest.ptr + 6);
		struct slice name =
		    slice_sub(rest, 30, read_le16(rest.ptr + 26));
		if ((flags & 1) != 0)
			check_found(c, SYM_ATTACH_ZIP_LOCKED, "%.*s",
			    SLICE_ARGS(a->name));
		if (is_program(name))
			check_found(c, SYM_ATTACH_ZIP_EXEC, "%.*s in %.*s",
			    SLICE_ARGS(name), SLICE_ARGS(a->name));
		rest = slice_sub(rest, 4, SIZE_MAX);
	}
}

static bool
is_active_page(const struct view_attachment *a)
{
	bool is_page = has_extension(a->name, "html htm shtml svg xhtml") ||
	    slice_is(a->type, "text/html");

	return is_page &&
	    (slice_find_nocase(a->start, "<script") >= 0 ||
		slice_find_nocase(a->start, "<form") >= 0 ||
		slice_find_nocase(a->start, "http-equiv=\"refresh") >= 0);
}

void
check_attachments(struct check *c)
{
	for (size_t i = 0; i < c->view->attachment_count; i++) {
		const struct view_attachment *a = &c->view->attachments[i];
		ptrdiff_t dot = slice_rfind(a->name, '.');
		bool is_program_name = is_program(a->name);
		if (is_program_name &&
		    is_document(slice_sub(a->name, 0, (size_t)dot)))
			check_found(c, SYM_ATTACH_DOUBLE_EXT, "%.*s",
			    SLICE_ARGS(a->name));
		if (is_program_name || is_windows_program(a->start))
			check_found(c, SYM_ATTACH_EXECUTABLE, "%.*s",
			    SLICE_ARGS(a->name));
		if (is_active_page(a))
			check_found(
			    c, SYM_ATTACH_HTML, "%.*s", SLICE_ARGS(a->name));
		if (has_extension(a->name, "docm xlsm pptm dotm xlam"))
			check_found(
			    c, SYM_ATTACH_MACRO, "%.*s", SLICE_ARGS(a->name));
		if (a->start.len > 30 &&
		    memcmp(a->start.ptr, "PK\x03\x04", 4) == 0)
			check_zip(c, a);
	}
}
