/* SPDX-License-Identifier: MIT */
/*
 * A child that ends by SIGSEGV in a folder of its own, with core dumps allowed up to the hard limit. Whether one was
 * dumped is the host's affair (core_pattern): the JSON says what wait(2) said.
 */
#include "trigger.h"
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void clean(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(folder);
}

int main(void)
{
	const char *folder = own_folder();
	struct rlimit limit;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(folder) || getrlimit(RLIMIT_CORE, &limit))
			DIE(folder);
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_CORE, &limit);
		prctl(PR_SET_DUMPABLE, 1);
		*(volatile int *)8 = 1;
	}
	status = await(pid);
	clean(folder);
	printf("{\"pid\":%d,\"signal\":%d,\"core\":%s}\n", pid, WTERMSIG(status), WCOREDUMP(status) ? "true" : "false");
	return !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV;
}
