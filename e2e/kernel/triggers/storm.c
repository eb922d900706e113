/* SPDX-License-Identifier: MIT */
/*
 * storm [-n EXECS] [-w WORKERS] [-a ARGUMENTS] [-e VARIABLES] [-t TAG] [-r RATE] [PROGRAM]
 * Each worker does vfork, exec of a tiny static program and wait, again and again; worker K is pinned to CPU K. The
 * program's arguments are 0 (its exit code), TAG, WORKER:NUMBER (unique in the storm), then fillers up to ARGUMENTS.
 * RATE bounds the execs per second of each worker (default: none).
 * It ends with whoever began it, however that one ends.
 */
#include "trigger.h"
#include <sys/prctl.h>
#include <time.h>

struct options {
	long execs;
	int workers, arguments, variables;
	const char *tag, *program;
	double rate;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static char **fillers(int count, const char *format)
{
	char **list = calloc(count + 8, sizeof(*list));

	for (int i = 0; i < count; i++)
		if (asprintf(&list[i], format, i) < 0)
			DIE("asprintf");
	return list;
}

static long work(const struct options *options, int worker, long execs)
{
	char **arguments = fillers(options->arguments, "--option-%d=value");
	char **variables = fillers(options->variables, "VARIABLE_%d=some/value:of/usual/length");
	char number[64];
	long failed = 0;
	double begun = seconds();
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(worker % sysconf(_SC_NPROCESSORS_ONLN), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	arguments[0] = (char *)options->program;
	arguments[1] = "0";
	arguments[2] = (char *)options->tag;
	arguments[3] = number;
	for (long i = 0; i < execs; i++) {
		snprintf(number, sizeof(number), "%d:%ld", worker, i);
		pid_t pid = vfork();
		if (pid == 0) {
			execve(options->program, arguments, variables);
			_exit(127);
		}
		if (pid < 0 || await(pid) != 0)
			failed++;
		double early = options->rate > 0 ? begun + (i + 1) / options->rate - seconds() : 0;
		if (early > 0)
			usleep(early * 1e6);
	}
	return failed;
}

static struct options parse(int argc, char **argv)
{
	struct options options = {10000, sysconf(_SC_NPROCESSORS_ONLN), 8, 40, "storm", beside("tiny"), 0};
	int letter;

	while ((letter = getopt(argc, argv, "n:w:a:e:t:r:")) != -1)
		switch (letter) {
		case 'n':
			options.execs = atol(optarg);
			break;
		case 'w':
			options.workers = atoi(optarg);
			break;
		case 'a':
			options.arguments = atoi(optarg);
			break;
		case 'e':
			options.variables = atoi(optarg);
			break;
		case 't':
			options.tag = optarg;
			break;
		case 'r':
			options.rate = atof(optarg);
			break;
		default:
			exit(2);
		}
	if (argv[optind])
		options.program = argv[optind];
	if (options.arguments < 4)
		options.arguments = 4;
	return options;
}

static void end_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		DIE("prctl");
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	double start = seconds(), took;
	long failed = 0, lost;
	int result[2];

	end_with_parent();
	if (pipe(result))
		DIE("pipe");
	for (int i = 0; i < options.workers; i++) {
		long share = options.execs / options.workers + (i < options.execs % options.workers);
		if (fork() == 0) {
			end_with_parent();
			lost = work(&options, i, share);
			_exit(write(result[1], &lost, sizeof(lost)) != sizeof(lost));
		}
	}
	for (int i = 0; i < options.workers; i++) {
		if (read(result[0], &lost, sizeof(lost)) != sizeof(lost))
			DIE("read");
		failed += lost;
	}
	while (wait(NULL) > 0)
		;
	took = seconds() - start;
	printf("{\"execs\":%ld,\"failed\":%ld,\"workers\":%d,\"arguments\":%d,\"variables\":%d,\"tag\":\"%s\","
	       "\"program\":\"%s\",\"seconds\":%.6f,\"per_second\":%.0f}\n",
	       options.execs, failed, options.workers, options.arguments, options.variables, options.tag,
	       options.program, took, options.execs / took);
	return failed != 0;
}
