// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Attempts to start a program that the kernel turned down, with the error.
 *
 * No scheduler tracepoint tells of them. Where the kernel allows fexit, programs at the end of the system calls' own
 * functions do: the caller's registers and memory are as they were, 32-bit callers have functions of their own, and no
 * other system call is any slower. Elsewhere the calls' exit tracepoints stand in: they do not fire for 32-bit callers
 * (arch_trace_is_compat_syscall()), and each system call on the machine takes longer. native/ attaches one or the
 * other.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "compat.bpf.h"
#include "events.h"
#include "limit.bpf.h"
#include "output.bpf.h"
#include "path.bpf.h"
#include "scratch.bpf.h"
#include "task.bpf.h"

#define FAILED_ARGUMENTS 64 /* looked at; more are cut */

static __always_inline void write_user_path(struct merlon_exec_failed *failed, const void *path)
{
	__u32 end = record_end(&failed->header);
	long length;

	if (end > FAILED_MAX - MERLON_PATH_MAX)
		return;
	length = bpf_probe_read_user_str((char *)failed + end, MERLON_PATH_MAX, path);
	if (length < 1 || length > MERLON_PATH_MAX) {
		failed->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	if (length == MERLON_PATH_MAX)
		failed->flags |= MERLON_F_EXECUTABLE_CUT;
	add_string(&failed->header, &failed->path, end, length - 1);
}

/* What the caller handed to the kernel: pointers of `width` bytes, which `argv` lists. */
struct attempt {
	__u64 path;
	__u64 argv;
	__u32 width;
};

/* Copies arguments to the record's end, NUL between them. False where that was not all. */
static __always_inline bool copy_user_arguments(char *to, struct env_scratch *scratch, struct attempt tried)
{
	__u64 argument = 0;
	__u32 used, i;
	long length;

	scratch->used = 0;
	for (i = 0; i < FAILED_ARGUMENTS; i++) {
		used = scratch->used;
		if (used >= MERLON_ARGS_MAX - 1 ||
		    bpf_probe_read_user(&argument, tried.width, (void *)(tried.argv + i * tried.width)))
			return false;
		if (!argument)
			return true;
		length = bpf_probe_read_user_str(to + used, MERLON_ARGS_MAX - used, (void *)argument);
		if (length < 1 || length > MERLON_ARGS_MAX)
			return false;
		scratch->used = used + length;
	}
	return false;
}

/* The kernel may not have touched the arguments yet, so a page can be absent: what could be read is sent, flagged as
 * cut. */
static __always_inline void write_user_arguments(struct merlon_exec_failed *failed, struct env_scratch *scratch,
						 struct attempt tried)
{
	__u32 end = record_end(&failed->header), used;

	if (end > FAILED_MAX - MERLON_ARGS_MAX)
		return;
	if (!copy_user_arguments((char *)failed + end, scratch, tried))
		failed->flags |= MERLON_F_ARGS_CUT;
	used = scratch->used;
	if (used < 1 || used > MERLON_ARGS_MAX)
		return;
	failed->args_length = used - 1;
	add_string(&failed->header, &failed->args, end, used - 1);
}

static __always_inline void write_caller_cwd(struct merlon_exec_failed *failed, struct path_parts *parts,
					     struct task_struct *task)
{
	parts->ending = 0;
	gather_parts(parts, SLOT_FAILED, task->fs->pwd.mnt, task->fs->pwd.dentry, task->nsproxy->mnt_ns->root);
	if (parts->cut)
		failed->flags |= MERLON_F_CWD_CUT;
	write_parts(SLOT_FAILED, offsetof(struct merlon_exec_failed, cwd));
}

static __always_inline int send_failed(long error, struct attempt tried)
{
	struct task_struct *task = bpf_get_current_task_btf();
	union record *record = record_of(SLOT_FAILED);
	struct scratch *scratch = scratch_in(SLOT_FAILED);
	struct merlon_exec_failed *failed;

	if (!record || !scratch || left_out(MERLON_EXEC_FAILED))
		return 0;
	failed = &record->failed;
	__builtin_memset(failed, 0, sizeof(*failed));
	set_record_end(&failed->header, sizeof(*failed));
	failed->header.time_ns = bpf_ktime_get_boot_ns();
	fill_task(&failed->task, task);
	failed->error = -error;
	write_user_path(failed, (void *)tried.path);
	write_caller_cwd(failed, &scratch->parts, task);
	write_user_arguments(failed, &scratch->env, tried);
	send_record(&failed->header, MERLON_EXEC_FAILED, FAILED_MAX);
	return 0;
}

static __always_inline int after_execve(struct pt_regs *regs, long result)
{
	if (result >= 0)
		return 0;
	return send_failed(result, (struct attempt){PT_REGS_PARM1_SYSCALL(regs), PT_REGS_PARM2_SYSCALL(regs), 8});
}

static __always_inline int after_execveat(struct pt_regs *regs, long result)
{
	if (result >= 0)
		return 0;
	return send_failed(result, (struct attempt){PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs), 8});
}

SEC("fexit/" SYSCALL("execve"))
int BPF_PROG(fexit_exec, struct pt_regs *regs, long result)
{
	return after_execve(regs, result);
}

SEC("fexit/" SYSCALL("execveat"))
int BPF_PROG(fexit_execat, struct pt_regs *regs, long result)
{
	return after_execveat(regs, result);
}

SEC("fexit/" SYSCALL32("execve"))
int BPF_PROG(fexit_exec32, struct pt_regs *regs, long result)
{
	if (result >= 0)
		return 0;
	return send_failed(result, (struct attempt){SYSCALL32_PARM1(regs), SYSCALL32_PARM2(regs), 4});
}

SEC("fexit/" SYSCALL32("execveat"))
int BPF_PROG(fexit_execat32, struct pt_regs *regs, long result)
{
	if (result >= 0)
		return 0;
	return send_failed(result, (struct attempt){SYSCALL32_PARM2(regs), SYSCALL32_PARM3(regs), 4});
}

SEC("tracepoint/syscalls/sys_exit_execve")
int exec_failed(struct trace_event_raw_sys_exit *ctx)
{
	return after_execve((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int execveat_failed(struct trace_event_raw_sys_exit *ctx)
{
	return after_execveat((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), ctx->ret);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
