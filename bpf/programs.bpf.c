// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Who loads, attaches, detaches and pins BPF programs by bpf(), and whose load the kernel refused.
 *
 * At the end of the system call its result is known, and the descriptors of the caller lead to the kernel's own
 * objects: ids, types, name and tag come from there, since the caller may change meanwhile what it handed over. That is
 * believed only for what the kernel does not keep: all of a refused load (MERLON_B_ASKED), the attach type where the
 * program has none, where something was pinned, and which descriptor it was about. fexit, or the call's exit tracepoint
 * where that is refused, as in failed.bpf.c.
 *
 * Anyone can have loads refused, as many as they like: those are bounded always, and they alone are thinned, so that
 * they never hide what happened.
 *
 * Maps are left out: every loader makes several, and none does anything by itself. Not seen, for want of a bpf() call:
 * a link that ends with its last descriptor, and what goes by ioctl() on a perf event, netlink or setsockopt().
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "asked.bpf.h"
#include "compat.bpf.h"
#include "descriptor.bpf.h"
#include "events.h"
#include "limit.bpf.h"
#include "output.bpf.h"
#include "task.bpf.h"

#define CALL_MAX (sizeof(struct merlon_bpf) + MERLON_PATH_MAX)
#define MOST_REFUSED 20 /* a second on each processor */

union call_record {
	struct merlon_bpf bpf;
	char bytes[CALL_MAX + 8];
};

MERLON_SCRATCH(call_records, union call_record);

static __always_inline void fill_refused(struct merlon_bpf *bpf, const struct asked *asked, long result)
{
	bpf->error = -result;
	bpf->flags = MERLON_B_ASKED;
	bpf->program_type = asked->first;
	bpf->attach_type = asked->attach_type;
	__builtin_memcpy(bpf->name, asked->name, sizeof(bpf->name));
}

static __always_inline void write_pin(struct merlon_bpf *bpf, const struct asked *asked)
{
	const void *path = (void *)((__u64)asked->second << 32 | asked->first);
	long length = bpf_probe_read_user_str((char *)bpf + sizeof(*bpf), MERLON_PATH_MAX, path);

	if (length < 1 || length > MERLON_PATH_MAX)
		return;
	if (length == MERLON_PATH_MAX)
		bpf->flags |= MERLON_B_PATH_CUT;
	add_string(&bpf->header, &bpf->path, sizeof(*bpf), length - 1);
}

/* False where what the call was about is not there. */
static __always_inline bool fill_object(struct merlon_bpf *bpf, struct task_struct *task, const struct asked *asked,
					long result)
{
	switch (bpf->command) {
	case BPF_PROG_LOAD:
		return program_behind(bpf, task, result);
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_LINK_CREATE:
		return link_behind(bpf, task, result);
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
		return program_behind(bpf, task, asked->second);
	case BPF_OBJ_PIN:
		return program_behind(bpf, task, asked->third) || link_behind(bpf, task, asked->third);
	}
	return link_behind(bpf, task, asked->first);
}

static __always_inline bool fill_call(struct merlon_bpf *bpf, struct task_struct *task, const struct asked *asked,
				      long result)
{
	bool is_attach =
	    bpf->command == BPF_PROG_ATTACH || bpf->command == BPF_PROG_DETACH || bpf->command == BPF_LINK_CREATE;

	if (result < 0) {
		fill_refused(bpf, asked, result);
		return true;
	}
	if (!fill_object(bpf, task, asked, result))
		bpf->flags |= MERLON_B_MISSING;
	if (is_attach && !bpf->attach_type)
		bpf->attach_type = asked->third;
	if (bpf->command != BPF_OBJ_PIN)
		return true;
	write_pin(bpf, asked);
	return !(bpf->flags & MERLON_B_MISSING); /* a map */
}

/* Else a flood of refused calls would fill the ring. */
static __always_inline bool is_one_refused_too_many(long result)
{
	__u32 most = most_per_second[MERLON_BPF];

	if (result >= 0)
		return false;
	return is_over(MERLON_BPF, most && most < MOST_REFUSED ? most : MOST_REFUSED);
}

static __always_inline int after_bpf(__u32 command, const void *attr, __u64 size, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	union call_record *record;
	struct asked asked = {};

	if (!is_told(command, result))
		return 0;
	record = scratch_of(&call_records);
	if (!record || is_one_refused_too_many(result))
		return 0;
	asm volatile(""
		     : "+r"(size)); /* else the compiler may bound a copy of it, which the verifier does not follow */
	if (size > sizeof(asked))   /* the kernel takes what is not given for zero */
		size = sizeof(asked);
	bpf_probe_read_user(&asked, size, attr);
	__builtin_memset(&record->bpf, 0, sizeof(record->bpf));
	set_record_end(&record->bpf.header, sizeof(record->bpf));
	record->bpf.header.time_ns = bpf_ktime_get_boot_ns();
	fill_task(&record->bpf.task, task);
	record->bpf.command = command;
	if (fill_call(&record->bpf, task, &asked, result))
		send_record(&record->bpf.header, MERLON_BPF, CALL_MAX);
	return 0;
}

SEC("fexit/" SYSCALL("bpf"))
int BPF_PROG(fexit_bpf, struct pt_regs *regs, long result)
{
	return after_bpf(PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs),
			 (__u32)PT_REGS_PARM3_SYSCALL(regs), result);
}

SEC("fexit/" SYSCALL32_SAME("bpf"))
int BPF_PROG(fexit_bpf32, struct pt_regs *regs, long result)
{
	return after_bpf(SYSCALL32_PARM1(regs), (void *)(__u64)SYSCALL32_PARM2(regs), SYSCALL32_PARM3(regs), result);
}

SEC("tracepoint/syscalls/sys_exit_bpf")
int bpf_called(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return after_bpf(PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs),
			 (__u32)PT_REGS_PARM3_SYSCALL(regs), ctx->ret);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
