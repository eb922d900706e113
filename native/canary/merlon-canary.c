/*
 * merlon-canary: what the engine executes, with a number that nobody else knows, to see whether its own sensors tell of
 * it. It does nothing. A program of its own, so that whoever reads a list of processes finds out what it is for.
 */
int main(void)
{
	return 0;
}
