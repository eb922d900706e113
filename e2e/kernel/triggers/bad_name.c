/* SPDX-License-Identifier: MIT */
/*
 * Runs a program whose path, arguments and environment hold what is hostile to whoever shows them: invalid UTF-8,
 * newlines, terminal escapes, bidirectional controls, HTML. The JSON gives them in hexadecimal.
 */
#include "trigger.h"

#define HOSTILE                                                                                                        \
	"bad\xff\xfe\xc3(\n\033[31mred\033]0;title\a\xe2\x80\xae"                                                      \
	"gnp.exe<img src=x onerror=alert(1)>"

static void print_hex(const char *text)
{
	for (; *text; text++)
		printf("%02x", (unsigned char)*text);
}

int main(void)
{
	const char *folder = own_folder();
	char path[PATH_MAX + sizeof(HOSTILE) + 1], long_argument[4097];
	char *arguments[] = {HOSTILE, "6", "one\ntwo", "\xed\xa0\x80\xf8", "", long_argument, NULL};
	char *environment[] = {"LD_LIBRARY_PATH=/lib\033[2J\xff", NULL};
	int file, status;
	pid_t pid;

	memset(long_argument, 0xe9, 4096);
	long_argument[4096] = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, HOSTILE);
	file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	if (file < 0)
		DIE("open");
	copy_to(beside("tiny"), file);
	close(file);
	pid = fork();
	if (pid == 0) {
		execve(path, arguments, environment);
		DIE("execve");
	}
	status = await(pid);
	unlink(path);
	rmdir(folder);
	printf("{\"pid\":%d,\"exit_code\":%d,\"executable_hex\":\"", pid, WEXITSTATUS(status));
	print_hex(path);
	printf("\",\"argument_hex\":\"");
	print_hex(arguments[3]);
	printf("\"}\n");
	return WEXITSTATUS(status) != 6;
}
