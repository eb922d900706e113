/* SPDX-License-Identifier: MIT */
/* What the triggers share. Each does one thing that the sensor must see and says on stdout, as one JSON line, what it
 * did. */
#ifndef TRIGGER_H
#define TRIGGER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the trigger with exit code 1 and the reason: a trigger that did not do its thing must not look like one that
 * did. */
#define DIE(what)                                                                                                      \
	do {                                                                                                           \
		fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, what, strerror(errno));                         \
		_exit(1);                                                                                              \
	} while (0)

/* Path of a program that lies beside this one. */
static inline const char *beside(const char *name)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		DIE("readlink");
	path[length] = 0;
	strcpy(strrchr(path, '/') + 1, name);
	return path;
}

/* Waits for a child and returns its wait status. */
static inline int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			DIE("waitpid");
	return status;
}

/* Copies a file into a descriptor. */
static inline void copy_to(const char *from, int to)
{
	char buffer[65536];
	ssize_t length;
	int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		DIE(from);
	while ((length = read(in, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, length) != length)
			DIE("write");
	if (length < 0)
		DIE("read");
	close(in);
}

/* A folder of this trigger's own under $TMPDIR or /tmp; the caller removes it. */
static inline const char *own_folder(void)
{
	static char path[PATH_MAX];
	const char *temporary = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/merlon-trigger.XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(path))
		DIE("mkdtemp");
	return path;
}

#endif
