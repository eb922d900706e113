/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Where kernels differ, and the commit that made the difference. libbpf resolves each test when it loads, so the
 * verifier never sees the branch that does not apply.
 */
#ifndef MERLON_COMPAT_BPF_H
#define MERLON_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* linux/kdev_t.h, linux/stat.h, linux/sched.h, linux/sched/signal.h, linux/mount.h: macros, which BTF does not have. */
#define MAJOR(dev) ((dev) >> 20)
#define MINOR(dev) ((dev) & ((1u << 20) - 1))
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 00010
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004
#define MNT_INTERNAL 0x4000
#define PAGE_BYTES 4096 /* x86_64 has no other */

/*
 * The kernel's own function of a system call, for 64-bit and for 32-bit callers, and where a 32-bit caller's parameters
 * are (arch/x86/include/asm/syscall_wrapper.h).
 */
#define SYSCALL(name) "__x64_sys_" name
#define SYSCALL32(name) "__ia32_compat_sys_" name
#define SYSCALL32_SAME(name) "__ia32_sys_" name /* no layout differs: there is no compat function */
#define SYSCALL32_PARM1(regs) ((__u32)(regs)->bx)
#define SYSCALL32_PARM2(regs) ((__u32)(regs)->cx)
#define SYSCALL32_PARM3(regs) ((__u32)(regs)->dx)

/* "capability: just use a 'u64' instead of a 'u32[2]' array", f122a08b197d, Linux 6.3 */
struct kernel_cap_struct___u32_pair {
	__u32 cap[2];
} __attribute__((preserve_access_index));

struct cred___u32_pair {
	struct kernel_cap_struct___u32_pair cap_permitted;
	struct kernel_cap_struct___u32_pair cap_effective;
	struct kernel_cap_struct___u32_pair cap_ambient;
} __attribute__((preserve_access_index));

#define CAPABILITIES(cred, set)                                                                                        \
	(bpf_core_field_exists(((struct cred___u32_pair *)0)->set.cap)                                                 \
	     ? (((const struct cred___u32_pair *)(cred))->set.cap[0] |                                                 \
		(__u64)((const struct cred___u32_pair *)(cred))->set.cap[1] << 32)                                     \
	     : (cred)->set.val)

/* "dcache: back inline names with a struct-wrapped array of unsigned long", 58cf9c383c5c, Linux 6.14 */
struct dentry___iname {
	unsigned char d_iname[32];
} __attribute__((preserve_access_index));

/* Where a dentry keeps a short name: at least 32 bytes, as words. */
static __always_inline const __u64 *inline_name(struct dentry *dentry)
{
	if (bpf_core_field_exists(dentry->d_shortname))
		return (const __u64 *)&dentry->d_shortname;
	return (const __u64 *)&((struct dentry___iname *)dentry)->d_iname;
}

/*
 * "exit: move and extend sched_process_exit() tracepoint", Linux 6.16, hands the tracepoint `bool group_dead`: told by
 * the number of its arguments, since every kernel has this typedef. For a type that a kernel lacks altogether, libbpf
 * goes on to search the modules, which needs CAP_SYS_ADMIN: such a question fails the load in the helper.
 */
typedef void (*btf_trace_sched_process_exit___group_dead)(void *data, struct task_struct *task, bool group_dead);

static __always_inline bool exit_tells_group_dead(void)
{
	return bpf_core_type_exists(btf_trace_sched_process_exit___group_dead);
}

/* Atomic exchange in BPF: "bpf: Add instructions for atomic_[cmp]xchg", 5ffa25502b5a, Linux 5.12; this
 * enumerator: 5.13. */
static __always_inline bool has_atomic_exchange(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_for_each_map_elem);
}

/* Kernels built without auditing have neither. */
static __always_inline __u32 loginuid_of(struct task_struct *task)
{
	return bpf_core_field_exists(task->loginuid) ? task->loginuid.val : (__u32)-1;
}

static __always_inline __u32 audit_session_of(struct task_struct *task)
{
	return bpf_core_field_exists(task->sessionid) ? task->sessionid : (__u32)-1;
}

#endif
