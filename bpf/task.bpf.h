/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who: fills merlon_task from a task_struct. Reads through BTF pointers, which the JIT turns into plain loads; a helper
 * call (some 50 instructions) is left for what they cannot reach.
 */
#ifndef MERLON_TASK_BPF_H
#define MERLON_TASK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.bpf.h"
#include "events.h"

/*
 * The cgroup that names the process's unit or container. On a hybrid host the v2 hierarchy may hold everything in its
 * root; the pids controller's v1 hierarchy is then the one that service managers and container runtimes sort into.
 */
static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	struct cgroup *group = set->dfl_cgrp;

	if (group->level == 0 && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		struct cgroup_subsys_state *pids =
		    set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)];

		if (pids && pids->cgroup->level > 0)
			group = pids->cgroup;
	}
	return group->kn->id;
}

static __always_inline void fill_pid_namespace(struct merlon_task *to, struct pid *pid)
{
	__u32 level = pid->level;
	struct upid upid = {};

	if (level == 0) {
		to->vpid = to->pid;
		to->pid_ns = pid->numbers[0].ns->ns.inum;
		return;
	}
	bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
	to->vpid = upid.nr;
	to->pid_ns = BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline void fill_credentials(struct merlon_task *to, const struct cred *cred)
{
	to->uid = cred->uid.val;
	to->gid = cred->gid.val;
	to->euid = cred->euid.val;
	to->egid = cred->egid.val;
	to->user_ns = cred->user_ns->ns.inum;
	to->cap_effective = CAPABILITIES(cred, cap_effective);
}

static __always_inline void fill_tty(struct merlon_task *to, struct tty_struct *tty)
{
	if (!tty) {
		to->tty_major = 0;
		to->tty_minor = 0;
		return;
	}
	to->tty_major = tty->driver->major;
	to->tty_minor = tty->driver->minor_start + tty->index;
}

/* Writes every byte of `to`. */
static __always_inline void fill_task(struct merlon_task *to, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *parent = task->real_parent;
	struct nsproxy *nsproxy = task->nsproxy;

	to->pid = task->tgid;
	to->tid = task->pid;
	to->ppid = parent->tgid;
	to->start_ns = task->group_leader->start_boottime;
	to->parent_start_ns = parent->group_leader->start_boottime;
	to->loginuid = loginuid_of(task);
	to->audit_session = audit_session_of(task);
	to->sid = signal->pids[PIDTYPE_SID]->numbers[0].nr;
	to->mnt_ns = nsproxy->mnt_ns->ns.inum;
	to->net_ns = nsproxy->net_ns->ns.inum;
	to->pad = 0;
	to->cgroup_id = cgroup_id_of(task);
	fill_pid_namespace(to, signal->pids[PIDTYPE_TGID]);
	fill_credentials(to, task->real_cred);
	fill_tty(to, signal->tty);
	((__u64 *)to->comm)[0] = ((__u64 *)task->comm)[0];
	((__u64 *)to->comm)[1] = ((__u64 *)task->comm)[1];
}

#endif
