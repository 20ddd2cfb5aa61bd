/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file is scored as it is: header and body, CR LF or LF line ends.
 */
#include "cli/score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define MESSAGE_MAX (256 << 20)

static int
read_file(const char *path, struct buf *out)
{
	ssize_t got = 0;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
					: open(path, O_RDONLY | O_CLOEXEC);

	buf_reset(out);
	if (fd < 0)
		return -1;
	do {
		char *at = buf_reserve(out, 65536);
		if (at == NULL) {
			errno = EFBIG;
			got = -1;
			break;
		}
		got = read(fd, at, 65536);
		if (got > 0)
			buf_grow(out, (size_t)got);
	} while (got > 0);
	int saved = errno;
	if (fd != STDIN_FILENO)
		(void)close(fd);
	errno = saved;
	return got < 0 ? -1 : 0;
}

static void
print_verdict(const char *path, const struct verdict *v, int is_json)
{
	struct buf symbols = buf_make(65536);

	if (is_json) {
		verdict_to_json(v, &symbols);
		json_t *row = json_pack("{s:s, s:f, s:s}", "file", path,
		    "score", v->score, "class", score_class_name(v->class));
		(void)json_object_set_new(
		    row, "symbols", json_loads(buf_text(&symbols), 0, NULL));
		char *text =
		    json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(10));
		(void)printf("%s\n", text);
		free(text);
		json_decref(row);
	} else {
		(void)printf("%s: score %.1f%s%s\n", path, v->score,
		    v->finding_count != 0 ? ", mostly " : "",
		    v->finding_count != 0 ? score_class_name(v->class) : "");
		for (size_t i = 0; i < v->finding_count; i++)
			(void)printf("  %+6.1f  %-20s %s\n",
			    v->findings[i].points, v->findings[i].symbol,
			    v->findings[i].why);
	}
	buf_free(&symbols);
}

enum cli_exit
score_files(const struct scorer *s, char **files, int count, int is_json)
{
	struct buf message = buf_make(MESSAGE_MAX);
	struct score_facts facts = {{NULL, 0}};
	enum cli_exit result = CLI_DONE;

	for (int i = 0; i < count; i++) {
		struct arena arena = {0};
		struct verdict v;
		if (read_file(files[i], &message) != 0) {
			(void)fprintf(stderr, "posthorn: %s: %s\n", files[i],
			    strerror(errno));
			result = errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED;
			continue;
		}
		score_message(s, buf_slice(&message), &facts, NULL, &arena, &v);
		print_verdict(files[i], &v, is_json);
		arena_free(&arena);
	}
	buf_free(&message);
	return result;
}

enum cli_exit
score_tsv(const struct scorer *s)
{
	struct buf message = buf_make(MESSAGE_MAX);
	struct score_facts facts = {{NULL, 0}};
	enum cli_exit result = CLI_DONE;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		struct arena arena = {0};
		struct verdict v;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (read_file(line, &message) != 0) {
			(void)fprintf(stderr, "posthorn: %s: %s\n", line,
			    strerror(errno));
			result = CLI_FAILED;
			continue;
		}
		score_message(s, buf_slice(&message), &facts, NULL, &arena, &v);
		(void)printf("%s\t%.4f\n", line, v.score);
		arena_free(&arena);
	}
	free(line);
	buf_free(&message);
	return result;
}
