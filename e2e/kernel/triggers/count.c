/* SPDX-License-Identifier: MIT */
/*
 * Time-stamp counter per operation, for the guest whose counter counts instructions (qemu -icount): what one exec, or
 * one cheap system call, costs the whole machine. Usage: count exec ROUNDS N ARGS VARS PROGRAM | count getppid ROUNDS N
 * Prints one JSON line with the counter's ticks per operation, a figure a round, and ticks per instruction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MAX_LIST 256

/* Six instructions an iteration: what one instruction is in ticks. */
static double ticks_per_instruction(void)
{
	unsigned long n = 2000000, left = n;
	unsigned long start = __rdtsc();

	__asm__ volatile("1: nop\n nop\n nop\n nop\n dec %0\n jnz 1b" : "+r"(left)::"cc");
	return (double)(__rdtsc() - start) / (6.0 * (double)n);
}

static char **list_of(int count, const char *first, const char *format)
{
	static char text[2 * MAX_LIST][64];
	static int used;
	char **list = calloc((size_t)count + 2, sizeof(char *));
	int i = 0;

	if (first)
		list[i++] = (char *)first;
	for (; i < count; i++) {
		snprintf(text[used], sizeof(text[used]), format, i, i);
		list[i] = text[used++];
	}
	return list;
}

static void exec_once(const char *program, char **args, char **vars)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(program, args, vars);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "count: %s did not run\n", program);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || (!strcmp(argv[1], "exec") && argc < 7)) {
		fputs("usage: count exec ROUNDS N ARGS VARS PROGRAM | count getppid ROUNDS N\n", stderr);
		return 2;
	}
	int is_exec = !strcmp(argv[1], "exec");
	int rounds = atoi(argv[2]), n = atoi(argv[3]);
	char **args = NULL, **vars = NULL;

	if (is_exec) {
		int arg_count = atoi(argv[4]), var_count = atoi(argv[5]);

		if (arg_count < 1 || arg_count > MAX_LIST || var_count < 0 || var_count > MAX_LIST) {
			fputs("count: at most 256 arguments and variables\n", stderr);
			return 2;
		}
		args = list_of(arg_count, argv[6], "--option-%d=value-%d");
		vars = list_of(var_count, NULL, "VARIABLE_%d=/some/usual/value/number/%d");
	}
	printf("{\"what\":\"%s\",\"ticks_per_instruction\":%.4f,\"ticks\":[", argv[1], ticks_per_instruction());
	for (int r = 0; r < rounds; r++) {
		unsigned long start = __rdtsc();

		for (int i = 0; i < n; i++) {
			if (is_exec)
				exec_once(argv[6], args, vars);
			else
				syscall(SYS_getppid);
		}
		printf("%s%.1f", r ? "," : "", (double)(__rdtsc() - start) / n);
	}
	puts("]}");
	return 0;
}
