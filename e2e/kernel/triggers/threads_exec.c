/* SPDX-License-Identifier: MIT */
/* A process with several threads, one of which (not the leader) runs exec: the process keeps its pid, the others end.
 */
#include "trigger.h"
#include <pthread.h>
#include <sys/syscall.h>

static int report[2];

static void *idle(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static void *become(void *nothing)
{
	pid_t tid = syscall(SYS_gettid);

	if (write(report[1], &tid, sizeof(tid)) != sizeof(tid))
		DIE("write");
	execl(beside("tiny"), "threads_exec", "9", (char *)NULL);
	DIE("execl");
	return nothing;
}

int main(void)
{
	pthread_t thread;
	pid_t pid, tid;
	int status;

	if (pipe2(report, O_CLOEXEC))
		DIE("pipe2");
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			if (pthread_create(&thread, NULL, idle, NULL))
				DIE("pthread_create");
		if (pthread_create(&thread, NULL, become, NULL))
			DIE("pthread_create");
		idle(NULL);
	}
	if (read(report[0], &tid, sizeof(tid)) != sizeof(tid))
		DIE("read");
	status = await(pid);
	printf("{\"pid\":%d,\"tid\":%d,\"exit_code\":%d}\n", pid, tid, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 9;
}
