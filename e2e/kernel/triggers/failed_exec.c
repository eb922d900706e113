/* SPDX-License-Identifier: MIT */
/* Attempts that the kernel turns down: no such file, not executable, not a program, a folder; then one by execveat. */
#include "trigger.h"
#include <sys/stat.h>
#include <sys/syscall.h>

static char path[PATH_MAX + 16];

static const char *made(const char *folder, const char *name, mode_t mode, const char *text)
{
	int file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
	if (file < 0 || write(file, text, strlen(text)) < 0)
		DIE(path);
	close(file);
	return path;
}

static int attempt(const char *program)
{
	char *arguments[] = {(char *)program, "first argument", "", "third", NULL};

	execve(program, arguments, environ);
	return errno;
}

static int attempt_at(int folder, const char *program)
{
	char *arguments[] = {(char *)program, NULL};

	syscall(SYS_execveat, folder, program, arguments, environ, 0);
	return errno;
}

int main(void)
{
	char folder[PATH_MAX];
	int missing, denied, no_format, directory, at, opened;

	strcpy(folder, own_folder());
	missing = attempt("/nonexistent/merlon-trigger");
	denied = attempt(made(folder, "denied", 0600, "#!/bin/sh\n"));
	no_format = attempt(made(folder, "garbage", 0700, "\001\002 not a program"));
	directory = attempt(folder);
	opened = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	at = attempt_at(opened, "relative/nothing");
	snprintf(path, sizeof(path), "%s/denied", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/garbage", folder);
	unlink(path);
	rmdir(folder);
	printf("{\"pid\":%d,\"attempts\":[{\"path\":\"/nonexistent/merlon-trigger\",\"errno\":%d},"
	       "{\"path\":\"%s/denied\",\"errno\":%d},{\"path\":\"%s/garbage\",\"errno\":%d},"
	       "{\"path\":\"%s\",\"errno\":%d},{\"path\":\"relative/nothing\",\"errno\":%d}]}\n",
	       getpid(), missing, folder, denied, folder, no_format, folder, directory, at);
	return missing != ENOENT || denied != EACCES || no_format != ENOEXEC || directory != EACCES || at != ENOENT;
}
