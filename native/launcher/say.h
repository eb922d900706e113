/* What the launcher says, on its standard error. */
#pragma once

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Says why, and ends with an exit code that engine/sensor/ending.ts knows. */
__attribute__((format(printf, 2, 3), noreturn)) void refuse(int code, const char *format, ...);
