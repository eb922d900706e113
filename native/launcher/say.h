/* What the launcher says, on its standard error. */
#pragma once

/* Exit codes of sysexits.h; pkexec keeps 126 and 127 for itself. engine/sensor/ending.ts knows them. */
#define NOT_ROOT 77
#define UNSAFE 78
#define BROKEN 71
#define NO_NODE 72

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Says why, and ends with an exit code that engine/sensor/ending.ts knows. */
__attribute__((format(printf, 2, 3), noreturn)) void refuse(int code, const char *format, ...);
