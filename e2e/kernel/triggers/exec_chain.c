/* SPDX-License-Identifier: MIT */
/* exec_chain [LINKS]: one process that becomes itself LINKS times (default 5), with --link=N as argument, then ends
 * with 7. */
#include "trigger.h"

static void link_on(int left)
{
	char argument[32];

	if (left == 0)
		_exit(7);
	snprintf(argument, sizeof(argument), "--link=%d", left);
	execl("/proc/self/exe", "exec_chain", argument, (char *)NULL);
	DIE("execl");
}

int main(int argc, char **argv)
{
	int links = argc > 1 ? atoi(argv[1]) : 5, status;
	pid_t pid;

	if (argc > 1 && !strncmp(argv[1], "--link=", 7))
		link_on(atoi(argv[1] + 7) - 1);
	pid = fork();
	if (pid == 0)
		link_on(links);
	status = await(pid);
	printf("{\"pid\":%d,\"execs\":%d,\"exit_code\":%d}\n", pid, links, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 7;
}
