#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void vsay(const char *format, va_list args)
{
	fputs("merlon-helper: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsay(format, args);
	va_end(args);
}

void refuse(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsay(format, args);
	exit(code);
}
