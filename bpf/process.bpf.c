// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Processes: begin, become another program, end.
 *
 * tp_btf programs on the scheduler's three process tracepoints: they run in the task concerned, after the fact, see the
 * new credentials and memory, cannot be missed by 32-bit callers and need neither kprobes nor LSM.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "compat.bpf.h"
#include "events.h"
#include "executable.bpf.h"
#include "output.bpf.h"
#include "task.bpf.h"
#include "tasks.bpf.h"

/* binfmt_script and binfmt_misc put the interpreter's name into interp and leave in filename what execve was given. */
static __always_inline void write_script(struct merlon_exec *exec, struct linux_binprm *bprm)
{
	if (bprm->interp == bprm->filename)
		return;
	write_string(&exec->header, EXEC_MAX, &exec->script, MERLON_PATH_MAX, bprm->filename);
	if (exec->script.len == MERLON_PATH_MAX - 1)
		exec->flags |= MERLON_F_SCRIPT_CUT;
	write_string(&exec->header, EXEC_MAX, &exec->interpreter, MERLON_INTERP_MAX, bprm->interp);
}

/* exec_binprm() fires it once the new program is in place, before its first instruction. */
SEC("tp_btf/sched_process_exec")
int process_exec(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct linux_binprm *bprm = (struct linux_binprm *)ctx[2];
	union record *record = record_of(SLOT_EXEC);
	struct scratch *scratch = scratch_in(SLOT_EXEC);
	/* Read before the first branch: each read of a trusted task's pointer is dear to verify, on each way there. */
	const struct cred *cred = task->real_cred;
	struct files_struct *files = task->files;
	struct fs_struct *fs = task->fs;
	struct mm_struct *mm = task->mm;
	struct file *file = bprm->file;
	struct tty_struct *tty = task->signal->tty;
	struct mount *top = task->nsproxy->mnt_ns->root;
	struct merlon_exec *exec;

	if (!record || !scratch)
		return 0;
	exec = &record->exec;
	begin_exec(exec);
	fill_task(&exec->task, task);
	if (has_file_capabilities(cred))
		exec->flags |= MERLON_F_FILE_CAPS;
	fill_streams(exec, files);
	write_executable(exec, &scratch->parts, SLOT_EXEC, file, top);
	write_script(exec, bprm);
	write_cwd(exec, &scratch->parts, SLOT_EXEC, fs, top);
	write_arguments(exec, EXEC_MAX, mm, NULL);
	write_environment(exec, EXEC_MAX, &scratch->env, SLOT_EXEC, mm, bprm->argc, bprm->envc, NULL);
	write_tty(exec, tty);
	send_record(&exec->header, MERLON_EXEC, EXEC_MAX);
	return 0;
}

MERLON_SCRATCH(fork_records, struct merlon_fork);

/* kernel_clone() fires it before the child first runs; threads are left out. */
SEC("tp_btf/sched_process_fork")
int process_fork(__u64 *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx[1];
	struct merlon_fork *record;

	if (child->pid != child->tgid)
		return 0;
	count_made(TOLD_PROCESSES);
	record = scratch_of(&fork_records);
	if (!record)
		return 0;
	record->header.time_ns = bpf_ktime_get_boot_ns();
	fill_task(&record->task, child);
	send_fixed(&record->header, MERLON_FORK, sizeof(*record));
	return 0;
}

MERLON_SCRATCH(exit_records, struct merlon_exit);

/* Which process ended last, by a slice of its pid: tells apart the two last threads that end at the same moment. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} last_exit SEC(".maps");

static __always_inline bool first_to_tell(struct task_struct *task)
{
	__u64 start = task->group_leader->start_boottime, before;
	__u32 slot = task->tgid & 1023;
	__u64 *last = bpf_map_lookup_elem(&last_exit, &slot);

	if (!last)
		return true;
	if (has_atomic_exchange())
		return __sync_lock_test_and_set(last, start) != start;
	before = *last;
	*last = start;
	return before != start;
}

/* signal->live is already counted down when do_exit() fires the tracepoint; the older one does not say whose turn it
 * is. */
static __always_inline bool process_ends(__u64 *ctx, struct task_struct *task)
{
	if (exit_tells_group_dead())
		return (bool)ctx[1];
	return task->signal->live.counter == 0 && first_to_tell(task);
}

/* As wait(2) gets it: kernel/exit.c, wait_task_zombie(). */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;

	return signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->group_leader->exit_code;
}

/* Threads that are gone, the one that ends, and a leader that ended before (it is counted when it is reaped). */
static __always_inline __u64 cpu_time(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	__u64 time = task->signal->sum_sched_runtime + task->se.sum_exec_runtime;

	return leader == task ? time : time + leader->se.sum_exec_runtime;
}

SEC("tp_btf/sched_process_exit")
int process_exit(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct merlon_exit *record;

	if (!process_ends(ctx, task))
		return 0;
	record = scratch_of(&exit_records);
	if (!record)
		return 0;
	record->header.time_ns = bpf_ktime_get_boot_ns();
	fill_task(&record->task, task);
	record->status = wait_status(task);
	record->pad = 0;
	record->run_ns = record->header.time_ns - record->task.start_ns;
	record->cpu_ns = cpu_time(task);
	record->max_rss = task->signal->maxrss * PAGE_BYTES;
	send_fixed(&record->header, MERLON_EXIT, sizeof(*record));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
