/* SPDX-License-Identifier: MIT */
/* Runs a program whose file has been unlinked: by descriptor, after its last name is gone. */
#include "trigger.h"

int main(void)
{
	char *arguments[] = {"deleted_exec", "4", NULL};
	const char *folder = own_folder();
	char path[PATH_MAX + 16];
	int file, status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/gone", folder);
	file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	if (file < 0)
		DIE(path);
	copy_to(beside("tiny"), file);
	close(file);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || unlink(path) || rmdir(folder))
		DIE(path);
	pid = fork();
	if (pid == 0) {
		fexecve(file, arguments, environ);
		DIE("fexecve");
	}
	status = await(pid);
	printf("{\"pid\":%d,\"executable\":\"%s\",\"exit_code\":%d}\n", pid, path, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 4;
}
