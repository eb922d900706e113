/* SPDX-License-Identifier: MIT */
/*
 * pid_reuse [--initial] [TIMES]: processes that have, one after another, the same pid, each running a program that ends
 * with 1, 2, 3 … By default in a pid namespace of its own, where the pid inside is reused and the pid outside is not;
 * with --initial (only on a machine of one's own, such as a guest) in the namespace that it runs in.
 */
#include "trigger.h"
#include <sys/mount.h>
#include <sys/socket.h>

#define REUSED 300

/* The next process gets pid `after` + 1, unless another takes it first. */
static void set_last_pid(int after)
{
	char text[16];
	int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC), length = sprintf(text, "%d", after);

	if (file < 0 || write(file, text, length) != length)
		DIE("/proc/sys/kernel/ns_last_pid");
	close(file);
}

static int last_pid(void)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "re");
	int last;

	if (!file || fscanf(file, "%d", &last) != 1)
		DIE("/proc/sys/kernel/ns_last_pid");
	fclose(file);
	return last;
}

/* Tells its pid over a socket: the kernel translates it for the reader's namespace. */
static void run(int channel, int code)
{
	char digit[2] = {'0' + code, 0};
	struct {
		struct cmsghdr header;
		struct ucred who;
	} control = {{CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS}, {getpid(), getuid(), getgid()}};
	pid_t inside = getpid();
	struct iovec part = {&inside, sizeof(inside)};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (sendmsg(channel, &message, 0) < 0)
		DIE("sendmsg");
	execl(beside("tiny"), "pid_reuse", digit, (char *)NULL);
	DIE("execl");
}

static void reuse(int channel, int times)
{
	int first = REUSED, before = last_pid();

	for (int i = 1; i <= times; i++) {
		pid_t pid;
		set_last_pid(first - 1);
		pid = fork();
		if (pid == 0)
			run(channel, i);
		first = i == 1 ? pid : first;
		if (WEXITSTATUS(await(pid)) != i)
			DIE("wrong exit code");
	}
	/* Whoever comes later gets no pid that another had a moment ago. */
	set_last_pid(before);
}

static void print_one(int channel, int first)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct ucred who;
	pid_t inside;
	struct iovec part = {&inside, sizeof(inside)};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

	if (recvmsg(channel, &message, 0) != sizeof(inside) || !CMSG_FIRSTHDR(&message))
		DIE("recvmsg");
	memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(who));
	printf("%s{\"pid\":%d,\"vpid\":%d}", first ? "" : ",", who.pid, inside);
}

int main(int argc, char **argv)
{
	int initial = argc > 1 && !strcmp(argv[1], "--initial"), channel[2], yes = 1, status;
	int times = argc > 1 + initial ? atoi(argv[1 + initial]) : 3;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel) ||
	    setsockopt(channel[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)))
		DIE("socketpair");
	if (!initial && unshare(CLONE_NEWPID | CLONE_NEWNS))
		DIE("unshare");
	pid = fork();
	if (pid == 0) {
		if (!initial &&
		    (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("proc", "/proc", "proc", 0, NULL)))
			DIE("mount");
		reuse(channel[1], times);
		_exit(0);
	}
	status = await(pid);
	printf("{\"pid\":%d,\"processes\":[", pid);
	for (int i = 0; i < times && !status; i++)
		print_one(channel[0], i == 0);
	printf("]}\n");
	return status != 0;
}
