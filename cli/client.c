/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One JSON line out, JSON lines in until "done" or "error".
 */
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *
connect_to(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fdopen(fd, "r+");
	(void)fprintf(stderr,
	    "posthorn: can't reach posthornd at %s: %s\n"
	    "  Is it running (posthornd -c FILE), and is this its "
	    "configuration (--config FILE)?\n",
	    path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static enum cli_exit
take_error(json_t *error)
{
	const char *kind = json_string_value(json_object_get(error, "kind"));
	const char *text = json_string_value(json_object_get(error, "text"));

	(void)fprintf(
	    stderr, "posthorn: %s\n", text != NULL ? text : "unknown error");
	if (kind != NULL && strcmp(kind, "usage") == 0)
		return CLI_USAGE;
	if (kind != NULL && strcmp(kind, "not_found") == 0)
		return CLI_NOT_FOUND;
	return CLI_FAILED;
}

enum cli_exit
client_call(const char *socket_path, const char *op, json_t *args,
    void (*on_row)(void *arg, json_t *row), void *arg)
{
	FILE *stream = connect_to(socket_path);
	char *line = NULL;
	size_t room = 0;
	enum cli_exit result = CLI_FAILED;
	bool is_over = false;

	if (stream == NULL) {
		json_decref(args);
		return CLI_NOT_REACHABLE;
	}
	json_t *request = json_pack("{s:s, s:o}", "op", op, "args", args);
	char *text = json_dumps(request, JSON_COMPACT);
	(void)fprintf(stream, "%s\n", text);
	(void)fflush(stream);
	free(text);
	json_decref(request);
	while (!is_over && getline(&line, &room, stream) > 0) {
		json_t *answer = json_loads(line, 0, NULL);
		json_t *row = json_object_get(answer, "row");
		json_t *error = json_object_get(answer, "error");
		if (row != NULL)
			on_row(arg, row);
		if (error != NULL)
			result = take_error(error);
		if (json_object_get(answer, "done") != NULL)
			result = CLI_DONE;
		is_over = row == NULL;
		json_decref(answer);
	}
	if (!is_over)
		(void)fprintf(
		    stderr, "posthorn: posthornd closed the connection\n");
	free(line);
	(void)fclose(stream);
	return result;
}
