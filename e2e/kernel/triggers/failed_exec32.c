/* SPDX-License-Identifier: MIT */
/*
 * Attempts as a 32-bit program makes them, that the kernel turns down: int 0x80 takes the 32-bit system call whoever
 * executes it. Pointers have four bytes there: static, this program lies below 4 GiB. execve, then execveat.
 * Exit code 77: the machine has no such calls (some hypervisors answer int 0x80 with a fault, whatever the kernel).
 */
#include "trigger.h"

/* asm/unistd_32.h */
#define EXECVE32 11
#define EXECVEAT32 358

#define NO_CALLS32 77

static const char missing[] = "/nonexistent/merlon-trigger32";
static const char relative[] = "relative/nothing32";
static const char option[] = "first argument";
static unsigned arguments[4];

static unsigned low(const void *pointer)
{
	if ((unsigned long)pointer >> 32) {
		errno = EFAULT;
		DIE("an address past 4 GiB");
	}
	return (unsigned)(unsigned long)pointer;
}

static int call32(unsigned number, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return -result;
}

static void refused(int number)
{
	(void)number;
	_exit(NO_CALLS32);
}

int main(void)
{
	int execve_errno, execveat_errno;

	signal(SIGSEGV, refused);
	arguments[0] = low(missing);
	arguments[1] = low(option);
	execve_errno = call32(EXECVE32, low(missing), low(arguments), 0, 0, 0);
	execveat_errno = call32(EXECVEAT32, (unsigned)AT_FDCWD, low(relative), low(arguments), 0, 0);
	printf("{\"pid\":%d,\"attempts\":[{\"path\":\"%s\",\"errno\":%d},{\"path\":\"%s\",\"errno\":%d}]}\n", getpid(),
	       missing, execve_errno, relative, execveat_errno);
	return execve_errno != ENOENT || execveat_errno != ENOENT;
}
