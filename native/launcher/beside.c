#define _GNU_SOURCE
#include "beside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "powers.h"
#include "say.h"

/*
 * Ids of BPF objects and statistics; programs of cgroups (before Linux 6.5); other users' descriptors in /proc;
 * addresses of the kernel's functions; other users' files.
 */
static const int inventory_powers[] = {CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYSLOG, CAP_DAC_READ_SEARCH};

/*
 * Becomes `program`. Not with the helper's own standard error, whose end is what says that the helper has ended.
 * @param in, out descriptors.
 */
static void become(const char *program, int in, int out)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(nowhere, 2) >= 0 && close_range(3, ~0U, 0) == 0)
		execv(program, (char *[]){(char *)program, NULL});
	_exit(NO_NODE);
}

/* A process that is nobody's child when it ends, as Node would not wait for it. True in that process. */
static bool split(bool *failed)
{
	pid_t between = fork();
	if (between == 0) {
		if (fork() != 0)
			_exit(0);
		return true;
	}
	*failed = between < 0;
	if (between > 0)
		waitpid(between, NULL, 0);
	return false;
}

static void hand_over(const char *name, int fd)
{
	char number[12];
	snprintf(number, sizeof number, "%d", fd);
	setenv(name, number, 1);
}

void start_probe(const char *program)
{
	int ends[2];
	bool failed = false;
	if (access(program, X_OK) || pipe(ends)) {
		say("this kernel is not tried: %s.", strerror(errno));
		return;
	}
	if (split(&failed))
		become(program, open("/dev/null", O_RDONLY | O_CLOEXEC), ends[1]);
	close(ends[1]);
	if (!failed)
		return hand_over("MERLON_PROBE", ends[0]);
	say("this kernel is not tried: %s.", strerror(errno));
	close(ends[0]);
}

void start_inventory(const char *program)
{
	int ends[2];
	bool failed = false;
	if (access(program, X_OK) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) {
		say("the host’s BPF is not listed: %s.", strerror(errno));
		return;
	}
	if (split(&failed)) {
		if (!keep_powers(inventory_powers, sizeof inventory_powers / sizeof *inventory_powers))
			_exit(NOT_ROOT);
		become(program, ends[1], ends[1]);
	}
	close(ends[1]);
	if (!failed)
		return hand_over("MERLON_INVENTORY", ends[0]);
	say("the host’s BPF is not listed: %s.", strerror(errno));
	close(ends[0]);
}
