// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How many processes and threads were made: held against what the kernel counts by itself (processes in /proc/stat).
 *
 * copy_process() fires task_newtask for all that it has just counted, workers of io_uring and vhost too, of which
 * sched_process_fork does not tell (kernel/fork.c, total_forks).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define MADE_LINKAGE /* the map is this file's */
#include "tasks.bpf.h"

SEC("tp_btf/task_newtask")
int task_made(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	count_made(MADE_TASKS);
	if (task->pid == task->tgid)
		count_made(MADE_PROCESSES);
	return 0;
}
