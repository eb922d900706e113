/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a program's stdin, stdout and stderr are connected to. */
#ifndef MERLON_STREAM_BPF_H
#define MERLON_STREAM_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.bpf.h"
#include "events.h"

/* Majors of terminals (Documentation/admin-guide/devices.txt): tty and ttyS, tty and console, ttyUSB, ttyACM, ttyAMA,
 * hvc, pts. */
static __always_inline bool is_tty(__u32 major)
{
	return major == 4 || major == 5 || major == 166 || major == 188 || major == 204 || major == 229 ||
	       (major >= 136 && major <= 143);
}

static __always_inline __u8 kind_of(__u32 mode, __u32 device)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return MERLON_STREAM_FILE;
	case S_IFIFO:
		return MERLON_STREAM_PIPE;
	case S_IFSOCK:
		return MERLON_STREAM_SOCKET;
	case S_IFCHR:
		if (device == (1 << 20 | 3))
			return MERLON_STREAM_NULL;
		return is_tty(MAJOR(device)) ? MERLON_STREAM_TTY : MERLON_STREAM_OTHER;
	}
	return MERLON_STREAM_OTHER;
}

static __always_inline __u8 near_stream(struct file *file)
{
	return file ? kind_of(file->f_inode->i_mode, file->f_inode->i_rdev) : MERLON_STREAM_CLOSED;
}

static __always_inline __u8 far_stream(struct file *file)
{
	struct inode *inode;

	if (!file)
		return MERLON_STREAM_CLOSED;
	inode = BPF_CORE_READ(file, f_inode);
	return kind_of(BPF_CORE_READ(inode, i_mode), BPF_CORE_READ(inode, i_rdev));
}

/*
 * The table of a process that never had more than 64 open files lies in files_struct itself, where plain loads reach
 * it; a larger one takes helper calls, since a pointer to pointers is no type to the verifier.
 */
static __always_inline void fill_streams(struct merlon_exec *exec, struct files_struct *files)
{
	struct file *file[3] = {};

	if (!files) {
		exec->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	if (files->fdt == &files->fdtab) {
		exec->stdin_kind = near_stream(files->fd_array[0]);
		exec->stdout_kind = near_stream(files->fd_array[1]);
		exec->stderr_kind = near_stream(files->fd_array[2]);
		return;
	}
	if (bpf_probe_read_kernel(file, sizeof(file), files->fdt->fd)) {
		exec->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	exec->stdin_kind = far_stream(file[0]);
	exec->stdout_kind = far_stream(file[1]);
	exec->stderr_kind = far_stream(file[2]);
}

#endif
