/* SPDX-License-Identifier: MIT */
/* double_fork [TIMES]: a child forks a grandchild and ends at once; the orphan runs a program and ends with 8. */
#include "trigger.h"
#include <sys/prctl.h>

static pid_t orphan(int report)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid = fork();
		if (pid == 0) {
			usleep(2000); /* the parent is gone by now */
			execl(beside("tiny"), "orphan", "8", (char *)NULL);
			DIE("execl");
		}
		_exit(write(report, &pid, sizeof(pid)) != sizeof(pid));
	}
	await(pid);
	return pid;
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 3, report[2], wrong = 0;

	/* Orphans come to this process, so that it can wait for them wherever it runs. */
	if (pipe(report) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		DIE("pipe");
	printf("{\"pid\":%d,\"orphans\":[", getpid());
	for (int i = 0; i < times; i++) {
		pid_t between = orphan(report[1]), pid;
		if (read(report[0], &pid, sizeof(pid)) != sizeof(pid))
			DIE("read");
		wrong += WEXITSTATUS(await(pid)) != 8;
		printf("%s{\"between\":%d,\"pid\":%d}", i ? "," : "", between, pid);
	}
	printf("]}\n");
	return wrong != 0;
}
