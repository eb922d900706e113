/* SPDX-License-Identifier: MIT */
/* Copies a program into a memfd and runs it from there: nothing of it is ever on a disk. */
#include "trigger.h"
#include <sys/mman.h>

int main(void)
{
	char *arguments[] = {"memfd_exec", "3", NULL};
	int file = memfd_create("merlon-trigger", MFD_CLOEXEC), status;
	pid_t pid;

	if (file < 0)
		DIE("memfd_create");
	copy_to(beside("tiny"), file);
	pid = fork();
	if (pid == 0) {
		fexecve(file, arguments, environ);
		DIE("fexecve");
	}
	status = await(pid);
	printf("{\"pid\":%d,\"name\":\"memfd:merlon-trigger\",\"exit_code\":%d}\n", pid, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 3;
}
