/*
 * merlon-helper: what sudo and pkexec start as root. Checks where it stands, gives up everything that the helper does
 * not need, and becomes `node index.js` of its own folder. Privileges are shed here because they belong to threads, and
 * Node has several before its first line of JavaScript runs. With the one argument that it takes, "probe", it becomes
 * merlon-probe instead.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beside.h"
#include "powers.h"
#include "priority.h"
#include "say.h"

#define TRACEFS "/sys/kernel/tracing"

static const int kept[] = {CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF};

static bool only_root_writes(const struct stat *s)
{
	/* A sticky folder (/tmp) still lets others put files into it, so it is no exception here. */
	return s->st_uid == 0 && !(s->st_mode & S_IWOTH) && (!(s->st_mode & S_IWGRP) || s->st_gid == 0);
}

/* Every component of the real path must be writable by root alone: otherwise another user chooses what runs as root. */
static void require_root_owned(const char *path)
{
	char real[PATH_MAX];
	struct stat s;
	if (!realpath(path, real))
		refuse(UNSAFE, "%s: %s.", path, strerror(errno));
	for (char *end = real + strlen(real);; *end = '\0') {
		const char *component = end == real ? "/" : real;
		if (lstat(component, &s) || !only_root_writes(&s))
			refuse(UNSAFE, "%s can be written by another user than root; install Merlon anew.", component);
		if (end == real)
			return;
		end = strrchr(real, '/');
	}
}

static bool installed(const char *folder)
{
	return strncmp(folder, "/usr/", 5) == 0 || strncmp(folder, "/opt/", 5) == 0;
}

static void check_own_file(const char *self)
{
	struct stat s;
	if (stat(self, &s))
		refuse(BROKEN, "%s: %s.", self, strerror(errno));
	if (getauxval(AT_SECURE) || (s.st_mode & (S_ISUID | S_ISGID)))
		refuse(UNSAFE, "refusing to run setuid: chmod ug-s %s", self);
	if (getuid() != 0 || geteuid() != 0)
		refuse(NOT_ROOT, "loading BPF programs needs root; the engine starts this through pkexec.");
}

static void clean_environment(void)
{
	const char *given = getenv("PKEXEC_UID");
	char uid[12] = "";
	if (given && strlen(given) < sizeof uid && strspn(given, "0123456789") == strlen(given))
		strcpy(uid, given);
	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("HOME", "/", 1);
	if (uid[0])
		setenv("PKEXEC_UID", uid, 1);
}

static void close_descriptors(void)
{
	if (syscall(SYS_close_range, 3, ~0U, 0) == 0)
		return;
	for (int fd = 3, end = (int)sysconf(_SC_OPEN_MAX); fd < end; fd++)
		close(fd);
}

/* Handlers are gone after an exec, but what the parent ignored or blocked would stay so. */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

/*
 * Attaching to a tracepoint needs its id from tracefs. Where the host has none mounted, this process gets one in a
 * mount namespace of its own. A slave of the host's: mounts made there are seen here (and unmounts not held up), never
 * the other way round.
 */
static void find_tracefs(void)
{
	if (access(TRACEFS "/events", F_OK) == 0)
		return;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
	    mount("tracefs", TRACEFS, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		say("no tracefs (%s): programs on system-call tracepoints will not attach.", strerror(errno));
}

/*
 * A program on a system-call tracepoint is attached through a perf event. Debian's and Ubuntu's kernels give such
 * events to CAP_SYS_ADMIN alone (kernel.perf_event_paranoid of 3 or 4, a patch of theirs): opened here, before it is
 * shed, and handed on as descriptors that the environment names. Attaching to one that is open needs CAP_PERFMON only.
 */
static int open_tracepoint(const char *name)
{
	char path[128], id[16] = "";
	snprintf(path, sizeof path, TRACEFS "/events/%s/id", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, id, sizeof id - 1);
	if (file >= 0)
		close(file);
	if (length <= 0)
		return -1;
	struct perf_event_attr event = {.type = PERF_TYPE_TRACEPOINT,
					.size = sizeof event,
					.config = strtoull(id, NULL, 10),
					.sample_period = 1,
					.wakeup_events = 1};
	return (int)syscall(SYS_perf_event_open, &event, -1, 0, -1, 0);
}

static void open_tracepoints(void)
{
	static const char *const names[] = {"syscalls/sys_exit_execve", "syscalls/sys_exit_execveat",
					    "syscalls/sys_exit_bpf"};
	char list[256] = "";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int fd = open_tracepoint(names[i]);
		size_t used = strlen(list);
		if (fd >= 0)
			snprintf(list + used, sizeof list - used, "%s=%d;", names[i], fd);
	}
	if (list[0])
		setenv("MERLON_TRACEPOINTS", list, 1);
}

/* Kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK. Cores would hold what other users' programs were given. */
static void set_limits(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY}, none = {0, 0};
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited)) {
		struct rlimit memlock;
		if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0) {
			memlock.rlim_cur = memlock.rlim_max;
			setrlimit(RLIMIT_MEMLOCK, &memlock);
		}
	}
	if (setrlimit(RLIMIT_CORE, &none))
		say("core dumps not turned off: %s.", strerror(errno));
}

int main(int argc, char **argv)
{
	bool probe_only = argc == 2 && strcmp(argv[1], "probe") == 0;
	if (argc > 1 && !probe_only)
		refuse(64, "takes no arguments but “probe”.");
	char self[PATH_MAX], folder[PATH_MAX], node[PATH_MAX + 8], entry[PATH_MAX + 16], addon[PATH_MAX + 24];
	char probe[PATH_MAX + 16], inventory[PATH_MAX + 24];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length < 0)
		refuse(BROKEN, "/proc/self/exe: %s.", strerror(errno));
	self[length] = '\0';
	check_own_file(self);
	strcpy(folder, self);
	strcpy(folder, dirname(folder));
	snprintf(node, sizeof node, "%s/node", folder);
	snprintf(entry, sizeof entry, "%s/index.js", folder);
	snprintf(addon, sizeof addon, "%s/build/sensor.node", folder);
	snprintf(probe, sizeof probe, "%s/merlon-probe", folder);
	snprintf(inventory, sizeof inventory, "%s/merlon-inventory", folder);
	if (installed(folder)) {
		const char *files[] = {self, node, entry, addon, probe, inventory};
		for (size_t i = 0; i < sizeof files / sizeof *files; i++)
			require_root_owned(files[i]);
	}

	clean_environment();
	close_descriptors();
	reset_signals();
	umask(077);
	if (chdir("/"))
		refuse(BROKEN, "chdir /: %s.", strerror(errno));
	set_limits();
	if (probe_only) {
		execv(probe, (char *[]){probe, NULL});
		refuse(NO_NODE, "%s: %s.", probe, strerror(errno));
	}
	start_probe(probe);
	start_inventory(inventory);
	find_tracefs();
	open_tracepoints();
	raise_priority();
	if (!keep_powers(kept, sizeof kept / sizeof *kept))
		refuse(NOT_ROOT, "CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH is missing: this root is a container's.");

	/* Small heaps and one worker for V8: what flows through here stays outside its heap. */
	execv(node,
	      (char *[]){node, "--max-old-space-size=64", "--max-semi-space-size=1", "--v8-pool-size=1", entry, NULL});
	refuse(NO_NODE, "%s: %s.", node, strerror(errno));
}
