/* What the launcher starts beside the helper, with powers that the helper does not keep. */
#pragma once

/*
 * What this kernel takes: a process tries it, once, with nothing to read and a pipe to write to, which the environment
 * names (MERLON_PROBE).
 */
void start_probe(const char *program);

/*
 * What BPF there is on the host: a process answers questions of a closed list on a socket, which the environment names
 * (MERLON_INVENTORY), and ends with it.
 */
void start_inventory(const char *program);
