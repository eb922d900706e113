/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Arguments and environment of a program, from its own memory. Right after exec the stack holds, at mm->start_stack:
 * argc, argv[], NULL, envp[], NULL, the auxiliary vector; and the strings lie in arg_start..arg_end, env_start..env_end
 * (fs/binfmt_elf.c, create_elf_tables()). Both are read whole, in one go each; then three bytes at each variable's
 * start are looked at. A byte-wise scan of the environment would cost ten times as much.
 */
#ifndef MERLON_ARGUMENTS_BPF_H
#define MERLON_ARGUMENTS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"
#include "output.bpf.h"
#include "scratch.bpf.h"

#define ENV_UNCOUNTED (ENV_VARIABLES + 1) /* the NULL after the last one tells */
#define LD_MARK LETTERS4(0, 'L', 'D', '_')

#define LETTERS4(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define LETTERS8(a, b, c, d, e, f, g, h) ((__u64)LETTERS4(e, f, g, h) << 32 | LETTERS4(a, b, c, d))

/*
 * Notes what begins with LD_ among the variables in the slot's block; it begins at `start` in the program's memory, and
 * pointers there have `width` bytes.
 */
int note_variables(__u32 slot, __u64 start, __u32 width);

/* Reads memory of the current task, or of `other` where there is one (sleepable programs only, Linux 5.18). */
static __always_inline long read_user(void *to, __u32 size, __u64 from, struct task_struct *other)
{
	if (other)
		return bpf_copy_from_user_task(to, size, (const void *)from, other, 0);
	return bpf_probe_read_user(to, size, (const void *)from);
}

static __always_inline void write_arguments(struct merlon_exec *exec, __u32 limit, struct mm_struct *mm,
					    struct task_struct *other)
{
	__u64 start = mm->arg_start, length = mm->arg_end - start;
	__u32 end = record_end(&exec->header), take;

	if (length <= 1 || end > limit - MERLON_ARGS_MAX)
		return;
	length--; /* the last argument's NUL */
	exec->args_length = length;
	if (length > MERLON_ARGS_MAX)
		exec->flags |= MERLON_F_ARGS_CUT;
	take = length > MERLON_ARGS_MAX ? MERLON_ARGS_MAX : length;
	if (take > MERLON_ARGS_MAX) /* the verifier does not carry the 64-bit test over */
		return;
	if (read_user((char *)exec + end, take, start, other))
		exec->flags |= MERLON_F_ARGS_MISSING;
	else
		add_string(&exec->header, &exec->args, end, take);
}

/* Which LD_ variable begins with these 16 bytes: its flag, or 0. */
static __always_inline __u32 loader_variable(__u64 first, __u64 second)
{
	if (first == LETTERS8('L', 'D', '_', 'P', 'R', 'E', 'L', 'O') &&
	    (second & 0xffffff) == LETTERS4('A', 'D', '=', 0))
		return MERLON_F_LD_PRELOAD;
	if (first == LETTERS8('L', 'D', '_', 'A', 'U', 'D', 'I', 'T') && (second & 0xff) == '=')
		return MERLON_F_LD_AUDIT;
	if (first == LETTERS8('L', 'D', '_', 'L', 'I', 'B', 'R', 'A') &&
	    second == LETTERS8('R', 'Y', '_', 'P', 'A', 'T', 'H', '='))
		return MERLON_F_LD_LIBRARY_PATH;
	return 0;
}

/* Copies the noted variables that the loader heeds. */
static __always_inline void write_variables(struct merlon_exec *exec, __u32 limit, struct env_scratch *env)
{
	__u32 end = record_end(&exec->header), used, at, flag, i;
	long length;

	if (end > limit - MERLON_ENV_MAX)
		return;
	env->used = 0;
	for (i = 0; i < ENV_HITS; i++) {
		if (i >= env->hits)
			break;
		at = env->hit[i] & (ENV_BLOCK - 1);
		flag = loader_variable(*(__u64 *)(env->block + at), *(__u64 *)(env->block + at + 8));
		if (!flag)
			continue;
		exec->flags |= flag;
		used = env->used;
		if (used >= MERLON_ENV_MAX - 1)
			break;
		length = bpf_probe_read_kernel_str((char *)exec + end + used, MERLON_ENV_MAX - used, env->block + at);
		if (length <= 0 || length > MERLON_ENV_MAX)
			break;
		if (length == MERLON_ENV_MAX - used || at + length > env->take)
			exec->flags |= MERLON_F_ENV_CUT;
		env->used = used + length;
	}
	used = env->used;
	if (used && used <= MERLON_ENV_MAX)
		add_string(&exec->header, &exec->env, end, used - 1);
}

/*
 * Reads `count` pointers to variables, `width` bytes each, and checks that the first is what the kernel put there: a
 * program has 32-bit or 64-bit pointers, and one that runs may have overwritten them.
 */
static __always_inline bool read_pointers(struct env_scratch *env, struct mm_struct *mm, __u32 argc, __u32 envc,
					  __u32 width, struct task_struct *other)
{
	__u64 start = mm->env_start, from = mm->start_stack + width * ((__u64)argc + 2);
	__u64 room = (start - from) / width; /* the strings lie above the pointers */
	__u32 count = envc > ENV_VARIABLES ? ENV_VARIABLES : envc;

	if (count > room)
		count = room;
	if (!count || count > ENV_VARIABLES || read_user(env->pointer, count * width, from, other))
		return false;
	*(__u64 *)((char *)env->pointer + count * width) = envc > ENV_VARIABLES ? -1 : 0;
	return width == 8 ? env->pointer[0] == start : (__u32)env->pointer[0] == start;
}

static __always_inline void find_variables(struct env_scratch *env, __u32 slot, struct mm_struct *mm, __u32 argc,
					   __u32 envc, struct task_struct *other)
{
	env->ended = 0;
	if (read_pointers(env, mm, argc, envc, 8, other))
		note_variables(slot, mm->env_start, 8);
	else if (read_pointers(env, mm, argc, envc, 4, other))
		note_variables(slot, mm->env_start, 4);
	else
		env->cut = 1;
	if (!env->ended && envc > ENV_VARIABLES)
		env->cut = 1;
}

/* argc and envc: what the kernel put on the stack. Pages between the pointers and the strings may be absent. */
static __always_inline void write_environment(struct merlon_exec *exec, __u32 limit, struct env_scratch *env,
					      __u32 slot, struct mm_struct *mm, __u32 argc, __u32 envc,
					      struct task_struct *other)
{
	__u64 start = mm->env_start, length = mm->env_end - start;
	__u32 take = length > ENV_BLOCK ? ENV_BLOCK : length;

	if (!length)
		return;
	exec->env_length = length - 1;
	env->take = take;
	env->hits = 0;
	env->cut = 0;
	if (take > ENV_BLOCK || read_user(env->block, take, start, other)) {
		exec->flags |= MERLON_F_ENV_CUT;
		return;
	}
	__builtin_memset(env->block + take, 0, ENV_LONGEST_NAME);
	find_variables(env, slot, mm, argc, envc, other);
	if (env->cut)
		exec->flags |= MERLON_F_ENV_CUT;
	if (env->hits)
		write_variables(exec, limit, env);
}

#endif
