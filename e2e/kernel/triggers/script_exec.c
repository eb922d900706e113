/* SPDX-License-Identifier: MIT */
/* Runs a script whose first line names this very program, with an argument, as its interpreter; by a relative path. */
#include "trigger.h"

int main(int argc, char **argv)
{
	char *arguments[] = {"script", "from the caller", NULL}, interpreter[PATH_MAX], line[PATH_MAX + 32],
	     path[PATH_MAX + 16];
	const char *folder;
	int file, status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "--interpret"))
		return 11;
	strcpy(interpreter, beside("script_exec"));
	folder = own_folder();
	snprintf(path, sizeof(path), "%s/run.merlon", folder);
	snprintf(line, sizeof(line), "#!%s --interpret\n", interpreter);
	file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	if (file < 0 || write(file, line, strlen(line)) < 0)
		DIE(path);
	close(file);
	pid = fork();
	if (pid == 0) {
		if (chdir(folder))
			DIE(folder);
		execv("./run.merlon", arguments);
		DIE("execv");
	}
	status = await(pid);
	unlink(path);
	rmdir(folder);
	printf("{\"pid\":%d,\"script\":\"./run.merlon\",\"cwd\":\"%s\",\"interpreter\":\"%s\",\"exit_code\":%d}\n", pid,
	       folder, interpreter, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 11;
}
