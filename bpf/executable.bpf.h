/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The file that runs: its identity, its path and what is special about it. Shared by exec and snapshot. */
#ifndef MERLON_EXECUTABLE_BPF_H
#define MERLON_EXECUTABLE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "compat.bpf.h"
#include "events.h"
#include "output.bpf.h"
#include "path.bpf.h"
#include "scratch.bpf.h"
#include "arguments.bpf.h"
#include "stream.bpf.h"
#include "task.bpf.h"

/* user_namespaces(7): the user that is root in this namespace. A map of more than five extents lies elsewhere: no
 * answer. */
static __always_inline __u32 namespace_root(struct user_namespace *ns)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < 5; i++)
		if (ns->uid_map.extent[i].first == 0 && ns->uid_map.extent[i].count)
			return ns->uid_map.extent[i].lower_first;
	return (__u32)-1;
}

/*
 * capabilities(7), "Transformation of capabilities during execve()": for a user who is not root, what is permitted
 * after exec is the ambient set plus what the file grants. So anything beyond ambient came from the file.
 */
static __always_inline bool has_file_capabilities(const struct cred *cred)
{
	__u32 root;

	if (!(CAPABILITIES(cred, cap_permitted) & ~CAPABILITIES(cred, cap_ambient)))
		return false;
	if (cred->uid.val == 0 || cred->euid.val == 0)
		return false;
	if (cred->user_ns->uid_map.nr_extents > 5)
		return false;
	root = namespace_root(cred->user_ns);
	return cred->uid.val != root && cred->euid.val != root;
}

/* mm/memfd.c: a memfd's file has no place in any mount namespace and is named memfd:NAME. */
static __always_inline bool is_memfd(struct file *file)
{
	char name[8] = {};

	if (!(file->f_path.mnt->mnt_flags & MNT_INTERNAL))
		return false;
	bpf_probe_read_kernel(name, 6, file->f_path.dentry->d_name.name);
	return *(__u64 *)name == LETTERS8('m', 'e', 'm', 'f', 'd', ':', 0, 0);
}

static __always_inline __u32 file_flags(struct file *file, __u32 mode)
{
	struct dentry *dentry = file->f_path.dentry;
	__u32 flags = 0;

	if (file->f_inode->i_nlink == 0 || (!dentry->d_hash.pprev && dentry->d_parent != dentry))
		flags |= MERLON_F_DELETED;
	if (mode & S_ISUID)
		flags |= MERLON_F_SETUID;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		flags |= MERLON_F_SETGID;
	if (is_memfd(file))
		flags |= MERLON_F_MEMFD;
	return flags;
}

static __always_inline void write_executable(struct merlon_exec *exec, struct path_parts *parts, __u32 slot,
					     struct file *file, struct mount *top)
{
	struct inode *inode = file->f_inode;

	exec->inode = inode->i_ino;
	exec->dev = inode->i_sb->s_dev;
	exec->generation = inode->i_generation;
	exec->mode = inode->i_mode;
	exec->flags |= file_flags(file, exec->mode);
	parts->ending = 0;
	gather_parts(parts, slot, file->f_path.mnt, file->f_path.dentry, top);
	if (parts->cut)
		exec->flags |= MERLON_F_EXECUTABLE_CUT;
	write_parts(slot, offsetof(struct merlon_exec, executable));
}

static __always_inline void write_cwd(struct merlon_exec *exec, struct path_parts *parts, __u32 slot,
				      struct fs_struct *fs, struct mount *top)
{
	if (!fs) {
		exec->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	gather_parts(parts, slot, fs->pwd.mnt, fs->pwd.dentry, top);
	if (parts->cut)
		exec->flags |= MERLON_F_CWD_CUT;
	write_parts(slot, offsetof(struct merlon_exec, cwd));
}

static __always_inline void write_tty(struct merlon_exec *exec, struct tty_struct *tty)
{
	if (tty)
		write_string(&exec->header, EXEC_MAX, &exec->tty, MERLON_TTY_MAX, tty->name);
}

/* Starts a record: everything zero, the time, the end of the fixed part. */
static __always_inline void begin_exec(struct merlon_exec *exec)
{
	__builtin_memset(exec, 0, sizeof(*exec));
	exec->header.time_ns = bpf_ktime_get_boot_ns();
	set_record_end(&exec->header, sizeof(*exec));
}

#endif
