/* SPDX-License-Identifier: MIT */
/* big_argv [KIB] [VARIABLES]: runs a program with so many KiB of arguments (default 200, 1 KiB each) and environment
 * variables (default 10; LD_PRELOAD= is the last of them, without a value). */
#include "trigger.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 200, variables = argc > 2 ? atoi(argv[2]) : 10, status;
	char **arguments = calloc(count + 3, sizeof(*arguments)),
	     **environment = calloc(variables + 1, sizeof(*environment));
	size_t bytes, environment_bytes = 0;
	pid_t pid;

	arguments[0] = "big_argv";
	arguments[1] = "5";
	bytes = strlen(arguments[0]) + 1 + strlen(arguments[1]) + 1;
	for (int i = 0; i < count; i++) {
		arguments[i + 2] = malloc(1024);
		memset(arguments[i + 2], 'a' + i % 26, 1023);
		arguments[i + 2][1023] = 0;
		bytes += 1024;
	}
	for (int i = 0; i < variables; i++) {
		if (asprintf(&environment[i], i == variables - 1 ? "LD_PRELOAD=" : "VARIABLE_%d=some value", i) < 0)
			DIE("asprintf");
		environment_bytes += strlen(environment[i]) + 1;
	}
	pid = fork();
	if (pid == 0) {
		execve(beside("tiny"), arguments, environment);
		DIE("execve");
	}
	status = await(pid);
	printf("{\"pid\":%d,\"args_length\":%zu,\"env_length\":%zu,\"exit_code\":%d}\n", pid, bytes - 1,
	       environment_bytes - 1, WEXITSTATUS(status));
	return WEXITSTATUS(status) != 5;
}
