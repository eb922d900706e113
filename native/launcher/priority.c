#define _GNU_SOURCE
#include "priority.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "say.h"

#define PRIORITY -10
/* Between sessions -10 still left a third of a storm unread (measured); a session that is idle costs nobody anything.
 */
#define SESSION_PRIORITY -20

/*
 * The helper passes buffers on and waits: some percent of a processor even in a storm. As an ordinary process it gets
 * none for seconds where the storm has a session of its own (autogroup scheduling; measured: 70 % lost), so it runs in
 * the lowest real-time class, of which the kernel leaves a share to everybody else (sched_rt_runtime_us).
 */
static void raise_own_priority(void)
{
	struct sched_param lowest = {.sched_priority = 1};
	if (sched_setscheduler(0, SCHED_RR, &lowest) == 0)
		return;
	if (setpriority(PRIO_PROCESS, 0, PRIORITY))
		say("own priority not raised: %s.", strerror(errno));
}

/* Nice values hold within a session only (sched(7), autogroup): an engine that leads its own takes that along. */
static void raise_session_priority(pid_t leader)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/autogroup", leader);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* a kernel without autogroups */
	if (dprintf(fd, "%d", SESSION_PRIORITY) < 0)
		say("the engine's session was not raised: %s.", strerror(errno));
	close(fd);
}

/*
 * The engine's main thread takes what the helper sends, some tens of percent of a processor in a storm. In the ordinary
 * class it waited 4 ms at each turn behind a storm, whatever its nice value (measured: more than half of the time, and
 * 18 % lost); so it runs in the lowest real-time class, as rtkit gives it to users' audio. Its children and new threads
 * do not inherit that. The other threads hold locks of the database for it, and must not starve either.
 */
static void raise_thread(pid_t process, pid_t thread)
{
	struct sched_param lowest = {.sched_priority = 1};
	if (thread == process && sched_setscheduler(thread, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0)
		return;
	if (setpriority(PRIO_PROCESS, (id_t)thread, PRIORITY) && errno != ESRCH)
		say("the priority of the engine's thread %d not raised: %s.", thread, strerror(errno));
}

static void raise_threads(pid_t process)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task", process);
	DIR *tasks = opendir(path);
	if (!tasks) {
		say("the engine's priority not raised: %s.", strerror(errno));
		return;
	}
	for (struct dirent *task; (task = readdir(tasks));) {
		pid_t thread = atoi(task->d_name);
		if (thread > 0)
			raise_thread(process, thread);
	}
	closedir(tasks);
}

/* As auditd does by its priority_boost: who reads events must not starve behind those who make them. */
void raise_priority(void)
{
	raise_own_priority();
	pid_t parent = getppid();
	/* Its end in between would make the parent 1 or a subreaper, which is left alone. */
	if (parent <= 1)
		return;
	raise_threads(parent);
	if (getsid(parent) == parent)
		raise_session_priority(parent);
}
