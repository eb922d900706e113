/* SPDX-License-Identifier: MIT */
/*
 * threads_exit [TIMES]: processes whose leader ends first and whose last threads end at the same moment, as near as can
 * be: each process must be seen to end once, when its last thread does, with code 0.
 */
#include "trigger.h"
#include <pthread.h>

#define THREADS 4

static pthread_barrier_t barrier;

static void *end(void *nothing)
{
	pthread_barrier_wait(&barrier);
	return nothing;
}

static void crowd(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, end, NULL))
			DIE("pthread_create");
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 50, wrong = 0;

	printf("{\"pid\":%d,\"threads\":%d,\"children\":[", getpid(), THREADS);
	for (int i = 0; i < times; i++) {
		fflush(stdout); /* a child's last thread flushes what it inherited */
		pid_t pid = fork();

		if (pid == 0)
			crowd();
		wrong += await(pid) != 0;
		printf("%s%d", i ? "," : "", pid);
	}
	printf("]}\n");
	return wrong != 0;
}
