/* SPDX-License-Identifier: MIT */
/* fork_storm [FORKS]: as many children (default 2000), each of which ends at once; N ends with N & 63. */
#include "trigger.h"

int main(int argc, char **argv)
{
	int forks = argc > 1 ? atoi(argv[1]) : 2000, first = 0, last = 0, wrong = 0;

	for (int i = 0; i < forks; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(i & 63);
		if (pid < 0)
			DIE("fork");
		first = first ? first : pid;
		last = pid;
		wrong += WEXITSTATUS(await(pid)) != (i & 63);
	}
	printf("{\"pid\":%d,\"forks\":%d,\"first\":%d,\"last\":%d}\n", getpid(), forks, first, last);
	return wrong != 0;
}
