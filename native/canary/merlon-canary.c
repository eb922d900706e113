/*
 * merlon-canary: executes itself with a word that nobody else knows, so that the engine sees whether its own sensors
 * tell of it. It reads one word a line from its standard input, answers each with + or -, and ends with it. A small
 * process of its own: to make a child costs the engine ten milliseconds, and this one a fraction of one.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST_WORD 64

static bool is_word(const char *word)
{
	size_t length = strlen(word);
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)word[i]))
			return false;
	return length > 0 && length <= LONGEST_WORD;
}

static bool execute_self(const char *word)
{
	char *argv[] = {"merlon-canary", (char *)word, NULL}, *environment[] = {NULL};
	pid_t child;
	if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environment))
		return false;
	waitpid(child, NULL, 0);
	return true;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0; /* the canary itself */
	/* Nobody is to learn the words from its memory, or to have it execute something else. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "merlon-canary");
	signal(SIGINT, SIG_IGN); /* Ctrl-C goes to the whole group; the end of the input says when to end */
	char line[LONGEST_WORD + 2];
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!is_word(line))
			return 64;
		if (write(1, execute_self(line) ? "+" : "-", 1) != 1)
			return 74;
	}
	return 0;
}
