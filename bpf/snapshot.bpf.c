// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What already ran before the sensor started, as the same records: a task iterator, read by user space once after the
 * other programs are attached, so that nothing falls between. Records go to the iterator's own file, where nothing is
 * lost; their header's sequence number is 0.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "compat.bpf.h"
#include "events.h"
#include "executable.bpf.h"
#include "output.bpf.h"
#include "task.bpf.h"

static __always_inline void write_memory(struct merlon_exec *exec, struct env_scratch *env, struct mm_struct *mm,
					 struct task_struct *task)
{
	__u32 argc = 0;

	write_arguments(exec, EXEC_MAX, mm, task);
	if (read_user(&argc, sizeof(argc), mm->start_stack, task))
		exec->flags |= MERLON_F_ENV_CUT;
	else
		write_environment(exec, EXEC_MAX, env, SLOT_RUNNING, mm, argc, ENV_UNCOUNTED, task);
}

static __always_inline void write_program(struct merlon_exec *exec, struct scratch *scratch, struct task_struct *task,
					  bool memory)
{
	struct mount *top = task->nsproxy->mnt_ns->root;
	struct mm_struct *mm = task->mm;

	if (!mm || !mm->exe_file) {
		exec->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	if (has_file_capabilities(task->real_cred))
		exec->flags |= MERLON_F_FILE_CAPS;
	fill_streams(exec, task->files);
	write_executable(exec, &scratch->parts, SLOT_RUNNING, mm->exe_file, top);
	write_cwd(exec, &scratch->parts, SLOT_RUNNING, task->fs, top);
	if (memory)
		write_memory(exec, &scratch->env, mm, task);
	else
		exec->flags |= MERLON_F_ARGS_MISSING | MERLON_F_ENV_CUT;
	write_tty(exec, task->signal->tty);
}

static __always_inline int write_running(struct bpf_iter__task *ctx, bool memory)
{
	struct task_struct *task = ctx->task;
	union record *record = record_of(SLOT_RUNNING);
	struct scratch *scratch = scratch_in(SLOT_RUNNING);

	if (!task || !record || !scratch)
		return 0;
	if (task->pid != task->tgid || task->signal->live.counter == 0)
		return 0;
	begin_exec(&record->exec);
	fill_task(&record->exec.task, task);
	/* A kernel thread has no executable, memory or files of its own: its name alone is told. */
	if (!(task->flags & PF_KTHREAD))
		write_program(&record->exec, scratch, task, memory);
	bpf_seq_write(ctx->meta->seq, record, close_record(&record->exec.header, MERLON_RUNNING, EXEC_MAX));
	return 0;
}

SEC("iter.s/task")
int snapshot(struct bpf_iter__task *ctx)
{
	return write_running(ctx, true);
}

/* Before Linux 5.18, where the memory of another task is out of reach: user space reads /proc. */
SEC("iter/task")
int snapshot_plain(struct bpf_iter__task *ctx)
{
	return write_running(ctx, false);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
