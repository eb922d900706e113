/* SPDX-License-Identifier: MIT */
/* signal_exit [SIGNAL]: a child that ends by this signal (default 9, SIGKILL) while it sleeps. */
#include "trigger.h"

int main(int argc, char **argv)
{
	int signal_number = argc > 1 ? atoi(argv[1]) : SIGKILL, status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	usleep(20000);
	if (kill(pid, signal_number))
		DIE("kill");
	status = await(pid);
	printf("{\"pid\":%d,\"signal\":%d,\"core\":%s}\n", pid, WTERMSIG(status), WCOREDUMP(status) ? "true" : "false");
	return !WIFSIGNALED(status) || WTERMSIG(status) != signal_number;
}
